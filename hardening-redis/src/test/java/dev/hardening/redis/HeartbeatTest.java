package dev.hardening.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hardening.redis.Heartbeat.Action;
import java.time.Duration;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** When a peer is asked, and when it is given up: on a time that a test says. */
class HeartbeatTest {

    /** A period began at 1 s, and the next one begins at 6 s. */
    private final Heartbeat heartbeat = new Heartbeat(Duration.ofSeconds(5), at(1), at(2));

    private static long at(double seconds) {
        return Math.round(seconds * 1e9);
    }

    private static Duration seconds(double value) {
        return Duration.ofNanos(at(value));
    }

    @Nested
    class Asking {

        @Test
        void itIsDoneOnceInEachPeriodOfAllChannels() {
            assertThat(heartbeat.look(at(5.9), false)).isEqualTo(Action.WAIT);
            assertThat(heartbeat.look(at(6), false)).isEqualTo(Action.ASK);
            heartbeat.answered();
            assertThat(heartbeat.look(at(10.9), false)).isEqualTo(Action.WAIT);
            assertThat(heartbeat.look(at(11.5), false)).isEqualTo(Action.ASK);
            heartbeat.answered();
            assertThat(heartbeat.look(at(15.9), false)).isEqualTo(Action.WAIT);
            assertThat(heartbeat.look(at(16), false)).isEqualTo(Action.ASK); // not five seconds after the last one
        }

        @Test
        void aBusyPeerIsLeftAloneUntilTheNextPeriod() {
            assertThat(heartbeat.look(at(6), true)).isEqualTo(Action.WAIT);
            assertThat(heartbeat.look(at(7), false)).isEqualTo(Action.WAIT);
            assertThat(heartbeat.look(at(11), false)).isEqualTo(Action.ASK);
        }

        @Test
        void theNextLookIsWhenThePeriodEnds() {
            assertThat(heartbeat.nextLook(at(2))).isEqualTo(seconds(4));
            assertThat(heartbeat.look(at(6), false)).isEqualTo(Action.ASK);
            heartbeat.answered();
            assertThat(heartbeat.nextLook(at(7))).isEqualTo(seconds(4));
            assertThat(heartbeat.nextLook(at(12))).isEqualTo(Duration.ofMillis(1)); // it is due
        }
    }

    @Nested
    class ATransaction {

        @Test
        void isGivenUpWhereItsCommandGetsNoAnswer() {
            heartbeat.asked(at(3));
            assertThat(heartbeat.look(at(6), true)).isEqualTo(Action.WAIT);
            assertThat(heartbeat.look(at(8.1), true)).isEqualTo(Action.WAIT);
            assertThat(heartbeat.look(at(8.4), true)).isEqualTo(Action.CLOSE);
        }

        @Test
        void isLeftAloneOnceItsCommandIsAnswered() {
            heartbeat.asked(at(3));
            heartbeat.heard(at(4));
            assertThat(heartbeat.look(at(9), true)).isEqualTo(Action.WAIT);
            assertThat(heartbeat.look(at(30), true)).isEqualTo(Action.WAIT);
            assertThat(heartbeat.look(at(36), false)).isEqualTo(Action.ASK);
        }

        @Test
        void doesNotTakeThePlaceOfAQuestionThatWasAskedBefore() {
            assertThat(heartbeat.look(at(6), false)).isEqualTo(Action.ASK);
            heartbeat.asked(at(7));
            heartbeat.heard(at(8));
            assertThat(heartbeat.look(at(13.1), false)).isEqualTo(Action.WAIT);
            assertThat(heartbeat.look(at(13.4), false)).isEqualTo(Action.CLOSE);
        }
    }

    @Nested
    class GivingUp {

        @Test
        void itTakesTwoLooksAfterThePatience() {
            assertThat(heartbeat.look(at(6), false)).isEqualTo(Action.ASK);
            assertThat(heartbeat.look(at(10.9), false)).isEqualTo(Action.WAIT);
            assertThat(heartbeat.look(at(10.99), false)).isEqualTo(Action.WAIT); // too early to be suspected
            assertThat(heartbeat.nextLook(at(10.99))).isEqualTo(seconds(0.01));
            assertThat(heartbeat.look(at(11), false)).isEqualTo(Action.WAIT);
            assertThat(heartbeat.nextLook(at(11))).isEqualTo(Duration.ofMillis(250));
            assertThat(heartbeat.look(at(11.25), false)).isEqualTo(Action.CLOSE);
        }

        @Test
        void anythingThatIsHeardPutsItOff() {
            assertThat(heartbeat.look(at(6), false)).isEqualTo(Action.ASK);
            assertThat(heartbeat.look(at(11), false)).isEqualTo(Action.WAIT);
            heartbeat.heard(at(11.1));
            assertThat(heartbeat.look(at(11.25), false)).isEqualTo(Action.WAIT);
            assertThat(heartbeat.look(at(16), false)).isEqualTo(Action.WAIT);
            assertThat(heartbeat.look(at(16.1), false)).isEqualTo(Action.WAIT); // suspected anew
            assertThat(heartbeat.look(at(16.35), false)).isEqualTo(Action.CLOSE);
        }

        @Test
        void anAnswerEndsTheSuspicion() {
            assertThat(heartbeat.look(at(6), false)).isEqualTo(Action.ASK);
            assertThat(heartbeat.look(at(11), false)).isEqualTo(Action.WAIT);
            heartbeat.answered();
            assertThat(heartbeat.nextLook(at(11.1))).isEqualTo(seconds(4.9));
            assertThat(heartbeat.look(at(16), false)).isEqualTo(Action.ASK);
            assertThat(heartbeat.look(at(21), false)).isEqualTo(Action.WAIT); // a first look of two
        }

        @Test
        void whatWasHeardBeforeTheQuestionDoesNotCount() {
            heartbeat.heard(at(3));
            assertThat(heartbeat.look(at(6), false)).isEqualTo(Action.ASK);
            assertThat(heartbeat.nextLook(at(6))).isEqualTo(seconds(5));
            assertThat(heartbeat.look(at(10.5), false)).isEqualTo(Action.WAIT);
            assertThat(heartbeat.look(at(10.9), false)).isEqualTo(Action.WAIT);
        }

        @Test
        void itIsDoneWithOthersAfterHalfOfThePatience() {
            assertThat(heartbeat.givesUpWithOthers(at(20))).isFalse(); // it was not asked
            assertThat(heartbeat.look(at(21), false)).isEqualTo(Action.ASK);
            assertThat(heartbeat.givesUpWithOthers(at(23.4))).isFalse();
            assertThat(heartbeat.givesUpWithOthers(at(23.5))).isTrue();
            heartbeat.heard(at(23.6));
            assertThat(heartbeat.givesUpWithOthers(at(24))).isFalse();
        }

        @ParameterizedTest
        @CsvSource({"100, 3000", "3000, 3000", "3001, 3001", "60000, 60000"})
        void thePatienceIsThePeriodAndAtLeastThreeSeconds(long period, long patience) {
            assertThat(Heartbeat.patience(Duration.ofMillis(period))).hasMillis(patience);
        }
    }
}
