package dev.hardening.jwks;

import java.util.concurrent.Executor;
import java.util.concurrent.Future;

/** Where a cache's tasks run. All caches of a process share the real ones. */
interface Threads {

    /** Runs a task after a delay, on the timer's thread; it must not block. Cancelling the future ends it. */
    Future<?> schedule(Runnable task, long delayNanos);

    /** Run tasks that may block. */
    Executor workers();
}
