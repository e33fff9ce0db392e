package dev.hardening.ratingguard;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;

/** What an action of a {@link GuardedSubmission} is handed. Safe for use by several threads. */
public final class Submission {

    private final String attemptId;
    private final BooleanSupplier isCurrent;
    private final CompletableFuture<Void> aborted = new CompletableFuture<>();

    Submission(String attemptId, BooleanSupplier isCurrent) {
        this.attemptId = attemptId;
        this.isCurrent = isCurrent;
    }

    /**
     * {@return the id of the draft, the same for every try of it} Send it as {@code Idempotency-Key}, so that a server
     * keeps only one of the tries.
     */
    public String attemptId() {
        return attemptId;
    }

    /**
     * {@return a stage that completes when the timeout has passed, so that the action can end its request} It never
     * completes exceptionally, and not at all if the action ends in time.
     */
    public CompletionStage<Void> signal() {
        return aborted.minimalCompletionStage();
    }

    /** {@return whether the draft is still the one that the form shows, at the moment of this call} */
    public boolean isCurrent() {
        return isCurrent.getAsBoolean();
    }

    void abort() {
        aborted.complete(null);
    }

    /** Prints no id. */
    @Override
    public String toString() {
        return "Submission[current=" + isCurrent() + "]";
    }
}
