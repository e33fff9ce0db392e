package dev.hardening.jwks;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hardening.jwks.FetchBudget.Backoff;
import dev.hardening.jwks.FetchBudget.UnknownKeys;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** When a fetch may begin, at whatever the ticker's origin is. */
class FetchBudgetTest {

    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    private static FetchBudget budget(long now) {
        return FetchBudget.full(30 * SECOND, now);
    }

    @Nested
    class AfterAFailure {

        private List<Long> pauses(int failures, boolean hasKeys, double random) {
            Backoff backoff = Backoff.NONE;
            List<Long> pauses = new ArrayList<>();
            for (int i = 0; i < failures; i++) {
                backoff = backoff.failed(0, 0, hasKeys, random);
                pauses.add(Duration.ofNanos(backoff.until()).toMillis());
            }
            return pauses;
        }

        @Test
        void with_keys_the_pause_grows_to_a_minute_less_a_fifth() {
            assertThat(pauses(6, true, 0)).containsExactly(1_000L, 4_000L, 16_000L, 60_000L, 60_000L, 60_000L);
            assertThat(pauses(5, true, 1)).containsExactly(800L, 3_200L, 12_800L, 48_000L, 48_000L);
            assertThat(pauses(1_000, true, 0)).endsWith(60_000L);
        }

        @Test
        void without_keys_ten_pauses_are_short_and_later_ones_longer() {
            assertThat(pauses(12, false, 0)).startsWith(1_000L).endsWith(1_000L, 5_000L, 5_000L);
            assertThat(pauses(11, false, 1)).startsWith(2_000L).endsWith(2_000L, 10_000L);
            assertThat(pauses(10, false, 0.5)).containsOnly(1_500L);
        }

        @ParameterizedTest
        @ValueSource(longs = {0, -5, Long.MAX_VALUE, Long.MIN_VALUE})
        void nothing_begins_before_the_pause_is_over(long now) {
            FetchBudget budget = budget(now);
            assertThat(budget.isFailing()).isFalse();
            assertThat(budget.backoff().isOver(now)).isTrue();
            FetchBudget failed = budget.failed(now, now, true, 0);
            assertThat(failed.isFailing()).isTrue();
            assertThat(failed.backoff().isOver(now)).isFalse();
            assertThat(failed.backoff().isOver(now + SECOND - 1)).isFalse();
            assertThat(failed.backoff().isOver(now + SECOND)).isTrue();
            assertThat(failed.succeeded().isFailing()).isFalse();
            assertThat(failed.succeeded().backoff().isOver(now)).isTrue();
        }

        @Test
        void a_success_begins_the_pauses_anew() {
            FetchBudget budget = budget(0)
                    .failed(0, 0, true, 0)
                    .failed(0, 0, true, 0)
                    .succeeded()
                    .failed(0, 0, true, 0);
            assertThat(budget.backoff().until()).isEqualTo(SECOND);
        }

        @Test
        void the_pause_counts_from_the_beginning_of_the_fetch() {
            Backoff fourth = Backoff.NONE;
            for (int i = 0; i < 4; i++) {
                fourth = fourth.failed(10 * SECOND, 0, true, 0);
            }
            assertThat(fourth.until()).isEqualTo(60 * SECOND);
        }

        @Test
        void a_fetch_that_took_long_is_still_followed_by_a_pause() {
            assertThat(Backoff.NONE.failed(10 * SECOND, 0, true, 0).until()).isEqualTo(10 * SECOND + SECOND * 4 / 5);
        }
    }

    @Nested
    class ForUnknownKeys {

        private UnknownKeys keys = budget(0).unknownKeys();
        private long fetches;

        private boolean fetches(long now) {
            boolean allows = keys.allows(now);
            keys = allows ? keys.paid(now, ++fetches) : keys.refused(Long.hashCode(now));
            return allows;
        }

        @Test
        void three_fetch_in_a_row_then_one_in_each_cooldown() {
            assertThat(fetches(0)).isTrue();
            assertThat(fetches(SECOND)).isTrue();
            assertThat(fetches(2 * SECOND)).isTrue();
            assertThat(fetches(30 * SECOND - 1)).isFalse();
            assertThat(fetches(30 * SECOND)).isTrue();
            assertThat(fetches(31 * SECOND)).isFalse();
            assertThat(fetches(60 * SECOND)).isTrue();
        }

        @Test
        void in_an_hour_there_are_three_more_than_cooldowns() {
            for (long now = 0; now < 3_600; now++) {
                fetches(now * SECOND);
            }
            assertThat(fetches).isBetween(119L, 122L);
        }

        @Test
        void a_burst_is_half_a_second_apart() {
            assertThat(fetches(0)).isTrue();
            assertThat(fetches(SECOND / 2 - 1)).isFalse();
            assertThat(fetches(SECOND / 2)).isTrue();
        }

        @Test
        void a_flood_of_different_ids_spends_no_burst() {
            assertThat(fetches(0)).isTrue();
            for (long milli = 1; milli < 30_000; milli++) {
                assertThat(fetches(milli * SECOND / 1_000)).isFalse();
            }
            assertThat(fetches(30 * SECOND)).isTrue();
        }

        @Test
        void sixteen_refused_ids_are_no_flood_and_seventeen_are() {
            assertThat(fetches(0)).isTrue();
            for (int id = 0; id < 16; id++) {
                keys = keys.refused(id);
            }
            assertThat(keys.allows(SECOND)).isTrue();
            assertThat(keys.refused(16).allows(SECOND)).isFalse();
        }

        @Test
        void one_id_refused_often_is_no_flood() {
            assertThat(fetches(0)).isTrue();
            for (int i = 0; i < 1_000; i++) {
                keys = keys.refused(7);
            }
            assertThat(keys.allows(SECOND)).isTrue();
        }

        @Test
        void two_ids_refused_in_turn_are_no_flood() {
            assertThat(fetches(0)).isTrue();
            for (int i = 0; i < 1_000; i++) {
                keys = keys.refused(i % 2);
            }
            assertThat(keys.allows(SECOND)).isTrue();
        }

        @Test
        void fetches_without_a_token_owe_none() {
            for (int fetch = 1; fetch <= 100; fetch++) {
                keys = keys.paid(0, fetch);
            }
            assertThat(keys.refunded(100).allows(SECOND))
                    .as("what was not paid is not paid back")
                    .isFalse();
            assertThat(keys.allows(30 * SECOND - 1)).isFalse();
            assertThat(keys.allows(30 * SECOND)).isTrue();
        }

        @Test
        void what_a_failed_fetch_paid_is_paid_back() {
            for (long fetch = 1; fetch <= 10; fetch++) {
                assertThat(keys.allows(0)).isTrue();
                keys = keys.paid(0, fetch).refunded(fetch);
            }
            UnknownKeys paid = keys.paid(0, 11);
            assertThat(paid.refunded(12)).isSameAs(paid);
        }

        @ParameterizedTest
        @ValueSource(longs = {0, -5, Long.MAX_VALUE, Long.MIN_VALUE})
        void the_origin_of_the_ticker_does_not_matter(long now) {
            UnknownKeys full = budget(now).unknownKeys();
            assertThat(full.allows(now)).isTrue();
            UnknownKeys paid = full.paid(now, 1);
            assertThat(paid.allows(now + 1)).isFalse();
            assertThat(paid.allows(now + SECOND)).isTrue();
            assertThat(paid.paid(now, 1)).isSameAs(paid);
        }

        @Test
        void without_a_cooldown_each_may_fetch() {
            UnknownKeys unlimited = FetchBudget.full(0, 0).unknownKeys();
            for (int fetch = 1; fetch < 10; fetch++) {
                assertThat(unlimited.allows(0)).isTrue();
                unlimited = unlimited.paid(0, fetch);
            }
        }
    }

    @Nested
    class ForInvalidations {

        @ParameterizedTest
        @ValueSource(longs = {0, -5, Long.MAX_VALUE, Long.MIN_VALUE})
        void five_fetch_in_a_row_then_one_in_ten_seconds(long now) {
            FetchBudget budget = budget(now);
            for (int i = 0; i < 5; i++) {
                budget = budget.invalidated(now);
                assertThat(budget.isOverdrawn(now)).isFalse();
                budget = budget.began(now);
            }
            assertThat(budget.isOverdrawn(now)).as("none is pending").isFalse();
            FetchBudget sixth = budget.invalidated(now);
            assertThat(sixth.isOverdrawn(now)).isTrue();
            assertThat(sixth.invalidations().nextAt()).isEqualTo(now + 10 * SECOND);
            assertThat(sixth.isOverdrawn(now + 10 * SECOND - 1)).isTrue();
            assertThat(sixth.isOverdrawn(now + 10 * SECOND)).isFalse();
            FetchBudget seventh = sixth.began(now + 10 * SECOND).invalidated(now + 10 * SECOND);
            assertThat(seventh.isOverdrawn(now + 10 * SECOND)).isTrue();
        }

        @Test
        void at_most_five_are_saved_up() {
            FetchBudget budget = budget(0);
            long later = 1_000 * SECOND;
            for (int i = 0; i < 5; i++) {
                budget = budget.invalidated(later).began(later);
            }
            FetchBudget sixth = budget.invalidated(later);
            assertThat(sixth.isOverdrawn(later)).isTrue();
            assertThat(sixth.invalidations().nextAt()).isEqualTo(later + 10 * SECOND);
        }

        @Test
        void fetches_without_a_token_owe_none() {
            FetchBudget budget = budget(0);
            for (int i = 0; i < 100; i++) {
                budget = budget.invalidated(0).began(0);
            }
            FetchBudget next = budget.invalidated(0);
            assertThat(next.isOverdrawn(10 * SECOND - 1)).isTrue();
            assertThat(next.isOverdrawn(10 * SECOND)).isFalse();
        }

        @Test
        void a_fetch_for_another_reason_pays_for_none() {
            FetchBudget budget = budget(0);
            for (int i = 0; i < 20; i++) {
                budget = budget.began(0);
            }
            assertThat(budget.invalidated(0).isOverdrawn(0)).isFalse();
        }

        @Test
        void the_backoff_is_lifted_only_within_the_budget() {
            FetchBudget budget = budget(0);
            for (int i = 0; i < 5; i++) {
                budget = budget.failed(0, 0, true, 0).invalidated(0);
                assertThat(budget.backoff().isOver(0)).isTrue();
                budget = budget.began(0);
            }
            budget = budget.failed(0, 0, true, 0).invalidated(0);
            assertThat(budget.backoff().isOver(0)).isFalse();
        }
    }
}
