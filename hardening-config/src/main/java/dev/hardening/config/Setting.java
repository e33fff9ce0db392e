package dev.hardening.config;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The declaration of one value that a service needs: its name, its type and its rules. Required unless it says
 * otherwise. Immutable: each refinement returns a new setting. Safe for use by several threads, as long as a condition
 * handed to {@link #requiredWhen} is.
 *
 * @param <T> the type of the value
 */
public final class Setting<T> {

    private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_.-]*");
    private static final Pattern SCHEME = Pattern.compile("[a-z][a-z0-9+.-]*"); // RFC 3986, section 3.1
    private static final char REPLACEMENT_CHARACTER = '\ufffd';

    private record Rules(
            boolean required,
            @Nullable Predicate<SecretSource> condition,
            String description,
            int minLength,
            boolean noPlaceholder,
            @Nullable String example) {}

    private final String name;
    private final Class<T> type;
    private final List<String> schemes;
    private final Rules rules;

    private Setting(String name, Class<T> type, List<String> schemes, Rules rules) {
        this.name = name;
        this.type = type;
        this.schemes = schemes;
        this.rules = rules;
    }

    private static <T> Setting<T> of(String name, Class<T> type, List<String> schemes) {
        if (!NAME.matcher(Objects.requireNonNull(name, "name")).matches()) {
            throw new IllegalArgumentException(
                    "a setting's name starts with a letter or _ and has letters, digits, _, . and - only");
        }
        return new Setting<>(name, type, schemes, new Rules(true, null, "", 0, false, null));
    }

    /**
     * A value that must never show.
     *
     * @param name the name of the environment variable: letters, digits, {@code _}, {@code .} and {@code -}
     * @throws IllegalArgumentException if the name is none
     */
    public static Setting<Secret> secret(String name) {
        return of(name, Secret.class, List.of());
    }

    /**
     * A text that may show once it is read; while it is validated it is treated like a secret.
     *
     * @param name as for {@link #secret}
     * @throws IllegalArgumentException if the name is none
     */
    public static Setting<String> text(String name) {
        return of(name, String.class, List.of());
    }

    /**
     * An absolute URL with a host, as {@link URI} parses it: the host is a name of letters, digits, {@code -} and
     * {@code .}, or an IP address.
     *
     * @param name as for {@link #secret}
     * @param schemes the allowed schemes, such as {@code https}; none for any
     * @throws IllegalArgumentException if the name or a scheme is none
     */
    public static Setting<URI> uri(String name, String... schemes) {
        List<String> allowed = Arrays.stream(schemes)
                .map(scheme -> scheme.toLowerCase(Locale.ROOT))
                .toList();
        if (!allowed.stream().allMatch(scheme -> SCHEME.matcher(scheme).matches())) {
            throw new IllegalArgumentException(name + ": a scheme is a name such as https, without ://");
        }
        return of(name, URI.class, allowed);
    }

    /** The same setting, which may be absent. */
    public Setting<T> optional() {
        return with(new Rules(false, null, rules.description, rules.minLength, rules.noPlaceholder, rules.example));
    }

    /**
     * The same setting, required only when a condition holds, such as another setting's value that says "production".
     *
     * @param condition it is handed the source that is validated, and asked only where the setting has no value; if it
     *     throws, the setting is invalid
     */
    public Setting<T> requiredWhen(Predicate<SecretSource> condition) {
        Objects.requireNonNull(condition, "condition");
        return with(new Rules(true, condition, rules.description, rules.minLength, rules.noPlaceholder, rules.example));
    }

    /** The same setting with a text that says what it is for; it goes to the example file and the table. */
    public Setting<T> describedAs(String text) {
        Objects.requireNonNull(text, "text");
        return with(
                new Rules(rules.required, rules.condition, text, rules.minLength, rules.noPlaceholder, rules.example));
    }

    /**
     * The same setting, whose value has at least so many characters (Unicode code points).
     *
     * @throws IllegalArgumentException if it is not positive
     */
    public Setting<T> minLength(int characters) {
        if (characters < 1) {
            throw new IllegalArgumentException(name + ": the least length is 1 character");
        }
        return with(new Rules(
                rules.required, rules.condition, rules.description, characters, rules.noPlaceholder, rules.example));
    }

    /** The same setting, whose value may not be one that somebody forgot to fill in, such as {@code changeme}. */
    public Setting<T> noPlaceholder() {
        return with(
                new Rules(rules.required, rules.condition, rules.description, rules.minLength, true, rules.example));
    }

    /**
     * The same setting with an example for its readers. The example itself is refused as a value.
     *
     * @throws IllegalArgumentException if it is blank
     */
    public Setting<T> example(String text) {
        if (Blank.isBlank(text)) {
            throw new IllegalArgumentException(name + ": an example is not blank");
        }
        return with(new Rules(
                rules.required, rules.condition, rules.description, rules.minLength, rules.noPlaceholder, text));
    }

    private Setting<T> with(Rules other) {
        return new Setting<>(name, type, schemes, other);
    }

    /** The name of the environment variable. */
    public String name() {
        return name;
    }

    Class<T> type() {
        return type;
    }

    String typeName() {
        return type == Secret.class ? "secret" : type == URI.class ? "uri" : "text";
    }

    List<String> schemes() {
        return schemes;
    }

    String description() {
        return rules.description;
    }

    boolean isRequired() {
        return rules.required;
    }

    Optional<Predicate<SecretSource>> condition() {
        return Optional.ofNullable(rules.condition);
    }

    int minLength() {
        return rules.minLength;
    }

    boolean refusesPlaceholders() {
        return rules.noPlaceholder;
    }

    Optional<String> example() {
        return Optional.ofNullable(rules.example);
    }

    /** What is wrong with a value that is not blank, without showing it; empty if nothing is. */
    Optional<String> complaint(String value) {
        if (value.equals(rules.example)) {
            return Optional.of("is the example from its documentation");
        }
        if (value.indexOf(REPLACEMENT_CHARACTER) >= 0) {
            // The JDK decodes the environment in the process's locale, and puts this where it cannot.
            return Optional.of("has characters that were lost in decoding: run with a UTF-8 locale, such as C.UTF-8");
        }
        if (rules.noPlaceholder && Placeholder.matches(value)) {
            return Optional.of("is a placeholder");
        }
        if (value.codePointCount(0, value.length()) < rules.minLength) {
            return Optional.of("is shorter than " + rules.minLength + " characters");
        }
        return type == URI.class ? uriComplaint(value) : Optional.empty();
    }

    private Optional<String> uriComplaint(String value) {
        String rule = schemes.isEmpty()
                ? "must be a URL"
                : schemes.stream()
                        .map(scheme -> scheme + "://")
                        .collect(Collectors.joining(" or ", "must be a URL that starts with ", ""));
        Optional<URI> uri = parse(value).filter(this::hasAllowedScheme);
        if (uri.isPresent() && uri.get().getHost() != null) {
            return Optional.empty();
        }
        if (uri.isPresent() && uri.get().getRawAuthority() != null) {
            return Optional.of(rule + ", with a host of letters, digits, - and . only");
        }
        boolean isSpaced = parse(value.strip()).filter(this::hasAllowedScheme).isPresent() && uri.isEmpty();
        return Optional.of(isSpaced ? rule + ", with no white space around it" : rule);
    }

    private boolean hasAllowedScheme(URI uri) {
        String scheme = uri.getScheme();
        return scheme != null && (schemes.isEmpty() || schemes.contains(scheme.toLowerCase(Locale.ROOT)));
    }

    /** The typed value of a text that {@link #complaint} has nothing against. */
    T convert(String value) {
        if (type == URI.class) {
            return type.cast(parse(value).orElseThrow());
        }
        return type.cast(type == Secret.class ? Secret.of(value) : value);
    }

    /** The parser's exception holds the value, so it ends here. */
    private static Optional<URI> parse(String value) {
        try {
            return Optional.of(new URI(value));
        } catch (URISyntaxException notShown) {
            return Optional.empty();
        }
    }

    /** Prints the name and the type. */
    @Override
    public String toString() {
        return "Setting[" + name + ", " + typeName() + "]";
    }
}
