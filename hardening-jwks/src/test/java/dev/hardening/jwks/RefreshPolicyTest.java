package dev.hardening.jwks;

import static dev.hardening.jwks.KeyEndpoint.RSA_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.JWKSet;
import dev.hardening.jwks.CachedKeys.Validators;
import dev.hardening.jwks.RefreshPolicy.Action;
import dev.hardening.jwks.RefreshPolicy.Decision;
import dev.hardening.jwks.RefreshPolicy.Need;
import dev.hardening.jwks.RefreshPolicy.State;
import dev.hardening.jwks.RefreshPolicy.Visit;
import java.io.IOException;
import java.security.PublicKey;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Single decisions; what must hold in all of them is in {@link RefreshSimulationTest}. */
class RefreshPolicyTest {

    private static final Fetch.Outcome.Failure FAILURE = new Fetch.Outcome.Failure(new IOException("down"));
    private static final long MINUTE = Duration.ofMinutes(1).toNanos();

    private static RefreshPolicy policy(DoubleSupplier random) {
        return new RefreshPolicy(RefreshSimulation.OPTIONS, random);
    }

    /** In how many nanoseconds the timer refreshes keys that were fetched just now. */
    private static long timerAfter(RefreshPolicy policy, long now, @Nullable Duration maxAge) {
        State begun = policy.timer(policy.wanted(policy.initial(now), now - MINUTE), now);
        assertThat(begun.fetches()).isEqualTo(1);
        State fetched = policy.ended(
                policy.succeeded(begun, now, new Fetch.Outcome.Success(KeySet.EMPTY, Validators.NONE, maxAge)), 1);
        return policy.nextTimer(fetched, now).orElseThrow();
    }

    @Nested
    class TheTimer {

        @ParameterizedTest
        @ValueSource(longs = {0, -7, Long.MAX_VALUE})
        void is_early_by_up_to_the_spread(long now) {
            assertThat(timerAfter(policy(() -> 0), now, null)).isEqualTo(55 * MINUTE);
            assertThat(timerAfter(policy(() -> 0.5), now, null)).isEqualTo(52 * MINUTE + MINUTE / 2);
            assertThat(timerAfter(policy(() -> 1), now, null)).isEqualTo(50 * MINUTE);
        }

        @Test
        void of_one_cache_is_always_early_by_the_same() {
            RefreshPolicy policy = policy(new Random(1)::nextDouble);
            long first = timerAfter(policy, 0, null);
            for (int i = 1; i < 10; i++) {
                assertThat(timerAfter(policy, i * 60L * MINUTE, null)).isEqualTo(first);
            }
        }

        @Test
        void of_another_cache_is_early_by_something_else() {
            Random random = new Random(1);
            assertThat(timerAfter(policy(random::nextDouble), 0, null))
                    .isNotEqualTo(timerAfter(policy(random::nextDouble), 0, null));
        }

        @Test
        void is_early_by_half_at_most_if_the_endpoint_shortens_the_time() {
            Duration maxAge = Duration.ofMinutes(11);
            assertThat(timerAfter(policy(() -> 0), 0, maxAge)).isEqualTo(6 * MINUTE);
            assertThat(timerAfter(policy(() -> 1), 0, maxAge)).isEqualTo(3 * MINUTE);
        }
    }

    @Nested
    class TheEndpointsMaxAge {

        @ParameterizedTest
        @ValueSource(longs = {3_600, 3_601, 86_400, Long.MAX_VALUE / 1_000_000_000})
        void never_lengthens_the_time_to_live(long seconds) {
            assertThat(timerAfter(policy(() -> 0), 0, Duration.ofSeconds(seconds)))
                    .isEqualTo(55 * MINUTE);
        }

        @ParameterizedTest
        @ValueSource(longs = {0, 1, 599, 600})
        void does_not_shorten_it_below_twice_the_refresh_ahead(long seconds) {
            assertThat(timerAfter(policy(() -> 0), 0, Duration.ofSeconds(seconds)))
                    .isEqualTo(5 * MINUTE);
        }

        @Test
        void shortens_it_in_between() {
            assertThat(timerAfter(policy(() -> 0), 0, Duration.ofSeconds(601)))
                    .isEqualTo(5 * MINUTE + Duration.ofSeconds(1).toNanos());
        }
    }

    @Nested
    class WithExpiredKeys {

        private final RefreshPolicy policy = policy(() -> 0);
        private final State expired = fetched(policy);
        private final long now = 61 * MINUTE;

        private State fetched(RefreshPolicy policy) {
            KeySet keys = new KeySet(
                    new JWKSet(RSA_1.toPublicJWK()),
                    List.of(new SigningKey("rsa-1", publicKey(), RSA_1.toPublicJWK())));
            State begun = policy.timer(policy.wanted(policy.initial(0), -MINUTE), 0);
            return policy.ended(policy.succeeded(begun, 0, new Fetch.Outcome.Success(keys, Validators.NONE, null)), 1);
        }

        private PublicKey publicKey() {
            try {
                return RSA_1.toPublicKey();
            } catch (JOSEException impossible) {
                throw new IllegalStateException(impossible);
            }
        }

        private Decision read(State state, Need need, long waitedFor, boolean isOutOfTime) {
            return policy.read(state, now, need, new Visit(1, waitedFor, isOutOfTime));
        }

        @ParameterizedTest
        @CsvSource({"rsa-1, false", "rsa-1, true", ", false", ", true"})
        void a_read_of_a_held_key_fetches_and_waits_briefly(@Nullable String kid, boolean isInvalidated) {
            Need held = new Need.KeyId(kid);
            State before = isInvalidated ? policy.invalidated(expired, now) : expired;
            Decision first = read(before, held, 0, false);
            assertThat(first.action()).isEqualTo(Action.WAIT_BRIEFLY);
            assertThat(first.next().fetches()).isEqualTo(2);
            assertThat(read(first.next(), held, 0, true).action()).isEqualTo(Action.SERVE);
            State slow = policy.slow(first.next(), 2);
            assertThat(read(slow, held, 2, false).action()).isEqualTo(Action.SERVE);
            assertThat(read(slow, held, 0, false).action())
                    .as("of a reader that comes later")
                    .isEqualTo(Action.SERVE);
        }

        @Test
        void a_read_of_the_set_waits_for_the_fetch() {
            Decision first = read(expired, new Need.AnyKeys(), 0, false);
            assertThat(first.action()).isEqualTo(Action.WAIT);
            assertThat(read(policy.slow(first.next(), 2), new Need.AnyKeys(), 0, false)
                            .action())
                    .isEqualTo(Action.WAIT);
        }
    }

    @Nested
    class WithoutKeys {

        private final RefreshPolicy policy = policy(() -> 0);
        private final State reading = policy.read(policy.initial(0), 0, new Need.AnyKeys(), new Visit(0, 0, false))
                .next();

        @Test
        void an_invalidation_after_a_failure_does_not_end_the_timer() {
            State failed = policy.ended(policy.failed(reading, 1, FAILURE), 1);
            State invalidated = policy.invalidated(failed, 2);
            assertThat(policy.timer(invalidated, MINUTE).fetches()).isEqualTo(2);
        }

        @Test
        void an_invalidation_of_the_first_fetch_does_not_end_the_timer() {
            State invalidated = policy.invalidated(reading, 1);
            assertThat(policy.counts(invalidated, 1)).isFalse();
            State dropped = policy.ended(policy.concluded(invalidated), 1);
            assertThat(policy.timer(dropped, MINUTE).fetches()).isEqualTo(2);
        }

        @Test
        void a_look_up_waits_briefly_once_a_fetch_has_failed() {
            Need key = new Need.KeyId("rsa-1");
            assertThat(policy.read(reading, 0, key, new Visit(1, 0, false)).action())
                    .as("the first fetch")
                    .isEqualTo(Action.WAIT);
            State failed = policy.ended(policy.failed(reading, 1, FAILURE), 1);
            Decision later = policy.read(failed, MINUTE, key, new Visit(1, 0, false));
            assertThat(later.action()).isEqualTo(Action.WAIT_BRIEFLY);
            assertThat(later.next().fetches()).isEqualTo(2);
            assertThat(policy.read(later.next(), MINUTE, key, new Visit(1, 0, true))
                            .action())
                    .as("after its wait")
                    .isEqualTo(Action.UNAVAILABLE);
            State slow = policy.slow(later.next(), 2);
            assertThat(policy.read(slow, MINUTE, key, new Visit(2, 0, false)).action())
                    .as("of a reader that comes later")
                    .isEqualTo(Action.UNAVAILABLE);
            assertThat(policy.read(slow, MINUTE, new Need.AnyKeys(), new Visit(2, 0, false))
                            .action())
                    .as("of the set")
                    .isEqualTo(Action.WAIT);
        }

        @Test
        void nothing_is_fetched_before_someone_asks() {
            State untouched = policy.invalidated(policy.initial(0), 1);
            assertThat(policy.nextTimer(untouched, 2)).isEmpty();
            assertThat(policy.timer(untouched, MINUTE)).isSameAs(untouched);
        }
    }

    @Nested
    class TheEndpointAsksToWait {

        private final RefreshPolicy policy = policy(() -> 0);

        private State failed(State before, long now, long seconds) {
            Fetch.Outcome.Failure failure =
                    new Fetch.Outcome.Failure(new RetryAfterException("busy", Duration.ofSeconds(seconds), 429, null));
            return policy.ended(policy.failed(before, now, failure), before.fetches());
        }

        private long secondsToNext(State state, long now) {
            return Duration.ofNanos(policy.nextTimer(state, now).orElseThrow()).toSeconds();
        }

        @ParameterizedTest
        @CsvSource({"0, 1", "1, 1", "30, 30", "60, 60", "61, 60", "9999999999, 60"})
        void the_next_fetch_waits_so_long_up_to_a_minute(long asked, long waits) {
            State begun = policy.timer(policy.wanted(policy.initial(0), -MINUTE), 0);
            State failed = failed(begun, 0, asked);
            assertThat(secondsToNext(failed, 0)).isEqualTo(waits);
            long end = Duration.ofSeconds(waits).toNanos();
            assertThat(policy.timer(failed, end - 1).fetches()).isEqualTo(1);
            assertThat(policy.timer(failed, end).fetches()).isEqualTo(2);
        }

        @ParameterizedTest
        @CsvSource({
            "0, 1, 2",
            "1, 1, 2",
            "2, 2, 3",
            "10, 10, 12",
            "30, 30, 36",
            "50, 50, 60",
            "59, 59, 60",
            "60, 60, 60",
            "3600, 60, 60"
        })
        void the_instances_of_a_service_come_back_one_after_another(long asked, long first, long last) {
            Fetch.Outcome.Failure busy =
                    new Fetch.Outcome.Failure(new RetryAfterException("busy", Duration.ofSeconds(asked), 429, null));
            for (double random : new double[] {0, 0.5, 1}) {
                RefreshPolicy instance = policy(() -> random);
                State begun = instance.timer(instance.wanted(instance.initial(0), -MINUTE), 0);
                State failed = instance.ended(instance.failed(begun, 0, busy), 1);
                assertThat(instance.nextTimer(failed, 0).orElseThrow() / 1e9)
                        .isEqualTo(first + (last - first) * random);
            }
        }

        @Test
        void the_next_fetch_waits_no_less_than_the_backoff() {
            State state = policy.timer(policy.wanted(policy.initial(0), -MINUTE), 0);
            for (int failure = 1; failure <= 11; failure++) {
                state = policy.timer(failed(state, failure * MINUTE, 2), (failure + 1) * MINUTE);
            }
            assertThat(secondsToNext(failed(state, 12 * MINUTE, 2), 12 * MINUTE))
                    .isEqualTo(5);
        }

        @Test
        void an_invalidation_does_not_wait() {
            State begun = policy.timer(policy.wanted(policy.initial(0), -MINUTE), 0);
            State invalidated = policy.invalidated(failed(begun, 0, 30), 1);
            assertThat(policy.read(invalidated, 1, new Need.AnyKeys(), new Visit(1, 0, false))
                            .next()
                            .fetches())
                    .isEqualTo(2);
        }
    }
}
