package dev.hardening.jwks;

import java.lang.ref.WeakReference;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Calls a state when something may be due. It holds the state weakly, so that a cache which nothing refers to ends.
 * Guarded by the state's lock.
 */
final class RefreshTimer {

    private static final long SHORTEST = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long POLL = TimeUnit.MILLISECONDS.toNanos(250);

    private final Timer timer;
    private final boolean pollsTicker;
    private final WeakReference<RefreshState> state;
    private @Nullable Future<?> task;
    private boolean ended;

    /**
     * A timer that is not set.
     *
     * @param pollsTicker whether the state's ticker may run faster or slower than the timer; if so, the state is called
     *     every 250 ms
     */
    RefreshTimer(Timer timer, boolean pollsTicker, RefreshState state) {
        this.timer = timer;
        this.pollsTicker = pollsTicker;
        this.state = new WeakReference<>(state);
    }

    /** Sets the timer again. */
    void set(long nanos) {
        unset();
        if (!ended) {
            task = timer.schedule(this::ring, Math.max(SHORTEST, pollsTicker ? Math.min(POLL, nanos) : nanos));
        }
    }

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

    private void ring() {
        RefreshState rung = state.get();
        if (rung != null) {
            rung.timerRang();
        }
    }
}
