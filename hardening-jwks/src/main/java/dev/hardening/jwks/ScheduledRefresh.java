package dev.hardening.jwks;

import java.lang.ref.WeakReference;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The one task of a cache in the timer: it calls the state when a refresh may be due. It holds the state weakly, so that a
 * cache which nothing refers to ends. Guarded by the state's lock.
 */
final class ScheduledRefresh {

    private static final long SHORTEST = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long POLL = TimeUnit.MILLISECONDS.toNanos(250);

    private final Threads threads;
    private final boolean pollsTicker;
    private final WeakReference<RefreshState> state;
    private @Nullable Future<?> task;
    private long setFor; // the time for which the task is set
    private boolean ended;

    /**
     * Nothing is scheduled yet.
     *
     * @param pollsTicker whether the state's ticker may run faster or slower than the timer; if so, the state is called
     *     every 250 ms
     */
    ScheduledRefresh(Threads threads, boolean pollsTicker, RefreshState state) {
        this.threads = threads;
        this.pollsTicker = pollsTicker;
        this.state = new WeakReference<>(state);
    }

    /**
     * Sets when the state is called. If it is set for the same moment already, it stays as it is: setting it again and
     * again must not put it off.
     *
     * @param now the state's ticker
     * @param nanos how much later the state has to be called; negative if it should have been called already
     */
    void set(long now, long nanos) {
        if (ended || (task != null && setFor == now + nanos)) {
            return;
        }
        unset();
        setFor = now + nanos;
        task = threads.schedule(this::run, Math.max(SHORTEST, pollsTicker ? Math.min(POLL, nanos) : nanos));
    }

    /** Cancels the task, also after it has called the state. */
    void unset() {
        if (task != null) {
            task.cancel(false);
            task = null;
        }
    }

    /** Ends it for good. */
    void end() {
        unset();
        ended = true;
    }

    private void run() {
        RefreshState called = state.get();
        if (called != null) {
            called.refreshIfDue();
        }
    }
}
