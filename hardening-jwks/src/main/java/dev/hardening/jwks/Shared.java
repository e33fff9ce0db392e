package dev.hardening.jwks;

import java.lang.ref.WeakReference;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What all caches of a process share, so that a thousand of them cost two threads: one timer thread, on which the HTTP
 * client's callbacks run too, and the client's selector. All are daemons, and the timer ends when no cache needs it.
 */
final class Shared {

    private static final ReentrantLock LOCK = new ReentrantLock();
    private static final ScheduledThreadPoolExecutor TIMER = timer();
    private static final Executor BLOCKING = new ThreadPoolExecutor(
            0, 64, 1, TimeUnit.SECONDS, new SynchronousQueue<>(), daemons("hardening-jwks-fetch"));

    private static WeakReference<@Nullable HttpClient> client = new WeakReference<>(null);

    private Shared() {}

    private static ScheduledThreadPoolExecutor timer() {
        ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, daemons("hardening-jwks-timer"));
        timer.setRemoveOnCancelPolicy(true);
        timer.setKeepAliveTime(200, TimeUnit.MILLISECONDS);
        timer.allowCoreThreadTimeOut(true);
        return timer;
    }

    private static ThreadFactory daemons(String name) {
        return task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        };
    }

    static ScheduledThreadPoolExecutor timerThread() {
        return TIMER;
    }

    /** For fetchers of the caller's that block, where the caller gave no executor. */
    static Executor blocking() {
        return BLOCKING;
    }

    /** The client is held weakly: its selector thread ends when no fetch uses it any more. */
    static HttpClient httpClient() {
        LOCK.lock();
        try {
            HttpClient current = client.get();
            if (current == null) {
                current = HttpClient.newBuilder()
                        .followRedirects(HttpClient.Redirect.NEVER)
                        .connectTimeout(Duration.ofSeconds(10))
                        .executor(TIMER)
                        .build();
                client = new WeakReference<>(current);
            }
            return current;
        } finally {
            LOCK.unlock();
        }
    }
}
