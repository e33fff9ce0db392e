package dev.hardening.ratingguard;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Two actors and a server at one form, under every order of what they do: a person, something else that moves the page
 * on, the answers, and the moments at which the page gets to look at them. A page without the guard shows each hazard.
 */
class InterleavingsTest {

    private static final String MISMATCH = "Session mismatch: cannot rate a different session";

    /** A page with a form: what a person sees, and what went wrong. */
    private abstract static class Page {

        final Executor executor;
        final Set<String> hazards;
        String session = "";
        String text = "";
        private int underWay;
        private final Queue<Boolean> answers;
        private final Set<String> accepted = new HashSet<>();

        Page(Executor executor, Set<String> hazards, List<Boolean> answers) {
            this.executor = executor;
            this.hazards = hazards;
            this.answers = new ArrayDeque<>(answers);
        }

        void open(String session) {
            this.session = session;
            text = "";
        }

        /** What is typed names the session that the person saw when typing. */
        void type() {
            text = "about " + session;
        }

        abstract void submit(String target);

        final CompletableFuture<String> post(String target) {
            if (!text.isEmpty() && !text.equals("about " + target)) {
                hazards.add("sent to another session");
            }
            if (++underWay > 1) {
                hazards.add("two at once");
            }
            if (accepted.contains(target)) {
                hazards.add("sent again");
            }
            CompletableFuture<String> answer = new CompletableFuture<>();
            boolean succeeds = answers.isEmpty() || answers.remove();
            executor.execute(() -> {
                underWay--;
                if (succeeds) {
                    accepted.add(target);
                    answer.complete(target);
                } else {
                    answer.completeExceptionally(new IllegalStateException("503 " + target));
                }
            });
            return answer;
        }

        final void clear(String rated) {
            if (!text.isEmpty() && !text.equals("about " + rated)) {
                hazards.add("another session's text lost");
            }
            text = "";
        }

        final void show(String error) {
            if (error.startsWith("503") && !error.equals("503 " + session)) {
                hazards.add("another session's error shown");
            }
        }
    }

    private static final class GuardedPage extends Page {

        final GuardedSubmission guard = GuardedSubmission.builder()
                .timer(timeout -> new CompletableFuture<>())
                .newAttemptId(() -> "attempt")
                .build();
        final Set<String> seen;

        GuardedPage(Executor executor, Set<String> hazards, List<Boolean> answers, Set<String> seen) {
            super(executor, hazards, answers);
            this.seen = seen;
        }

        @Override
        void open(String session) {
            super.open(session);
            guard.begin(session);
        }

        @Override
        void submit(String target) {
            AtomicReference<Submission> sent = new AtomicReference<>();
            CompletableFuture<Outcome<String>> outcome = guard.submit(target, submission -> {
                sent.set(submission);
                return post(target);
            });
            var unused = outcome.handleAsync(
                            (ended, failure) -> {
                                if (failure == null) {
                                    look(target, ended);
                                } else {
                                    seen.add("Failure[current=" + sent.get().isCurrent() + "]");
                                    if (sent.get().isCurrent()) {
                                        show("503 " + target);
                                    }
                                }
                                return "";
                            },
                            executor)
                    .exceptionally(failure -> {
                        hazards.add(failure.toString());
                        return "";
                    });
        }

        private void look(String target, Outcome<String> outcome) {
            seen.add(outcome.toString());
            if (!outcome.current()) {
                return;
            }
            if (outcome instanceof Outcome.Mismatch<String> mismatch) {
                show(mismatch.error());
            } else if (outcome instanceof Outcome.Done) {
                clear(target);
            }
        }
    }

    /** Compares with the session on the screen, and takes each answer for its own. */
    private static final class UnguardedPage extends Page {

        private @Nullable String pending;

        UnguardedPage(Executor executor, Set<String> hazards, List<Boolean> answers) {
            super(executor, hazards, answers);
        }

        @Override
        void open(String session) {
            // A check for pending ratings has cleared the pending id; the half-filled form stays.
            pending = this.session.isEmpty() ? session : null;
            this.session = session;
        }

        @Override
        void submit(String target) {
            if (!RatingSessionGuard.check(pending, target).allowed()) {
                show(MISMATCH);
                return;
            }
            post(target)
                    .whenCompleteAsync(
                            (rated, failure) -> {
                                if (failure == null) {
                                    clear(rated);
                                } else {
                                    show("503 " + target);
                                }
                            },
                            executor)
                    .exceptionally(shown -> "");
        }
    }

    /** An actor does one thing after the other; what others do may come in between. */
    private static void act(Executor executor, List<Runnable> steps) {
        if (!steps.isEmpty()) {
            executor.execute(() -> {
                steps.get(0).run();
                act(executor, steps.subList(1, steps.size()));
            });
        }
    }

    /** @param strays how many clicks come from a button that still means b */
    private static int everyOrder(int strays, Function<Executor, Page> newPage) {
        return Interleavings.each(executor -> {
            Page page = newPage.apply(executor);
            page.open("a");
            page.type();
            act(executor, List.of(() -> page.submit("a"), () -> page.submit("a")));
            act(executor, List.of(() -> page.open("b"), page::type, () -> page.submit("b")));
            act(executor, Collections.nCopies(strays, () -> page.submit("b")));
        });
    }

    @Test
    void aGuardedPageShowsNoHazardUnderAnyInterleaving() {
        Set<String> hazards = new HashSet<>();
        Set<String> seen = new HashSet<>();
        int runs = 0;
        for (List<Boolean> answers :
                List.of(List.of(true, true), List.of(true, false), List.of(false, true), List.of(false, false))) {
            runs += everyOrder(1, executor -> new GuardedPage(executor, hazards, answers, seen));
        }
        assertThat(hazards).isEmpty();
        assertThat(runs).isGreaterThan(100_000);
        assertThat(seen)
                .containsExactlyInAnyOrder(
                        "Done[current=true]",
                        "Done[current=false]",
                        "Busy[current=true]",
                        "Busy[current=false]",
                        "Sent[current=true]",
                        "Sent[current=false]",
                        "Failure[current=true]",
                        "Failure[current=false]",
                        "Mismatch[current=true]",
                        "Mismatch[current=false]");
    }

    @Test
    void aPageWithoutTheGuardShowsEveryHazard() {
        Set<String> hazards = new HashSet<>();
        for (List<Boolean> answers : List.of(List.of(true, true, true), List.of(false, false, false))) {
            everyOrder(0, executor -> new UnguardedPage(executor, hazards, answers));
        }
        assertThat(hazards)
                .containsExactlyInAnyOrder(
                        "sent to another session",
                        "two at once",
                        "sent again",
                        "another session's text lost",
                        "another session's error shown");
    }

    @Test
    void theExecutorRunsEachOrderOfIndependentStepsOnce() {
        List<StringBuilder> orders = new ArrayList<>();
        int runs = Interleavings.each(executor -> {
            StringBuilder order = new StringBuilder();
            orders.add(order);
            for (String actor : List.of("a", "b")) {
                act(executor, List.of(() -> order.append(actor), () -> order.append(actor)));
            }
        });
        assertThat(runs).isEqualTo(6);
        assertThat(orders)
                .extracting(StringBuilder::toString)
                .containsExactlyInAnyOrder("aabb", "abab", "abba", "baab", "baba", "bbaa");
    }
}
