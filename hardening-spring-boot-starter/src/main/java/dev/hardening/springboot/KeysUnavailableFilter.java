package dev.hardening.springboot;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.core.Ordered;
import org.springframework.core.env.Environment;
import org.springframework.security.authentication.AuthenticationServiceException;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Answers 503 if a token could not be verified because there are no keys. Spring Security throws that failure again,
 * and a servlet container would answer 500, or 401 if the error page requires a user.
 */
final class KeysUnavailableFilter extends OncePerRequestFilter {

    private final KeySources keys;

    KeysUnavailableFilter(KeySources keys) {
        this.keys = keys;
    }

    /** Around Spring Security's own filter, whose exception it answers. */
    static FilterRegistrationBean<KeysUnavailableFilter> registration(KeySources keys, Environment environment) {
        var registration = new FilterRegistrationBean<>(new KeysUnavailableFilter(keys));
        int security = environment.getProperty("spring.security.filter.order", Integer.class, -100);
        registration.setOrder(Math.max(security, Ordered.HIGHEST_PRECEDENCE + 1) - 1);
        return registration;
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
            // The answer is written here. An error page would be a request of its own, without a user, and its answer
            // would be 401. Headers that other filters have set are kept: without those for CORS a page could not
            // read the answer.
            response.resetBuffer();
            response.setStatus(HttpServletResponse.SC_SERVICE_UNAVAILABLE);
            response.setHeader("Retry-After", String.valueOf(keys.secondsToNextAttempt()));
            response.setHeader("Cache-Control", "no-store");
            response.setContentType(KeysUnavailable.MEDIA_TYPE);
            response.getOutputStream().write(KeysUnavailable.problem());
        }
    }
}
