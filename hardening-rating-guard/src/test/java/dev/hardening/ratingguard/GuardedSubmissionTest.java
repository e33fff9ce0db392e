package dev.hardening.ratingguard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hardening.ratingguard.Outcome.Busy;
import dev.hardening.ratingguard.Outcome.Done;
import dev.hardening.ratingguard.Outcome.Mismatch;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullAndEmptySource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class GuardedSubmissionTest {

    private final GuardedSubmission form = new GuardedSubmission();
    private final CompletableFuture<String> answer = new CompletableFuture<>();
    private final AtomicInteger sent = new AtomicInteger();

    private CompletableFuture<Outcome<String>> submit(@Nullable String sessionId) {
        return form.submit(sessionId, isCurrent -> {
            sent.incrementAndGet();
            return answer;
        });
    }

    @Test
    void documentedExample() {
        List<String> page = new ArrayList<>();
        Function<String, CompletableFuture<String>> client = text -> CompletableFuture.completedFuture("thanks");
        Executor pageThread = Runnable::run;
        // example: wrapper
        GuardedSubmission form = new GuardedSubmission();
        form.begin("session-a"); // the form is drawn for session-a

        CompletableFuture<Void> shown = form.submit("session-a", isCurrent -> client.apply("it was good"))
                .thenAcceptAsync(
                        outcome -> {
                            if (!outcome.current()) {
                                return; // another form is on the screen by now
                            }
                            if (outcome instanceof Outcome.Mismatch<String> mismatch) {
                                page.add(mismatch.error());
                            } else if (outcome instanceof Outcome.Done<String> done) {
                                page.add(done.value());
                            }
                        },
                        pageThread);
        // example: end
        assertThat(shown).isCompleted();
        assertThat(page).containsExactly("thanks");
    }

    @Test
    void aDraftForAnotherSessionSendsNothing() {
        form.begin("a");
        Outcome<String> outcome = submit("b").join();
        assertThat(outcome)
                .isInstanceOfSatisfying(
                        Mismatch.class,
                        mismatch -> assertThat(mismatch.error())
                                .isEqualTo("Session mismatch: cannot rate a different session"));
        assertThat(outcome.current()).isTrue();
        assertThat(sent).hasValue(0);
        assertThat(form.busy()).isFalse();
    }

    @ParameterizedTest
    @NullAndEmptySource
    void aFormWithoutADraftLetsEverySessionPassAsTheCheckDoes(String none) {
        assertThat(submit("a")).isNotCompleted();
        answer.complete("ok");
        form.begin("a");
        form.begin(none);
        assertThat(submit("b").join()).isInstanceOf(Done.class);
    }

    @ParameterizedTest
    @NullAndEmptySource
    void aSubmissionToNoSessionIsAMismatchForADraftThatHasOne(String none) {
        form.begin("a");
        assertThat(submit(none).join()).isInstanceOf(Mismatch.class);
    }

    @Test
    void aSecondSubmissionWhileOneIsUnderWayIsBusyAndNotSent() {
        form.begin("a");
        CompletableFuture<Outcome<String>> first = submit("a");
        assertThat(form.busy()).isTrue();
        assertThat(submit("a").join()).isInstanceOf(Busy.class);
        assertThat(submit("a").join()).as("busy did not free the form").isInstanceOf(Busy.class);
        answer.complete("ok");
        assertThat(first.join())
                .isInstanceOfSatisfying(
                        Done.class, done -> assertThat(done.value()).isEqualTo("ok"));
        assertThat(first.join().current()).isTrue();
        assertThat(sent).hasValue(1);
        assertThat(form.busy()).isFalse();
        assertThat(submit("a").join()).isInstanceOf(Done.class);
    }

    @Test
    void aNewDraftWaitsForTheFormerOnesSubmission() {
        form.begin("a");
        CompletableFuture<Outcome<String>> first = submit("a");
        form.begin("b");
        assertThat(submit("b").join()).isInstanceOf(Busy.class);
        answer.complete("ok");
        first.join();
        assertThat(submit("b").join()).isInstanceOf(Done.class);
    }

    @Test
    void aMismatchIsToldAsSuchAlsoWhileASubmissionIsUnderWay() {
        form.begin("a");
        assertThat(submit("a")).isNotCompleted();
        assertThat(submit("b").join()).isInstanceOf(Mismatch.class);
    }

    @ParameterizedTest
    @NullSource
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
    void anOutcomeTellsWhetherItIsCurrentAtTheMomentItIsAsked() {
        form.begin("a");
        List<Outcome<String>> outcomes = new ArrayList<>();
        CompletableFuture<Outcome<String>> first = submit("a");
        outcomes.add(submit("a").join());
        answer.complete("ok");
        outcomes.add(first.join());
        outcomes.add(submit("b").join());
        assertThat(outcomes).allMatch(Outcome::current);
        form.begin("a");
        assertThat(outcomes).noneMatch(Outcome::current);
    }

    @Test
    void aFailureIsTheActionsOwnAndFreesTheFormAndTellsWhetherItBelongsThere() {
        form.begin("a");
        AtomicReference<BooleanSupplier> current = new AtomicReference<>();
        IOException failure = new IOException("503");
        CompletableFuture<Outcome<String>> first = form.submit("a", isCurrent -> {
            current.set(isCurrent);
            return answer;
        });
        assertThat(current.get().getAsBoolean()).isTrue();
        form.begin("b");
        answer.completeExceptionally(failure);
        assertThatThrownBy(first::join).isInstanceOf(CompletionException.class).hasCause(failure);
        assertThat(current.get().getAsBoolean()).isFalse();
        assertThat(form.busy()).isFalse();
    }

    @Test
    void anActionThatThrowsAtOnceFailsTheOutcomeAndFreesTheForm() {
        form.begin("a");
        assertThatThrownBy(() -> form.submit("a", isCurrent -> {
                            throw new IllegalStateException("at once");
                        })
                        .join())
                .hasRootCauseMessage("at once");
        assertThatThrownBy(() -> form.<String>submit("a", isCurrent -> {
                            throw new AssertionError("an error");
                        })
                        .join())
                .hasRootCauseMessage("an error");
        assertThatThrownBy(() -> form.<String>submit("a", isCurrent -> null).join())
                .hasRootCauseInstanceOf(NullPointerException.class)
                .hasRootCauseMessage("the action returned no stage");
        answer.complete("ok");
        assertThat(submit("a").join()).isInstanceOf(Done.class);
    }

    @Test
    void noActionIsRefusedAtOnceAndLeavesTheFormFree() {
        assertThatThrownBy(() -> form.<String>submit("a", null))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("action");
        assertThat(form.busy()).isFalse();
    }

    @Test
    void anActionMayUseItsForm() {
        form.begin("a");
        AtomicReference<Outcome<String>> inner = new AtomicReference<>();
        Outcome<String> outcome = form.submit("a", isCurrent -> {
                    inner.set(submit("a").join());
                    form.begin("b");
                    return CompletableFuture.completedFuture("ok");
                })
                .join();
        assertThat(inner.get()).isInstanceOf(Busy.class);
        assertThat(sent).hasValue(0);
        assertThat(outcome).isInstanceOf(Done.class);
        assertThat(outcome.current()).isFalse();
    }

    @Test
    void theFormIsFreeByTheTimeThatTheOutcomeIsThere() {
        form.begin("a");
        CompletableFuture<Boolean> busyThen = submit("a").thenApply(outcome -> form.busy());
        answer.complete("ok");
        assertThat(busyThen.join()).isFalse();
    }

    @Test
    void whoCancelsTheOutcomeDoesNotFreeTheFormBecauseTheRequestIsStillOut() {
        form.begin("a");
        assertThat(submit("a").cancel(true)).isTrue();
        assertThat(answer).isNotCancelled();
        assertThat(submit("a").join()).isInstanceOf(Busy.class);
        answer.complete("ok");
        assertThat(form.busy()).isFalse();
    }

    @Test
    void anActionMayAnswerNull() {
        form.begin("a");
        Outcome<@Nullable String> outcome = form.<@Nullable String>submit(
                        "a", isCurrent -> CompletableFuture.completedFuture(null))
                .join();
        assertThat(outcome)
                .isInstanceOfSatisfying(
                        Done.class, done -> assertThat(done.value()).isNull());
    }

    @Test
    @Timeout(60)
    void ofManyThreadsThatSubmitAtOnceOneIsSentAndTheOthersAreBusy() throws Exception {
        int threads = 8;
        form.begin("a");
        CountDownLatch refused = new CountDownLatch(threads - 1);
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        try {
            List<Future<Boolean>> outcomes = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                outcomes.add(executor.submit(() -> {
                    // Whoever is in stays in until every other has been refused.
                    Outcome<String> outcome = form.submit("a", isCurrent -> {
                                sent.incrementAndGet();
                                await(refused);
                                return CompletableFuture.completedFuture("ok");
                            })
                            .join();
                    refused.countDown();
                    return outcome instanceof Done;
                }));
            }
            int done = 0;
            for (Future<Boolean> outcome : outcomes) {
                done += outcome.get() ? 1 : 0;
            }
            assertThat(done).isEqualTo(1);
            assertThat(sent).hasValue(1);
        } finally {
            executor.shutdownNow();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aFormMayBeAskedAndBegunAnewByAnotherThreadWhileAnActionBlocks() throws Exception {
        form.begin("a");
        ExecutorService other = Executors.newSingleThreadExecutor();
        try {
            Outcome<String> outcome = form.submit("a", isCurrent -> {
                        CompletableFuture<String> asked = CompletableFuture.supplyAsync(
                                () -> {
                                    form.begin("b");
                                    return form.draftSessionId() + form.busy() + isCurrent.getAsBoolean();
                                },
                                other);
                        return CompletableFuture.completedFuture(
                                asked.orTimeout(30, TimeUnit.SECONDS).join());
                    })
                    .join();
            assertThat(outcome)
                    .isInstanceOfSatisfying(
                            Done.class, done -> assertThat(done.value()).isEqualTo("btruefalse"));
        } finally {
            other.shutdownNow();
        }
    }

    @Test
    void eachTextSaysWhatItIsAndHoldsNeitherAnIdNorWhatThePersonChose() {
        form.begin("canary");
        assertThat(form).hasToString("GuardedSubmission[busy=false]");
        assertThat(submit("x").join()).hasToString("Mismatch[current=true]");
        CompletableFuture<Outcome<String>> first = submit("canary");
        assertThat(form).hasToString("GuardedSubmission[busy=true]");
        assertThat(submit("canary").join()).hasToString("Busy[current=true]");
        form.begin("canary-2");
        answer.complete("canary");
        assertThat(first.join()).hasToString("Done[current=false]");
    }
}
