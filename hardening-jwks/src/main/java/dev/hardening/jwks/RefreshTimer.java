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
    private long setFor; // the time for which the task is set
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

    /**
     * Sets the timer. If it is set for the same moment already, it stays as it is: setting it again and again must not put
     * it off.
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
        task = timer.schedule(this::ring, Math.max(SHORTEST, pollsTicker ? Math.min(POLL, nanos) : nanos));
    }

    /** Cancels the timer, also after it has called the state. */
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
