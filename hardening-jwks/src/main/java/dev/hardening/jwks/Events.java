package dev.hardening.jwks;

import dev.hardening.jwks.Flight.Landing;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells the log and the listener what a cache does: in the order in which it happened, one thing at a time. */
final class Events {

    private static final Logger LOG = LoggerFactory.getLogger(JWKSCache.class);
    private static final int MAX_REPORTED = 1_000;

    private final String place;
    private final @Nullable JWKSCacheListener listener;
    private final Set<String> reported = ConcurrentHashMap.newKeySet();
    private final Queue<Runnable> queue = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean telling = new AtomicBoolean();

    Events(String place, @Nullable JWKSCacheListener listener) {
        this.place = place;
        this.listener = listener;
    }

    /** Logs what became of a fetch. */
    void log(Landing result, JWKSCacheStatus status) {
        switch (result) {
            case SUPERSEDED -> LOG.debug("Dropped an answer of {}: the keys were invalidated meanwhile", place);
            case SUCCEEDED -> LOG.debug("Fetched {} keys of {}", status.keyCount(), place);
            case FAILED ->
                LOG.warn(
                        "Could not refresh the keys of {}: {}; {}",
                        place,
                        status.lastError(),
                        status.state() == JWKSCacheStatus.State.UNAVAILABLE ? "there are none" : "the old keys stay");
        }
    }

    /** Keeps in mind that the listener has to hear what became of a fetch. */
    void landed(Landing result, JWKSCacheStatus status) {
        if (result == Landing.SUCCEEDED) {
            later(told -> told.refreshed(status));
        } else if (result == Landing.FAILED) {
            later(told -> told.refreshFailed(status));
        }
    }

    /** Logs that a key is not used, once, and keeps in mind that the listener has to hear it. */
    void rejected(@Nullable String kid, String reason, int fingerprint) {
        if (reported.size() < MAX_REPORTED && reported.add(kid + " " + reason + " " + fingerprint)) {
            LOG.warn("A key of {} is {}", place, reason);
            later(told -> told.keyRejected(kid, reason));
        }
    }

    private void later(Consumer<JWKSCacheListener> event) {
        JWKSCacheListener told = listener;
        if (told != null) {
            later(() -> {
                try {
                    event.accept(told);
                } catch (Throwable thrown) {
                    LOG.warn(
                            "A listener of the key cache threw {}",
                            thrown.getClass().getName());
                }
            });
        }
    }

    /** Keeps something else in mind that has its place in the order. */
    void later(Runnable task) {
        queue.add(task);
    }

    /** Tells what is kept in mind, by an executor, unless there is nothing. */
    void tell(Executor executor) {
        if (!queue.isEmpty()) {
            executor.execute(this::tellAll);
        }
    }

    private void tellAll() {
        while (!queue.isEmpty() && telling.compareAndSet(false, true)) { // else whoever is at it looks again
            try {
                Runnable next = queue.poll();
                while (next != null) {
                    next.run();
                    next = queue.poll();
                }
            } finally {
                telling.set(false);
            }
        }
    }
}
