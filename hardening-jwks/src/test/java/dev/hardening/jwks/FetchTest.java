package dev.hardening.jwks;

import static dev.hardening.jwks.KeyEndpoint.RSA_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.JWKSet;
import dev.hardening.jwks.Fetch.Outcome;
import dev.hardening.jwks.RefreshPolicy.Progress;
import dev.hardening.jwks.RefreshPolicy.Running;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** One fetch by itself, without a cache. */
class FetchTest {

    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final Duration SLOW_AFTER = Duration.ofMillis(500);
    private static final byte[] KEYS = new JWKSet(RSA_1).toString().getBytes(StandardCharsets.UTF_8);

    private final KeyEndpoint endpoint = new KeyEndpoint();
    private final KeyEndpoint.FakeTimer timer = endpoint.new FakeTimer();
    private final List<Runnable> queue = new ArrayList<>();
    private final AtomicInteger calls = new AtomicInteger();

    @AfterEach
    void stop() {
        endpoint.close();
    }

    private Fetch fetch(Executor executor, JWKSFetcher transport) {
        return new Fetch(
                new Fetch.Setup(
                        endpoint.uri(),
                        request -> {
                            calls.incrementAndGet();
                            return transport.fetch(request);
                        },
                        Map.of(),
                        TIMEOUT,
                        SLOW_AFTER,
                        100_000,
                        executor,
                        timer,
                        (kid, reason, fingerprint) -> {}),
                new Running(1, 0, 0, false, false, Progress.BEGUN),
                null);
    }

    private Fetch fetch(Executor executor) {
        return fetch(executor, request -> JWKSFetcher.Response.of(KEYS));
    }

    private void pass(Duration duration) {
        timer.pass(duration, Duration.ofMillis(100));
    }

    private static Throwable failure(Fetch fetch) {
        assertThat(fetch.outcome()).isCompletedWithValueMatching(outcome -> outcome instanceof Outcome.Failure);
        return ((Outcome.Failure) fetch.outcome().join()).cause();
    }

    /** Whether the fetch is over at the moment at which its outcome is known. */
    private static CompletableFuture<Boolean> isOverAtItsOutcome(Fetch fetch) {
        return fetch.outcome().thenApply(outcome -> fetch.isOver());
    }

    @Nested
    class WhoseTransportReturns {

        @Test
        void is_over_when_its_outcome_is_known() {
            Fetch fetch = fetch(Runnable::run);
            CompletableFuture<Boolean> over = isOverAtItsOutcome(fetch);
            fetch.start();
            assertThat(fetch.outcome()).isCompletedWithValueMatching(outcome -> outcome instanceof Outcome.Success);
            assertThat(over).isCompletedWithValue(true);
            assertThat(fetch.ended()).isCompleted();
        }

        @Test
        void leaves_no_task_in_the_timer() {
            fetch(Runnable::run).start();
            pass(TIMEOUT.multipliedBy(3));
            assertThat(timer.ran()).isZero();
        }
    }

    @Nested
    class ThatNoThreadBegins {

        @Test
        void is_slow_then_fails_and_never_calls_the_transport() {
            Fetch fetch = fetch(queue::add);
            fetch.start();
            pass(SLOW_AFTER);
            assertThat(fetch.slow()).isCompleted();
            assertThat(fetch.outcome()).isNotDone();
            pass(TIMEOUT);
            assertThat(failure(fetch))
                    .isInstanceOf(TimeoutException.class)
                    .hasMessage("no thread began it within 10000 ms");
            assertThat(fetch.ended()).isCompleted();
            queue.forEach(Runnable::run);
            assertThat(calls).hasValue(0);
        }

        @Test
        void fails_with_what_its_executor_throws() {
            Fetch fetch = fetch(task -> {
                queue.add(task);
                throw new RejectedExecutionException("full");
            });
            CompletableFuture<Boolean> over = isOverAtItsOutcome(fetch);
            fetch.start();
            assertThat(failure(fetch)).hasMessage("full");
            assertThat(over).isCompletedWithValue(true);
            queue.forEach(Runnable::run);
            assertThat(calls).hasValue(0);
            pass(TIMEOUT.multipliedBy(3));
            assertThat(timer.ran()).isZero();
        }

        @Test
        void ends_at_once_if_it_is_cancelled() {
            Fetch fetch = fetch(queue::add);
            fetch.start();
            fetch.cancel();
            assertThat(failure(fetch)).isInstanceOf(CancellationException.class);
            assertThat(fetch.ended()).isCompleted();
            queue.forEach(Runnable::run);
            assertThat(calls).hasValue(0);
        }

        @Test
        void is_not_even_started_after_it_was_cancelled() {
            Fetch fetch = fetch(queue::add);
            fetch.cancel();
            fetch.start();
            assertThat(queue).isEmpty();
            assertThat(fetch.ended()).isCompleted();
        }
    }

    @Nested
    class ThatIsUnderWay {

        @Test
        void has_its_whole_time_from_its_beginning() {
            AtomicBoolean inTime = new AtomicBoolean();
            Fetch fetch = fetch(queue::add, request -> {
                pass(TIMEOUT.minusSeconds(1));
                inTime.set(!Thread.currentThread().isInterrupted());
                return JWKSFetcher.Response.of(KEYS);
            });
            fetch.start();
            pass(TIMEOUT.minusSeconds(1));
            queue.forEach(Runnable::run);
            assertThat(inTime).isTrue();
            assertThat(fetch.outcome()).isCompletedWithValueMatching(outcome -> outcome instanceof Outcome.Success);
        }

        @Test
        void fails_at_its_deadline_and_ends_when_its_transport_returns() {
            List<Object> seen = new ArrayList<>();
            CompletableFuture<Fetch> itself = new CompletableFuture<>();
            Fetch fetch = fetch(queue::add, request -> {
                pass(TIMEOUT);
                seen.add(failure(itself.join()).getMessage());
                seen.add(itself.join().ended().isDone());
                seen.add(Thread.interrupted());
                return JWKSFetcher.Response.of(KEYS);
            });
            itself.complete(fetch);
            CompletableFuture<Boolean> over = isOverAtItsOutcome(fetch);
            fetch.start();
            queue.forEach(Runnable::run);
            assertThat(seen).containsExactly("no complete answer within 10000 ms", false, true);
            assertThat(over).isCompletedWithValue(false);
            assertThat(fetch.ended()).isCompleted();
            assertThat(failure(fetch)).isInstanceOf(TimeoutException.class);
        }

        @Test
        void is_interrupted_if_it_is_cancelled_and_leaves_no_interrupt() {
            CompletableFuture<Fetch> itself = new CompletableFuture<>();
            Fetch fetch = fetch(queue::add, request -> {
                itself.join().cancel();
                throw new InterruptedException();
            });
            itself.complete(fetch);
            fetch.start();
            queue.forEach(Runnable::run);
            assertThat(Thread.interrupted()).isFalse();
            assertThat(failure(fetch)).isInstanceOf(CancellationException.class);
            assertThat(fetch.ended()).isCompleted();
        }

        @Test
        void passes_on_an_interrupt_of_its_thread_by_another() {
            Fetch fetch = fetch(queue::add, request -> {
                throw new InterruptedException();
            });
            fetch.start();
            queue.forEach(Runnable::run);
            assertThat(Thread.interrupted()).isTrue();
            assertThat(failure(fetch)).isInstanceOf(InterruptedException.class);
        }
    }
}
