package dev.hardening.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.hardening.testing.Ports;
import dev.hardening.testing.ScriptedServer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** When it waits, for how long, and when it gives up: on a sleeper that does not sleep, and on a clock that a test moves. */
class ScheduleTest {

    private final List<Duration> waits = new CopyOnWriteArrayList<>();
    private final AtomicLong clock = new AtomicLong();

    private RedisConnector.Builder refused() {
        return RedisConnector.builder("redis://127.0.0.1:" + Ports.refusing()).sleeper(waits::add);
    }

    /** Sleeps on the test's clock alone, and each time so much longer than it was asked to. */
    private RedisConnector.Builder refusedOnATestsClock(Duration longer) {
        return refused().nanoTime(clock::get).sleeper(wait -> {
            waits.add(wait);
            clock.addAndGet(wait.plus(longer).toNanos());
        });
    }

    private static RedisConnectException failure(RedisConnector.Builder builder) {
        return catchThrowableOfType(
                RedisConnectException.class, () -> builder.build().connect().close());
    }

    private static Duration[] seconds(double... values) {
        Duration[] durations = new Duration[values.length];
        for (int i = 0; i < values.length; i++) {
            durations[i] = Duration.ofMillis(Math.round(values[i] * 1_000));
        }
        return durations;
    }

    @Nested
    class TheWaits {

        @Test
        void threeAttemptsWaitOneAndTwoSecondsAndNotAfterTheLast() {
            RedisConnectException failure = failure(refused());
            assertThat(waits).containsExactly(seconds(1, 2));
            assertThat(failure.attempts())
                    .extracting(Attempt::nextWait)
                    .containsExactly(Optional.of(seconds(1)[0]), Optional.of(seconds(2)[0]), Optional.empty());
        }

        @Test
        void fourAttemptsUseAllThreeWaitsAndOneAttemptNone() {
            assertThat(failure(refused().attempts(4)))
                    .hasMessage("Redis connection failed after 4 attempts: Connection refused");
            assertThat(waits).containsExactly(seconds(1, 2, 4));
            waits.clear();
            assertThat(failure(refused().attempts(1)))
                    .hasMessage("Redis connection failed after 1 attempt: Connection refused");
            assertThat(waits).isEmpty();
        }

        @Test
        void aBackoffThatIsNegativeIsNoWait() {
            assertThat(failure(refused().backoff(number -> Duration.ofSeconds(-2)))
                            .attempts())
                    .hasSize(3);
            assertThat(waits).containsExactly(seconds(0, 0));
        }
    }

    @Nested
    class TheDeadline {

        @Test
        void theWholeScheduleRunsOnAClockOfTheTests() {
            assertThat(failure(refusedOnATestsClock(Duration.ZERO).attempts(10)).attempts())
                    .hasSize(4);
            assertThat(waits).containsExactly(seconds(1, 2, 4));
            assertThat(Duration.ofNanos(clock.get())).isEqualTo(Duration.ofSeconds(7));
        }

        @ParameterizedTest
        @ValueSource(doubles = {0, 0.2, 1})
        void theWaitsOfManyAttemptsAddUpToNoMoreThanTheDeadline(double jitter) {
            Random random = new Random(1);
            for (int instance = 0; instance < 20; instance++) {
                waits.clear();
                failure(refused().attempts(10).jitter(jitter).random(random::nextDouble));
                assertThat(waits.stream().reduce(Duration.ZERO, Duration::plus))
                        .isLessThanOrEqualTo(Duration.ofSeconds(7));
                assertThat(waits).hasSizeBetween(2, 3);
            }
        }

        @ParameterizedTest
        @CsvSource({"2.9, 1", "3, 2", "6.9, 2", "7, 3", "14.9, 3", "15, 4"})
        void waitsThatAddUpToMoreThanTheDeadlineAreNotBegun(double deadline, int number) {
            failure(refused().attempts(10).deadline(seconds(deadline)[0]));
            assertThat(waits).hasSize(number);
        }

        @Test
        void whatTheAttemptsCostShortensAWaitByHalfOfItAtTheMost() {
            failure(refusedOnATestsClock(Duration.ofMillis(50)).attempts(4));
            assertThat(waits).containsExactly(seconds(1, 2, 4)); // a tenth of a second over is not worth a change
            clock.set(0);
            waits.clear();
            failure(refusedOnATestsClock(Duration.ofMillis(500)).attempts(4));
            assertThat(waits).containsExactly(seconds(1, 2, 3.15));
            clock.set(0);
            waits.clear();
            assertThat(failure(refusedOnATestsClock(Duration.ofMillis(1_500)).attempts(4))
                            .attempts())
                    .hasSize(3);
            assertThat(waits).containsExactly(seconds(1, 2));
        }

        @Test
        void noAttemptBeginsAfterItUnlessTheWaitsAloneUseItUp() {
            Schedule.Policy policy = new Schedule.Policy(
                    10, Backoff.fixed(Duration.ZERO), Duration.ofSeconds(7), Duration.ofSeconds(3), 0);
            Schedule schedule = new Schedule(policy, () -> 0.5);
            assertThat(schedule.waitAfter(2, seconds(6.9)[0], Optional.empty())).contains(Duration.ZERO);
            assertThat(schedule.waitAfter(3, seconds(7.01)[0], Optional.empty()))
                    .isEmpty();
        }

        @Test
        void aShortenedWaitLeavesTimeForAnAttempt() {
            Schedule.Policy policy = new Schedule.Policy(
                    10, Backoff.fixed(Duration.ofSeconds(2)), Duration.ofSeconds(7), Duration.ofSeconds(3), 0);
            assertThat(new Schedule(policy, () -> 0.5).waitAfter(1, seconds(5.5)[0], Optional.empty()))
                    .contains(seconds(1.35)[0]);
        }

        @Test
        void anAttemptHasNoMoreThanWhatIsLeftOfTheDeadline() throws Exception {
            try (ScriptedServer silent =
                    new ScriptedServer(socket -> socket.getInputStream().readAllBytes())) {
                RedisConnectException failure = failure(RedisConnector.builder(silent.redisUri())
                        .deadline(Duration.ofMillis(1_300))
                        .attemptTimeout(Duration.ofDays(1))
                        .backoff(Backoff.fixed(Duration.ofSeconds(1)))
                        .nanoTime(clock::get)
                        .sleeper(wait -> clock.addAndGet(wait.toNanos())));
                // The test's clock stands still meanwhile: it is the real one that ends the attempts.
                assertThat(failure.attempts()).hasSize(2);
                assertThat(failure).hasMessageContaining("timed out");
            }
        }
    }

    @Nested
    class AReconnect {

        @ParameterizedTest
        @CsvSource({
            "0, 0, 50",
            "1, 0, 50",
            "1, 1, 90",
            "2, 0, 100",
            "3, 0.5, 280",
            "6, 1, 2880",
            "7, 0, 2500",
            "7, 1, 4500",
            "1000, 1, 4500"
        })
        void itsWaitDoublesUpToTheLongestWithJitter(long attempt, double random, long millis) {
            assertThat(Schedule.reconnectDelay(attempt, Duration.ofSeconds(5), 1, random))
                    .hasMillis(millis);
        }

        @ParameterizedTest
        @CsvSource({"1, 2, 90", "7, 2, 2250", "7, 4, 1125", "7, 50, 1125"})
        void theLongestWaitIsSharedByTheAddressesOfAName(long attempt, int addresses, long millis) {
            assertThat(Schedule.reconnectDelay(attempt, Duration.ofSeconds(5), addresses, 1))
                    .hasMillis(millis);
        }
    }

    @Nested
    class AServerThatAsksToWait {

        private Optional<Duration> wait(int attempt, double elapsed, double asked) {
            Schedule schedule = new Schedule(
                    new Schedule.Policy(
                            3,
                            Backoff.exponential(Duration.ofSeconds(1)),
                            Duration.ofSeconds(7),
                            Duration.ofSeconds(3),
                            0),
                    () -> 0.5);
            return schedule.waitAfter(attempt, seconds(elapsed)[0], Optional.of(seconds(asked)[0]));
        }

        @Test
        void isGrantedItWhereThatFits() {
            assertThat(wait(1, 0, 4)).contains(seconds(4)[0]);
            assertThat(wait(1, 0, 0.5)).contains(seconds(1)[0]); // never sooner than planned
            assertThat(wait(1, 0, 7)).contains(seconds(1)[0]);
            assertThat(wait(1, 5, 3)).contains(seconds(1)[0]);
            assertThat(wait(3, 0, 1)).isEmpty();
        }

        @Test
        void hasAnAttemptWithinWhatIsLeft() {
            Schedule schedule = new Schedule(
                    new Schedule.Policy(
                            3, Backoff.fixed(Duration.ZERO), Duration.ofSeconds(7), Duration.ofSeconds(3), 0),
                    () -> 0.5);
            assertThat(schedule.attemptBudget(Duration.ZERO)).hasSeconds(3);
            assertThat(schedule.attemptBudget(Duration.ofSeconds(5))).hasSeconds(2);
            assertThat(schedule.attemptBudget(Duration.ofSeconds(7))).isEqualTo(Schedule.TOLERANCE);
        }
    }

    @Nested
    class ABackoffThatMakesNoSense {

        private Schedule schedule(Backoff backoff) {
            return new Schedule(
                    new Schedule.Policy(3, backoff, Duration.ofSeconds(7), Duration.ofSeconds(3), 0.5), () -> 0.9);
        }

        @Test
        void waitsNoLongerThanTheDeadline() {
            for (Duration endless : List.of(Duration.ofSeconds(Long.MAX_VALUE), Duration.ofDays(365_000))) {
                assertThat(schedule(attempt -> endless).waitAfter(1, Duration.ZERO, Optional.empty()))
                        .isEmpty();
            }
        }

        @Test
        void isNamedWhereItGivesNull() {
            assertThatThrownBy(() -> schedule(attempt -> null).waitAfter(1, Duration.ZERO, Optional.empty()))
                    .hasMessage("the backoff gave null");
        }
    }

    @Nested
    class Jitter {

        @ParameterizedTest
        @CsvSource({"0, 800", "0.5, 1000", "1, 1200"})
        void itIsBelowAndAboveTheWait(double random, long millis) {
            Schedule schedule = new Schedule(
                    new Schedule.Policy(
                            2, Backoff.fixed(Duration.ofSeconds(1)), Duration.ofSeconds(7), Duration.ofSeconds(3), 0.2),
                    () -> random);
            assertThat(schedule.waitAfter(1, Duration.ZERO, Optional.empty())).contains(Duration.ofMillis(millis));
        }

        @Test
        void itSpreadsTheWaitsOfManyInstancesWithinItsBounds() {
            Random random = new Random(1);
            for (int instance = 0; instance < 50; instance++) {
                failure(refused().attempts(2).jitter(0.2).random(random::nextDouble));
            }
            assertThat(waits)
                    .hasSize(50)
                    .doesNotHaveDuplicates()
                    .allSatisfy(wait -> assertThat(wait.toMillis()).isBetween(800L, 1200L));
            assertThat(waits).anyMatch(wait -> wait.toMillis() < 900).anyMatch(wait -> wait.toMillis() > 1100);
        }

        @Test
        void itKeepsTheNumberOfAttemptsAndTheDeadline() {
            Random random = new Random(1);
            for (int instance = 0; instance < 50; instance++) {
                waits.clear();
                failure(refused().attempts(4).jitter(0.2).random(random::nextDouble));
                assertThat(waits).hasSize(3);
                for (int i = 0; i < 3; i++) {
                    assertThat(waits.get(i).toMillis()).isBetween(800L << i, 1200L << i);
                }
                assertThat(waits.stream().reduce(Duration.ZERO, Duration::plus))
                        .isLessThanOrEqualTo(Duration.ofSeconds(7));
            }
        }
    }
}
