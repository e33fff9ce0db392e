package dev.hardening.example;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.nimbusds.jose.JWSAlgorithm;
import dev.hardening.testing.RedisServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StartUpIT {

    @Test
    void withoutTwoSecretsItExitsWith78AndNamesBoth() throws Exception {
        Map<String, String> secrets = App.productionSecrets("https://project.example");
        secrets.remove("SUPABASE_URL");
        secrets.remove("LIVEKIT_API_KEY");
        try (ServerSocket redis = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                App app = App.start(secrets, List.of("redis.url=redis://127.0.0.1:" + redis.getLocalPort()))) {
            assertThat(app.exitCode()).isEqualTo(78);
            redis.setSoTimeout(1);
            assertThatThrownBy(redis::accept)
                    .as("nothing else was started, so nobody has called")
                    .isInstanceOf(SocketTimeoutException.class);
            assertThat(app.output()).isEqualTo("""
                            Missing required secrets: SUPABASE_URL, LIVEKIT_API_KEY
                            Set these environment variables before starting the application.
                            """);
        }
    }

    @Test
    void withoutAnySecretItNamesAllSix() throws Exception {
        try (App app = App.start(Map.of(), List.of())) {
            assertThat(app.exitCode()).isEqualTo(78);
            assertThat(app.output())
                    .startsWith("Missing required secrets: SUPABASE_URL, SUPABASE_ANON_KEY, SUPABASE_SERVICE_ROLE_KEY,"
                            + " LIVEKIT_API_KEY, LIVEKIT_API_SECRET, LIVEKIT_URL\n")
                    .doesNotContain("Redis", "\tat ");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://kong:8000",
                "https://project.example/auth/v1",
                "https://project.example/auth/v1/",
                "https://project.example?a",
                "project.example"
            })
    void aUrlThatIsNoProjectsExitsWith78AndItsName(String url) throws Exception {
        try (App app = App.start(App.productionSecrets(url), List.of())) {
            assertThat(app.exitCode()).isEqualTo(78);
            assertThat(app.output())
                    .contains("SUPABASE_URL", "https")
                    .doesNotContain("allowPlainHttp", "kong", "project.example", "Redis", "\tat ");
        }
    }

    @Test
    void withRedisDownItExitsWithTheCauseInOneLine() throws Exception {
        try (DemoIdentityProvider provider = new DemoIdentityProvider();
                App app = App.production(provider, "redis://127.0.0.1:" + closedPort())) {
            assertThat(app.exitCode()).isEqualTo(1);
            assertThat(app.output().lines()).endsWith("Redis connection failed after 3 attempts: Connection refused");
            assertThat(warnings(app)).as("of the attempts before the last").hasSize(2);
            assertThat(app.output()).doesNotContain("\tat ", App.CANARY);
            assertThat(provider.asked()).isZero();
        }
    }

    @Test
    void withRedisBackInTimeItStartsWithAWarningEach() throws Exception {
        int port = closedPort();
        try (DemoIdentityProvider provider = new DemoIdentityProvider();
                App app = App.production(provider, "redis://127.0.0.1:" + port)) {
            await().atMost(Duration.ofSeconds(60)).until(() -> app.output().contains("Connection refused"));
            try (RedisServer redis = RedisServer.startAt(port)) {
                assertThat(app.url().getPort()).isPositive();
                assertThat(warnings(app)).isNotEmpty().hasSize((int)
                        app.metric("redis_connect_attempts_total{connection=\"ratings\",outcome=\"failure\"}"));
                assertThat(app.output()).doesNotContain(App.CANARY);
            }
        }
    }

    @Test
    void aWrongPortIsRefusedInOneLine() throws Exception {
        try (App app = App.start(Map.of(), List.of("port=70000"), "--demo")) {
            assertThat(app.exitCode()).isEqualTo(2);
            assertThat(app.output()).isEqualTo("The port (-Dport or PORT) has to be a number from 0 to 65535.\n");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"PT1S", "PT25H", "a minute"})
    void aWrongTimeToLiveIsRefusedByItsOption(String timeToLive) throws Exception {
        try (App app = App.start(Map.of(), List.of("demo.ttl=" + timeToLive), "--demo")) {
            assertThat(app.exitCode()).isEqualTo(2);
            assertThat(app.output())
                    .isEqualTo("The demo's time to live (-Ddemo.ttl or DEMO_TTL) has to be written like PT60S,"
                            + " and be from 4 s to 24 h.\n");
        }
    }

    @Test
    void aSecondDemoOnTheSameRedisHasItsOwnTable() throws Exception {
        try (RedisServer redis = RedisServer.start()) {
            for (int run = 0; run < 2; run++) {
                try (App app = App.demo("redis.url=" + redis.uri())) {
                    assertThat(App.json(app.get("/api/v1/sessions/pending-ratings", app.token("ada")))
                                    .path("pending")
                                    .path("session_id"))
                            .isEqualTo(app.status().path("table").path("session_id"));
                }
            }
        }
    }

    @Test
    void aTakenPortIsRefusedInOneLine() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                App app = App.start(Map.of(), List.of("port=" + taken.getLocalPort()), "--demo")) {
            assertThat(app.exitCode()).isEqualTo(1);
            assertThat(app.output().lines().filter(line -> !line.contains(" INFO ")))
                    .containsExactly("Focus Squad cannot start: port " + taken.getLocalPort()
                            + " is taken. Choose another one with -Dport=9090.");
        }
    }

    @Test
    void anUnknownArgumentGetsTheUsage() throws Exception {
        try (App app = App.start(Map.of(), List.of(), "--dmeo")) {
            assertThat(app.exitCode()).isEqualTo(2);
            assertThat(app.output()).startsWith("Usage: java ");
        }
    }

    @Test
    void aProviderThatIsDownDelaysNoStart() throws Exception {
        try (RedisServer redis = RedisServer.start();
                DemoIdentityProvider provider = new DemoIdentityProvider()) {
            provider.mood(DemoIdentityProvider.Mood.DOWN);
            try (App app = App.production(provider, redis.uri())) {
                String token = provider.sign(UUID.randomUUID().toString(), "ada", JWSAlgorithm.ES256);
                HttpResponse<String> answer = app.get("/api/v1/sessions/pending-ratings", token);
                assertThat(answer.statusCode()).isEqualTo(503);
                assertThat(App.json(answer).path("code").asText()).isEqualTo("KEYS_UNAVAILABLE");
                assertThat(answer.headers().firstValue("Retry-After")).isPresent();

                HttpResponse<String> ready =
                        App.send(app.request("/health/ready").build());
                assertThat(ready.statusCode()).isEqualTo(503);
                assertThat(ready.body())
                        .matches("\\{\"status\":\"DOWN\",\"secrets\":\"UP\",\"redis\":\"UP\",\"jwks\":\"[A-Z_]+\"}");
                assertThat(App.send(app.request("/health/live").build()).statusCode())
                        .isEqualTo(200);

                provider.mood(DemoIdentityProvider.Mood.UP);
                await().atMost(Duration.ofMinutes(2))
                        .until(() -> app.get("/api/v1/sessions/pending-ratings", token)
                                        .statusCode()
                                == 200);
                assertThat(app.ready().path("status").asText()).isEqualTo("UP");
            }
        }
    }

    @Test
    void aKilledDemoTakesItsRedisWithIt() throws Exception {
        App app = App.demo();
        List<ProcessHandle> started = app.handle().descendants().toList();
        assertThat(started)
                .anySatisfy(
                        one -> assertThat(one.info().commandLine().orElse("")).contains("redis-server"));
        app.kill();
        await().atMost(Duration.ofSeconds(10)).until(() -> started.stream().noneMatch(ProcessHandle::isAlive));
    }

    @Test
    void aDemoThatBelongsToAProcessEndsWithIt() throws Exception {
        // What Maven does: it starts the demo, and ends with it or is killed.
        Process parent = new ProcessBuilder(
                        "/bin/sh",
                        "-c",
                        "\"$0\" -Ddemo.startedByMaven=true -Dport=0 -jar target/focus-squad.jar --demo & wait $!",
                        Path.of(System.getProperty("java.home"), "bin", "java").toString())
                .redirectErrorStream(true)
                .start();
        try (BufferedReader output = parent.inputReader()) {
            String line = output.readLine();
            while (line != null && !line.startsWith(FocusSquad.READY)) {
                line = output.readLine();
            }
            assertThat(line).startsWith(FocusSquad.READY);
            List<ProcessHandle> started = parent.descendants().toList();
            assertThat(started).hasSizeGreaterThan(1);
            parent.destroyForcibly();
            await().atMost(Duration.ofSeconds(30)).until(() -> started.stream().noneMatch(ProcessHandle::isAlive));
        }
    }

    private static List<String> warnings(App app) {
        return app.output()
                .lines()
                .filter(line -> line.contains("WARN") && line.contains("Connection refused"))
                .toList();
    }

    private static int closedPort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
