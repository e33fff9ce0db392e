package dev.hardening.ratingguard;

import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How a submission ended: {@link Done}, {@link Mismatch}, {@link Busy}, {@link Sent} or {@link Closed}. Only {@link Done}
 * called the action. Its text holds neither an id nor the action's value.
 *
 * @param <T> what the action returns
 */
public abstract sealed class Outcome<T extends @Nullable Object> {

    private final BooleanSupplier isCurrent;

    private Outcome(BooleanSupplier isCurrent) {
        this.isCurrent = isCurrent;
    }

    /**
     * {@return whether the draft is still the one submitted, at the moment of this call} If it is not, leave the form
     * alone. Ask on the thread that owns the form: the draft may have changed since the answer came.
     */
    public final boolean current() {
        return isCurrent.getAsBoolean();
    }

    @Override
    public String toString() {
        return getClass().getSimpleName() + "[current=" + current() + "]";
    }

    /**
     * The action ran and succeeded.
     *
     * @param <T> what the action returns
     */
    public static final class Done<T extends @Nullable Object> extends Outcome<T> {

        private final T value;

        Done(BooleanSupplier isCurrent, T value) {
            super(isCurrent);
            this.value = value;
        }

        /** {@return what the action returned; null only if its stage completed with null} */
        public T value() {
            return value;
        }
    }

    /**
     * The draft was made for another session; the action did not run.
     *
     * @param <T> what the action returns
     */
    public static final class Mismatch<T extends @Nullable Object> extends Outcome<T> {

        /** What to do after a mismatch, for the developer; the same in both languages. */
        public static final String HINT = "Call begin with the session that is open now, then submit again";

        Mismatch(BooleanSupplier isCurrent) {
            super(isCurrent);
        }

        /** {@return the text to show, {@value GuardDecision#MISMATCH_ERROR}} */
        public String error() {
            return GuardDecision.MISMATCH_ERROR;
        }

        /** {@return what to do next, {@value #HINT}} */
        public String hint() {
            return HINT;
        }
    }

    /**
     * Another action of this form is under way; this one did not run.
     *
     * @param <T> what the action returns
     */
    public static final class Busy<T extends @Nullable Object> extends Outcome<T> {

        Busy(BooleanSupplier isCurrent) {
            super(isCurrent);
        }
    }

    /**
     * This draft was accepted already; the action did not run.
     *
     * @param <T> what the action returns
     */
    public static final class Sent<T extends @Nullable Object> extends Outcome<T> {

        Sent(BooleanSupplier isCurrent) {
            super(isCurrent);
        }
    }

    /**
     * The form was closed; the action did not run.
     *
     * @param <T> what the action returns
     */
    public static final class Closed<T extends @Nullable Object> extends Outcome<T> {

        Closed(BooleanSupplier isCurrent) {
            super(isCurrent);
        }
    }
}
