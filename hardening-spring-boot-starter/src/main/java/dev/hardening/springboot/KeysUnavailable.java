package dev.hardening.springboot;

import dev.hardening.jwks.JWKSUnavailableException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The answer while there are no keys: 503 (RFC 9110, section 15.6.4) with problem details (RFC 9457). */
final class KeysUnavailable {

    static final String MEDIA_TYPE = "application/problem+json";

    private static final byte[] PROBLEM = ("{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,"
                    + "\"code\":\"KEYS_UNAVAILABLE\"}")
            .getBytes(StandardCharsets.UTF_8);

    private KeysUnavailable() {}

    static byte[] problem() {
        return PROBLEM.clone();
    }

    static boolean isCauseOf(@Nullable Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof JWKSUnavailableException) {
                return true;
            }
        }
        return false;
    }
}
