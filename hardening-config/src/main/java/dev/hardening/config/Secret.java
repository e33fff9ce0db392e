package dev.hardening.config;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Objects;

/**
 * A value that never shows: its text is {@code Secret[redacted]}, and no field of it leads to the value, so that no
 * library that writes objects writes it. It is not serializable: writing it to an object stream throws
 * {@link java.io.NotSerializableException}, and no stream is read as one.
 *
 * <p>Frameworks that make an object of a text, such as Jackson of a request body, find {@link #valueOf(String)}.
 *
 * <p>Immutable and safe for use by several threads. It keeps a value out of text, not out of a heap dump.
 */
public final class Secret {

    /** A random key of this process. Without it, a hash code that was printed somewhere could be used to check guesses. */
    private static final class HashKey {

        static final byte[] BYTES = new byte[32];

        static {
            new SecureRandom().nextBytes(BYTES);
        }
    }

    private final transient Hidden<String> value;

    /** SnakeYAML looks for a constructor of one argument. */
    private Secret(String value) {
        this(value, new Hidden.Batch());
    }

    /** A secret of one validation: its value is kept with the others. */
    Secret(String value, Hidden.Batch batch) {
        this.value = batch.hide(value);
    }

    /**
     * Wraps a value, as it is.
     *
     * @param value the value; not null
     * @return a secret with that value
     * @throws NullPointerException if it is null
     */
    public static Secret of(String value) {
        return new Secret(Objects.requireNonNull(value, "value"));
    }

    /**
     * Wraps a value, as {@link #of} does, under the name that Jackson, JAX-RS and Spring's conversion look for.
     *
     * @param value the value; not null
     * @return a secret with that value
     * @throws NullPointerException if it is null
     */
    public static Secret valueOf(String value) {
        return of(value);
    }

    /**
     * Refuses a whole number. Without this method, Jackson would put the number in its own error.
     *
     * @param notText the number
     * @return never
     * @throws IllegalArgumentException always, without the number
     */
    @SuppressWarnings("DoNotCallSuggester") // a service must see no annotation of Error Prone
    public static Secret valueOf(BigInteger notText) {
        throw noText();
    }

    /**
     * Refuses a number with a fraction, for the same reason as {@link #valueOf(BigInteger)}.
     *
     * @param notText the number
     * @return never
     * @throws IllegalArgumentException always, without the number
     */
    @SuppressWarnings("DoNotCallSuggester") // a service must see no annotation of Error Prone
    public static Secret valueOf(BigDecimal notText) {
        throw noText();
    }

    private static IllegalArgumentException noText() {
        return new IllegalArgumentException("a secret is a text: put the number in quotes");
    }

    /**
     * {@return the value itself} Call it where the value is used, and keep the result in no field.
     *
     * @throws IllegalStateException if a library made this object without its constructor, so that it has no value
     */
    public String reveal() {
        return Hidden.reveal(value);
    }

    /** Compares the values in a time that depends on their lengths only. */
    @Override
    public boolean equals(Object other) {
        if (this == other) {
            return true;
        }
        if (!(other instanceof Secret that)) {
            return false;
        }
        String mine = reveal();
        String others = that.reveal();
        if (mine.length() != others.length()) {
            return false;
        }
        int difference = 0;
        for (int i = 0; i < mine.length(); i++) {
            difference |= mine.charAt(i) ^ others.charAt(i);
        }
        return difference == 0;
    }

    /** Agrees with {@link #equals} within this process, and says nothing about the value outside of it. */
    @Override
    public int hashCode() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(HashKey.BYTES);
            return ByteBuffer.wrap(digest.digest(reveal().getBytes(StandardCharsets.UTF_8)))
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
