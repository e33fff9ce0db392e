package dev.hardening.config;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/** Values that were never filled in. Only whole values count: a real key may contain any of these words. */
final class Placeholder {

    private static final Set<String> WORDS = Set.of(
            "changeme",
            "changeit",
            "changethis",
            "replaceme",
            "replacethis",
            "fillme",
            "fillmein",
            "setme",
            "placeholder",
            "todo",
            "tbd",
            "fixme",
            "none",
            "null",
            "undefined",
            "example",
            "dummy");

    /**
     * {@code <x>}, <code>${x}</code>, {@code $(x)}, {{x}}, #{x}#, %x%, __x__ and {@code $X_Y}: references that nothing
     * has replaced.
     */
    private static final Pattern TEMPLATE = Pattern.compile(
            "<[^<>]*>|\\$\\{[^{}]*}|\\$\\([^()]*\\)|\\{\\{[^{}]*}}|#\\{[^{}]*}#?|%[A-Za-z_]+%|__[A-Za-z_]+__"
                    + "|\\$[A-Z][A-Z0-9]*_[A-Z0-9_]+");

    /** A row of x instead of a key, also after a usual beginning, such as {@code sk-xxxxxxxx}. */
    private static final Pattern CROSSES = Pattern.compile("[a-z_-]{0,12}[-_]x{4,}");

    /** {@code TODO: set it}, {@code not-a-real-key}, {@code placeholder-value}, {@code sk-...}. */
    private static final Pattern NOTE = Pattern.compile(
            "(todo|tbd|fixme):.*|not[-_ ]a[-_ ]real[-_ ].*|placeholder[-_ ][a-z]+|[a-z_-]{0,12}(\\.{3}|…)");

    /** The keys in AWS's documentation. */
    private static final Pattern EXAMPLE_KEY = Pattern.compile("[A-Za-z0-9/+]+EXAMPLE(KEY)?");

    private static final Pattern LETTERS = Pattern.compile("[a-z]+");
    private static final Pattern WORD_BREAK = Pattern.compile("[-_ ]+");
    private static final List<String> FIRST_WORDS =
            List.of("your", "change", "my", "insert", "enter", "put", "replace", "paste", "add", "generate");
    private static final Set<String> THINGS =
            Set.of("here", "key", "secret", "token", "password", "url", "value", "me", "this");

    private Placeholder() {}

    static boolean matches(String value) {
        String stripped = value.strip();
        String plain = withoutBrackets(stripped.toLowerCase(Locale.ROOT));
        return (isTemplateStart(stripped.charAt(0))
                        && TEMPLATE.matcher(stripped).matches())
                || (plain.endsWith("xxxx") && CROSSES.matcher(plain).matches())
                || isWord(lettersAndDigits(plain))
                || (isNote(plain) && NOTE.matcher(plain).matches())
                || (stripped.contains("EXAMPLE")
                        && EXAMPLE_KEY.matcher(stripped).matches())
                || (plain.length() >= 3 && plain.equals(plain.substring(0, 1).repeat(plain.length())))
                || isPhrase(plain);
    }

    /** Most values begin with a letter or a digit, and need not be compared with the pattern. */
    private static boolean isTemplateStart(char first) {
        return "<$#{%_".indexOf(first) >= 0;
    }

    /** How a note begins or ends; few values do. */
    private static boolean isNote(String plain) {
        return "tfnp".indexOf(plain.charAt(0)) >= 0 || plain.endsWith("...") || plain.endsWith("…");
    }

    /** {@code [your-key]} and {@code {your-key}} as their inside. */
    private static String withoutBrackets(String plain) {
        boolean inside =
                (plain.startsWith("[") && plain.endsWith("]")) || (plain.startsWith("{") && plain.endsWith("}"));
        return inside && plain.length() > 2 ? plain.substring(1, plain.length() - 1) : plain;
    }

    /** {@code changeme}, {@code changeme123}, {@code changethissecret}, {@code yourkeyhere}. */
    private static boolean isWord(String plain) {
        return WORDS.contains(plain)
                || plain.startsWith("changeme")
                || plain.startsWith("changethis")
                || (plain.startsWith("your") && plain.endsWith("here"));
    }

    private static String lettersAndDigits(String plain) {
        StringBuilder text = new StringBuilder(plain.length());
        for (int i = 0; i < plain.length(); i++) {
            char c = plain.charAt(i);
            if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
                text.append(c);
            }
        }
        return text.toString();
    }

    private static boolean beginsWithOneOf(List<String> words, String plain) {
        for (String word : words) { // not a stream, because each secret of each start comes here
            if (plain.startsWith(word)) {
                return true;
            }
        }
        return false;
    }

    /** {@code your-key-here}, {@code insert token here}, {@code change-me-in-production}. */
    private static boolean isPhrase(String plain) {
        if (!beginsWithOneOf(FIRST_WORDS, plain)) {
            return false;
        }
        List<String> words = List.of(WORD_BREAK.split(plain));
        return words.size() > 1
                && switch (words.get(0)) {
                    case "your" -> true;
                    case "change" -> THINGS.contains(words.get(1));
                    default ->
                        FIRST_WORDS.contains(words.get(0))
                                && THINGS.contains(words.get(words.size() - 1))
                                && words.stream()
                                        .allMatch(word -> LETTERS.matcher(word).matches());
                };
    }
}
