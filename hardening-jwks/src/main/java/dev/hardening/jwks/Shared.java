package dev.hardening.jwks;

import java.net.http.HttpClient;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What all caches of a process share, so that a thousand of them cost four threads: a timer, on which nothing may block; a
 * worker for the HTTP client and callers' transports, which may be joined by others while it is stuck; the client's
 * selector; and one for listeners and stores. All are daemons, and end when there is nothing to do.
 */
final class Shared {

    private static final long IDLE_MILLIS = 200;

    // Before what makes threads. They outlive whoever happens to start them, and an interrupt of the selector's group
    // must not reach the others.
    private static final ThreadGroup GROUP = rootGroup();

    private static final ReentrantLock LOCK = new ReentrantLock();
    private static final ScheduledThreadPoolExecutor TIMER = timer();
    private static final Workers WORKERS = new Workers(TIMER, daemons("hardening-jwks-worker"));
    private static final ThreadPoolExecutor ASIDE = new ThreadPoolExecutor(
            1, 1, IDLE_MILLIS, TimeUnit.MILLISECONDS, new LinkedBlockingQueue<>(), daemons("hardening-jwks-aside"));

    static {
        ASIDE.allowCoreThreadTimeOut(true);
    }

    // Guarded by the lock.
    private static @Nullable HttpClient client;
    private static @Nullable ThreadGroup selector;
    private static int exchanges;

    private Shared() {}

    private static ScheduledThreadPoolExecutor timer() {
        ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, daemons("hardening-jwks-timer"));
        timer.setRemoveOnCancelPolicy(true);
        timer.setKeepAliveTime(IDLE_MILLIS, TimeUnit.MILLISECONDS);
        timer.allowCoreThreadTimeOut(true);
        return timer;
    }

    private static ThreadFactory daemons(String name) {
        return task -> {
            Thread thread = new Thread(GROUP, task, name);
            thread.setDaemon(true);
            return thread;
        };
    }

    private static ThreadGroup rootGroup() {
        ThreadGroup group = Thread.currentThread().getThreadGroup();
        for (ThreadGroup parent = group.getParent(); parent != null; parent = group.getParent()) {
            group = parent;
        }
        return group;
    }

    static ScheduledThreadPoolExecutor timerThread() {
        return TIMER;
    }

    /** For transports, which may block. */
    static Executor workers() {
        return WORKERS;
    }

    /** For listeners and stores, one after the other, where the caller gave no executor. */
    static Executor aside() {
        return ASIDE;
    }

    /** Sends something by the HTTP client, which ends a moment after its last exchange: the next may be an hour away. */
    static <T> CompletableFuture<T> exchange(Function<HttpClient, CompletableFuture<T>> send) {
        CompletableFuture<T> exchange;
        try {
            exchange = send.apply(clientForExchange());
        } catch (RuntimeException | Error unsent) {
            exchangeEnded();
            throw unsent;
        }
        var unused = exchange.whenComplete((answer, failure) -> exchangeEnded());
        return exchange;
    }

    private static HttpClient clientForExchange() {
        LOCK.lock();
        try {
            exchanges++;
            HttpClient current = client;
            if (current == null) {
                current = client = newHttpClient();
            }
            return current;
        } finally {
            LOCK.unlock();
        }
    }

    private static void exchangeEnded() {
        LOCK.lock();
        try {
            exchanges--;
            if (exchanges == 0) {
                var unused = TIMER.schedule(Shared::endUnusedClient, IDLE_MILLIS, TimeUnit.MILLISECONDS);
            }
        } finally {
            LOCK.unlock();
        }
    }

    private static void endUnusedClient() {
        LOCK.lock();
        try {
            if (exchanges == 0 && selector != null) {
                client = null;
                selector.interrupt(); // before JDK 21 there is no other way to end a client
                selector = null;
            }
        } finally {
            LOCK.unlock();
        }
    }

    private static HttpClient newHttpClient() {
        // Its selector is born into the group of the thread that builds it.
        ThreadGroup group = new ThreadGroup(GROUP, "hardening-jwks-http");
        FutureTask<HttpClient> build = new FutureTask<>(() -> HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1) // one request an hour gains nothing from more
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(Duration.ofSeconds(10))
                .executor(WORKERS)
                .build());
        Thread builder = new Thread(group, build, "hardening-jwks-http");
        builder.setDaemon(true);
        builder.start();
        HttpClient built = resultOf(build);
        selector = group;
        return built;
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
