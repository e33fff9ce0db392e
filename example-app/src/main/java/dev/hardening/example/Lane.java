package dev.hardening.example;

import java.util.Locale;

/** The service with the hardenings, and the plain one beside it. */
enum Lane {
    HARDENED(""),
    PLAIN("/plain");

    /** What the paths of its API begin with in the demo. */
    final String prefix;

    Lane(String prefix) {
        this.prefix = prefix;
    }

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
