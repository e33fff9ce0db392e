package dev.hardening.config;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The environment, or any other map. */
final class MapSource implements SecretSource {

    static final String ENVIRONMENT = "environment";
    static final String MAP = "map";

    private final transient Hidden<Map<String, String>> values;
    private final String origin;

    MapSource(Map<String, String> values, String origin) {
        this.values = Hidden.of(values);
        this.origin = origin;
    }

    @Override
    public Optional<Found> find(String name) {
        return Optional.ofNullable(Hidden.reveal(values).get(name)).map(value -> new Found(value, origin));
    }

    @Override
    public Set<String> names() {
        return Hidden.reveal(values).keySet();
    }

    @Override
    public List<String> places() {
        return List.of(origin);
    }

    @Override
    public String toString() {
        return "SecretSource[" + origin + "]";
    }
}
