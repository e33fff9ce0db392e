package dev.hardening.jwks;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeoutException;
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
    private volatile @Nullable Future<?> work;
    private volatile @Nullable Thread worker;

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
            if (executor == null && fetcher instanceof HttpFetcher http) {
                CompletableFuture<JWKSFetcher.Response> exchange = http.fetchAsync(request);
                work = exchange;
                var unused = exchange.whenComplete((response, failure) -> arrival.land(this, response, failure));
            } else {
                FutureTask<?> fetch = new FutureTask<>(() -> fetchOnThisThread(fetcher, request, arrival), null);
                work = fetch;
                if (executor == null) {
                    fetch.run();
                } else {
                    executor.execute(fetch);
                }
            }
        } catch (Throwable rejected) { // an executor that cannot start a thread throws an Error
            arrival.land(this, null, rejected);
        }
        if (landed.isDone()) {
            abort(); // It was closed, or its time was over, before its work was known.
        }
    }

    private void fetchOnThisThread(JWKSFetcher fetcher, JWKSFetcher.Request request, Arrival arrival) {
        JWKSFetcher.Response response = null;
        Throwable failure = null;
        worker = Thread.currentThread();
        try {
            response = fetcher.fetch(request);
        } catch (InterruptedException interrupted) {
            // By abort(), whose interrupt ends here, or by the owner of this thread, who wants to see it.
            if (!landed.isDone()) {
                Thread.currentThread().interrupt();
            }
            failure = interrupted;
        } catch (Throwable failed) { // the caller's code; whatever it throws, those who wait are not left waiting
            failure = failed;
        }
        arrival.land(this, response, failure);
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
        Future<?> running = work;
        if (running != null) {
            running.cancel(true);
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
