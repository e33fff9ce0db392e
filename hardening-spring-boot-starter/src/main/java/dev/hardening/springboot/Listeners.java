package dev.hardening.springboot;

import dev.hardening.redis.Attempt;
import dev.hardening.redis.ConnectListener;
import dev.hardening.redis.ConnectReport;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The application's listeners, for what happens after the start. Each is told in order, on a thread of its own: one that
 * blocks holds up nothing but what it is told itself. What one throws is logged. Safe for use by several threads.
 */
final class Listeners {

    private static final Logger LOG = LoggerFactory.getLogger(Listeners.class);

    private static final long SECONDS_TO_CLOSE = 2;

    private final List<Told> all;

    private record Told(ConnectListener listener, ExecutorService thread) {}

    Listeners(List<ConnectListener> all, ThreadFactory threads) {
        this.all = all.stream()
                .map(listener -> new Told(listener, thread(threads)))
                .toList();
    }

    /** Starts with the first event. What is told after the end is dropped. */
    private static ExecutorService thread(ThreadFactory threads) {
        return new ThreadPoolExecutor(
                1,
                1,
                0,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                threads,
                new ThreadPoolExecutor.DiscardPolicy());
    }

    /**
     * The same for the connection that only checks Redis at the start. They do not get its end, because the application
     * never uses it.
     */
    List<ConnectListener> duringStart() {
        return all.stream().map(told -> duringStart(told.listener())).toList();
    }

    static ConnectListener duringStart(ConnectListener listener) {
        return new ConnectListener() {
            @Override
            public void attemptFailed(Attempt attempt) {
                listener.attemptFailed(attempt);
            }

            @Override
            public void connected(ConnectReport report) {
                listener.connected(report);
            }
        };
    }

    /** Tells an event soon, after those before it. */
    void tell(Consumer<ConnectListener> event) {
        for (Told told : all) {
            told.thread().execute(() -> tell(told.listener(), event));
        }
    }

    private static void tell(ConnectListener listener, Consumer<ConnectListener> event) {
        try {
            event.accept(listener);
        } catch (Throwable thrown) { // also an Error, or what Kotlin throws unchecked
            LOG.warn("A connect listener threw {}", thrown.getClass().getName());
        }
    }

    /** Tells the end, as the last event, and waits a moment for those that are still being told. */
    void close() {
        tell(ConnectListener::closed);
        all.forEach(told -> told.thread().shutdown());
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS_TO_CLOSE);
        try {
            for (Told told : all) {
                if (!told.thread().awaitTermination(end - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                    told.thread().shutdownNow();
                }
            }
        } catch (InterruptedException interrupted) {
            all.forEach(told -> told.thread().shutdownNow());
            Thread.currentThread().interrupt();
        }
    }
}
