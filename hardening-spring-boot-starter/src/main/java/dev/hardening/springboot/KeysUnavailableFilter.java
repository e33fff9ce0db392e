package dev.hardening.springboot;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.security.authentication.AuthenticationServiceException;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Answers 503 where a token could not be looked at because there are no keys. Spring Security rethrows that failure, and a
 * servlet container would make a 500 of it, or a 401 where the error page asks for a user.
 */
final class KeysUnavailableFilter extends OncePerRequestFilter {

    private final KeySources keys;

    KeysUnavailableFilter(KeySources keys) {
        this.keys = keys;
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        try {
            chain.doFilter(request, response);
        } catch (AuthenticationServiceException outage) {
            if (response.isCommitted() || !KeysUnavailable.isCauseOf(outage)) {
                throw outage;
            }
            // Written here, because an error page would be a request of its own, without a user, and end as a 401.
            // Headers that others set stay: without those for CORS a page could not read the answer.
            response.resetBuffer();
            response.setStatus(HttpServletResponse.SC_SERVICE_UNAVAILABLE);
            response.setHeader("Retry-After", String.valueOf(keys.secondsToNextAttempt()));
            response.setHeader("Cache-Control", "no-store");
            response.setContentType(KeysUnavailable.MEDIA_TYPE);
            response.getOutputStream().write(KeysUnavailable.problem());
        }
    }
}
