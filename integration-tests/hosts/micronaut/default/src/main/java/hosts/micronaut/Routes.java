package hosts.micronaut;

import io.lettuce.core.api.StatefulRedisConnection;
import io.micronaut.context.annotation.Value;
import io.micronaut.health.HealthStatus;
import io.micronaut.http.HttpResponse;
import io.micronaut.http.HttpStatus;
import io.micronaut.http.MediaType;
import io.micronaut.http.annotation.Controller;
import io.micronaut.http.annotation.Get;
import io.micronaut.management.endpoint.health.HealthEndpoint;
import io.micronaut.management.health.indicator.HealthCheckType;
import io.micronaut.security.annotation.Secured;
import io.micronaut.security.rules.SecurityRule;
import java.security.Principal;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import reactor.core.publisher.Mono;

/** The four paths, readiness by Micronaut itself. */
@Controller(produces = MediaType.TEXT_PLAIN)
@Secured(SecurityRule.IS_AUTHENTICATED)
class Routes {

    private final StatefulRedisConnection<String, String> redis;
    private final HealthEndpoint health;

    Routes(
            StatefulRedisConnection<String, String> redis,
            HealthEndpoint health,
            @Value("${service.api-key}") String apiKey,
            @Value("${service.db-password}") String dbPassword) {
        this.redis = redis;
        this.health = health;
    }

    @Get("/me")
    String me(Principal principal) {
        return principal.getName();
    }

    @Get("/slow")
    Mono<String> slow(Principal principal) {
        return Mono.just(principal.getName()).delayElement(Duration.ofMillis(500));
    }

    @Get("/count")
    CompletionStage<String> count() {
        return redis.async().incr("count").thenApply(String::valueOf);
    }

    @Get("/health/ready")
    @Secured(SecurityRule.IS_ANONYMOUS)
    Mono<HttpResponse<?>> ready() {
        return Mono.from(health.getHealth(null, HealthCheckType.READINESS))
                .map(result -> HttpResponse.status(
                        HealthStatus.UP.equals(result.getStatus()) ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE));
    }
}
