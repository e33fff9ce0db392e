package dev.hardening.springboot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hardening.springboot.app.RatingsApplication;
import dev.hardening.testing.IdentityProvider;
import dev.hardening.testing.Ports;
import dev.hardening.testing.RedisServer;
import dev.hardening.testing.Tokens;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A build that prepares the application has no secrets and no Redis; what it prepared runs with both. */
class PreparedTest {

    private static final Path JDK = Path.of(System.getProperty("java.home"));
    private static final String CLASS_PATH = System.getProperty("java.class.path");

    @TempDir
    Path directory;

    private IdentityProvider provider;
    private RedisServer redis;

    @BeforeEach
    void start() throws Exception {
        provider = new IdentityProvider(Tokens.RSA_1);
        redis = RedisServer.start();
    }

    @AfterEach
    void stop() throws Exception {
        redis.close();
        provider.close();
    }

    private String[] properties(Stack stack, int redisPort, String... more) {
        return Stream.concat(
                        Stream.of(
                                stack.property(),
                                "server.port=0",
                                "server.address=127.0.0.1",
                                "spring.main.banner-mode=off",
                                "hardening.config.required=API_KEY",
                                "spring.data.redis.port=" + redisPort,
                                "spring.security.oauth2.resourceserver.jwt.jwk-set-uri=" + provider.jwksUri()),
                        Stream.of(more))
                .toArray(String[]::new);
    }

    @ParameterizedTest
    @EnumSource(Stack.class)
    void an_application_prepared_ahead_of_time(Stack stack) throws Exception {
        List<String> arguments = new ArrayList<>(List.of(
                JDK.resolve("bin/java").toString(),
                "-cp",
                CLASS_PATH,
                "org.springframework.boot.SpringApplicationAotProcessor",
                RatingsApplication.class.getName(),
                directory.resolve("sources").toString(),
                directory.resolve("resources").toString(),
                directory.resolve("classes").toString(),
                "dev.hardening",
                "ratings"));
        for (String property : properties(stack, Ports.refusing())) {
            arguments.add("--" + property);
        }
        Path output = directory.resolve("output.txt");
        int exit = new ProcessBuilder(arguments)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start()
                .waitFor();
        assertThat(exit).as(Files.readString(output)).isZero();
        try (Stream<Path> sources = Files.walk(directory.resolve("sources"))) {
            List<String> javac = new ArrayList<>(List.of(
                    "-nowarn",
                    "-proc:none",
                    "-cp",
                    CLASS_PATH,
                    "-d",
                    directory.resolve("classes").toString()));
            sources.filter(file -> file.toString().endsWith(".java"))
                    .map(Path::toString)
                    .forEach(javac::add);
            assertThat(ToolProvider.getSystemJavaCompiler().run(null, null, null, javac.toArray(String[]::new)))
                    .isZero();
        }
        String classPath = String.join(
                File.pathSeparator,
                directory.resolve("classes").toString(),
                directory.resolve("resources").toString(),
                CLASS_PATH);
        try (ServiceProcess service = ServiceProcess.start(
                JDK,
                List.of("-Dspring.aot.enabled=true"),
                classPath,
                RatingsApplication.class,
                properties(stack, redis.port(), "API_KEY=a-key"))) {
            service.awaitOutput("Started RatingsApplication");
            assertThat(service.output())
                    .contains(
                            "AOT-processed",
                            "secrets on (1 validated); keys on (jwt); redis on (redisConnectionFactory: ");
        }
        try (ServiceProcess service = ServiceProcess.start(
                JDK,
                List.of("-Dspring.aot.enabled=true"),
                classPath,
                RatingsApplication.class,
                properties(stack, redis.port()))) {
            assertThat(service.exitCode()).isEqualTo(78);
        }
    }

    @Test
    void a_training_run_for_class_data_sharing_ends_well() throws Exception {
        try (ServiceProcess training = ServiceProcess.start(
                JDK,
                List.of("-Dspring.context.exit=onRefresh"),
                CLASS_PATH,
                RatingsApplication.class,
                properties(Stack.SERVLET, Ports.refusing()))) {
            assertThat(training.exitCode()).as(training.output()).isZero();
        }
    }

    @Test
    void a_lazy_application_fetches_its_keys_before_the_first_request() throws Exception {
        try (ServiceProcess service = ServiceProcess.start(
                JDK,
                RatingsApplication.class,
                properties(Stack.SERVLET, redis.port(), "API_KEY=a-key", "spring.main.lazy-initialization=true"))) {
            service.awaitOutput("Started RatingsApplication");
            assertThat(service.output()).contains("secrets on (1 validated); keys on (jwt); redis on");
            org.awaitility.Awaitility.await().until(() -> provider.keyRequests() == 1);
        }
    }
}
