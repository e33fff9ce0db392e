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
 * One fetch, from its request to its outcome: it calls the transport, parses the answer, keeps the deadline, and lets
 * the waiting readers go on. It reports its outcome once. The transport may still be running then. When it has
 * returned, that is reported too.
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
        record Failure(Throwable cause) implements Outcome {}
    }

    /** Is called as a fetch goes on. */
    interface Observer {

        /** It takes longer than a reader waits for an unknown key id. */
        void slow(Fetch fetch);

        /** Its deadline has passed: this is its outcome, and the transport may still be running. */
        void late(Fetch fetch, Outcome outcome);

        /** Nothing of it runs now. This is its outcome, unless the deadline had passed before. */
        void ended(Fetch fetch, Outcome outcome);
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
            Timer timer,
            KeySetParser.Rejections rejections) {}

    private final Setup setup;
    private final long number;
    private final boolean fresh;
    private final @Nullable CachedKeys basis;
    private final Validators validators;
    private final Observer observer;
    private final CompletableFuture<Void> outcome = new CompletableFuture<>();
    private final CompletableFuture<Void> outcomeOrSlow = new CompletableFuture<>();

    private volatile boolean counted;

    private final ReentrantLock lock = new ReentrantLock();
    // Guarded by the lock, so that an interrupt reaches the transport and nothing that its thread does later.
    private @Nullable Thread caller;
    private boolean aborted;
    private @Nullable Future<?> deadline;
    private @Nullable Future<?> patience;

    /**
     * Prepares a fetch; nothing happens before it is started.
     *
     * @param basis the keys that were held when it began: it sends their validators, and "not modified" confirms them
     */
    Fetch(Setup setup, RefreshPolicy.Running running, @Nullable CachedKeys basis, Observer observer) {
        this.setup = setup;
        this.number = running.number();
        this.fresh = running.fresh();
        this.basis = basis;
        // An unknown key id contradicts a server that would answer "not modified".
        this.validators = basis == null || fresh ? Validators.NONE : basis.validators();
        this.observer = observer;
    }

    long number() {
        return number;
    }

    /** Whether its outcome is known and was applied, not dropped. */
    boolean hasCounted() {
        return counted;
    }

    /** Completes when the outcome is known; it never fails. */
    CompletableFuture<Void> outcome() {
        return outcome;
    }

    /** Completes when the outcome is known, or when the fetch is slow; it never fails. */
    CompletableFuture<Void> outcomeOrSlow() {
        return outcomeOrSlow;
    }

    /** {@link #start} from the timer's thread, on which the caller's executor must not run anything. */
    void startFromTimer() {
        try {
            setup.timer().workers().execute(this::start);
        } catch (Throwable exhausted) { // there may be no thread left to start
            observer.ended(this, new Outcome.Failure(exhausted));
        }
    }

    /** Starts it, on the caller's executor, or on a shared thread that may block. */
    void start() {
        try {
            // The earlier one first: the later one then does not wake the timer.
            Future<?> slow =
                    setup.timer().schedule(this::isSlow, setup.slowAfter().toNanos());
            Future<?> late =
                    setup.timer().schedule(this::notBegun, setup.timeout().toNanos());
            lock.lock();
            try {
                deadline = late;
                patience = slow;
            } finally {
                lock.unlock();
            }
            Executor executor = setup.executor();
            (executor == null ? setup.timer().workers() : executor).execute(this::run);
        } catch (Throwable rejected) { // an executor that cannot start a thread throws an Error
            cancelTimers();
            observer.ended(this, new Outcome.Failure(rejected));
        }
    }

    private void isSlow() {
        observer.slow(this);
        outcomeOrSlow.complete(null);
    }

    /** Fails the fetch if no thread has begun it in time. If one has, {@link #timedOut} follows. */
    private void notBegun() {
        if (!isRunning()) {
            end("no thread began it within " + setup.timeout().toMillis() + " ms");
        }
    }

    private void timedOut() {
        end("no complete answer within " + setup.timeout().toMillis() + " ms");
    }

    private void end(String why) {
        observer.late(this, new Outcome.Failure(new TimeoutException(why)));
        abort();
    }

    private boolean isRunning() {
        lock.lock();
        try {
            return caller != null;
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        if (!enter()) {
            cancelTimers(); // it may have been aborted before they were set
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
        observer.ended(this, result);
    }

    private boolean enter() {
        lock.lock();
        try {
            caller = aborted ? null : Thread.currentThread();
            return !aborted;
        } finally {
            lock.unlock();
        }
    }

    /** The time that it waited for a thread does not count. */
    private void beginDeadline() {
        lock.lock();
        try {
            if (aborted) {
                return;
            }
            Future<?> waiting = deadline;
            deadline = setup.timer().schedule(this::timedOut, setup.timeout().toNanos());
            if (waiting != null) {
                waiting.cancel(false);
            }
        } finally {
            lock.unlock();
        }
    }

    /** The interrupt of {@link #abort} ends here; returns whether there was none. */
    private boolean leave() {
        lock.lock();
        try {
            caller = null;
            if (aborted) {
                Thread.interrupted();
            }
            return !aborted;
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
            return new Outcome.Success(basis.fetched(), validators, response.maxAge());
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

    /**
     * Lets the waiting readers go on, and ends the deadline.
     *
     * @param hasCounted whether its outcome was applied, not dropped
     */
    void release(boolean hasCounted) {
        cancelTimers();
        counted = hasCounted;
        outcome.complete(null);
        outcomeOrSlow.complete(null);
    }

    /** Stops the fetch, because its result is not needed. */
    void abort() {
        cancelTimers();
        boolean neverCalled;
        lock.lock();
        try {
            neverCalled = !aborted && caller == null;
            aborted = true;
            if (caller != null) {
                caller.interrupt();
            }
        } finally {
            lock.unlock();
        }
        if (neverCalled) {
            observer.ended(this, new Outcome.Failure(new CancellationException("it was never begun")));
        }
    }

    private void cancelTimers() {
        lock.lock();
        try {
            if (deadline != null) {
                deadline.cancel(false);
            }
            if (patience != null) {
                patience.cancel(false);
            }
        } finally {
            lock.unlock();
        }
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
