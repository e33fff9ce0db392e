package dev.hardening.config;

import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

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
     * looked up: UTF-8, at most 1 MiB, less one trailing line break. An absent directory has no names.
     */
    static SecretSource directory(Path directory) {
        return new DirectorySource(directory, "directory " + directory);
    }

    /**
     * The credentials that systemd passes to a service in {@code $CREDENTIALS_DIRECTORY}; empty outside of one.
     *
     * @see <a href="https://systemd.io/CREDENTIALS/">System and Service Credentials</a>
     */
    static SecretSource systemdCredentials() {
        return DirectorySource.systemdCredentials(System.getenv("CREDENTIALS_DIRECTORY"));
    }

    /** This source, and where it has no value or a blank one, another. */
    default SecretSource orElse(SecretSource other) {
        Objects.requireNonNull(other, "other");
        SecretSource first = this;
        return new SecretSource() {
            @Override
            public Optional<Found> find(String name) {
                Optional<Found> found = first.find(name);
                return found.isPresent() && !found.get().isBlank()
                        ? found
                        : other.find(name).or(() -> found);
            }

            @Override
            public Set<String> names() {
                Set<String> names = new LinkedHashSet<>(first.names());
                names.addAll(other.names());
                return names;
            }
        };
    }

    /**
     * This source with the {@code NAME_FILE} convention: where {@code NAME} has no value, the file that
     * {@code NAME_FILE} names is read. To set both is an error.
     */
    default SecretSource withFiles() {
        return new FileNameSource(this);
    }

    /** A value with the place that it came from. Its text holds no value. */
    final class Found {

        /** What keeps a place from giving a value: absent counts as missing, anything else as invalid. */
        record Fault(Problem.Kind kind, String reason) {}

        private final String value;
        private final String origin;
        private final Optional<Fault> fault;

        /**
         * A value that was found.
         *
         * @param value the value as it is, not trimmed
         * @param origin where it came from, for messages, such as {@code environment}; never a part of the value
         */
        public Found(String value, String origin) {
            this(Objects.requireNonNull(value, "value"), Objects.requireNonNull(origin, "origin"), Optional.empty());
        }

        private Found(String value, String origin, Optional<Fault> fault) {
            this.value = value;
            this.origin = origin;
            this.fault = fault;
        }

        static Found unusable(Problem.Kind kind, String reason, String origin) {
            return new Found("", origin, Optional.of(new Fault(kind, reason)));
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
            return fault;
        }

        boolean isBlank() {
            return fault.isEmpty() && Blank.isBlank(value);
        }

        @Override
        public String toString() {
            return "Found[redacted, origin=" + origin + "]";
        }
    }
}
