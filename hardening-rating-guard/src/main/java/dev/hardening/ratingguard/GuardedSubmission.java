package dev.hardening.ratingguard;

import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A form's submissions under the guard: the check against the session that the draft was made for, one submission at a
 * time, and a fence that says whether an answer still belongs to the form on the screen.
 *
 * <p>Safe for use by several threads. {@link #begin} takes no lock and never waits. The counterpart of
 * {@code createRatingGuard} in the TypeScript twin.
 */
public final class GuardedSubmission {

    /** How a submission ended. */
    public enum Status {
        /** The action ran and succeeded. */
        DONE,
        /** The draft was made for another session; the action did not run. */
        MISMATCH,
        /** Another submission of this form is under way; the action did not run. */
        BUSY
    }

    /**
     * The outcome of a submission.
     *
     * @param status how it ended
     * @param value what the action returned, when {@code DONE}; may be null if the action's result is
     * @param current whether the draft is still the one the submission was made from; when false, leave the form alone
     * @param error the text to show, for a mismatch; else null
     */
    public record Outcome<T>(
            Status status,
            @Nullable T value,
            boolean current,
            @Nullable String error) {

        /** Prints no value. */
        @Override
        public String toString() {
            return "Outcome[" + status + ", current=" + current + "]";
        }
    }

    private record Draft(@Nullable String sessionId) {}

    private volatile Draft draft = new Draft(null);
    private final AtomicBoolean inFlight = new AtomicBoolean();

    /** A form without a draft. */
    public GuardedSubmission() {}

    /**
     * Begins a new draft; outcomes of submissions of the former one are no longer current.
     *
     * @param sessionId the session that the draft is for; null when there is none, which lets everything proceed
     */
    public void begin(@Nullable String sessionId) {
        draft = new Draft(sessionId);
    }

    /**
     * The session that the current draft was made for.
     *
     * @return null when there is none
     */
    public @Nullable String draftSessionId() {
        return draft.sessionId();
    }

    /**
     * Runs an action if the draft was made for this session and no other submission is under way.
     *
     * @param submittedSessionId the session that the action would rate; may be null
     * @param action sends the rating; it is called at most once, on the calling thread
     * @return the outcome; it completes exceptionally, with the action's own failure, only if the action fails
     */
    public <T extends @Nullable Object> CompletableFuture<Outcome<T>> submit(
            @Nullable String submittedSessionId, Supplier<? extends CompletionStage<T>> action) {
        Objects.requireNonNull(action, "action");
        Draft from = draft;
        GuardDecision decision = RatingSessionGuard.check(from.sessionId(), submittedSessionId);
        if (!decision.allowed()) {
            return CompletableFuture.completedFuture(new Outcome<>(Status.MISMATCH, null, true, decision.error()));
        }
        if (!inFlight.compareAndSet(false, true)) {
            return CompletableFuture.completedFuture(new Outcome<>(Status.BUSY, null, true, null));
        }
        CompletionStage<T> running;
        try {
            running = Objects.requireNonNull(action.get(), "the action returned no stage");
        } catch (Throwable failure) {
            inFlight.set(false);
            return CompletableFuture.failedFuture(failure);
        }
        CompletableFuture<Outcome<T>> outcome = new CompletableFuture<>();
        running.whenComplete((value, failure) -> {
            inFlight.set(false);
            if (failure == null) {
                outcome.complete(new Outcome<>(Status.DONE, value, isCurrent(from), null));
            } else {
                outcome.completeExceptionally(failure);
            }
        });
        return outcome;
    }

    @SuppressWarnings("ReferenceEquality") // two drafts for one session are two drafts
    private boolean isCurrent(Draft from) {
        return draft == from;
    }

    /** Prints no id. */
    @Override
    public String toString() {
        return "GuardedSubmission[inFlight=" + inFlight.get() + "]";
    }
}
