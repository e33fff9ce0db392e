package dev.hardening.example;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.nimbusds.jose.JWSAlgorithm;
import dev.hardening.redis.ConnectedRedis;
import dev.hardening.redis.RedisConnector;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class DrillsIT {

    /** A demo for the tests that leave it as it was. */
    private static App app;

    @BeforeAll
    static void start() throws Exception {
        app = App.demo();
    }

    @AfterAll
    static void stop() throws Exception {
        app.close();
    }

    /** Authenticated requests, so many a second, each with the token of the moment; answers counted by status. */
    private static final class Load implements AutoCloseable {
        private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
        private final Map<String, AtomicLong> answers = new ConcurrentHashMap<>();
        private final List<CompletableFuture<?>> sent = new ArrayList<>();

        Load(App app, int perSecond, Supplier<String> token) {
            var unused = clock.scheduleAtFixedRate(
                    () -> send(app, token.get()), 0, 1_000_000 / perSecond, TimeUnit.MICROSECONDS);
        }

        private void send(App app, String token) {
            try {
                HttpRequest request = app.request("/api/v1/sessions/pending-ratings")
                        .header("Authorization", "Bearer " + token)
                        .build();
                sent.add(App.sendAsync(request).handle((answer, failure) -> {
                    String key = failure == null ? String.valueOf(answer.statusCode()) : failure.toString();
                    return answers.computeIfAbsent(key, first -> new AtomicLong())
                            .incrementAndGet();
                }));
            } catch (Exception failed) {
                answers.computeIfAbsent(failed.toString(), first -> new AtomicLong())
                        .incrementAndGet();
            }
        }

        long count(String status) {
            AtomicLong count = answers.get(status);
            return count == null ? 0 : count.get();
        }

        void awaitMore(String status, int more) {
            long until = count(status) + more;
            await().atMost(Duration.ofSeconds(60)).until(() -> count(status) >= until);
        }

        Map<String, AtomicLong> stop() throws InterruptedException {
            clock.shutdown();
            assertThat(clock.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
            sent.forEach(CompletableFuture::join);
            return answers;
        }

        @Override
        public void close() {
            clock.shutdownNow();
        }
    }

    @Test
    void rotatingTheKeysUnderLoadFailsNoRequestAndCostsOneFetch() throws Exception {
        DemoRedis redis = new DemoRedis();
        try (DemoIdentityProvider provider = new DemoIdentityProvider();
                App app = App.production(provider, redis.url())) {
            String person = UUID.randomUUID().toString();
            app.url();
            await().atMost(Duration.ofSeconds(60))
                    .until(() -> app.ready().path("jwks").asText().equals("FRESH"));
            AtomicLong turn = new AtomicLong();
            AtomicReference<List<String>> tokens =
                    new AtomicReference<>(List.of(provider.sign(person, "ada", JWSAlgorithm.ES256)));
            try (Load load = new Load(app, 200, () -> {
                List<String> all = tokens.get();
                return all.get((int) (turn.incrementAndGet() % all.size()));
            })) {
                load.awaitMore("200", 200);
                long before = provider.asked();
                provider.rotate(false);
                tokens.set(List.of(
                        tokens.get().get(0),
                        provider.sign(person, "ada", JWSAlgorithm.ES256),
                        provider.sign(person, "ada", JWSAlgorithm.RS256)));
                load.awaitMore("200", 600);
                assertThat(load.stop()).containsOnlyKeys("200");
                assertThat(provider.asked() - before).isEqualTo(1);
            }
        } finally {
            redis.close();
        }
    }

    @Test
    void aSlowProviderDuringTheRefreshAheadHoldsUpNoRequest() throws Exception {
        try (App app = App.demo("demo.ttl=PT12S")) {
            String token = app.token("ada");
            app.drill("provider/slow", "{}");
            try (Load load = new Load(app, 50, () -> token)) {
                int answeredMeanwhile = 0;
                while (answeredMeanwhile < 20) {
                    await().atMost(Duration.ofSeconds(60)).until(() -> isAsking(app));
                    assertThat(app.get("/api/v1/sessions/pending-ratings", token)
                                    .statusCode())
                            .isEqualTo(200);
                    // The same fetch: the next one begins nine seconds after this one.
                    answeredMeanwhile += isAsking(app) ? 1 : 0;
                }
                await().atMost(Duration.ofSeconds(60))
                        .until(() -> keys(app).path("state").asText().equals("FRESH"));
                assertThat(load.stop()).containsOnlyKeys("200");
            }
        }
    }

    private static boolean isAsking(App app) throws Exception {
        return keys(app).path("provider_answering").asInt() > 0;
    }

    @Test
    void aProviderThatIsDownForLongerThanTheTimeToLiveSignsNobodyOut() throws Exception {
        try (App app = App.demo("demo.ttl=PT4S")) {
            String token = app.token("ada");
            app.drill("provider/down", "{}");
            try (Load load = new Load(app, 50, () -> token)) {
                await().atMost(Duration.ofSeconds(60))
                        .until(() -> app.ready().path("jwks").asText().equals("STALE"));
                load.awaitMore("200", 100);
                assertThat(App.send(app.request("/health/ready").build()).statusCode())
                        .isEqualTo(200);
                app.drill("provider/up", "{}");
                await().atMost(Duration.ofMinutes(2))
                        .until(() -> app.ready().path("jwks").asText().equals("FRESH"));
                assertThat(load.stop()).containsOnlyKeys("200");
            }
        }
    }

    @Test
    void rotatingHardLetsNewTokensInAndOldOnesOut() throws Exception {
        String old = app.token("ada");
        assertThat(app.get("/api/v1/sessions/pending-ratings", old).statusCode())
                .isEqualTo(200);
        app.drill("keys/rotate-hard", "{}");
        await().atMost(Duration.ofSeconds(60))
                .untilAsserted(() -> assertThat(app.get("/api/v1/sessions/pending-ratings", app.token("ada"))
                                .statusCode())
                        .isEqualTo(200));
        await().atMost(Duration.ofSeconds(60))
                .untilAsserted(() -> assertThat(
                                app.get("/api/v1/sessions/pending-ratings", old).statusCode())
                        .isEqualTo(401));
    }

    @Test
    void killingRedisUnderLoadIsA503WithACodeAndEndsWithoutARestart() throws Exception {
        String token = app.token("ada");
        try (Load load = new Load(app, 100, () -> token)) {
            load.awaitMore("200", 50);
            app.drill("redis/kill", "{}");
            load.awaitMore("503", 50);
            HttpResponse<String> meanwhile = app.get("/api/v1/sessions/pending-ratings", token);
            assertThat(App.json(meanwhile).path("code").asText()).isEqualTo("REDIS_UNAVAILABLE");
            assertThat(app.ready().path("redis").asText()).isEqualTo("DOWN");
            app.drill("redis/start", "{}");
            load.awaitMore("200", 100);
            assertThat(app.ready().path("redis").asText()).isEqualTo("UP");
            assertThat(load.stop()).containsOnlyKeys("200", "503");
        }
        assertThat(app.output()).doesNotContain("\tat ", "eyJ");
    }

    @Test
    void aKilledRedisLeavesNoSubmissionHalfWritten() throws Exception {
        DemoRedis server = new DemoRedis();
        try (DemoIdentityProvider provider = new DemoIdentityProvider();
                App app = App.production(provider, server.url());
                ConnectedRedis redis =
                        RedisConnector.builder(server.url()).build().connect()) {
            Tables tables = new Tables(redis::sync, Clock.systemUTC());
            app.url();
            List<Seated> seated = new ArrayList<>();
            for (int number = 0; number < 60; number++) {
                seated.add(Seated.at(tables));
            }
            List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
            for (Seated table : seated) {
                answers.add(App.sendAsync(app.ratingOf(table.session(), table.token(provider), table.allGreen())));
                if (answers.size() == seated.size() / 2) {
                    answers.get(0).join();
                    server.kill();
                }
            }
            List<Integer> statuses = new ArrayList<>();
            for (CompletableFuture<HttpResponse<String>> answer : answers) {
                statuses.add(answer.join().statusCode());
            }
            server.start();
            await().atMost(Duration.ofSeconds(60)).until(redis::ping);

            assertThat(statuses).contains(200, 503).containsOnly(200, 503);
            for (int number = 0; number < seated.size(); number++) {
                long kept = redis.sync().hlen(seated.get(number).ratingsKey());
                if (statuses.get(number) == 200) {
                    assertThat(kept).isEqualTo(3);
                } else {
                    assertThat(kept).isIn(0L, 3L);
                }
            }
        } finally {
            server.close();
        }
    }

    @Test
    void theBootDrillReallyStartsAProcessThatLeavesWith78() throws Exception {
        JsonNode boot = app.drill("secrets/boot", "{}");
        assertThat(boot.path("exit_code").asInt()).isEqualTo(78);
        assertThat(boot.path("output").asText())
                .startsWith("Missing required secrets: SUPABASE_URL, LIVEKIT_API_KEY\n")
                .doesNotContain("for-the-demo-only", "\tat ");
    }

    @Test
    void aDrillIsOnlyForThePageItself() throws Exception {
        String path = "/drill/keys/rotate";
        HttpRequest.BodyPublisher nothing = HttpRequest.BodyPublishers.noBody();
        long keys = keys(app).path("key_count").asLong();
        assertThat(App.send(app.request(path).POST(nothing).build()).statusCode())
                .as("a form of another site cannot send the header")
                .isEqualTo(403);
        assertThat(App.send(app.request(path)
                                .header("X-Drill", "1")
                                .header("Origin", "https://evil.example")
                                .POST(nothing)
                                .build())
                        .statusCode())
                .isEqualTo(403);
        assertThat(rebound(app, "POST " + path, "evil.example")).startsWith("HTTP/1.1 403");
        assertThat(rebound(app, "GET /drill/status", "evil.example:" + app.url().getPort()))
                .startsWith("HTTP/1.1 403");
        assertThat(keys(app).path("key_count").asLong()).isEqualTo(keys);
    }

    private static String rebound(App app, String line, String host) throws Exception {
        try (java.net.Socket socket =
                new java.net.Socket(app.url().getHost(), app.url().getPort())) {
            socket.setSoTimeout(60_000);
            String request = line + " HTTP/1.1\r\nHost: " + host
                    + "\r\nX-Drill: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            socket.getOutputStream().write(request.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        }
    }

    private static JsonNode keys(App app) throws Exception {
        return app.status().path("keys");
    }
}
