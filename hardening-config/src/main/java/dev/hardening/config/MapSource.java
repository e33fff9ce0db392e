package dev.hardening.config;

import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The environment, or any other map. */
record MapSource(Map<String, String> values, String origin) implements SecretSource {

    @Override
    public Optional<Found> find(String name) {
        return Optional.ofNullable(values.get(name)).map(value -> new Found(value, origin));
    }

    @Override
    public Set<String> names() {
        return values.keySet();
    }

    @Override
    public String toString() {
        return "SecretSource[" + origin + "]";
    }
}
