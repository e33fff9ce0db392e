package dev.hardening.config;

import dev.hardening.config.ValueType.RefusedException;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The declaration of one value that a service needs: its name, its type and its rules. Required unless it says
 * otherwise. Immutable: each refinement returns a new setting. Safe for use by several threads, as long as a condition
 * handed to {@link #requiredWhen} and a parser handed to {@link #parsed} are.
 *
 * @param <T> the type of the value
 */
public final class Setting<T> {

    /** What Kubernetes allows as the path of an entry in a volume: nothing that leads out of a directory. */
    private static final String SEGMENT = "(?!\\.\\.)[.-]*[A-Za-z0-9_][A-Za-z0-9_.-]*";

    private static final Pattern NAME = Pattern.compile(SEGMENT + "(/" + SEGMENT + ")*+");
    private static final Pattern SPACES = Pattern.compile("\\s+");
    private static final char REPLACEMENT_CHARACTER = '\ufffd';

    private static final ValueType<Secret> SECRET = new ValueType<>("secret", "secret", true, Secret::new);
    private static final ValueType<String> TEXT = new ValueType<>("text", "text", false, (text, secrets) -> text);

    /** The types as a declaration file names them. To add a type, add a row here and a method below. */
    private static final Map<String, Function<List<String>, ValueType<?>>> TYPES = new LinkedHashMap<>();

    static {
        TYPES.put("secret", arguments -> withoutArguments(SECRET, arguments));
        TYPES.put("text", arguments -> withoutArguments(TEXT, arguments));
        TYPES.put("uri", schemes -> uriType(UrlParser.of(schemes)));
        TYPES.put("parsed", expectation -> parsedType(String.join(" ", expectation), text -> text));
    }

    /** The rules so far. They do not change once the setting is made. */
    private static final class Rules {

        private boolean required = true;
        private @Nullable Predicate<SecretSource> condition;
        private String description = "";
        private int minLength;
        private boolean noPlaceholder;
        private boolean verbatim;
        private List<String> examples = List.of();

        private Rules() {}

        private Rules(Rules other) {
            required = other.required;
            condition = other.condition;
            description = other.description;
            minLength = other.minLength;
            noPlaceholder = other.noPlaceholder;
            verbatim = other.verbatim;
            examples = other.examples;
        }
    }

    private final String name;
    private final ValueType<T> type;
    private final Rules rules;

    private Setting(String name, ValueType<T> type, Rules rules) {
        this.name = name;
        this.type = type;
        this.rules = rules;
    }

    static <T> Setting<T> of(String name, ValueType<T> type) {
        if (!isName(name)) {
            throw new IllegalArgumentException(
                    "a setting's name has letters, digits, _, . and - only, and / between the"
                            + " parts of a path; no part begins with ..");
        }
        return new Setting<>(name, type, new Rules());
    }

    /** Whether a text can be a name. No name leads out of a directory. */
    static boolean isName(String text) {
        return NAME.matcher(Objects.requireNonNull(text, "name")).matches();
    }

    /**
     * Declares a value that must never show. One that looks like a slip, such as quotes around it or a reference that
     * was not resolved, is refused; see {@link #verbatim}.
     *
     * @param name the name of the environment variable, or of the file in a directory of secrets: letters, digits,
     *     {@code _}, {@code .} and {@code -}, and {@code /} for a file in a nested directory
     * @return a required setting
     * @throws IllegalArgumentException if the name is not valid
     */
    public static Setting<Secret> secret(String name) {
        return of(name, SECRET);
    }

    /**
     * Declares a text that may show once it is read. While it is validated it is treated like a secret. Quotes and
     * white space around it belong to it: what {@link #secret} refuses as a slip is accepted.
     *
     * @param name as for {@link #secret}
     * @return a required setting
     * @throws IllegalArgumentException if the name is not valid
     */
    public static Setting<String> text(String name) {
        return of(name, TEXT);
    }

    /**
     * Declares an absolute URL with one host, as {@link URI} parses it: the host is a name of letters, digits, {@code
     * -} and {@code .}, or an IP address. A slip is refused, as for {@link #secret}. Declare a JDBC URL, or a URL of
     * several hosts, as a secret.
     *
     * @param name as for {@link #secret}
     * @param schemes the allowed schemes, such as {@code https}; none for any
     * @return a required setting
     * @throws IllegalArgumentException if the name or a scheme is not valid
     */
    public static Setting<URI> uri(String name, String... schemes) {
        return of(name, uriType(UrlParser.of(List.of(schemes))));
    }

    private static ValueType<URI> uriType(UrlParser parser) {
        return new ValueType<>("uri", parser.declaration(), true, parser);
    }

    /**
     * Declares a value of any other type, such as a port, a duration or an enum.
     *
     * <pre>{@code Setting.parsed("PORT", "a port from 1 to 65535", text -> Port.parse(text))}</pre>
     *
     * <p>Two settings of one name are of the same type if they were made with the same parser object: keep the setting
     * in a constant.
     *
     * @param <T> the type of the value
     * @param name as for {@link #secret}
     * @param expectation what the value has to be, in words that follow "must be"
     * @param parser makes the value from the text as it was found; if it throws or returns null, the text is refused:
     *     the reason is {@code must be} and the expectation, and nothing of what was thrown is shown
     * @return a required setting
     * @throws IllegalArgumentException if the name is not valid, or the expectation is blank
     */
    public static <T> Setting<T> parsed(String name, String expectation, Function<String, T> parser) {
        return of(name, parsedType(expectation, Objects.requireNonNull(parser, "parser")));
    }

    private static <T> ValueType<T> parsedType(String expectation, Function<String, T> parser) {
        if (Blank.isBlank(expectation)) {
            throw new IllegalArgumentException("parsed has to say what the value must be");
        }
        String expected = OneLine.of(SPACES.matcher(expectation.strip()).replaceAll(" "));
        return new ValueType<>(parser, "parsed " + expected, false, (text, secrets) -> {
            try {
                return Objects.requireNonNull(parser.apply(text));
            } catch (Throwable notShown) {
                throw new RefusedException("must be " + expected); // what was thrown may hold the text
            }
        });
    }

    private static <T> ValueType<T> withoutArguments(ValueType<T> type, List<String> arguments) {
        if (!arguments.isEmpty()) {
            throw new IllegalArgumentException("this rule stands alone");
        }
        return type;
    }

    /**
     * How a declaration file makes a setting of a name.
     *
     * @return empty if there is no such type
     * @throws IllegalArgumentException if the arguments do not fit the type
     */
    static Optional<Function<String, Setting<?>>> declared(String type, List<String> arguments) {
        return Optional.ofNullable(TYPES.get(type))
                .map(row -> row.apply(arguments))
                .map(valueType -> name -> of(name, valueType));
    }

    static Set<String> typeNames() {
        return TYPES.keySet();
    }

    private Setting<T> with(Consumer<Rules> change) {
        Rules changed = new Rules(rules);
        change.accept(changed);
        return new Setting<>(name, type, changed);
    }

    /**
     * Allows the value to be absent. By default it is required.
     *
     * @return a setting with that rule
     */
    public Setting<T> optional() {
        return with(changed -> {
            changed.required = false;
            changed.condition = null;
        });
    }

    /**
     * Requires the value only when a condition holds, such as another setting's value that says "production".
     *
     * @param condition it is handed the source that is validated, and asked only where the setting has no value; if it
     *     throws, the setting is invalid
     * @return a setting with that rule
     */
    public Setting<T> requiredWhen(Predicate<SecretSource> condition) {
        Objects.requireNonNull(condition, "condition");
        return with(changed -> {
            changed.required = true;
            changed.condition = condition;
        });
    }

    /**
     * Says what the value is for. The text goes to the example file and the table.
     *
     * @param text the description; by default there is none
     * @return a setting with that description
     */
    public Setting<T> describedAs(String text) {
        Objects.requireNonNull(text, "text");
        return with(changed -> changed.description = text);
    }

    /**
     * Requires a least length.
     *
     * @param characters the least number of Unicode code points, at least 1; by default there is no least length
     * @return a setting with that rule
     * @throws IllegalArgumentException if it is not positive
     */
    public Setting<T> minLength(int characters) {
        if (characters < 1) {
            throw new IllegalArgumentException(name + ": the least length is 1 character");
        }
        return with(changed -> changed.minLength = characters);
    }

    /**
     * Refuses a value that was never filled in, such as {@code changeme}. By default such a value is accepted.
     *
     * @return a setting with that rule
     */
    public Setting<T> noPlaceholder() {
        return with(changed -> changed.noPlaceholder = true);
    }

    /**
     * Accepts the value as it is: also with quotes or white space around it, or where it looks like
     * a reference that was not resolved, such as <code>${X}</code>.
     *
     * @return a setting with that rule
     */
    public Setting<T> verbatim() {
        return with(changed -> changed.verbatim = true);
    }

    /** {@return whether the value is accepted as it is} See {@link #verbatim}. */
    public boolean isVerbatim() {
        return rules.verbatim;
    }

    /**
     * Adds an example for readers; each call adds one. An example itself is refused as a value.
     *
     * @param text the example; not blank
     * @return a setting with that example
     * @throws IllegalArgumentException if it is blank
     */
    public Setting<T> example(String text) {
        if (Blank.isBlank(text)) {
            throw new IllegalArgumentException(name + ": an example is not blank");
        }
        return with(changed -> changed.examples = Stream.concat(rules.examples.stream(), Stream.of(text))
                .distinct()
                .toList());
    }

    /**
     * This setting with the rules of another setting of the same name and type as well. A value has to pass both.
     *
     * @throws IllegalArgumentException if both are URLs and have no scheme in common
     */
    Setting<T> and(Setting<?> other) {
        Rules more = other.rules;
        Setting<T> both = with(changed -> {
            changed.required |= more.required;
            changed.condition = rules.required && more.required
                    ? either(rules.condition, more.condition)
                    : rules.required ? rules.condition : more.condition;
            changed.description = Stream.of(rules.description, more.description)
                    .filter(text -> !text.isEmpty())
                    .distinct()
                    .collect(Collectors.joining("\n"));
            changed.minLength = Math.max(rules.minLength, more.minLength);
            changed.noPlaceholder |= more.noPlaceholder;
            changed.verbatim &= more.verbatim;
            changed.examples = Stream.concat(rules.examples.stream(), more.examples.stream())
                    .distinct()
                    .toList();
        });
        return new Setting<>(name, typeOfBoth(other), both.rules);
    }

    @SuppressWarnings("unchecked") // two URLs are one
    private ValueType<T> typeOfBoth(Setting<?> other) {
        if (!(type.parser() instanceof UrlParser mine) || !(other.type.parser() instanceof UrlParser more)) {
            return type;
        }
        UrlParser both = mine.and(more)
                .orElseThrow(() -> new IllegalArgumentException(name + " is declared as " + mine.declaration()
                        + " and as " + more.declaration() + ", which have no scheme in common"));
        return (ValueType<T>) uriType(both);
    }

    /** Null means always. */
    private static @Nullable Predicate<SecretSource> either(
            @Nullable Predicate<SecretSource> a, @Nullable Predicate<SecretSource> b) {
        return a == null || b == null ? null : a.or(b);
    }

    /** {@return the name of the environment variable, or of the file in a directory of secrets} */
    public String name() {
        return name;
    }

    /**
     * {@return whether the value is a {@link Secret}} It must then not be shown, such as on a page of an application's
     * settings.
     */
    public boolean isSecret() {
        return type.equals(SECRET);
    }

    ValueType<T> type() {
        return type;
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

    List<String> examples() {
        return rules.examples;
    }

    /** Its type and rules as a declaration file names them, one line each, the type first. */
    List<String> declaration() {
        List<String> lines = new ArrayList<>(List.of(type.declaration()));
        if (!rules.required || rules.condition != null) {
            lines.add("optional");
        }
        if (rules.minLength > 0) {
            lines.add("minLength " + rules.minLength);
        }
        if (rules.noPlaceholder) {
            lines.add("noPlaceholder");
        }
        if (rules.verbatim) {
            lines.add("verbatim");
        }
        return lines;
    }

    /**
     * The value of a text that is not blank.
     *
     * @param secrets where the values of one validation are kept
     * @throws RefusedException if it breaks a rule or is not of this type; its message is the first reason, without the text
     */
    T read(String text, Hidden.Batch secrets) throws RefusedException {
        Optional<String> broken = brokenRule(text);
        if (broken.isPresent()) {
            throw new RefusedException(broken.get());
        }
        return type.parser().parse(text, secrets);
    }

    private Optional<String> brokenRule(String text) {
        if (rules.examples.contains(text)) {
            return Optional.of("is the example from its documentation");
        }
        Optional<String> lost = lostCharacters(text);
        if (lost.isPresent()) {
            return lost;
        }
        if (rules.noPlaceholder && Placeholder.matches(text)) {
            return Optional.of("is a placeholder");
        }
        Optional<String> slip = type.refusesSlips() && !rules.verbatim ? Slip.of(name, text) : Optional.empty();
        if (slip.isEmpty() && text.codePointCount(0, text.length()) < rules.minLength) {
            return Optional.of("is shorter than " + rules.minLength + " characters");
        }
        return slip;
    }

    /** What is wrong with a text that was decoded in another encoding than it has, by the JDK or before. */
    static Optional<String> lostCharacters(String text) {
        // The JDK decodes the environment in the process's locale, and puts this character where it cannot.
        return text.indexOf(REPLACEMENT_CHARACTER) < 0
                ? Optional.empty()
                : Optional.of(
                        "has characters that were lost in decoding (U+FFFD): set it again in UTF-8, and run with a"
                                + " UTF-8 locale, such as C.UTF-8");
    }

    /** Prints the name and the type. */
    @Override
    public String toString() {
        return "Setting[" + name + ", " + type.declaration() + "]";
    }
}
