package dev.hardening.jwks;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** When a fetch may begin, at whatever the ticker's origin is. */
class BudgetsTest {

    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    private final AtomicReference<Double> random = new AtomicReference<>(0.0);

    private Budgets budgets(long now) {
        return new Budgets(30 * SECOND, random::get, now);
    }

    private List<Long> stepsOf(int failures, boolean hasKeys, double chance) {
        random.set(chance);
        Budgets budgets = budgets(0);
        List<Long> steps = new ArrayList<>();
        for (int i = 0; i < failures; i++) {
            budgets.failed(0, hasKeys);
            steps.add(Duration.ofNanos(budgets.nextAttempt()).toMillis());
        }
        return steps;
    }

    @Test
    void withKeysTheBackoffGrowsToAMinuteLessAFifthAtMost() {
        assertThat(stepsOf(6, true, 0)).containsExactly(1_000L, 4_000L, 16_000L, 60_000L, 60_000L, 60_000L);
        assertThat(stepsOf(5, true, 1)).containsExactly(800L, 3_200L, 12_800L, 48_000L, 48_000L);
        assertThat(stepsOf(1_000, true, 0)).endsWith(60_000L);
    }

    @Test
    void withoutKeysTheFirstTenAttemptsAreOneToTwoSecondsApartAndLaterOnesUpToTen() {
        assertThat(stepsOf(12, false, 0)).startsWith(1_000L).endsWith(1_000L, 5_000L, 5_000L);
        assertThat(stepsOf(11, false, 1)).startsWith(2_000L).endsWith(2_000L, 10_000L);
        assertThat(stepsOf(10, false, 0.5)).containsOnly(1_500L);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -5, Long.MAX_VALUE, Long.MIN_VALUE})
    void nothingIsTriedBeforeTheBackoffIsOver(long now) {
        Budgets budgets = budgets(now);
        assertThat(budgets.isFailing()).isFalse();
        assertThat(budgets.isBackoffOver(now)).isTrue();
        budgets.failed(now, true);
        assertThat(budgets.isFailing()).isTrue();
        assertThat(budgets.isBackoffOver(now)).isFalse();
        assertThat(budgets.isBackoffOver(now + SECOND - 1)).isFalse();
        assertThat(budgets.isBackoffOver(now + SECOND)).isTrue();
        budgets.succeeded();
        assertThat(budgets.isFailing()).isFalse();
        assertThat(budgets.isBackoffOver(now)).isTrue();
    }

    @Test
    void aSuccessBeginsTheStepsAgain() {
        Budgets budgets = budgets(0);
        budgets.failed(0, true);
        budgets.failed(0, true);
        budgets.succeeded();
        budgets.failed(0, true);
        assertThat(budgets.nextAttempt()).isEqualTo(SECOND);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -5, Long.MAX_VALUE, Long.MIN_VALUE})
    void anUnknownKeyIdIsAskedForOnceInItsCooldown(long now) {
        Budgets budgets = budgets(now);
        assertThat(budgets.takeUnknownKey(now)).isTrue();
        assertThat(budgets.takeUnknownKey(now)).isFalse();
        assertThat(budgets.takeUnknownKey(now + 30 * SECOND - 1)).isFalse();
        assertThat(budgets.takeUnknownKey(now + 30 * SECOND)).isTrue();
        assertThat(budgets.takeUnknownKey(now + 31 * SECOND)).isFalse();
    }

    @Test
    void afterAFailureTheBackoffTakesThePlaceOfTheUnknownKeyIdsCooldown() {
        Budgets budgets = budgets(0);
        assertThat(budgets.takeUnknownKey(0)).isTrue();
        budgets.failed(0, true);
        assertThat(budgets.isBackoffOver(SECOND - 1)).isFalse();
        assertThat(budgets.isBackoffOver(SECOND)).isTrue();
        assertThat(budgets.takeUnknownKey(SECOND)).isTrue();
        budgets.succeeded();
        assertThat(budgets.takeUnknownKey(2 * SECOND)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -5, Long.MAX_VALUE, Long.MIN_VALUE})
    void fiveInvalidationsFetchInARowAndThenOneInTenSeconds(long now) {
        Budgets budgets = budgets(now);
        for (int i = 0; i < 5; i++) {
            budgets.invalidated(now);
            assertThat(budgets.isOverdrawn(now)).isFalse();
            budgets.began(now);
        }
        assertThat(budgets.isOverdrawn(now)).as("none is pending").isFalse();
        budgets.invalidated(now);
        assertThat(budgets.isOverdrawn(now)).isTrue();
        assertThat(budgets.nextInvalidation()).isEqualTo(now + 10 * SECOND);
        assertThat(budgets.isOverdrawn(now + 10 * SECOND - 1)).isTrue();
        assertThat(budgets.isOverdrawn(now + 10 * SECOND)).isFalse();
        budgets.began(now + 10 * SECOND);
        budgets.invalidated(now + 10 * SECOND);
        assertThat(budgets.isOverdrawn(now + 10 * SECOND)).isTrue();
    }

    @Test
    void whatIsNotUsedOfTheInvalidationsIsSavedUpToFive() {
        Budgets budgets = budgets(0);
        long later = 1_000 * SECOND;
        for (int i = 0; i < 5; i++) {
            budgets.invalidated(later);
            budgets.began(later);
        }
        budgets.invalidated(later);
        assertThat(budgets.isOverdrawn(later)).isTrue();
        assertThat(budgets.nextInvalidation()).isEqualTo(later + 10 * SECOND);
    }

    @Test
    void aFetchForAnotherReasonPaysForNoInvalidation() {
        Budgets budgets = budgets(0);
        for (int i = 0; i < 20; i++) {
            budgets.began(0);
        }
        budgets.invalidated(0);
        assertThat(budgets.isOverdrawn(0)).isFalse();
    }

    @Test
    void anInvalidationLiftsTheBackoffOnlyWithinItsBudget() {
        Budgets budgets = budgets(0);
        for (int i = 0; i < 5; i++) {
            budgets.failed(0, true);
            budgets.invalidated(0);
            assertThat(budgets.isBackoffOver(0)).isTrue();
            budgets.began(0);
        }
        budgets.failed(0, true);
        budgets.invalidated(0);
        assertThat(budgets.isBackoffOver(0)).isFalse();
    }
}
