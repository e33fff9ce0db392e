package dev.hardening.springboot.app;

import java.security.Principal;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.dao.DataAccessException;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.http.ProblemDetail;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** An application as a team writes it: it knows Spring, and nothing of the hardening. */
@SpringBootApplication
public class RatingsApplication {

    public static void main(String[] arguments) {
        SpringApplication.run(RatingsApplication.class, arguments);
    }

    @RestController
    static class Ratings {

        private final StringRedisTemplate redis;

        Ratings(StringRedisTemplate redis) {
            this.redis = redis;
        }

        @GetMapping("/me")
        Map<String, String> me(Principal user) {
            return Map.of("user", user.getName());
        }

        @GetMapping("/ratings/count")
        Map<String, Long> count() {
            return Map.of("asked", redis.opsForValue().increment("asked"));
        }

        @ExceptionHandler(DataAccessException.class)
        ProblemDetail unavailable(DataAccessException outage) {
            return ProblemDetail.forStatus(503);
        }
    }
}
