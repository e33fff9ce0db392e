package dev.hardening.ratingguard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hardening.ratingguard.GuardedSubmission.State;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class GuardedSubmissionsTest {

    private final GuardedSubmissions guards = new GuardedSubmissions();
    private final CompletableFuture<String> answer = new CompletableFuture<>();
    private final List<String> attemptIds = new ArrayList<>();

    private CompletableFuture<Outcome<String>> submit(String sessionId) {
        return guards.get(sessionId).submit(sessionId, submission -> {
            attemptIds.add(submission.attemptId());
            return answer;
        });
    }

    @Test
    void aSessionsGuardIsBegunForIt() {
        assertThat(guards.get("a").draftSessionId()).isEqualTo("a");
        assertThat(guards.get("a")).isSameAs(guards.get("a")).isNotSameAs(guards.get("b"));
    }

    @Nested
    class AFormThatIsDrawnAgain {

        @Test
        void findsWhatIsUnderWayAndWhatWasSent() {
            assertThat(submit("a")).isNotCompleted();
            assertThat(guards.get("b").state()).isEqualTo(State.IDLE);
            assertThat(submit("a").join()).isInstanceOf(Outcome.Busy.class);
            answer.complete("ok");
            assertThat(submit("a").join()).isInstanceOf(Outcome.Sent.class);
            assertThat(attemptIds).hasSize(1);
        }

        @Test
        void triesAgainUnderTheSameAttemptId() {
            answer.completeExceptionally(new IllegalStateException("lost"));
            assertThat(submit("a")).isCompletedExceptionally();
            guards.get("b");
            assertThat(submit("a")).isCompletedExceptionally();
            assertThat(attemptIds).hasSize(2);
            assertThat(attemptIds.get(0)).isEqualTo(attemptIds.get(1));
        }
    }

    @Test
    void aClosedGuardIsReplaced() {
        GuardedSubmission former = guards.get("a");
        former.close();
        assertThat(guards.get("a")).isNotSameAs(former);
        assertThat(guards.get("a").state()).isEqualTo(State.IDLE);
    }

    @Test
    void theLastHundredAreKeptAndThoseThatAreSending() {
        assertThat(submit("sending")).isNotCompleted();
        GuardedSubmission sending = guards.get("sending");
        GuardedSubmission used = guards.get("used");
        GuardedSubmission oldest = guards.get("oldest");
        for (int at = 0; at < 97; at++) {
            guards.get("session-" + at);
        }
        assertThat(guards.get("used")).isSameAs(used);
        guards.get("one more");
        assertThat(guards.get("sending")).isSameAs(sending);
        assertThat(guards.get("used")).isSameAs(used);
        assertThat(guards.get("oldest")).isNotSameAs(oldest);
    }

    @Test
    void theHundredthDropsNone() {
        GuardedSubmission first = guards.get("first");
        for (int at = 0; at < 99; at++) {
            guards.get("session-" + at);
        }
        guards.get("session-98"); // one that is kept already needs no room
        assertThat(guards.get("first")).isSameAs(first);
    }

    @Test
    void theOneAskedForIsKeptWhileAHundredAreSending() {
        for (int at = 0; at < 100; at++) {
            assertThat(submit("session-" + at)).isNotCompleted();
        }
        assertThat(guards.get("one more")).isSameAs(guards.get("one more"));
    }

    @Test
    void itsGuardsCanHaveOtherSettings() {
        GuardedSubmissions guards = new GuardedSubmissions(
                () -> GuardedSubmission.builder().newAttemptId(() -> "id").build());
        assertThat(guards.get("a").submit("a", submission -> {
                    attemptIds.add(submission.attemptId());
                    return answer;
                }))
                .isNotCompleted();
        assertThat(attemptIds).containsExactly("id");
    }

    @Test
    void aSessionIsAskedFor() {
        assertThatThrownBy(() -> guards.get(null)).hasMessage("sessionId");
        assertThatThrownBy(() -> new GuardedSubmissions(null)).hasMessage("newGuard");
    }
}
