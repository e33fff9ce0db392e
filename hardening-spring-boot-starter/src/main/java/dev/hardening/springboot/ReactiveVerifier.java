package dev.hardening.springboot;

import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.JOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWKSecurityContext;
import com.nimbusds.jwt.JWT;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.jwt.proc.ConfigurableJWTProcessor;
import dev.hardening.jwks.InvalidTokenException;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.springframework.core.convert.converter.Converter;
import org.springframework.security.oauth2.jwt.BadJwtException;
import org.springframework.security.oauth2.jwt.JwtException;
import org.springframework.security.oauth2.jwt.NimbusReactiveJwtDecoder;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * Verifies with a {@code TokenDecoder} inside Spring's {@link NimbusReactiveJwtDecoder}. No thread waits: if the cache
 * has the key, the answer is there at once, on the caller's thread. Otherwise it comes on Reactor's parallel scheduler.
 */
final class ReactiveVerifier implements Converter<JWT, Mono<JWTClaimsSet>> {

    private final KeySources keys;
    private final JOSEObjectTypeVerifier<JWKSecurityContext> types = typesOfSpring();

    ReactiveVerifier(KeySources keys) {
        this.keys = keys;
    }

    /** What {@code typ} may be is Spring's decision, and differs by its version; the source is never asked. */
    private static JOSEObjectTypeVerifier<JWKSecurityContext> typesOfSpring() {
        AtomicReference<ConfigurableJWTProcessor<JWKSecurityContext>> springs = new AtomicReference<>();
        NimbusReactiveJwtDecoder.withJwkSource(token -> Flux.empty())
                .jwtProcessorCustomizer(springs::set)
                .build();
        return Objects.requireNonNull(springs.get()).getJWSTypeVerifier();
    }

    @Override
    public Mono<JWTClaimsSet> convert(JWT token) {
        if (!(token instanceof SignedJWT signed)) {
            return Mono.error(unsupported(token));
        }
        try {
            types.verify(signed.getHeader().getType(), null);
        } catch (BadJOSEException refused) {
            return Mono.error(refusal(refused));
        }
        CompletableFuture<JWTClaimsSet> claims = keys.decodeAsync(signed.getParsedString());
        // A failure is kept as a value: Reactor would log an error that comes after the request was cancelled.
        Mono<Mono<JWTClaimsSet>> answer = Mono.fromFuture(claims.handle((verified, failure) ->
                failure == null ? Mono.just(verified) : Mono.error(springException(failure, token))));
        return (claims.isDone() ? answer : answer.publishOn(Schedulers.parallel())).flatMap(Function.identity());
    }

    private static JwtException springException(Throwable failure, JWT token) {
        if (failure instanceof InvalidTokenException refused) {
            return refused.reason() == InvalidTokenException.Reason.UNSUPPORTED_ALGORITHM
                    ? unsupported(token)
                    : refusal(VerifyingProcessor.refusal(refused));
        }
        return new JwtException(
                "An error occurred while attempting to decode the Jwt: " + failure.getMessage(), failure);
    }

    private static BadJwtException unsupported(JWT token) {
        return new BadJwtException(
                "Unsupported algorithm of " + token.getHeader().getAlgorithm());
    }

    private static BadJwtException refusal(BadJOSEException refused) {
        return new BadJwtException("Failed to validate the token", refused);
    }
}
