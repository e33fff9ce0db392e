package dev.hardening.config;

import java.util.List;
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

    Optional<Problem> complaint(Set<String> set) {
        List<String> chosen = names.stream().filter(set::contains).toList();
        if (chosen.size() == 1 || (chosen.size() > 1 && !onlyOne)) {
            return Optional.empty();
        }
        String rule = (onlyOne ? "exactly one" : "at least one") + " of them must be set, but "
                + (chosen.isEmpty() ? "none is" : String.join(" and ", chosen) + " are");
        return Optional.of(new Problem(String.join(", ", names), Problem.Kind.INVALID, rule, null));
    }
}
