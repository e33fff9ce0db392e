package dev.hardening.springboot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hardening.springboot.app.RatingsApplication;
import dev.hardening.testing.IdentityProvider;
import dev.hardening.testing.RedisServer;
import dev.hardening.testing.Tokens;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The application under Spring Boot's devtools, which start it again in the same process, in another class loader. */
class DevtoolsTest {

    /** Copied there by the build, because on the class path of every other test it would change what they show. */
    private static final Path DEVTOOLS = Path.of("target", "devtools", "spring-boot-devtools.jar");

    private static final Pattern REPORT =
            Pattern.compile("secrets on \\(1 validated\\); keys on \\(jwt\\); redis on \\(redisConnectionFactory: ");

    @Test
    void a_restart_turns_everything_on_again(@TempDir Path directory) throws Exception {
        String classPath =
                directory + File.pathSeparator + DEVTOOLS + File.pathSeparator + System.getProperty("java.class.path");
        try (IdentityProvider provider = new IdentityProvider(Tokens.RSA_1);
                RedisServer redis = RedisServer.start();
                ServiceProcess service = ServiceProcess.start(
                        Path.of(System.getProperty("java.home")),
                        List.of(),
                        classPath,
                        RatingsApplication.class,
                        Stack.SERVLET.property(),
                        "server.port=0",
                        "server.address=127.0.0.1",
                        "spring.devtools.livereload.enabled=false",
                        "spring.devtools.restart.trigger-file=restart.now",
                        "spring.data.redis.port=" + redis.port(),
                        "spring.security.oauth2.resourceserver.jwt.issuer-uri=" + provider.issuer(),
                        "hardening.config.required=API_KEY",
                        "API_KEY=canary-key")) {
            service.awaitOutput("Started RatingsApplication");
            // The trigger itself does not count as a change.
            Files.writeString(directory.resolve("changed.properties"), "changed=true");
            Files.writeString(directory.resolve("restart.now"), "now");
            Awaitility.await()
                    .atMost(Duration.ofMinutes(4))
                    .until(() -> REPORT.matcher(service.output()).results().count() == 2);
            assertThat(service.output()).contains("restartedMain").doesNotContain("canary", "\tat ");
            assertThat(service.statusOf("/ratings/count", provider.token(Tokens.RSA_1)))
                    .isEqualTo(200);
        }
    }
}
