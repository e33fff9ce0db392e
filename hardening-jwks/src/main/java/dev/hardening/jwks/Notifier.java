package dev.hardening.jwks;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reports to the log, the store and the listener what a cache does: in order, one event at a time, on a worker. A
 * listener or a store that blocks delays only later events of its own cache.
 */
final class Notifier {

    private static final Logger LOG = LoggerFactory.getLogger(JWKSCache.class);
    private static final int MAX_REPORTED = 1_000;
    private static final int MAX_WAITING = 1_000;
    private static final int MAX_KID = 256;

    private final String endpoint;
    private final @Nullable JWKSCacheListener listener;
    private final @Nullable SavedKeys store;
    private final Executor workers;

    private final ReentrantLock lock = new ReentrantLock();
    // Guarded by the lock.
    private final Set<Long> reported = new HashSet<>();
    private final Queue<Runnable> news = new ArrayDeque<>();
    private boolean delivering;

    Notifier(String endpoint, @Nullable JWKSCacheListener listener, @Nullable SavedKeys store, Executor workers) {
        this.endpoint = endpoint;
        this.listener = listener;
        this.store = store;
        this.workers = workers;
    }

    /** The key endpoint, as messages name it. */
    String endpoint() {
        return endpoint;
    }

    /**
     * Logs the outcome of a fetch.
     *
     * @param outcome null if it was dropped
     */
    void log(Fetch.@Nullable Outcome outcome, JWKSCacheStatus status) {
        if (outcome == null) {
            LOG.debug("Dropped an answer of {}: the keys were invalidated after it was asked for", endpoint);
        } else if (outcome instanceof Fetch.Outcome.Success) {
            LOG.debug("Fetched {} keys of {}", status.keyCount(), endpoint);
        } else {
            LOG.warn(
                    "Could not refresh the keys of {}: {}; {}",
                    endpoint,
                    status.lastError(),
                    status.state() == JWKSCacheStatus.State.UNAVAILABLE ? "there are none" : "the old keys stay");
        }
    }

    /** Queues the outcome of a fetch for the store and the listener. */
    void concluded(Fetch.Outcome outcome, JWKSCacheStatus status) {
        if (outcome instanceof Fetch.Outcome.Success success) {
            SavedKeys saves = store;
            Instant fetchedAt = status.lastSuccess();
            if (saves != null && fetchedAt != null) {
                later(() -> saves.save(success.keys(), fetchedAt));
            }
            tell(hears -> hears.refreshed(status));
        } else {
            tell(hears -> hears.refreshFailed(status));
        }
    }

    /**
     * A key of the set is not used. It is reported once.
     *
     * @param fingerprint distinguishes it from other keys with the same id or without one
     */
    void rejected(@Nullable String kid, String reason, int fingerprint) {
        String shown = kid == null || kid.length() <= MAX_KID ? kid : kid.substring(0, MAX_KID) + "…";
        long hash = 31L * (31L * (kid == null ? 0 : kid.hashCode()) + reason.hashCode()) + fingerprint;
        lock.lock();
        try {
            if (reported.size() >= MAX_REPORTED || !reported.add(hash)) {
                return;
            }
        } finally {
            lock.unlock();
        }
        LOG.warn("A key of {} is {}", endpoint, reason);
        tell(hears -> hears.keyRejected(shown, reason));
    }

    private void tell(Consumer<JWKSCacheListener> event) {
        JWKSCacheListener hears = listener;
        if (hears != null) {
            later(() -> {
                try {
                    event.accept(hears);
                } catch (Throwable thrown) { // thrown by the caller's code: it changes nothing here
                    LOG.warn(
                            "A listener of the key cache threw {}",
                            thrown.getClass().getName());
                }
            });
        }
    }

    private void later(Runnable task) {
        lock.lock();
        try {
            if (news.size() == MAX_WAITING) {
                news.remove(); // a listener that blocks for days gets only the last events
            }
            news.add(task);
        } finally {
            lock.unlock();
        }
    }

    /** Delivers the waiting events, on a worker. */
    void deliver() {
        lock.lock();
        try {
            if (delivering || news.isEmpty()) {
                return;
            }
            delivering = true;
        } finally {
            lock.unlock();
        }
        try {
            workers.execute(this::deliverAll);
        } catch (Throwable exhausted) { // there may be no thread left to start: the next event tries again
            lock.lock();
            try {
                delivering = false;
            } finally {
                lock.unlock();
            }
        }
    }

    private void deliverAll() {
        for (Runnable next = next(); next != null; next = next()) {
            next.run();
        }
    }

    private @Nullable Runnable next() {
        lock.lock();
        try {
            Runnable next = news.poll();
            delivering = next != null;
            return next;
        } finally {
            lock.unlock();
        }
    }
}
