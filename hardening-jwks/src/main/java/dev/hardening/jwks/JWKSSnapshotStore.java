package dev.hardening.jwks;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/**
 * A place that keeps the last good key set of one cache over a restart, so that a service that starts during an outage
 * has keys.
 * Anyone who can write to it can choose the keys. It has to be safe for use by several threads.
 */
public interface JWKSSnapshotStore {

    /**
     * A key set, as it was fetched.
     *
     * @param source the key endpoint; a set of another one is not used
     * @param fetchedAt when it was fetched or confirmed; its age counts from here, not from when it is read
     * @param jwkSet the public keys, as JSON (RFC 7517, section 5)
     */
    record Stored(String source, Instant fetchedAt, String jwkSet) {
        /**
         * Requires all of them.
         *
         * @param source the endpoint; not null
         * @param fetchedAt when the set was fetched; not null
         * @param jwkSet the set as JSON; not null
         */
        public Stored {
            Objects.requireNonNull(source, "source");
            Objects.requireNonNull(fetchedAt, "fetchedAt");
            Objects.requireNonNull(jwkSet, "jwkSet");
        }

        /** Prints the source without its query, which may be secret. */
        @Override
        public String toString() {
            String address = source.split("[?#]", 2)[0];
            return "Stored[source=" + address + ", fetchedAt=" + fetchedAt + ", jwkSet=" + jwkSet + "]";
        }
    }

    /**
     * Loads the last set that was saved.
     *
     * @return the set, or empty if there is none
     * @throws IOException if it cannot be read; the cache logs that and starts without it
     */
    Optional<Stored> load() throws IOException;

    /**
     * Replaces the set.
     *
     * @param stored the set to keep
     * @throws IOException if it cannot be written; the cache logs that and goes on
     */
    void save(Stored stored) throws IOException;

    /**
     * Keeps the set in one file, written atomically and readable by its owner only. Its directory has to exist. If
     * the path is a symbolic link, the file that it names is written.
     *
     * @param file the file; it need not exist yet
     * @return the store
     */
    static JWKSSnapshotStore file(Path file) {
        return new SnapshotFile(Objects.requireNonNull(file, "file"));
    }
}
