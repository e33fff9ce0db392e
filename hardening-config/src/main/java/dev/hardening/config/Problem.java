package dev.hardening.config;

import java.io.Serializable;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One thing that is wrong with one setting, or with one group of them. There is no field that could hold a value. Each
 * text is a single line: control characters in it, such as the line breaks of a path, are shown as escapes.
 *
 * @param name the setting's name; for a group, its names joined by {@code ", "}; for a place that could not be
 *     asked, the place
 * @param kind what is wrong
 * @param reason what is wrong, in words that follow the name
 * @param origin where the value came from, such as {@code environment}; null when none was found
 * @serial exclude
 */
@SuppressWarnings("InvalidBlockTag") // Error Prone knows @serial for classes only
public record Problem(
        String name, Kind kind, String reason, @Nullable String origin) implements Serializable {

    /** What is wrong. */
    public enum Kind {
        /** There is no value, or a blank one. */
        MISSING,
        /** There is a value, but it breaks a rule or could not be read. */
        INVALID
    }

    /**
     * Checks for null, and makes each text a single line.
     *
     * @param kind whether the value is absent or unusable; not null
     * @param name the setting's name, the names of a group, or the place; not null
     * @param reason what is wrong; not null
     * @param origin where the value came from; null when none was found
     * @throws NullPointerException if the name, the kind or the reason is null
     */
    public Problem {
        name = OneLine.of(Objects.requireNonNull(name, "name"));
        Objects.requireNonNull(kind, "kind");
        reason = OneLine.of(Objects.requireNonNull(reason, "reason"));
        origin = origin == null ? null : OneLine.of(origin);
    }
}
