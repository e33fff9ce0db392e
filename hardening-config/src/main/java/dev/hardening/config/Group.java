package dev.hardening.config;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Settings of which one or more have to be set. */
record Group(Rule rule, List<String> names) {

    /** How many have to be set. */
    enum Rule {
        EXACTLY_ONE("exactlyOne", "exactly one"),
        AT_LEAST_ONE("atLeastOne", "at least one");

        /** Its name in a declaration file. */
        final String word;

        private final String number;

        Rule(String word, String number) {
            this.word = word;
            this.number = number;
        }

        static Optional<Rule> of(String word) {
            return Arrays.stream(values())
                    .filter(rule -> rule.word.equals(word))
                    .findFirst();
        }

        private boolean allows(int count) {
            return count == 1 || (count > 1 && this == AT_LEAST_ONE);
        }
    }

    boolean isEmpty(Set<String> set) {
        return names.stream().noneMatch(set::contains);
    }

    /**
     * What is wrong with it, if anything.
     *
     * @param hints for a name that is not set, the one that was found instead
     */
    Optional<Problem> problem(Set<String> set, Map<String, String> hints) {
        List<String> chosen = names.stream().filter(set::contains).toList();
        if (rule.allows(chosen.size())) {
            return Optional.empty();
        }
        String reason = rule.number + " of them must be set, but "
                + (chosen.isEmpty() ? "none is" + found(hints) : String.join(" and ", chosen) + " are");
        return Optional.of(new Problem(String.join(", ", names), Problem.Kind.INVALID, reason, null));
    }

    private String found(Map<String, String> hints) {
        List<String> found = names.stream()
                .flatMap(name -> Optional.ofNullable(hints.get(name)).stream())
                .toList();
        return found.isEmpty() ? "" : ": " + String.join(", and ", found);
    }
}
