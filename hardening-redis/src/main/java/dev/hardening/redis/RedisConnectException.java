package dev.hardening.redis;

import java.util.List;

/**
 * Redis could not be connected to. The message is {@code Redis connection failed after 3 attempts: } and the last
 * attempt's reason; the cause is the last error, and the earlier ones are suppressed. There is no password in any of it.
 */
public final class RedisConnectException extends IllegalStateException {

    private static final long serialVersionUID = 1;

    private final transient List<Attempt> attempts;

    RedisConnectException(List<Attempt> attempts) {
        this(
                attempts,
                attempts.get(attempts.size() - 1).reason(),
                attempts.get(attempts.size() - 1).error());
    }

    RedisConnectException(List<Attempt> attempts, String reason, Throwable cause) {
        super(
                "Redis connection failed after " + attempts.size()
                        + (attempts.size() == 1 ? " attempt: " : " attempts: ") + reason,
                cause);
        this.attempts = List.copyOf(attempts);
        for (Attempt earlier : attempts) {
            if (!earlier.error().equals(cause)) {
                addSuppressed(earlier.error());
            }
        }
    }

    /** The failed attempts, in their order; empty after deserialization. */
    @SuppressWarnings("unused") // null after deserialization
    public List<Attempt> attempts() {
        return attempts == null ? List.of() : attempts;
    }
}
