package dev.hardening.redis;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * One failed attempt to connect. Immutable.
 *
 * @param number from 1
 * @param endpoint where it led, as in {@link RedisConnectException#endpoint()}
 * @param took how long it took
 * @param nextWait the wait before the next attempt; empty if none follows
 * @param verdict whether another attempt can help
 * @param reason what went wrong, in one line, without a password
 * @param error the failure itself
 */
public record Attempt(
        int number,
        String endpoint,
        Duration took,
        Optional<Duration> nextWait,
        Verdict verdict,
        String reason,
        Throwable error) {

    /**
     * Checks that nothing is missing.
     *
     * @param number from 1
     * @param endpoint where it led; not null
     * @param took how long it took; not null
     * @param nextWait the wait before the next attempt, or empty; not null
     * @param verdict whether another attempt can help; not null
     * @param reason what went wrong; not null
     * @param error the failure itself; not null
     * @throws NullPointerException if a component is null
     */
    public Attempt {
        Objects.requireNonNull(endpoint, "endpoint");
        Objects.requireNonNull(took, "took");
        Objects.requireNonNull(nextWait, "nextWait");
        Objects.requireNonNull(verdict, "verdict");
        Objects.requireNonNull(reason, "reason");
        Objects.requireNonNull(error, "error");
    }

    /** Whether another attempt can help. */
    public enum Verdict {
        /** It may work in a moment: a refused connection, a server that is loading, anything that is not known. */
        TRANSIENT,
        /** It will not work until somebody changes something: a wrong password, an untrusted certificate. */
        PERMANENT
    }

    /** The same attempt, with the wait after it. */
    Attempt before(Optional<Duration> wait) {
        return new Attempt(number, endpoint, took, wait, verdict, reason, error);
    }

    /** Prints all but the failure itself. */
    @Override
    public String toString() {
        return "Attempt[" + number + " to " + endpoint + ", took " + took.toMillis() + " ms, " + verdict + ", " + reason
                + "]";
    }
}
