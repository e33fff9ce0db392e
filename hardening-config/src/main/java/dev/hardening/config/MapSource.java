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
        return Hidden.reveal(values).containsKey(name)
                ? Optional.of(new Found(() -> value(name), origin))
                : Optional.empty();
    }

    private String value(String name) {
        return String.valueOf(Hidden.reveal(values).get(name));
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
