package dev.hardening.springboot;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The options of a library's builder that come from properties. If the builder refuses them, it says so in its own words.
 * The properties to correct are then found by leaving some out: they are the fewest without which the others are accepted.
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
        return builderWithout(Set.of());
    }

    /** Whether the library accepts them, together with one more. */
    boolean fitWith(Consumer<B> oneMore) {
        return refusal(() -> {
                    B builder = builder();
                    oneMore.accept(builder);
                    return builder;
                })
                .isEmpty();
    }

    /**
     * The properties to correct after a refusal, each with the reason: the prefix alone if the properties are accepted,
     * because then a customizer bean has changed an option. Empty if it is none of them.
     */
    Map<String, String> misfits(IllegalArgumentException refusal) {
        if (refusal(Set.of()).isEmpty()) {
            return Map.of(prefix, String.valueOf(refusal.getMessage()));
        }
        Map<String, String> reasons = new LinkedHashMap<>();
        for (Set<String> omitted : selections()) {
            if (refusal(omitted).isEmpty()) {
                for (String property : omitted) {
                    Set<String> others = new LinkedHashSet<>(omitted);
                    others.remove(property);
                    refusal(others).ifPresent(reason -> reasons.put(prefix + "." + property, reason));
                }
                break;
            }
        }
        return reasons;
    }

    /** All sets of properties that could be left out, those with the fewest properties first. */
    private List<Set<String>> selections() {
        List<Set<String>> selections = new ArrayList<>(List.of(Set.of()));
        for (String property : options.keySet()) {
            for (Set<String> selection : List.copyOf(selections)) {
                Set<String> larger = new LinkedHashSet<>(selection);
                larger.add(property);
                selections.add(larger);
            }
        }
        selections.sort(Comparator.comparingInt(Set::size));
        return selections;
    }

    private B builderWithout(Set<String> omitted) {
        B builder = builders.get();
        options.forEach((property, option) -> {
            if (!omitted.contains(property)) {
                option.accept(builder);
            }
        });
        return builder;
    }

    private Optional<String> refusal(Set<String> omitted) {
        return refusal(() -> builderWithout(omitted));
    }

    private Optional<String> refusal(Supplier<B> builder) {
        try {
            trial.accept(builder.get());
            return Optional.empty();
        } catch (IllegalArgumentException refused) {
            return Optional.of(String.valueOf(refused.getMessage()));
        }
    }
}
