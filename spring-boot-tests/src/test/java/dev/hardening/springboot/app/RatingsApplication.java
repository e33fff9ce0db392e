package dev.hardening.springboot.app;

import static org.springframework.security.config.Customizer.withDefaults;

import java.security.Principal;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.dao.DataAccessException;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.http.ProblemDetail;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configuration.EnableWebSecurity;
import org.springframework.security.config.annotation.web.reactive.EnableWebFluxSecurity;
import org.springframework.security.config.web.server.ServerHttpSecurity;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.server.SecurityWebFilterChain;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Mono;

/** An application as a team writes it, for both stacks: it knows Spring, and nothing of the hardening. */
@SpringBootApplication
public class RatingsApplication {

    public static void main(String[] arguments) {
        SpringApplication.run(RatingsApplication.class, arguments);
    }

    abstract static class Users {

        @GetMapping("/me")
        Map<String, String> me(Principal user) {
            return Map.of("user", user.getName());
        }

        // example: unavailable
        @ExceptionHandler(DataAccessException.class)
        ProblemDetail unavailable(DataAccessException outage) {
            return ProblemDetail.forStatus(503);
        }
        // example: end
    }

    @Configuration(proxyBeanMethods = false)
    @EnableWebSecurity
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
    static class Servlet {

        // example: servlet-chain
        @Bean
        SecurityFilterChain chain(HttpSecurity http) throws Exception {
            return http.authorizeHttpRequests(requests -> requests.requestMatchers("/actuator/health/**")
                            .permitAll()
                            .anyRequest()
                            .authenticated())
                    .oauth2ResourceServer(server -> server.jwt(withDefaults()))
                    .build();
        }
        // example: end

        @RestController
        @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
        static class Ratings extends Users {

            private final StringRedisTemplate redis;

            Ratings(StringRedisTemplate redis) {
                this.redis = redis;
            }

            @GetMapping("/ratings/count")
            Map<String, Long> count() {
                return Map.of("asked", redis.opsForValue().increment("asked"));
            }
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableWebFluxSecurity
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
    static class Reactive {

        // example: webflux-chain
        @Bean
        SecurityWebFilterChain chain(ServerHttpSecurity http) {
            return http.authorizeExchange(exchanges -> exchanges
                            .pathMatchers("/actuator/health/**")
                            .permitAll()
                            .anyExchange()
                            .authenticated())
                    .oauth2ResourceServer(server -> server.jwt(withDefaults()))
                    .build();
        }
        // example: end

        @RestController
        @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
        static class Ratings extends Users {

            private final ReactiveStringRedisTemplate redis;

            Ratings(ReactiveStringRedisTemplate redis) {
                this.redis = redis;
            }

            @GetMapping("/ratings/count")
            Mono<Map<String, Long>> count() {
                return redis.opsForValue().increment("asked").map(asked -> Map.of("asked", asked));
            }
        }
    }
}
