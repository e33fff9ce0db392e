package dev.hardening.jwks;

import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Threads for what may block: one, as long as tasks are short. While tasks wait and none is taken, because a name server
 * or a caller's transport hangs, one more each 50 ms, up to 64. All end when there is nothing to do.
 */
final class Workers implements Executor {

    private static final int MOST = 64;
    private static final long PATIENCE_MILLIS = 50;

    private final ScheduledExecutorService timer;
    private final ThreadPoolExecutor pool;
    private final AtomicLong taken = new AtomicLong();
    private final AtomicBoolean watched = new AtomicBoolean();

    @SuppressWarnings("ErroneousThreadPoolConstructorChecker") // it is told when to grow
    Workers(ScheduledExecutorService timer, ThreadFactory threads) {
        this.timer = timer;
        pool = new ThreadPoolExecutor(1, MOST, 200, TimeUnit.MILLISECONDS, new LinkedBlockingQueue<>(), threads);
        pool.allowCoreThreadTimeOut(true);
    }

    @Override
    public void execute(Runnable task) {
        pool.execute(() -> {
            taken.incrementAndGet();
            task.run();
        });
        if (!pool.getQueue().isEmpty() && watched.compareAndSet(false, true)) {
            watch();
        }
    }

    private void watch() {
        long before = taken.get();
        var unused = timer.schedule(() -> look(before), PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void look(long before) {
        if (pool.getQueue().isEmpty()) {
            pool.setCorePoolSize(1); // surplus threads end with their task
            watched.set(false);
            if (pool.getQueue().isEmpty() || !watched.compareAndSet(false, true)) {
                return;
            }
        } else if (taken.get() == before) {
            try {
                pool.setCorePoolSize(Math.min(MOST, pool.getPoolSize() + 1));
            } catch (OutOfMemoryError noThreadLeft) {
                // Another look may find one.
            }
        }
        watch();
    }
}
