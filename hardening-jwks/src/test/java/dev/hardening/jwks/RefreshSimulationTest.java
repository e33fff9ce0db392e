package dev.hardening.jwks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hardening.jwks.CachedKeys.Validators;
import dev.hardening.jwks.FetchBudget.TokenBucket;
import dev.hardening.jwks.FetchBudget.UnknownKeys;
import dev.hardening.jwks.RefreshSimulation.PolicyFactory;
import dev.hardening.jwks.RefreshSimulation.Violation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.DoubleSupplier;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The policy in a simulated world, by seeds. A seed that fails prints itself. The long form is {@code .ci/simulation}. */
class RefreshSimulationTest {

    private static final int SEEDS = Integer.getInteger("jwks.simulation.seeds", 20);
    private static final int STEPS = Integer.getInteger("jwks.simulation.steps", 2_000);
    private static final long FIRST = Long.getLong("jwks.simulation.first", 1);
    private static final int SEEDS_FOR_A_FAULT = 20;

    private static String run(long seed, PolicyFactory policy) {
        try {
            return new RefreshSimulation(seed, policy).run(STEPS);
        } catch (Violation violation) {
            throw new Violation("seed " + seed + ", " + violation.getMessage());
        }
    }

    @Test
    void what_must_hold_does_in_each_step_of_each_seed() {
        LongStream.range(FIRST, FIRST + SEEDS).parallel().forEach(seed -> run(seed, RefreshPolicy::new));
    }

    @Test
    void a_seed_replays_to_the_same_end() {
        assertThat(run(7, RefreshPolicy::new)).isEqualTo(run(7, RefreshPolicy::new));
        assertThat(run(7, RefreshPolicy::new)).isNotEqualTo(run(8, RefreshPolicy::new));
    }

    /** A policy with one fault. */
    record Fault(String name, PolicyFactory policy) {
        @Override
        public String toString() {
            return name;
        }
    }

    @ParameterizedTest
    @MethodSource("faults")
    @Tag("faults")
    void a_fault_is_found_by_some_seed(Fault fault) {
        assertThatThrownBy(() -> {
                    for (long seed = 1; seed <= SEEDS_FOR_A_FAULT; seed++) {
                        run(seed, fault.policy());
                    }
                })
                .isInstanceOf(Violation.class);
    }

    static Stream<Fault> faults() {
        return Stream.of(
                new Fault("an overtaken answer becomes current", OvertakenAnswerCounts::new),
                new Fault("an overtaken answer is lost", OvertakenAnswerIsLost::new),
                new Fault("a failure is followed by no pause", NoBackoff::new),
                new Fault("no timer after a failure", NoTimerAfterFailure::new),
                new Fault("the timer rings an hour late", LateTimer::new),
                new Fault("keys may be used for ever", KeysForEver::new),
                new Fault("a key that a fetch lacked stays", LackedKeysStay::new),
                new Fault("unknown key ids have no budget", NoUnknownKeyBudget::new),
                new Fault("an invalidation is ignored", InvalidationIgnored::new),
                new Fault("invalidations have no budget", NoInvalidationBudget::new),
                new Fault("known keys are refused in an outage", RefusesInOutage::new),
                new Fault("readers wait for a background refresh", WaitsForBackground::new),
                new Fault("a call begins while one is blocked", TwoCalls::new),
                new Fault("unknown key ids wait for a slow fetch", SlowIsWaitedFor::new),
                new Fault("a reader waits anew for a second fetch", WaitsTwice::new),
                new Fault("a token without a key id waits for a fetch to its end", WaitsWithoutKeyId::new),
                new Fault("a look-up without keys waits for a fetch to its end", WaitsWithoutKeys::new),
                new Fault("each invalidation puts the timer off", PutsTimerOff::new),
                new Fault("an outage says that there is no such key", OutageSaysUnknownKey::new),
                new Fault("a closed cache goes on", ClosedGoesOn::new),
                new Fault("the state always says FRESH", AlwaysFresh::new),
                new Fault("restored keys are as good as new", RestoredAsNew::new),
                new Fault("a failed fetch loses the keys", FailureLosesKeys::new));
    }

    private static RefreshPolicy.State with(RefreshPolicy.State state, @Nullable CachedKeys keys, FetchBudget budget) {
        return new RefreshPolicy.State(
                keys,
                budget,
                state.running(),
                state.fetches(),
                state.generation(),
                state.wantedSince(),
                state.closed());
    }

    private static final class OvertakenAnswerCounts extends RefreshPolicy {
        OvertakenAnswerCounts(Options options, DoubleSupplier random) {
            super(options, random);
        }

        @Override
        boolean counts(State state, long fetch) {
            return isUnderWay(state, fetch);
        }
    }

    private static final class OvertakenAnswerIsLost extends RefreshPolicy {
        OvertakenAnswerIsLost(Options options, DoubleSupplier random) {
            super(options, random);
        }

        @Override
        State overtaken(State state, long now, Fetch.Outcome outcome) {
            return concluded(state);
        }
    }

    private static final class NoBackoff extends RefreshPolicy {
        NoBackoff(Options options, DoubleSupplier random) {
            super(options, random);
        }

        @Override
        State failed(State state, long now, Fetch.Outcome.Failure failure) {
            State failed = super.failed(state, now, failure);
            return with(failed, failed.keys(), failed.budget().succeeded());
        }
    }

    private static final class NoTimerAfterFailure extends RefreshPolicy {
        NoTimerAfterFailure(Options options, DoubleSupplier random) {
            super(options, random);
        }

        @Override
        OptionalLong nextTimer(State state, long now) {
            return state.budget().isFailing() ? OptionalLong.empty() : super.nextTimer(state, now);
        }
    }

    private static final class LateTimer extends RefreshPolicy {
        LateTimer(Options options, DoubleSupplier random) {
            super(options, random);
        }

        @Override
        OptionalLong nextTimer(State state, long now) {
            OptionalLong next = super.nextTimer(state, now);
            return next.isEmpty()
                    ? next
                    : OptionalLong.of(next.getAsLong() + Duration.ofHours(1).toNanos());
        }
    }

    private static final class KeysForEver extends RefreshPolicy {
        KeysForEver(Options options, DoubleSupplier random) {
            super(options, random);
        }

        @Override
        @Nullable
        CachedKeys usable(State state, long now) {
            CachedKeys held = state.keys();
            return held == null ? null : held.at(now);
        }
    }

    private static final class LackedKeysStay extends RefreshPolicy {
        LackedKeysStay(Options options, DoubleSupplier random) {
            super(options, random);
        }

        @Override
        State succeeded(State state, long now, Fetch.Outcome.Success success) {
            State next = super.succeeded(state, now, success);
            CachedKeys before = state.keys();
            CachedKeys after = next.keys();
            if (before == null || after == null) {
                return next;
            }
            Collection<SigningKey> lacking = new ArrayList<>(before.keys().keys());
            lacking.removeIf(key -> success.keys().has(key.kid()));
            return with(
                    next,
                    after.keeping(List.copyOf(lacking), now + Duration.ofDays(1).toNanos()),
                    next.budget());
        }
    }

    private static final class NoUnknownKeyBudget extends RefreshPolicy {
        private final long cooldown;

        NoUnknownKeyBudget(Options options, DoubleSupplier random) {
            super(options, random);
            cooldown = options.unknownKeyCooldown();
        }

        @Override
        Decision read(State before, long now, Need need, Visit visit) {
            UnknownKeys full = UnknownKeys.full(cooldown, now);
            return super.read(with(before, before.keys(), before.budget().with(full)), now, need, visit);
        }
    }

    private static final class InvalidationIgnored extends RefreshPolicy {
        InvalidationIgnored(Options options, DoubleSupplier random) {
            super(options, random);
        }

        @Override
        State invalidated(State state, long now) {
            return state;
        }
    }

    private static final class NoInvalidationBudget extends RefreshPolicy {
        NoInvalidationBudget(Options options, DoubleSupplier random) {
            super(options, random);
        }

        @Override
        State invalidated(State state, long now) {
            FetchBudget budget = state.budget();
            TokenBucket bucket = new TokenBucket(1, 1_000, now);
            FetchBudget unlimited =
                    new FetchBudget(budget.backoff(), bucket, budget.invalidationPending(), budget.unknownKeys());
            return super.invalidated(with(state, state.keys(), unlimited), now);
        }
    }

    private static final class RefusesInOutage extends RefreshPolicy {
        RefusesInOutage(Options options, DoubleSupplier random) {
            super(options, random);
        }

        @Override
        Decision read(State before, long now, Need need, Visit visit) {
            return before.budget().isFailing()
                    ? new Decision(before, Action.UNAVAILABLE)
                    : super.read(before, now, need, visit);
        }
    }

    private static final class WaitsForBackground extends RefreshPolicy {
        WaitsForBackground(Options options, DoubleSupplier random) {
            super(options, random);
        }

        @Override
        Decision read(State before, long now, Need need, Visit visit) {
            Decision decision = super.read(before, now, need, visit);
            return decision.next().running() == null || visit.hasWaited()
                    ? decision
                    : new Decision(decision.next(), Action.WAIT);
        }
    }

    private static final class TwoCalls extends RefreshPolicy {
        TwoCalls(Options options, DoubleSupplier random) {
            super(options, random);
        }

        @Override
        State concluded(State state) {
            return ended(state, state.fetches());
        }
    }

    private static final class SlowIsWaitedFor extends RefreshPolicy {
        SlowIsWaitedFor(Options options, DoubleSupplier random) {
            super(options, random);
        }

        @Override
        State slow(State state, long fetch) {
            return state;
        }
    }

    private static final class WaitsTwice extends RefreshPolicy {
        WaitsTwice(Options options, DoubleSupplier random) {
            super(options, random);
        }

        @Override
        Decision read(State before, long now, Need need, Visit visit) {
            return super.read(before, now, need, new Visit(visit.arrival(), visit.waitedFor(), false));
        }
    }

    private static final class WaitsWithoutKeyId extends RefreshPolicy {
        WaitsWithoutKeyId(Options options, DoubleSupplier random) {
            super(options, random);
        }

        @Override
        Decision read(State before, long now, Need need, Visit visit) {
            boolean isWithout = need instanceof Need.KeyId key && key.kid() == null;
            return super.read(before, now, isWithout ? new Need.AnyKeys() : need, visit);
        }
    }

    private static final class WaitsWithoutKeys extends RefreshPolicy {
        WaitsWithoutKeys(Options options, DoubleSupplier random) {
            super(options, random);
        }

        @Override
        Decision read(State before, long now, Need need, Visit visit) {
            return super.read(before, now, usable(before, now) == null ? new Need.AnyKeys() : need, visit);
        }
    }

    private static final class PutsTimerOff extends RefreshPolicy {
        PutsTimerOff(Options options, DoubleSupplier random) {
            super(options, random);
        }

        @Override
        State invalidated(State state, long now) {
            State once = super.invalidated(state, now);
            CachedKeys held = state.keys();
            if (held == null) {
                return once;
            }
            CachedKeys renewed = CachedKeys.of(held.fetched(), held.fetch(), held.times(), Validators.NONE);
            return with(once, renewed.invalidated(now + Duration.ofSeconds(1).toNanos()), once.budget());
        }
    }

    private static final class OutageSaysUnknownKey extends RefreshPolicy {
        OutageSaysUnknownKey(Options options, DoubleSupplier random) {
            super(options, random);
        }

        @Override
        Decision read(State before, long now, Need need, Visit visit) {
            Decision decision = super.read(before, now, need, visit);
            return decision.action() == Action.UNAVAILABLE && usable(decision.next(), now) != null
                    ? new Decision(decision.next(), Action.SERVE)
                    : decision;
        }
    }

    private static final class ClosedGoesOn extends RefreshPolicy {
        ClosedGoesOn(Options options, DoubleSupplier random) {
            super(options, random);
        }

        @Override
        State closed(State state) {
            return state;
        }
    }

    private static final class AlwaysFresh extends RefreshPolicy {
        AlwaysFresh(Options options, DoubleSupplier random) {
            super(options, random);
        }

        @Override
        JWKSCacheStatus.State health(State state, long now, boolean hasFailed) {
            return JWKSCacheStatus.State.FRESH;
        }
    }

    private static final class RestoredAsNew extends RefreshPolicy {
        RestoredAsNew(Options options, DoubleSupplier random) {
            super(options, random);
        }

        @Override
        State restored(State state, long now, KeySet keys, Duration age) {
            return super.restored(state, now, keys, Duration.ZERO);
        }
    }

    private static final class FailureLosesKeys extends RefreshPolicy {
        FailureLosesKeys(Options options, DoubleSupplier random) {
            super(options, random);
        }

        @Override
        State failed(State state, long now, Fetch.Outcome.Failure failure) {
            State failed = super.failed(state, now, failure);
            return with(failed, null, failed.budget());
        }
    }
}
