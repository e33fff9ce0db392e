package dev.hardening.redis;

import java.time.Duration;

/**
 * When to ask a peer whether it is there, and when to give it up. It only computes: it is told what happens and when, and
 * has no clock, thread or lock. One for each channel.
 *
 * <p>A peer that is silent for a heartbeat is asked. If nothing at all is heard for a while after that, the channel is
 * closed. Anything that is heard counts, as a long answer that is still arriving does. It takes two looks to give a peer
 * up: after a pause of this process the answers are there, and only not read yet.
 */
final class Heartbeat {

    /** The least time that an answer has: a server may stand still for a moment, to fork for example. */
    static final Duration SHORTEST_PATIENCE = Duration.ofSeconds(3);

    private static final Duration SECOND_LOOK = Duration.ofMillis(250);

    /** What to do now. */
    enum Action {
        WAIT,
        ASK,
        CLOSE
    }

    private final long period;
    private final long patience;
    private final boolean askAlways;
    private long heard;
    private long asked;
    private boolean waiting;
    private boolean suspected;

    /**
     * A heartbeat that begins now.
     *
     * @param period of silence, after which the peer is asked
     * @param askAlways asks in each period, silent or not: for what only an answer can say, such as the role
     */
    Heartbeat(Duration period, boolean askAlways, long now) {
        this.period = period.toNanos();
        this.askAlways = askAlways;
        patience = patience(period).toNanos();
        heard = now;
        asked = now;
    }

    /** How long an answer may take. */
    static Duration patience(Duration period) {
        return period.compareTo(SHORTEST_PATIENCE) > 0 ? period : SHORTEST_PATIENCE;
    }

    /** Something came from the peer. */
    void heard(long now) {
        heard = now;
        suspected = false;
    }

    /** The question was answered, whatever the answer. */
    void answered() {
        waiting = false;
        suspected = false;
    }

    /**
     * A look at the channel.
     *
     * @param busy a question would not be answered now, as behind a blocking command, or would do harm
     */
    Action look(long now, boolean busy) {
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
        if (busy || now - (askAlways ? asked : heard) < period) {
            return Action.WAIT;
        }
        waiting = true;
        asked = now;
        return Action.ASK;
    }

    /** How long to wait for the next look. */
    Duration nextLook(long now) {
        long due;
        if (suspected) {
            due = now + SECOND_LOOK.toNanos();
        } else if (waiting) {
            due = lastSign() + patience;
        } else {
            due = (askAlways ? asked : heard) + period;
        }
        return Duration.ofNanos(Math.max(due - now, Math.min(period, SECOND_LOOK.toNanos())));
    }

    private long lastSign() {
        return Math.max(heard - asked, 0) + asked;
    }
}
