package dev.hardening.example;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.nimbusds.jose.JWSAlgorithm;
import dev.hardening.redis.ConnectedRedis;
import dev.hardening.redis.RedisConnector;
import dev.hardening.testing.RedisServer;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
    void rotatingUnderLoadFailsNoRequestAndCostsOneFetch() throws Exception {
        try (RedisServer redis = RedisServer.start();
                DemoIdentityProvider provider = new DemoIdentityProvider();
                App app = App.production(provider, redis.uri())) {
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
        }
    }

    @Test
    void aSlowProviderDelaysNoRequest() throws Exception {
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
    void aProviderDownBeyondTheTimeToLiveFailsNoRequest() throws Exception {
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
    void aWithdrawnKeyIsRefusedInOneLaneAndAcceptedInTheOther() throws Exception {
        try (App app = App.demo("demo.ttl=PT6S")) {
            String old = app.token("ada");
            assertThat(pending(app, Lane.HARDENED, old)).isEqualTo(200);
            assertThat(pending(app, Lane.PLAIN, old)).isEqualTo(200);
            app.drill("keys/rotate-hard", "{}");
            await().atMost(Duration.ofSeconds(60)).until(() -> pending(app, Lane.HARDENED, app.token("ada")) == 200);
            await().atMost(Duration.ofSeconds(60)).until(() -> pending(app, Lane.HARDENED, old) == 401);
            assertThat(pending(app, Lane.PLAIN, old)).isEqualTo(200);
            assertThat(pending(app, Lane.PLAIN, app.token("ada"))).isEqualTo(401);
            app.drill("plain/restart", "{}");
            assertThat(pending(app, Lane.PLAIN, app.token("ada"))).isEqualTo(200);
        }
    }

    @Test
    void anOutageDuringARotationIs503AndEndsByItself() throws Exception {
        try (App app = App.demo("demo.ttl=PT12S")) {
            String old = app.token("ada");
            assertThat(pending(app, Lane.HARDENED, old)).isEqualTo(200);
            assertThat(pending(app, Lane.PLAIN, old)).isEqualTo(200);
            app.drill("provider/down", "{}");
            app.drill("keys/rotate", "{}");
            String fresh = app.token("ada");
            await().atMost(Duration.ofSeconds(60)).until(() -> pending(app, Lane.HARDENED, fresh) == 503);
            assertThat(pending(app, Lane.HARDENED, old)).isEqualTo(200);
            assertThat(pending(app, Lane.PLAIN, fresh)).isEqualTo(401);
            app.drill("provider/up", "{}");
            await().atMost(Duration.ofSeconds(60)).until(() -> pending(app, Lane.HARDENED, fresh) == 200);
            assertThat(pending(app, Lane.PLAIN, fresh)).isEqualTo(401);
        }
    }

    @Test
    void aResetAfterAnOutageLeavesNoWaitForTheNextFetch() throws Exception {
        try (App app = App.demo("demo.ttl=PT10M")) {
            assertThat(pending(app, Lane.HARDENED, app.token("ada"))).isEqualTo(200);
            app.drill("provider/down", "{}");
            app.drill("keys/rotate", "{}");
            String fresh = app.token("ada");
            await().atMost(Duration.ofSeconds(60)).until(() -> {
                pending(app, Lane.HARDENED, fresh);
                return keys(app).path("failures").asLong() >= 4;
            });
            app.drill("reset", "{}");
            assertThat(pending(app, Lane.HARDENED, fresh)).isEqualTo(200);
        }
    }

    @Test
    void thePlainLaneKeepsItsKeysWhileTheProviderIsDown() throws Exception {
        try (App app = App.demo()) {
            String old = app.token("ada");
            assertThat(pending(app, Lane.PLAIN, old)).isEqualTo(200);
            app.drill("provider/down", "{}");
            app.drill("plain/restart", "{}");
            app.drill("keys/rotate", "{}");
            assertThat(pending(app, Lane.PLAIN, old)).isEqualTo(200);
            assertThat(pending(app, Lane.PLAIN, app.token("ada"))).isEqualTo(401);
        }
    }

    @Test
    void aRedisThatDiedByItselfIsStartedAgain() throws Exception {
        try (App app = App.demo()) {
            app.drill("redis/start", "{}");
            app.drill("provider/up", "{}");
            ProcessHandle server = app.handle()
                    .descendants()
                    .filter(one -> one.info().command().orElse("").matches(".*/redis-[^/]*"))
                    .findFirst()
                    .orElseThrow();
            server.destroyForcibly();
            await().until(() -> app.ready().path("redis").asText().equals("DOWN"));
            app.drill("redis/start", "{}");
            await().atMost(Duration.ofSeconds(60))
                    .until(() -> app.ready().path("redis").asText().equals("UP"));
            String history = App.send(app.request("/drill/history").build()).body();
            assertThat(history.split("Redis was started.", -1)).hasSize(2);
            assertThat(history).doesNotContain("The provider answers again.");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/drill/status", "/drill/history", "/drill/events"})
    void headOfADrillIsAnsweredAtOnce(String path) throws Exception {
        HttpResponse<String> head =
                App.send(app.head(path).header("Accept", "text/event-stream").build());
        assertThat(head.statusCode()).isEqualTo(200);
        assertThat(head.headers().firstValue("Content-Type")).isPresent();
        assertThat(head.body()).isEmpty();
    }

    private static int pending(App app, Lane lane, String token) throws Exception {
        return app.get(lane.prefix + "/api/v1/sessions/pending-ratings", token).statusCode();
    }

    @Test
    void aRedeployLosesNoRequestOfTheHardenedLane() throws Exception {
        JsonNode answer = app.drill("redeploy", "{}");
        JsonNode hardened = answer.path("hardened");
        assertThat(hardened.path("lost").asInt()).as(answer.toString()).isZero();
        assertThat(hardened.path("answered").asInt()).isPositive();
        assertThat(hardened.path("told_to_retry").asInt()).isPositive();
        assertThat(answer.path("plain").path("lost").asInt())
                .as(answer.toString())
                .isPositive();
    }

    @Test
    void aCopyThatStartsBeforeItsRedisWaitsForIt() throws Exception {
        JsonNode answer = app.drill("redis/late", "{}");
        assertThat(answer.path("hardened").path("started").asBoolean())
                .as(answer.toString())
                .isTrue();
        assertThat(answer.path("plain").path("started").asBoolean())
                .as(answer.toString())
                .isFalse();
        assertThat(answer.path("plain").path("exit_code").asInt()).isEqualTo(1);
    }

    @Test
    void bothLanesGetTheSameLoadAtTheSameMoment() throws Exception {
        try (var events = app.events()) {
            events.awaitLoad(40);
            assertThat(events.load("hardened")).isNotEmpty();
            // The last answers may still be under way.
            int both = Math.min(
                            events.load("hardened").size(), events.load("plain").size())
                    - 5;
            assertThat(events.load("hardened").subList(0, both))
                    .isEqualTo(events.load("plain").subList(0, both));
        }
    }

    @Test
    void twoWhoPressNextSessionAtOnceLeaveOneTableOpen() throws Exception {
        try (RedisServer server = RedisServer.start();
                ConnectedRedis redis =
                        RedisConnector.builder(server.uri()).build().connect()) {
            Tables tables = new Tables(redis::sync, Clock.systemUTC());
            AtomicReference<DemoTables> demo = new AtomicReference<>();
            Thread second = new Thread(() -> demo.get().next(), "second");
            // The first one goes on once the second has either seated its table or waits for the first.
            demo.set(new DemoTables(tables, Clock.systemUTC(), session -> {
                if (demo.get() != null && second.getState() == Thread.State.NEW) {
                    second.start();
                    await().until(() -> Set.of(Thread.State.BLOCKED, Thread.State.TERMINATED)
                            .contains(second.getState()));
                }
            }));
            demo.get().next();
            second.join();
            assertThat(tables.pending(String.valueOf(DemoTables.PEOPLE.get("ada"))))
                    .singleElement()
                    .satisfies(open -> assertThat(open.sessionId())
                            .isEqualTo(demo.get().table().id()));
        }
    }

    @Test
    void aTabThatComesLaterCanAskWhatHasHappened() throws Exception {
        try (App.Events events = app.events()) {
            events.awaitLoad(10);
            JsonNode history = App.json(App.send(app.request("/drill/history").build()));
            assertThat(history.findValuesAsText("name")).contains("status", "timeline", "load");
            assertThat(history.toString()).contains("All required secrets are present.");
        }
    }

    @Test
    void theNextSessionBeginsWhenTheTableIsOver() throws Exception {
        try (RedisServer server = RedisServer.start();
                ConnectedRedis redis =
                        RedisConnector.builder(server.uri()).build().connect()) {
            AtomicReference<Instant> now = new AtomicReference<>(Instant.now());
            Clock clock = new Clock() {
                @Override
                public Instant instant() {
                    return now.get();
                }

                @Override
                public ZoneId getZone() {
                    return ZoneOffset.UTC;
                }

                @Override
                public Clock withZone(ZoneId zone) {
                    return this;
                }
            };
            List<String> seated = new ArrayList<>();
            Tables tables = new Tables(redis::sync, clock);
            DemoTables demo = new DemoTables(tables, clock, session -> seated.add(session.id()));
            assertThat(demo.isOver()).isFalse();
            now.set(now.get().plus(Duration.ofMinutes(4)));
            assertThat(demo.isOver()).isTrue();
            String before = demo.table().id();
            demo.next();
            assertThat(demo.isOver()).isFalse();
            assertThat(seated).hasSize(3).endsWith(demo.table().id()).contains(before);
            String ada = String.valueOf(DemoTables.PEOPLE.get("ada"));
            assertThat(tables.pending(ada))
                    .singleElement()
                    .satisfies(open ->
                            assertThat(open.sessionId()).isEqualTo(demo.table().id()));
        }
    }

    @Test
    void killingRedisIs503AndEndsWithoutARestart() throws Exception {
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
        try (RedisServer server = RedisServer.start("--appendonly", "yes", "--appendfsync", "always");
                DemoIdentityProvider provider = new DemoIdentityProvider();
                App app = App.production(provider, server.uri());
                ConnectedRedis redis =
                        RedisConnector.builder(server.uri()).build().connect()) {
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
                    server.stop();
                }
            }
            List<Integer> statuses = new ArrayList<>();
            for (CompletableFuture<HttpResponse<String>> answer : answers) {
                statuses.add(answer.join().statusCode());
            }
            server.restart();
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
        }
    }

    @Test
    void withoutTwoSecretsOneLaneExitsAndTheOtherFailsLater() throws Exception {
        JsonNode answer = app.drill("secrets/boot", "{}");
        assertThat(answer.path("hardened").path("exit_code").asInt()).isEqualTo(78);
        assertThat(answer.path("hardened").path("output").asText())
                .startsWith("Missing required secrets: SUPABASE_URL, LIVEKIT_API_KEY\n")
                .doesNotContain("for-the-demo-only", "\tat ");
        assertThat(answer.path("plain").path("health").asInt()).isEqualTo(200);
        assertThat(answer.path("plain").path("first_request").asInt()).isEqualTo(500);
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
