package dev.hardening.jwks;

import org.jspecify.annotations.Nullable;

/**
 * There are no usable keys, or no one can tell whether there is a key of an id. This is an outage: answer 503. It says
 * nothing about any token, and is never a kind of {@link InvalidTokenException}.
 */
public final class JWKSUnavailableException extends RuntimeException {

    private static final long serialVersionUID = 1;

    JWKSUnavailableException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
