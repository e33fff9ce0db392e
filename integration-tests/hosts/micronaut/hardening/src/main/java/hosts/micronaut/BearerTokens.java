package hosts.micronaut;

import dev.hardening.jwks.InvalidTokenException;
import dev.hardening.jwks.JWKSUnavailableException;
import dev.hardening.jwks.TokenDecoder;
import io.lettuce.core.RedisException;
import io.micronaut.http.HttpRequest;
import io.micronaut.http.HttpResponse;
import io.micronaut.http.HttpStatus;
import io.micronaut.http.annotation.Controller;
import io.micronaut.http.annotation.Error;
import io.micronaut.security.authentication.Authentication;
import io.micronaut.security.authentication.AuthorizationException;
import io.micronaut.security.token.validator.TokenValidator;
import io.netty.channel.EventLoopGroup;
import jakarta.inject.Singleton;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

// example: glue
/** Makes the authentication of a request from its bearer token. {@code @Secured} then works as with any other validator. */
@Singleton
class BearerTokens implements TokenValidator<HttpRequest<?>> {
    private final TokenDecoder decoder;
    private final Scheduler eventLoops;

    BearerTokens(TokenDecoder decoder, EventLoopGroup eventLoops) {
        this.decoder = decoder;
        this.eventLoops = Schedulers.fromExecutor(eventLoops);
    }

    @Override
    public Publisher<Authentication> validateToken(String token, HttpRequest<?> request) {
        return Mono.fromFuture(() -> decoder.decodeAsync(token))
                .publishOn(eventLoops) // keys that were waited for come on another thread
                .map(claims -> Authentication.build(claims.getSubject(), claims.getClaims()))
                .onErrorResume(InvalidTokenException.class, invalid -> Mono.empty());
    }
}

/** Answers without a body: Micronaut's own repeats the query of the request. */
@Controller
class Failures {
    @Error(global = true)
    HttpResponse<?> refused(AuthorizationException refused) {
        return HttpResponse.status(refused.isForbidden() ? HttpStatus.FORBIDDEN : HttpStatus.UNAUTHORIZED)
                .header("WWW-Authenticate", "Bearer");
    }

    @Error(global = true)
    HttpResponse<?> noKeys(JWKSUnavailableException outage) {
        return HttpResponse.status(HttpStatus.SERVICE_UNAVAILABLE).header("Retry-After", "5");
    }

    @Error(global = true)
    HttpResponse<?> noRedis(RedisException outage) {
        return HttpResponse.status(HttpStatus.SERVICE_UNAVAILABLE).header("Retry-After", "5");
    }
}
// example: end
