package dev.hardening.ratingguard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hardening.ratingguard.GuardedSubmission.Outcome;
import dev.hardening.ratingguard.GuardedSubmission.Status;
import dev.hardening.ratingguard.OpenRatings.Verdict;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RatingGuardTest {

    private final GuardedSubmission form = new GuardedSubmission();
    private final CompletableFuture<String> answer = new CompletableFuture<>();
    private final AtomicInteger sent = new AtomicInteger();

    private CompletableFuture<Outcome<String>> submit(String sessionId) {
        return form.submit(sessionId, () -> {
            sent.incrementAndGet();
            return answer;
        });
    }

    @Test
    void readmeExample() {
        List<String> shown = new ArrayList<>();
        // example: rating-guard
        GuardDecision decision = RatingSessionGuard.check("session-a", "session-b");
        if (!decision.allowed()) {
            shown.add(decision.error());
        }
        // example: end
        assertThat(shown).containsExactly("Session mismatch: cannot rate a different session");
    }

    @Test
    void aDecisionHasAnErrorExactlyWhenItIsNotAllowed() {
        assertThatThrownBy(() -> new GuardDecision(true, "x")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new GuardDecision(false, null)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aDraftForAnotherSessionSendsNothing() {
        form.begin("a");
        Outcome<String> outcome = submit("b").join();
        assertThat(outcome.status()).isEqualTo(Status.MISMATCH);
        assertThat(outcome.error()).isEqualTo(GuardDecision.MISMATCH_ERROR);
        assertThat(sent).hasValue(0);
    }

    @Test
    void aSecondSubmissionWhileOneIsUnderWayIsBusyAndNotSent() {
        form.begin("a");
        CompletableFuture<Outcome<String>> first = submit("a");
        assertThat(submit("a").join().status()).isEqualTo(Status.BUSY);
        answer.complete("ok");
        assertThat(first.join()).isEqualTo(new Outcome<>(Status.DONE, "ok", true, null));
        assertThat(sent).hasValue(1);
        assertThat(submit("a").join().status()).isEqualTo(Status.DONE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"b", "a"})
    void anAnswerThatComesAfterANewDraftIsNotCurrentEvenForTheSameSession(String next) {
        form.begin("a");
        CompletableFuture<Outcome<String>> first = submit("a");
        form.begin(next);
        answer.complete("ok");
        assertThat(first.join().current()).isFalse();
        assertThat(form.draftSessionId()).isEqualTo(next);
    }

    @Test
    void aFailedActionIsTheCallersAndFreesTheForm() {
        form.begin("a");
        CompletableFuture<Outcome<String>> first = submit("a");
        answer.completeExceptionally(new IllegalStateException("503"));
        assertThatThrownBy(first::join).isInstanceOf(CompletionException.class).hasRootCauseMessage("503");
        assertThatThrownBy(() -> form.submit("a", () -> {
                            throw new IllegalStateException("at once");
                        })
                        .join())
                .hasRootCauseMessage("at once");
        assertThatThrownBy(() -> form.<String>submit("a", () -> null).join())
                .hasRootCauseInstanceOf(NullPointerException.class);
        assertThat(form.submit("a", () -> CompletableFuture.completedFuture(1))
                        .join()
                        .status())
                .isEqualTo(Status.DONE);
    }

    /** Every run is one interleaving of new drafts, submissions and answers, chosen by a seed. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void whateverTheInterleavingNothingIsSentToAnotherSessionAndOneAtATime(long seed) {
        Random random = new Random(seed);
        int done = 0;
        for (int run = 0; run < 500; run++) {
            GuardedSubmission guard = new GuardedSubmission();
            ArrayDeque<CompletableFuture<String>> underWay = new ArrayDeque<>();
            List<CompletableFuture<Boolean>> outcomes = new ArrayList<>();
            String[] draft = {null};
            int[] generation = {0};
            for (int step = 0; step < 20; step++) {
                String id = random.nextBoolean() ? "a" : "b";
                switch (random.nextInt(3)) {
                    case 0 -> {
                        draft[0] = id;
                        generation[0]++;
                        guard.begin(id);
                    }
                    case 1 -> {
                        int from = generation[0];
                        outcomes.add(guard.submit(id, () -> {
                                    assertThat(draft[0]).isIn(null, id);
                                    assertThat(underWay).isEmpty();
                                    underWay.add(new CompletableFuture<>());
                                    return underWay.peek();
                                })
                                .thenApply(outcome -> {
                                    boolean wasDone = outcome.status() == Status.DONE;
                                    assertThat(!wasDone || outcome.current() == (from == generation[0]))
                                            .isTrue();
                                    return wasDone;
                                }));
                    }
                    default -> {
                        if (!underWay.isEmpty()) {
                            underWay.poll().complete(id);
                        }
                    }
                }
            }
            underWay.forEach(last -> last.complete("end"));
            for (CompletableFuture<Boolean> outcome : outcomes) {
                done += outcome.join() ? 1 : 0;
            }
        }
        assertThat(done).isPositive();
    }

    @Test
    void theServerFailsClosed() {
        OpenRatings open = OpenRatings.of(List.of("a", "b"));
        assertThat(open.check("a")).isEqualTo(Verdict.ALLOWED);
        assertThat(open.check("a", "a")).isEqualTo(Verdict.ALLOWED);
        assertThat(open.check("a", "b")).isEqualTo(Verdict.SESSION_MISMATCH);
        assertThat(open.check("c")).isEqualTo(Verdict.SESSION_MISMATCH);
        assertThat(open.check("A")).isEqualTo(Verdict.SESSION_MISMATCH);
        assertThat(open.check("a", null)).isEqualTo(Verdict.SESSION_MISMATCH);
        assertThat(open.check(null)).isEqualTo(Verdict.SESSION_MISMATCH);
        assertThat(open.check("")).isEqualTo(Verdict.SESSION_MISMATCH);
        assertThat(OpenRatings.of(List.of("")).check("")).isEqualTo(Verdict.SESSION_MISMATCH);
        assertThat(OpenRatings.of(List.of()).check("a")).isEqualTo(Verdict.NO_PENDING_RATINGS);
    }

    @Test
    void eachTextSaysWhatItIsAndHoldsNeitherAnIdNorWhatThePersonChose() {
        form.begin("canary");
        assertThat(form).hasToString("GuardedSubmission[inFlight=false]");
        assertThat(submit("x").join()).hasToString("Outcome[MISMATCH, current=true]");
        CompletableFuture<Outcome<String>> first = submit("canary");
        assertThat(form).hasToString("GuardedSubmission[inFlight=true]");
        form.begin("canary-2");
        answer.complete("canary");
        assertThat(first.join()).hasToString("Outcome[DONE, current=false]");
        assertThat(OpenRatings.of(List.of("canary", "canary-2"))).hasToString("OpenRatings[2]");
    }
}
