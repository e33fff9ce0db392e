package dev.hardening.redis;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Whether a Redis can be used at the moment. Immutable.
 *
 * @param up whether it answered PING and is what was asked for: of the required role, or a cluster that serves its slots
 * @param role what the server says that it is; unknown if it did not say it
 * @param reason why it is not up, in one line, without a password; null if it is up
 * @param took how long the check took
 */
public record RedisCheck(boolean up, Role role, @Nullable String reason, Duration took) {

    static RedisCheck up(Role role, Duration took) {
        return new RedisCheck(true, role, null, took);
    }

    static RedisCheck down(String reason, Duration took) {
        return new RedisCheck(false, Role.UNKNOWN, reason, took);
    }
}
