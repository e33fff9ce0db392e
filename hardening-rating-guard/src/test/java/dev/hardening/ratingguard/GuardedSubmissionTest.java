package dev.hardening.ratingguard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hardening.ratingguard.GuardedSubmission.State;
import dev.hardening.ratingguard.Outcome.Busy;
import dev.hardening.ratingguard.Outcome.Closed;
import dev.hardening.ratingguard.Outcome.Done;
import dev.hardening.ratingguard.Outcome.Mismatch;
import dev.hardening.ratingguard.Outcome.Sent;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullAndEmptySource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class GuardedSubmissionTest {

    /** The timers that wait; a test lets their time pass. */
    private final List<CompletableFuture<Void>> timers = new ArrayList<>();

    private final List<Duration> waits = new ArrayList<>();
    private final List<String> late = new ArrayList<>();
    private final GuardedSubmission form = GuardedSubmission.builder()
            .timer(delay -> {
                waits.add(delay);
                timers.add(new CompletableFuture<>());
                return timers.get(timers.size() - 1);
            })
            .onLateFailure((failure, sessionId) -> late.add(failure.getMessage() + " for " + sessionId))
            .build();
    private final CompletableFuture<String> answer = new CompletableFuture<>();
    private final List<Submission> submissions = new ArrayList<>();

    private CompletableFuture<Outcome<String>> submit(@Nullable String sessionId) {
        return submit(sessionId, answer);
    }

    private CompletableFuture<Outcome<String>> submit(@Nullable String sessionId, CompletionStage<String> stage) {
        return form.submit(sessionId, submission -> {
            submissions.add(submission);
            return stage;
        });
    }

    private static CompletableFuture<String> failed(String message) {
        return CompletableFuture.failedFuture(new IOException(message));
    }

    private static boolean aborted(Submission submission) {
        return submission.signal().toCompletableFuture().isDone();
    }

    @Test
    void documentedExample() {
        List<String> page = new ArrayList<>();
        Function<String, CompletableFuture<String>> client = attemptId -> CompletableFuture.completedFuture("thanks");
        Executor pageThread = Runnable::run;
        // example: wrapper
        GuardedSubmission form = new GuardedSubmission();
        form.begin("session-a"); // the form is drawn for session-a

        CompletableFuture<Void> shown = form.submit("session-a", submission -> client.apply(submission.attemptId()))
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

    @Nested
    class ADraftForAnotherSession {

        @Test
        void isAMismatchAndNothingIsSent() {
            form.begin("a");
            Outcome<String> outcome = submit("b").join();
            assertThat(outcome)
                    .isInstanceOfSatisfying(
                            Mismatch.class,
                            mismatch -> assertThat(mismatch.error())
                                    .isEqualTo("Session mismatch: cannot rate a different session"));
            assertThat(outcome.current()).isTrue();
            assertThat(submissions).isEmpty();
            assertThat(form.state()).isEqualTo(State.IDLE);
        }

        @Test
        void saysWhatToDoNextAndItWorks() {
            form.begin("a");
            assertThat(submit("b").join())
                    .isInstanceOfSatisfying(
                            Mismatch.class,
                            mismatch -> assertThat(mismatch.hint())
                                    .isEqualTo("Call begin with the session that is open now, then submit again"));
            form.begin("b");
            answer.complete("ok");
            assertThat(submit("b").join()).isInstanceOf(Done.class);
        }

        @Test
        void isAMismatchWhileAnotherIsUnderWayOrSent() {
            form.begin("a");
            assertThat(submit("a")).isNotCompleted();
            assertThat(submit("b").join()).isInstanceOf(Mismatch.class);
            answer.complete("ok");
            assertThat(submit("b").join()).isInstanceOf(Mismatch.class);
        }

        @ParameterizedTest
        @NullAndEmptySource
        void isAMismatchForNoSession(@Nullable String none) {
            form.begin("a");
            assertThat(submit(none).join()).isInstanceOf(Mismatch.class);
        }
    }

    @Nested
    class WithoutADraft {

        @Test
        void everySessionPassesOneAtATime() {
            CompletableFuture<Outcome<String>> first = submit("a");
            assertThat(submit("b").join()).isInstanceOf(Busy.class);
            answer.complete("ok");
            assertThat(first.join()).isInstanceOf(Done.class);
            assertThat(form.state()).isEqualTo(State.IDLE);
            assertThat(submit("b").join()).isInstanceOf(Done.class);
            assertThat(submit("b").join()).isInstanceOf(Done.class);
        }

        @ParameterizedTest
        @NullAndEmptySource
        void everySessionPassesAfterBeginWithNone(@Nullable String none) {
            form.begin("a");
            form.begin(none);
            answer.complete("ok");
            assertThat(submit("b").join()).isInstanceOf(Done.class);
            assertThat(submit("a").join()).isInstanceOf(Done.class);
        }

        @ParameterizedTest
        @NullAndEmptySource
        void noSessionIsNeverSent(@Nullable String none) {
            form.begin(none);
            answer.complete("ok");
            assertThat(submit(none).join()).isInstanceOf(Done.class);
            assertThat(form.state()).isEqualTo(State.IDLE);
            assertThat(submit(none).join()).isInstanceOf(Done.class);
        }

        @Test
        void aDraftBegunMeanwhileForWhatWasSentIsSent() {
            CompletableFuture<Outcome<String>> first = submit("a");
            form.begin("a");
            answer.complete("ok");
            assertThat(first.join().current()).isFalse();
            assertThat(form.state()).isEqualTo(State.SENT);
            assertThat(submit("a").join()).isInstanceOf(Sent.class);
        }

        @Test
        void aDraftBegunMeanwhileForAnotherSessionIsLeftAlone() {
            assertThat(submit("a")).isNotCompleted();
            form.begin("b");
            answer.complete("ok");
            assertThat(form.state()).isEqualTo(State.IDLE);
            assertThat(submit("b").join()).isInstanceOf(Done.class);
        }

        @Test
        void aRetryForNoSessionKeepsItsAttemptId() {
            for (String none : new String[] {null, "", null}) {
                assertThat(submit(none, failed("lost"))).isCompletedExceptionally();
            }
            assertThat(submissions.stream().map(Submission::attemptId).distinct())
                    .hasSize(1);
        }

        @Test
        void aRetryKeepsItsAttemptIdAndAnotherSessionHasItsOwn() {
            assertThat(submit("a", failed("lost"))).isCompletedExceptionally();
            answer.complete("ok");
            submit("a").join();
            submit("a").join();
            assertThat(submit("b", failed("lost"))).isCompletedExceptionally();
            submit("c").join();
            List<String> ids = submissions.stream().map(Submission::attemptId).toList();
            assertThat(ids.get(0)).isEqualTo(ids.get(1));
            assertThat(ids.subList(1, 5)).doesNotHaveDuplicates();
        }
    }

    @Nested
    class TheAttemptIdsWithoutADraft {

        private final AtomicInteger made = new AtomicInteger();
        private boolean works = true;
        private final GuardedSubmission form = GuardedSubmission.builder()
                .timer(delay -> {
                    timers.add(new CompletableFuture<>());
                    return timers.get(timers.size() - 1);
                })
                .newAttemptId(() -> {
                    if (!works) {
                        throw new IllegalStateException("no id");
                    }
                    return "id-" + made.incrementAndGet();
                })
                .build();
        private final List<String> ids = new ArrayList<>();

        private void submit(String sessionId, CompletableFuture<String> stage) {
            var unused = form.submit(sessionId, submission -> {
                ids.add(submission.attemptId());
                return stage;
            });
        }

        private void lose(String sessionId) {
            submit(sessionId, failed("lost"));
        }

        /** A try that is under way after its timeout. */
        private CompletableFuture<String> hanging(String sessionId) {
            CompletableFuture<String> late = new CompletableFuture<>();
            submit(sessionId, late);
            timers.get(timers.size() - 1).complete(null);
            return late;
        }

        @Test
        void areKeptForEachSession() {
            lose("x");
            lose("y");
            lose("x");
            lose("y");
            assertThat(ids).containsExactly("id-1", "id-2", "id-1", "id-2");
        }

        @Test
        void areKeptWhenNoIdCanBeMadeForAnotherSession() {
            lose("a");
            works = false;
            assertThatThrownBy(form.submit("b", submission -> answer)::join).hasRootCauseMessage("no id");
            lose("a");
            assertThat(ids).containsExactly("id-1", "id-1");
        }

        @Test
        void ofOtherSessionsAreKeptWhenOneSucceedsLate() {
            CompletableFuture<String> late = hanging("x");
            lose("y");
            late.complete("ok");
            lose("y");
            lose("x");
            assertThat(ids).containsExactly("id-1", "id-2", "id-2", "id-3");
        }

        @Test
        void areLeftAloneByAnOlderAttemptThatSucceedsLate() {
            CompletableFuture<String> first = hanging("x");
            CompletableFuture<String> second = hanging("x");
            first.complete("ok");
            lose("x");
            second.complete("ok");
            lose("x");
            assertThat(ids).containsExactly("id-1", "id-1", "id-2", "id-2");
        }

        @Test
        void areKeptForTheNewest100Sessions() {
            for (int session = 1; session <= 100; session++) {
                lose("s" + session);
            }
            lose("s1");
            lose("another");
            lose("s2");
            lose("another");
            lose("s1");
            assertThat(ids.subList(100, 105)).containsExactly("id-1", "id-101", "id-2", "id-101", "id-102");
        }
    }

    @Nested
    class WhileAnActionIsUnderWay {

        @Test
        void aSecondSubmissionIsBusyAndNotSent() {
            form.begin("a");
            CompletableFuture<Outcome<String>> first = submit("a");
            assertThat(form.state()).isEqualTo(State.SENDING);
            assertThat(submit("a").join()).isInstanceOf(Busy.class);
            assertThat(submit("a").join()).as("busy did not free the form").isInstanceOf(Busy.class);
            answer.complete("ok");
            assertThat(first.join())
                    .isInstanceOfSatisfying(
                            Done.class, done -> assertThat(done.value()).isEqualTo("ok"));
            assertThat(first.join().current()).isTrue();
            assertThat(submissions).hasSize(1);
        }

        @Test
        void aNewDraftWaitsForItWhateverItsSession() {
            form.begin("a");
            CompletableFuture<Outcome<String>> first = submit("a");
            form.begin("b");
            assertThat(form.state()).isEqualTo(State.SENDING);
            assertThat(submit("b").join()).isInstanceOf(Busy.class);
            answer.complete("ok");
            first.join();
            assertThat(form.state()).isEqualTo(State.IDLE);
            assertThat(submit("b").join()).isInstanceOf(Done.class);
        }

        @Test
        void itMayUseItsForm() {
            form.begin("a");
            AtomicReference<Outcome<String>> inner = new AtomicReference<>();
            Outcome<String> outcome = form.submit("a", submission -> {
                        inner.set(submit("a").join());
                        form.begin("b");
                        return CompletableFuture.completedFuture("ok");
                    })
                    .join();
            assertThat(inner.get()).isInstanceOf(Busy.class);
            assertThat(submissions).isEmpty();
            assertThat(outcome).isInstanceOf(Done.class);
            assertThat(outcome.current()).isFalse();
        }

        @Test
        void cancellingTheOutcomeDoesNotFreeTheForm() {
            form.begin("a");
            assertThat(submit("a").cancel(true)).isTrue();
            assertThat(answer).as("the request is still out").isNotCancelled();
            assertThat(submit("a").join()).isInstanceOf(Busy.class);
            answer.complete("ok");
            assertThat(form.state()).isEqualTo(State.SENT);
        }

        @Test
        @Timeout(60)
        void ofManyThreadsOneSendsAndTheOthersAreBusy() throws Exception {
            int threads = 8;
            form.begin("a");
            CountDownLatch refused = new CountDownLatch(threads - 1);
            ExecutorService executor = Executors.newFixedThreadPool(threads);
            try {
                List<Future<Boolean>> outcomes = new ArrayList<>();
                for (int i = 0; i < threads; i++) {
                    outcomes.add(executor.submit(() -> {
                        // The one that is in stays in until every other has been refused.
                        Outcome<String> outcome = form.submit("a", submission -> {
                                    submissions.add(submission);
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
                assertThat(submissions).hasSize(1);
            } finally {
                executor.shutdownNow();
            }
        }

        private void await(CountDownLatch latch) {
            try {
                assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        @Test
        void anotherThreadMayAskAndBeginWhileTheActionBlocks() throws Exception {
            form.begin("a");
            ExecutorService other = Executors.newSingleThreadExecutor();
            try {
                Outcome<String> outcome = form.submit("a", submission -> {
                            CompletableFuture<String> asked = CompletableFuture.supplyAsync(
                                    () -> {
                                        form.begin("b");
                                        return form.draftSessionId() + form.state() + submission.isCurrent();
                                    },
                                    other);
                            return CompletableFuture.completedFuture(
                                    asked.orTimeout(30, TimeUnit.SECONDS).join());
                        })
                        .join();
                assertThat(outcome)
                        .isInstanceOfSatisfying(
                                Done.class, done -> assertThat(done.value()).isEqualTo("bSENDINGfalse"));
            } finally {
                other.shutdownNow();
            }
        }
    }

    @Nested
    class ADraftThatWasAccepted {

        @Test
        void isSentAndNothingIsSentAgain() {
            form.begin("a");
            answer.complete("ok");
            assertThat(submit("a").join()).isInstanceOf(Done.class);
            assertThat(form.state()).isEqualTo(State.SENT);
            Outcome<String> second = submit("a").join();
            assertThat(second).isInstanceOf(Sent.class);
            assertThat(second.current()).isTrue();
            assertThat(submissions).hasSize(1);
        }

        @Test
        void canBeFollowedByANewDraftForTheSameSession() {
            form.begin("a");
            answer.complete("ok");
            submit("a").join();
            form.begin("a");
            assertThat(form.state()).isEqualTo(State.IDLE);
            assertThat(submit("a").join()).isInstanceOf(Done.class);
        }

        @Test
        void makesADraftBegunMeanwhileForItsSessionSentToo() {
            form.begin("a");
            CompletableFuture<Outcome<String>> first = submit("a");
            form.begin("b");
            form.begin("a");
            answer.complete("ok");
            assertThat(first.join().current()).isFalse();
            assertThat(form.state()).isEqualTo(State.SENT);
            assertThat(submit("a").join()).isInstanceOf(Sent.class);
        }

        @Test
        void isToldBeforeTheOutcomeIsThere() {
            form.begin("a");
            CompletableFuture<State> stateThen = submit("a").thenApply(outcome -> form.state());
            answer.complete("ok");
            assertThat(stateThen.join()).isEqualTo(State.SENT);
        }

        @Test
        void mayHaveBeenAnsweredWithNull() {
            form.begin("a");
            Outcome<@Nullable String> outcome = form.<@Nullable String>submit(
                            "a", submission -> CompletableFuture.completedFuture(null))
                    .join();
            assertThat(outcome)
                    .isInstanceOfSatisfying(
                            Done.class, done -> assertThat(done.value()).isNull());
        }
    }

    @Nested
    class AnAnswerAfterAnotherDraftWasBegun {

        @ParameterizedTest
        @NullSource
        @ValueSource(strings = {"b", "a"})
        void isNotCurrentEvenForTheSameSession(@Nullable String next) {
            form.begin("a");
            CompletableFuture<Outcome<String>> first = submit("a");
            form.begin(next);
            answer.complete("ok");
            assertThat(first.join().current()).isFalse();
            assertThat(form.draftSessionId()).isEqualTo(next);
        }

        @Test
        void isToldAtTheMomentThatItIsAsked() {
            form.begin("a");
            List<Outcome<String>> outcomes = new ArrayList<>();
            CompletableFuture<Outcome<String>> first = submit("a");
            outcomes.add(submit("a").join());
            answer.complete("ok");
            outcomes.add(first.join());
            outcomes.add(submit("a").join());
            outcomes.add(submit("b").join());
            assertThat(outcomes).allMatch(Outcome::current);
            form.begin("a");
            assertThat(outcomes).noneMatch(Outcome::current);
        }
    }

    @Nested
    class AFailure {

        @Test
        void isTheActionsOwnAndTheDraftCanBeSentAgain() {
            form.begin("a");
            IOException failure = new IOException("503");
            assertThatThrownBy(submit("a", CompletableFuture.failedFuture(failure))::join)
                    .isInstanceOf(CompletionException.class)
                    .hasCause(failure);
            assertThat(form.state()).isEqualTo(State.IDLE);
            assertThat(late).isEmpty();
            answer.complete("ok");
            assertThat(submit("a").join()).isInstanceOf(Done.class);
        }

        @Test
        void mayComeAtOnce() {
            form.begin("a");
            assertThatThrownBy(() -> form.submit("a", submission -> {
                                throw new IllegalStateException("at once");
                            })
                            .join())
                    .hasRootCauseMessage("at once");
            assertThatThrownBy(() -> form.<String>submit("a", submission -> {
                                throw new AssertionError("an error");
                            })
                            .join())
                    .hasRootCauseMessage("an error");
            assertThatThrownBy(
                            () -> form.<String>submit("a", submission -> null).join())
                    .hasRootCauseInstanceOf(NullPointerException.class)
                    .hasRootCauseMessage("the action returned no stage");
            answer.complete("ok");
            assertThat(submit("a").join()).isInstanceOf(Done.class);
        }

        @Test
        void afterAnotherDraftWasBegunIsALateOneToo() {
            form.begin("a");
            CompletableFuture<Outcome<String>> first = submit("a");
            assertThat(submissions.get(0).isCurrent()).isTrue();
            form.begin("b");
            answer.completeExceptionally(new IOException("409"));
            assertThatThrownBy(first::join).hasRootCauseMessage("409");
            assertThat(submissions.get(0).isCurrent()).isFalse();
            assertThat(late).containsExactly("409 for a");
            assertThat(form.state()).isEqualTo(State.IDLE);
        }

        @Test
        void isLateByItsCauseWhenAStageHasWrappedIt() {
            form.begin("a");
            CompletableFuture<Outcome<String>> first = submit("a", answer.thenApply(value -> value));
            form.begin("b");
            answer.completeExceptionally(new IOException("409"));
            assertThat(first).isCompletedExceptionally();
            assertThat(late).containsExactly("409 for a");
        }

        @Test
        void isTheActionsOwnAlsoWhenAStageHasWrappedIt() {
            IOException failure = new IOException("503");
            CompletableFuture<String> wrapped =
                    CompletableFuture.<String>failedFuture(failure).thenApply(value -> value);
            assertThat(submit("a", wrapped).handle((outcome, thrown) -> thrown).join())
                    .isSameAs(failure);
        }

        @Test
        void withoutACauseIsLateAsItIs() {
            form.begin("a");
            CompletableFuture<Outcome<String>> first = submit("a");
            form.begin("b");
            answer.completeExceptionally(new CompletionException("no cause", null));
            assertThat(first).isCompletedExceptionally();
            assertThat(late).containsExactly("no cause for a");
        }

        @Test
        void ofTheLateHandlerDoesNotReachTheForm() {
            List<Throwable> uncaught = new ArrayList<>();
            GuardedSubmission form = GuardedSubmission.builder()
                    .onLateFailure((failure, sessionId) -> {
                        throw new IllegalStateException("of the handler");
                    })
                    .build();
            form.begin("a");
            CompletableFuture<Outcome<String>> first = form.submit("a", submission -> answer);
            form.begin("b");
            handling(uncaught, () -> answer.completeExceptionally(new IOException("409")));
            assertThatThrownBy(first::join).hasRootCauseMessage("409");
            assertThat(uncaught).singleElement().asString().contains("of the handler");
        }

        @Test
        void ofTheUncaughtHandlerDoesNotReachTheForm() throws Exception {
            GuardedSubmission form = GuardedSubmission.builder().build();
            List<State> seen = new ArrayList<>();
            form.subscribe(state -> {
                throw new IllegalStateException("of the listener");
            });
            form.subscribe(seen::add);
            form.begin("a");
            Thread thread = new Thread(() -> {
                var unused = form.submit("a", submission -> answer);
            });
            thread.setUncaughtExceptionHandler((where, failure) -> {
                throw new IllegalStateException("of the uncaught handler");
            });
            thread.start();
            thread.join(TimeUnit.SECONDS.toMillis(30));
            assertThat(seen).containsExactly(State.SENDING);
        }

        @Test
        void ofNoActionIsRefusedAtOnce() {
            assertThatThrownBy(() -> form.<String>submit("a", null))
                    .isInstanceOf(NullPointerException.class)
                    .hasMessage("action");
            assertThat(form.state()).isEqualTo(State.IDLE);
        }
    }

    @Nested
    class TheAttemptId {

        @Test
        void isTheSameForEachTryOfADraftAndNewForANewOne() {
            form.begin("a");
            assertThat(submit("a", failed("lost"))).isCompletedExceptionally();
            assertThat(submit("a", failed("lost"))).isCompletedExceptionally();
            form.begin("a");
            assertThat(submit("a", failed("lost"))).isCompletedExceptionally();
            List<String> ids = submissions.stream().map(Submission::attemptId).toList();
            assertThat(ids.get(0)).isEqualTo(ids.get(1)).isNotEqualTo(ids.get(2));
        }

        @Test
        void isAUuidOfVersion4() {
            assertThat(submit("a")).isNotCompleted();
            assertThat(submissions.get(0).attemptId())
                    .matches("[\\da-f]{8}-[\\da-f]{4}-4[\\da-f]{3}-[89ab][\\da-f]{3}-[\\da-f]{12}");
        }

        @Test
        void comesFromNewAttemptIdWhereItIsGiven() {
            GuardedSubmission form =
                    GuardedSubmission.builder().newAttemptId(() -> "id-1").build();
            Outcome<String> outcome = form.submit(
                            "a", submission -> CompletableFuture.completedFuture(submission.attemptId()))
                    .join();
            assertThat(outcome)
                    .isInstanceOfSatisfying(
                            Done.class, done -> assertThat(done.value()).isEqualTo("id-1"));
        }

        @Test
        void thatIsNullIsRefusedAndNothingIsSent() {
            GuardedSubmission form =
                    GuardedSubmission.builder().newAttemptId(() -> null).build();
            assertThatThrownBy(form.submit("a", submission -> answer)::join)
                    .hasRootCauseInstanceOf(NullPointerException.class)
                    .hasRootCauseMessage("newAttemptId returned null");
            assertThat(form.state()).isEqualTo(State.IDLE);
        }

        @Test
        void thatIsEmptyIsRefusedAndNothingIsSent() {
            GuardedSubmission form =
                    GuardedSubmission.builder().newAttemptId(() -> "").build();
            assertThatThrownBy(() -> submitTo(form).join())
                    .hasRootCauseInstanceOf(IllegalArgumentException.class)
                    .hasRootCauseMessage("newAttemptId returned an empty text");
            assertThat(form.state()).isEqualTo(State.IDLE);
            assertThat(submissions).isEmpty();
        }

        @Test
        void thatCannotBeMadeFailsTheSubmissionUnsent() {
            List<Object> seen = new ArrayList<>();
            GuardedSubmission form = GuardedSubmission.builder()
                    .newAttemptId(() -> {
                        throw new IllegalStateException("no id");
                    })
                    .onLateFailure((failure, sessionId) -> seen.add(failure))
                    .build();
            form.begin("a");
            form.subscribe(seen::add);
            CompletableFuture<Outcome<String>> failed = form.submit("a", submission -> {
                submissions.add(submission);
                return answer;
            });
            assertThatThrownBy(failed::join).hasRootCauseMessage("no id");
            assertThat(form.state()).isEqualTo(State.IDLE);
            assertThat(submissions).isEmpty();
            assertThat(seen).isEmpty();
        }

        /** A form for "a"; the maker makes this call once, while it makes the first id. */
        private GuardedSubmission formWhoseMaker(Consumer<GuardedSubmission> call) {
            AtomicReference<GuardedSubmission> own = new AtomicReference<>();
            AtomicInteger made = new AtomicInteger();
            own.set(GuardedSubmission.builder()
                    .newAttemptId(() -> {
                        if (made.incrementAndGet() == 1) {
                            call.accept(own.get());
                        }
                        return "id-" + made;
                    })
                    .build());
            own.get().begin("a");
            return own.get();
        }

        private CompletableFuture<Outcome<String>> submitTo(GuardedSubmission form) {
            return form.submit("a", submission -> {
                submissions.add(submission);
                return answer;
            });
        }

        @Test
        void whoseMakerClosesTheFormIsNotSent() {
            assertThat(submitTo(formWhoseMaker(GuardedSubmission::close)).join())
                    .isInstanceOf(Closed.class);
            assertThat(submissions).isEmpty();
        }

        @Test
        void whoseMakerBeginsAnotherSessionIsAMismatch() {
            assertThat(submitTo(formWhoseMaker(own -> own.begin("b"))).join()).isInstanceOf(Mismatch.class);
            assertThat(submissions).isEmpty();
        }

        @Test
        void whoseMakerBeginsTheSameSessionIsOfTheNewDraft() {
            answer.complete("ok");
            Outcome<String> outcome =
                    submitTo(formWhoseMaker(own -> own.begin("a"))).join();
            assertThat(outcome.current()).isTrue();
            assertThat(submissions).singleElement().returns("id-1", Submission::attemptId);
        }

        @Test
        void whoseMakerSubmitsIsBusyAndOneActionIsCalled() {
            assertThat(submitTo(formWhoseMaker(own -> {
                                var unused = submitTo(own);
                            }))
                            .join())
                    .isInstanceOf(Busy.class);
            assertThat(submissions).singleElement().returns("id-2", Submission::attemptId);
        }

        @Test
        void isMadeOnlyIfTheDraftNeedsOne() {
            List<String> made = new ArrayList<>();
            GuardedSubmission form = GuardedSubmission.builder()
                    .newAttemptId(() -> {
                        made.add("id");
                        return "id";
                    })
                    .build();
            form.begin("a");
            assertThat(form.submit("b", submission -> answer).join()).isInstanceOf(Mismatch.class);
            assertThat(made).isEmpty();
            assertThat(form.submit("a", submission -> failed("lost"))).isCompletedExceptionally();
            assertThat(form.submit("a", submission -> answer)).isNotCompleted();
            assertThat(form.submit("a", submission -> answer).join()).isInstanceOf(Busy.class);
            answer.complete("ok");
            assertThat(form.submit("a", submission -> answer).join()).isInstanceOf(Sent.class);
            form.close();
            assertThat(form.submit("a", submission -> answer).join()).isInstanceOf(Closed.class);
            assertThat(made).hasSize(1);
        }
    }

    @Nested
    class AnActionThatHangs {

        @Test
        void isAbortedAndTheDraftIsTriedAgainWithTheSameId() {
            form.begin("a");
            CompletableFuture<Outcome<String>> first = submit("a");
            assertThat(waits).containsExactly(Duration.ofSeconds(30));
            assertThat(aborted(submissions.get(0))).isFalse();
            timers.get(0).complete(null);
            assertThatThrownBy(first::join)
                    .hasCauseInstanceOf(TimeoutException.class)
                    .hasRootCauseMessage("No answer within 30 s");
            assertThat(aborted(submissions.get(0))).isTrue();
            assertThat(form.state()).isEqualTo(State.IDLE);
            assertThat(submit("a")).isNotCompleted();
            assertThat(submissions.get(1).attemptId())
                    .isEqualTo(submissions.get(0).attemptId());
            assertThat(aborted(submissions.get(1))).isFalse();
        }

        @Test
        void isAbortedWhileTheFormStillSends() {
            form.begin("a");
            List<Object> seen = new ArrayList<>();
            var unused = form.<String>submit("a", submission -> {
                submission.signal().thenRun(() -> {
                    seen.add(form.state());
                    seen.add(submit("a").join().getClass());
                });
                return answer;
            });
            timers.get(0).complete(null);
            assertThat(seen).containsExactly(State.SENDING, Busy.class);
            assertThat(submissions).isEmpty();
            assertThat(form.state()).isEqualTo(State.IDLE);
        }

        @Test
        void isAbortedBeforeItsOutcomeIsSeen() {
            form.begin("a");
            List<Boolean> abortedAtTheOutcome = new ArrayList<>();
            var unused = submit("a").whenComplete((outcome, failure) -> {
                abortedAtTheOutcome.add(aborted(submissions.get(0)));
                assertThat(submit("a")).isNotCompleted();
            });
            timers.get(0).complete(null);
            assertThat(abortedAtTheOutcome).containsExactly(true);
            assertThat(submissions).hasSize(2);
        }

        @ParameterizedTest
        @ValueSource(booleans = {true, false})
        void timesOutAlsoIfTheSignalEndsTheAction(boolean succeeds) {
            form.begin("a");
            CompletableFuture<Outcome<String>> first = submit("a");
            submissions.get(0).signal().thenRun(() -> {
                boolean ended =
                        succeeds ? answer.complete("ok") : answer.completeExceptionally(new IOException("aborted"));
                assertThat(ended).isTrue();
                assertThat(form.state()).isEqualTo(State.SENDING);
            });
            timers.get(0).complete(null);
            assertThatThrownBy(first::join).hasCauseInstanceOf(TimeoutException.class);
            assertThat(form.state()).isEqualTo(succeeds ? State.SENT : State.IDLE);
        }

        @Test
        void thatSucceedsAfterAllMakesItsDraftSent() {
            form.begin("a");
            CompletableFuture<Outcome<String>> first = submit("a");
            timers.get(0).complete(null);
            answer.complete("ok");
            assertThat(first).isCompletedExceptionally();
            assertThat(form.state()).isEqualTo(State.SENT);
            assertThat(submit("a").join()).isInstanceOf(Sent.class);
        }

        @Test
        void thatSucceedsDuringTheSecondTryLeavesThatOneAlone() {
            form.begin("a");
            assertThat(submit("a")).isNotCompleted();
            timers.get(0).complete(null);
            CompletableFuture<String> second = new CompletableFuture<>();
            CompletableFuture<Outcome<String>> running = submit("a", second);
            answer.complete("ok");
            assertThat(form.state()).isEqualTo(State.SENDING);
            second.completeExceptionally(new IOException("409"));
            assertThatThrownBy(running::join).hasRootCauseMessage("409");
            assertThat(form.state()).isEqualTo(State.SENT);
        }

        @Test
        void thatFailsAfterAllIsNotToldTwice() {
            form.begin("a");
            CompletableFuture<Outcome<String>> first = submit("a");
            form.begin("b");
            timers.get(0).complete(null);
            answer.completeExceptionally(new IOException("later"));
            assertThat(first).isCompletedExceptionally();
            assertThat(late).containsExactly("No answer within 30 s for a");
        }

        @Test
        void inTimeIsNotAbortedAndItsTimerIsCancelled() {
            form.begin("a");
            answer.complete("ok");
            submit("a").join();
            assertThat(timers.get(0)).isCancelled();
            assertThat(aborted(submissions.get(0))).isFalse();
        }

        @Test
        @Timeout(60)
        void isEndedByTheDefaultTimer() {
            GuardedSubmission form =
                    GuardedSubmission.builder().timeout(Duration.ofMillis(1)).build();
            assertThatThrownBy(() -> form.submit("a", submission -> answer).join())
                    .hasRootCauseMessage("No answer within 0.001 s");
        }

        @Test
        @Timeout(60)
        void isEndedEvenIfActionsHoldTheCommonPool() {
            int threads = ForkJoinPool.commonPool().getParallelism();
            CountDownLatch held = new CountDownLatch(threads);
            CountDownLatch end = new CountDownLatch(1);
            GuardedSubmission form =
                    GuardedSubmission.builder().timeout(Duration.ofMillis(1)).build();
            try {
                for (int i = 0; i < threads; i++) {
                    ForkJoinPool.commonPool().execute(() -> {
                        held.countDown();
                        await(end);
                    });
                }
                await(held);
                assertThatThrownBy(() -> form.submit("a", submission -> answer).join())
                        .hasRootCauseMessage("No answer within 0.001 s");
            } finally {
                end.countDown();
            }
        }

        private void await(CountDownLatch latch) {
            try {
                assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        @Test
        @Timeout(60)
        void isEndedOnAThreadThatKnowsNothingOfItsMaker() throws Exception {
            InheritableThreadLocal<String> local = new InheritableThreadLocal<>();
            Thread caller = Thread.currentThread();
            ClassLoader own = caller.getContextClassLoader();
            CompletableFuture<Thread> ran = new CompletableFuture<>();
            AtomicReference<@Nullable String> inherited = new AtomicReference<>("not run");
            try (URLClassLoader loader = new URLClassLoader(new URL[0])) {
                caller.setContextClassLoader(loader);
                local.set("canary");
                GuardedSubmission.Builder.runOnANewThread(() -> {
                    inherited.set(local.get());
                    ran.complete(Thread.currentThread());
                });
            } finally {
                caller.setContextClassLoader(own);
                local.remove();
            }
            Thread thread = ran.get();
            assertThat(thread.isDaemon()).isTrue();
            assertThat(thread.getContextClassLoader()).isIn(ClassLoader.getSystemClassLoader(), null);
            assertThat(inherited.get()).isNull();
            thread.join();
            assertThat(thread.isAlive()).isFalse();
        }

        @Test
        void mayHaveAsLongATimeoutAsThereIs() {
            GuardedSubmission form = GuardedSubmission.builder()
                    .timeout(Duration.ofSeconds(Long.MAX_VALUE))
                    .build();
            assertThat(form.submit("a", submission -> answer)).isNotCompleted();
            answer.complete("ok");
            assertThat(form.state()).isEqualTo(State.IDLE);
        }

        @Test
        void failsWhenItsTimerDoesAndTheActionIsNotCalled() {
            GuardedSubmission form = GuardedSubmission.builder()
                    .timer(delay -> {
                        throw new IllegalStateException("no timer");
                    })
                    .build();
            assertThatThrownBy(() -> form.submit("a", submission -> {
                                submissions.add(submission);
                                return answer;
                            })
                            .join())
                    .hasRootCauseMessage("no timer");
            assertThat(submissions).isEmpty();
            assertThat(form.state()).isEqualTo(State.IDLE);
        }

        @Test
        void failsWhenItsTimeHasPassedAtOnceAndIsNotCalled() {
            GuardedSubmission form = GuardedSubmission.builder()
                    .timer(delay -> CompletableFuture.completedFuture(null))
                    .build();
            form.begin("a");
            assertThatThrownBy(() -> form.submit("a", submission -> {
                                submissions.add(submission);
                                return answer;
                            })
                            .join())
                    .hasCauseInstanceOf(TimeoutException.class);
            assertThat(submissions).isEmpty();
            assertThat(form.state()).isEqualTo(State.IDLE);
        }

        @Test
        void failsWhenItsTimerIsNullAndTheActionIsNotCalled() {
            GuardedSubmission form =
                    GuardedSubmission.builder().timer(delay -> null).build();
            assertThatThrownBy(() -> form.submit("a", submission -> {
                                submissions.add(submission);
                                return answer;
                            })
                            .join())
                    .hasRootCauseMessage("the timer returned no future");
            assertThat(submissions).isEmpty();
            assertThat(form.state()).isEqualTo(State.IDLE);
        }

        @ParameterizedTest
        @ValueSource(strings = {"PT0S", "PT-1S"})
        void hasNoTimeoutThatIsNotAboveZero(Duration timeout) {
            assertThatThrownBy(() -> GuardedSubmission.builder().timeout(timeout))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("timeout must be above zero");
        }
    }

    @Nested
    class AClosedForm {

        @ParameterizedTest
        @NullSource
        @ValueSource(strings = {"a", "b"})
        void sendsNothingAndCannotBeBegunAgain(@Nullable String sessionId) {
            form.begin("a");
            form.close();
            form.close();
            form.begin("b");
            assertThat(form.state()).isEqualTo(State.CLOSED);
            assertThat(form.draftSessionId()).isNull();
            Outcome<String> outcome = submit(sessionId).join();
            assertThat(outcome).isInstanceOf(Closed.class);
            assertThat(outcome.current()).isFalse();
            assertThat(submissions).isEmpty();
        }

        @Test
        void letsWhatIsUnderWayEndAndTakesItForLate() {
            form.begin("a");
            CompletableFuture<Outcome<String>> first = submit("a");
            form.close();
            assertThat(aborted(submissions.get(0))).isFalse();
            answer.completeExceptionally(new IOException("409"));
            assertThat(first).isCompletedExceptionally();
            assertThat(late).containsExactly("409 for a");
            assertThat(form.state()).isEqualTo(State.CLOSED);
        }
    }

    @Nested
    class ASubscriber {

        private final List<State> seen = new ArrayList<>();

        @Test
        void isToldEachChangeOnce() {
            form.begin("a");
            form.subscribe(seen::add);
            assertThat(submit("a", failed("503"))).isCompletedExceptionally();
            answer.complete("ok");
            submit("a").join();
            submit("a").join();
            form.begin("a");
            form.begin("b");
            form.close();
            form.close();
            assertThat(seen)
                    .containsExactly(State.SENDING, State.IDLE, State.SENDING, State.SENT, State.IDLE, State.CLOSED);
        }

        @Test
        void isToldBeforeTheActionIsCalled() {
            form.begin("a");
            form.subscribe(seen::add);
            form.submit("a", submission -> {
                        assertThat(seen).containsExactly(State.SENDING);
                        return CompletableFuture.completedFuture("ok");
                    })
                    .join();
            assertThat(seen).containsExactly(State.SENDING, State.SENT);
        }

        @Test
        void thatAnotherOneHasEndedIsToldNoMore() {
            AtomicReference<Runnable> end = new AtomicReference<>();
            form.subscribe(state -> end.get().run());
            end.set(form.subscribe(seen::add));
            form.close();
            assertThat(seen).isEmpty();
        }

        @Test
        void isToldNoMoreAfterTheEndWhichEndsOnlyItsOwn() {
            Consumer<State> listener = seen::add;
            Runnable end = form.subscribe(listener);
            form.subscribe(listener);
            end.run();
            end.run();
            form.close();
            assertThat(seen).containsExactly(State.CLOSED);
        }

        @Test
        void thatChangesTheStateIsToldAfterwardsInOrder() {
            form.begin("a");
            form.subscribe(state -> {
                if (state == State.SENT) {
                    form.begin("b");
                }
            });
            form.subscribe(seen::add);
            answer.complete("ok");
            submit("a").join();
            assertThat(seen).containsExactly(State.SENDING, State.SENT, State.IDLE);
        }

        @Test
        void thatClosesOnSendingKeepsTheActionFromBeingCalled() {
            form.begin("a");
            form.subscribe(state -> {
                if (state == State.SENDING) {
                    form.close();
                }
            });
            form.subscribe(seen::add);
            assertThat(submit("a").join())
                    .isInstanceOfSatisfying(
                            Closed.class, closed -> assertThat(closed.current()).isFalse());
            assertThat(submissions).isEmpty();
            assertThat(timers).isEmpty();
            assertThat(seen).containsExactly(State.SENDING, State.CLOSED);
        }

        @Test
        void thatThrowsStopsNeitherTheOthersNorTheForm() {
            List<Throwable> uncaught = new ArrayList<>();
            form.subscribe(state -> {
                throw new IllegalStateException("of the listener");
            });
            form.subscribe(seen::add);
            handling(uncaught, form::close);
            assertThat(seen).containsExactly(State.CLOSED);
            assertThat(uncaught).singleElement().asString().contains("of the listener");
        }

        @Test
        @Timeout(60)
        void isToldTheLastChangeWhenThreadsRace() throws Exception {
            CountDownLatch inTheListener = new CountDownLatch(1);
            CountDownLatch closed = new CountDownLatch(1);
            form.begin("a");
            form.subscribe(state -> {
                seen.add(state);
                if (state == State.SENDING) {
                    inTheListener.countDown();
                    try {
                        assertThat(closed.await(30, TimeUnit.SECONDS)).isTrue();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                }
            });
            CompletableFuture<?> other = CompletableFuture.runAsync(
                    () -> {
                        form.submit("a", submission -> answer).exceptionally(failure -> null);
                    },
                    task -> new Thread(task).start());
            assertThat(inTheListener.await(30, TimeUnit.SECONDS)).isTrue();
            form.close();
            closed.countDown();
            other.get(30, TimeUnit.SECONDS);
            assertThat(seen).containsExactly(State.SENDING, State.CLOSED);
        }
    }

    @Test
    void noTextHoldsAnIdOrWhatThePersonChose() {
        form.begin("canary");
        assertThat(form).hasToString("GuardedSubmission[IDLE]");
        assertThat(submit("x").join()).hasToString("Mismatch[current=true]");
        CompletableFuture<Outcome<String>> first = submit("canary");
        assertThat(form).hasToString("GuardedSubmission[SENDING]");
        assertThat(submissions.get(0)).hasToString("Submission[current=true]");
        assertThat(submit("canary").join()).hasToString("Busy[current=true]");
        form.begin("canary-2");
        answer.complete("canary");
        assertThat(first.join()).hasToString("Done[current=false]");
        submit("canary-2").join();
        assertThat(submit("canary-2").join()).hasToString("Sent[current=true]");
        form.close();
        assertThat(submit("canary-2").join()).hasToString("Closed[current=false]");
    }

    /** Runs a task on a thread of its own, and keeps what reaches that thread's handler. */
    private static void handling(List<Throwable> uncaught, Runnable task) {
        Thread thread = new Thread(task);
        thread.setUncaughtExceptionHandler((where, failure) -> uncaught.add(failure));
        thread.start();
        try {
            thread.join(TimeUnit.SECONDS.toMillis(30));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
