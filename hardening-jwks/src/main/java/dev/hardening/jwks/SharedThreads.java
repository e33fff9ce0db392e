package dev.hardening.jwks;

import java.security.AccessController;
import java.security.PrivilegedAction;
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

    /**
     * A thread with nothing of its creator: no inheritable thread-locals, class loader, thread group or access rights. Each
     * of them would keep the creator's class loader from being unloaded.
     */
    @SuppressWarnings({"ThreadPriorityCheck", "removal"}) // a thread of JDK 17 to 23 keeps its creator's access rights
    static Thread newThread(Runnable task, String name) {
        Thread thread = AccessController.doPrivileged(
                (PrivilegedAction<Thread>) () -> new Thread(rootGroup(), task, name, 0, false));
        thread.setContextClassLoader(SharedThreads.class.getClassLoader());
        thread.setPriority(Thread.NORM_PRIORITY);
        thread.setDaemon(true);
        return thread;
    }

    private static ThreadGroup rootGroup() {
        ThreadGroup group = Thread.currentThread().getThreadGroup();
        while (group.getParent() != null) {
            group = group.getParent();
        }
        return group;
    }
}
