package dev.hardening.example;

import java.time.Duration;

/** Where a session is in its 55 minutes. */
enum Phase {
    SETUP(0),
    WORK(3),
    BREAK(28),
    SECOND_WORK(30),
    SOCIAL(50),
    ENDED(55);

    private final int startsAtMinute;

    Phase(int startsAtMinute) {
        this.startsAtMinute = startsAtMinute;
    }

    static Phase at(Duration sinceStart) {
        Phase current = SETUP;
        for (Phase phase : values()) {
            if (sinceStart.compareTo(Duration.ofMinutes(phase.startsAtMinute)) >= 0) {
                current = phase;
            }
        }
        return current;
    }

    /** When ratings open. */
    static Duration ratableAfter() {
        return Duration.ofMinutes(SOCIAL.startsAtMinute);
    }

    String word() {
        return this == SECOND_WORK ? "work" : name().toLowerCase(java.util.Locale.ROOT);
    }
}
