package dev.hardening.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PairedTest {

    @Test
    void theRatioIsTheMedianOfThePairsAndNotOfTheSides() {
        Paired pairs = new Paired();
        pairs.add(2, 1);
        pairs.add(30, 10);
        pairs.add(400, 100);
        assertThat(pairs.ratio()).isEqualTo(3);
        assertThat(pairs.ours()).isEqualTo(30);
        assertThat(pairs.theirs()).isEqualTo(10);
    }

    @Test
    void aFewPairsHaveAllOfThemAsTheirInterval() {
        Paired pairs = new Paired();
        pairs.add(1, 1);
        pairs.add(2, 1);
        assertThat(pairs.ratio()).isEqualTo(1.5);
        assertThat(pairs.text()).isEqualTo("1.500 (1.000–2.000)");
    }

    /** 100 pairs: of the ordered ratios the 41st and the 60th, as the sign test has it. */
    @Test
    void manyPairsHaveTheIntervalOfTheirMiddle() {
        Paired pairs = new Paired();
        for (int i = 1; i <= 100; i++) {
            pairs.add(i, 1);
        }
        assertThat(pairs.low()).isEqualTo(41);
        assertThat(pairs.high()).isEqualTo(60);
    }
}
