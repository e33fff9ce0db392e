package dev.hardening.jwks;

import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The endpoint answered with a failure, and asks to wait (RFC 9110, section 10.2.3). */
final class RetryAfterException extends IOException {

    private static final long serialVersionUID = 1;

    private final Duration retryAfter;
    private final int status;

    RetryAfterException(String message, Duration retryAfter, int status, @Nullable Throwable cause) {
        super(message, cause);
        this.retryAfter = retryAfter;
        this.status = status;
    }

    /** The status of the answer. */
    int status() {
        return status;
    }

    Duration retryAfter() {
        return retryAfter;
    }
}
