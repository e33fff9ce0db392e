package dev.hardening.ratingguard;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * Keeps a guard for each session outside the form, so that a form which is drawn again finds what is under way and what
 * was sent. It keeps the last 100; one that is sending is not dropped.
 *
 * <p>Safe for use by several threads. The counterpart of {@code createGuardedSubmissions} in the TypeScript twin.
 */
public final class GuardedSubmissions {

    private static final int KEPT = 100;

    private final Map<String, GuardedSubmission> guards = new LinkedHashMap<>(16, 0.75f, true);
    private final Supplier<GuardedSubmission> newGuard;

    /** Guards with the default settings. */
    public GuardedSubmissions() {
        this(GuardedSubmission::new);
    }

    /**
     * Guards with other settings.
     *
     * @param newGuard makes a new guard for each session
     */
    public GuardedSubmissions(Supplier<GuardedSubmission> newGuard) {
        this.newGuard = Objects.requireNonNull(newGuard, "newGuard");
    }

    /** The session's guard, begun for it when it is first asked for, or after it was closed. */
    public GuardedSubmission get(String sessionId) {
        Objects.requireNonNull(sessionId, "sessionId");
        synchronized (guards) {
            GuardedSubmission guard = guards.get(sessionId);
            if (guard == null || guard.state() == GuardedSubmission.State.CLOSED) {
                guard = newGuard.get();
                guard.begin(sessionId);
                guards.put(sessionId, guard);
            }
            dropOldest();
            return guard;
        }
    }

    private void dropOldest() {
        int excess = guards.size() - KEPT;
        for (var kept = guards.values().iterator(); excess > 0 && kept.hasNext(); ) {
            if (kept.next().state() != GuardedSubmission.State.SENDING) {
                kept.remove();
                excess--;
            }
        }
    }
}
