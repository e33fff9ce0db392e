package hosts.springboot;

import static org.springframework.security.config.Customizer.withDefaults;

import java.security.Principal;
import java.time.Duration;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.dao.DataAccessException;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;
import org.springframework.http.ResponseEntity;
import org.springframework.security.config.web.server.ServerHttpSecurity;
import org.springframework.security.web.server.SecurityWebFilterChain;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Mono;

/** A WebFlux application as a team writes it: it knows Spring, and nothing of the starter. */
@SpringBootApplication
@RestController
public class WebFluxHost {

    private final ReactiveStringRedisTemplate redis;

    WebFluxHost(ReactiveStringRedisTemplate redis) {
        this.redis = redis;
    }

    /** Starts it. */
    public static void main(String... arguments) {
        SpringApplication.run(WebFluxHost.class, arguments);
    }

    // example: chain
    @Bean
    static SecurityWebFilterChain chain(ServerHttpSecurity http) {
        return http.authorizeExchange(requests -> requests.pathMatchers("/health/**")
                        .permitAll()
                        .anyExchange()
                        .authenticated())
                .oauth2ResourceServer(server -> server.jwt(withDefaults()))
                .build();
    }

    @ExceptionHandler(DataAccessException.class)
    ResponseEntity<Void> unavailable(DataAccessException outage) {
        return ResponseEntity.status(503).header("Retry-After", "5").build();
    }
    // example: end

    @GetMapping("/me")
    String me(Principal user) {
        return user.getName();
    }

    @GetMapping("/slow")
    Mono<String> slow(Principal user) {
        return Mono.just(user.getName()).delayElement(Duration.ofMillis(500));
    }

    @GetMapping("/count")
    Mono<String> count() {
        return redis.opsForValue().increment("count").map(String::valueOf);
    }
}
