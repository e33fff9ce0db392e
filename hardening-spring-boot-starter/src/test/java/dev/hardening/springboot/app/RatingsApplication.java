package dev.hardening.springboot.app;

import java.security.Principal;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
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

        @PostMapping("/ratings")
        Map<String, Long> rate() {
            return Map.of("ratings", redis.opsForValue().increment("ratings"));
        }
    }
}
