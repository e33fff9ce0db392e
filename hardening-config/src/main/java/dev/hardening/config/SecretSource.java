package dev.hardening.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A place where values are looked up by name. An implementation has to be safe for use by several threads if it is
 * shared, and should not throw: if it throws, the setting is reported as one that could not be looked up, without the
 * exception's message.
 */
public interface SecretSource {

    /**
     * Looks a name up. A blank value counts as none.
     *
     * @param name the name as declared; the look-up is exact
     * @return what was found, or empty if the source does not have the name
     */
    Optional<Found> find(String name);

    /**
     * {@return the names that the source has} They are for hints about misspelt names. The set is empty if the source
     * does not know them.
     */
    Set<String> names();

    /**
     * {@return where it looks, such as {@code environment}} The places are in the words of a message, and in the order
     * in which it looks. They never hold a value. By default there are none.
     */
    default List<String> places() {
        return List.of();
    }

    /** {@return a source of the process's environment variables} */
    static SecretSource environment() {
        return new MapSource(System.getenv(), MapSource.ENVIRONMENT);
    }

    /**
     * Makes a source of a copy of a map.
     *
     * @param values the values by name
     * @return the source
     * @throws NullPointerException if it is null or holds a null
     */
    static SecretSource of(Map<String, String> values) {
        return new MapSource(Map.copyOf(values), MapSource.MAP);
    }

    /**
     * Makes a source of a directory that has a file for each name, as Kubernetes and Docker mount secrets. The name
     * {@code a/b} is the file {@code b} in its directory {@code a}. Files are read when they are looked up: UTF-8, at
     * most 1 MiB, without a byte order mark and one trailing line break.
     *
     * <p>An entry that cannot be read is a problem of the setting that asks for it; an empty one counts as none. If the
     * directory does not exist or cannot be read, that is one problem, and only if a setting that was looked up there is
     * found in no other place.
     *
     * @param directory the directory; it need not exist yet
     * @return the source
     */
    static SecretSource directory(Path directory) {
        return DirectorySource.of(Objects.requireNonNull(directory, "directory"));
    }

    /**
     * Makes a source of the credentials that systemd passes to a service in {@code $CREDENTIALS_DIRECTORY}.
     *
     * @return a {@link #directory}, or an empty source if that variable is not set
     * @see <a href="https://systemd.io/CREDENTIALS/">System and Service Credentials</a>
     */
    static SecretSource systemdCredentials() {
        return DirectorySource.systemdCredentials(System.getenv("CREDENTIALS_DIRECTORY"));
    }

    /**
     * Adds another source, which is asked if this one has no value or a blank one. If this one has a value that cannot
     * be read, that is a problem, and the other is not asked.
     *
     * @param other the source to ask second
     * @return both as one source
     */
    default SecretSource orElse(SecretSource other) {
        return new FirstOf(this, Objects.requireNonNull(other, "other"));
    }

    /**
     * Adds the {@code NAME_FILE} convention: if {@code NAME} has no value, the file that {@code NAME_FILE} names is
     * read, as {@link #directory} reads its files. It is an error to set both. If {@code NAME_FILE} is declared as a
     * setting of its own beside {@code NAME}, it is that setting, and names no file of {@code NAME}.
     *
     * @return this source with that convention
     */
    default SecretSource withFiles() {
        return FileNameSource.over(this);
    }

    /**
     * What a source found for a name: a value, or why it cannot give one. Its text holds no value. Immutable and safe for
     * use by several threads.
     */
    final class Found {

        /** Why there is no value. */
        record Fault(Problem.Kind kind, String reason) {}

        private final transient Supplier<String> value;
        private final String origin;
        private final @Nullable Fault fault;
        private final List<Problem> unreachable;

        /**
         * Reports a value that was found.
         *
         * @param value the value as it is, not trimmed
         * @param origin where it came from, for messages, such as {@code environment}; never a part of the value
         */
        public Found(String value, String origin) {
            this(hidden(Objects.requireNonNull(value, "value")), origin);
        }

        /** Reports a value that no field of the supplier holds. */
        Found(Supplier<String> value, String origin) {
            this(value, origin, null, List.of());
        }

        private Found(Supplier<String> value, String origin, @Nullable Fault fault, List<Problem> unreachable) {
            this.value = value;
            this.origin = Objects.requireNonNull(origin, "origin");
            this.fault = fault;
            this.unreachable = unreachable;
        }

        private static Supplier<String> hidden(String value) {
            Hidden<String> hidden = Hidden.of(value);
            return () -> Hidden.reveal(hidden);
        }

        /**
         * Reports that there is no value, because the file or entry that should hold it is not there. The setting is
         * then missing, even an optional one.
         *
         * @param reason what is wrong, in words that follow the setting's name; never a part of a value
         * @param origin where it was looked up
         * @return the result for {@link SecretSource#find}
         */
        public static Found missing(String reason, String origin) {
            return failed(Problem.Kind.MISSING, reason, origin);
        }

        /**
         * Reports that there is no value, because the file or entry cannot be used. The setting is then invalid, even
         * an optional one.
         *
         * @param reason what is wrong, in words that follow the setting's name, such as
         *     {@code refers to K, which is not set}; never a part of a value
         * @param origin where it was looked up
         * @return the result for {@link SecretSource#find}
         */
        public static Found invalid(String reason, String origin) {
            return failed(Problem.Kind.INVALID, reason, origin);
        }

        private static Found failed(Problem.Kind kind, String reason, String origin) {
            return new Found(() -> "", origin, new Fault(kind, Objects.requireNonNull(reason, "reason")), List.of());
        }

        /** Reports that there is no value, because the place itself, which the origin names, cannot be asked. */
        static Found unreachable(String reason, String origin) {
            return new Found(() -> "", origin, null, List.of(new Problem(origin, Problem.Kind.INVALID, reason, null)));
        }

        /** What two places found if neither has a value: nothing, and the places of both that cannot be asked. */
        Found orElse(Found other) {
            return new Found(
                    other.value,
                    other.origin,
                    other.fault,
                    Stream.concat(unreachable.stream(), other.unreachable.stream())
                            .toList());
        }

        /** {@return the value as it is} It is empty if the place could not give one. */
        public String value() {
            return value.get();
        }

        /** {@return where the value came from, such as {@code environment}} */
        public String origin() {
            return origin;
        }

        Optional<Fault> fault() {
            return Optional.ofNullable(fault);
        }

        /** The places that could not be asked. */
        List<Problem> unreachable() {
            return unreachable;
        }

        /** Whether the next source is asked: the value is blank, or the place could not be asked. */
        boolean isAbsent() {
            return fault == null && Blank.isBlank(value());
        }

        @Override
        public String toString() {
            return OneLine.of("Found[redacted, origin=" + origin + "]");
        }
    }
}
