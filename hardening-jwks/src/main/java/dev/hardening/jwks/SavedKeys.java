package dev.hardening.jwks;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The last good keys in the caller's store, which may be damaged, old or broken. */
final class SavedKeys {

    private static final Logger LOG = LoggerFactory.getLogger(JWKSCache.class);

    private static final Duration CLOCKS_DIFFER = Duration.ofMinutes(10);

    private final JWKSSnapshotStore store;
    private final URI source;
    private final String place;
    private final Clock clock;

    SavedKeys(JWKSSnapshotStore store, URI source, String place, Clock clock) {
        this.store = store;
        this.source = source;
        this.place = place;
        this.clock = clock;
    }

    /** Keys that were saved. */
    record Restored(KeySet keys, Duration age, Instant fetchedAt) {}

    /** The saved keys, if they are of this endpoint and were fetched recently enough. */
    Optional<Restored> restore(Duration staleFor, KeySetParser.Rejections rejections) {
        try {
            JWKSSnapshotStore.Stored stored = store.load().orElse(null);
            if (stored == null || !stored.source().equals(source.toString())) {
                return Optional.empty();
            }
            Duration age = Duration.between(stored.fetchedAt(), clock.instant());
            if (age.isNegative() && age.plus(CLOCKS_DIFFER).compareTo(Duration.ZERO) >= 0) {
                age = Duration.ZERO; // the clock was set back, or another machine's is ahead
            }
            if (age.isNegative() || age.compareTo(staleFor) >= 0) {
                LOG.info("Passed over the saved keys of {}: they were fetched too long ago, or in the future", place);
                return Optional.empty();
            }
            KeySet keys = KeySetParser.parse(stored.jwkSet().getBytes(StandardCharsets.UTF_8), null, rejections);
            return Optional.of(new Restored(keys, age, stored.fetchedAt()));
        } catch (IOException | RuntimeException | Error damaged) {
            LOG.warn(
                    "Could not use the saved keys of {}: {}",
                    place,
                    damaged.getClass().getSimpleName());
            return Optional.empty();
        }
    }

    /**
     * Saves keys.
     *
     * @param fetchedAt when they were fetched: a store that blocked may save them much later
     */
    void save(KeySet fetched, Instant fetchedAt) {
        try {
            store.save(new JWKSSnapshotStore.Stored(
                    source.toString(), fetchedAt, fetched.jwkSet().toString(true)));
        } catch (IOException | RuntimeException | Error unwritable) {
            LOG.warn(
                    "Could not save the keys of {}: {}",
                    place,
                    unwritable.getClass().getSimpleName());
        }
    }
}
