package dev.hardening.ratingguard;

import static java.util.concurrent.CompletableFuture.completedFuture;

import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A form's submissions under the guard: the check against the session that the draft was made for, one submission at a
 * time, and a fence that says whether an answer still belongs to the form on the screen.
 *
 * <p>Safe for use by several threads; no foreign code runs under its lock. The counterpart of {@code createRatingGuard} in
 * the TypeScript twin.
 */
public final class GuardedSubmission {

    /** Two drafts for one session are two drafts: compared by identity. */
    private static final class Draft {

        private final @Nullable String sessionId;

        Draft(@Nullable String sessionId) {
            this.sessionId = sessionId;
        }
    }

    // Guards the two together, so that no action starts for a draft that another thread has just replaced.
    private final Object lock = new Object();
    private Draft draft = new Draft(null);
    private boolean busy;

    /** A form without a draft, which lets everything proceed. */
    public GuardedSubmission() {}

    /**
     * Begins a new draft; outcomes of submissions of the former one are no longer current. A form that goes away begins
     * null.
     *
     * @param sessionId the session that the draft is for; null or empty when there is none, which lets everything proceed
     */
    public void begin(@Nullable String sessionId) {
        synchronized (lock) {
            draft = new Draft(sessionId);
        }
    }

    /**
     * The session that the current draft was made for.
     *
     * @return null when there is none
     */
    public @Nullable String draftSessionId() {
        synchronized (lock) {
            return draft.sessionId;
        }
    }

    /** Whether a submission is under way, be it of a former draft. */
    public boolean busy() {
        synchronized (lock) {
            return busy;
        }
    }

    /**
     * Calls an action if the draft was made for this session and no other submission is under way.
     *
     * <p>The form stays busy until the action's stage completes, so an action needs a timeout; cancelling the future that
     * this method returns does not end it.
     *
     * @param sessionId the session that the action would rate; may be null
     * @param action sends the rating; it is called at most once, on the calling thread, and is handed a way to ask
     *     whether its draft is still current, for a failure that is to be shown
     * @return the outcome; it completes exceptionally, with the action's own failure, only if the action fails
     */
    public <T extends @Nullable Object> CompletableFuture<Outcome<T>> submit(
            @Nullable String sessionId, Function<? super BooleanSupplier, ? extends CompletionStage<T>> action) {
        Objects.requireNonNull(action, "action");
        BooleanSupplier isCurrent;
        synchronized (lock) {
            isCurrent = fence(draft);
            if (!RatingSessionGuard.check(draft.sessionId, sessionId).allowed()) {
                return completedFuture(new Outcome.Mismatch<>(isCurrent));
            }
            if (busy) {
                return completedFuture(new Outcome.Busy<>(isCurrent));
            }
            busy = true;
        }
        return run(action, isCurrent);
    }

    private <T extends @Nullable Object> CompletableFuture<Outcome<T>> run(
            Function<? super BooleanSupplier, ? extends CompletionStage<T>> action, BooleanSupplier isCurrent) {
        CompletionStage<T> running;
        try {
            running = Objects.requireNonNull(action.apply(isCurrent), "the action returned no stage")
                    .toCompletableFuture();
        } catch (Throwable failure) {
            free();
            return CompletableFuture.failedFuture(failure);
        }
        CompletableFuture<Outcome<T>> outcome = new CompletableFuture<>();
        running.whenComplete((value, failure) -> {
            free();
            if (failure == null) {
                outcome.complete(new Outcome.Done<>(isCurrent, value));
            } else {
                outcome.completeExceptionally(failure);
            }
        });
        return outcome;
    }

    private BooleanSupplier fence(Draft from) {
        return () -> {
            synchronized (lock) {
                return draft == from;
            }
        };
    }

    private void free() {
        synchronized (lock) {
            busy = false;
        }
    }

    /** Prints no id. */
    @Override
    public String toString() {
        return "GuardedSubmission[busy=" + busy() + "]";
    }
}
