package dev.hardening.redis;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Whether a Redis can be used at the moment. Immutable.
 *
 * @param up whether it answered PING and has the required role, or is a cluster that serves all its slots
 * @param role the server's role, as the server reports it; unknown if it does not report it
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
