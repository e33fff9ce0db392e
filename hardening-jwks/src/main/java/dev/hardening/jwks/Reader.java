package dev.hardening.jwks;

import dev.hardening.jwks.RefreshPolicy.Need;
import dev.hardening.jwks.RefreshPolicy.Visit;
import dev.hardening.jwks.RefreshState.Answer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;

/** One reader that cannot just take the keys: it asks the state, waits for fetches, and asks again. */
final class Reader {

    private final RefreshState state;
    private final Need need;
    private final Executor workers;
    private Visit visit;

    /**
     * A reader that has just come.
     *
     * @param workers the threads that complete a future after a wait
     */
    Reader(RefreshState state, Need need, Executor workers) {
        this.state = state;
        this.need = need;
        this.workers = workers;
        this.visit = new Visit(state.fetches(), 0);
    }

    /**
     * The keys, waited for on this thread.
     *
     * @throws JWKSUnavailableException if there are none, or the thread is interrupted
     */
    KeySet read() {
        while (true) {
            Answer answer = state.read(need, visit);
            if (answer instanceof Answer.Keys found) {
                return found.keys();
            }
            if (answer instanceof Answer.Unavailable unavailable) {
                throw unavailable.reason();
            }
            if (answer instanceof Answer.Wait wait) {
                await(wait);
            }
        }
    }

    private void await(Answer.Wait wait) {
        try {
            awaited(wait).get();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new JWKSUnavailableException("interrupted while waiting for keys", null);
        } catch (ExecutionException impossible) {
            throw new IllegalStateException(impossible);
        }
        hasWaited(wait);
    }

    /** The same without waiting: completes at once, or on a worker. */
    CompletableFuture<KeySet> readAsync() {
        CompletableFuture<KeySet> result = new CompletableFuture<>();
        continueWith(result);
        return result;
    }

    private void continueWith(CompletableFuture<KeySet> result) {
        Answer answer = state.read(need, visit);
        if (answer instanceof Answer.Keys found) {
            result.complete(found.keys());
        } else if (answer instanceof Answer.Unavailable unavailable) {
            result.completeExceptionally(unavailable.reason());
        } else if (answer instanceof Answer.Wait wait) {
            var unused = awaited(wait).whenComplete((done, never) -> continueLater(result, wait));
        }
    }

    /** On a worker, because what depends on the result may block. */
    private void continueLater(CompletableFuture<KeySet> result, Answer.Wait wait) {
        hasWaited(wait);
        try {
            workers.execute(() -> continueWith(result));
        } catch (Throwable exhausted) { // there may be no thread left to start
            continueWith(result);
        }
    }

    private static CompletableFuture<Void> awaited(Answer.Wait wait) {
        return wait.briefly() ? wait.fetch().outcomeOrSlow() : wait.fetch().outcome();
    }

    private void hasWaited(Answer.Wait wait) {
        boolean isSlow = !wait.fetch().outcome().isDone();
        if (isSlow || wait.fetch().hasCounted()) { // not if it was dropped: then there is another fetch to wait for
            visit = new Visit(visit.arrival(), wait.fetch().number());
        }
    }
}
