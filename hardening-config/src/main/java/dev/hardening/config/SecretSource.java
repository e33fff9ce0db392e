package dev.hardening.config;

import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A place where values are looked up by name. An implementation has to be safe for use by several threads if it is
 * shared, and should not throw: what it throws is reported as unreadable, without its message.
 */
public interface SecretSource {

    /**
     * The value of a name, or empty if the source does not have it. A blank value counts as none.
     *
     * @param name the name as declared; the look-up is exact
     */
    Optional<Found> find(String name);

    /** The names that the source has, for hints about near misses; empty where it cannot tell. */
    Set<String> names();

    /** The process's environment variables. */
    static SecretSource environment() {
        return new MapSource(System.getenv(), "environment");
    }

    /**
     * A copy of a map.
     *
     * @throws NullPointerException if it is null or holds a null
     */
    static SecretSource of(Map<String, String> values) {
        return new MapSource(Map.copyOf(values), "map");
    }

    /**
     * A directory with a file for each name, as Kubernetes and Docker mount secrets. Files are read when they are
     * looked up: UTF-8, at most 1 MiB, less a byte order mark and one trailing line break. An absent directory has no
     * names; an entry that cannot be read is a problem of the setting that asks for it.
     */
    static SecretSource directory(Path directory) {
        return new DirectorySource(Objects.requireNonNull(directory, "directory"), "directory " + directory);
    }

    /**
     * The credentials that systemd passes to a service in {@code $CREDENTIALS_DIRECTORY}; empty outside of one.
     *
     * @see <a href="https://systemd.io/CREDENTIALS/">System and Service Credentials</a>
     */
    static SecretSource systemdCredentials() {
        return DirectorySource.systemdCredentials(System.getenv("CREDENTIALS_DIRECTORY"));
    }

    /** This source, and where it has no value or a blank one, another. A value that cannot be read is not passed over. */
    default SecretSource orElse(SecretSource other) {
        return new FirstOf(this, Objects.requireNonNull(other, "other"));
    }

    /**
     * This source with the {@code NAME_FILE} convention: where {@code NAME} has no value, the file that
     * {@code NAME_FILE} names is read, as {@link #directory} reads its own. To set both is an error.
     */
    default SecretSource withFiles() {
        return new FileNameSource(this);
    }

    /** A value with the place that it came from. Its text holds no value. */
    final class Found {

        /** What keeps a place from giving a value: absent counts as missing, anything else as invalid. */
        record Fault(Problem.Kind kind, String reason) {}

        private final transient String value; // transient: see Secret
        private final String origin;
        private final @Nullable Fault fault;

        /**
         * A value that was found.
         *
         * @param value the value as it is, not trimmed
         * @param origin where it came from, for messages, such as {@code environment}; never a part of the value
         */
        public Found(String value, String origin) {
            this(Objects.requireNonNull(value, "value"), Objects.requireNonNull(origin, "origin"), null);
        }

        private Found(String value, String origin, @Nullable Fault fault) {
            this.value = value;
            this.origin = origin;
            this.fault = fault;
        }

        static Found unusable(Problem.Kind kind, String reason, String origin) {
            return new Found("", origin, new Fault(kind, reason));
        }

        /** The value as it is; empty if the place could not give one. */
        public String value() {
            return value;
        }

        /** Where the value came from. */
        public String origin() {
            return origin;
        }

        Optional<Fault> fault() {
            return Optional.ofNullable(fault);
        }

        boolean isBlank() {
            return fault == null && Blank.isBlank(value);
        }

        @Override
        public String toString() {
            return OneLine.of("Found[redacted, origin=" + origin + "]");
        }
    }
}
