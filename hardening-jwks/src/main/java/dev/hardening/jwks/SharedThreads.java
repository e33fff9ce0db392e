package dev.hardening.jwks;

import java.util.concurrent.Executor;
import java.util.concurrent.Future;

/**
 * The threads that all caches of a process share: one for the timer, and workers. They are daemons, end when there is
 * nothing to do, and inherit nothing from the thread that starts them.
 */
final class SharedThreads implements Threads {

    static final SharedThreads INSTANCE = new SharedThreads();

    private final Timer timer = new Timer();
    private final Workers workers = new Workers(timer);

    private SharedThreads() {}

    @Override
    public Future<?> schedule(Runnable task, long delayNanos) {
        return timer.schedule(task, delayNanos);
    }

    @Override
    public Executor workers() {
        return workers;
    }

    /** A thread with no inheritable thread-locals and no class loader of its creator. */
    @SuppressWarnings("ThreadPriorityCheck") // the creator's priority is not inherited either
    static Thread newThread(Runnable task, String name) {
        Thread thread = new Thread(null, task, name, 0, false);
        thread.setContextClassLoader(SharedThreads.class.getClassLoader());
        thread.setPriority(Thread.NORM_PRIORITY);
        thread.setDaemon(true);
        return thread;
    }
}
