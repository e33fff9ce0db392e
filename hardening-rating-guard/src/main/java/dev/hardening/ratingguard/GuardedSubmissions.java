package dev.hardening.ratingguard;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * Keeps a guard for each session outside of the form, so that a form which is drawn again knows what is under way and
 * what was sent. It keeps the 100 that were asked for last, and each one that is sending.
 *
 * <p>Safe for use by several threads; a new guard is made under its lock. The counterpart of
 * {@code createGuardedSubmissions} in the TypeScript twin.
 */
public final class GuardedSubmissions {

    private static final int KEPT = 100;

    private final Map<String, GuardedSubmission> guards = new LinkedHashMap<>();
    private final Supplier<GuardedSubmission> newGuard;

    /** Makes a collection of guards with the default settings. */
    public GuardedSubmissions() {
        this(GuardedSubmission::new);
    }

    /**
     * Makes a collection of guards with other settings.
     *
     * @param newGuard makes a new guard for each session; what it throws, {@link #get} throws
     */
    public GuardedSubmissions(Supplier<GuardedSubmission> newGuard) {
        this.newGuard = Objects.requireNonNull(newGuard, "newGuard");
    }

    /**
     * Gets the session's guard. It is begun for the session when it is first asked for, or after it was closed.
     *
     * @param sessionId the session; not null
     * @return the same guard for the same session, while it is kept
     */
    public GuardedSubmission get(String sessionId) {
        Objects.requireNonNull(sessionId, "sessionId");
        synchronized (guards) {
            GuardedSubmission guard = guards.remove(sessionId);
            if (guard == null || guard.state() == GuardedSubmission.State.CLOSED) {
                guard = newGuard.get();
                guard.begin(sessionId);
            }
            dropOldest();
            guards.put(sessionId, guard); // the last used is the last in the map
            return guard;
        }
    }

    /** Makes room for one more. */
    private void dropOldest() {
        int excess = guards.size() + 1 - KEPT;
        for (var kept = guards.values().iterator(); excess > 0 && kept.hasNext(); ) {
            if (kept.next().state() != GuardedSubmission.State.SENDING) {
                kept.remove();
                excess--;
            }
        }
    }
}
