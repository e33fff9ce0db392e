package dev.hardening.jwks;

import org.jspecify.annotations.Nullable;

/**
 * Is called for each event of a cache: in order, one at a time, on a shared thread that may block. No read, no refresh
 * and no other cache waits for a listener. What it throws is logged and changes nothing. If it blocks for so long that
 * 1,000 events wait, the oldest are dropped.
 */
public interface JWKSCacheListener {

    /**
     * A fetch succeeded.
     *
     * @param status the status after it
     */
    default void refreshed(JWKSCacheStatus status) {}

    /**
     * A fetch failed; the old keys, if there are any, are kept.
     *
     * @param status the status after it; its {@code lastError} says why
     */
    default void refreshFailed(JWKSCacheStatus status) {}

    /**
     * A key of the set is not used, or is used without a member that verifying does not need and that is malformed. The
     * reason says which. It is reported once, not at each fetch.
     *
     * @param kid its key id, in one line and cut at 256 characters, or null if it has none that can be read
     * @param reason why, such as {@code malformed}; nothing of the key
     */
    default void keyRejected(@Nullable String kid, String reason) {}
}
