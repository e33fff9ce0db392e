package dev.hardening.redis;

import java.time.Duration;

/** Waits between two attempts. Safe for use by several threads. */
@FunctionalInterface
public interface Sleeper {

    /**
     * Waits.
     *
     * @param duration how long; not negative
     * @throws InterruptedException if the thread is interrupted meanwhile
     */
    void sleep(Duration duration) throws InterruptedException;
}
