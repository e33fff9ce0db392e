package dev.hardening.jwks;

import dev.hardening.jwks.Flight.Landing;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** What a cache holds and what it may fetch: its state machine, which itself fetches, parses and tells nothing. */
final class CacheState {

    /*
     * Concurrency. All that a read needs is in one immutable Snapshot behind one volatile field: while nothing is due, a
     * read is that field, the ticker and a comparison. Everything else happens under one lock, which is never held while
     * something is fetched, parsed, logged, or told to a listener. It is taken before a cache's or the timer's own locks.
     *
     * A fetch is a Flight: at most one is under way. Whoever needs its result waits for its future, not for the lock, so
     * a waiting reader can be interrupted without harm to the others, and no virtual thread is pinned. A flight carries
     * the generation in which it began; invalidate() begins a new one, and a flight that lands in a later generation
     * than its own is dropped, its failure too: those who waited for it look again and begin the next.
     *
     * Whoever is handed a flight as begun has to launch it, and each launched flight lands, at its deadline if not before.
     *
     * Whether a flight may begin is for the Budgets to say, and for how long keys are good for the Snapshot.
     *
     * Whoever waits is released before the listener and the store hear of it, and those run apart from the timer and the
     * transport: what they do, a read of this cache too, holds up neither.
     */

    private static final long LEAST_TIME_TO_LIVE = TimeUnit.SECONDS.toNanos(60);

    /** How long keys live, in nanoseconds; see the cache's builder. */
    record Times(long timeToLive, long refreshBefore, long staleFor) {}

    /** Hears of changes, in their order, under the lock: it has to be quick, and may not call back. */
    interface Observer {

        /** A flight landed. */
        void landed(Landed landed);

        /** When a refresh is due next, from now. */
        void dueIn(long nanos);
    }

    /**
     * What became of a flight.
     *
     * @param fetched the keys that became current, if it succeeded
     * @param status the status after it
     */
    record Landed(Landing result, @Nullable KeySet fetched, JWKSCacheStatus status) {}

    /**
     * What a reader does next.
     *
     * @param held what it returns, or null if there is nothing to return
     * @param awaited the flight that it waits for first, or null
     * @param begun the flight that it launches before either, or null
     */
    record Turn(
            @Nullable Snapshot held,
            @Nullable Flight awaited,
            @Nullable Flight begun) {}

    private final Times times;
    private final Ticker ticker;
    private final Clock clock;
    private final Observer observer;

    private volatile @Nullable Snapshot snapshot;

    private final ReentrantLock lock = new ReentrantLock();
    // Guarded by the lock.
    private final Budgets budgets;
    private @Nullable Flight flight;
    private long generation;
    private boolean closed;
    private long fetches;
    private long failures;
    private @Nullable Instant lastSuccess;
    private @Nullable Instant lastFailure;
    private @Nullable String lastError;
    private @Nullable Throwable lastCause;

    CacheState(Times times, Budgets budgets, Ticker ticker, Clock clock, Observer observer) {
        this.times = times;
        this.budgets = budgets;
        this.ticker = ticker;
        this.clock = clock;
        this.observer = observer;
    }

    /** What a read returns without doing anything else; null if it has to take a turn. */
    @Nullable
    Snapshot ready() {
        Snapshot held = snapshot;
        return held != null && held.needsNothing(ticker.read()) ? held : null;
    }

    /** Looks again under the lock, begins a flight if one is due and may begin, and says what the reader does. */
    Turn read() {
        lock.lock();
        try {
            long now = ticker.read();
            Snapshot held = usableAt(now);
            if (held != null && !held.isRefreshDue(now)) {
                return new Turn(held, null, null);
            }
            boolean mustWait = held == null || (held.isStale(now) && !budgets.isFailing());
            Flight begun = flight == null && mayAttempt(now) ? begin(!mustWait, now) : null;
            Flight underWay = flight;
            boolean waits =
                    underWay != null && mustWait && (held == null || held.invalidated() || !underWay.background());
            return new Turn(held, waits ? underWay : null, begun);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Begins a flight for a key id that the set lacks, within its budget, or names the one that is under way.
     *
     * @param asked whether the reader began a flight for it already, which pays now
     */
    Turn seek(String kid, boolean asked) {
        lock.lock();
        try {
            long now = ticker.read();
            Snapshot held = usableAt(now);
            if (held != null && held.keys().has(kid)) {
                return new Turn(held, null, null);
            }
            if (asked) {
                budgets.takeUnknownKey(now);
                return new Turn(held, null, null);
            }
            if (flight != null) {
                return new Turn(held, flight, null);
            }
            Flight begun = mayAttempt(now) && budgets.takeUnknownKey(now) ? begin(false, now) : null;
            return new Turn(held, begun, begun);
        } finally {
            lock.unlock();
        }
    }

    /** Begins a flight for a signature that no key of a set verifies, within the budget, or names the one under way. */
    @SuppressWarnings("ReferenceEquality") // each fetch that changes something makes a new set
    Turn seekNewer(KeySet tried) {
        lock.lock();
        try {
            long now = ticker.read();
            Snapshot held = usableAt(now);
            if (held == null || held.keys() != tried) {
                return new Turn(held, null, null);
            }
            if (flight != null) {
                return new Turn(held, flight, null);
            }
            Flight begun = mayAttempt(now) && budgets.takeUnknownKey(now) ? begin(false, now) : null;
            return new Turn(held, begun, begun);
        } finally {
            lock.unlock();
        }
    }

    /** The flight that the timer has to launch; null if none is due, or one is under way. */
    @Nullable
    Flight refreshIfDue() {
        lock.lock();
        try {
            long now = ticker.read();
            Snapshot held = snapshot;
            if (held == null || flight != null || closed) {
                return null;
            }
            if (held.isRefreshDue(now) && mayAttempt(now)) {
                return begin(true, now);
            }
            observer.dueIn(dueAt(held) - now);
            return null;
        } finally {
            lock.unlock();
        }
    }

    private boolean mayAttempt(long now) {
        Snapshot held = snapshot;
        boolean hasFallback = held != null && held.invalidated() && held.isUsable(now);
        return !closed && !(hasFallback && budgets.isOverdrawn(now)) && budgets.isBackoffOver(now);
    }

    private Flight begin(boolean background, long now) {
        budgets.began(now);
        Flight begun = new Flight(generation, background, snapshot);
        flight = begun;
        fetches++;
        return begun;
    }

    /**
     * Applies a flight's result, once, and only in the generation in which it began.
     *
     * @param fetched the keys, or null if the flight failed
     * @return what the caller completes it with, or null if it had landed before or the cache was closed
     */
    @Nullable
    Landed land(
            Flight landing,
            @Nullable KeySet fetched,
            JWKSFetcher.@Nullable Response response,
            @Nullable Throwable failure) {
        Landing result;
        lock.lock();
        try {
            if (flight != landing) {
                return null;
            }
            flight = null;
            long now = ticker.read();
            if (landing.generation() != generation) {
                result = Landing.SUPERSEDED;
            } else if (fetched != null && response != null) {
                result = Landing.SUCCEEDED;
                succeed(fetched, response, landing.basis(), now);
            } else {
                result = Landing.FAILED;
                fail(failure, now);
            }
            Landed landed = new Landed(result, result == Landing.SUCCEEDED ? fetched : null, statusAt(now));
            observer.landed(landed);
            Snapshot held = snapshot;
            if (held != null) {
                observer.dueIn(dueAt(held) - now);
            }
            return landed;
        } finally {
            lock.unlock();
        }
    }

    private void succeed(KeySet fetched, JWKSFetcher.Response response, @Nullable Snapshot basis, long now) {
        budgets.succeeded();
        lastSuccess = clock.instant();
        boolean modified = response.body().isPresent() || basis == null;
        // An edge of a content network may serve an older set after a newer one. A key that this fetch lacks and the
        // one before had stays until another fetch lacks it too, or its own time to live ends.
        List<SigningKey> kept = List.of();
        long keptUntil = now;
        if (basis != null && !basis.invalidated() && fetched != basis.fetched() && basis.expiresAt() - now > 0) {
            kept = basis.fetched().keys().stream()
                    .filter(key -> !fetched.has(key.kid()))
                    .toList();
            keptUntil = basis.expiresAt();
        }
        snapshot = Snapshot.of(
                fetched,
                kept,
                keptUntil,
                now,
                timeToLive(response.maxAge()),
                times.refreshBefore(),
                times.staleFor(),
                modified || basis == null ? response.etag() : basis.etag(),
                modified || basis == null ? response.lastModified() : basis.lastModified());
    }

    /** The endpoint may shorten the time to live, not below twice the refresh-ahead nor a minute, and never lengthen it. */
    private long timeToLive(@Nullable Duration maxAge) {
        long longest = times.timeToLive();
        if (maxAge == null || maxAge.compareTo(Duration.ofNanos(longest)) >= 0) {
            return longest;
        }
        long least = Math.min(longest, Math.max(2 * times.refreshBefore(), LEAST_TIME_TO_LIVE));
        return Math.max(least, maxAge.toNanos());
    }

    private void fail(@Nullable Throwable failure, long now) {
        failures++;
        lastFailure = clock.instant();
        lastCause = failure;
        lastError = reason(failure);
        Snapshot held = snapshot;
        budgets.failed(now, held != null && held.isUsable(now));
    }

    private static String reason(@Nullable Throwable failure) {
        if (failure == null) {
            return "unknown";
        }
        String text = failure.getMessage();
        return failure.getClass() == IOException.class && text != null
                ? text
                : failure.getClass().getSimpleName()
                        + (text == null ? "" : ": " + text.lines().findFirst().orElse(""));
    }

    /** Lets the next read fetch, and what is under way never become current. */
    void invalidate() {
        lock.lock();
        try {
            long now = ticker.read();
            generation++;
            budgets.invalidated(now);
            Snapshot held = snapshot;
            if (held != null) {
                snapshot = held.invalidated(now);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Takes keys that were saved by another process. */
    void restore(KeySet keys, Duration age, Instant fetchedAt) {
        lock.lock();
        try {
            long now = ticker.read();
            Snapshot restored = Snapshot.of(
                    keys,
                    List.of(),
                    0,
                    now - age.toNanos(),
                    times.timeToLive(),
                    times.refreshBefore(),
                    times.staleFor(),
                    null,
                    null);
            snapshot = restored;
            lastSuccess = fetchedAt;
            observer.dueIn(dueAt(restored) - now);
        } finally {
            lock.unlock();
        }
    }

    /** Begins no flight any more; returns the one that was under way, whose waiters go on. */
    @Nullable
    Flight close() {
        Flight last;
        lock.lock();
        try {
            closed = true;
            last = flight;
            flight = null;
        } finally {
            lock.unlock();
        }
        if (last != null) {
            last.complete(Landing.FAILED);
        }
        return last;
    }

    /** The snapshot while it may be used, however old. */
    @Nullable
    Snapshot usable() {
        lock.lock();
        try {
            return usableAt(ticker.read());
        } finally {
            lock.unlock();
        }
    }

    /** The same, less the keys whose time is over; under the lock. */
    private @Nullable Snapshot usableAt(long now) {
        Snapshot held = snapshot;
        if (held == null || !held.isUsable(now)) {
            return null;
        }
        Snapshot pruned = held.withoutKept(now);
        snapshot = pruned;
        return pruned;
    }

    /** Why there are no usable keys. */
    JWKSUnavailableException unavailable(String place) {
        lock.lock();
        try {
            String why = closed ? "the cache is closed" : lastError == null ? "nothing was fetched yet" : lastError;
            return new JWKSUnavailableException("No usable keys of " + place + ": " + why, lastCause);
        } finally {
            lock.unlock();
        }
    }

    JWKSCacheStatus status() {
        lock.lock();
        try {
            return statusAt(ticker.read());
        } finally {
            lock.unlock();
        }
    }

    private JWKSCacheStatus statusAt(long now) {
        Snapshot held = snapshot;
        JWKSCacheStatus.State state;
        if (held == null) {
            state = failures > 0 ? JWKSCacheStatus.State.UNAVAILABLE : JWKSCacheStatus.State.EMPTY;
        } else if (!held.isUsable(now)) {
            state = JWKSCacheStatus.State.UNAVAILABLE;
        } else if (held.isStale(now)) {
            state = JWKSCacheStatus.State.STALE;
        } else {
            state = held.isRefreshDue(now) ? JWKSCacheStatus.State.REFRESH_DUE : JWKSCacheStatus.State.FRESH;
        }
        boolean decided = !closed && (held != null || budgets.isFailing());
        return new JWKSCacheStatus(
                state,
                held == null ? null : Duration.ofNanos(now - held.fetchedAt()),
                held == null || !held.isUsable(now)
                        ? 0
                        : held.withoutKept(now).keys().keys().size(),
                lastSuccess,
                lastFailure,
                lastError,
                decided ? clock.instant().plusNanos(Math.max(0, dueAt(held) - now)) : null,
                fetches,
                failures);
    }

    private long dueAt(@Nullable Snapshot held) {
        if (held == null) {
            return budgets.nextAttempt();
        }
        if (!budgets.isFailing()) {
            return held.invalidated() ? budgets.nextInvalidation() : held.refreshAt();
        }
        // A fetch for an unknown key id may fail long before a refresh is due.
        boolean refreshIsLater = !held.invalidated() && held.refreshAt() - budgets.nextAttempt() > 0;
        return refreshIsLater ? held.refreshAt() : budgets.nextAttempt();
    }
}
