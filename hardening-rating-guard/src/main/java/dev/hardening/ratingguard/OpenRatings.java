package dev.hardening.ratingguard;

import java.util.Collection;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The server's check: which sessions a caller may rate, compared with what a request asks for. Unlike the client's
 * {@link RatingSessionGuard}, it refuses every session that is not open.
 *
 * <p>Immutable and safe for use by several threads. Ids are compared UTF-16 unit by unit, and none is in its text.
 */
public final class OpenRatings {

    /** What the server answers. */
    public enum Verdict {
        /** The caller may rate this session. */
        ALLOWED,
        /** 409 {@code SESSION_MISMATCH}: the ids differ, or this session is not among the caller's open ratings. */
        SESSION_MISMATCH,
        /** 404 {@code NO_PENDING_RATINGS}: the caller has no open ratings at all. */
        NO_PENDING_RATINGS
    }

    private final Set<String> sessionIds;

    private OpenRatings(Set<String> sessionIds) {
        this.sessionIds = sessionIds;
    }

    /**
     * Makes the check for one caller.
     *
     * @param sessionIds the sessions that the caller may rate now; empty when there are none
     * @return the check
     * @throws NullPointerException if it is null or holds a null
     */
    public static OpenRatings of(Collection<String> sessionIds) {
        return new OpenRatings(Set.copyOf(sessionIds));
    }

    /**
     * Decides on a request whose session is named by its path alone. Never throws.
     *
     * @param pathSessionId the id in the path; null or empty is never allowed
     * @return what the server answers
     */
    public Verdict check(@Nullable String pathSessionId) {
        return check(pathSessionId, pathSessionId);
    }

    /**
     * Decides on a request that names its session in the path and in the body. Never throws.
     *
     * @param pathSessionId the id in the path; null or empty is never allowed
     * @param bodySessionId the id in the body; it has to be the path's
     * @return what the server answers
     */
    public Verdict check(@Nullable String pathSessionId, @Nullable String bodySessionId) {
        if (sessionIds.isEmpty()) {
            return Verdict.NO_PENDING_RATINGS;
        }
        boolean open = pathSessionId != null
                && !pathSessionId.isEmpty()
                && pathSessionId.equals(bodySessionId)
                && sessionIds.contains(pathSessionId);
        return open ? Verdict.ALLOWED : Verdict.SESSION_MISMATCH;
    }

    /** Says how many there are, never which. */
    @Override
    public String toString() {
        return "OpenRatings[" + sessionIds.size() + "]";
    }
}
