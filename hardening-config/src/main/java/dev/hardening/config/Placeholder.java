package dev.hardening.config;

import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/** Values that somebody forgot to fill in. Only whole values count: a real key may contain any of these words. */
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

    private static final Pattern TEMPLATE = Pattern.compile("<[^<>]*>|\\$\\{[^{}]*}|\\{\\{[^{}]*}}|%[A-Za-z_]+%");
    private static final Pattern PHRASE =
            Pattern.compile("(your|my|insert|enter|put|replace|paste).*(here|key|secret|token|password|url|value)");
    private static final Pattern NOT_ALPHANUMERIC = Pattern.compile("[^a-z0-9]");
    private static final Pattern WORD_BREAK = Pattern.compile("[-_ ]");

    private Placeholder() {}

    static boolean matches(String value) {
        String plain = value.strip().toLowerCase(Locale.ROOT);
        String letters = NOT_ALPHANUMERIC.matcher(plain).replaceAll("");
        return TEMPLATE.matcher(plain).matches()
                || WORDS.contains(letters)
                || (WORD_BREAK.matcher(plain).find() && PHRASE.matcher(letters).matches())
                || (plain.length() >= 3 && plain.chars().distinct().count() == 1);
    }
}
