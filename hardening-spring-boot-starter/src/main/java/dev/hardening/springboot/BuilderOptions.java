package dev.hardening.springboot;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The options of a library's builder that come from properties. If the builder refuses them, it says so in its own words.
 * The property to correct is then found by leaving out one at a time: it is the one without which the others are accepted.
 */
final class BuilderOptions<B> {

    private final String prefix;
    private final Supplier<B> builders;
    private final Consumer<B> trial;
    private final Map<String, Consumer<B>> options = new LinkedHashMap<>();

    /**
     * Options without any yet.
     *
     * @param prefix what the properties begin with
     * @param builders makes a builder with the library's defaults
     * @param trial builds, and leaves nothing behind; it throws {@code IllegalArgumentException} if options do not fit
     */
    BuilderOptions(String prefix, Supplier<B> builders, Consumer<B> trial) {
        this.prefix = prefix;
        this.builders = builders;
        this.trial = trial;
    }

    /** Adds the option of a property, whose name is without the prefix. */
    BuilderOptions<B> add(String property, Consumer<B> option) {
        options.put(property, option);
        return this;
    }

    /** A builder with all of them. */
    B builder() {
        return builderWithout("");
    }

    /** Whether the library accepts them, together with one more. */
    boolean fitWith(Consumer<B> oneMore) {
        return fits(() -> {
            B builder = builder();
            oneMore.accept(builder);
            return builder;
        });
    }

    /**
     * The property to correct after a refusal: the prefix alone if the properties are accepted, because then a customizer
     * bean has changed an option. Empty if it is none of them, or several.
     */
    Optional<String> misfit() {
        if (fits(this::builder)) {
            return Optional.of(prefix);
        }
        return options.keySet().stream()
                .filter(property -> fits(() -> builderWithout(property)))
                .findFirst()
                .map(property -> prefix + "." + property);
    }

    private B builderWithout(String omitted) {
        B builder = builders.get();
        options.forEach((property, option) -> {
            if (!property.equals(omitted)) {
                option.accept(builder);
            }
        });
        return builder;
    }

    private boolean fits(Supplier<B> builder) {
        try {
            trial.accept(builder.get());
            return true;
        } catch (IllegalArgumentException refused) {
            return false;
        }
    }
}
