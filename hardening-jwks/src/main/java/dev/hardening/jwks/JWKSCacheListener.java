package dev.hardening.jwks;

import org.jspecify.annotations.Nullable;

/**
 * Told what a cache does, in order: on the thread of the cache's executor that fetched, or, where there is none (it was
 * not set, it rejected the fetch, the fetch was cut off at its deadline), on a thread that all caches share for it. No read or refresh waits for a listener; what it throws is logged and changes nothing.
 */
public interface JWKSCacheListener {

    /**
     * A fetch succeeded.
     *
     * @param status the status after it
     */
    default void refreshed(JWKSCacheStatus status) {}

    /**
     * A fetch failed; the old keys, if there are any, stay.
     *
     * @param status the status after it; its {@code lastError} says why
     */
    default void refreshFailed(JWKSCacheStatus status) {}

    /**
     * A key of the set is not used. It is reported once, not at each fetch.
     *
     * @param kid its key id, or null if it has none that can be read
     * @param reason why, such as {@code malformed}; nothing of the key
     */
    default void keyRejected(@Nullable String kid, String reason) {}
}
