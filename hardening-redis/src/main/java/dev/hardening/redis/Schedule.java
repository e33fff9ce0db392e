package dev.hardening.redis;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.function.DoubleSupplier;

/**
 * Decides when to try again, and for how long. It only computes: it gets the time that has passed, and has no clock,
 * thread or lock. There is one for each start.
 *
 * <p>Two limits end the waiting. Planned waits that add up to more than the deadline are not begun, whatever the clock
 * says. And the time that the attempts take shortens a wait, by half of it at the most.
 */
final class Schedule {

    /**
     * The least time for an attempt, which a wait that is shortened leaves. Waits that use up the whole deadline by
     * themselves would leave none for the attempt after them, so that one may begin so much after the deadline.
     */
    static final Duration TOLERANCE = Duration.ofMillis(150);

    private static final int MOST_ADDRESSES = 4;

    private static final Duration FIRST_RECONNECT = Duration.ofMillis(100);

    /** The caller's options. */
    record Policy(int attempts, Backoff backoff, Duration deadline, Duration attemptTimeout, double jitter) {}

    private final Policy policy;
    private final DoubleSupplier random;
    private Duration planned = Duration.ZERO;
    private Duration waited = Duration.ZERO;

    /**
     * A schedule that has not begun.
     *
     * @param random gives numbers from 0 to 1, for the jitter
     */
    Schedule(Policy policy, DoubleSupplier random) {
        this.policy = policy;
        this.random = random;
    }

    /** How long the next attempt may take, when so much time has passed since the start. */
    Duration attemptBudget(Duration elapsed) {
        return max(TOLERANCE, min(policy.deadline.minus(elapsed), policy.attemptTimeout));
    }

    /**
     * The wait after an attempt that failed; it counts as waited.
     *
     * @param attempt its number, from 1
     * @param elapsed the time since the start
     * @param asked how long the server asks to wait; the wait is this long if it fits into the deadline
     * @return empty if there is no further attempt
     */
    Optional<Duration> waitAfter(int attempt, Duration elapsed, Optional<Duration> asked) {
        if (attempt >= policy.attempts) {
            return Optional.empty();
        }
        Duration left = policy.deadline.minus(max(waited, elapsed));
        Duration next = Objects.requireNonNull(policy.backoff.after(attempt), "the backoff gave null");
        // Longer waits than the deadline are all the same, and some of them cannot be counted in nanoseconds.
        next = min(max(Duration.ZERO, next), policy.deadline.plusNanos(1));
        Duration wait = next;
        if (policy.jitter > 0) {
            double factor = 1 + policy.jitter * (2 * random.getAsDouble() - 1);
            wait = Duration.ofNanos((long) (next.toNanos() * factor));
        }
        Duration servers = asked.orElse(Duration.ZERO);
        if (servers.compareTo(wait) > 0 && servers.compareTo(left) < 0) {
            next = servers;
            wait = servers;
        }
        planned = planned.plus(next);
        if (wait.compareTo(left) > 0) {
            left = planned.equals(policy.deadline)
                    ? min(policy.deadline.minus(waited), left.plus(TOLERANCE))
                    : left.minus(TOLERANCE);
        }
        if (planned.compareTo(policy.deadline) > 0 || left.compareTo(wait.dividedBy(2)) < 0) {
            return Optional.empty();
        }
        Duration granted = min(wait, left);
        waited = waited.plus(granted);
        return Optional.of(granted);
    }

    /**
     * The wait before a reconnect after the start. It doubles from a tenth of a second up to the longest. It is between
     * 50 and 90 % of that, so that many instances do not reconnect at once, and there is still time for the connect.
     *
     * @param attempt from 1
     * @param addresses how many addresses the name has: each reconnect takes the next one, and within the longest wait
     *     each should have its turn, as far as they are not more than four
     * @param random from 0 to 1
     */
    static Duration reconnectDelay(long attempt, Duration longest, int addresses, double random) {
        Duration doubled = FIRST_RECONNECT.multipliedBy(1L << Math.min(Math.max(attempt, 1) - 1, 20));
        Duration each = longest.dividedBy(Math.min(addresses, MOST_ADDRESSES));
        return Duration.ofNanos((long) (min(doubled, each).toNanos() * (0.5 + 0.4 * random)));
    }

    private static Duration min(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    private static Duration max(Duration one, Duration other) {
        return one.compareTo(other) > 0 ? one : other;
    }
}
