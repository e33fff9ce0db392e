package dev.hardening.config;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Values that were never filled in. Only whole values count, because a real key may contain any of these words; of a URL,
 * also its password and the first part of its host.
 */
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

    /** A row of x instead of a key, also after a usual beginning: {@code sk-ant-api03-xxxxxxxx}, {@code ACxxxxxxxx}. */
    private static final Pattern CROSSES =
            Pattern.compile("[a-z_-]{0,12}[-_]x{4,}|([a-z0-9]{1,8}[-_.]){1,4}x{4,}([-_.]x{4,})?|[a-z]{2,4}x{8,}");

    /**
     * {@code TODO: set it}, {@code not-a-real-key}, {@code placeholder-value}, {@code to-be-replaced}, {@code api-key-here},
     * {@code sk-ant-api03-...}.
     */
    private static final Pattern NOTE = Pattern.compile(
            "(todo|tbd|fixme):.*|not[-_ ]a[-_ ]real[-_ ].*|placeholder([-_ ][a-z]++)++"
                    + "|to[-_ ]be[-_ ](replaced|changed|set|filled|defined|determined|provided|added|configured)"
                    + "|(api[-_ ])?(key|secret|token|password)[-_ ]here"
                    + "|([a-z_-]{0,24}|([a-z0-9]{1,8}[-_.]){1,4})(\\.{3}|…)|eyj[a-z0-9_-]*+(\\.{3}|…)"
                    // Supabase's own, for a machine of a developer
                    + "|super-secret-jwt-token-with-at-least-32-characters-long|do[-_ ]not[-_ ]use[-_ ]in[-_ ]prod(uction)?");

    /** {@code sk-your-key-here}. */
    private static final Pattern YOURS =
            Pattern.compile("((sk|pk|rk|sb|live|test|ant|proj|api[0-9]*|secret|publishable)[-_]){1,3}your[-_]"
                    + "([a-z]+[-_]){0,4}(here|key|secret|token|password|value)");

    /** {@code dev-secret-change-me}. */
    private static final Pattern CHANGE_ME = Pattern.compile(
            "((dev|development|test|local|default|insecure|secret|password|key|token|jwt|api|db|admin|app)[-_ ]){1,4}"
                    + "(change|replace)[-_ ]?me");

    /** {@code https://your-project.example.com}. The rest of the host is not looked at: it may be a real one. */
    private static final Pattern FIRST_OF_A_HOST = Pattern.compile(
            "your[-_].*|your(own)?(domain|host|project|server|company|site|app|org|instance)|x{4,}|placeholder"
                    + "|(change|replace)[-_]?me");

    /** The keys in AWS's documentation. */
    private static final Pattern EXAMPLE_KEY = Pattern.compile("[A-Za-z0-9/+]+EXAMPLE(KEY)?");

    /** A part in brackets, which is no IPv6 address: {@code [YOUR-PASSWORD]}, {@code <db_password>}. */
    private static final Pattern IN_BRACKETS =
            Pattern.compile("<[^<>]+>|\\[[a-z][a-z_ -]*[g-z_][a-z_ -]*]|\\{[a-z][a-z_-]*}");

    private static final Pattern PEM_WITHOUT_LINES =
            Pattern.compile("-----begin [a-z0-9 ]+-----\\s*(\\.{3}|…)?\\s*-----end [a-z0-9 ]+-----");

    private static final Pattern LETTERS = Pattern.compile("[a-z]+");
    private static final Pattern WORD_BREAK = Pattern.compile("[-_ ]+");
    private static final List<String> FIRST_WORDS =
            List.of("your", "change", "my", "insert", "enter", "put", "replace", "paste", "add", "generate", "please");

    /** Words that also begin an ordinary phrase, such as {@code put-simply-value}. */
    private static final Set<String> COMMON_FIRST_WORDS = Set.of("put", "add", "generate");

    private static final Set<String> ARTICLES = Set.of("a", "an", "the", "your", "my", "real");
    private static final Set<String> REQUESTS =
            Set.of("change", "replace", "set", "update", "fill", "insert", "enter", "add", "put", "paste");
    private static final List<String> STAND_INS = List.of("fake", "dummy", "example", "sample");
    private static final Pattern STAND_IN = Pattern.compile(
            "(fake|dummy|example|sample)[-_ ]((api|anon|auth|access|secret|jwt)[-_ ]){0,2}(key|secret|token|password|url|value)");
    private static final Pattern YOUR_THING = Pattern.compile(
            "your(api|auth|access|client|secret|private|jwt|db|database){0,3}(key|secret|token|password|url)");
    private static final Set<String> THINGS =
            Set.of("here", "key", "secret", "token", "password", "url", "value", "me", "this");

    /** What {@code change} goes on with, whatever follows it. */
    private static final Set<String> TO_CHANGE = Set.of("me", "this");

    /** {@code my-super-secret-key}; a longer one may be a sentence. */
    private static final int LONGEST_OWN_THING = 4;

    private Placeholder() {}

    static boolean matches(String value) {
        String stripped = value.strip();
        if (stripped.isEmpty()) { // the password of a URL may be
            return false;
        }
        String plain = withoutBrackets(stripped.toLowerCase(Locale.ROOT));
        return (isTemplateStart(stripped.charAt(0))
                        && TEMPLATE.matcher(stripped).matches())
                || (plain.endsWith("xxxx") && CROSSES.matcher(plain).matches())
                || isWord(lettersAndDigits(plain))
                || (beginsWithOneOf(STAND_INS, plain) && STAND_IN.matcher(plain).matches())
                || (isNote(plain) && NOTE.matcher(plain).matches())
                || (stripped.contains("EXAMPLE")
                        && EXAMPLE_KEY.matcher(stripped).matches())
                || isOneCharacter(plain)
                || isUnfilledUrl(plain)
                || (plain.startsWith("-----begin ")
                        && PEM_WITHOUT_LINES.matcher(plain).matches())
                || (plain.contains("your") && YOURS.matcher(plain).matches())
                || (plain.endsWith("me") && CHANGE_ME.matcher(plain).matches())
                || isPhrase(plain);
    }

    /** Most values begin with a letter or a digit, and need not be compared with the pattern. */
    private static boolean isTemplateStart(char first) {
        return "<$#{%_".indexOf(first) >= 0;
    }

    /** How a note begins or ends; few values do. */
    private static boolean isNote(String plain) {
        return "tfnpsd".indexOf(plain.charAt(0)) >= 0
                || plain.endsWith("...")
                || plain.endsWith("…")
                || plain.endsWith("here");
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
                || plain.startsWith("pleasechangeme")
                || plain.startsWith("pleasechangethis")
                || (plain.startsWith("your")
                        && (plain.endsWith("here") || YOUR_THING.matcher(plain).matches()));
    }

    /** A URL whose host or password was not filled in. */
    private static boolean isUnfilledUrl(String plain) {
        int start = plain.indexOf("://") + 3;
        if (start < 3) {
            return false;
        }
        int end = start;
        int begin = start;
        for (; end < plain.length() && "/?#".indexOf(plain.charAt(end)) < 0; end++) {
            if (plain.charAt(end) == '@') {
                start = end + 1;
            }
        }
        int colon = plain.indexOf(':', begin);
        if (colon >= 0 && colon < start - 2) {
            String password = plain.substring(colon + 1, start - 1);
            if (IN_BRACKETS.matcher(password).matches() || matches(password)) {
                return true;
            }
        }
        if (IN_BRACKETS.matcher(plain).region(start, end).find()) {
            return true;
        }
        int first = start;
        while (first < end && ".:".indexOf(plain.charAt(first)) < 0) {
            first++;
        }
        return FIRST_OF_A_HOST.matcher(plain).region(start, first).matches();
    }

    /** {@code aaaa}, and in several parts {@code 00000000-0000-0000-0000-000000000000}. */
    private static boolean isOneCharacter(String plain) {
        char first = plain.charAt(0);
        int count = 0;
        for (int i = 0; i < plain.length(); i++) {
            if (plain.charAt(i) == first) {
                count++;
            } else if ("-_. ".indexOf(plain.charAt(i)) < 0) {
                return false;
            }
        }
        return count >= (count == plain.length() ? 3 : 8);
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
                    case "change" ->
                        TO_CHANGE.contains(words.get(1))
                                || (THINGS.contains(words.get(words.size() - 1))
                                        && (words.size() == 2 || ARTICLES.contains(words.get(1))));
                    case "my" -> words.size() <= LONGEST_OWN_THING && areLettersForAThing(words);
                    case "please" -> REQUESTS.contains(words.get(1));
                    default ->
                        FIRST_WORDS.contains(words.get(0))
                                && (!COMMON_FIRST_WORDS.contains(words.get(0)) || ARTICLES.contains(words.get(1)))
                                && areLettersForAThing(words);
                };
    }

    private static boolean areLettersForAThing(List<String> words) {
        return THINGS.contains(words.get(words.size() - 1))
                && words.stream().allMatch(word -> LETTERS.matcher(word).matches());
    }
}
