package dev.hardening.jwks;

import dev.hardening.jwks.Fetch.Outcome;
import dev.hardening.jwks.RefreshPolicy.Decision;
import dev.hardening.jwks.RefreshPolicy.Need;
import dev.hardening.jwks.RefreshPolicy.State;
import dev.hardening.jwks.RefreshPolicy.Visit;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.OptionalLong;
import java.util.concurrent.Future;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The state of a cache, behind a lock: it asks the {@link RefreshPolicy} what to do, starts the fetches, and applies their
 * outcomes.
 */
final class RefreshState implements Fetch.Observer {

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

    /** What a reader does next. */
    sealed interface Answer {

        /** It returns these keys. */
        record Keys(KeySet keys) implements Answer {}

        /** It waits for a fetch, and asks again. */
        record Wait(Fetch fetch, boolean briefly) implements Answer {}

        /** It fails. */
        record Unavailable(JWKSUnavailableException reason) implements Answer {}
    }

    private final Fetch.Setup setup;
    private final RefreshPolicy policy;
    private final Ticker ticker;
    private final Clock clock;
    private final Notifier notifier;
    private final RefreshTimer timer;

    private final ReentrantLock lock = new ReentrantLock();
    private volatile State state; // written under the lock
    // Guarded by the lock.
    private @Nullable Fetch current; // the last that began
    private long failures;
    private @Nullable Instant lastSuccess;
    private @Nullable Instant lastFailure;
    private @Nullable Throwable lastCause;

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
        this.timer = new RefreshTimer(setup.timer(), pollsTicker, this);
        this.state = policy.initial(ticker.read());
    }

    /** What a read returns without doing anything else; null if there is more to do. */
    @Nullable
    KeySet ready() {
        CachedKeys held = state.keys();
        return held != null && held.isQuiet(ticker.read()) ? held.keys() : null;
    }

    /** How many fetches were begun. */
    long fetches() {
        return state.fetches();
    }

    /** Runs a task when a reader that begins to wait now has waited as long as it may for a key id that the set lacks. */
    Future<?> afterUnknownKeyWait(Runnable task) {
        return setup.timer().schedule(task, setup.slowAfter().toNanos());
    }

    /** Decides what a reader does, and starts a fetch if it is time for one. */
    Answer read(Need need, Visit visit) {
        Fetch begun;
        Answer answer;
        lock.lock();
        try {
            long now = ticker.read();
            Decision decision = policy.read(state, now, need, visit);
            begun = enter(decision.next());
            answer = answer(decision, now);
        } finally {
            lock.unlock();
        }
        if (begun != null) {
            begun.start();
        }
        return answer;
    }

    private Answer answer(Decision decision, long now) {
        CachedKeys held = decision.next().keys();
        Fetch fetch = current;
        return switch (decision.verdict()) {
            case SERVE -> held == null ? unavailable(now) : new Answer.Keys(held.keys());
            case WAIT -> fetch == null ? unavailable(now) : new Answer.Wait(fetch, false);
            case WAIT_BRIEFLY -> fetch == null ? unavailable(now) : new Answer.Wait(fetch, true);
            case UNAVAILABLE -> unavailable(now);
        };
    }

    private Answer unavailable(long now) {
        Throwable cause = state.budget().isFailing() ? lastCause : null; // an older one has nothing to do with it
        boolean hasKeys = policy.usable(state, now) != null;
        String what = hasKeys
                ? "The key may be a new one of " + notifier.endpoint()
                : "No usable keys of " + notifier.endpoint();
        String why;
        if (state.closed()) {
            why = "the cache is closed";
        } else if (cause != null) {
            why = reason(cause);
        } else if (state.running() != null || hasKeys) {
            why = "the endpoint has not answered yet";
        } else {
            why = state.keys() == null ? "nothing was fetched yet" : "they are too old";
        }
        return new Answer.Unavailable(new JWKSUnavailableException(what + ": " + why, cause));
    }

    /** Takes the next state; returns the fetch that has to be started, if one begins with it. */
    private @Nullable Fetch enter(State next) {
        Fetch begun = null;
        if (next.running() != null && next.fetches() > state.fetches()) {
            begun = new Fetch(setup, next.running(), next.keys(), this);
            current = begun;
        }
        state = next;
        return begun;
    }

    /** Sets the timer to when it has to look next; under the lock. */
    private void setTimer(long now) {
        OptionalLong next = policy.nextTimer(state, now);
        if (next.isPresent()) {
            timer.set(now, next.getAsLong());
        } else {
            timer.unset();
        }
    }

    /** The timer's time has come. */
    void timerRang() {
        Fetch begun;
        lock.lock();
        try {
            long now = ticker.read();
            timer.unset();
            begun = enter(policy.timer(state, now));
            if (begun == null) {
                setTimer(now);
            }
        } finally {
            lock.unlock();
        }
        if (begun != null) {
            begun.startFromTimer();
        }
    }

    @Override
    public void slow(Fetch fetch) {
        lock.lock();
        try {
            state = policy.slow(state, fetch.number());
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void late(Fetch fetch, Outcome outcome) {
        conclude(fetch, outcome, false);
    }

    @Override
    public void ended(Fetch fetch, Outcome outcome) {
        conclude(fetch, outcome, true);
    }

    private void conclude(Fetch fetch, Outcome outcome, boolean hasEnded) {
        boolean isNew;
        boolean counts;
        JWKSCacheStatus status;
        lock.lock();
        try {
            long now = ticker.read();
            isNew = policy.isUnderWay(state, fetch.number());
            counts = policy.counts(state, fetch.number());
            if (counts) {
                apply(outcome, now);
            } else if (isNew) {
                state = policy.concluded(state);
            }
            if (hasEnded) {
                state = policy.ended(state, fetch.number());
            }
            status = statusAt(now);
            if (counts) {
                notifier.concluded(outcome, status);
            }
            setTimer(now);
        } finally {
            lock.unlock();
        }
        if (isNew) {
            notifier.log(counts ? outcome : null, status);
            fetch.release(counts);
        }
        notifier.deliver();
    }

    private void apply(Outcome outcome, long now) {
        if (outcome instanceof Outcome.Success success) {
            state = policy.succeeded(state, now, success);
            lastSuccess = clock.instant();
        } else if (outcome instanceof Outcome.Failure failure) {
            state = policy.failed(state, now);
            failures++;
            lastFailure = clock.instant();
            lastCause = failure.cause();
        }
    }

    private static String reason(Throwable cause) {
        String text = cause.getMessage();
        return cause.getClass() == IOException.class && text != null
                ? text
                : cause.getClass().getSimpleName()
                        + (text == null ? "" : ": " + text.lines().findFirst().orElse(""));
    }

    /** Makes the next read fetch, and drops the result of the fetch that is under way. */
    void invalidate() {
        lock.lock();
        try {
            long now = ticker.read();
            state = policy.invalidated(state, now);
            setTimer(now);
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
            lastSuccess = fetchedAt;
            setTimer(now);
        } finally {
            lock.unlock();
        }
    }

    /** Begins no further fetch, and ends the one that is under way; those who wait for it go on. */
    void close() {
        Fetch last;
        lock.lock();
        try {
            state = policy.closed(state);
            last = current;
            timer.end();
        } finally {
            lock.unlock();
        }
        if (last != null) {
            last.abort();
            last.release(false);
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
                setTimer(now);
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
                policy.health(state, now, failures > 0),
                held == null ? null : Duration.ofNanos(now - held.times().fetchedAt()),
                usable == null ? 0 : usable.keys().keys().size(),
                lastSuccess,
                lastFailure,
                lastCause == null ? null : reason(lastCause),
                next.isPresent() ? clock.instant().plusNanos(Math.max(0, next.getAsLong())) : null,
                state.fetches(),
                failures);
    }
}
