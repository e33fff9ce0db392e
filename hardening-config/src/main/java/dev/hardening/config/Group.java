package dev.hardening.config;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** How many of a group's settings have to be set: exactly one, or at least one. */
record Group(boolean onlyOne, List<String> names) {

    static final String EXACTLY_ONE = "exactlyOne";
    static final String AT_LEAST_ONE = "atLeastOne";

    /** Its rule as a declaration file names it. */
    String rule() {
        return onlyOne ? EXACTLY_ONE : AT_LEAST_ONE;
    }

    boolean isEmpty(Set<String> set) {
        return names.stream().noneMatch(set::contains);
    }

    /**
     * What is wrong with it, if anything.
     *
     * @param hints for a name that is not set, the one that was found instead
     */
    Optional<Problem> complaint(Set<String> set, Map<String, String> hints) {
        List<String> chosen = names.stream().filter(set::contains).toList();
        if (chosen.size() == 1 || (chosen.size() > 1 && !onlyOne)) {
            return Optional.empty();
        }
        String rule = (onlyOne ? "exactly one" : "at least one") + " of them must be set, but "
                + (chosen.isEmpty() ? "none is" + found(hints) : String.join(" and ", chosen) + " are");
        return Optional.of(new Problem(String.join(", ", names), Problem.Kind.INVALID, rule, null));
    }

    private String found(Map<String, String> hints) {
        List<String> found = names.stream()
                .flatMap(name -> Optional.ofNullable(hints.get(name)).stream())
                .toList();
        return found.isEmpty() ? "" : ": " + String.join(", and ", found);
    }
}
