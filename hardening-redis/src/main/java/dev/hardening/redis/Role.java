package dev.hardening.redis;

import java.util.Locale;

/** A server's role, as the server reports it. */
public enum Role {
    /** It takes writes; Redis's protocol calls it {@code master}. */
    PRIMARY,
    /** It copies a primary. */
    REPLICA,
    /** It watches over primaries and holds no data. */
    SENTINEL,
    /** The server does not report it, or may not be asked. */
    UNKNOWN;

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Role of(String word) {
        return switch (word) {
            case "master", "primary" -> PRIMARY;
            case "replica", "slave" -> REPLICA;
            case "sentinel" -> SENTINEL;
            default -> UNKNOWN;
        };
    }
}
