package dev.hardening.springboot;

import org.springframework.core.Ordered;
import org.springframework.http.HttpStatus;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.security.authentication.AuthenticationServiceException;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;

/** Answers 503 if a token could not be verified because there are no keys: {@link KeysUnavailableFilter} for WebFlux. */
final class KeysUnavailableWebFilter implements WebFilter, Ordered {

    /** Before Spring Security's own filter, which is at -100. */
    private static final int ORDER = -101;

    private final KeySources keys;

    KeysUnavailableWebFilter(KeySources keys) {
        this.keys = keys;
    }

    @Override
    public int getOrder() {
        return ORDER;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
        return chain.filter(exchange)
                .onErrorResume(
                        AuthenticationServiceException.class,
                        outage -> exchange.getResponse().isCommitted() || !KeysUnavailable.isCauseOf(outage)
                                ? Mono.error(outage)
                                : answer(exchange.getResponse()));
    }

    private Mono<Void> answer(ServerHttpResponse response) {
        response.setStatusCode(HttpStatus.SERVICE_UNAVAILABLE);
        response.getHeaders().set("Retry-After", String.valueOf(keys.secondsToNextAttempt()));
        response.getHeaders().set("Cache-Control", "no-store");
        response.getHeaders().set("Content-Type", KeysUnavailable.MEDIA_TYPE);
        return response.writeWith(Mono.just(response.bufferFactory().wrap(KeysUnavailable.problem())));
    }
}
