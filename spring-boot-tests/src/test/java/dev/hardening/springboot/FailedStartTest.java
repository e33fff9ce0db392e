package dev.hardening.springboot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hardening.testing.Ports;
import dev.hardening.testing.ScriptedServer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A start that fails, as an operator sees it: an exit code, a description, an action, and no stack trace. */
class FailedStartTest {

    private static final Path JDK = Path.of(System.getProperty("java.home"));
    private static final String KEYS = "spring.security.oauth2.resourceserver.jwt.jwk-set-uri=https://127.0.0.1:1/keys";

    private static String failed(Path jdk, int exitCode, String... properties) throws Exception {
        try (ServiceProcess service = ServiceProcess.ratings(jdk, Stack.SERVLET, properties)) {
            assertThat(service.exitCode()).as(service.output()).isEqualTo(exitCode);
            assertThat(service.output())
                    .contains("APPLICATION FAILED TO START", "Description:", "Action:")
                    .doesNotContain("\tat ", "canary");
            return service.output();
        }
    }

    @ParameterizedTest
    @MethodSource("dev.hardening.springboot.ServiceProcess#jdks")
    void missing_secrets_are_named_with_exit_code_78(Path jdk) throws Exception {
        assertThat(failed(jdk, 78, "hardening.config.required=SUPABASE_URL,LIVEKIT_API_KEY,SET", "SET=canary-value"))
                .contains("Missing required secrets: SUPABASE_URL, LIVEKIT_API_KEY\n")
                .contains("Set these environment variables before starting the application.");
    }

    @Test
    void a_redis_that_refuses_is_named_with_host_and_port() throws Exception {
        int port = Ports.refusing();
        assertThat(failed(
                        JDK,
                        1,
                        "spring.data.redis.host=127.0.0.1",
                        "spring.data.redis.port=" + port,
                        "spring.data.redis.password=canary-password",
                        "hardening.redis.backoff=10ms",
                        KEYS))
                .contains("Redis connection failed after 3 attempts: Connection refused", "127.0.0.1:" + port)
                .contains("spring.data.redis.host and port");
    }

    @Test
    void what_is_no_redis_is_named_with_host_and_port() throws Exception {
        try (ScriptedServer http =
                new ScriptedServer(ScriptedServer.answering("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"))) {
            assertThat(failed(JDK, 1, "spring.data.redis.url=redis://127.0.0.1:" + http.port(), KEYS))
                    .contains("ot a Redis server", "127.0.0.1:" + http.port());
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    hardening.redis.attempts=0           | hardening.redis.attempts: attempts has to be at least 1
                    hardening.redis.jitter=7             | hardening.redis.jitter: jitter has to be between 0 and 1
                    hardening.redis.deadline=-1s         | hardening.redis.deadline: deadline has to be positive
                    hardening.redis.backoff=-1s          | hardening.redis.backoff: the first wait has to be between
                    hardening.redis.heartbeat=-1s        | hardening.redis.heartbeat: may not be negative
                    hardening.redis.attempts=many        | hardening.redis.attempts
                    hardening.config.required=A,,A       | hardening.config.required: name 2 of 3 is empty
                    hardening.config.required=A,A        | hardening.config.required: name 2 is there twice
                    hardening.config.required=A B        | hardening.config.required
                    hardening.jwks.time-to-live=1s       | hardening.jwks.time-to-live: refreshBefore has to be shorter
                    hardening.jwks.issuers[0].issuer-uri=https://a.example | hardening.jwks.issuers: cannot be combined
                    """)
    void a_bad_property_is_named(String property, String description) throws Exception {
        assertThat(failed(JDK, 1, KEYS, "spring.data.redis.port=1", property)).contains(description);
    }
}
