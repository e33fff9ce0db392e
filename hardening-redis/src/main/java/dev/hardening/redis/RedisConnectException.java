package dev.hardening.redis;

import java.util.List;

/**
 * Redis could not be connected to. The message is {@code Redis connection failed after 3 attempts: } and the last
 * attempt's reason. The cause is the last error, and each earlier one is suppressed. No password is in any of it.
 */
public final class RedisConnectException extends IllegalStateException {

    private static final long serialVersionUID = 1;

    /** Where it should have connected to. */
    private final String endpoint;

    private final transient List<Attempt> attempts;

    /** Makes the exception for a start that its last attempt ended. */
    RedisConnectException(List<Attempt> attempts) {
        this(
                attempts,
                attempts.get(attempts.size() - 1).reason(),
                attempts.get(attempts.size() - 1).error());
    }

    /** Makes the exception for a start that something else ended after the last attempt, such as an interrupt of the wait. */
    RedisConnectException(List<Attempt> attempts, String reason, Throwable cause) {
        super(
                "Redis connection failed after " + attempts.size()
                        + (attempts.size() == 1 ? " attempt: " : " attempts: ") + reason,
                cause);
        this.attempts = List.copyOf(attempts);
        endpoint = attempts.get(0).endpoint();
        for (Attempt earlier : attempts) {
            if (!earlier.error().equals(cause)) {
                addSuppressed(earlier.error());
            }
        }
    }

    /**
     * {@return where it should have connected to: scheme, host and port such as {@code redis://localhost:6379}, or each
     * of several hosts} It holds no user and no password.
     */
    public String endpoint() {
        return endpoint;
    }

    /** {@return the failed attempts, in their order; empty after deserialization} */
    @SuppressWarnings("unused") // null after deserialization
    public List<Attempt> attempts() {
        return attempts == null ? List.of() : attempts;
    }
}
