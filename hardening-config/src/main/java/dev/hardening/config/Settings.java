package dev.hardening.config;

import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;

/** The validated values of the declared settings. Immutable and safe for use by several threads. */
public final class Settings {

    private final Map<String, Setting<?>> declared;
    private final transient Hidden<Map<String, Object>> values;

    Settings(Map<String, Setting<?>> declared, Map<String, Object> values) {
        this.declared = declared;
        this.values = Hidden.of(Map.copyOf(values));
    }

    /**
     * Gets the value of a setting that is set.
     *
     * @param <T> the type of the value
     * @param setting as it was declared
     * @return the value; not null
     * @throws NoSuchElementException if the setting may be absent, and is
     * @throws IllegalArgumentException if it was not declared to the validator, or as another type
     */
    public <T> T get(Setting<T> setting) {
        return find(setting)
                .orElseThrow(() ->
                        new NoSuchElementException(setting.name() + " is not set: where it may be absent, use find()"));
    }

    /**
     * Gets the value of a setting that may be absent.
     *
     * @param <T> the type of the value
     * @param setting as it was declared
     * @return the value, or empty if it is not set
     * @throws IllegalArgumentException if it was not declared to the validator, or as another type
     */
    public <T> Optional<T> find(Setting<T> setting) {
        Setting<?> known = declared.get(setting.name());
        if (known == null) {
            throw new IllegalArgumentException(setting.name() + " was not declared to the validator");
        }
        if (!known.type().isSameAs(setting.type())) {
            throw new IllegalArgumentException(
                    setting.name() + " was declared as " + known.type().declaration());
        }
        @SuppressWarnings("unchecked") // the declared setting of the same type read it
        T value = (T) Hidden.reveal(values).get(setting.name());
        return Optional.ofNullable(value);
    }

    /** Prints the names of the settings that are set, and no value. */
    @Override
    public String toString() {
        return "Settings"
                + declared.keySet().stream()
                        .filter(Hidden.reveal(values)::containsKey)
                        .toList();
    }
}
