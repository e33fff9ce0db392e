package dev.hardening.example;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StartUpIT {

    @Test
    void withoutTwoOfItsSixSecretsItLeavesWith78AndNamesBothInOneMessage() throws Exception {
        Map<String, String> secrets = App.productionSecrets("https://project.example");
        secrets.remove("SUPABASE_URL");
        secrets.remove("LIVEKIT_API_KEY");
        try (App app = App.start(secrets, List.of("redis.url=redis://127.0.0.1:1"))) {
            assertThat(app.exitCode()).isEqualTo(78);
            assertThat(app.output()).isEqualTo("""
                            Missing required secrets: SUPABASE_URL, LIVEKIT_API_KEY
                            Set these environment variables before starting the application.
                            """);
        }
    }

    @Test
    void withNoneOfItsSecretsItNamesAllSixAndStartsNothingElse() throws Exception {
        try (App app = App.start(Map.of(), List.of())) {
            assertThat(app.exitCode()).isEqualTo(78);
            assertThat(app.output())
                    .startsWith("Missing required secrets: SUPABASE_URL, SUPABASE_ANON_KEY, SUPABASE_SERVICE_ROLE_KEY,"
                            + " LIVEKIT_API_KEY, LIVEKIT_API_SECRET, LIVEKIT_URL\n")
                    .doesNotContain("Redis", "\tat ");
        }
    }

    @Test
    void withRedisDownItLeavesWithTheCauseInOneLineAndNoStackTrace() throws Exception {
        try (DemoIdentityProvider provider = new DemoIdentityProvider();
                App app = App.production(provider, "redis://127.0.0.1:" + closedPort())) {
            assertThat(app.exitCode()).isEqualTo(1);
            assertThat(app.output().lines().reduce((first, last) -> last))
                    .contains("Redis connection failed after 3 attempts: Connection refused");
            assertThat(app.output()).doesNotContain("\tat ", App.CANARY);
            assertThat(provider.asked()).isZero();
        }
    }

    @Test
    void withRedisBackDuringTheBackoffItStartsWithAWarningForEachFailedAttempt() throws Exception {
        DemoRedis redis = new DemoRedis();
        try (DemoIdentityProvider provider = new DemoIdentityProvider()) {
            redis.kill();
            try (App app = App.production(provider, redis.url())) {
                await().atMost(Duration.ofSeconds(60)).until(() -> app.output().contains("Connection refused"));
                redis.start();
                assertThat(app.url().getPort()).isPositive();
                assertThat(app.output()
                                .lines()
                                .filter(line -> line.contains("WARN") && line.contains("Connection refused")))
                        .isNotEmpty();
                assertThat(app.output()).doesNotContain(App.CANARY);
            }
        } finally {
            redis.close();
        }
    }

    @Test
    void aPortThatIsNoneIsRefusedInOneLine() throws Exception {
        try (App app = App.start(Map.of(), List.of("port=70000"), "--demo")) {
            assertThat(app.exitCode()).isEqualTo(2);
            assertThat(app.output()).isEqualTo("The port (-Dport or PORT) has to be a number from 0 to 65535.\n");
        }
    }

    @Test
    void anArgumentThatIsNoneIsAnsweredByTheUsage() throws Exception {
        try (App app = App.start(Map.of(), List.of(), "--dmeo")) {
            assertThat(app.exitCode()).isEqualTo(2);
            assertThat(app.output()).startsWith("Usage: java ");
        }
    }

    private static int closedPort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
