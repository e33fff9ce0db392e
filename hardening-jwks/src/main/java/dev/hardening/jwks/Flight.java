package dev.hardening.jwks;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** One fetch: its transport, its deadline, and those who wait for it. It lands once; what comes back later is nobody's. */
final class Flight {

    /** What became of it. */
    enum Landing {
        SUCCEEDED,
        FAILED,
        /** The keys were invalidated meanwhile: whoever waited looks again. */
        SUPERSEDED
    }

    /** Takes what came back: an answer, or why there is none. */
    @FunctionalInterface
    interface Arrival {
        void land(Flight flight, JWKSFetcher.@Nullable Response response, @Nullable Throwable problem);
    }

    private final long generation;
    private final boolean background;
    private final @Nullable Snapshot basis;
    private final CompletableFuture<Landing> landed = new CompletableFuture<>();

    private volatile @Nullable Future<?> deadline;
    private volatile @Nullable Future<?> exchange;
    private volatile @Nullable Thread worker;

    private final ReentrantLock lock = new ReentrantLock();
    // Guarded by the lock, so that the interrupt of abort() reaches the transport and nothing that its thread does
    // later.
    private boolean fetching;
    private boolean aborted;

    /**
     * Begins a flight; nothing is sent before it is launched.
     *
     * @param generation in which it begins
     * @param background whether no reader waits for it
     * @param basis what was held when it began: whose validators it sends, and what "not modified" confirms
     */
    Flight(long generation, boolean background, @Nullable Snapshot basis) {
        this.generation = generation;
        this.background = background;
        this.basis = basis;
    }

    long generation() {
        return generation;
    }

    boolean background() {
        return background;
    }

    @Nullable
    Snapshot basis() {
        return basis;
    }

    CompletableFuture<Landing> landed() {
        return landed;
    }

    /** Whether the current thread is the one of the caller's executor on which the transport ran. */
    boolean isOnWorker() {
        return worker == Thread.currentThread();
    }

    /** Sets its deadline; call it before {@link #launch}. */
    void arm(JWKSCache.Timer timer, JWKSFetcher.Request request, Arrival arrival) {
        String late = "no complete answer within " + request.timeout().toMillis() + " ms";
        deadline = timer.schedule(
                () -> arrival.land(this, null, new TimeoutException(late)),
                request.timeout().toNanos());
    }

    /** Sends the request, on the caller's executor where there is one, else on this thread. */
    void launch(JWKSFetcher fetcher, JWKSFetcher.Request request, @Nullable Executor executor, Arrival arrival) {
        try {
            if (executor != null) {
                executor.execute(() -> fetchOnThisThread(fetcher, request, arrival));
            } else if (fetcher instanceof HttpFetcher http) {
                CompletableFuture<JWKSFetcher.Response> begun = http.fetchAsync(request);
                exchange = begun;
                var unused = begun.whenComplete((response, failure) -> arrival.land(this, response, failure));
            } else {
                fetchOnThisThread(fetcher, request, arrival);
            }
        } catch (Throwable rejected) { // an executor that cannot start a thread throws an Error
            arrival.land(this, null, rejected);
        }
        if (landed.isDone()) {
            abort(); // It was closed, or its time was over, before its work was known.
        }
    }

    private void fetchOnThisThread(JWKSFetcher fetcher, JWKSFetcher.Request request, Arrival arrival) {
        if (!takeOff()) {
            return;
        }
        JWKSFetcher.Response response = null;
        Throwable failure = null;
        try {
            response = fetcher.fetch(request);
        } catch (Throwable failed) { // the caller's code; whatever it throws, those who wait are not left waiting
            failure = failed;
        }
        boolean interruptedByOwner = !touchDown() && failure instanceof InterruptedException;
        if (interruptedByOwner) {
            Thread.currentThread().interrupt();
        }
        arrival.land(this, response, failure);
    }

    private boolean takeOff() {
        lock.lock();
        try {
            worker = Thread.currentThread();
            fetching = !aborted;
            return fetching;
        } finally {
            lock.unlock();
        }
    }

    /** Ends the transport, and says whether it was aborted; the interrupt for that ends here. */
    private boolean touchDown() {
        lock.lock();
        try {
            fetching = false;
            if (aborted) {
                Thread.interrupted();
            }
            return aborted;
        } finally {
            lock.unlock();
        }
    }

    /** Lets those who wait go on, and ends the deadline. */
    void complete(Landing result) {
        landed.complete(result);
        Future<?> pending = deadline;
        if (pending != null) {
            pending.cancel(false);
        }
    }

    /** Ends what it still does once nobody waits for it. */
    void abort() {
        Future<?> pending = deadline;
        if (pending != null) {
            pending.cancel(false);
        }
        Future<?> running = exchange;
        if (running != null) {
            running.cancel(true);
        }
        lock.lock();
        try {
            aborted = true;
            Thread fetches = worker;
            if (fetching && fetches != null) {
                fetches.interrupt();
            }
        } finally {
            lock.unlock();
        }
    }

    /** What went wrong, without what futures wrap around it. */
    static @Nullable Throwable cause(@Nullable Throwable failure) {
        Throwable cause = failure;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }
}
