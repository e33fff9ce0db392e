package dev.hardening.jwks;

import dev.hardening.jwks.CachedKeys.Validators;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One fetch, from its request to its outcome: it calls the transport, parses the answer and keeps the deadline. It calls
 * nothing of the cache: the cache waits for its futures. They complete on the thread that ends the fetch, and never fail.
 */
final class Fetch {

    /** The outcome of a fetch. */
    sealed interface Outcome {

        /**
         * The endpoint has these keys.
         *
         * @param maxAge how long the answer stays fresh, or null
         */
        record Success(
                KeySet keys,
                Validators validators,
                @Nullable Duration maxAge) implements Outcome {}

        /** There is no usable answer. */
        record Failure(Throwable cause) implements Outcome {

            /** How long the endpoint asks to wait before the next fetch; zero if it does not. */
            Duration retryAfter() {
                return cause instanceof RetryAfterException busy ? busy.retryAfter() : Duration.ZERO;
            }
        }
    }

    /**
     * What all fetches of a cache have in common.
     *
     * @param headers the caller's request headers, asked for each fetch
     * @param executor the caller's, or null for a shared thread
     * @param slowAfter how long a reader waits for a key id that the set lacks: unknownKeyWait
     */
    record Setup(
            URI uri,
            JWKSFetcher transport,
            Map<String, Supplier<String>> headers,
            Duration timeout,
            Duration slowAfter,
            int maxResponseBytes,
            @Nullable Executor executor,
            Threads threads,
            KeySetParser.Rejections rejections) {}

    private final Setup setup;
    private final long number;
    private final boolean fresh;
    private final @Nullable CachedKeys basis;
    private final Validators validators;
    private final CompletableFuture<Outcome> outcome = new CompletableFuture<>();
    private final CompletableFuture<Void> slow = new CompletableFuture<>();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();

    private final ReentrantLock lock = new ReentrantLock();
    // Guarded by the lock, so that an interrupt reaches the transport and nothing that its thread does later.
    private @Nullable Thread caller;
    private boolean interrupted;
    private boolean over;
    private @Nullable Future<?> deadline;
    private @Nullable Future<?> slowTimer;

    /**
     * Prepares a fetch; nothing happens before it is started.
     *
     * @param basis the keys that were held when it began: it sends their validators, and "not modified" confirms them
     */
    Fetch(Setup setup, RefreshPolicy.Running running, @Nullable CachedKeys basis) {
        this.setup = setup;
        this.number = running.number();
        this.fresh = running.fresh();
        this.basis = basis;
        // An unknown key id contradicts a server that would answer "not modified".
        this.validators = basis == null || fresh ? Validators.NONE : basis.validators();
    }

    long number() {
        return number;
    }

    /** Completes at the deadline at the latest. The transport may still be running then. */
    CompletableFuture<Outcome> outcome() {
        return outcome;
    }

    /** Completes if it takes longer than a reader waits for an unknown key id. */
    CompletableFuture<Void> slow() {
        return slow;
    }

    /** Completes after the outcome, when the fetch {@linkplain #isOver is over}. */
    CompletableFuture<Void> ended() {
        return ended;
    }

    /** Whether nothing of it runs now, and nothing will: the transport has returned, or was never called. */
    boolean isOver() {
        lock.lock();
        try {
            return over;
        } finally {
            lock.unlock();
        }
    }

    /** {@link #start} from a thread on which the caller's executor must not run anything: the timer's, an event loop's. */
    void startOnWorker() {
        if (setup.executor() == null) {
            start();
            return;
        }
        try {
            setup.threads().workers().execute(this::start);
        } catch (Throwable exhausted) { // there may be no thread left to start
            reject(exhausted);
        }
    }

    /** Starts it, on the caller's executor, or on a shared thread that may block. */
    void start() {
        try {
            if (setTimers()) {
                Executor executor = setup.executor();
                (executor == null ? setup.threads().workers() : executor).execute(this::run);
            }
        } catch (Throwable rejected) { // an executor that cannot start a thread throws an Error
            reject(rejected);
        }
    }

    private boolean setTimers() {
        lock.lock();
        try {
            if (!over) {
                // The earlier one first: the later one then does not wake the timer.
                slowTimer = schedule(() -> slow.complete(null), setup.slowAfter());
                deadline = schedule(this::notBegun, setup.timeout());
            }
            return !over;
        } finally {
            lock.unlock();
        }
    }

    private Future<?> schedule(Runnable task, Duration delay) {
        return setup.threads().schedule(task, delay.toNanos());
    }

    private void run() {
        if (!enter()) {
            return;
        }
        Outcome result;
        boolean ownersInterrupt = false;
        try {
            beginDeadline();
            result = parse(setup.transport().fetch(request()));
        } catch (Throwable failed) { // from the caller's code or a parser: the readers must not wait for ever
            result = new Outcome.Failure(cause(failed));
            ownersInterrupt = failed instanceof InterruptedException;
        }
        if (leave() && ownersInterrupt) {
            Thread.currentThread().interrupt();
        }
        conclude(result);
    }

    private boolean enter() {
        lock.lock();
        try {
            caller = over ? null : Thread.currentThread();
            return !over;
        } finally {
            lock.unlock();
        }
    }

    /** The time that it waited for a thread does not count. */
    private void beginDeadline() {
        lock.lock();
        try {
            if (interrupted) {
                return;
            }
            Future<?> waiting = deadline;
            deadline = schedule(this::timedOut, setup.timeout());
            if (waiting != null) {
                waiting.cancel(false);
            }
        } finally {
            lock.unlock();
        }
    }

    /** The interrupt of {@link #interrupt} ends here; returns whether there was none. */
    private boolean leave() {
        lock.lock();
        try {
            caller = null;
            over = true;
            if (interrupted) {
                Thread.interrupted();
            }
            return !interrupted;
        } finally {
            lock.unlock();
        }
    }

    /** Fails the fetch if no thread has begun it in time. If one has, {@link #timedOut} follows. */
    private void notBegun() {
        if (prevent()) {
            conclude(failure("no thread began it within "));
        }
    }

    private void timedOut() {
        conclude(failure("no complete answer within "));
        interrupt();
    }

    private Outcome failure(String noneWithin) {
        return new Outcome.Failure(
                new TimeoutException(noneWithin + setup.timeout().toMillis() + " ms"));
    }

    private void reject(Throwable cause) {
        prevent();
        conclude(new Outcome.Failure(cause));
    }

    /** Ends the fetch, because its result is not needed. */
    void cancel() {
        prevent();
        conclude(new Outcome.Failure(new CancellationException("it was cancelled")));
        interrupt();
    }

    /** Keeps the transport from being called. Returns whether that was in time, or the fetch is over anyway. */
    private boolean prevent() {
        lock.lock();
        try {
            over = caller == null;
            return over;
        } finally {
            lock.unlock();
        }
    }

    private void interrupt() {
        lock.lock();
        try {
            if (caller != null) {
                interrupted = true;
                caller.interrupt();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Only the first outcome counts. */
    private void conclude(Outcome result) {
        cancelTimers();
        outcome.complete(result);
        if (isOver()) {
            ended.complete(null);
        }
    }

    private void cancelTimers() {
        lock.lock();
        try {
            if (deadline != null) {
                deadline.cancel(false);
            }
            if (slowTimer != null) {
                slowTimer.cancel(false);
            }
        } finally {
            lock.unlock();
        }
    }

    private JWKSFetcher.Request request() throws IOException {
        return new JWKSFetcher.Request(
                setup.uri(),
                validators.etag(),
                validators.lastModified(),
                setup.timeout(),
                setup.maxResponseBytes(),
                RequestHeaders.of(setup.headers(), fresh));
    }

    private Outcome parse(JWKSFetcher.@Nullable Response response) throws IOException {
        if (response == null) {
            throw new IOException("the fetcher returned null");
        }
        byte[] body = response.body().orElse(null);
        if (body == null) {
            if (basis == null || validators.isEmpty()) {
                throw new IOException("the endpoint answered \"not modified\" to a request without a condition");
            }
            // What the answer does not say stays as it was (RFC 9111, section 3.2).
            Duration maxAge = response.maxAge();
            return new Outcome.Success(
                    basis.fetched(), validators, maxAge == null ? basis.times().timeToLive() : maxAge);
        }
        if (body.length > setup.maxResponseBytes()) {
            throw new IOException("the answer is larger than " + setup.maxResponseBytes() + " bytes");
        }
        KeySet parsed = KeySetParser.parse(body, basis == null ? null : basis.keys(), setup.rejections());
        KeySet keys = basis != null && isSame(parsed, basis.fetched()) ? basis.fetched() : parsed;
        return new Outcome.Success(keys, new Validators(response.etag(), response.lastModified()), response.maxAge());
    }

    private static boolean isSame(KeySet one, KeySet other) {
        return one.keys().equals(other.keys())
                && one.jwkSet().getKeys().equals(other.jwkSet().getKeys());
    }

    /** The failure, without the exceptions that futures wrap around it. */
    private static Throwable cause(Throwable failure) {
        Throwable cause = failure;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }
}
