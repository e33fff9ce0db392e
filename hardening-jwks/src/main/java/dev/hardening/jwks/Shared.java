package dev.hardening.jwks;

import java.lang.ref.WeakReference;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What all caches of a process share, so that a thousand of them cost three threads: one timer thread, on which the HTTP
 * client's callbacks run too, the client's selector, and one for listeners and stores, which may block. All are daemons,
 * and end when no cache needs them.
 */
final class Shared {

    private static final ReentrantLock LOCK = new ReentrantLock();
    private static final ScheduledThreadPoolExecutor TIMER = timer();
    private static final Executor BLOCKING = new ThreadPoolExecutor(
            0, 64, 200, TimeUnit.MILLISECONDS, new SynchronousQueue<>(), daemons("hardening-jwks-fetch"));

    private static final ThreadPoolExecutor ASIDE = new ThreadPoolExecutor(
            1, 1, 200, TimeUnit.MILLISECONDS, new LinkedBlockingQueue<>(), daemons("hardening-jwks-aside"));

    static {
        ASIDE.allowCoreThreadTimeOut(true);
    }

    // Guarded by the lock.
    private static WeakReference<@Nullable HttpClient> client = new WeakReference<>(null);
    private static @Nullable ThreadGroup selector;
    private static int openCaches;

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

    /** For listeners and stores, one after the other, where the caller gave no executor. */
    static Executor aside() {
        return ASIDE;
    }

    static void opened() {
        LOCK.lock();
        try {
            openCaches++;
        } finally {
            LOCK.unlock();
        }
    }

    /** Ends the HTTP client with the last cache. Before JDK 21 it has no way to say so but to interrupt its selector. */
    static void closed() {
        LOCK.lock();
        try {
            openCaches--;
            if (openCaches == 0 && selector != null) {
                client = new WeakReference<>(null);
                selector.interrupt();
                selector = null;
            }
        } finally {
            LOCK.unlock();
        }
    }

    /** The client, held weakly: where caches are not closed, its selector ends when no fetch uses it any more. */
    static HttpClient httpClient() {
        LOCK.lock();
        try {
            HttpClient current = client.get();
            if (current == null) {
                // Its selector is born into the group of the thread that builds it.
                ThreadGroup group = new ThreadGroup("hardening-jwks-http");
                FutureTask<HttpClient> build = new FutureTask<>(() -> HttpClient.newBuilder()
                        .followRedirects(HttpClient.Redirect.NEVER)
                        .connectTimeout(Duration.ofSeconds(10))
                        .executor(TIMER)
                        .build());
                Thread builder = new Thread(group, build, "hardening-jwks-http");
                builder.setDaemon(true);
                builder.start();
                current = resultOf(build);
                client = new WeakReference<>(current);
                selector = group;
            }
            return current;
        } finally {
            LOCK.unlock();
        }
    }

    private static <T> T resultOf(FutureTask<T> task) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return task.get();
                } catch (InterruptedException later) {
                    interrupted = true;
                } catch (ExecutionException failed) {
                    throw new IllegalStateException("the HTTP client could not be built", failed.getCause());
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
