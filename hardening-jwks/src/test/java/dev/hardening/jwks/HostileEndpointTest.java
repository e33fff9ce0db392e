package dev.hardening.jwks;

import static dev.hardening.jwks.KeyEndpoint.EC_1;
import static dev.hardening.jwks.KeyEndpoint.EC_2;
import static dev.hardening.jwks.KeyEndpoint.RSA_1;
import static dev.hardening.jwks.KeyEndpoint.RSA_2;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.OctetSequenceKey;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpExchange;
import dev.hardening.jwks.JWKSCacheStatus.State;
import java.io.IOException;
import java.io.OutputStream;
import java.math.BigInteger;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.KeyPairGenerator;
import java.security.interfaces.RSAPublicKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the endpoint may send. */
class HostileEndpointTest {

    private final KeyEndpoint endpoint = new KeyEndpoint();
    private final List<String> rejected = Collections.synchronizedList(new ArrayList<>());

    private final JWKSCacheListener recording = new JWKSCacheListener() {
        @Override
        public void keyRejected(@Nullable String kid, String reason) {
            rejected.add(kid + " " + reason);
        }
    };

    @AfterEach
    void stop() {
        endpoint.close();
    }

    private static List<String> kids(JWKSCache cache) {
        return cache.getKeys().getKeys().stream().map(JWK::getKeyID).toList();
    }

    private JWKSCache warm(JWKSCache.Builder builder) {
        JWKSCache cache = endpoint.open(builder.listener(recording));
        cache.getKeys();
        endpoint.advance(Duration.ofMinutes(55));
        return cache;
    }

    private void theOldSetStays(JWKSCache cache, String why) {
        cache.getKeys();
        Awaitility.await().until(() -> cache.status().failures() == 1);
        assertThat(cache.status().lastError()).contains(why);
        assertThat(kids(cache)).containsExactly("rsa-1", "ec-1");
        assertThat(cache.findKey("ec-1")).isPresent();
        assertThat(cache.status().state()).isEqualTo(State.REFRESH_DUE);
    }

    private static KeyEndpoint.Script validated(List<String> conditions, String header, String validator) {
        return exchange -> {
            String condition = exchange.getRequestHeaders()
                    .getFirst(header.equals("ETag") ? "If-None-Match" : "If-Modified-Since");
            conditions.add(String.valueOf(condition));
            exchange.getResponseHeaders().set(header, validator);
            if (validator.equals(condition)) {
                exchange.sendResponseHeaders(304, -1);
            } else {
                KeyEndpoint.serving(RSA_1, EC_1).answer(exchange);
            }
        };
    }

    @Nested
    class KeysThatCannotBeUsed {

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "",
                    " ",
                    "null",
                    "[]",
                    "1",
                    "\"keys\"",
                    "{",
                    "{}",
                    "{\"keys\":[]}",
                    "{\"keys\":{}}",
                    "{\"keys\":null}",
                    "{\"keys\":\"none\"}",
                    "{\"keys\":[null,1,\"a\",[],{}]}",
                    "{\"error\":1}",
                    "<!doctype html><title>Login</title>",
                    "{\"keys\":[{\"kty\":\"oct\",\"kid\":\"s\",\"k\":\"AAAA\"}]}",
                    "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"r\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}",
                    "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"X25519\",\"kid\":\"o\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}"
                })
        void make_a_failed_refresh_if_there_is_no_other(String body) {
            JWKSCache cache = warm(endpoint.inline());
            endpoint.script(KeyEndpoint.body(body));
            theOldSetStays(cache, "the answer ");
        }

        @Test
        void make_a_failed_refresh_if_nested_ten_thousand_deep() {
            JWKSCache cache = warm(endpoint.inline());
            endpoint.script(KeyEndpoint.body("{\"keys\":" + "[".repeat(10_000) + "]".repeat(10_000) + "}"));
            theOldSetStays(cache, "the answer ");
        }

        @Test
        void are_reported_once_each_without_a_key_id() {
            String good = RSA_1.toPublicJWK().toJSONString();
            endpoint.script(
                    KeyEndpoint.body("{\"keys\":[{},null,7,\"x\",{\"kty\":\"XYZ\"},{\"kty\":\"RSA\"}," + good + "]}"));
            JWKSCache cache = endpoint.open(endpoint.inline().listener(recording));
            for (int refresh = 0; refresh < 3; refresh++) {
                assertThat(kids(cache)).containsExactly("rsa-1");
                endpoint.advance(Duration.ofHours(1));
            }
            Awaitility.await()
                    .untilAsserted(() -> assertThat(rejected)
                            .hasSize(6)
                            .containsOnly(
                                    "null malformed",
                                    "null malformed: it has no n",
                                    "null of a type that is not supported"));
        }

        @Test
        void are_reported_with_their_id_in_one_line_also_a_number() {
            String good = RSA_1.toPublicJWK().toJSONString();
            endpoint.script(KeyEndpoint.body("{\"keys\":[" + good + ",{\"kty\":\"oct\",\"kid\":12},"
                    + "{\"kty\":\"oct\",\"kid\":\"a\\nb\\u001b[2J\\u202ec\"}]}"));
            JWKSCache cache = endpoint.open(endpoint.inline().listener(recording));
            cache.getKeys();
            assertThat(rejected).containsExactlyInAnyOrder("12 symmetric", "a b [2J c symmetric");
        }

        @Test
        void are_reported_once_whatever_changes_around_them() {
            String good = RSA_1.toPublicJWK().toJSONString();
            JWKSCache cache = endpoint.open(endpoint.inline().listener(recording));
            List<String> forms = List.of(
                    "{\"kty\":\"oct\",\"kid\":\"bad\",\"k\":\"AAAA\"}",
                    "{\"k\":\"AAAA\",\"kid\":\"bad\",\"kty\":\"oct\"}",
                    "{\"kty\":\"oct\",\"kid\":\"bad\",\"k\":\"AAAA\",\"iat\":1}",
                    "{\"kty\":\"oct\",\"kid\":\"bad\",\"k\":\"AAAA\",\"iat\":2}");
            for (String bad : forms) {
                endpoint.script(KeyEndpoint.body("{\"keys\":[" + good + "," + bad + "]}"));
                cache.getKeys();
                endpoint.advance(Duration.ofHours(1));
            }
            assertThat(endpoint.gets).hasValue(forms.size());
            assertThat(rejected).containsExactly("bad symmetric");
        }

        @Test
        void are_reported_again_once_a_thousand_others_are_gone() {
            String good = RSA_1.toPublicJWK().toJSONString();
            JWKSCache cache = endpoint.open(endpoint.inline().listener(recording));
            for (int set = 0; set < 3; set++) {
                StringBuilder body = new StringBuilder("{\"keys\":[" + good);
                for (int i = 0; i < 600; i++) {
                    body.append(",{\"kty\":\"oct\",\"kid\":\"" + set + "-" + i + "\"}");
                }
                endpoint.script(KeyEndpoint.body(body + "]}"));
                cache.getKeys();
                endpoint.advance(Duration.ofHours(1));
            }
            assertThat(rejected).hasSize(1_600).contains("0-599 symmetric", "1-399 symmetric", "2-599 symmetric");
        }

        @Test
        void spoil_no_good_key_among_them() {
            String good = RSA_1.toPublicJWK().toJSONString();
            endpoint.script(KeyEndpoint.body("{\"keys\":["
                    + "{\"kty\":\"RSA\",\"kid\":\"bad-1\",\"n\":\"*\",\"e\":\"AQAB\"},"
                    + "{\"kty\":\"EC\",\"kid\":\"bad-2\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"},"
                    + "{\"kty\":\"EC\",\"kid\":\"bad-3\",\"crv\":\"P-999\",\"x\":\"AA\",\"y\":\"AA\"},"
                    + "{\"kty\":\"XYZ\",\"kid\":\"bad-4\"},{\"kid\":\"bad-5\"},"
                    + "{\"kty\":\"RSA\",\"kid\":\"bad-6\",\"n\":1,\"e\":{}}," + good + "]}"));
            JWKSCache cache = endpoint.open(endpoint.inline().listener(recording));
            for (int refresh = 0; refresh < 3; refresh++) {
                assertThat(cache.findKey("rsa-1")).isPresent();
                assertThat(kids(cache)).containsExactly("rsa-1");
                endpoint.advance(Duration.ofHours(1));
            }
            assertThat(rejected)
                    .containsExactlyInAnyOrder(
                            "bad-1 malformed",
                            "bad-2 malformed",
                            "bad-3 of a curve that is not supported",
                            "bad-4 of a type that is not supported",
                            "bad-5 malformed",
                            "bad-6 malformed: its n is not text");
        }

        @Test
        void are_dropped_if_private_or_symmetric() throws Exception {
            byte[] secret = "a-secret-of-32-bytes-or-more-....".getBytes(StandardCharsets.US_ASCII);
            OctetSequenceKey oct =
                    new OctetSequenceKey.Builder(secret).keyID("oct-1").build();
            endpoint.script(KeyEndpoint.body(new JWKSet(List.of(RSA_1, oct)).toString(false)));
            JWKSCache cache = endpoint.open(endpoint.inline().listener(recording));
            assertThat(cache.getKeys().toString(false))
                    .contains("rsa-1")
                    .doesNotContain(
                            "\"d\"", "\"p\"", "oct-1", Base64URL.encode(secret).toString());
            assertThat(cache.findKey("rsa-1"))
                    .hasValueSatisfying(key -> assertThat(key.jwk().isPrivate()).isFalse());
            assertThat(rejected)
                    .containsExactlyInAnyOrder(
                            "rsa-1 published with its private part, which is dropped", "oct-1 symmetric");
            SignedJWT jwt = new SignedJWT(
                    new JWSHeader.Builder(JWSAlgorithm.HS256).keyID("oct-1").build(),
                    KeyEndpoint.claims().build());
            jwt.sign(new MACSigner(secret));
            TokenDecoder decoder = TokenDecoder.builder(cache).build();
            assertThatThrownBy(() -> decoder.decode(jwt.serialize())).isInstanceOf(InvalidTokenException.class);
        }

        @Test
        void are_left_out_if_too_weak_or_too_costly() throws Exception {
            KeyPairGenerator small = KeyPairGenerator.getInstance("RSA");
            small.initialize(1024);
            BigInteger modulus = RSA_2.toRSAPublicKey().getModulus();
            endpoint.serve(
                    EC_1,
                    new RSAKey.Builder((RSAPublicKey) small.generateKeyPair().getPublic())
                            .keyID("small")
                            .build(),
                    new RSAKey.Builder(Base64URL.encode(modulus), Base64URL.encode(BigInteger.ONE))
                            .keyID("e-1")
                            .build(),
                    new RSAKey.Builder(Base64URL.encode(modulus), Base64URL.encode(BigInteger.TEN))
                            .keyID("e-even")
                            .build(),
                    new RSAKey.Builder(
                                    Base64URL.encode(
                                            BigInteger.ONE.shiftLeft(20_000).add(BigInteger.ONE)),
                                    Base64URL.encode(BigInteger.valueOf(65_537)))
                            .keyID("huge")
                            .build());
            JWKSCache cache = endpoint.open(endpoint.inline().listener(recording));
            assertThat(kids(cache)).containsExactly("ec-1");
            assertThat(cache.status().keyCount()).isEqualTo(1);
            assertThat(rejected)
                    .hasSize(4)
                    .allMatch(line -> line.contains("not supported") || line.contains("malformed"));
        }
    }

    @Nested
    class TheSizeLimit {

        @ParameterizedTest
        @ValueSource(booleans = {true, false})
        void stops_an_answer_of_ten_mebibytes(boolean lengthIsSaid) {
            JWKSCache cache = warm(endpoint.background());
            AtomicLong sent = new AtomicLong();
            endpoint.script(exchange -> {
                exchange.sendResponseHeaders(200, lengthIsSaid ? 10 << 20 : 0);
                byte[] chunk = " ".repeat(16 * 1024).getBytes(StandardCharsets.US_ASCII);
                OutputStream body = exchange.getResponseBody();
                while (sent.addAndGet(chunk.length) <= 10 << 20) {
                    body.write(chunk);
                }
            });
            theOldSetStays(cache, "the answer is larger than 524288 bytes");
        }

        @Test
        void accepts_an_answer_of_its_own_size() {
            String set = new JWKSet(List.of(RSA_1, EC_1)).toString(true);
            int limit = set.length() + 100;
            JWKSCache cache = endpoint.open(endpoint.inline().maxResponseBytes(limit));
            endpoint.script(KeyEndpoint.body(set + " ".repeat(100)));
            assertThat(kids(cache)).containsExactly("rsa-1", "ec-1");
            endpoint.script(KeyEndpoint.body(set + " ".repeat(101)));
            endpoint.advance(Duration.ofMinutes(55));
            theOldSetStays(cache, "larger than " + limit);
        }
    }

    @Nested
    class AnAnswerThatIsSlowOrCut {

        @ParameterizedTest
        @ValueSource(booleans = {true, false})
        void is_stopped_at_the_deadline_and_no_reader_stalls(boolean ownExecutor) throws Exception {
            CountDownLatch dripping = new CountDownLatch(1);
            CountDownLatch cutOff = new CountDownLatch(1);
            JWKSCache.Builder builder = endpoint.background().fetchTimeout(Duration.ofSeconds(1));
            JWKSCache cache =
                    warm(ownExecutor ? builder.executor(task -> new Thread(task, "fetches").start()) : builder);
            endpoint.script(exchange -> {
                exchange.sendResponseHeaders(200, 0);
                OutputStream body = exchange.getResponseBody();
                try {
                    while (!Thread.currentThread().isInterrupted()) {
                        body.write(' ');
                        body.flush();
                        dripping.countDown();
                        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
                    }
                } catch (IOException closedByTheClient) {
                    cutOff.countDown();
                }
            });
            cache.getKeys();
            assertThat(dripping.await(60, TimeUnit.SECONDS)).isTrue();
            assertThat(kids(cache)).as("while it drips").containsExactly("rsa-1", "ec-1");
            theOldSetStays(cache, "no complete answer within 1000 ms");
            assertThat(cutOff.await(60, TimeUnit.SECONDS))
                    .as("the connection is closed")
                    .isTrue();
        }

        @Test
        void is_given_up_at_the_deadline_if_it_never_begins() throws Exception {
            CountDownLatch gate = new CountDownLatch(1);
            JWKSCache cache = warm(endpoint.background().fetchTimeout(Duration.ofMillis(300)));
            endpoint.script(KeyEndpoint.held(gate, KeyEndpoint.serving(RSA_2)));
            theOldSetStays(cache, "no complete answer within 300 ms");
            gate.countDown();
        }

        @Test
        void interrupts_a_transport_that_hangs() throws Exception {
            CountDownLatch interrupted = new CountDownLatch(1);
            JWKSCache cache = endpoint.open(JWKSCache.builder(endpoint.uri())
                    .fetchTimeout(Duration.ofMillis(100))
                    .fetcher(request -> {
                        try {
                            new CountDownLatch(1).await();
                        } catch (InterruptedException stopped) {
                            interrupted.countDown();
                            throw stopped;
                        }
                        throw new AssertionError("unreachable");
                    }));
            assertThatThrownBy(cache::getKeys)
                    .isInstanceOf(JWKSUnavailableException.class)
                    .hasMessageContaining("no complete answer within 100 ms");
            assertThat(interrupted.await(60, TimeUnit.SECONDS)).isTrue();
        }

        @Test
        void is_a_failed_refresh_if_cut() {
            JWKSCache cache = warm(endpoint.background());
            endpoint.script(exchange -> {
                exchange.sendResponseHeaders(200, 5_000);
                exchange.getResponseBody().write("{\"keys\":[".getBytes(StandardCharsets.US_ASCII));
                exchange.getResponseBody().flush();
            });
            theOldSetStays(cache, "");
        }
    }

    @Nested
    class AnEndpointWithoutTls {

        @Test
        void is_not_spoken_to_as_if_it_had_it() {
            URI https = URI.create(endpoint.uri().toString().replace("http:", "https:"));
            JWKSCache cache = endpoint.open(JWKSCache.builder(https).fetchTimeout(Duration.ofSeconds(1)));
            assertThatThrownBy(cache::getKeys).isInstanceOf(JWKSUnavailableException.class);
            assertThat(endpoint.gets).hasValue(0);
        }
    }

    @Nested
    class AStatusOtherThanOk {

        @ParameterizedTest
        @ValueSource(ints = {301, 302, 303, 307, 308})
        void is_a_failure_if_a_redirect(int status) {
            try (KeyEndpoint elsewhere = new KeyEndpoint()) {
                elsewhere.serve(EC_2);
                for (String target : List.of(elsewhere.uri().toString(), "/elsewhere", "http://example.com/keys")) {
                    JWKSCache cache = warm(endpoint.inline());
                    AtomicInteger asked = new AtomicInteger();
                    endpoint.script(exchange -> {
                        asked.incrementAndGet();
                        exchange.getResponseHeaders().set("Location", target);
                        exchange.sendResponseHeaders(status, -1);
                    });
                    theOldSetStays(cache, "HTTP " + status + ", and redirects are refused");
                    assertThat(asked).hasValue(1);
                    endpoint.serve(RSA_1, EC_1);
                }
                assertThat(elsewhere.gets).hasValue(0);
            }
        }

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                value = {
                    "https://login.example/realm/        | : it leads to https://login.example/realm/",
                    "https://login.example/?token=canary | : it leads to https://login.example/",
                    "https://login.example/#canary       | : it leads to https://login.example/",
                    "/login;jsessionid=canary            | : it leads to /login",
                    "/keys/                              | : it leads to /keys/",
                    "https://canary@login.example/       | ''",
                    "''                                  | ''"
                })
        void says_where_a_redirect_leads_without_its_query(String location, String where) {
            JWKSCache cache = warm(endpoint.inline());
            endpoint.script(exchange -> {
                exchange.getResponseHeaders().set("Location", location);
                exchange.sendResponseHeaders(302, -1);
            });
            theOldSetStays(cache, "HTTP 302, and redirects are refused");
            assertThat(cache.status().lastError()).endsWith("redirects are refused" + where);
        }

        @ParameterizedTest
        @ValueSource(ints = {201, 204, 206, 400, 401, 403, 404, 429, 500, 502, 503})
        void is_a_failure(int status) {
            JWKSCache cache = warm(endpoint.inline());
            String keys = new JWKSet(List.of(RSA_2)).toString(true);
            endpoint.script(exchange -> KeyEndpoint.send(exchange, status, status == 204 ? "" : keys));
            theOldSetStays(cache, "the endpoint answered HTTP " + status);
        }
    }

    @Nested
    class NotModified {

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                value = {"ETag | \"v1\"", "ETag | W/\"weak\"", "Last-Modified | Thu, 01 Jan 2026 00:00:00 GMT"},
                quoteCharacter = '`')
        void renews_the_set_without_parsing_it(String header, String validator) {
            List<String> conditions = Collections.synchronizedList(new ArrayList<>());
            endpoint.script(validated(conditions, header, validator));
            JWKSCache cache = endpoint.open(endpoint.inline());
            JWKSet first = cache.getKeys();
            SigningKey key = cache.findKey("rsa-1").orElseThrow();
            for (int refresh = 1; refresh <= 3; refresh++) {
                endpoint.advance(Duration.ofMinutes(56));
                cache.getKeys();
                assertThat(cache.getKeys()).isSameAs(first);
                assertThat(cache.findKey("rsa-1").orElseThrow()).isSameAs(key);
                assertThat(cache.status().state()).isEqualTo(State.FRESH);
                assertThat(cache.status().age()).isZero();
            }
            assertThat(conditions).containsExactly("null", validator, validator, validator);
        }

        @ParameterizedTest
        @ValueSource(ints = {400, 412, 431, 500})
        void is_not_asked_for_after_a_condition_failed(int status) {
            List<String> conditions = Collections.synchronizedList(new ArrayList<>());
            endpoint.script(exchange -> {
                String condition = exchange.getRequestHeaders().getFirst("If-None-Match");
                conditions.add(String.valueOf(condition));
                exchange.getResponseHeaders().set("ETag", "\"v1\"");
                (condition == null ? KeyEndpoint.serving(RSA_1) : KeyEndpoint.status(status)).answer(exchange);
            });
            JWKSCache cache = warm(endpoint.inline());
            endpoint.advance(Duration.ofMinutes(56));
            cache.getKeys();
            assertThat(cache.status().failures()).isEqualTo(1);
            endpoint.advance(Duration.ofSeconds(2));
            cache.getKeys();
            assertThat(cache.status().state()).isEqualTo(State.FRESH);
            assertThat(conditions).containsExactly("null", "\"v1\"", "null");
        }

        @Test
        void is_no_answer_after_an_invalidation() {
            List<String> conditions = Collections.synchronizedList(new ArrayList<>());
            endpoint.script(validated(conditions, "ETag", "\"v1\""));
            JWKSCache cache = endpoint.open(endpoint.inline());
            cache.getKeys();
            cache.invalidate();
            cache.getKeys();
            assertThat(conditions).containsExactly("null", "null");
        }

        @Test
        void is_a_failure_where_nothing_was_conditional() {
            JWKSCache cold = endpoint.open(endpoint.inline());
            endpoint.script(exchange -> exchange.sendResponseHeaders(304, -1));
            assertThatThrownBy(cold::getKeys)
                    .isInstanceOf(JWKSUnavailableException.class)
                    .hasMessageContaining("without a condition");
            endpoint.serve(RSA_1, EC_1);
            JWKSCache cache = warm(endpoint.inline());
            endpoint.script(exchange -> exchange.sendResponseHeaders(304, -1));
            theOldSetStays(cache, "without a condition");
        }
    }

    @Nested
    class MaxAge {

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                value = {
                    "max-age=5 | | 5",
                    "max-age=0 | | 5",
                    "no-cache, max-age=1800 | | 25",
                    "public, MAX-AGE=\"1800\" | | 25",
                    "max-age=3600 | 1800 | 25",
                    "max-age=31536000 | | 55",
                    "max-age=99999999999999999999 | | 55",
                    "max-age=-1 | | 55",
                    "max-age=soon | | 55",
                    "s-maxage=600 | | 55",
                    "no-store | | 55",
                    "max-age=1800 | nonsense | 25"
                })
        void shortens_the_time_to_live_and_never_lengthens_it(
                String cacheControl, @Nullable String age, long refreshedAtMinute) {
            endpoint.script(exchange -> {
                exchange.getResponseHeaders().set("Cache-Control", cacheControl);
                if (age != null) {
                    exchange.getResponseHeaders().set("Age", age);
                }
                KeyEndpoint.serving(RSA_1).answer(exchange);
            });
            JWKSCache cache = endpoint.open(endpoint.inline());
            cache.getKeys();
            endpoint.advance(Duration.ofMinutes(refreshedAtMinute).minusNanos(1));
            cache.getKeys();
            assertThat(endpoint.gets).hasValue(1);
            endpoint.advance(Duration.ofNanos(1));
            cache.getKeys();
            assertThat(endpoint.gets).hasValue(2);
        }

        @Test
        void stays_as_it_was_if_not_modified_does_not_say_it() {
            endpoint.script(exchange -> {
                exchange.getResponseHeaders().set("ETag", "\"1\"");
                if (exchange.getRequestHeaders().containsKey("If-None-Match")) {
                    exchange.sendResponseHeaders(304, -1);
                } else {
                    exchange.getResponseHeaders().set("Cache-Control", "max-age=1800");
                    KeyEndpoint.serving(RSA_1).answer(exchange);
                }
            });
            JWKSCache cache = endpoint.open(endpoint.inline());
            cache.getKeys();
            for (int fetches = 2; fetches <= 4; fetches++) {
                endpoint.advance(Duration.ofMinutes(25));
                cache.getKeys();
                assertThat(endpoint.gets).hasValue(fetches);
            }
        }

        @Test
        void is_ignored_on_a_failure() {
            JWKSCache cache = warm(endpoint.inline());
            endpoint.script(exchange -> {
                exchange.getResponseHeaders().set("Cache-Control", "max-age=31536000");
                KeyEndpoint.send(exchange, 500, "{}");
            });
            theOldSetStays(cache, "HTTP 500");
            endpoint.serve(RSA_2);
            endpoint.advance(Duration.ofSeconds(1));
            cache.getKeys();
            assertThat(kids(cache)).containsExactly("rsa-2");
        }

        @Test
        void of_zero_never_makes_each_read_a_fetch() {
            endpoint.script(exchange -> {
                exchange.getResponseHeaders().set("Cache-Control", "max-age=0");
                KeyEndpoint.serving(RSA_1).answer(exchange);
            });
            JWKSCache cache = endpoint.open(endpoint.inline().refreshBefore(Duration.ZERO));
            for (int second = 0; second < 59; second++) {
                cache.getKeys();
                endpoint.advance(Duration.ofSeconds(1));
            }
            assertThat(endpoint.gets).hasValue(1);
        }
    }

    @Nested
    class ARequest {

        @Test
        void says_what_it_wants() {
            CompletableFuture<List<String>> seen = new CompletableFuture<>();
            endpoint.script((HttpExchange exchange) -> {
                seen.complete(List.of(
                        exchange.getRequestMethod(),
                        exchange.getRequestHeaders().getFirst("Accept"),
                        exchange.getRequestURI().getPath()));
                KeyEndpoint.serving(RSA_1).answer(exchange);
            });
            endpoint.open(endpoint.inline()).getKeys();
            assertThat(seen)
                    .isCompletedWithValue(List.of(
                            "GET",
                            "application/jwk-set+json, application/json, */*;q=0.1",
                            "/auth/v1/.well-known/jwks.json"));
        }
    }

    @Nested
    class ATransportOfTheCallers {

        @Test
        void may_say_any_max_age() {
            JWKSet keys = new JWKSet(List.of(RSA_1));
            for (Duration maxAge : List.of(Duration.ofSeconds(Long.MIN_VALUE), Duration.ofSeconds(Long.MAX_VALUE))) {
                JWKSCache cache = endpoint.open(endpoint.inline()
                        .fetcher(request -> JWKSFetcher.Response.of(
                                keys.toString(true).getBytes(StandardCharsets.UTF_8), null, null, maxAge)));
                assertThat(cache.findKey("rsa-1")).isPresent();
                cache.invalidate();
                assertThat(cache.getKeys().getKeys()).hasSize(1);
            }
        }

        @Test
        void is_not_trusted_either() {
            AtomicInteger call = new AtomicInteger();
            byte[] good = new JWKSet(List.of(RSA_1)).toString(true).getBytes(StandardCharsets.UTF_8);
            JWKSCache cache =
                    endpoint.open(endpoint.inline().maxResponseBytes(4_096).fetcher(request -> {
                        return switch (call.getAndIncrement()) {
                            case 1 -> JWKSFetcher.Response.of(new byte[4_097]);
                            case 2 -> JWKSFetcher.Response.notModified(null);
                            case 3 -> throw new IllegalStateException("broken");
                            case 4 -> throw new IOException("no route");
                            default -> JWKSFetcher.Response.of(good);
                        };
                    }));
            cache.getKeys();
            endpoint.advance(Duration.ofMinutes(55));
            List<String> errors = new ArrayList<>();
            for (int failure = 1; failure <= 4; failure++) {
                assertThat(kids(cache)).containsExactly("rsa-1");
                assertThat(cache.status().failures()).isEqualTo(failure);
                errors.add(String.valueOf(cache.status().lastError()));
                endpoint.advance(Duration.ofSeconds(60));
            }
            assertThat(errors)
                    .containsExactly(
                            "the answer is larger than 4096 bytes",
                            "the endpoint answered \"not modified\" to a request without a condition",
                            "IllegalStateException: broken",
                            "no route");
            cache.getKeys();
            assertThat(cache.status().state()).isEqualTo(State.FRESH);
        }
    }
}
