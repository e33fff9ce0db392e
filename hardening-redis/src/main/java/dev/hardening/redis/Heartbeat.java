package dev.hardening.redis;

import java.time.Duration;

/**
 * Decides when to ask a peer whether it still answers, and when to give it up. It only computes: it gets each event
 * with its time, and has no clock, thread or lock. There is one for each channel.
 *
 * <p>The peer is asked once in each period. The periods of all channels of a client begin together, so that a dead peer
 * is given up on all of them at once. If nothing arrives for a while after the question, the channel is closed.
 * Anything that arrives counts, such as a part of a long answer. A peer is given up only at the second look that finds
 * nothing, because after a pause of this process the answers are there but not read yet.
 */
final class Heartbeat {

    /** The least time for an answer: a server may stop for a moment, to fork for example. */
    static final Duration SHORTEST_PATIENCE = Duration.ofSeconds(3);

    private static final Duration SECOND_LOOK = Duration.ofMillis(250);
    private static final Duration SHORTEST_WAIT = Duration.ofMillis(1);

    /** What to do now. */
    enum Action {
        WAIT,
        ASK,
        CLOSE
    }

    private final long period;
    private final long patience;
    private final long epoch;
    private long turn;
    private long heard;
    private long asked;
    private boolean waiting;
    private boolean byApplication;
    private boolean suspected;

    /**
     * A heartbeat of a channel that has just answered.
     *
     * @param epoch when the first period began; the same for all channels
     */
    Heartbeat(Duration period, long epoch, long now) {
        this.period = period.toNanos();
        this.epoch = epoch;
        patience = patience(period).toNanos();
        heard = now;
        asked = now;
        turn = beginning(now);
    }

    /** When the period of a moment began. */
    private long beginning(long now) {
        return now - (now - epoch) % period;
    }

    /** How long an answer may take. */
    static Duration patience(Duration period) {
        return period.compareTo(SHORTEST_PATIENCE) > 0 ? period : SHORTEST_PATIENCE;
    }

    /** Something came from the peer. */
    void heard(long now) {
        heard = now;
        suspected = false;
        if (byApplication) {
            answered();
        }
    }

    /** The application sent a command that counts as the question; any answer counts as that to it. */
    void asked(long when) {
        if (!waiting) {
            waiting = true;
            byApplication = true;
            asked = when;
        }
    }

    /** The question was answered, with any answer. */
    void answered() {
        waiting = false;
        byApplication = false;
        suspected = false;
    }

    /**
     * A look at the channel.
     *
     * @param busy a question must not be sent now: a blocking command would delay its answer, or it would become a part
     *     of a transaction
     */
    Action look(long now, boolean busy) {
        boolean newTurn = now - turn >= period;
        if (newTurn) {
            turn = beginning(now);
        }
        if (waiting) {
            if (now - lastSign() < patience) {
                return Action.WAIT;
            }
            if (!suspected) {
                suspected = true;
                return Action.WAIT;
            }
            return Action.CLOSE;
        }
        if (busy || !newTurn) {
            return Action.WAIT;
        }
        asked = now;
        waiting = true;
        return Action.ASK;
    }

    /** Whether to give the peer up because another channel has just given it up, and this channel also waits for an answer. */
    boolean givesUpWithOthers(long now) {
        return waiting && now - lastSign() >= patience / 2;
    }

    /** How long to wait for the next look. */
    Duration nextLook(long now) {
        long due = turn + period;
        if (suspected) {
            due = now + SECOND_LOOK.toNanos();
        } else if (waiting) {
            due = Math.min(due, lastSign() + patience);
        }
        return Duration.ofNanos(Math.max(due - now, SHORTEST_WAIT.toNanos()));
    }

    private long lastSign() {
        return Math.max(heard - asked, 0) + asked;
    }
}
