package dev.hardening.config;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds the name that somebody set instead of the declared one. It is better to give no hint than a false one, so only
 * two kinds of name are near. One is the same name in another spelling: case, {@code -}, {@code .} or {@code /} for
 * {@code _}, a separator more or less, a front-end tool's prefix, {@code .txt} at its end, white space or a byte order
 * mark at its edges. The other has a typing error in a single word, and that word must not be another usual one: HOST and
 * PORT, HTTP and HTTPS, KEY and KEYS, IMPORT and EXPORT, CONTENT and CONTEXT, SIGNER and SIGNED, FRONT and FONT, and names
 * that differ in a digit, are two names. In a
 * short word, a letter that is lost or another is no evidence, because so many short words differ in one. In a word of three
 * letters nothing is, such as SMS and SSM, unless it is a very usual one such as URL.
 *
 * <p>The names that were found are kept under what they have in common with the names that are near: the name without its
 * separators, and the name with one of its words left out. So a name is compared only with those that differ in one word.
 */
final class NearMiss {

    private static final List<String> PREFIXES = List.of(
            "VITE_",
            "NEXT_PUBLIC_",
            "REACT_APP_",
            "NUXT_PUBLIC_",
            "NUXT_",
            "EXPO_PUBLIC_",
            "GATSBY_",
            "PUBLIC_",
            "VUE_APP_",
            "NG_APP_",
            "RAZZLE_");

    /**
     * What a name has if it is public by itself, beside a private one, so that the prefix is no front-end tool's.
     */
    private static final Pattern PUBLIC_BY_ITSELF =
            Pattern.compile(".*KEY|(.*_)?(SUBNETS?|BUCKETS?|IPS?|DNS|NETWORKS?|ADDRESS|ADDRESSES|ZONES?)(_.*)?");

    /** What the files of Docker's documentation end with. */
    private static final Pattern TEXT_FILE = Pattern.compile("(.+)\\.txt", Pattern.CASE_INSENSITIVE);

    /** Variables of shells, systems and Nuxt's own server, which are set without anybody meaning another name. */
    private static final Set<String> SET_ANYWAY = Set.of(
            "HOSTNAME",
            "USERNAME",
            "LOGNAME",
            "TMPDIR",
            "HOSTTYPE",
            "OSTYPE",
            "MACHTYPE",
            "OLDPWD",
            "COMPUTERNAME",
            "USERDOMAIN",
            "USERPROFILE",
            "HOMEDRIVE",
            "HOMEPATH",
            "APPDATA",
            "LOCALAPPDATA",
            "PROGRAMDATA",
            "NUXT_HOST",
            "NUXT_PORT");

    /** Words of three letters that nearly every name has; any other with two letters swapped may be a word as well. */
    private static final Set<String> USUAL_SHORT_WORDS = Set.of("API", "JWT", "KEY", "URL");

    /** A name as a line of an env file has it, which simple readers take as it is. */
    private static final Pattern IN_A_LINE = Pattern.compile("(?:export\\s+)?([\"']?)(.*?)\\1:?");

    private static final Pattern PRINTABLE = Pattern.compile("[A-Za-z0-9_./-]{1,128}");
    private static final Pattern DOUBLED = Pattern.compile("(.)\\1");

    /** The rows of a keyboard, each a little to the right of the one above it. */
    private static final List<String> KEYBOARD = List.of("QWERTYUIOP", "ASDFGHJKL", "ZXCVBNM");

    private static final String VOWELS = "AEIOUY";
    private static final Pattern FIRST_VOWELS = Pattern.compile("[^AEIOUY]*+[AEIOUY]++[^AEIOUY]");

    /** What is easily left out of a word when it is written down by ear. */
    private static final Pattern VOWELS_AND_R = Pattern.compile("[AEIOUY]++R?");

    /** Endings that are spelt in two ways, where the usual slips do not find them: COLOUR, CATALOGUE, ANALYSE, GREY. */
    private static final Pattern BRITISH =
            Pattern.compile("(?<=^[A-Z]{3,20})(OUR|YSE|ISE|LOGUE)$|(?<=^PROGRAM)ME$|^GREY$");

    private static final Map<String, String> AMERICAN =
            Map.of("OUR", "OR", "YSE", "YZE", "ISE", "IZE", "LOGUE", "LOG", "ME", "", "GREY", "GRAY");

    private static final Pattern NO_DIGITS = Pattern.compile("[^0-9]+");

    private static final String FILE = FileNameSource.SUFFIX.substring(1);

    /** Up to which length the part in which two words differ is compared. The cost grows with its square. */
    private static final int LONGEST_DIFFERENCE = 16;

    private static final int SAME = 0;
    private static final int OTHER_SEPARATORS = 1;

    /** A name and what it is compared by. */
    private static final class Name {

        final String text;

        /** In upper case, with one kind of separator, and without what an editor or an env file leaves at its edges. */
        final String normal;

        final String joined;
        final String[] words;

        Name(String text) {
            this.text = text;
            normal = TEXT_FILE
                    .matcher(clean(text))
                    .replaceFirst("$1")
                    .toUpperCase(Locale.ROOT)
                    .replace('-', '_')
                    .replace('.', '_')
                    .replace('/', '_');
            joined = normal.replace("_", "");
            words = normal.split("_", -1);
        }

        /** What it has in common with each name that is near. */
        List<String> keys() {
            List<String> keys = new ArrayList<>(List.of(normal, joined));
            int start = 0;
            for (String word : words) {
                keys.add(normal.substring(0, start) + '*' + normal.substring(start + word.length()));
                start += word.length() + 1;
            }
            return keys;
        }
    }

    /** A name that was found, and the one that it was probably meant to be. */
    private record Near(String found, String wanted) {

        String hint() {
            String stripped = Blank.strip(found);
            String clean = clean(found);
            String around = stripped.equals(clean)
                    ? found.equals(clean) ? "" : " with white space or a byte order mark around it"
                    : " with quotes, a colon or export around it";
            return "found " + clean + around + ", which looks like " + wanted;
        }
    }

    private final Map<String, List<Name>> byKey = new HashMap<>();
    private boolean hasFileNames;

    NearMiss(Collection<String> found) {
        for (String text : found) {
            if (PRINTABLE.matcher(clean(text)).matches() && !SET_ANYWAY.contains(text)) {
                Name name = new Name(text);
                hasFileNames |= looksLikeAFileName(name);
                name.keys().forEach(key -> add(key, name));
                PREFIXES.stream()
                        .filter(name.normal::startsWith)
                        .forEach(prefix -> add(name.normal.substring(prefix.length()), name));
            }
        }
    }

    private static String clean(String text) {
        Matcher line = IN_A_LINE.matcher(Blank.strip(text));
        return line.matches() ? line.group(2) : text;
    }

    private void add(String key, Name name) {
        byKey.computeIfAbsent(key, first -> new ArrayList<>(1)).add(name);
    }

    /**
     * For each missing name, or the {@code NAME_FILE} of it, the one name that was probably meant to be it, as a reason in
     * words. Two names that are equally near are none, and neither is one that is the nearest to two.
     *
     * @param found names that are not declared
     * @param isSet whether such a name has a value; asked only of names that are near
     */
    static Map<String, String> hints(Collection<String> missing, Collection<String> found, Predicate<String> isSet) {
        NearMiss names = new NearMiss(found);
        Set<String> all = new HashSet<>(missing);
        Map<String, Near> nearest = new LinkedHashMap<>();
        for (String declared : missing) {
            List<Near> near = names.nearest(names.wanted(declared, all), isSet);
            if (near.size() == 1) {
                nearest.put(declared, near.get(0));
            }
        }
        Set<String> once = new HashSet<>();
        Set<String> twice = new HashSet<>();
        nearest.values().forEach(near -> (once.add(near.found()) ? once : twice).add(near.found()));
        nearest.values().removeIf(near -> twice.contains(near.found()));
        Map<String, String> hints = new LinkedHashMap<>();
        nearest.forEach((declared, near) -> hints.put(declared, near.hint()));
        return hints;
    }

    /** The names that a value may be under; that of its file only where some name that was found may be one. */
    private List<String> wanted(String declared, Set<String> missing) {
        String file = declared + FileNameSource.SUFFIX;
        return hasFileNames && !missing.contains(file) ? List.of(declared, file) : List.of(declared);
    }

    private static boolean looksLikeAFileName(Name name) {
        return name.normal.endsWith(FILE)
                || slips(name.words[name.words.length - 1], FILE).isPresent();
    }

    private List<Near> nearest(List<String> wanted, Predicate<String> isSet) {
        List<Near> nearest = new ArrayList<>();
        int least = Integer.MAX_VALUE;
        for (String text : wanted) {
            Name name = new Name(text);
            for (Name candidate : candidates(name)) {
                OptionalInt distance = distance(name, candidate);
                if (distance.isEmpty() || distance.getAsInt() > least || !isSet.test(candidate.text)) {
                    continue;
                }
                if (distance.getAsInt() < least) {
                    nearest.clear();
                    least = distance.getAsInt();
                }
                nearest.add(new Near(candidate.text, text));
            }
        }
        return nearest;
    }

    /** How many names are worth a comparison. */
    int candidates(String declared) {
        return candidates(new Name(declared)).size();
    }

    private Set<Name> candidates(Name declared) {
        Set<Name> candidates = new LinkedHashSet<>();
        declared.keys().forEach(key -> candidates.addAll(byKey.getOrDefault(key, List.of())));
        return candidates;
    }

    /** How far the found name is from the wanted one; empty if it is another name. */
    private static OptionalInt distance(Name wanted, Name found) {
        if (wanted.normal.equals(found.normal) || isPrefixed(wanted.normal, found.normal)) {
            return OptionalInt.of(SAME);
        }
        if (wanted.normal.length() < 5) {
            return OptionalInt.empty();
        }
        if (wanted.joined.equals(found.joined)) {
            return digits(wanted.normal).equals(digits(found.normal))
                    ? OptionalInt.of(OTHER_SEPARATORS)
                    : OptionalInt.empty();
        }
        int first = Arrays.mismatch(wanted.words, found.words);
        int next = first + 1;
        int length = wanted.words.length;
        boolean oneWordDiffers =
                length == found.words.length && Arrays.equals(wanted.words, next, length, found.words, next, length);
        return oneWordDiffers ? slips(wanted.words[first], found.words[first]) : OptionalInt.empty();
    }

    /** A public key or subnet is another one, not the same under a front-end tool's name. */
    private static boolean isPrefixed(String wanted, String found) {
        return found.endsWith(wanted)
                && PREFIXES.contains(found.substring(0, found.length() - wanted.length()))
                && !(found.startsWith("PUBLIC_")
                        && PUBLIC_BY_ITSELF.matcher(wanted).matches());
    }

    /** How many slips make one word of another, more than for other separators; empty for another word. */
    private static OptionalInt slips(String a, String b) {
        int shorter = Math.min(a.length(), b.length());
        int longer = Math.max(a.length(), b.length());
        if (longer - shorter > 2 || shorter < 3 || hasDigit(a) || hasDigit(b)) {
            return OptionalInt.empty();
        }
        if (UsualWords.contains(a) && UsualWords.contains(b)) {
            return OptionalInt.empty();
        }
        if (inOneSpelling(a).equals(inOneSpelling(b))) {
            return OptionalInt.of(OTHER_SEPARATORS + 1);
        }
        if (shorter == 3 && !USUAL_SHORT_WORDS.contains(a) && !USUAL_SHORT_WORDS.contains(b)) {
            return OptionalInt.empty();
        }
        boolean sameStart = a.charAt(0) == b.charAt(0);
        boolean sameEnd = a.charAt(a.length() - 1) == b.charAt(b.length() - 1);
        if (!sameStart && !sameEnd) {
            return OptionalInt.empty();
        }
        int edits = edits(a, b);
        boolean near = switch (edits) {
            case 1 ->
                longer == shorter
                        ? isSwap(a, b)
                                || (sameStart && sameEnd && isWrongLetter(a, b))
                                || (sameStart && soundsAlike(a, b))
                        : hasDoubledLetter(a, b) || hasLostLetter(a, b, sameStart, sameEnd);
            case 2 -> sameStart && sameEnd && longer > shorter && areTwoSlips(a, b);
            default -> false;
        };
        return near ? OptionalInt.of(OTHER_SEPARATORS + edits) : OptionalInt.empty();
    }

    /** A word as Americans write it. */
    private static String inOneSpelling(String word) {
        return BRITISH.matcher(word).replaceAll(match -> AMERICAN.getOrDefault(match.group(), match.group()));
    }

    private static boolean hasDigit(String word) {
        return word.chars().anyMatch(c -> c >= '0' && c <= '9');
    }

    private static boolean isSwap(String a, String b) {
        return a.chars().sum() == b.chars().sum();
    }

    /** The key beside the right one in a long word, or C and S, as in LICENSE and LICENCE. */
    private static boolean isWrongLetter(String a, String b) {
        int at = difference(a, b);
        boolean neighbours = areNeighbours(a.charAt(at), b.charAt(at)) || areNeighbours(b.charAt(at), a.charAt(at));
        return (a.length() >= 8 && neighbours && !isBoth(VOWELS, a.charAt(at), b.charAt(at)))
                || (a.length() >= 6 && isBoth("CS", a.charAt(at), b.charAt(at)));
    }

    /** Whether two long words differ in one letter that sounds alike: D and T, B and P, or two vowels after the first. */
    private static boolean soundsAlike(String a, String b) {
        int at = difference(a, b);
        return a.length() >= 8
                && (isBoth("DT", a.charAt(at), b.charAt(at))
                        || isBoth("BP", a.charAt(at), b.charAt(at))
                        || (isBoth(VOWELS, a.charAt(at), b.charAt(at))
                                && at < a.length() - 1
                                && FIRST_VOWELS.matcher(a.substring(0, at)).lookingAt()));
    }

    /**
     * A letter less in a long word. In a shorter one, the rest has to be no word: it has more consonants one after the
     * other than the whole, as {@code GTHUB} has.
     */
    private static boolean hasLostLetter(String a, String b, boolean sameStart, boolean sameEnd) {
        String longer = a.length() > b.length() ? a : b;
        String shorter = a.length() > b.length() ? b : a;
        if (sameStart && sameEnd) {
            return (longer.length() >= 7 && !(longer.endsWith("RS") && longer.startsWith(withoutLast(shorter))))
                    || (longer.length() >= 5 && consonants(shorter) >= 3 && consonants(shorter) > consonants(longer));
        }
        return sameStart
                ? longer.length() >= 7 && !isInflected(a, b)
                : longer.length() >= 8 && !isVowel(longer.charAt(0)) && isVowel(longer.charAt(1));
    }

    /** Two slips in a long word, not at its end: {@code SUPBSE} and {@code SUPERBASE} sound like SUPABASE. */
    private static boolean areTwoSlips(String a, String b) {
        int longer = Math.max(a.length(), b.length());
        return longer >= 8
                && a.regionMatches(a.length() - 2, b, b.length() - 2, 2)
                && ((longer >= 12 && Math.abs(a.length() - b.length()) == 2)
                        || VOWELS_AND_R
                                .matcher(a)
                                .replaceAll("")
                                .equals(VOWELS_AND_R.matcher(b).replaceAll("")));
    }

    private static String withoutLast(String word) {
        return word.substring(0, word.length() - 1);
    }

    /** The most consonants that stand one after the other. */
    private static int consonants(String word) {
        int most = 0;
        int now = 0;
        for (int i = 0; i < word.length(); i++) {
            now = isVowel(word.charAt(i)) ? 0 : now + 1;
            most = Math.max(most, now);
        }
        return most;
    }

    private static boolean isVowel(int letter) {
        return VOWELS.indexOf(letter) >= 0;
    }

    private static boolean isBoth(String letters, char one, char other) {
        return letters.indexOf(one) >= 0 && letters.indexOf(other) >= 0;
    }

    /** Where two words of the same length differ first. */
    private static int difference(String a, String b) {
        int at = 0;
        while (a.charAt(at) == b.charAt(at)) {
            at++;
        }
        return at;
    }

    /** Whether the second key is to the right of the first one in its row, or below it. */
    private static boolean areNeighbours(char a, char b) {
        for (int row = 0; row < KEYBOARD.size(); row++) {
            int at = KEYBOARD.get(row).indexOf(a);
            if (at >= 0) {
                int beside = KEYBOARD.get(row).indexOf(b);
                int below = row + 1 < KEYBOARD.size() ? KEYBOARD.get(row + 1).indexOf(b) : -1;
                return beside == at + 1 || (below >= 0 && (below == at || below == at - 1));
            }
        }
        return false;
    }

    /** Such as {@code URLL}: a key that was pressed too long. */
    private static boolean hasDoubledLetter(String a, String b) {
        String longer = a.length() > b.length() ? a : b;
        String shorter = a.length() > b.length() ? b : a;
        return DOUBLED.matcher(longer)
                .results()
                .anyMatch(pair ->
                        (longer.substring(0, pair.start()) + longer.substring(pair.start() + 1)).equals(shorter));
    }

    /** Whether the last letter of the longer word is a usual ending, as in keys, scheduler, cached, delivery. */
    private static boolean isInflected(String a, String b) {
        String longer = a.length() > b.length() ? a : b;
        return "SRDYNT".indexOf(longer.charAt(longer.length() - 1)) >= 0;
    }

    private static List<String> digits(String name) {
        return NO_DIGITS.splitAsStream(name).filter(run -> !run.isEmpty()).toList();
    }

    /** How many letters were lost, added, replaced, or swapped with their neighbour; only where two words differ. */
    private static int edits(String a, String b) {
        int start = 0;
        int end = 0;
        int shorter = Math.min(a.length(), b.length());
        while (start < shorter && a.charAt(start) == b.charAt(start)) {
            start++;
        }
        while (end < shorter - start && a.charAt(a.length() - 1 - end) == b.charAt(b.length() - 1 - end)) {
            end++;
        }
        int difference = Math.max(a.length(), b.length()) - start - end;
        return difference > LONGEST_DIFFERENCE
                ? difference
                : alignmentDistance(a.substring(start, a.length() - end), b.substring(start, b.length() - end));
    }

    /** The optimal string alignment distance: insertions, deletions, substitutions, swaps of two neighbours. */
    private static int alignmentDistance(String a, String b) {
        int[][] d = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    d[i][j] = i + j;
                    continue;
                }
                int same = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                d[i][j] = Math.min(d[i - 1][j - 1] + same, Math.min(d[i - 1][j], d[i][j - 1]) + 1);
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
                }
            }
        }
        return d[a.length()][b.length()];
    }
}
