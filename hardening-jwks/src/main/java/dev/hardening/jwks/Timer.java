package dev.hardening.jwks;

import java.util.concurrent.Executor;
import java.util.concurrent.Future;

/** Runs tasks later, and tasks that may block. The real one is shared by all caches of a process. */
interface Timer {

    /** Runs a task after a delay; it must not block. Cancelling the future ends it. */
    Future<?> schedule(Runnable task, long delayNanos);

    /** Runs what may block. */
    Executor workers();
}
