package dev.hardening.config;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

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
        Set<String> names = new LinkedHashSet<>(first.names());
        names.addAll(second.names());
        return names;
    }

    @Override
    public List<String> places() {
        return Stream.concat(first.places().stream(), second.places().stream())
                .distinct()
                .toList();
    }

    @Override
    public String toString() {
        return first + ", then " + second;
    }
}
