package dev.hardening.springboot;

import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import dev.hardening.jwks.IssuerRouter;
import dev.hardening.jwks.JWKSCacheStatus;
import dev.hardening.jwks.TokenDecoder;
import java.text.ParseException;
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

    /**
     * The issuer of a verified token, by {@code iss} as it was signed, because Spring may change the scheme of the claim.
     *
     * @return null if it is none of these
     */
    @Nullable
    KeySource sourceOf(Jwt token) {
        if (all.size() == 1) {
            return all.get(0);
        }
        String issuer = signedIssuer(token.getTokenValue());
        return all.stream()
                .filter(source -> issuer != null && issuer.equals(source.issuer()))
                .findFirst()
                .orElse(null);
    }

    private static @Nullable String signedIssuer(String token) {
        try {
            return SignedJWT.parse(token).getJWTClaimsSet().getIssuer();
        } catch (ParseException malformed) {
            return null;
        }
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
