package dev.hardening.jwks;

import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Threads for code that may block: transports, listeners, stores, and the continuations of futures. There are two as
 * long as tasks are short. If many tasks wait, or none is taken, because the threads are blocked, there are more. There is
 * no small limit, because blocked tasks of some caches could use it up. The threads end when there is nothing to do.
 */
final class Workers implements Executor {

    private static final int FEWEST = 2;
    private static final int MOST = 10_000;
    private static final long IDLE_MILLIS = 200;
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final int PATIENT_LOOKS = 3;
    private static final int LOOKS_TO_WAIT = 3;

    private final Timer timer;
    private final ThreadPoolExecutor pool;
    private final AtomicLong taken = new AtomicLong();
    private final AtomicBoolean watched = new AtomicBoolean();

    /** Only one look uses it at a time. */
    private static final class Watch {
        long takenBefore;
        int looksWithoutTaking;
        boolean hasGrown;

        Watch(long taken) {
            takenBefore = taken;
        }
    }

    @SuppressWarnings("ErroneousThreadPoolConstructorChecker") // it grows only when it is told to
    Workers(Timer timer) {
        this.timer = timer;
        pool = new ThreadPoolExecutor(
                FEWEST,
                MOST,
                IDLE_MILLIS,
                TimeUnit.MILLISECONDS,
                new LinkedBlockingQueue<>(),
                task -> SharedThreads.newThread(task, "hardening-jwks-worker"));
        pool.allowCoreThreadTimeOut(true);
    }

    @Override
    public void execute(Runnable task) {
        pool.execute(() -> {
            taken.incrementAndGet();
            task.run();
        });
        watch();
    }

    private void watch() {
        if (!pool.getQueue().isEmpty() && watched.compareAndSet(false, true)) {
            lookLater(new Watch(taken.get()));
        }
    }

    private void lookLater(Watch watch) {
        try {
            var unused = timer.schedule(() -> look(watch), LOOK_NANOS);
        } catch (Throwable exhausted) { // there may be no thread left for the timer
            watched.set(false); // the next task tries again
        }
    }

    private void look(Watch watch) {
        if (pool.getQueue().isEmpty()) {
            // Two threads beside those that are still busy are enough. The others end when they have no work.
            pool.setCorePoolSize(Math.min(pool.getCorePoolSize(), FEWEST + pool.getActiveCount()));
            watched.set(false);
            watch();
            return;
        }
        grow(watch);
        lookLater(watch);
    }

    private void grow(Watch watch) {
        int waiting = pool.getQueue().size();
        long now = taken.get();
        long sinceLastLook = now - watch.takenBefore;
        watch.takenBefore = now;
        watch.looksWithoutTaking = sinceLastLook == 0 ? watch.looksWithoutTaking + 1 : 0;
        int size = Math.max(pool.getPoolSize(), FEWEST);
        int more = 0;
        if (waiting > LOOKS_TO_WAIT * Math.max(1, sinceLastLook)) {
            more = Math.min(waiting, size); // the last of them would wait for longer than 0.3 s
        } else if (watch.looksWithoutTaking >= (watch.hasGrown ? PATIENT_LOOKS : 1)) {
            more = watch.hasGrown ? size : 1;
        }
        if (more > 0) {
            watch.hasGrown = true;
            setSize(Math.min(MOST, size + more));
        }
    }

    private void setSize(int size) {
        try {
            pool.setCorePoolSize(size);
        } catch (OutOfMemoryError noThreadLeft) {
            // The next look may start one.
        }
    }
}
