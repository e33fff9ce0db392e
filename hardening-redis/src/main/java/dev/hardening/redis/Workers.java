package dev.hardening.redis;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The threads of this module, for code that may block, such as a resolver or a credentials provider. They are daemons.
 * There are as many as tasks run at the moment, and an idle one ends after a tenth of a second.
 */
final class Workers {

    private static final Executor POOL = new ThreadPoolExecutor(
            0, Integer.MAX_VALUE, 100, TimeUnit.MILLISECONDS, new SynchronousQueue<>(), Workers::thread);

    private Workers() {}

    /** Runs a task with the caller's context class loader, where Lettuce looks some of its classes up. */
    static void run(Runnable task) {
        ClassLoader callers = Thread.currentThread().getContextClassLoader();
        POOL.execute(() -> {
            Thread.currentThread().setContextClassLoader(callers);
            task.run();
        });
    }

    /**
     * Runs a task that is interrupted as soon as the future is completed by someone else, such as by {@code cancel} or
     * {@code orTimeout}. A result that the task makes after that is closed.
     */
    static <T> CompletableFuture<T> supply(Supplier<T> task, Consumer<T> close) {
        CompletableFuture<T> result = new CompletableFuture<>();
        AtomicBoolean finished = new AtomicBoolean();
        FutureTask<?> running = new FutureTask<>(
                () -> {
                    try {
                        T made = task.get();
                        finished.set(true);
                        if (!result.complete(made)) {
                            close.accept(made);
                        }
                    } catch (Throwable failed) { // Kotlin code of the caller may throw any
                        finished.set(true);
                        result.completeExceptionally(failed);
                    }
                },
                null);
        var unused = result.whenComplete((made, failure) -> {
            if (!finished.get()) {
                running.cancel(true);
            }
        });
        run(running);
        return result;
    }

    /** It serves several callers, so it inherits nothing from the caller that starts it. */
    private static Thread thread(Runnable task) {
        Thread thread = new Thread(null, task, "hardening-redis-connect", 0, false);
        thread.setDaemon(true);
        return thread;
    }
}
