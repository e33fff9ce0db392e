package dev.hardening.ratingguard;

import static java.util.concurrent.CompletableFuture.completedFuture;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A form's submissions: for the session of its draft, one at a time, and each draft once. An outcome says whether its
 * answer still belongs to the form on the screen.
 *
 * <p>Safe for use by several threads; no foreign code runs under its lock. The counterpart of
 * {@code createGuardedSubmission} in the TypeScript twin.
 */
public final class GuardedSubmission implements AutoCloseable {

    /** What a form can do now. */
    public enum State {
        /** The draft can be sent. */
        IDLE,
        /** An action is under way, of this draft or of a former one. */
        SENDING,
        /** The draft was accepted, and stays so until the next {@link #begin}. */
        SENT,
        /** Nothing is sent again. */
        CLOSED
    }

    /** Compared by identity: two drafts for one session are two drafts. */
    private static final class Draft {

        private static final int KEPT = 100;

        private final @Nullable String sessionId;
        // The id of each session's attempt that was not accepted yet, the oldest first.
        private final Map<String, String> attempts = new LinkedHashMap<>();
        private boolean sent;

        Draft(@Nullable String sessionId) {
            this.sessionId = sessionId;
        }

        /**
         * {@return the attempt's id; null if it needs a fresh one} A draft without a session can be sent anywhere: each
         * session gets an attempt of its own. The newest 100 are kept.
         */
        @Nullable
        String attemptIdFor(@Nullable String submitted, @Nullable String fresh) {
            String kept = attempts.get(target(submitted));
            String attemptId = kept == null ? fresh : kept;
            if (attemptId != null) {
                attempts.put(target(submitted), attemptId);
                if (attempts.size() > KEPT) {
                    attempts.remove(attempts.keySet().iterator().next());
                }
            }
            return attemptId;
        }

        /** Without a draft, the session's next submission is another attempt. */
        void accepted(@Nullable String submitted, String attemptId) {
            attempts.remove(target(submitted), attemptId);
        }

        private static String target(@Nullable String submitted) {
            return submitted == null ? "" : submitted; // both say that there is none
        }
    }

    private final Duration timeout;
    private final Function<Duration, CompletableFuture<?>> timer;
    private final BiConsumer<? super Throwable, ? super @Nullable String> onLateFailure;
    private final Supplier<String> newAttemptId;

    // Guards the next three, so that no action starts for a draft that another thread has just replaced.
    private final Object lock = new Object();
    private Draft draft = new Draft(null);
    private boolean underWay;
    private boolean closed;

    private final List<Consumer<? super State>> listeners = new CopyOnWriteArrayList<>();
    private final AtomicInteger changes = new AtomicInteger();
    private State told = State.IDLE;

    /**
     * Makes a form without a draft and with the builder's defaults. Until {@link #begin} it lets every session proceed,
     * one at a time.
     */
    public GuardedSubmission() {
        this(new Builder());
    }

    private GuardedSubmission(Builder builder) {
        timeout = builder.timeout;
        timer = builder.timer;
        onLateFailure = builder.onLateFailure;
        newAttemptId = builder.newAttemptId;
    }

    /**
     * Begins a form with other settings than the defaults.
     *
     * @return a builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Begins a new draft, with a new attempt id; outcomes of the former draft are no longer current. A form that leaves
     * the screen calls it with null. Does nothing once the form is closed.
     *
     * @param sessionId the session that the draft is for; null or empty when there is none, which lets everything proceed
     */
    public void begin(@Nullable String sessionId) {
        synchronized (lock) {
            if (!closed) {
                draft = new Draft(sessionId);
            }
        }
        tell();
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

    /** {@return what the form can do now} */
    public State state() {
        synchronized (lock) {
            if (closed) {
                return State.CLOSED;
            }
            if (underWay) {
                return State.SENDING;
            }
            return draft.sent ? State.SENT : State.IDLE;
        }
    }

    /**
     * Calls a listener after each change of the state, on the thread that made the change; or on another one, if that is
     * just calling the listeners for an earlier change. Changes come in order. If several follow each other quickly,
     * the listener may get only the last. What a listener throws goes to its thread's handler for uncaught exceptions.
     *
     * @param listener is handed the new state, and may change it again; if it calls {@link #close} on
     *     {@link State#SENDING}, the action is not called
     * @return ends the subscription; may be called more than once. After that, no call of the listener begins on this
     *     thread; another thread may just be about to call it a last time
     */
    public Runnable subscribe(Consumer<? super State> listener) {
        Objects.requireNonNull(listener, "listener");
        Consumer<State> own = listener::accept;
        listeners.add(own);
        return () -> listeners.remove(own);
    }

    /**
     * Calls an action if the draft was made for this session, no other action is under way and the draft was not accepted
     * yet.
     *
     * <p>The form is {@link State#SENDING} until the action's stage completes or the timeout has passed; cancelling the
     * future that this method returns does not end it. After the timeout the action's {@link Submission#signal} completes
     * first, then the form is no longer {@link State#SENDING}, and then the returned future completes. An action that
     * succeeds after its timeout still makes the draft {@link State#SENT}.
     *
     * @param <T> what the action returns
     * @param sessionId the session that the action would rate; may be null
     * @param action sends the rating; it is called at most once, on the calling thread, and returns a stage that can be
     *     turned into a {@link CompletableFuture}
     * @return the outcome. It completes exceptionally only with the action's own failure, without the
     *     {@link CompletionException} that a stage puts around it, with a {@link TimeoutException}, or because
     *     {@link Builder#newAttemptId} made no id; the draft can then be submitted again
     */
    public <T extends @Nullable Object> CompletableFuture<Outcome<T>> submit(
            @Nullable String sessionId, Function<? super Submission, ? extends CompletionStage<T>> action) {
        Objects.requireNonNull(action, "action");
        return submit(sessionId, action, null);
    }

    private <T extends @Nullable Object> CompletableFuture<Outcome<T>> submit(
            @Nullable String sessionId,
            Function<? super Submission, ? extends CompletionStage<T>> action,
            @Nullable String freshId) {
        Draft from;
        String attemptId;
        BooleanSupplier isCurrent;
        synchronized (lock) {
            from = draft;
            isCurrent = () -> isCurrent(from);
            if (closed) {
                return completedFuture(new Outcome.Closed<>(isCurrent));
            }
            if (!RatingSessionGuard.check(from.sessionId, sessionId).allowed()) {
                return completedFuture(new Outcome.Mismatch<>(isCurrent));
            }
            if (underWay) {
                return completedFuture(new Outcome.Busy<>(isCurrent));
            }
            if (from.sent) {
                return completedFuture(new Outcome.Sent<>(isCurrent));
            }
            attemptId = from.attemptIdFor(sessionId, freshId);
            underWay = attemptId != null;
        }
        if (attemptId == null) {
            // Outside the lock, because it is foreign code.
            String made;
            try {
                made = Objects.requireNonNull(newAttemptId.get(), "newAttemptId returned null");
                if (made.isEmpty()) {
                    throw new IllegalArgumentException("newAttemptId returned an empty text");
                }
            } catch (Throwable failure) {
                return CompletableFuture.failedFuture(failure);
            }
            return submit(sessionId, action, made);
        }
        tell();
        if (state() == State.CLOSED) { // by a listener
            return completedFuture(new Outcome.Closed<>(isCurrent));
        }
        return run(from, sessionId, new Submission(attemptId, isCurrent), action);
    }

    private <T extends @Nullable Object> CompletableFuture<Outcome<T>> run(
            Draft from,
            @Nullable String sessionId,
            Submission submission,
            Function<? super Submission, ? extends CompletionStage<T>> action) {
        CompletableFuture<Outcome<T>> outcome = new CompletableFuture<>();
        CompletableFuture<?> timedOut = new CompletableFuture<>();
        AtomicBoolean decided = new AtomicBoolean(); // by the answer or the timeout, whichever comes first
        CompletionStage<T> answer;
        try {
            timedOut = Objects.requireNonNull(timer.apply(timeout), "the timer returned no future");
            var unused = timedOut.whenComplete((done, cancelled) -> {
                if (cancelled == null && decided.compareAndSet(false, true)) {
                    submission.abort(); // while the form is still sending, so that no second request starts before
                    end();
                    fail(
                            outcome,
                            from,
                            sessionId,
                            new TimeoutException("No answer within " + inSeconds(timeout) + " s"));
                }
            });
            if (decided.get()) {
                return outcome; // the time had passed at once, and another action may be under way
            }
            answer = Objects.requireNonNull(action.apply(submission), "the action returned no stage")
                    .toCompletableFuture();
        } catch (Throwable failure) {
            answer = CompletableFuture.failedFuture(failure);
        }
        CompletableFuture<?> running = timedOut;
        answer.whenComplete((value, failure) -> {
            boolean inTime = decided.compareAndSet(false, true);
            running.cancel(false);
            if (failure == null) {
                accept(from, sessionId, submission.attemptId());
            }
            if (!inTime) {
                return;
            }
            end();
            if (failure == null) {
                outcome.complete(new Outcome.Done<>(submission::isCurrent, value));
            } else {
                fail(outcome, from, sessionId, failure);
            }
        });
        return outcome;
    }

    private static String inSeconds(Duration duration) {
        return BigDecimal.valueOf(TimeUnit.NANOSECONDS.convert(duration), 9)
                .stripTrailingZeros()
                .toPlainString();
    }

    private void accept(Draft from, @Nullable String sessionId, String attemptId) {
        synchronized (lock) {
            from.accepted(sessionId, attemptId);
            boolean none = sessionId == null || sessionId.isEmpty();
            if (!none && Objects.equals(sessionId, draft.sessionId)) {
                draft.sent = true; // also one that was begun meanwhile, because its session is rated now
            }
        }
        tell();
    }

    /** Frees the form. */
    private void end() {
        synchronized (lock) {
            underWay = false;
        }
        tell();
    }

    private void fail(CompletableFuture<?> outcome, Draft from, @Nullable String sessionId, Throwable failure) {
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : null;
        Throwable own = cause == null ? failure : cause;
        if (!isCurrent(from)) {
            callBack(() -> onLateFailure.accept(own, sessionId));
        }
        outcome.completeExceptionally(own);
    }

    private boolean isCurrent(Draft from) {
        synchronized (lock) {
            return !closed && draft == from;
        }
    }

    /** Sends nothing again. An action that is under way goes on; its outcome is no longer current. */
    @Override
    public void close() {
        synchronized (lock) {
            closed = true;
            draft = new Draft(null);
        }
        tell();
    }

    /**
     * Only one thread calls the listeners at a time, also for changes that other threads make meanwhile. So listeners
     * see the changes in order.
     */
    private void tell() {
        if (changes.getAndIncrement() > 0) {
            return;
        }
        int seen = 1;
        do {
            State now = state();
            if (now != told) {
                told = now;
                listeners.forEach(listener -> tell(listener, now));
            }
            seen = changes.addAndGet(-seen);
        } while (seen > 0);
    }

    private void tell(Consumer<? super State> listener, State now) {
        if (listeners.contains(listener)) { // unless one before it has ended its subscription
            callBack(() -> listener.accept(now));
        }
    }

    /** A callback that fails does not affect the form. */
    private static void callBack(Runnable callback) {
        try {
            callback.run();
        } catch (Throwable failure) {
            Thread thread = Thread.currentThread();
            try {
                thread.getUncaughtExceptionHandler().uncaughtException(thread, failure);
            } catch (Throwable ignored) {
                // The JVM ignores what a handler throws, too.
            }
        }
    }

    /** Prints no id. */
    @Override
    public String toString() {
        return "GuardedSubmission[" + state() + "]";
    }

    /** Settings of a form. Not safe for use by several threads. */
    public static final class Builder {

        private Duration timeout = Duration.ofSeconds(30);
        private Function<Duration, CompletableFuture<?>> timer = Builder::defaultTimer;
        private BiConsumer<? super Throwable, ? super @Nullable String> onLateFailure = (failure, sessionId) -> {};
        private Supplier<String> newAttemptId = () -> UUID.randomUUID().toString();

        private Builder() {}

        /**
         * Completes on a thread of its own: not on the JDK's timer thread, which must not wait, and not on the common pool,
         * whose threads the actions that hang may hold. A cancelled wait is removed from the JDK's queue.
         */
        private static CompletableFuture<?> defaultTimer(Duration delay) {
            CompletableFuture<Void> wait = new CompletableFuture<Void>()
                    .completeOnTimeout(null, TimeUnit.NANOSECONDS.convert(delay), TimeUnit.NANOSECONDS);
            CompletableFuture<Void> passed = wait.thenRunAsync(() -> {}, Builder::runOnANewThread);
            var unused = passed.whenComplete((done, cancelled) -> wait.cancel(false));
            return passed;
        }

        static void runOnANewThread(Runnable task) {
            Thread thread = new Thread(null, task, "rating-guard-timeout", 0, false);
            thread.setDaemon(true);
            thread.setContextClassLoader(ClassLoader.getSystemClassLoader());
            thread.start();
        }

        /**
         * Sets how long an action may take.
         *
         * @param timeout positive; 30 s by default
         * @return this builder
         * @throws IllegalArgumentException if it is zero or negative
         */
        public Builder timeout(Duration timeout) {
            if (timeout.isZero() || timeout.isNegative()) {
                throw new IllegalArgumentException("timeout must be above zero");
            }
            this.timeout = timeout;
            return this;
        }

        /**
         * Sets what receives each failure whose draft is no longer on the form, a timeout too. It is called before the
         * outcome completes.
         *
         * @param onLateFailure is handed the failure and the session that the action was for, which may be null; by
         *     default it does nothing
         * @return this builder
         */
        public Builder onLateFailure(BiConsumer<? super Throwable, ? super @Nullable String> onLateFailure) {
            this.onLateFailure = Objects.requireNonNull(onLateFailure, "onLateFailure");
            return this;
        }

        /**
         * Sets what makes the attempt ids.
         *
         * @param newAttemptId called by a submission that needs a new id; it must not return null or an empty text; if it
         *     does, or throws, the submission fails and the action is not called; it may call the form: what is begun, sent or
         *     closed then, counts; random UUIDs by default
         * @return this builder
         */
        public Builder newAttemptId(Supplier<String> newAttemptId) {
            this.newAttemptId = Objects.requireNonNull(newAttemptId, "newAttemptId");
            return this;
        }

        /**
         * Sets what waits for the timeout.
         *
         * @param timer returns a future, not null, that completes after the duration; it is cancelled if the action
         *     ends before; if the timer throws, or the future is complete at once, the submission fails and the action
         *     is not called; by default the future is completed on a daemon thread of its own, which ends afterwards
         * @return this builder
         */
        public Builder timer(Function<Duration, CompletableFuture<?>> timer) {
            this.timer = Objects.requireNonNull(timer, "timer");
            return this;
        }

        /**
         * Makes a form without a draft. The builder can be used again.
         *
         * @return the form
         */
        public GuardedSubmission build() {
            return new GuardedSubmission(this);
        }
    }
}
