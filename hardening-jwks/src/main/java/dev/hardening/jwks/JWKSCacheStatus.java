package dev.hardening.jwks;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What a cache knows about itself, for health checks and metrics.
 *
 * @param state whether there are keys, and how good they are
 * @param age how long ago the keys were fetched or confirmed; null if there are none
 * @param keyCount how many usable keys there are
 * @param lastSuccess when a fetch last succeeded, by the wall clock; null if none did
 * @param lastFailure when a fetch last failed, by the wall clock; null if none did
 * @param lastError why it failed, in one line, cut at 500 characters; null if none did
 * @param nextAttempt when the timer fetches next, by the wall clock; null while a fetch is under way, if the next read
 *     decides, or if the cache is closed
 * @param fetches how many fetches were begun
 * @param failures how many of them failed
 */
public record JWKSCacheStatus(
        State state,
        @Nullable Duration age,
        int keyCount,
        @Nullable Instant lastSuccess,
        @Nullable Instant lastFailure,
        @Nullable String lastError,
        @Nullable Instant nextAttempt,
        long fetches,
        long failures) {

    /** Whether there are keys, and how good they are. */
    public enum State {
        /** Nothing was fetched yet. */
        EMPTY,
        /** The keys are within their time to live, and no refresh is due. */
        FRESH,
        /** The keys are within their time to live, and a refresh is due or under way. */
        REFRESH_DUE,
        /** The keys are past their time to live, or were invalidated. They are used until a fetch succeeds. */
        STALE,
        /** There are no usable keys, because of an outage: answer 503. */
        UNAVAILABLE
    }
}
