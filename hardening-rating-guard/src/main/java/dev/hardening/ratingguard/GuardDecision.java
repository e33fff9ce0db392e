package dev.hardening.ratingguard;

import org.jspecify.annotations.Nullable;

/**
 * What the guard decided: to proceed, or a mismatch with the text to show. It holds no id.
 *
 * @param allowed whether the rating may be sent
 * @param error the text to show, {@value #MISMATCH_ERROR}; null exactly when allowed
 */
public record GuardDecision(boolean allowed, @Nullable String error) {

    /** The text of every mismatch, the same in both languages. */
    public static final String MISMATCH_ERROR = "Session mismatch: cannot rate a different session";

    static final GuardDecision ALLOWED = new GuardDecision(true, null);
    static final GuardDecision MISMATCH = new GuardDecision(false, MISMATCH_ERROR);

    /**
     * Requires an error for a refusal, and none for what is allowed.
     *
     * @param error the text to show; null exactly when allowed
     * @param allowed whether the rating may be sent
     * @throws IllegalArgumentException if an allowed decision has an error, or a refusal has none
     */
    public GuardDecision {
        if (allowed != (error == null)) {
            throw new IllegalArgumentException("a decision has an error exactly when it is not allowed");
        }
    }
}
