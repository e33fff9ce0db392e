package dev.hardening.config;

import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** A source, and another that is asked if the first has no value or a blank one. */
record FirstOf(SecretSource first, SecretSource second) implements SecretSource {

    @Override
    public Optional<Found> find(String name) {
        Optional<Found> found = first.find(name);
        if (found.isPresent() && !found.get().isAbsent()) {
            return found;
        }
        Optional<Found> next = second.find(name);
        if (found.isEmpty() || next.isEmpty()) {
            return next.or(() -> found);
        }
        return next.get().isAbsent() ? Optional.of(found.get().orElse(next.get())) : next;
    }

    @Override
    public Set<String> names() {
        return union(SecretSource::names);
    }

    @Override
    public List<String> places() {
        return List.copyOf(union(SecretSource::places));
    }

    /** What both have, or one of them if the other throws: a hint from one source does not depend on the other. */
    private Set<String> union(Function<SecretSource, Collection<String>> texts) {
        Set<String> union = new LinkedHashSet<>();
        for (SecretSource source : List.of(first, second)) {
            try {
                union.addAll(List.copyOf(texts.apply(source)));
            } catch (Throwable notShown) {
                // Names and places are optional: go on without this source's.
            }
        }
        return union;
    }

    @Override
    public String toString() {
        return first + ", then " + second;
    }
}
