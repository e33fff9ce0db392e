package dev.hardening.example;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jwt.PlainJWT;
import dev.hardening.redis.ConnectedRedis;
import dev.hardening.redis.RedisConnector;
import dev.hardening.testing.RedisServer;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Two instances in production mode on one Redis, with an identity provider of the test's. */
class ApiIT {

    private static RedisServer server;
    private static ConnectedRedis redis;
    private static DemoIdentityProvider provider;
    private static Tables tables;
    private static App app;
    private static App second;

    private final List<String> people = Seated.four();
    private String session;
    private String token;

    @BeforeAll
    static void start() throws Exception {
        server = RedisServer.start();
        redis = RedisConnector.builder(server.uri()).build().connect();
        provider = new DemoIdentityProvider();
        tables = new Tables(redis::sync, Clock.systemUTC());
        app = App.production(provider, server.uri());
        second = App.production(provider, server.uri());
        app.url();
        second.url();
    }

    @AfterAll
    static void stop() throws Exception {
        String output = app.output() + second.output();
        app.close();
        second.close();
        provider.close();
        redis.close();
        server.close();
        assertThat(output).doesNotContain(App.CANARY, "eyJ");
    }

    @BeforeEach
    void seat() {
        session = seat(51);
        token = provider.sign(people.get(0), "ada", JWSAlgorithm.ES256);
    }

    private static String id() {
        return UUID.randomUUID().toString();
    }

    private String seat(int minutesAgo) {
        return Seated.at(tables, people, minutesAgo).session();
    }

    private void assertProblem(HttpResponse<String> answer, int status, String code) throws Exception {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        assertThat(answer.headers().firstValue("Content-Type"))
                .hasValueSatisfying(type -> assertThat(type).startsWith("application/problem+json"));
        assertThat(App.json(answer).path("code").asText()).isEqualTo(code);
        assertThat(App.json(answer).path("status").asInt()).isEqualTo(status);
        assertThat(App.json(answer).path("detail").asText()).isNotBlank();
        assertThat(answer.body()).doesNotContain(session).doesNotContain(people);
    }

    @Test
    void openRatingsAreListedWithWhoCanBeRated() throws Exception {
        var pending = App.json(app.get("/api/v1/sessions/pending-ratings", token));

        assertThat(pending.path("has_pending").booleanValue()).isTrue();
        assertThat(pending.path("pending").path("session_id").asText()).isEqualTo(session);
        assertThat(pending.path("pending").path("rateable_users")).hasSize(3);
        assertThat(Instant.parse(pending.path("pending").path("expires_at").asText()))
                .isAfter(Instant.now());
    }

    @Test
    void manyClosedSessionsDoNotHideTheOpenOne() throws Exception {
        for (int closed = 0; closed < 101; closed++) {
            tables.close(seat(60));
        }
        assertThat(App.json(app.get("/api/v1/sessions/pending-ratings", token))
                        .path("pending")
                        .path("session_id")
                        .asText())
                .isEqualTo(session);
        assertThat(redis.sync().zrange(sessionsKey(), 0, -1)).containsExactly(session);
    }

    @Test
    void manyClosedSessionsDoNotStopARatingOfTheOpenOne() throws Exception {
        for (int closed = 0; closed < 101; closed++) {
            tables.close(seat(60));
        }
        assertThat(app.rate(session, token, App.green(people.get(1))).statusCode())
                .isEqualTo(200);
        assertThat(redis.sync().zrange(sessionsKey(), 0, -1)).containsExactly(session);
    }

    private String sessionsKey() {
        return "user:{" + people.get(0) + "}:sessions";
    }

    @ParameterizedTest
    @ValueSource(strings = {"ES256", "RS256"})
    void ratingsOfTheRightSessionAreKept(String algorithm) throws Exception {
        String signed = provider.sign(people.get(0), "ada", JWSAlgorithm.parse(algorithm));
        HttpResponse<String> answer = app.rate(session, signed, App.green(people.get(1), people.get(2), people.get(3)));

        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(App.json(answer).path("success").booleanValue()).isTrue();
        assertThat(App.json(answer).path("ratings_submitted").intValue()).isEqualTo(3);
        assertThat(App.json(second.get("/api/v1/sessions/pending-ratings", signed))
                        .path("has_pending")
                        .booleanValue())
                .isFalse();
    }

    @Test
    void ratingsOfAnotherSessionAreRefused() throws Exception {
        String another = seat(30);
        tables.close(another);
        HttpResponse<String> answer = app.rate(another, token, App.green(people.get(1)));

        assertProblem(answer, 409, "SESSION_MISMATCH");
        assertThat(App.json(answer).path("detail").asText())
                .isEqualTo("Session mismatch: cannot rate a different session");
        assertThat(answer.body()).doesNotContain(another, session);
        assertThat(redis.sync().hgetall("session:{" + another + "}:ratings")).isEmpty();
    }

    @Test
    void aBodyOfAnotherSessionThanThePathIsRefused() throws Exception {
        String body = App.green(people.get(1)).replace("{\"ratings\"", "{\"session_id\":\"" + id() + "\",\"ratings\"");
        assertProblem(app.rate(session, token, body), 409, "SESSION_MISMATCH");
    }

    @Test
    void withNothingOpenTheAnswerIs404() throws Exception {
        String stranger = provider.sign(id(), "eve", JWSAlgorithm.ES256);
        assertProblem(app.rate(session, stranger, App.green(people.get(1))), 404, "NO_PENDING_RATINGS");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 29, 49})
    void beforeTheSocialPhaseNoSessionIsRatable(int minute) throws Exception {
        String early = seat(minute);
        assertProblem(app.rate(early, token, App.green(people.get(1))), 403, "SESSION_NOT_RATABLE");
    }

    @Test
    void anEndedSessionStaysRatable() throws Exception {
        String ended = seat(120);
        assertThat(app.rate(ended, token, App.green(people.get(1))).statusCode())
                .isEqualTo(200);
    }

    @Test
    void aRepeatedRatingKeepsNothingOfItsSubmission() throws Exception {
        assertThat(app.rate(session, token, App.green(people.get(1))).statusCode())
                .isEqualTo(200);
        assertProblem(app.rate(session, token, App.green(people.get(2), people.get(1))), 409, "RATING_ALREADY_EXISTS");
        assertThat(redis.sync().hlen("session:{" + session + "}:ratings")).isEqualTo(1);
    }

    @Test
    void ofTwoSubmissionsAtOnceOneIsKeptWhole() throws Exception {
        for (int round = 0; round < 20; round++) {
            String one = seat(51);
            List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
            answers.add(App.sendAsync(app.ratingOf(one, token, App.green(people.get(1), people.get(2)))));
            answers.add(App.sendAsync(second.ratingOf(one, token, App.ratings("skip", people.get(2), people.get(3)))));
            List<Integer> statuses = new ArrayList<>();
            for (CompletableFuture<HttpResponse<String>> answer : answers) {
                statuses.add(answer.get().statusCode());
            }
            assertThat(statuses).containsExactlyInAnyOrder(200, 409);
            var kept = redis.sync().hgetall("session:{" + one + "}:ratings");
            assertThat(kept).hasSize(2);
            String word = statuses.get(0) == 200 ? "green" : "skip";
            assertThat(kept.values()).allSatisfy(rating -> assertThat(rating).contains('"' + word + '"'));
        }
    }

    @Test
    void skippingClosesTheRatings() throws Exception {
        assertThat(App.json(skip(session)).path("success").booleanValue()).isTrue();
        assertThat(App.json(app.get("/api/v1/sessions/pending-ratings", token))
                        .path("has_pending")
                        .booleanValue())
                .isFalse();
        assertProblem(skip(session), 404, "NO_PENDING_RATINGS");
    }

    @Test
    void aRepeatedSkipUnderItsKeyGetsTheSameAnswer() throws Exception {
        HttpResponse<String> first = send(app, "/rate/skip", "key-5", "");
        HttpResponse<String> again = send(second, "/rate/skip", "key-5", "{}");
        assertThat(first.statusCode()).as(first.body()).isEqualTo(200);
        assertThat(again.statusCode()).as(again.body()).isEqualTo(200);
        assertThat(again.body()).isEqualTo(first.body());
        assertProblem(rate(app, "key-5", App.green(people.get(1))), 422, "IDEMPOTENCY_KEY_REUSED");
        assertProblem(send(app, "/rate/skip", "key-6", ""), 404, "NO_PENDING_RATINGS");
    }

    @Test
    void skippingNeedsTheOpenSessionInItsSocialPhase() throws Exception {
        assertProblem(skip(id()), 409, "SESSION_MISMATCH");
        assertProblem(skip(seat(49)), 403, "SESSION_NOT_RATABLE");
        assertThat(App.json(app.get("/api/v1/sessions/pending-ratings", token))
                        .path("pending")
                        .path("session_id")
                        .asText())
                .isEqualTo(session);
    }

    private HttpResponse<String> skip(String sessionId) throws Exception {
        return App.send(app.request("/api/v1/sessions/" + sessionId + "/rate/skip")
                .header("Authorization", "Bearer " + token)
                .POST(HttpRequest.BodyPublishers.noBody())
                .build());
    }

    @Test
    void aRedRatingNeedsAReason() throws Exception {
        String red = App.ratings("red", people.get(1));
        assertProblem(app.rate(session, token, red), 422, "RED_REASON_REQUIRED");
        assertProblem(
                app.rate(session, token, red.replace("\"red\"", "\"red\",\"reasons\":[\" \"]")),
                422,
                "RED_REASON_REQUIRED");
        for (String nothing : List.of(
                "\u00a0",
                "\u2007",
                "\u3000",
                "\u200b\ufeff",
                "\\u0000",
                "\\u0085\\n",
                "\u2800",
                "\u115f\u1160",
                "\u034f\ufe0f\uffa0")) {
            String reasons = "\"red\",\"reasons\":[\"" + nothing + "\"],\"other_reason_text\":\"" + nothing + "\"";
            assertProblem(app.rate(session, token, red.replace("\"red\"", reasons)), 422, "RED_REASON_REQUIRED");
        }
        assertThat(app.rate(session, token, red.replace("\"red\"", "\"red\",\"reasons\":[\"no_show\"]"))
                        .statusCode())
                .isEqualTo(200);
    }

    @Test
    void oneselfAStrangerOrAPersonTwiceIsNoTarget() throws Exception {
        for (String[] ratees : List.of(
                new String[] {people.get(0)},
                new String[] {id()},
                new String[] {people.get(1), people.get(1)},
                new String[] {people.get(1), id()})) {
            assertProblem(app.rate(session, token, App.green(ratees)), 400, "INVALID_RATING_TARGET");
        }
        assertThat(redis.sync().exists("session:{" + session + "}:ratings")).isZero();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{",
                "[]",
                "null",
                "\"ratings\"",
                "{}",
                "{\"ratings\":{}}",
                "{\"ratings\":[]}",
                "{\"ratings\":[1]}",
                "{\"ratings\":[{\"ratee_id\":1,\"rating\":\"green\"}]}",
                "{\"ratings\":[{\"ratee_id\":\"a\",\"rating\":\"blue\"}]}",
                "{\"ratings\":[{\"ratee_id\":\"a\",\"rating\":\"red\",\"reasons\":\"x\"}]}",
                "{\"ratings\":[]} {}",
                "{\"ratings\":[],\"ratings\":[]}",
                "{\"session_id\":1,\"ratings\":[]}"
            })
    void aBodyThatIsNoSubmissionIsRefused(String body) throws Exception {
        assertProblem(app.rate(session, token, body), 400, "MALFORMED_REQUEST");
    }

    @Test
    void fourRatingsAreOneTooMany() throws Exception {
        String four = App.green(people.get(1), people.get(2), people.get(3), id());
        assertProblem(app.rate(session, token, four), 400, "MALFORMED_REQUEST");
    }

    @Test
    void deeplyNestedJsonIsRefused() throws Exception {
        assertProblem(app.rate(session, token, "[".repeat(8000)), 400, "MALFORMED_REQUEST");
    }

    @Test
    void aLargeBodyIsRefusedWithAndWithoutItsLength() throws Exception {
        String large = " ".repeat(20_000);
        assertProblem(app.rate(session, token, large), 413, "PAYLOAD_TOO_LARGE");
        HttpRequest chunked = app.request("/api/v1/sessions/" + session + "/rate")
                .header("Authorization", "Bearer " + token)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofInputStream(
                        () -> new java.io.ByteArrayInputStream(large.getBytes(StandardCharsets.UTF_8))))
                .build();
        assertProblem(App.send(chunked), 413, "PAYLOAD_TOO_LARGE");
    }

    @ParameterizedTest
    @ValueSource(strings = {"text/plain", "application/x-www-form-urlencoded", "application/jsonp"})
    void anotherMediaTypeThanJsonIsRefused(String type) throws Exception {
        HttpRequest request = app.request("/api/v1/sessions/" + session + "/rate")
                .header("Authorization", "Bearer " + token)
                .header("Content-Type", type)
                .POST(HttpRequest.BodyPublishers.ofString(App.green(people.get(1))))
                .build();
        assertProblem(App.send(request), 415, "UNSUPPORTED_MEDIA_TYPE");
    }

    @Test
    void withoutAGoodTokenTheAnswerIs401() throws Exception {
        DemoIdentityProvider another = new DemoIdentityProvider();
        String plain = new PlainJWT(provider.claims(people.get(0), "ada").build()).serialize();
        Date past = Date.from(Instant.now().minus(Duration.ofMinutes(5)));
        List<String> bad = List.of(
                "",
                "x",
                plain,
                plain + "x",
                provider.sign(
                        provider.claims(people.get(0), "ada")
                                .expirationTime(past)
                                .build(),
                        JWSAlgorithm.ES256),
                provider.sign(
                        provider.claims(people.get(0), "ada").audience("anon").build(), JWSAlgorithm.ES256),
                provider.sign(
                        provider.claims(people.get(0), "ada").subject(null).build(), JWSAlgorithm.ES256),
                provider.sign(
                        provider.claims(people.get(0), "ada")
                                .issuer("https://evil.example")
                                .build(),
                        JWSAlgorithm.ES256),
                another.sign(provider.claims(people.get(0), "ada").build(), JWSAlgorithm.ES256),
                token.substring(0, token.length() - 6) + "AAAAAA");
        another.close();
        for (String one : bad) {
            assertProblem(app.get("/api/v1/sessions/pending-ratings", one), 401, "INVALID_TOKEN");
        }
        HttpResponse<String> none =
                App.send(app.request("/api/v1/sessions/pending-ratings").build());
        assertProblem(none, 401, "INVALID_TOKEN");
        assertThat(none.headers().firstValue("WWW-Authenticate")).contains("Bearer");
    }

    @Test
    void inProductionThereIsNoDrill() throws Exception {
        for (String path : List.of(
                "/drill/status",
                "/drill/events",
                "/drill/keys/rotate",
                "/drill/token",
                "/plain/health",
                "/plain/api/v1/sessions/pending-ratings")) {
            assertProblem(App.send(app.request(path).header("X-Drill", "1").build()), 404, "NOT_FOUND");
            HttpRequest post = app.request(path)
                    .header("X-Drill", "1")
                    .POST(HttpRequest.BodyPublishers.noBody())
                    .build();
            assertProblem(App.send(post), 404, "NOT_FOUND");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/webjars/hardening-rating-guard/..%2f..%2f..%2fMANIFEST.MF",
        "/webjars/hardening-rating-guard/../../../../simplelogger.properties",
        "/..%5c..%5csimplelogger.properties",
        "/%00",
        "//etc/passwd"
    })
    void noPathLeavesTheFolderOfThePage(String path) throws Exception {
        String answer = raw("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        assertThat(answer)
                .startsWith("HTTP/1.1 4")
                .doesNotContain("root:", "simpleLogger", "Manifest-Version", "\tat ");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "RUBBISH|400 MALFORMED_REQUEST",
                "GET / HTTP/1.1|400 MALFORMED_REQUEST",
                "GET / HTTP/3.0~Host: localhost|400 MALFORMED_REQUEST",
                "GET / HTTP/1.2~Host: localhost|400 MALFORMED_REQUEST",
                "GET / HTTP/1.1~Host: localhost~Content-Length: x|400 MALFORMED_REQUEST",
                "GET / HTTP/1.1~Host: localhost~X-Large: LARGE|431 HEADERS_TOO_LARGE",
                "GET /%zz HTTP/1.1~Host: localhost|400 MALFORMED_REQUEST",
                "POST /api/v1/sessions/a/rate HTTP/1.1~Host: localhost~Content-Type: application/json;"
                        + " charset=klingon~Content-Length: 0|401 INVALID_TOKEN",
                "POST /nothing HTTP/1.1~Host: localhost~Content-Type: text/plain; charset=klingon"
                        + "~Content-Length: 0|404 NOT_FOUND"
            })
    void brokenHttpIsAnsweredWithAProblem(String request, String expected) throws Exception {
        String lines = request.replace("~", "\r\n").replace("LARGE", "x".repeat(20_000));
        String answer = raw(lines + "\r\nConnection: close\r\n\r\n");
        assertThat(answer)
                .startsWith("HTTP/1.1 " + expected.substring(0, 3))
                .contains(
                        "Content-Type: application/problem+json",
                        "\"code\":\"" + expected.substring(4) + "\"",
                        "Content-Security-Policy: default-src 'none'",
                        "X-Content-Type-Options: nosniff",
                        "Referrer-Policy: no-referrer")
                .doesNotContain("\tat ", "Jetty");
    }

    @ParameterizedTest
    @ValueSource(strings = {"application/json; charset=klingon", "application/json; charset=utf-16"})
    void aBodyInAnotherCharsetIsRefused(String type) throws Exception {
        HttpRequest request = app.request("/api/v1/sessions/" + session + "/rate")
                .header("Authorization", "Bearer " + token)
                .header("Content-Type", type)
                .POST(HttpRequest.BodyPublishers.ofString(App.green(people.get(1))))
                .build();
        assertProblem(App.send(request), 415, "UNSUPPORTED_MEDIA_TYPE");
    }

    @ParameterizedTest
    @ValueSource(strings = {"application/json; charset=utf8", "application/json;charset=\"UTF-8\""})
    void utf8MayBeNamedInAnyOfItsSpellings(String type) throws Exception {
        HttpRequest request = app.request("/api/v1/sessions/" + session + "/rate")
                .header("Authorization", "Bearer " + token)
                .header("Content-Type", type)
                .POST(HttpRequest.BodyPublishers.ofString(App.green(people.get(1))))
                .build();
        assertThat(App.send(request).statusCode()).isEqualTo(200);
    }

    @ParameterizedTest
    @CsvSource({"gzip,415", "br,415", "identity,200"})
    void aBodyThatIsCompressedIsRefused(String encoding, int status) throws Exception {
        HttpRequest request = app.request("/api/v1/sessions/" + session + "/rate")
                .header("Authorization", "Bearer " + token)
                .header("Content-Type", "application/json")
                .header("Content-Encoding", encoding)
                .POST(HttpRequest.BodyPublishers.ofString(App.green(people.get(1))))
                .build();
        assertThat(App.send(request).statusCode()).isEqualTo(status);
    }

    @Test
    void headersSentByteByByteAreClosed() throws Exception {
        URI url = app.url();
        try (Socket slow = new Socket(url.getHost(), url.getPort())) {
            slow.setSoTimeout(60_000);
            OutputStream out = slow.getOutputStream();
            assertThatThrownBy(() -> {
                        for (char one :
                                ("GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + "x".repeat(1000)).toCharArray()) {
                            out.write(one);
                            out.flush();
                            Thread.sleep(100);
                        }
                    })
                    .as("closed while its headers were still being sent")
                    .isInstanceOf(java.io.IOException.class);
        }
    }

    @Test
    void everyAnswerCarriesTheSecurityHeaders() throws Exception {
        for (String path : List.of(
                "/", "/app.js", "/nothing-here", "/health/live", "/metrics", "/api/v1/sessions/pending-ratings")) {
            var headers = App.send(app.request(path).build()).headers();
            assertThat(headers.firstValue("Content-Security-Policy"))
                    .as(path)
                    .hasValueSatisfying(policy -> assertThat(policy)
                            .contains("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'")
                            .doesNotContain("unsafe"));
            assertThat(headers.firstValue("X-Content-Type-Options")).contains("nosniff");
            assertThat(headers.firstValue("Referrer-Policy")).contains("no-referrer");
            assertThat(headers.firstValue("Server")).isEmpty();
        }
    }

    @Test
    void aRepeatedRequestUnderItsKeyGetsTheSameAnswer() throws Exception {
        String body = App.green(people.get(1), people.get(2));
        HttpResponse<String> first = rate(app, "\"key-1\"", body);
        HttpResponse<String> again = rate(second, "key-1", body);

        assertThat(first.statusCode()).as(first.body()).isEqualTo(200);
        assertThat(again.statusCode()).as(again.body()).isEqualTo(200);
        assertThat(again.body()).isEqualTo(first.body());
        assertThat(redis.sync().hlen("session:{" + session + "}:ratings")).isEqualTo(2);
        assertProblem(rate(app, "key-1", App.green(people.get(3))), 422, "IDEMPOTENCY_KEY_REUSED");
        assertProblem(rate(app, "key-2", body), 409, "RATING_ALREADY_EXISTS");
        assertProblem(rate(app, "k".repeat(256), body), 400, "MALFORMED_REQUEST");
    }

    @Test
    void aRefusedRequestCanBeMendedUnderItsKey() throws Exception {
        assertProblem(rate(app, "key-3", App.green(id())), 400, "INVALID_RATING_TARGET");
        assertThat(rate(app, "key-3", App.green(people.get(1))).statusCode()).isEqualTo(200);
    }

    @Test
    void aKeyIsRefusedForAnotherSessionOnceItIsUsed() throws Exception {
        String body = App.green(people.get(1));
        String first = session;
        assertThat(rate(app, "key-8", body).statusCode()).isEqualTo(200);
        session = seat(51);
        assertProblem(rate(second, "key-8", body), 422, "IDEMPOTENCY_KEY_REUSED");
        assertThat(redis.sync().exists("session:{" + session + "}:ratings")).isZero();
        session = first;
        assertThat(rate(second, "key-8", body).statusCode()).as("replayed").isEqualTo(200);
    }

    @Test
    void aKeyThatWasRefusedIsFreeForAnotherSession() throws Exception {
        String body = App.green(people.get(1));
        String open = session;
        session = seat(3);
        assertProblem(rate(app, "key-9", body), 403, "SESSION_NOT_RATABLE");
        session = open;
        assertThat(rate(app, "key-9", body).statusCode()).isEqualTo(200);
        session = seat(51);
        assertProblem(rate(app, "key-9", body), 422, "IDEMPOTENCY_KEY_REUSED");
    }

    private HttpResponse<String> rate(App instance, String key, String body) throws Exception {
        return send(instance, "/rate", key, body);
    }

    private HttpResponse<String> send(App instance, String path, String key, String body) throws Exception {
        return App.send(instance.request("/api/v1/sessions/" + session + path)
                .header("Authorization", "Bearer " + token)
                .header("Content-Type", "application/json")
                .header("Idempotency-Key", key)
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build());
    }

    @Test
    void everyKeyInRedisHasAnExpiry() throws Exception {
        assertThat(rate(app, "key-4", App.green(people.get(1))).statusCode()).isEqualTo(200);
        String rest = seat(51);
        app.rate(rest, token, App.green(people.get(1), people.get(2), people.get(3)));
        List<String> keys = redis.sync().keys("*");
        assertThat(keys)
                .anySatisfy(key -> assertThat(key).contains(":ratings"))
                .anySatisfy(key -> assertThat(key).contains(":attempt:"))
                .anySatisfy(key -> assertThat(key).startsWith("user:"));
        assertThat(keys)
                .allSatisfy(key -> assertThat(redis.sync().pttl(key)).as(key).isPositive());
    }

    @Test
    void idsThatLookAlikeWhenJoinedAreToldApart() throws Exception {
        String one = "1" + id();
        List<String> odd = List.of(one, one + ">x", "x>" + id(), "x>y");
        Seated table = Seated.at(tables, odd, 51);
        String first = provider.sign(odd.get(0), "ada", JWSAlgorithm.ES256);
        String other = provider.sign(odd.get(1), "ben", JWSAlgorithm.ES256);
        assertThat(app.rate(table.session(), first, App.green(odd.get(2), odd.get(3)))
                        .statusCode())
                .isEqualTo(200);
        assertThat(app.rate(table.session(), other, App.green(odd.get(2), odd.get(3)))
                        .statusCode())
                .isEqualTo(200);
        assertThat(App.json(app.get("/api/v1/sessions/pending-ratings", first))
                        .path("pending")
                        .path("rateable_users"))
                .hasSize(1);
        assertThat(redis.sync().hlen(table.ratingsKey())).isEqualTo(4);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"ratings\":[{\"ratee_id\":\"\\ud800\",\"rating\":\"green\"}]}",
                "{\"ratings\":[{\"ratee_id\":\"a\",\"rating\":\"red\",\"reasons\":[\"\\udc00\"]}]}",
                "{\"ratings\":[{\"ratee_id\":\"a\",\"rating\":\"red\",\"other_reason_text\":\"x\\ud83d\"}]}",
                "{\"ratings\":[{\"ratee_id\":\"\",\"rating\":\"green\"}]}"
            })
    void halfASurrogatePairIsRefused(String body) throws Exception {
        assertProblem(app.rate(session, token, body), 400, "MALFORMED_REQUEST");
    }

    @Test
    void bytesThatAreNoUtf8AreRefused() throws Exception {
        byte[] body = App.ratings("red", people.get(1))
                .replace("\"red\"", "\"red\",\"reasons\":[\"?\"]")
                .getBytes(StandardCharsets.UTF_8);
        for (int at = 0; at < body.length; at++) {
            body[at] = body[at] == '?' ? (byte) 0xff : body[at];
        }
        HttpRequest request = app.request("/api/v1/sessions/" + session + "/rate")
                .header("Authorization", "Bearer " + token)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                .build();
        assertProblem(App.send(request), 400, "MALFORMED_REQUEST");
    }

    @Test
    void moreReasonsThanTenAreRefused() throws Exception {
        String red = App.ratings("red", people.get(1));
        String many = "\"x\"" + ",\"x\"".repeat(299);
        assertProblem(
                app.rate(session, token, red.replace("\"red\"", "\"red\",\"reasons\":[" + many + "]")),
                400,
                "MALFORMED_REQUEST");
    }

    @Test
    void aMethodThatIsNotForHereIsRefused() throws Exception {
        HttpRequest delete = app.request("/health/live").DELETE().build();
        HttpResponse<String> answer = App.send(delete);
        assertProblem(answer, 405, "METHOD_NOT_ALLOWED");
        assertThat(answer.headers().firstValue("Allow"))
                .hasValueSatisfying(methods -> assertThat(methods.split(", ")).containsExactly("GET", "HEAD"));
        HttpRequest head = app.request("/health/live")
                .method("HEAD", HttpRequest.BodyPublishers.noBody())
                .build();
        assertThat(App.send(head).statusCode()).isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/",
                "/style.css",
                "/health/live",
                "/health/ready",
                "/api/v1/sessions/pending-ratings",
                "/docs/rating-guard",
                "/docs/no-such-page",
                "/drill/status"
            })
    void headIsAnsweredAsGetWithoutABody(String path) throws Exception {
        HttpResponse<String> get = App.send(app.request(path).build());
        HttpResponse<String> head = App.send(app.head(path).build());
        assertThat(head.statusCode()).isEqualTo(get.statusCode());
        for (String name : List.of("Content-Type", "Content-Length", "Cache-Control", "WWW-Authenticate")) {
            assertThat(head.headers().allValues(name))
                    .as(name)
                    .isEqualTo(get.headers().allValues(name));
        }
        assertThat(head.body()).isEmpty();
    }

    @Test
    void headOfAPostRouteIsRefused() throws Exception {
        HttpResponse<String> head =
                App.send(app.head("/api/v1/sessions/" + session + "/rate/skip").build());
        assertThat(head.statusCode()).isEqualTo(405);
        assertThat(head.headers().firstValue("Allow")).hasValue("POST");
    }

    @Test
    void skipsAtOnceAreAnsweredAsOneAfterTheOther() throws Exception {
        long mismatches = app.metric("rating_guard_mismatches_total");
        for (int round = 0; round < 20; round++) {
            Seated seated = Seated.at(tables);
            HttpRequest skip = app.request("/api/v1/sessions/" + seated.session() + "/rate/skip")
                    .header("Authorization", "Bearer " + seated.token(provider))
                    .POST(HttpRequest.BodyPublishers.noBody())
                    .build();
            List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
            for (int tab = 0; tab < 4; tab++) {
                answers.add(App.sendAsync(skip));
            }
            List<Integer> statuses = new ArrayList<>();
            for (CompletableFuture<HttpResponse<String>> answer : answers) {
                statuses.add(answer.get().statusCode());
            }
            assertThat(statuses).containsExactlyInAnyOrder(200, 404, 404, 404);
        }
        assertThat(app.metric("rating_guard_mismatches_total")).isEqualTo(mismatches);
    }

    @ParameterizedTest
    @ValueSource(strings = {"Authorization", "Idempotency-Key"})
    void aHeaderThatIsThereTwiceIsRefused(String name) throws Exception {
        HttpRequest twice = app.request("/api/v1/sessions/" + session + "/rate")
                .header("Authorization", "Bearer " + token)
                .header("Content-Type", "application/json")
                .header("Idempotency-Key", "key-10")
                .header(name, "Bearer " + token)
                .POST(HttpRequest.BodyPublishers.ofString(App.green(people.get(1))))
                .build();
        assertProblem(App.send(twice), 400, "MALFORMED_REQUEST");
    }

    @Test
    void aRepeatedRequestMayHaveASlashAtItsEnd() throws Exception {
        String body = App.green(people.get(1));
        HttpResponse<String> first = send(app, "/rate", "key-11", body);
        HttpResponse<String> again = send(app, "/rate/", "key-11", body);
        assertThat(again.statusCode()).as(again.body()).isEqualTo(200);
        assertThat(again.body()).isEqualTo(first.body());
    }

    @ParameterizedTest
    @ValueSource(strings = {"rating-guard", "scale", "benchmarks"})
    void aPageOfTheDocumentationIsWhole(String page) throws Exception {
        String html = App.send(app.request("/docs/" + page).build()).body();
        assertThat(html).doesNotContain("&lt;!--").containsPattern("<h2 id=\"[a-z0-9-]+\">");
        assertThat(count(html, "language-mermaid")).isEqualTo(count(html, "A diagram, as its source in Mermaid:"));
        Matcher picture = Pattern.compile("<img src=\"([^\"]+)\"").matcher(html);
        while (picture.find()) {
            HttpResponse<String> answer = App.send(app.request(picture.group(1)).build());
            assertThat(answer.statusCode()).as(picture.group(1)).isEqualTo(200);
            assertThat(answer.headers().firstValue("Content-Type")).hasValue("image/svg+xml");
        }
        Matcher link = Pattern.compile("href=\"#([^\"]+)\"").matcher(html);
        while (link.find()) {
            assertThat(html).contains("id=\"" + link.group(1) + "\"");
        }
    }

    private static int count(String text, String part) {
        return text.split(Pattern.quote(part), -1).length - 1;
    }

    @Test
    void theMetricsCountAndHoldNoId() throws Exception {
        String name = "rating_guard_mismatches_total";
        long before = app.metric(name);
        app.rate(id(), token, App.green(people.get(1)));
        assertThat(app.metric(name)).isEqualTo(before + 1);
        assertThat(App.send(app.request("/metrics").build()).body())
                .contains(
                        "jwks_cache_fetches_total{",
                        "jwks_cache_fetch_failures_total{",
                        "jwks_cache_age_seconds{",
                        "redis_connect_attempts_total{",
                        "redis_connection_up{")
                .doesNotContain(session, people.get(0), "ec-", "rsa-");
    }

    @Test
    void aStalledSenderIsClosedWhileOthersAreServed() throws Exception {
        URI url = app.url();
        try (Socket stalled = new Socket(url.getHost(), url.getPort())) {
            stalled.setSoTimeout(60_000);
            OutputStream out = stalled.getOutputStream();
            out.write(("POST /api/v1/sessions/" + session
                            + "/rate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                            + "Authorization: Bearer " + token + "\r\nContent-Length: 100\r\n\r\n{")
                    .getBytes(StandardCharsets.US_ASCII));
            out.flush();
            assertThat(app.get("/api/v1/sessions/pending-ratings", token).statusCode())
                    .isEqualTo(200);
            // The server ends it: either with an answer or by closing.
            String answer = new String(stalled.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(answer)
                    .satisfiesAnyOf(
                            text -> assertThat(text).isEmpty(),
                            text -> assertThat(text).startsWith("HTTP/1.1 4"),
                            text -> assertThat(text).startsWith("HTTP/1.1 5"));
        }
    }

    @Test
    void aBodySentByteByByteIsClosed() throws Exception {
        URI url = app.url();
        try (Socket dribbling = new Socket(url.getHost(), url.getPort())) {
            dribbling.setSoTimeout(60_000);
            OutputStream out = dribbling.getOutputStream();
            out.write(("POST /api/v1/sessions/" + session
                            + "/rate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                            + "Authorization: Bearer " + token + "\r\nContent-Length: 10000\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            for (int sent = 0; sent < 1000 && dribbling.getInputStream().available() == 0; sent++) {
                out.write(' ');
                Thread.sleep(100);
            }
            byte[] answer = dribbling.getInputStream().readNBytes(12);
            assertThat(new String(answer, StandardCharsets.US_ASCII)).isEqualTo("HTTP/1.1 408");
        }
    }

    @Test
    void twoHundredUnfinishedRequestsDelayNoOther() throws Exception {
        URI url = app.url();
        List<Socket> slow = new ArrayList<>();
        try {
            for (int number = 0; number < 200; number++) {
                Socket one = new Socket(url.getHost(), url.getPort());
                slow.add(one);
                one.getOutputStream()
                        .write("GET / HTTP/1.1\r\nHost: localhost\r\nX-".getBytes(StandardCharsets.US_ASCII));
            }
            assertThat(app.get("/api/v1/sessions/pending-ratings", token).statusCode())
                    .isEqualTo(200);
        } finally {
            for (Socket one : slow) {
                one.close();
            }
        }
    }

    private static String raw(String request) throws Exception {
        URI url = app.url();
        try (Socket socket = new Socket(url.getHost(), url.getPort())) {
            socket.setSoTimeout(60_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            socket.getOutputStream().flush();
            socket.shutdownOutput();
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
