package dev.hardening.jwks;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One key set with its times on the ticker, in nanoseconds. Immutable; a cache publishes it through one volatile field.
 *
 * @param keys the keys, and those that are kept a little longer
 * @param fetched the fetch that keys came from last, which may lack some that are kept
 * @param fetchedAt when it was fetched or confirmed
 * @param refreshAt when a refresh is due
 * @param expiresAt the end of its time to live
 * @param unusableAt when it must not be used any more
 * @param keptUntil when the keys that the last fetch lacked go; meaningless if there are none
 * @param attentionAt the first moment at which a read has to do more than to return it
 * @param invalidated whether it is only a fallback
 */
record Snapshot(
        KeySet keys,
        KeySet fetched,
        long fetchedAt,
        long refreshAt,
        long expiresAt,
        long unusableAt,
        long keptUntil,
        long attentionAt,
        boolean invalidated,
        @Nullable String etag,
        @Nullable String lastModified) {

    static Snapshot of(
            KeySet fetched,
            List<SigningKey> kept,
            long keptUntil,
            long fetchedAt,
            long timeToLive,
            long refreshBefore,
            long staleFor,
            @Nullable String etag,
            @Nullable String lastModified) {
        long refreshAt = fetchedAt + timeToLive - refreshBefore;
        KeySet keys = fetched;
        long attentionAt = refreshAt;
        if (!kept.isEmpty()) {
            List<SigningKey> all = new java.util.ArrayList<>(fetched.keys());
            all.addAll(kept);
            keys = new KeySet(fetched.jwkSet(), all);
            attentionAt = keptUntil - refreshAt < 0 ? keptUntil : refreshAt;
        }
        return new Snapshot(
                keys,
                fetched,
                fetchedAt,
                refreshAt,
                fetchedAt + timeToLive,
                fetchedAt + staleFor,
                keptUntil,
                attentionAt,
                false,
                etag,
                lastModified);
    }

    /** The same set as a fallback, which each read looks past, without the keys that were only kept. */
    Snapshot invalidated(long now) {
        return new Snapshot(fetched, fetched, fetchedAt, refreshAt, expiresAt, unusableAt, now, now, true, null, null);
    }

    /** The same set without the keys that the last fetch lacked, if their time is over. */
    Snapshot withoutKept(long now) {
        return keys == fetched || now - keptUntil < 0
                ? this
                : new Snapshot(
                        fetched,
                        fetched,
                        fetchedAt,
                        refreshAt,
                        expiresAt,
                        unusableAt,
                        keptUntil,
                        invalidated ? attentionAt : refreshAt,
                        invalidated,
                        etag,
                        lastModified);
    }

    boolean needsNothing(long now) {
        return now - attentionAt < 0;
    }

    boolean isRefreshDue(long now) {
        return invalidated || now - refreshAt >= 0;
    }

    boolean isStale(long now) {
        return invalidated || now - expiresAt >= 0;
    }

    boolean isUsable(long now) {
        return now - unusableAt < 0;
    }
}
