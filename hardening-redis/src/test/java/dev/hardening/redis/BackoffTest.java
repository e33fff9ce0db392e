package dev.hardening.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class BackoffTest {

    @Test
    void exponentialDoublesAndNeverOverflows() {
        Backoff backoff = Backoff.exponential(Duration.ofSeconds(1));
        assertThat(backoff.after(1)).hasSeconds(1);
        assertThat(backoff.after(2)).hasSeconds(2);
        assertThat(backoff.after(3)).hasSeconds(4);
        assertThat(backoff.after(31)).hasSeconds(1L << 30);
        assertThat(backoff.after(Integer.MAX_VALUE)).hasSeconds(1L << 30);
        assertThat(Backoff.exponential(Duration.ZERO).after(9)).isZero();
        assertThat(Backoff.exponential(Duration.ofDays(1)).after(64)).isPositive();
    }

    @Test
    void fixedStaysTheSame() {
        assertThat(Backoff.fixed(Duration.ofMillis(5)).after(7)).hasMillis(5);
        assertThat(Backoff.fixed(Duration.ZERO).after(1)).isZero();
    }

    @Test
    void waitsThatMakeNoSenseAreRefused() {
        assertThatThrownBy(() -> Backoff.exponential(Duration.ofMillis(-1)))
                .hasMessageContaining("between 0 and a day");
        assertThatThrownBy(() -> Backoff.exponential(Duration.ofDays(1).plusNanos(1)))
                .hasMessageContaining("between 0 and a day");
        assertThatThrownBy(() -> Backoff.fixed(Duration.ofMillis(-1))).hasMessageContaining("between 0 and a day");
        assertThatThrownBy(() -> Backoff.fixed(Duration.ofDays(2))).hasMessageContaining("between 0 and a day");
    }
}
