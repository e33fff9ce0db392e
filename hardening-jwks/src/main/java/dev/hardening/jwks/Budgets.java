package dev.hardening.jwks;

import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;

/**
 * Says when a fetch may begin. After a failure the backoff holds for every reason to fetch. Without one, a due refresh may
 * begin at once, and an unknown key id only once in its cooldown. An invalidation lifts the backoff and fetches at once,
 * five times in a row and then once in ten seconds. Times are the ticker's nanoseconds. Guarded by its cache's lock.
 */
final class Budgets {

    private static final long FIRST_BACKOFF = TimeUnit.SECONDS.toNanos(1);
    private static final long LAST_BACKOFF = TimeUnit.SECONDS.toNanos(60);
    private static final int BACKOFF_FACTOR = 4;
    private static final int URGENT_ATTEMPTS = 10;
    private static final long INVALIDATION_INTERVAL = TimeUnit.SECONDS.toNanos(10);
    private static final int INVALIDATION_BURST = 5;

    private final long unknownKeyCooldown;
    private final DoubleSupplier random;

    private int consecutiveFailures;
    private long nextAttempt;
    private boolean invalidationPending;
    private long invalidationsPaidUntil;
    private boolean unknownKeyAsked;
    private long nextUnknownKey;

    Budgets(long unknownKeyCooldown, DoubleSupplier random, long now) {
        this.unknownKeyCooldown = unknownKeyCooldown;
        this.random = random;
        invalidationsPaidUntil = now;
    }

    /** Whether the last fetch that was not dropped failed. */
    boolean isFailing() {
        return consecutiveFailures > 0;
    }

    /** When the backoff ends; means something only while failing. */
    long nextAttempt() {
        return nextAttempt;
    }

    boolean isBackoffOver(long now) {
        return consecutiveFailures == 0 || now - nextAttempt >= 0;
    }

    void succeeded() {
        consecutiveFailures = 0;
    }

    /**
     * The backoff takes the place of the unknown key ids' cooldown. With keys in hand: 1, 4, 16, 60, 60 … seconds, less up to a fifth. Without keys every request fails, so the first
     * ten attempts are one to two seconds apart, and later ones up to ten.
     */
    void failed(long now, boolean hasKeys) {
        consecutiveFailures++;
        unknownKeyAsked = false;
        long step = FIRST_BACKOFF;
        if (hasKeys) {
            for (int i = 1; i < consecutiveFailures && step < LAST_BACKOFF; i++) {
                step *= BACKOFF_FACTOR;
            }
            nextAttempt = now + (long) (Math.min(step, LAST_BACKOFF) * (1 - 0.2 * random.getAsDouble()));
        } else {
            step *= consecutiveFailures <= URGENT_ATTEMPTS ? 1 : 5;
            nextAttempt = now + (long) (step * (1 + random.getAsDouble()));
        }
    }

    void invalidated(long now) {
        invalidationPending = true;
        if (mayFetchForInvalidation(now)) {
            consecutiveFailures = 0;
        }
    }

    /** Whether there were more invalidations than may fetch by now. */
    boolean isOverdrawn(long now) {
        return invalidationPending && !mayFetchForInvalidation(now);
    }

    /** When an invalidation may fetch next, or could already. */
    long nextInvalidation() {
        return invalidationsPaidUntil - (INVALIDATION_BURST - 1) * INVALIDATION_INTERVAL;
    }

    private boolean mayFetchForInvalidation(long now) {
        return now - nextInvalidation() >= 0;
    }

    /** A fetch begins, for whatever reason; one that serves an invalidation pays for it. */
    void began(long now) {
        if (invalidationPending) {
            invalidationPending = false;
            invalidationsPaidUntil =
                    INVALIDATION_INTERVAL + (invalidationsPaidUntil - now > 0 ? invalidationsPaidUntil : now);
        }
    }

    /** Takes the right to fetch for an unknown key id, if there is one. */
    boolean takeUnknownKey(long now) {
        if (unknownKeyAsked && now - nextUnknownKey < 0) {
            return false;
        }
        unknownKeyAsked = true;
        nextUnknownKey = now + unknownKeyCooldown;
        return true;
    }
}
