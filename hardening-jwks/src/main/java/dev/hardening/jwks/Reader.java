package dev.hardening.jwks;

import dev.hardening.jwks.RefreshPolicy.Need;
import dev.hardening.jwks.RefreshPolicy.Visit;
import dev.hardening.jwks.RefreshState.Answer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** One reader that cannot just take the keys: it asks the state, waits for fetches, and asks again. */
final class Reader {

    private final RefreshState state;
    private final Need need;
    private final Executor workers;
    private Visit visit;
    private @Nullable CompletableFuture<Void> patience; // completes when it has waited as long as it may for a key id
    private @Nullable Future<?> end; // of its patience

    /**
     * A reader that has just come.
     *
     * @param workers the threads that complete a future after a wait
     */
    Reader(RefreshState state, Need need, Executor workers) {
        this.state = state;
        this.need = need;
        this.workers = workers;
        this.visit = new Visit(state.fetches(), 0, false);
    }

    /**
     * The keys, waited for on this thread.
     *
     * @throws JWKSUnavailableException if there are none, or the thread is interrupted
     */
    KeySet read() {
        try {
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
        } finally {
            cancelEnd();
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
            cancelEnd();
            result.complete(found.keys());
        } else if (answer instanceof Answer.Unavailable unavailable) {
            cancelEnd();
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

    private CompletableFuture<?> awaited(Answer.Wait wait) {
        if (!wait.briefly()) {
            return wait.fetch().outcome();
        }
        CompletableFuture<Void> outcome = wait.fetch().outcomeOrSlow();
        return outcome.isDone() ? outcome : CompletableFuture.anyOf(outcome, patience());
    }

    /** It begins with the first wait for a key id, and holds for a second fetch too. */
    private CompletableFuture<Void> patience() {
        CompletableFuture<Void> begun = patience;
        if (begun == null) {
            CompletableFuture<Void> begins = new CompletableFuture<>();
            patience = begins;
            begun = begins;
            try {
                end = state.afterUnknownKeyWait(() -> begins.complete(null));
            } catch (Throwable exhausted) { // there may be no thread left for the timer
                begins.complete(null);
            }
        }
        return begun;
    }

    private void cancelEnd() {
        if (end != null) {
            end.cancel(false);
        }
    }

    private void hasWaited(Answer.Wait wait) {
        boolean isSlow = !wait.fetch().outcome().isDone();
        // Not if it was dropped: then there is another fetch to wait for.
        long waitedFor = isSlow || wait.fetch().hasCounted() ? wait.fetch().number() : visit.waitedFor();
        visit = new Visit(visit.arrival(), waitedFor, patience != null && patience.isDone());
    }
}
