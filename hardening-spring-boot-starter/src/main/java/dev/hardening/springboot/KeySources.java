package dev.hardening.springboot;

import com.nimbusds.jwt.JWTClaimsSet;
import dev.hardening.jwks.IssuerRouter;
import dev.hardening.jwks.JWKSCacheStatus;
import dev.hardening.jwks.TokenDecoder;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.springframework.security.oauth2.jwt.Jwt;

/** The issuers whose tokens are accepted. Safe for use by several threads. */
final class KeySources implements AutoCloseable {

    private static final long LEAST_SECONDS = 1;
    private static final long MOST_SECONDS = 60;

    private final List<KeySource> all;
    private final @Nullable IssuerRouter router;

    KeySources(List<KeySource> all) {
        this.all = List.copyOf(all);
        router = all.size() == 1
                ? null
                : IssuerRouter.of(all.stream().map(KeySource::decoder).toArray(TokenDecoder[]::new));
    }

    /** One for each issuer, in the order of the configuration. */
    List<KeySource> all() {
        return all;
    }

    /** Fetches the keys in the background, and does not wait for them. */
    void prefetch() {
        for (KeySource source : all) {
            var unused = source.cache().getKeysAsync();
        }
    }

    /** The claims of a token whose signature verifies; nothing else about it was checked. */
    JWTClaimsSet decode(String token) {
        return router == null ? all.get(0).decoder().decode(token) : router.decode(token);
    }

    /** The same, without waiting on the calling thread. */
    CompletableFuture<JWTClaimsSet> decodeAsync(String token) {
        return router == null ? all.get(0).decoder().decodeAsync(token) : router.decodeAsync(token);
    }

    /** The audiences that a token's issuer is accepted with; empty if any. */
    List<String> audiencesFor(Jwt token) {
        Object issuer = token.getClaims().get("iss");
        for (KeySource source : all) {
            if (all.size() == 1 || String.valueOf(issuer).equals(source.issuer())) {
                return source.audiences();
            }
        }
        return List.of();
    }

    /** When it makes sense to ask again after an outage: a {@code Retry-After}. */
    long secondsToNextAttempt() {
        Instant next = all.stream()
                .map(source -> source.cache().status())
                .filter(status -> status.state() == JWKSCacheStatus.State.UNAVAILABLE)
                .map(JWKSCacheStatus::nextAttempt)
                .filter(Objects::nonNull)
                .min(Instant::compareTo)
                .orElse(null);
        long seconds = next == null
                ? LEAST_SECONDS
                : Duration.between(Instant.now(), next).toSeconds() + 1;
        return Math.min(Math.max(seconds, LEAST_SECONDS), MOST_SECONDS);
    }

    @Override
    public void close() {
        all.forEach(source -> source.cache().close());
    }
}
