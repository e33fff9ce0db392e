package dev.hardening.jwks;

import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Says when a fetch may begin. Immutable and pure; times are the ticker's nanoseconds.
 *
 * <ul>
 *   <li>After a failure, the backoff holds for every reason to fetch. It is longer if the endpoint asks for that.
 *   <li>Without a failure, a due refresh may begin at once.
 *   <li>An invalidation ends the backoff and fetches at once: five in a row, then one in ten seconds.
 *   <li>An unknown key id has the budget of {@link UnknownKeys}.
 * </ul>
 *
 * @param invalidationPending whether an invalidation has not been followed by a fetch yet
 */
record FetchBudget(Backoff backoff, TokenBucket invalidations, boolean invalidationPending, UnknownKeys unknownKeys) {

    private static final long INVALIDATION_INTERVAL = TimeUnit.SECONDS.toNanos(10);
    private static final int INVALIDATION_BURST = 5;

    static FetchBudget full(long unknownKeyCooldown, long now) {
        return new FetchBudget(
                Backoff.NONE,
                new TokenBucket(INVALIDATION_INTERVAL, INVALIDATION_BURST, now),
                false,
                UnknownKeys.full(unknownKeyCooldown, now));
    }

    /** Whether the last fetch that was not dropped failed. */
    boolean isFailing() {
        return backoff.failures() > 0;
    }

    /** Whether there were more invalidations than are allowed to fetch now. */
    boolean isOverdrawn(long now) {
        return invalidationPending && !invalidations.allows(now);
    }

    /** The keys were invalidated. */
    FetchBudget invalidated(long now) {
        Backoff lifted = invalidations.allows(now) ? Backoff.NONE : backoff;
        return new FetchBudget(lifted, invalidations, true, unknownKeys);
    }

    /** A fetch begins, for any reason. If an invalidation is pending, the fetch uses one of its tokens, if there is one. */
    FetchBudget began(long now) {
        return invalidationPending ? new FetchBudget(backoff, invalidations.taken(now), false, unknownKeys) : this;
    }

    /** A fetch succeeded. */
    FetchBudget succeeded() {
        return new FetchBudget(Backoff.NONE, invalidations, invalidationPending, unknownKeys);
    }

    /**
     * A fetch failed.
     *
     * @param beganAt when it began
     * @param random from 0 to 1, for the jitter
     */
    FetchBudget failed(long now, long beganAt, boolean hasKeys, double random) {
        Backoff longer = backoff.failed(now, beganAt, hasKeys, random);
        return new FetchBudget(longer, invalidations, invalidationPending, unknownKeys);
    }

    /** After a failure, begins no fetch before this time either. */
    FetchBudget notBefore(long time) {
        Backoff longer = time - backoff.until() > 0 ? new Backoff(backoff.failures(), time) : backoff;
        return new FetchBudget(longer, invalidations, invalidationPending, unknownKeys);
    }

    FetchBudget with(UnknownKeys changed) {
        return new FetchBudget(backoff, invalidations, invalidationPending, changed);
    }

    /**
     * The pause after failures, counted from the beginning of the fetch that failed. With keys it is 1, 4, 16, 60, 60 …
     * seconds, and at random up to a fifth shorter. Without keys every request fails, so it is one to two seconds for the
     * first ten attempts, and then five to ten. If the fetch took longer than that, the next waits another 0.8 seconds.
     *
     * @param failures how many fetches failed since the last success
     * @param until when the next fetch may begin; not used without a failure
     */
    record Backoff(int failures, long until) {

        static final Backoff NONE = new Backoff(0, 0);

        private static final long FIRST = TimeUnit.SECONDS.toNanos(1);
        private static final long SHORTEST = TimeUnit.MILLISECONDS.toNanos(800);
        private static final long LONGEST = TimeUnit.SECONDS.toNanos(60);
        private static final int FACTOR = 4;
        private static final int URGENT_ATTEMPTS = 10;
        private static final int PATIENT_FACTOR = 5;

        boolean isOver(long now) {
            return failures == 0 || now - until >= 0;
        }

        Backoff failed(long now, long beganAt, boolean hasKeys, double random) {
            int count = failures == Integer.MAX_VALUE ? failures : failures + 1;
            long pause = FIRST;
            if (hasKeys) {
                for (int i = 1; i < count && pause < LONGEST; i++) {
                    pause *= FACTOR;
                }
                pause = (long) (Math.min(pause, LONGEST) * (1 - 0.2 * random));
            } else {
                pause *= count <= URGENT_ATTEMPTS ? 1 : PATIENT_FACTOR;
                pause = (long) (pause * (1 + random));
            }
            return new Backoff(count, now + Math.max(SHORTEST, beganAt + pause - now));
        }
    }

    /**
     * A token bucket: so many at once, then one in each interval. It never owes a token: what must not wait for one, such as
     * a fetch without keys, takes one only if there is one. So however many came before, the next is an interval away at most.
     *
     * @param paidUntil the time up to which the tokens that were taken are paid for by the interval
     */
    record TokenBucket(long interval, int burst, long paidUntil) {

        boolean allows(long now) {
            return now - nextAt() >= 0;
        }

        /** The time from which the next token can be taken; it may be in the past. */
        long nextAt() {
            return paidUntil - (burst - 1) * interval;
        }

        /** With one token less, if there is one. */
        TokenBucket taken(long now) {
            return allows(now)
                    ? new TokenBucket(interval, burst, interval + (paidUntil - now > 0 ? paidUntil : now))
                    : this;
        }
    }

    /**
     * The budget of fetches for unknown key ids and for signatures that do not verify: three in a row, half a second apart,
     * then one in each cooldown. If more than 16 different ids were refused since the last fetch, they count as forged.
     * Then there is only one fetch in each cooldown, and the burst is kept for real keys.
     *
     * @param unpaid the bucket before the last fetch was paid for
     * @param lastFetch the number of the last fetch that was paid for; 0 if there was none
     * @param lastFetchAt when it was paid for
     * @param refused the hashes of the different ids that were refused since then, 17 at the most
     */
    record UnknownKeys(TokenBucket bucket, TokenBucket unpaid, long lastFetch, long lastFetchAt, Set<Integer> refused) {

        private static final int BURST = 3;
        private static final long SPACING = TimeUnit.MILLISECONDS.toNanos(500);
        private static final int FLOOD = 16;

        static UnknownKeys full(long cooldown, long now) {
            TokenBucket full = new TokenBucket(cooldown, BURST, now);
            return new UnknownKeys(full, full, 0, now, Set.of());
        }

        boolean allows(long now) {
            long since = now - lastFetchAt;
            return bucket.allows(now)
                    && (lastFetch == 0 || since >= bucket.interval() || (since >= SPACING && refused.size() <= FLOOD));
        }

        /** A fetch for an unknown key id begins, or a fetch for another reason has answered for an unknown key id. */
        UnknownKeys paid(long now, long fetch) {
            return fetch == lastFetch ? this : new UnknownKeys(bucket.taken(now), bucket, fetch, now, Set.of());
        }

        /** The fetch failed: the backoff replaces this budget. */
        UnknownKeys refunded(long fetch) {
            return fetch == lastFetch ? new UnknownKeys(unpaid, unpaid, 0, lastFetchAt, Set.of()) : this;
        }

        /** An id was refused a fetch. */
        UnknownKeys refused(int id) {
            if (refused.size() > FLOOD || refused.contains(id)) {
                return this;
            }
            Set<Integer> more = new HashSet<>(refused);
            more.add(id);
            return new UnknownKeys(bucket, unpaid, lastFetch, lastFetchAt, Set.copyOf(more));
        }
    }
}
