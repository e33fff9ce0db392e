package dev.hardening.redis;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One failed attempt to connect.
 *
 * @param number from 1
 * @param took how long it took
 * @param nextWait how long is waited before the next attempt; null if there is none
 * @param verdict whether another attempt can help
 * @param reason what went wrong, in one line, without a password
 * @param error the failure itself
 */
public record Attempt(
        int number, Duration took, @Nullable Duration nextWait, Verdict verdict, String reason, Throwable error) {

    /** Whether another attempt can help. */
    public enum Verdict {
        /** It may work in a moment: a refused connection, a server that is loading, anything that is not known. */
        TRANSIENT,
        /** It will not work until somebody changes something: a wrong password, an untrusted certificate. */
        PERMANENT
    }

    /** Prints all but the failure itself. */
    @Override
    public String toString() {
        return "Attempt[" + number + ", took " + took.toMillis() + " ms, " + verdict + ", " + reason + "]";
    }
}
