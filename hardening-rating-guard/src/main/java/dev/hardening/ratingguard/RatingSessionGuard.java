package dev.hardening.ratingguard;

import org.jspecify.annotations.Nullable;

/**
 * The check that a rating goes to the session that the person was asked to rate.
 *
 * <p>Ids are compared as they are, UTF-16 unit by unit: never trimmed, case folded, normalised or parsed. Java and
 * JavaScript differ in each of these steps, so an id could pass this check and fail that of the TypeScript twin.
 *
 * <p>Stateless and safe for use by several threads.
 */
public final class RatingSessionGuard {

    private RatingSessionGuard() {}

    /**
     * Decides on the client's side whether a rating of {@code submittedSessionId} may be sent. Never throws.
     *
     * @param pendingSessionId the session whose ratings are pending, or the one that the draft was made for; null or
     *     empty when there is none, which lets everything proceed
     * @param submittedSessionId the session that the rating would be sent to; may be null
     * @return {@linkplain GuardDecision#allowed() allowed}, or a mismatch with its error
     */
    public static GuardDecision check(@Nullable String pendingSessionId, @Nullable String submittedSessionId) {
        return pendingSessionId == null || pendingSessionId.isEmpty() || pendingSessionId.equals(submittedSessionId)
                ? GuardDecision.ALLOWED
                : GuardDecision.MISMATCH;
    }
}
