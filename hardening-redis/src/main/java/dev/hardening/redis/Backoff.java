package dev.hardening.redis;

import java.time.Duration;

/** How long to wait after a failed attempt, without jitter. Safe for use by several threads. */
@FunctionalInterface
public interface Backoff {

    /**
     * Chooses the wait after an attempt.
     *
     * @param attempt the number of the attempt that failed, from 1
     * @return the wait; not null, and a negative one counts as zero
     */
    Duration after(int attempt);

    /**
     * Makes waits that double: {@code first}, twice that, four times, …
     *
     * @param first the first wait; zero for none
     * @return the backoff
     * @throws IllegalArgumentException if the first is negative, or longer than a day
     */
    static Backoff exponential(Duration first) {
        if (first.isNegative() || first.compareTo(Duration.ofDays(1)) > 0) {
            throw new IllegalArgumentException("the first wait has to be between 0 and a day");
        }
        return attempt -> first.multipliedBy(1L << Math.min(attempt - 1, 30));
    }

    /**
     * Makes waits that are all the same.
     *
     * @param wait the wait after each attempt; zero for none
     * @return the backoff
     * @throws IllegalArgumentException if it is negative, or longer than a day
     */
    static Backoff fixed(Duration wait) {
        if (wait.isNegative() || wait.compareTo(Duration.ofDays(1)) > 0) {
            throw new IllegalArgumentException("the wait has to be between 0 and a day");
        }
        return attempt -> wait;
    }
}
