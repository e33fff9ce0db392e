package dev.hardening.config;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * Finds the name that somebody set instead of the declared one. It is better to give no hint than a false one, so only
 * two kinds of name are near. One is the same name in another spelling: case, {@code -} or {@code .} for {@code _}, a
 * separator more or less, a front-end tool's prefix, white space or a byte order mark at its edges. The other has a typing
 * error in a single word, and that word must not be another usual one: HOST and PORT, HTTP and HTTPS, KEY and KEYS, IMPORT
 * and EXPORT, and names that differ in a digit, are two names.
 *
 * <p>The names that were found are kept under their traces: what is left of a name without one of its letters. Names
 * that are a slip apart share a trace, so that looking one up does not cost a comparison with each of them.
 */
final class NearMiss {

    private static final List<String> PREFIXES = List.of(
            "VITE_", "NEXT_PUBLIC_", "REACT_APP_", "NUXT_PUBLIC_", "NUXT_", "EXPO_PUBLIC_", "GATSBY_", "PUBLIC_");

    private static final Pattern PRINTABLE = Pattern.compile("[A-Za-z0-9_.-]{1,128}");
    private static final Pattern SEPARATORS = Pattern.compile("[-.]");
    private static final Pattern DOUBLED = Pattern.compile("(.)\\1");
    private static final Pattern NO_DIGITS = Pattern.compile("[^0-9]+");

    private static final String FILE = FileNameSource.SUFFIX.substring(1);

    /** Up to which length a name, and a word of it, is tried for slips: traces grow with it. */
    private static final int LONGEST_NAME = 64;

    private static final int LONGEST_WORD = 16;

    private static final int SAME = 0;
    private static final int OTHER_SEPARATORS = 1;
    private static final int NOT_NEAR = Integer.MAX_VALUE;

    /** A name that was found, and the one that it was probably meant to be. */
    private record Near(String found, String wanted) {

        String hint() {
            boolean isClean = found.equals(clean(found));
            return "found " + clean(found) + (isClean ? "" : " with white space or a byte order mark around it")
                    + ", which looks like " + wanted;
        }
    }

    private final Map<String, List<String>> byTrace = new HashMap<>();
    private boolean hasFileNames;

    NearMiss(Collection<String> found) {
        for (String name : found) {
            if (PRINTABLE.matcher(clean(name)).matches()) {
                String normal = normal(name);
                hasFileNames |= looksLikeAFileName(normal);
                traces(normal)
                        .forEach(trace -> byTrace.computeIfAbsent(trace, t -> new ArrayList<>(1))
                                .add(name));
                PREFIXES.stream()
                        .filter(normal::startsWith)
                        .forEach(prefix -> byTrace.computeIfAbsent(
                                        normal.substring(prefix.length()), t -> new ArrayList<>(1))
                                .add(name));
            }
        }
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
        Map<String, Near> nearest = new LinkedHashMap<>();
        for (String declared : missing) {
            List<Near> near = names.nearest(names.wanted(declared), isSet);
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
    private List<String> wanted(String declared) {
        return hasFileNames ? List.of(declared, declared + FileNameSource.SUFFIX) : List.of(declared);
    }

    private static boolean looksLikeAFileName(String normal) {
        String lastWord = normal.substring(normal.lastIndexOf('_') + 1);
        return normal.endsWith(FILE) || slips(lastWord, FILE) != NOT_NEAR;
    }

    private List<Near> nearest(List<String> wanted, Predicate<String> isSet) {
        List<Near> nearest = new ArrayList<>();
        int least = NOT_NEAR;
        for (String name : wanted) {
            for (String candidate : candidates(name)) {
                int distance = distance(normal(name), normal(candidate));
                if (distance == NOT_NEAR || distance > least || !isSet.test(candidate)) {
                    continue;
                }
                if (distance < least) {
                    nearest.clear();
                    least = distance;
                }
                nearest.add(new Near(candidate, name));
            }
        }
        return nearest;
    }

    /** The names that are worth a comparison. */
    Set<String> candidates(String declared) {
        Set<String> candidates = new LinkedHashSet<>();
        traces(normal(declared)).forEach(trace -> candidates.addAll(byTrace.getOrDefault(trace, List.of())));
        return candidates;
    }

    private static Set<String> traces(String normal) {
        Set<String> traces = new LinkedHashSet<>();
        traces.add(normal);
        traces.add(normal.replace("_", ""));
        if (normal.length() > LONGEST_NAME) {
            return traces;
        }
        for (int i = 0; i < normal.length(); i++) {
            traces.add(without(i, normal));
        }
        int start = 0;
        for (String word : normal.split("_", -1)) {
            for (int i = start; i < start + word.length() && mayHaveTwoSlips(word); i++) {
                for (int j = i + 1; j < start + word.length(); j++) {
                    traces.add(without(i, without(j, normal)));
                }
            }
            start += word.length() + 1;
        }
        return traces;
    }

    private static boolean mayHaveTwoSlips(String word) {
        return word.length() >= 6 && word.length() <= LONGEST_WORD;
    }

    private static String without(int index, String text) {
        return text.substring(0, index) + text.substring(index + 1);
    }

    private static int distance(String wanted, String found) {
        if (wanted.equals(found) || isPrefixed(wanted, found)) {
            return SAME;
        }
        if (wanted.length() < 5) {
            return NOT_NEAR;
        }
        if (wanted.replace("_", "").equals(found.replace("_", ""))) {
            return digits(wanted).equals(digits(found)) ? OTHER_SEPARATORS : NOT_NEAR;
        }
        String[] words = wanted.split("_", -1);
        String[] others = found.split("_", -1);
        int distance = NOT_NEAR;
        for (int i = 0; i < words.length && words.length == others.length; i++) {
            if (!words[i].equals(others[i])) {
                if (distance != NOT_NEAR) {
                    return NOT_NEAR; // a second word differs
                }
                distance = slips(words[i], others[i]);
                if (distance == NOT_NEAR) {
                    return NOT_NEAR;
                }
            }
        }
        return distance;
    }

    /** A public key is another key, not the key under a front-end tool's name. */
    private static boolean isPrefixed(String wanted, String found) {
        return PREFIXES.stream()
                .filter(prefix -> !(prefix.equals("PUBLIC_") && wanted.endsWith("KEY")))
                .anyMatch(prefix -> found.equals(prefix + wanted));
    }

    /** How many slips make one word of another, more than for other separators; {@link #NOT_NEAR} for another word. */
    private static int slips(String a, String b) {
        int shorter = Math.min(a.length(), b.length());
        int longer = Math.max(a.length(), b.length());
        if (longer - shorter > 2 || shorter < 3 || !NO_DIGITS.matcher(a + b).matches()) {
            return NOT_NEAR;
        }
        boolean sameStart = a.charAt(0) == b.charAt(0);
        boolean sameEnd = a.charAt(a.length() - 1) == b.charAt(b.length() - 1);
        boolean near = switch (edits(a, b)) {
            case 1 ->
                longer == shorter
                        ? isSwap(a, b) || (sameStart && shorter >= 6)
                        : hasDoubledLetter(a, b)
                                || (sameStart && sameEnd && shorter >= 4)
                                || (sameStart && !sameEnd && shorter >= 5 && !isInflected(a, b))
                                || (!sameStart && sameEnd && shorter >= 6);
            case 2 -> sameStart && sameEnd && longer > shorter && longer >= 8;
            default -> false;
        };
        return near ? OTHER_SEPARATORS + edits(a, b) : NOT_NEAR;
    }

    private static boolean isSwap(String a, String b) {
        return a.chars().sum() == b.chars().sum();
    }

    /** Such as {@code URLL}: a key that was pressed too long. */
    private static boolean hasDoubledLetter(String a, String b) {
        String longer = a.length() > b.length() ? a : b;
        String shorter = a.length() > b.length() ? b : a;
        return DOUBLED.matcher(longer)
                .results()
                .anyMatch(pair -> without(pair.start(), longer).equals(shorter));
    }

    /** Keys, scheduler, cached: the end makes another word. */
    private static boolean isInflected(String a, String b) {
        String longer = a.length() > b.length() ? a : b;
        return "SRD".indexOf(longer.charAt(longer.length() - 1)) >= 0;
    }

    /** A name without what an editor or an env file leaves at its edges. */
    private static String clean(String name) {
        return Blank.strip(name);
    }

    private static String normal(String name) {
        return SEPARATORS.matcher(clean(name).toUpperCase(Locale.ROOT)).replaceAll("_");
    }

    private static List<String> digits(String name) {
        return NO_DIGITS.splitAsStream(name).filter(run -> !run.isEmpty()).toList();
    }

    /** The optimal string alignment distance: insertions, deletions, substitutions, swaps of two neighbours. */
    private static int edits(String a, String b) {
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
