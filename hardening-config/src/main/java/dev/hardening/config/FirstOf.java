package dev.hardening.config;

import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;

/** A source, and where it has no value or a blank one, another. */
record FirstOf(SecretSource first, SecretSource second) implements SecretSource {

    @Override
    public Optional<Found> find(String name) {
        Optional<Found> found = first.find(name);
        return found.isPresent() && !found.get().isBlank()
                ? found
                : second.find(name).or(() -> found);
    }

    @Override
    public Set<String> names() {
        Set<String> names = new LinkedHashSet<>(first.names());
        names.addAll(second.names());
        return names;
    }

    @Override
    public String toString() {
        return first + ", else " + second;
    }
}
