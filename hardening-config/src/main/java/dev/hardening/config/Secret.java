package dev.hardening.config;

import java.security.SecureRandom;
import java.util.Objects;

/**
 * A value that never shows: its text is {@code Secret[redacted]}, and it is not serializable, so that writing it to an
 * object stream throws {@link java.io.NotSerializableException}.
 *
 * <p>Immutable and safe for use by several threads. It keeps a value out of text, not out of a heap dump.
 */
public final class Secret {

    /** Keeps a hash code that is printed somewhere from saying something about the value. */
    private static final int SALT = new SecureRandom().nextInt();

    private final String value;

    private Secret(String value) {
        this.value = value;
    }

    /**
     * Wraps a value, as it is.
     *
     * @throws NullPointerException if it is null
     */
    public static Secret of(String value) {
        return new Secret(Objects.requireNonNull(value, "value"));
    }

    /** The value itself: call it where the value is used, and keep the result in no field. */
    public String reveal() {
        return value;
    }

    /** Compares the values in a time that depends on their lengths only. */
    @Override
    public boolean equals(Object other) {
        if (!(other instanceof Secret that) || value.length() != that.value.length()) {
            return false;
        }
        int difference = 0;
        for (int i = 0; i < value.length(); i++) {
            difference |= value.charAt(i) ^ that.value.charAt(i);
        }
        return difference == 0;
    }

    @Override
    public int hashCode() {
        return value.hashCode() * 31 ^ SALT;
    }

    @Override
    public String toString() {
        return "Secret[redacted]";
    }
}
