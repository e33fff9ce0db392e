package dev.hardening.jwks;

import java.util.concurrent.Executor;
import java.util.concurrent.Future;

/** Runs tasks later, and runs tasks that may block. All caches of a process share the real one. */
interface Timer {

    /** Runs a task after a delay; it must not block. Cancelling the future ends it. */
    Future<?> schedule(Runnable task, long delayNanos);

    /** Runs a task that may block. */
    Executor workers();
}
