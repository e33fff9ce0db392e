package dev.hardening.jwks;

import dev.hardening.jwks.Fetch.Outcome;
import dev.hardening.jwks.RefreshPolicy.Action;
import dev.hardening.jwks.RefreshPolicy.Decision;
import dev.hardening.jwks.RefreshPolicy.Need;
import dev.hardening.jwks.RefreshPolicy.State;
import dev.hardening.jwks.RefreshPolicy.Visit;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The state of a cache, behind a lock, and the reads of it. It asks the {@link RefreshPolicy} what to do, starts the
 * fetches, and applies their outcomes.
 */
final class RefreshState {

    /*
     * Concurrency. Everything that a read needs is in one immutable object behind one volatile field. While nothing is
     * due, a read only reads that field and the ticker, and compares. Everything else happens under one lock. It is
     * never held while something is fetched, parsed or logged, or while a listener, a store or a future's continuation
     * runs. The timer's and the notifier's own locks are taken inside it, never around it.
     *
     * A reader waits for a fetch's future, not for the lock. So it can be interrupted without harm to the others, and pins
     * no virtual thread.
     *
     * At most one call of the transport is under way: a fetch whose deadline has passed has an outcome, but the policy
     * begins no other before its transport has returned.
     */

    private static final Need ANY_KEYS = new Need.AnyKeys();

    private final Fetch.Setup setup;
    private final RefreshPolicy policy;
    private final Ticker ticker;
    private final Clock clock;
    private final Notifier notifier;
    private final ScheduledRefresh refresh;

    private final ReentrantLock lock = new ReentrantLock();
    private volatile State state; // written under the lock
    // Guarded by the lock.
    private @Nullable Begun last;
    private FetchHistory history = FetchHistory.NONE;

    /**
     * A fetch that has begun.
     *
     * @param applied completes when its outcome is known, with whether it counts in full
     * @param appliedOrSlow completes at that moment too, or when the fetch is slow
     */
    private record Begun(Fetch fetch, CompletableFuture<Boolean> applied, CompletableFuture<?> appliedOrSlow) {}

    /**
     * A state before anything was fetched.
     *
     * @param pollsTicker whether the ticker may run faster or slower than the timer
     */
    RefreshState(
            Fetch.Setup setup,
            RefreshPolicy policy,
            Ticker ticker,
            boolean pollsTicker,
            Clock clock,
            Notifier notifier) {
        this.setup = setup;
        this.policy = policy;
        this.ticker = ticker;
        this.clock = clock;
        this.notifier = notifier;
        this.refresh = new ScheduledRefresh(setup.threads(), pollsTicker, this);
        this.state = policy.initial(ticker.read());
    }

    // ---- reading

    /**
     * The whole set. It waits for a fetch to its end.
     *
     * @throws JWKSUnavailableException if there are no usable keys, or the thread is interrupted while it waits
     */
    KeySet keys() {
        KeySet ready = ready(null);
        return ready == null ? read(ANY_KEYS) : ready;
    }

    /** {@link #keys} without waiting. */
    CompletableFuture<KeySet> keysAsync() {
        KeySet ready = ready(null);
        return ready == null ? readAsync(ANY_KEYS) : CompletableFuture.completedFuture(ready);
    }

    /**
     * The keys, refreshed within the budget if they lack a key id.
     *
     * @param kid a token's key id; null if it has none, and any key may have signed it
     * @throws JWKSUnavailableException if there are no usable keys, it cannot be known whether there is such a key, or the
     *     thread is interrupted while it waits
     */
    KeySet keysFor(@Nullable String kid) {
        KeySet ready = ready(kid);
        return ready == null ? read(new Need.KeyId(kid)) : ready;
    }

    /** {@link #keysFor} without waiting. */
    CompletableFuture<KeySet> keysForAsync(@Nullable String kid) {
        KeySet ready = ready(kid);
        return ready == null ? readAsync(new Need.KeyId(kid)) : CompletableFuture.completedFuture(ready);
    }

    /**
     * The keys, for a signature that none of a set verifies: refreshed once, within the budget for unknown key ids, if they
     * are still that set and were not fetched after the token came.
     *
     * @param kid the token's key id. A token without one may be of a key that the set lacks
     * @param id tells one token from another, by its hash
     * @param arrival {@link #fetches()} when the token came
     * @return the set that was tried if no fetch is allowed, or if nothing has changed
     * @throws JWKSUnavailableException if there is no key id, and it cannot be known whether there is a newer set
     */
    KeySet newerThan(KeySet tried, @Nullable String kid, int id, long arrival) {
        return read(new Reader(new Need.NewerThan(tried, kid != null, id), false, arrival));
    }

    /** {@link #newerThan} without waiting. */
    CompletableFuture<KeySet> newerThanAsync(KeySet tried, @Nullable String kid, int id, long arrival) {
        return readAsync(new Reader(new Need.NewerThan(tried, kid != null, id), true, arrival));
    }

    /** How many fetches have begun. */
    long fetches() {
        return state.fetches();
    }

    /** What a read returns without doing anything else; null if there is more to do. */
    private @Nullable KeySet ready(@Nullable String kid) {
        CachedKeys held = state.keys();
        return held != null
                        && held.isQuiet(ticker.read())
                        && (kid == null || held.keys().has(kid))
                ? held.keys()
                : null;
    }

    private KeySet read(Need need) {
        return read(new Reader(need, false, fetches()));
    }

    private KeySet read(Reader reader) {
        try {
            KeySet keys = reader.ask();
            while (keys == null) {
                reader.await();
                keys = reader.ask();
            }
            return keys;
        } finally {
            reader.leave();
        }
    }

    private CompletableFuture<KeySet> readAsync(Need need) {
        return readAsync(new Reader(need, true, fetches()));
    }

    private CompletableFuture<KeySet> readAsync(Reader reader) {
        CompletableFuture<KeySet> result = new CompletableFuture<>();
        ask(reader, result);
        return result;
    }

    private void ask(Reader reader, CompletableFuture<KeySet> result) {
        KeySet keys;
        try {
            keys = reader.ask();
        } catch (RuntimeException | Error failed) { // there are no keys, or the caller's ticker threw
            reader.leave();
            result.completeExceptionally(failed);
            return;
        }
        if (keys != null) {
            reader.leave();
            result.complete(keys);
        } else {
            var unused = reader.waitsFor().whenComplete((done, never) -> askLater(reader, result));
        }
    }

    /** On a worker, because what depends on the result may block. */
    private void askLater(Reader reader, CompletableFuture<KeySet> result) {
        reader.hasWaited();
        try {
            setup.threads().workers().execute(() -> ask(reader, result));
        } catch (Throwable exhausted) { // there may be no thread left to start
            ask(reader, result);
        }
    }

    /** One reader that cannot just take the keys: it asks, waits for a fetch, and asks again. */
    private final class Reader {

        private final Need need;
        private final boolean async;
        private Visit visit;
        private @Nullable Begun awaited;
        private boolean wasOvertaken; // a fetch that it waited for, by an invalidation
        // For a key id that the set lacks it waits briefly: until its patience, which is a future, completes.
        private boolean briefly;
        private @Nullable CompletableFuture<Void> patience;
        private @Nullable Future<?> endOfPatience;

        /**
         * @param async whether it must not run what the caller's executor may run at once
         * @param arrival how many fetches had begun when it came
         */
        Reader(Need need, boolean async, long arrival) {
            this.need = need;
            this.async = async;
            this.visit = new Visit(arrival, 0, false);
        }

        /**
         * The keys; null if it has to wait first. Starts a fetch if it is time for one.
         *
         * @throws JWKSUnavailableException if there are none
         */
        @Nullable
        KeySet ask() {
            Begun begun;
            KeySet keys;
            JWKSUnavailableException failure;
            lock.lock();
            try {
                long now = ticker.read();
                Decision decision = policy.read(state, now, need, visit);
                begun = enter(decision.next());
                Action action = decision.action();
                briefly = action == Action.WAIT_BRIEFLY;
                awaited = briefly || action == Action.WAIT ? last : null;
                CachedKeys held = state.keys();
                keys = action == Action.SERVE && held != null ? held.keys() : null;
                failure = keys == null && awaited == null ? unavailable(now) : null;
            } finally {
                lock.unlock();
            }
            if (begun != null && async) {
                begun.fetch().startOnWorker();
            } else if (begun != null) {
                begun.fetch().start();
            }
            if (failure != null) {
                throw failure;
            }
            return keys;
        }

        /** Completes when it can ask again. */
        CompletableFuture<?> waitsFor() {
            Begun fetch = awaited();
            if (!briefly) {
                return fetch.applied();
            }
            return fetch.appliedOrSlow().isDone()
                    ? fetch.appliedOrSlow()
                    : CompletableFuture.anyOf(fetch.appliedOrSlow(), patience());
        }

        /** Waits on this thread. */
        void await() {
            try {
                waitsFor().get();
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                throw new JWKSUnavailableException("interrupted while waiting for keys", null);
            } catch (ExecutionException impossible) {
                throw new IllegalStateException(impossible);
            }
            hasWaited();
        }

        void hasWaited() {
            Begun fetch = awaited();
            // Not the first one that was overtaken: then there is another fetch to wait for.
            boolean isOvertaken = fetch.applied().isDone() && !fetch.applied().join();
            boolean counts = !isOvertaken || wasOvertaken;
            wasOvertaken |= isOvertaken;
            long waitedFor = counts ? fetch.fetch().number() : visit.waitedFor();
            visit = new Visit(visit.arrival(), waitedFor, patience != null && patience.isDone());
        }

        private Begun awaited() {
            if (awaited == null) {
                throw new IllegalStateException("it waits for nothing");
            }
            return awaited;
        }

        /** It begins with the first wait for a key id, and holds for a second fetch too. */
        private CompletableFuture<Void> patience() {
            CompletableFuture<Void> begun = patience;
            if (begun == null) {
                CompletableFuture<Void> begins = new CompletableFuture<>();
                patience = begins;
                begun = begins;
                try {
                    endOfPatience = setup.threads()
                            .schedule(
                                    () -> begins.complete(null),
                                    setup.slowAfter().toNanos());
                } catch (Throwable exhausted) { // there may be no thread left for the timer
                    begins.complete(null);
                }
            }
            return begun;
        }

        /** Ends its wait for a key id, if there was one. */
        void leave() {
            if (endOfPatience != null) {
                endOfPatience.cancel(false);
            }
        }
    }

    private JWKSUnavailableException unavailable(long now) {
        // An older failure has nothing to do with it. Without any success, the last outcome was a failure.
        boolean isFailing = state.budget().isFailing()
                || (state.keys() == null && state.running() == null && history.failures() > 0);
        boolean hasKeys = policy.usable(state, now) != null;
        String what = hasKeys
                ? "The key may be a new one of " + notifier.endpoint()
                : "No usable keys of " + notifier.endpoint();
        String why;
        if (state.closed()) {
            why = "the cache is closed";
        } else if (isFailing) {
            why = String.valueOf(history.lastError());
        } else if (state.running() != null || hasKeys) {
            why = "the endpoint has not answered yet";
        } else {
            why = state.keys() == null ? "nothing was fetched yet" : "they are too old";
        }
        return new JWKSUnavailableException(what + ": " + why, isFailing ? history.lastCause() : null);
    }

    // ---- fetching

    /** Takes the next state; returns the fetch that has to be started, if one begins with it. */
    private @Nullable Begun enter(State next) {
        Begun begun = null;
        if (next.running() != null && next.fetches() > state.fetches()) {
            begun = follow(new Fetch(setup, next.running(), next.keys()));
            last = begun;
        }
        state = next;
        return begun;
    }

    private Begun follow(Fetch fetch) {
        CompletableFuture<Boolean> applied = fetch.outcome()
                .thenApply(outcome -> apply(fetch, outcome))
                .exceptionally(thrown -> true); // by the caller's ticker: its readers must not wait for ever
        CompletableFuture<Void> slow = fetch.slow().thenRun(() -> isSlow(fetch));
        var unused = fetch.ended().thenRun(() -> hasEnded(fetch));
        return new Begun(fetch, applied, CompletableFuture.anyOf(applied, slow));
    }

    /** Begins a fetch if the timer has to. */
    void refreshIfDue() {
        Begun begun;
        lock.lock();
        try {
            long now = ticker.read();
            refresh.unset();
            begun = enter(policy.timer(state, now));
            if (begun == null) {
                scheduleRefresh(now);
            }
        } finally {
            lock.unlock();
        }
        if (begun != null) {
            begun.fetch().startOnWorker();
        }
    }

    /** Under the lock. */
    private void scheduleRefresh(long now) {
        OptionalLong next = policy.nextTimer(state, now);
        if (next.isPresent()) {
            refresh.set(now, next.getAsLong());
        } else {
            refresh.unset();
        }
    }

    private void isSlow(Fetch fetch) {
        lock.lock();
        try {
            state = policy.slow(state, fetch.number());
        } finally {
            lock.unlock();
        }
    }

    /** Applies the outcome of a fetch; returns false if it was overtaken, or came too late. */
    private boolean apply(Fetch fetch, Outcome outcome) {
        boolean isNew;
        boolean counts;
        JWKSCacheStatus status;
        lock.lock();
        try {
            long now = ticker.read();
            isNew = policy.isUnderWay(state, fetch.number());
            counts = policy.counts(state, fetch.number());
            if (isNew) {
                apply(outcome, now, counts);
            }
            if (fetch.isOver()) {
                state = policy.ended(state, fetch.number());
            }
            status = statusAt(now);
            if (counts || (isNew && outcome instanceof Outcome.Failure)) {
                notifier.log(outcome, status);
                notifier.concluded(outcome, status);
            } else if (isNew) {
                notifier.log(null, status);
            }
            scheduleRefresh(now);
        } finally {
            lock.unlock();
        }
        notifier.deliver();
        return counts;
    }

    private void apply(Outcome outcome, long now, boolean counts) {
        if (outcome instanceof Outcome.Success success) {
            state = counts ? policy.succeeded(state, now, success) : policy.overtaken(state, now, success);
            history = history.succeeded(clock.instant());
        } else if (outcome instanceof Outcome.Failure failure) {
            state = counts ? policy.failed(state, now, failure) : policy.overtaken(state, now, failure);
            history = history.failed(clock.instant(), failure.cause());
        }
    }

    private void hasEnded(Fetch fetch) {
        lock.lock();
        try {
            state = policy.ended(state, fetch.number());
            scheduleRefresh(ticker.read());
        } finally {
            lock.unlock();
        }
        notifier.deliver(); // of keys that an answer after the deadline had
    }

    // ---- what the cache is told, and tells

    /** Makes the next read fetch, also if a fetch is under way. */
    void invalidate() {
        lock.lock();
        try {
            long now = ticker.read();
            state = policy.invalidated(state, now);
            scheduleRefresh(now);
        } finally {
            lock.unlock();
        }
    }

    /** Takes keys that were saved by another process. */
    void restore(KeySet keys, Duration age, Instant fetchedAt) {
        lock.lock();
        try {
            long now = ticker.read();
            state = policy.restored(state, now, keys, age);
            history = history.succeeded(fetchedAt);
            scheduleRefresh(now);
        } finally {
            lock.unlock();
        }
    }

    /** Begins no further fetch, and ends the one that is under way; those who wait for it go on. */
    void close() {
        Begun ends;
        lock.lock();
        try {
            state = policy.closed(state);
            ends = last;
            refresh.end();
        } finally {
            lock.unlock();
        }
        if (ends != null) {
            ends.fetch().cancel();
        }
    }

    /** The current state, without starting a fetch. */
    JWKSCacheStatus status() {
        lock.lock();
        try {
            return statusAt(ticker.read());
        } finally {
            lock.unlock();
        }
    }

    /** The current state. If there are no keys, they are fetched in the background from now on. */
    @SuppressWarnings("ReferenceEquality") // a state that changes nothing is the same object
    JWKSCacheStatus wantedStatus() {
        lock.lock();
        try {
            long now = ticker.read();
            State wanted = policy.wanted(state, now);
            if (wanted != state) {
                state = wanted;
                scheduleRefresh(now);
            }
            return statusAt(now);
        } finally {
            lock.unlock();
        }
    }

    private JWKSCacheStatus statusAt(long now) {
        CachedKeys held = state.keys();
        CachedKeys usable = policy.usable(state, now);
        OptionalLong next = policy.nextTimer(state, now);
        return new JWKSCacheStatus(
                policy.health(state, now, history.failures() > 0),
                held == null ? null : Duration.ofNanos(now - held.times().fetchedAt()),
                usable == null ? 0 : usable.keys().keys().size(),
                history.lastSuccess(),
                history.lastFailure(),
                history.lastError(),
                next.isPresent() ? clock.instant().plusNanos(Math.max(0, next.getAsLong())) : null,
                state.fetches(),
                history.failures());
    }
}
