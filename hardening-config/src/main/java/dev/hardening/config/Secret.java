package dev.hardening.config;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Objects;

/**
 * A value that never shows: its text is {@code Secret[redacted]}, and it is not serializable, so that writing it to an
 * object stream throws {@link java.io.NotSerializableException}, and no stream is read as one.
 *
 * <p>Immutable and safe for use by several threads. It keeps a value out of text, not out of a heap dump.
 */
public final class Secret {

    /** This process's own: without it, nobody can try guesses on a hash code that was printed somewhere. */
    private static final class HashKey {

        static final byte[] BYTES = new byte[32];

        static {
            new SecureRandom().nextBytes(BYTES);
        }
    }

    private final transient String
            value; // transient: what writes the fields of any object, such as Gson, leaves it out

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

    /** Agrees with {@link #equals} within this process, and says nothing about the value outside of it. */
    @Override
    public int hashCode() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(HashKey.BYTES);
            return ByteBuffer.wrap(digest.digest(value.getBytes(StandardCharsets.UTF_8)))
                    .getInt();
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every Java platform has SHA-256");
        }
    }

    @Override
    public String toString() {
        return "Secret[redacted]";
    }
}
