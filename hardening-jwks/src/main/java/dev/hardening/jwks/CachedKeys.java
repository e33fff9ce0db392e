package dev.hardening.jwks;

import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The keys that a cache holds, with their times. Immutable and pure; times are the ticker's nanoseconds. */
final class CachedKeys {

    /**
     * The times at which something happens to the keys.
     *
     * @param fetchedAt when they were fetched or confirmed
     * @param timerAt when the timer refreshes them: up to the refresh spread before {@code refreshAt}
     * @param refreshAt when a read refreshes them
     * @param expiresAt the end of their time to live
     * @param unusableAt the time from which they must not be used
     */
    record Times(long fetchedAt, long timerAt, long refreshAt, long expiresAt, long unusableAt) {

        Times withTimerAt(long changed) {
            return new Times(fetchedAt, changed, refreshAt, expiresAt, unusableAt);
        }

        Duration timeToLive() {
            return Duration.ofNanos(expiresAt - fetchedAt);
        }
    }

    /**
     * The validators by which the endpoint recognises its answer (RFC 9110, section 8.8). One that cannot be sent back is
     * dropped: with more than 1,024 characters, because the endpoint may refuse a request of that size, or with a control
     * character.
     */
    record Validators(@Nullable String etag, @Nullable String lastModified) {

        static final Validators NONE = new Validators(null, null);
        private static final int LONGEST = 1_024;
        private static final Pattern VALUE = Pattern.compile("[\\t\\x20-\\x7E\\xA0-\\xFF]*"); // RFC 9110, section 5.5

        Validators {
            etag = isSendable(etag) ? etag : null;
            lastModified = isSendable(lastModified) ? lastModified : null;
        }

        private static boolean isSendable(@Nullable String validator) {
            return validator != null
                    && validator.length() <= LONGEST
                    && VALUE.matcher(validator).matches();
        }

        boolean isEmpty() {
            return etag == null && lastModified == null;
        }
    }

    private final KeySet keys;
    private final KeySet fetched;
    private final long fetch;
    private final Times times;
    private final long keptUntil;
    private final Validators validators;
    private final boolean invalidated;
    private final long quietUntil;

    private CachedKeys(
            KeySet keys,
            KeySet fetched,
            long fetch,
            Times times,
            long keptUntil,
            Validators validators,
            boolean invalidated) {
        this.keys = keys;
        this.fetched = fetched;
        this.fetch = fetch;
        this.times = times;
        this.keptUntil = keptUntil;
        this.validators = validators;
        this.invalidated = invalidated;
        boolean keptGoFirst = hasKept() && keptUntil - times.refreshAt() < 0;
        this.quietUntil = keptGoFirst ? keptUntil : times.refreshAt();
    }

    /**
     * Keys that were fetched.
     *
     * @param fetch the number of the fetch; 0 for keys that were restored
     */
    static CachedKeys of(KeySet fetched, long fetch, Times times, Validators validators) {
        return new CachedKeys(fetched, fetched, fetch, times, times.fetchedAt(), validators, false);
    }

    /** These keys together with others that the fetch lacked, which are kept until a time. */
    CachedKeys keeping(List<SigningKey> kept, long until) {
        if (kept.isEmpty()) {
            return this;
        }
        return new CachedKeys(fetched.keeping(kept), fetched, fetch, times, until, validators, invalidated);
    }

    /** These keys without those that were only kept, if their time is over. */
    CachedKeys at(long now) {
        return hasKept() && now - keptUntil >= 0
                ? new CachedKeys(fetched, fetched, fetch, times, times.fetchedAt(), validators, invalidated)
                : this;
    }

    /**
     * These keys as a fallback: each read tries to get newer ones, and an answer "not modified" does not renew them.
     *
     * @param timerAt when the timer tries to get newer ones, if no read did; a second invalidation does not put it off
     */
    CachedKeys invalidated(long timerAt) {
        long at = invalidated ? times.timerAt() : timerAt;
        return new CachedKeys(fetched, fetched, fetch, times.withTimerAt(at), times.fetchedAt(), Validators.NONE, true);
    }

    /** These keys, for a fetch without a condition. */
    CachedKeys withoutValidators() {
        return new CachedKeys(keys, fetched, fetch, times, keptUntil, Validators.NONE, invalidated);
    }

    @SuppressWarnings("ReferenceEquality") // without kept keys they are the same object
    private boolean hasKept() {
        return keys != fetched;
    }

    /** The keys that are served. */
    KeySet keys() {
        return keys;
    }

    /** The keys of the last fetch, without those that are kept a little longer. */
    KeySet fetched() {
        return fetched;
    }

    /** The number of the fetch that they came from; 0 if they were restored. */
    long fetch() {
        return fetch;
    }

    Times times() {
        return times;
    }

    Validators validators() {
        return validators;
    }

    boolean isRestored() {
        return fetch == 0;
    }

    boolean isInvalidated() {
        return invalidated;
    }

    /** Whether a read returns them and does nothing else. */
    boolean isQuiet(long now) {
        return now - quietUntil < 0 && !invalidated;
    }

    boolean isRefreshDue(long now) {
        return invalidated || now - times.refreshAt() >= 0;
    }

    boolean isStale(long now) {
        return invalidated || now - times.expiresAt() >= 0;
    }

    boolean isUsable(long now) {
        return now - times.unusableAt() < 0;
    }
}
