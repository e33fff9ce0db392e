package dev.hardening.jwks;

import dev.hardening.jwks.CachedKeys.Times;
import dev.hardening.jwks.CachedKeys.Validators;
import dev.hardening.jwks.FetchBudget.UnknownKeys;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Decides what a cache does: when to fetch, what to serve, what to refuse. Each method takes a state, an event and the
 * ticker's time, and returns the next state, with what a reader does. It has no lock, no thread and no clock. Its only
 * randomness is from the source that it was given.
 */
class RefreshPolicy {

    private static final long LEAST_TIME_TO_LIVE = TimeUnit.SECONDS.toNanos(60);
    private static final Duration LONGEST_RETRY_AFTER = Duration.ofSeconds(60);
    private static final long LEAST_JITTER = TimeUnit.SECONDS.toNanos(1); // after Retry-After
    private static final long TIMER_DELAY = TimeUnit.SECONDS.toNanos(1); // so that a read comes first

    /** The options, in nanoseconds; see the cache's builder. */
    record Options(long timeToLive, long refreshBefore, long refreshSpread, long staleFor, long unknownKeyCooldown) {}

    /**
     * A fetch under way. There is at most one.
     *
     * @param number counts from 1
     * @param beganAt when it began
     * @param generation the number of invalidations before it began; see {@link State}
     * @param background whether it began while readers had what they needed
     * @param fresh whether no cache on its way may answer it
     * @param progress how far it is
     */
    record Running(long number, long beganAt, long generation, boolean background, boolean fresh, Progress progress) {

        private Running at(Progress changed) {
            return new Running(number, beganAt, generation, background, fresh, changed);
        }
    }

    /** How far a fetch is. */
    enum Progress {
        /** Readers may wait for it. */
        BEGUN,
        /** It has taken longer than a reader waits for an unknown key id. */
        SLOW,
        /** Its outcome is known, but the transport has not returned: no other call may begin. */
        CONCLUDED
    }

    /**
     * The state of a cache. Immutable.
     *
     * @param keys what was fetched last; null if there was nothing yet
     * @param running the fetch under way, or null
     * @param fetches how many were begun
     * @param generation how often the keys were invalidated
     * @param wantedSince when keys were first asked for; null if they were not
     */
    record State(
            @Nullable CachedKeys keys,
            FetchBudget budget,
            @Nullable Running running,
            long fetches,
            long generation,
            @Nullable Long wantedSince,
            boolean closed) {

        private State with(@Nullable CachedKeys changed) {
            return new State(changed, budget, running, fetches, generation, wantedSince, closed);
        }

        private State with(FetchBudget changed) {
            return new State(keys, changed, running, fetches, generation, wantedSince, closed);
        }

        private State withRunning(@Nullable Running changed) {
            return new State(keys, budget, changed, fetches, generation, wantedSince, closed);
        }
    }

    /** What a reader needs. */
    sealed interface Need {

        /** Whether a key set has it. */
        boolean isMetBy(KeySet keys);

        /** Tells it from what other readers need, by its hash. */
        int id();

        /** The whole set, for a reader that may wait for a fetch to its end. */
        record AnyKeys() implements Need {
            @Override
            public boolean isMetBy(KeySet keys) {
                return true;
            }

            @Override
            public int id() {
                return 0;
            }
        }

        /** A key of this id; without one, any key of the set may be it. */
        record KeyId(@Nullable String kid) implements Need {
            @Override
            public boolean isMetBy(KeySet keys) {
                return kid == null || keys.has(kid);
            }

            @Override
            public int id() {
                return Objects.hashCode(kid);
            }
        }

        /**
         * Another set than the one whose keys did not verify a signature.
         *
         * @param hasKid whether the token names one of these keys. Then its signature is bad, if no newer set can be got. If
         *     it names none, a key that the set lacks may have signed it
         * @param id tells one token from another, by its hash
         */
        record NewerThan(KeySet tried, boolean hasKid, int id) implements Need {
            @Override
            @SuppressWarnings("ReferenceEquality") // a fetch that changes nothing keeps the same object
            public boolean isMetBy(KeySet keys) {
                return keys != tried;
            }
        }
    }

    /**
     * What a reader has seen.
     *
     * @param arrival how many fetches had begun when it came
     * @param waitedFor the number of the last fetch that it waited for, until its outcome or until it was slow; 0 if there was
     *     none, or if it was overtaken by an invalidation
     * @param isOutOfTime whether it has waited as long as it may for a key id that the set lacks
     */
    record Visit(long arrival, long waitedFor, boolean isOutOfTime) {

        boolean hasWaited() {
            return waitedFor > 0;
        }
    }

    /** What a reader does next. */
    enum Action {
        /** It returns the keys of the state, whether or not they have what it needs. */
        SERVE,
        /** It waits for the outcome of the fetch. */
        WAIT,
        /** It waits for the outcome of the fetch, {@code unknownKeyWait} at the most, and reads again. */
        WAIT_BRIEFLY,
        /** There are no usable keys, or it cannot be known whether a key exists. */
        UNAVAILABLE
    }

    /** What a reader does next, and the state after that. If the state counts one fetch more, it has to be started. */
    record Decision(State next, Action action) {}

    private final Options options;
    private final DoubleSupplier random;
    // Drawn once, so that caches that started together have timers of different periods, and get further out of step
    // with each refresh. With a new moment for each refresh this would take days.
    private final double earlyBy;

    /**
     * A policy.
     *
     * @param random from 0 to 1, for the jitter of the backoff and of Retry-After, and once for the timer's part of the refresh spread
     */
    RefreshPolicy(Options options, DoubleSupplier random) {
        this.options = options;
        this.random = random;
        this.earlyBy = random.getAsDouble();
    }

    /** The state of a cache before anything was fetched. */
    State initial(long now) {
        return new State(null, FetchBudget.full(options.unknownKeyCooldown(), now), null, 0, 0, null, false);
    }

    /** A reader asks, or asks again after it has waited. */
    Decision read(State before, long now, Need need, Visit visit) {
        CachedKeys held = usable(before, now);
        if (held == null) {
            return readWithoutKeys(before, now, need, visit);
        }
        State state = before.with(held);
        return need.isMetBy(held.keys())
                ? readHeld(state, held, now, need, visit)
                : readMissing(state, held, now, need, visit);
    }

    /**
     * There are no keys. After a failure, a reader of one key waits no longer than for a key id that a set lacks: forged tokens
     * must not hold all threads while the endpoint hangs.
     */
    private Decision readWithoutKeys(State before, long now, Need need, Visit visit) {
        if (visit.hasWaited()) {
            return new Decision(before, Action.UNAVAILABLE);
        }
        State state = mayFetch(before, now) ? begin(before, now, false, false) : before;
        Running running = awaitable(state);
        if (running == null) {
            return new Decision(state, Action.UNAVAILABLE);
        }
        if (need instanceof Need.AnyKeys || !state.budget().isFailing()) {
            return new Decision(state, Action.WAIT);
        }
        return new Decision(state, waitsBriefly(running, visit) ? Action.WAIT_BRIEFLY : Action.UNAVAILABLE);
    }

    /**
     * The keys have what the reader needs. It waits only if they are old and no refresh in the background was tried. For one
     * key, it waits no longer than for one that the set lacks.
     */
    private Decision readHeld(State before, CachedKeys held, long now, Need need, Visit visit) {
        if (!held.isRefreshDue(now) || visit.hasWaited()) {
            return new Decision(before, Action.SERVE);
        }
        boolean wantsNewer = held.isStale(now) && !before.budget().isFailing();
        State state = mayFetch(before, now) ? begin(before, now, !wantsNewer, false) : before;
        Running running = awaitable(state);
        if (!wantsNewer || running == null || (running.background() && !held.isInvalidated())) {
            return new Decision(state, Action.SERVE);
        }
        if (need instanceof Need.AnyKeys) {
            return new Decision(state, Action.WAIT);
        }
        return new Decision(state, waitsBriefly(running, visit) ? Action.WAIT_BRIEFLY : Action.SERVE);
    }

    /** There are keys, but not what the reader needs. */
    private Decision readMissing(State state, CachedKeys held, long now, Need need, Visit visit) {
        UnknownKeys budget = state.budget().unknownKeys();
        if (held.fetch() > visit.arrival()) {
            // The keys were fetched after the reader came, so there is no such key. That fetch counts as one for an
            // unknown key id.
            UnknownKeys paid = budget.paid(now, held.fetch());
            return new Decision(state.with(state.budget().with(paid)), Action.SERVE);
        }
        Running running = state.running();
        if (running != null) {
            return new Decision(
                    state, waitsBriefly(running, visit) ? Action.WAIT_BRIEFLY : withoutKey(state, held, now, need));
        }
        boolean waitedForItsOwn = visit.waitedFor() > visit.arrival();
        if (waitedForItsOwn || visit.isOutOfTime() || !mayFetch(state, now)) {
            return new Decision(state, withoutKey(state, held, now, need));
        }
        if (held.isRefreshDue(now) || budget.allows(now)) {
            State begun = begin(state, now, false, true);
            UnknownKeys paid = budget.paid(now, begun.fetches());
            return new Decision(begun.with(begun.budget().with(paid)), Action.WAIT_BRIEFLY);
        }
        State refused = state.with(state.budget().with(budget.refused(need.id())));
        return new Decision(refused, withoutKey(refused, held, now, need));
    }

    /**
     * What a reader is told of a key that the set lacks. There is no such key if the keys were confirmed within the cooldown, or
     * if nothing is wrong. If neither is so, it cannot be known.
     */
    private Action withoutKey(State state, CachedKeys held, long now, Need need) {
        boolean confirmed = now - held.times().fetchedAt() <= options.unknownKeyCooldown() && !held.isInvalidated();
        boolean isWell = !state.budget().isFailing()
                && state.running() == null
                && !state.closed()
                && !state.budget().isOverdrawn(now);
        boolean hasTried = need instanceof Need.NewerThan newer && newer.hasKid();
        return hasTried || confirmed || isWell ? Action.SERVE : Action.UNAVAILABLE;
    }

    /** The timer looks; if the state counts one fetch more, it has to be started. */
    State timer(State state, long now) {
        OptionalLong due = nextTimer(state, now);
        return due.isPresent() && due.getAsLong() <= 0 ? begin(state, now, true, false) : state;
    }

    /** In how many nanoseconds the timer has to look; 0 or less for now; empty if nothing will be due. */
    OptionalLong nextTimer(State state, long now) {
        CachedKeys held = state.keys();
        if (state.closed() || state.running() != null) {
            return OptionalLong.empty();
        }
        long until;
        if (held == null) {
            Long wanted = state.wantedSince();
            if (state.budget().isFailing()) {
                until = state.budget().backoff().until() - now;
            } else if (wanted != null) {
                until = wanted + TIMER_DELAY - now;
            } else {
                return OptionalLong.empty();
            }
        } else {
            long due = held.times().timerAt() - now;
            long backoff = state.budget().isFailing() ? state.budget().backoff().until() - now : due;
            long invalidation = isWaitingForItsBudget(state, held, now)
                    ? state.budget().invalidations().nextAt() - now
                    : due;
            until = Math.max(due, Math.max(backoff, invalidation));
        }
        return OptionalLong.of(until);
    }

    /** The status was asked for: if there are no keys yet, they are fetched in the background from now on. */
    State wanted(State state, long now) {
        return state.keys() != null || state.wantedSince() != null || state.closed()
                ? state
                : new State(null, state.budget(), state.running(), state.fetches(), state.generation(), now, false);
    }

    /** A fetch takes longer than a reader waits for an unknown key id. */
    State slow(State state, long fetch) {
        Running running = state.running();
        return running != null && running.number() == fetch && running.progress() == Progress.BEGUN
                ? state.withRunning(running.at(Progress.SLOW))
                : state;
    }

    /** Whether a fetch has no outcome yet. */
    boolean isUnderWay(State state, long fetch) {
        Running running = awaitable(state);
        return running != null && running.number() == fetch;
    }

    /**
     * Whether the outcome of a fetch counts in full. It does not if the keys were invalidated after it had begun (see {@link
     * #overtaken}), if it is known already, or if the cache is closed.
     */
    boolean counts(State state, long fetch) {
        Running running = state.running();
        return running != null
                && isUnderWay(state, fetch)
                && running.generation() == state.generation()
                && !state.closed();
    }

    /** A fetch got keys; it has to {@linkplain #counts count}. */
    State succeeded(State state, long now, Fetch.Outcome.Success success) {
        CachedKeys before = state.keys();
        KeySet fetched = success.keys();
        CachedKeys keys = CachedKeys.of(fetched, state.fetches(), times(now, success.maxAge()), success.validators());
        // A content network may serve an older set after a newer one. So a key that this fetch lacks and the one before
        // had stays until another fetch lacks it too, or until its own time to live ends. A restored key does not stay:
        // another process may have invalidated it.
        if (before != null
                && !before.isInvalidated()
                && !before.isRestored()
                && before.times().expiresAt() - now > 0) {
            keys = keys.keeping(
                    lacking(fetched, before.fetched()), before.times().expiresAt());
        }
        return concluded(state).with(keys).with(state.budget().succeeded());
    }

    /** The keys that a fetch lacks, without those that a new key of the same key id replaces. */
    @SuppressWarnings("ReferenceEquality") // "not modified" keeps the same object
    private static List<SigningKey> lacking(KeySet fetched, KeySet before) {
        return fetched == before
                ? List.of()
                : before.keys().stream()
                        .filter(key -> !fetched.has(key) && !isReplaced(key, fetched, before))
                        .toList();
    }

    private static boolean isReplaced(SigningKey key, KeySet fetched, KeySet before) {
        return fetched.keys().stream().anyMatch(other -> Objects.equals(other.kid(), key.kid()) && !before.has(other));
    }

    /** A fetch failed; it has to {@linkplain #counts count}. */
    State failed(State state, long now, Fetch.Outcome.Failure failure) {
        Running running = state.running();
        if (running == null) {
            return state;
        }
        boolean hasKeys = usable(state, now) != null;
        double jitter = random.getAsDouble();
        FetchBudget budget = state.budget()
                .failed(now, running.beganAt(), hasKeys, jitter)
                .notBefore(now + retryAfter(failure, jitter))
                .with(state.budget().unknownKeys().refunded(running.number()));
        CachedKeys held = state.keys();
        // Perhaps it failed because of its condition.
        return concluded(state)
                .with(held == null ? null : held.withoutValidators())
                .with(budget);
    }

    /**
     * The outcome of a fetch came, but the keys were invalidated after the fetch had begun. It counts as if it had come just
     * before that: a failure lengthens the backoff, unless an invalidation may end it, and keys are a fallback at once, so
     * each read tries to get newer ones. They say of no reader's key that it does not exist.
     */
    State overtaken(State state, long now, Fetch.Outcome outcome) {
        if (outcome instanceof Fetch.Outcome.Failure failure) {
            return invalidated(failed(state, now, failure), now);
        }
        CachedKeys before = state.keys();
        CachedKeys keys = before;
        if (outcome instanceof Fetch.Outcome.Success success) {
            long fetch = before == null ? 0 : before.fetch();
            keys = CachedKeys.of(success.keys(), fetch, times(now, success.maxAge()), Validators.NONE);
        }
        return invalidated(concluded(state).with(keys).with(state.budget().succeeded()), now);
    }

    /**
     * The endpoint may ask for a longer pause than the backoff, not for any pause: it is not trusted. The pause is longer by
     * up to a fifth, or a second, because the endpoint may have told the same moment to each instance of a service. If it
     * asks for a minute or more, each instance waits a minute from its own failure.
     */
    private static long retryAfter(Fetch.Outcome.Failure failure, double random) {
        long longest = LONGEST_RETRY_AFTER.toNanos();
        if (failure.retryAfter().isZero()) {
            return 0;
        }
        if (failure.retryAfter().compareTo(LONGEST_RETRY_AFTER) >= 0) {
            return longest;
        }
        long asked = failure.retryAfter().toNanos();
        long most = Math.min(Math.max(asked / 5, LEAST_JITTER), longest - asked);
        return asked + (long) (most * random);
    }

    /** The outcome of the fetch is known. Its transport may not have returned yet. */
    State concluded(State state) {
        Running running = state.running();
        return running == null ? state : state.withRunning(running.at(Progress.CONCLUDED));
    }

    /** A fetch has ended, and nothing of it runs: another may begin. */
    State ended(State state, long fetch) {
        Running running = state.running();
        return running != null && running.number() == fetch ? state.withRunning(null) : state;
    }

    /** From now on the keys are only a fallback, and so are those of a fetch that is under way. */
    State invalidated(State state, long now) {
        CachedKeys held = state.keys();
        return new State(
                held == null ? null : held.invalidated(now + TIMER_DELAY),
                state.budget().invalidated(now),
                state.running(),
                state.fetches(),
                state.generation() + 1,
                state.wantedSince(),
                state.closed());
    }

    /**
     * Keys were restored that another process had fetched. Their age counts from that fetch. The timer refreshes them soon:
     * nothing says whether the endpoint had shortened their time to live, or the other process had invalidated them.
     */
    State restored(State state, long now, KeySet keys, Duration age) {
        Times times = times(now - age.toNanos(), null).withTimerAt(now + TIMER_DELAY);
        return state.with(CachedKeys.of(keys, 0, times, Validators.NONE));
    }

    /** No fetch begins after this, and readers wait for none. A fetch that is under way is dropped. */
    State closed(State state) {
        State dropped = concluded(state);
        return new State(
                dropped.keys(),
                dropped.budget(),
                dropped.running(),
                dropped.fetches(),
                dropped.generation(),
                dropped.wantedSince(),
                true);
    }

    /** The keys of a state while they may be used, without those whose time is over. */
    @Nullable
    CachedKeys usable(State state, long now) {
        CachedKeys held = state.keys();
        return held == null || !held.isUsable(now) ? null : held.at(now);
    }

    /**
     * How good the keys of a state are.
     *
     * @param hasFailed whether a fetch ever failed
     */
    JWKSCacheStatus.State health(State state, long now, boolean hasFailed) {
        CachedKeys held = state.keys();
        if (held == null) {
            return hasFailed ? JWKSCacheStatus.State.UNAVAILABLE : JWKSCacheStatus.State.EMPTY;
        }
        if (!held.isUsable(now)) {
            return JWKSCacheStatus.State.UNAVAILABLE;
        }
        if (held.isStale(now)) {
            return JWKSCacheStatus.State.STALE;
        }
        return held.isRefreshDue(now) ? JWKSCacheStatus.State.REFRESH_DUE : JWKSCacheStatus.State.FRESH;
    }

    /** The fetch under way, if its outcome is not known yet. */
    private static @Nullable Running awaitable(State state) {
        Running running = state.running();
        return running == null || running.progress() == Progress.CONCLUDED ? null : running;
    }

    /** Whether a reader that may not wait for a fetch to its end waits for it now. */
    private static boolean waitsBriefly(Running running, Visit visit) {
        return running.progress() == Progress.BEGUN && !visit.isOutOfTime();
    }

    private static boolean mayFetch(State state, long now) {
        CachedKeys held = state.keys();
        return !state.closed()
                && state.running() == null
                && state.budget().backoff().isOver(now)
                && !(held != null && isWaitingForItsBudget(state, held, now));
    }

    /** Whether there were so many invalidations that the old keys are used until the next fetch is allowed. */
    private static boolean isWaitingForItsBudget(State state, CachedKeys held, long now) {
        return held.isInvalidated() && held.isUsable(now) && state.budget().isOverdrawn(now);
    }

    /** @param fresh whether no cache may answer; after an invalidation, none may in any case, until there are newer keys */
    private static State begin(State state, long now, boolean background, boolean fresh) {
        CachedKeys held = state.keys();
        boolean isInvalidated = held == null ? state.generation() > 0 : held.isInvalidated();
        long number = state.fetches() + 1;
        return new State(
                state.keys(),
                state.budget().began(now),
                new Running(number, now, state.generation(), background, fresh || isInvalidated, Progress.BEGUN),
                number,
                state.generation(),
                state.wantedSince() == null ? now : state.wantedSince(), // also if it is overtaken and fails
                false);
    }

    private Times times(long fetchedAt, @Nullable Duration maxAge) {
        long timeToLive = timeToLive(maxAge);
        long untilRefresh = timeToLive - options.refreshBefore();
        long spread = Math.min(options.refreshSpread(), untilRefresh / 2);
        return new Times(
                fetchedAt,
                fetchedAt + untilRefresh - (long) (spread * earlyBy),
                fetchedAt + untilRefresh,
                fetchedAt + timeToLive,
                fetchedAt + options.staleFor());
    }

    /** The endpoint may shorten the time to live, not below twice the refresh-ahead nor a minute, and never lengthen it. */
    private long timeToLive(@Nullable Duration maxAge) {
        long longest = options.timeToLive();
        if (maxAge == null || maxAge.compareTo(Duration.ofNanos(longest)) >= 0) {
            return longest;
        }
        long least = Math.min(longest, Math.max(2 * options.refreshBefore(), LEAST_TIME_TO_LIVE));
        return maxAge.isNegative() ? least : Math.max(least, maxAge.toNanos());
    }
}
