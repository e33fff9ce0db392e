package dev.hardening.jwks;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reports to the log, the store and the listener what a cache does: in order, one event at a time, on a worker. A
 * listener or a store that blocks delays only later events of its own cache, and no log line. A log that blocks or throws
 * holds up nothing but itself.
 */
final class Notifier {

    private static final Logger LOG = LoggerFactory.getLogger(JWKSCache.class);
    private static final int MAX_REPORTED = 1_000;
    private static final int MAX_WAITING = 1_000;
    private static final int MAX_KID = 256;

    private final String endpoint;
    private final @Nullable JWKSCacheListener listener;
    private final @Nullable SavedKeys store;
    private final TaskQueue log;
    private final TaskQueue news;
    private final ReentrantLock lock = new ReentrantLock();
    // Guarded by the lock.
    private final Map<Long, Long> reported = new HashMap<>(); // with the number of successes when it was last in a set
    private long successes;

    Notifier(String endpoint, @Nullable JWKSCacheListener listener, @Nullable SavedKeys store, Executor workers) {
        this.endpoint = endpoint;
        this.listener = listener;
        this.store = store;
        this.log = new TaskQueue(workers);
        this.news = new TaskQueue(workers);
    }

    /** The key endpoint, as messages name it. */
    String endpoint() {
        return endpoint;
    }

    /**
     * Queues the outcome of a fetch for the log.
     *
     * @param outcome null if it is only a fallback
     */
    void log(Fetch.@Nullable Outcome outcome, JWKSCacheStatus status) {
        log.add(() -> write(outcome, status));
    }

    private void write(Fetch.@Nullable Outcome outcome, JWKSCacheStatus status) {
        if (outcome == null) {
            LOG.debug("An answer of {} is only a fallback: the keys were invalidated after it was asked for", endpoint);
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
            forgetReported();
            SavedKeys saves = store;
            Instant fetchedAt = status.lastSuccess();
            if (saves != null && fetchedAt != null) {
                news.add(() -> saves.save(success.keys(), fetchedAt));
            }
            tell(hears -> hears.refreshed(status));
        } else {
            tell(hears -> hears.refreshFailed(status));
        }
    }

    /**
     * A key of the set is not used. It is reported once. Of more than 1,000 keys, the others are not reported; then those
     * that are no longer in the set are forgotten.
     *
     * @param fingerprint distinguishes it from other keys with the same id or without one
     */
    void rejected(@Nullable String kid, String reason, int fingerprint) {
        String shown = kid == null ? null : shown(kid);
        long hash = 31L * (31L * (kid == null ? 0 : kid.hashCode()) + reason.hashCode()) + fingerprint;
        lock.lock();
        try {
            boolean isNew = !reported.containsKey(hash);
            if (isNew && reported.size() >= MAX_REPORTED) {
                return;
            }
            reported.put(hash, successes);
            if (!isNew) {
                return;
            }
        } finally {
            lock.unlock();
        }
        log.add(() -> LOG.warn("A key of {} is {}", endpoint, reason));
        tell(hears -> hears.keyRejected(shown, reason));
    }

    private static String shown(String kid) {
        return LogText.oneLine(kid.length() <= MAX_KID ? kid : kid.substring(0, MAX_KID) + "…");
    }

    /** If there are many, forgets those that the last set lacked. */
    private void forgetReported() {
        lock.lock();
        try {
            if (reported.size() >= MAX_REPORTED) {
                reported.values().removeIf(seen -> seen < successes);
            }
            successes++;
        } finally {
            lock.unlock();
        }
    }

    private void tell(Consumer<JWKSCacheListener> event) {
        JWKSCacheListener hears = listener;
        if (hears != null) {
            news.add(() -> {
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

    /** Delivers what is queued, on a worker. */
    void deliver() {
        log.deliver();
        news.deliver();
    }

    /** Runs tasks in order, one at a time, on a worker. What a task throws is dropped. */
    private static final class TaskQueue {

        private final Executor workers;
        private final ReentrantLock lock = new ReentrantLock();
        // Guarded by the lock.
        private final Queue<Runnable> tasks = new ArrayDeque<>();
        private boolean delivering;

        TaskQueue(Executor workers) {
            this.workers = workers;
        }

        void add(Runnable task) {
            lock.lock();
            try {
                if (tasks.size() == MAX_WAITING) {
                    tasks.remove(); // a listener that blocks for days gets only the last events
                }
                tasks.add(task);
            } finally {
                lock.unlock();
            }
        }

        void deliver() {
            lock.lock();
            try {
                if (delivering || tasks.isEmpty()) {
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
                try {
                    next.run();
                } catch (Throwable thrown) { // by the log: there is no other place to say so
                }
            }
        }

        private @Nullable Runnable next() {
            lock.lock();
            try {
                Runnable next = tasks.poll();
                delivering = next != null;
                return next;
            } finally {
                lock.unlock();
            }
        }
    }
}
