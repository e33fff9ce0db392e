package dev.hardening.springboot;

import dev.hardening.jwks.JWKSCache;
import dev.hardening.jwks.JWKSUnavailableException;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.springframework.security.authentication.AuthenticationServiceException;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Answers 503 where a token could not be looked at because there are no keys. Spring Security rethrows that failure, and
 * a servlet container would make a 500 of it.
 */
final class KeysUnavailableFilter extends OncePerRequestFilter {

    private static final byte[] PROBLEM = ("{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,"
                    + "\"code\":\"KEYS_UNAVAILABLE\"}")
            .getBytes(StandardCharsets.UTF_8);
    private static final long MOST_SECONDS = 60;

    private final JWKSCache cache;

    KeysUnavailableFilter(JWKSCache cache) {
        this.cache = cache;
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        try {
            chain.doFilter(request, response);
        } catch (AuthenticationServiceException outage) {
            if (response.isCommitted() || !isForLackOfKeys(outage)) {
                throw outage;
            }
            // Written here, because an error page would be a request of its own, without a user, and end as a 401.
            // Headers that others set stay: without those for CORS a page could not read the answer.
            response.resetBuffer();
            response.setStatus(HttpServletResponse.SC_SERVICE_UNAVAILABLE);
            response.setHeader("Retry-After", String.valueOf(secondsToNextAttempt()));
            response.setHeader("Cache-Control", "no-store");
            response.setContentType("application/problem+json");
            response.getOutputStream().write(PROBLEM);
        }
    }

    private static boolean isForLackOfKeys(@Nullable Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof JWKSUnavailableException) {
                return true;
            }
        }
        return false;
    }

    private long secondsToNextAttempt() {
        Instant next = cache.status().nextAttempt();
        long seconds = next == null ? 1 : Duration.between(Instant.now(), next).toSeconds() + 1;
        return Math.min(Math.max(seconds, 1), MOST_SECONDS);
    }
}
