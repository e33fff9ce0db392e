package dev.hardening.springboot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hardening.testing.IdentityProvider;
import dev.hardening.testing.RedisServer;
import dev.hardening.testing.Tokens;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The application in a JVM of its own, on each JDK and both stacks, for what a process alone can show. */
class ProcessTest {

    static Stream<Arguments> everywhere() {
        return ServiceProcess.jdks().flatMap(jdk -> Stream.of(Stack.values()).map(stack -> Arguments.of(jdk, stack)));
    }

    @ParameterizedTest
    @MethodSource("everywhere")
    void it_says_what_is_on_and_serves(Path jdk, Stack stack) throws Exception {
        try (IdentityProvider provider = new IdentityProvider(Tokens.RSA_1);
                RedisServer redis = RedisServer.start();
                ServiceProcess service = ServiceProcess.ratings(
                        jdk,
                        stack,
                        "spring.data.redis.port=" + redis.port(),
                        "spring.security.oauth2.resourceserver.jwt.issuer-uri=" + provider.issuer(),
                        "hardening.config.required=API_KEY",
                        "API_KEY=canary-key")) {
            service.awaitOutput("Started RatingsApplication");
            assertThat(service.output())
                    .contains("secrets on (1 validated); keys on (jwt); redis on (redisConnectionFactory: ")
                    .doesNotContain("canary");
            String good = provider.token(Tokens.RSA_1);
            assertThat(service.statusOf("/ratings/count", good)).isEqualTo(200);
            assertThat(service.statusOf("/ratings/count", provider.token(Tokens.RSA_2)))
                    .isEqualTo(401);
            provider.down();
            assertThat(service.statusOf("/ratings/count", good)).isEqualTo(200);
        }
    }
}
