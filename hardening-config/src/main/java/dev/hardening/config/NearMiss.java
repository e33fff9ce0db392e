package dev.hardening.config;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Finds the name that somebody set instead of the declared one. It is better to give no hint than a false one: a name
 * that is declared itself is never a candidate, names that differ in a digit are two names, and two equally near
 * candidates are none.
 */
final class NearMiss {

    /** What front-end tools put before the variables that they pass on. */
    private static final List<String> PREFIXES = List.of(
            "VITE_", "NEXT_PUBLIC_", "REACT_APP_", "NUXT_PUBLIC_", "NUXT_", "EXPO_PUBLIC_", "GATSBY_", "PUBLIC_");

    private static final Pattern PRINTABLE = Pattern.compile("[A-Za-z0-9_.-]{1,128}");
    private static final Pattern SEPARATORS = Pattern.compile("[-.]");

    private NearMiss() {}

    /** The one name of those set that was probably meant to be the declared one. */
    static Optional<String> of(String declared, Collection<String> candidates) {
        List<String> nearest = new ArrayList<>();
        int least = Integer.MAX_VALUE;
        for (String candidate : candidates) {
            int distance = PRINTABLE.matcher(candidate).matches() ? distance(declared, candidate) : Integer.MAX_VALUE;
            if (distance < least) {
                nearest.clear();
                least = distance;
            }
            if (distance == least && distance < Integer.MAX_VALUE) {
                nearest.add(candidate);
            }
        }
        return nearest.size() == 1 ? Optional.of(nearest.get(0)) : Optional.empty();
    }

    private static int distance(String declared, String candidate) {
        String wanted = normal(declared);
        String found = normal(candidate);
        if (wanted.equals(found) || PREFIXES.stream().anyMatch(prefix -> found.equals(prefix + wanted))) {
            return 0;
        }
        int allowed = wanted.length() >= 9 ? 2 : wanted.length() >= 5 ? 1 : 0;
        if (Math.abs(wanted.length() - found.length()) > allowed
                || !digits(wanted).equals(digits(found))) {
            return Integer.MAX_VALUE;
        }
        int edits = edits(wanted, found);
        return edits <= allowed ? edits : Integer.MAX_VALUE;
    }

    private static String normal(String name) {
        return SEPARATORS.matcher(name.toUpperCase(Locale.ROOT)).replaceAll("_");
    }

    private static String digits(String name) {
        return name.chars()
                .filter(Character::isDigit)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
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
