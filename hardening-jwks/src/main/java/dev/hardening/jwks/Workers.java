package dev.hardening.jwks;

import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Threads for code that may block: transports, listeners, stores, and the continuations of futures. There are two as
 * long as tasks are short. If tasks wait and none is taken, because the threads are blocked, there are more. There is
 * no small limit, because blocked tasks of some caches could use it up. The threads end when there is nothing to do.
 */
final class Workers implements Executor {

    private static final int FEWEST = 2;
    private static final int MOST = 10_000;
    private static final long IDLE_MILLIS = 200;
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final int LOOKS_A_SECOND = 10;
    private static final int PATIENT_LOOKS = 3;
    private static final int SECONDS_TO_WAIT = 5;

    private final Timer timer;
    private final ThreadPoolExecutor pool;
    private final AtomicLong taken = new AtomicLong();
    private final AtomicBoolean watched = new AtomicBoolean();

    /** Only one look uses it at a time. */
    private static final class Watch {
        long takenBefore;
        long takenASecondAgo;
        int looks;
        int looksWithoutTaking;
        boolean hasGrown;

        Watch(long taken) {
            takenBefore = taken;
            takenASecondAgo = taken;
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
        if (isTooSlow(watch)) {
            grow(watch);
        }
        lookLater(watch);
    }

    private boolean isTooSlow(Watch watch) {
        long now = taken.get();
        watch.looks++;
        watch.looksWithoutTaking = now == watch.takenBefore ? watch.looksWithoutTaking + 1 : 0;
        watch.takenBefore = now;
        boolean tooManyWait = false;
        if (watch.looks % LOOKS_A_SECOND == 0) {
            tooManyWait = pool.getQueue().size() > SECONDS_TO_WAIT * (now - watch.takenASecondAgo);
            watch.takenASecondAgo = now;
        }
        return tooManyWait || watch.looksWithoutTaking >= (watch.hasGrown ? PATIENT_LOOKS : 1);
    }

    private void grow(Watch watch) {
        int size = Math.max(pool.getPoolSize(), FEWEST);
        int more = watch.hasGrown ? size : 1;
        watch.hasGrown = true;
        try {
            pool.setCorePoolSize(Math.min(MOST, size + more));
        } catch (OutOfMemoryError noThreadLeft) {
            // The next look may start one.
        }
    }
}
