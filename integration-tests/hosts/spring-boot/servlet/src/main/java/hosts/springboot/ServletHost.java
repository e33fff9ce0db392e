package hosts.springboot;

import static org.springframework.security.config.Customizer.withDefaults;

import java.security.Principal;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.dao.DataAccessException;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.http.ResponseEntity;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** A servlet application as a team writes it: it knows Spring, and nothing of the starter. */
@SpringBootApplication
@RestController
public class ServletHost {

    private final StringRedisTemplate redis;

    ServletHost(StringRedisTemplate redis) {
        this.redis = redis;
    }

    /** Starts it. */
    public static void main(String... arguments) {
        SpringApplication.run(ServletHost.class, arguments);
    }

    // example: chain
    @Bean
    static SecurityFilterChain chain(HttpSecurity http) throws Exception {
        return http.authorizeHttpRequests(requests -> requests.requestMatchers("/health/**")
                        .permitAll()
                        .anyRequest()
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
    String slow(Principal user) throws InterruptedException {
        Thread.sleep(500);
        return user.getName();
    }

    @GetMapping("/count")
    String count() {
        return String.valueOf(redis.opsForValue().increment("count"));
    }
}
