package dev.hardening.jwks;

import static dev.hardening.jwks.KeyEndpoint.EC_1;
import static dev.hardening.jwks.KeyEndpoint.RSA_1;
import static dev.hardening.jwks.KeyEndpoint.RSA_2;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.sun.net.httpserver.HttpExchange;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import java.util.zip.GZIPOutputStream;
import javax.net.ssl.SSLContext;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** How a fetch goes over the network. */
class TransportTest {

    private static final String KEYS = new JWKSet(List.of(RSA_1)).toString(true);

    private final KeyEndpoint endpoint = new KeyEndpoint();

    @AfterEach
    void stop() {
        endpoint.close();
    }

    private static List<String> kids(JWKSCache cache) {
        return cache.getKeys().getKeys().stream().map(JWK::getKeyID).toList();
    }

    /** A server on a plain socket, which answers each connection with these bytes. */
    private static final class RawServer implements AutoCloseable {

        private final ServerSocket server;
        final List<String> requests = Collections.synchronizedList(new ArrayList<>());

        RawServer(String answer) throws IOException {
            server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
            Thread thread = new Thread(() -> {
                while (!server.isClosed()) {
                    try (Socket socket = server.accept()) {
                        byte[] head = new byte[4_096];
                        int read = socket.getInputStream().read(head);
                        requests.add(new String(head, 0, Math.max(0, read), StandardCharsets.ISO_8859_1));
                        OutputStream out = socket.getOutputStream();
                        out.write(answer.getBytes(StandardCharsets.UTF_8));
                        out.flush();
                    } catch (IOException closed) {
                        // The next one, or the end.
                    }
                }
            });
            thread.setDaemon(true);
            thread.start();
        }

        URI uri() {
            return URI.create("http://127.0.0.1:" + server.getLocalPort() + "/keys?a=b");
        }

        @Override
        public void close() throws IOException {
            server.close();
        }
    }

    private JWKSCache over(RawServer server) {
        return endpoint.open(JWKSCache.builder(server.uri()));
    }

    @Nested
    class WhatAnAnswerLooksLike {

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "HTTP/1.1 200 OK\r\n\r\nKEYS",
                    "HTTP/1.0 200\r\ncontent-type:application/json\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nContent-Length: LENGTH\r\nContent-Length: LENGTH\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\nContent-Length: LENGTH\n\nKEYSgarbage",
                    "HTTP/1.1 203 Changed on its way\r\nContent-Length: LENGTH\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: LENGTH\r\n\r\nKEYSgarbage",
                    "HTTP/1.1 200 OK\r\nno colon\r\n but folded\r\n: no name\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\n folded at once\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n \r\n\td: e\r\nContent-Length: LENGTH\r\n\r\nKEYSgarbage",
                    "HTTP/1.1 200 OK\r\nAccess-Control-Expose-Headers: ETag,\r\n Content-Length\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: Identity\r\nContent-Length: LENGTH\r\n\r\nKEYSgarbage",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity, Chunked\r\n\r\nHEX\r\nKEYS\r\n0\r\n\r\n",
                    "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: LENGTH\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nHEX ;a=b\r\nKEYS\r\n0\r\nTrailer: a\r\n\r\n",
                    "HTTP/1.1 200 D\u0085accord\t\u2028!\r\nContent-Length: LENGTH\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: ,Chunked,\r\n\r\nHEX\r\nKEYS\r\n0\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nETag : \"a\"\r\nX-Content-Length : 1\r\nContent-Length: LENGTH\r\n\r\nKEYSgarbage",
                    "HTTP/1.1 200\tOK\r\nContent-Length: LENGTH\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nHEX;a=\"\u0085\"\r\nKEYS\r\n0\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: , ,\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\nContent-Length: LENGTH\r\n\r\nKEYSgarbage",
                    "HTTP/1.1 200 OK\r\nContent-Length: LENGTH, LENGTH\r\n\r\nKEYSgarbage",
                    "HTTP/1.1 200 OK\r\nContent-Length: ,LENGTH ,\r\nContent-Length: LENGTH\r\n\r\nKEYSgarbage",
                    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nHEX\r\nKEYS\r\n0\r\n\r\n",
                    "HTTP/1.2 200 OK\r\n\r\nKEYS",
                    "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nKEYS",
                    "HTTP/1.1 200 \r\ncontent-length:LENGTH\r\n\r\nKEYS",
                    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 \r\n\r\nHTTP/1.1 200 OK\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n00HEX;a;b=\"c;d\"\r\nKEYS\r\n000\r\nA: b\r\n\r\n"
                })
        void one_that_can_be_understood_is_read(String answer) throws IOException {
            try (RawServer server = new RawServer(filled(answer))) {
                assertThat(kids(over(server))).containsExactly("rsa-1");
                assertThat(server.requests).hasSize(1);
            }
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "",
                    "nonsense",
                    "HTTP/2 200 OK\r\n\r\nKEYS",
                    "HTTP/2.0 200 OK\r\n\r\nKEYS",
                    "HTTP/1.10 200 OK\r\n\r\nKEYS",
                    "HTTP/1.1 2000 OK\r\n\r\nKEYS",
                    "HTTP/1.1 200 O\rK\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nContent-Length\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\n:Transfer-Encoding: chunked\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding chunked\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nContent-Length:\r\n LENGTH\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\t0\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nA: b\r\n Content-Length: LENGTH\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\n Transfer-Encoding: chunked\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n chunked\r\n\r\nHEX\r\nKEYS\r\n0\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: , gzip\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, , chunked\r\n\r\nHEX\r\nKEYS\r\n0\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nContent-Length: LENGTH, 1\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nContent-Length: LENGTH LENGTH\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nContent-Length: LENGTH; LENGTH\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nContent-Length: +LENGTH\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nContent-Length: ,\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding : chunked\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nContent-Length\t: LENGTH\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding\u0000: chunked\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nKEYS",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nHEX\r\nKEYSnoend",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nHEX\r\nKEYS\r\n",
                    "HTTP/1.1 101 Switching\r\n\r\nKEYS"
                })
        void one_that_cannot_is_a_failed_fetch_and_is_asked_once(String answer) throws IOException {
            try (RawServer server = new RawServer(filled(answer))) {
                JWKSCache cache = over(server);
                assertThatThrownBy(cache::getKeys).isInstanceOf(JWKSUnavailableException.class);
                assertThat(cache.status().lastError()).doesNotContain("Exception");
                assertThat(server.requests).hasSize(1);
            }
        }

        private String filled(String answer) {
            return answer.replace("LENGTH", String.valueOf(KEYS.length()))
                    .replace("HEX", Integer.toHexString(KEYS.length()))
                    .replace("KEYS", KEYS);
        }

        @Test
        void a_folded_header_is_joined_by_spaces() throws IOException {
            String head = "HTTP/1.1 200 OK\r\nA: 1\r\nA: 2,\r\n\t 3: \r\n 4\r\nB:\r\n 5\r\n\r\n";
            HttpReader reader = new HttpReader(new ByteArrayInputStream(head.getBytes(StandardCharsets.UTF_8)));
            reader.readHead();
            assertThat(reader.header("A")).containsExactly("1", "2, 3: 4");
            assertThat(reader.header("B")).containsExactly("5");
        }

        @Test
        void chunks_of_one_byte_are_read_however_many() throws IOException {
            StringBuilder answer = new StringBuilder("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            for (char each : (" ".repeat(30_000) + KEYS).toCharArray()) {
                answer.append("1\r\n").append(each).append("\r\n");
            }
            try (RawServer server = new RawServer(answer + "0\r\n\r\n")) {
                assertThat(kids(over(server))).containsExactly("rsa-1");
            }
        }

        @Test
        void endless_headers_are_stopped() throws IOException {
            try (RawServer server = new RawServer("HTTP/1.1 200 OK\r\n" + "A: b\r\n".repeat(20_000))) {
                JWKSCache cache = over(server);
                assertThatThrownBy(cache::getKeys).hasMessageContaining("bytes of headers");
            }
        }
    }

    @Nested
    class AnAnswerThatAsksToWait {

        private static Duration wait(Throwable failed) {
            return new Fetch.Outcome.Failure(failed).retryAfter();
        }

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                value = {
                    "429 | 30 | 30",
                    "503 | 9999999999 | 9999999999",
                    "503 | Fri, 27 Nov 2026 11:00:20 GMT | 20",
                    "500 | 1 | 1",
                    "429 | Fri, 27 Nov 2026 10:59:00 GMT | 0",
                    "429 | 0 | 0",
                    "429 | -1 | 0",
                    "429 | 1.5 | 0",
                    "429 | soon | 0",
                    "429 | 99999999999 | 0",
                    "302 | 30 | 0"
                })
        void says_how_long_in_seconds_or_by_a_date(int status, String retryAfter, long seconds) throws IOException {
            String answer = "HTTP/1.1 " + status + " No\r\nDate: Fri, 27 Nov 2026 11:00:00 GMT\r\nRetry-After: "
                    + retryAfter + "\r\n\r\n";
            try (RawServer server = new RawServer(answer)) {
                JWKSFetcher.Request request =
                        new JWKSFetcher.Request(server.uri(), null, null, Duration.ofSeconds(10), 1_000);
                for (JWKSFetcher transport :
                        List.of(new HttpTransport(), new HttpClientTransport(HttpClient.newHttpClient()))) {
                    assertThatThrownBy(() -> transport.fetch(request))
                            .satisfies(failed -> assertThat(wait(failed)).hasSeconds(seconds));
                }
            }
        }

        @Test
        void by_a_date_without_its_own_time_is_compared_with_the_clock() throws IOException {
            String hour = DateTimeFormatter.RFC_1123_DATE_TIME.format(
                    Instant.now().plus(Duration.ofHours(1)).atOffset(ZoneOffset.UTC));
            try (RawServer server = new RawServer("HTTP/1.1 503 No\r\nRetry-After: " + hour + "\r\n\r\n")) {
                JWKSFetcher.Request request =
                        new JWKSFetcher.Request(server.uri(), null, null, Duration.ofSeconds(10), 1_000);
                assertThatThrownBy(() -> new HttpTransport().fetch(request))
                        .satisfies(failed ->
                                assertThat(wait(failed)).isBetween(Duration.ofMinutes(50), Duration.ofHours(1)));
            }
        }
    }

    @Nested
    class AnAnswerThatIsCompressed {

        private void answer(String coding, byte[] body) {
            endpoint.script(exchange -> {
                exchange.getResponseHeaders().set("Content-Encoding", coding);
                exchange.sendResponseHeaders(200, body.length);
                exchange.getResponseBody().write(body);
            });
        }

        private static byte[] gzip(byte[] plain) throws IOException {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
                out.write(plain);
            }
            return bytes.toByteArray();
        }

        /** The key ids that a cache reads, with each transport. */
        private void isReadByBoth(String coding, byte[] body) {
            answer(coding, body);
            assertThat(kids(endpoint.open(endpoint.inline()))).containsExactly("rsa-1");
            assertThat(kids(endpoint.open(endpoint.inline().httpClient(HttpClient.newHttpClient()))))
                    .containsExactly("rsa-1");
        }

        private void isRefusedByBoth(String coding, byte[] body, String reason) {
            answer(coding, body);
            assertThatThrownBy(endpoint.open(endpoint.inline())::getKeys).hasMessageEndingWith(reason);
            assertThatThrownBy(endpoint.open(endpoint.inline().httpClient(HttpClient.newHttpClient()))::getKeys)
                    .hasMessageEndingWith(reason);
        }

        @ParameterizedTest
        @ValueSource(strings = {"gzip", "X-GZIP", "aws-chunked, gzip", "gzip,identity", "identity, gzip,"})
        void is_read_though_it_was_not_asked_for(String coding) throws IOException {
            isReadByBoth(coding, gzip(KEYS.getBytes(StandardCharsets.UTF_8)));
        }

        @ParameterizedTest
        @ValueSource(
                strings = {"UTF-8", "aws-chunked", "none", "identity, identity", "Identity", ",", "gzip", "br", "json/é"
                })
        void only_by_its_header_is_read_as_it_is(String coding) {
            isReadByBoth(coding, KEYS.getBytes(StandardCharsets.UTF_8));
            isReadByBoth(coding, ("\uFEFF\r\n " + KEYS).getBytes(StandardCharsets.UTF_8));
        }

        @Test
        void is_limited_by_what_it_unpacks_to() throws IOException {
            answer("gzip", gzip(new byte[50 << 20]));
            assertThatThrownBy(endpoint.open(endpoint.inline())::getKeys)
                    .hasMessageEndingWith("the answer is larger than 524288 bytes");
        }

        @ParameterizedTest
        @ValueSource(strings = {"br", "zstd", "deflate", "gzip", "gzip, br"})
        void is_a_failed_fetch_if_it_cannot_be_unpacked(String coding) {
            String reason = "the answer is not a JSON object; its content encoding is " + coding;
            isRefusedByBoth(coding, new byte[10], reason);
            isRefusedByBoth(coding, new byte[0], reason);
        }

        @Test
        void is_a_failed_fetch_if_it_is_cut() throws IOException {
            byte[] whole = gzip(KEYS.getBytes(StandardCharsets.UTF_8));
            answer("gzip", Arrays.copyOf(whole, whole.length / 2));
            assertThatThrownBy(endpoint.open(endpoint.inline())::getKeys).isInstanceOf(JWKSUnavailableException.class);
        }

        @Test
        void shows_no_more_than_the_beginning_of_its_header() {
            isRefusedByBoth("x".repeat(500), new byte[10], "its content encoding is " + "x".repeat(100) + "…");
        }
    }

    @Nested
    class AServerThatDrips {

        private static final int BYTES = 400; // in 20 s

        @Test
        void within_the_handshake_is_stopped_at_the_deadline() throws Exception {
            AtomicInteger dripped = new AtomicInteger();
            CompletableFuture<Boolean> closed = new CompletableFuture<>();
            try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                Thread thread = new Thread(() -> {
                    try (Socket socket = server.accept()) {
                        OutputStream out = socket.getOutputStream();
                        out.write(new byte[] {22, 3, 3, 0x40, 0}); // a handshake record of 16 KiB
                        for (; dripped.get() < BYTES; dripped.incrementAndGet()) {
                            out.write(2);
                            Thread.sleep(50);
                        }
                        closed.complete(false);
                    } catch (IOException | InterruptedException ended) {
                        closed.complete(true);
                    }
                });
                thread.setDaemon(true);
                thread.start();
                JWKSFetcher.Request request = new JWKSFetcher.Request(
                        URI.create("https://127.0.0.1:" + server.getLocalPort() + "/keys"),
                        null,
                        null,
                        Duration.ofSeconds(1),
                        1_000);
                assertThatThrownBy(() -> JWKSFetcher.http().fetch(request))
                        .isInstanceOf(IOException.class)
                        .hasMessage("no complete answer within 1000 ms");
                assertThat(closed.get(30, TimeUnit.SECONDS))
                        .as("closed by us, after %s bytes", dripped)
                        .isTrue();
            }
        }
    }

    @Nested
    class WhatARequestSays {

        private final List<String> seen = Collections.synchronizedList(new ArrayList<>());

        private void record(String header) {
            endpoint.script((HttpExchange exchange) -> {
                seen.add(String.valueOf(exchange.getRequestHeaders().getFirst(header)));
                KeyEndpoint.serving(RSA_1).answer(exchange);
            });
        }

        @Test
        void an_invalidation_and_an_unknown_key_go_past_caches() {
            record("Cache-Control");
            JWKSCache cache = endpoint.open(endpoint.inline());
            cache.getKeys();
            cache.invalidate();
            cache.getKeys();
            cache.findKey("unknown");
            endpoint.advance(Duration.ofMinutes(55));
            cache.getKeys();
            assertThat(seen).containsExactly("null", "no-cache", "no-cache", "null");
        }

        @Test
        void the_timers_fetch_for_an_invalidation_does_too() {
            record("Cache-Control");
            KeyEndpoint.FakeTimer timer = endpoint.new FakeTimer();
            JWKSCache cache = endpoint.open(endpoint.inline().threads(timer));
            cache.getKeys();
            cache.invalidate();
            timer.pass(Duration.ofSeconds(2));
            timer.pass(Duration.ofMinutes(55));
            assertThat(seen).containsExactly("null", "no-cache", "null");
        }

        @Test
        void each_fetch_for_an_invalidation_does_until_one_succeeds() {
            record("Cache-Control");
            KeyEndpoint.Script failing = exchange -> {
                seen.add(String.valueOf(exchange.getRequestHeaders().getFirst("Cache-Control")));
                KeyEndpoint.send(exchange, 503, "{}");
            };
            JWKSCache cache = endpoint.open(endpoint.inline());
            cache.getKeys();
            endpoint.script(failing);
            cache.invalidate();
            cache.getKeys();
            endpoint.advance(Duration.ofSeconds(2));
            cache.getKeys();
            record("Cache-Control");
            endpoint.advance(Duration.ofHours(25));
            cache.getKeys();
            assertThat(seen).containsExactly("null", "no-cache", "no-cache", "no-cache");
        }

        @Test
        void an_invalidation_of_the_first_fetch_does_too() {
            record("Cache-Control");
            List<Runnable> queue = new ArrayList<>();
            JWKSCache cache = endpoint.open(endpoint.inline().executor(queue::add));
            CompletableFuture<JWKSet> keys = cache.getKeysAsync();
            cache.invalidate();
            queue.remove(0).run();
            assertThat(keys).as("the first answer was dropped").isNotDone();
            queue.remove(0).run();
            assertThat(keys).isCompleted();
            assertThat(seen).containsExactly("null", "no-cache");
        }

        @Test
        void an_unknown_key_is_asked_for_without_a_condition() {
            // As of a server whose entity tag does not change with the keys.
            endpoint.script(exchange -> {
                boolean conditional = exchange.getRequestHeaders().containsKey("If-None-Match");
                exchange.getResponseHeaders().set("ETag", "\"always\"");
                String keys = new JWKSet(seen.isEmpty() ? List.of(RSA_1) : List.of(RSA_1, RSA_2)).toString(true);
                seen.add(String.valueOf(conditional));
                KeyEndpoint.send(exchange, conditional ? 304 : 200, keys);
            });
            JWKSCache cache = endpoint.open(endpoint.inline());
            cache.getKeys();
            assertThat(cache.findKey("rsa-2")).isPresent();
            endpoint.advance(Duration.ofMinutes(55));
            cache.getKeys();
            assertThat(seen).containsExactly("false", "false", "true");
        }

        @ParameterizedTest
        @ValueSource(ints = {0, 1_025, 40_000})
        void an_entity_tag_that_is_empty_or_long_is_not_sent_back(int length) {
            endpoint.script(exchange -> {
                seen.add(String.valueOf(exchange.getRequestHeaders().getFirst("If-None-Match")));
                exchange.getResponseHeaders().set("ETag", "a".repeat(length));
                KeyEndpoint.serving(RSA_1).answer(exchange);
            });
            JWKSCache cache = endpoint.open(endpoint.inline());
            cache.getKeys();
            endpoint.advance(Duration.ofMinutes(55));
            cache.getKeys();
            assertThat(seen).containsExactly("null", "null");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "ETag: \"a\rb\"",
                    "ETag: \"a\u0000\"",
                    "ETag: \"a\u001b\"",
                    "ETag: \"\u007f\"",
                    "ETag: \"\u0085\"",
                    "Last-Modified: a\rb"
                })
        void a_validator_with_a_control_character_is_not_sent_back(String header) throws IOException {
            try (RawServer server = new RawServer("HTTP/1.1 200 OK\r\n" + header + "\r\n\r\n" + KEYS)) {
                JWKSCache cache = endpoint.open(JWKSCache.builder(server.uri())
                        .ticker(endpoint.now::get)
                        .executor(Runnable::run)
                        .threads(new KeyEndpoint.StillTimer(Runnable::run)));
                for (int fetch = 0; fetch < 3; fetch++) {
                    cache.getKeys();
                    endpoint.advance(Duration.ofHours(1));
                }
                assertThat(cache.status().failures()).isZero();
                assertThat(server.requests)
                        .hasSize(3)
                        .noneMatch(
                                request -> request.contains("If-None-Match") || request.contains("If-Modified-Since"));
            }
        }

        @ParameterizedTest
        @ValueSource(booleans = {true, false})
        void a_header_of_the_callers_is_asked_for_each_fetch(boolean ownClient) {
            record("Authorization");
            AtomicInteger rotation = new AtomicInteger();
            JWKSCache.Builder builder = endpoint.inline()
                    .requestHeader("authorization", () -> "replaced")
                    .requestHeader("Authorization", () -> "Bearer canary-" + rotation.incrementAndGet());
            JWKSCache cache = endpoint.open(ownClient ? builder.httpClient(HttpClient.newHttpClient()) : builder);
            cache.getKeys();
            endpoint.advance(Duration.ofHours(1));
            cache.getKeys();
            assertThat(seen).containsExactly("Bearer canary-1", "Bearer canary-2");
            assertThat(cache).asString().doesNotContain("canary");
        }

        @ParameterizedTest
        @ValueSource(strings = {"canary\r\nHost: evil", "canary\u0000", "canaryé"})
        void a_header_value_that_http_forbids_is_a_failed_fetch(String value) {
            JWKSCache cache = endpoint.open(endpoint.inline().requestHeader("X-Token", () -> value));
            assertThatThrownBy(cache::getKeys)
                    .isInstanceOf(JWKSUnavailableException.class)
                    .hasMessageContaining("the request header X-Token has a value that is not allowed in HTTP")
                    .hasMessageNotContaining("canary");
            assertThat(endpoint.gets).hasValue(0);
        }

        @Test
        void a_header_value_may_end_in_a_new_line() {
            record("X-Token");
            kids(endpoint.open(endpoint.inline().requestHeader("X-Token", () -> " token\r\n")));
            assertThat(seen).containsExactly("token");
        }

        @Test
        void past_caches_wins_over_a_header_of_the_callers() {
            endpoint.script(exchange -> {
                seen.add(String.valueOf(exchange.getRequestHeaders().get("Cache-Control")));
                KeyEndpoint.serving(RSA_1).answer(exchange);
            });
            JWKSCache cache = endpoint.open(endpoint.inline().requestHeader("cache-control", () -> "max-age=60"));
            cache.getKeys();
            cache.invalidate();
            cache.getKeys();
            assertThat(seen).containsExactly("[max-age=60]", "[no-cache]");
        }

        @Test
        void a_supplier_that_throws_is_a_failed_fetch_and_is_asked_again() {
            AtomicInteger calls = new AtomicInteger();
            JWKSCache cache = endpoint.open(endpoint.inline().requestHeader("X-Token", () -> {
                switch (calls.incrementAndGet()) {
                    case 1 -> throw new IllegalStateException("canary");
                    case 2 -> throw new AssertionError("canary");
                    default -> {
                        return "token";
                    }
                }
            }));
            assertThatThrownBy(cache::getKeys)
                    .hasMessageContaining("the supplier of the request header X-Token threw IllegalStateException")
                    .hasMessageNotContaining("canary");
            endpoint.advance(Duration.ofSeconds(2));
            assertThatThrownBy(cache::getKeys)
                    .hasMessageContaining("the supplier of the request header X-Token threw AssertionError")
                    .hasMessageNotContaining("canary");
            endpoint.advance(Duration.ofSeconds(2));
            assertThat(kids(cache)).contains("rsa-1");
        }

        @ParameterizedTest
        @ValueSource(strings = {"%0A", "%0D", "%1B", "%E2%80%AE", "\u202e"})
        void an_address_is_printed_without_control_characters(String control) {
            URI uri = URI.create("http://127.0.0.1:1/a" + control + "b");
            JWKSCache cache = endpoint.open(JWKSCache.builder(uri));
            Throwable failed = catchThrowable(cache::getKeys);
            assertThat(List.of(
                            cache.toString(),
                            String.valueOf(failed.getMessage()),
                            new JWKSFetcher.Request(uri, null, null, Duration.ofSeconds(1), 1).toString()))
                    .allMatch(text -> text.contains("http://127.0.0.1:1/a%") && text.contains("b"))
                    .noneMatch(text ->
                            Pattern.compile("[\\p{Cc}\\p{Cf}]").matcher(text).find());
        }

        @Test
        void a_request_prints_no_header_value_and_no_query() {
            JWKSFetcher.Request request = new JWKSFetcher.Request(
                    endpoint.uri().resolve("?key=canary"),
                    null,
                    null,
                    Duration.ofSeconds(1),
                    1,
                    java.util.Map.of("X-Token", "canary"));
            assertThat(request).asString().contains("X-Token").doesNotContain("canary");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void letters_beyond_ascii_are_percent_encoded(boolean ownClient) {
        List<String> asked = Collections.synchronizedList(new ArrayList<>());
        endpoint.script(exchange -> {
            asked.add(exchange.getRequestURI().toString());
            KeyEndpoint.serving(RSA_1).answer(exchange);
        });
        JWKSCache.Builder builder = JWKSCache.builder(endpoint.uri().resolve("/B\u00fccher/\u041a?a=\u00fc"));
        JWKSCache cache = endpoint.open(ownClient ? builder.httpClient(HttpClient.newHttpClient()) : builder);
        assertThat(kids(cache)).containsExactly("rsa-1");
        assertThat(asked).containsExactly("/B%C3%BCcher/%D0%9A?a=%C3%BC");
    }

    @ParameterizedTest
    @ValueSource(strings = {"localhost", "localhost.", "127.0.0.1", "[::ffff:127.0.0.1]"})
    void loopback_is_asked_by_each_of_its_names(String host) {
        URI uri = URI.create("http://" + host + ":" + endpoint.uri().getPort() + "/keys");
        assertThat(kids(endpoint.open(JWKSCache.builder(uri)))).containsExactly("rsa-1", "ec-1");
    }

    @Test
    void a_line_break_in_a_header_is_refused_and_not_shown() {
        JWKSFetcher.Request request =
                new JWKSFetcher.Request(endpoint.uri(), "\"a\"\r\nEvil: canary", null, Duration.ofSeconds(10), 1_000);
        assertThatThrownBy(() -> JWKSFetcher.http().fetch(request))
                .isInstanceOf(IOException.class)
                .hasMessage("a request header may not have a line break");
        assertThat(endpoint.gets).hasValue(0);
    }

    @Nested
    class WithACallersClient {

        @Test
        void it_fetches() {
            JWKSCache cache = endpoint.open(JWKSCache.builder(endpoint.uri()).httpClient(HttpClient.newHttpClient()));
            assertThat(kids(cache)).containsExactly("rsa-1", "ec-1");
        }

        @Test
        void its_answers_are_limited_too() {
            endpoint.script(KeyEndpoint.body(" ".repeat(5_000)));
            JWKSCache cache = endpoint.open(
                    JWKSCache.builder(endpoint.uri()).maxResponseBytes(4_096).httpClient(HttpClient.newHttpClient()));
            assertThatThrownBy(cache::getKeys).hasMessageContaining("larger than 4096 bytes");
        }

        @Test
        void its_deadline_ends_a_body_that_hangs() {
            CountDownLatch gate = new CountDownLatch(1);
            endpoint.script(exchange -> {
                exchange.sendResponseHeaders(200, 0);
                exchange.getResponseBody().flush();
                gate.await();
            });
            JWKSCache cache = endpoint.open(JWKSCache.builder(endpoint.uri())
                    .fetchTimeout(Duration.ofMillis(300))
                    .httpClient(HttpClient.newHttpClient()));
            assertThatThrownBy(cache::getKeys).hasMessageContaining("no complete answer within 300 ms");
            // The client has returned, so another fetch may begin.
            Awaitility.await().until(() -> cache.status().nextAttempt() != null);
            gate.countDown();
        }

        @Test
        void a_name_without_an_address_is_told() {
            JWKSCache cache = endpoint.open(
                    JWKSCache.builder(URI.create("https://keys.invalid:444/a")).httpClient(HttpClient.newHttpClient()));
            assertThatThrownBy(cache::getKeys)
                    .hasMessageEndingWith("could not connect to keys.invalid:444: the name has no address");
        }

        @Test
        void its_own_limit_for_connecting_is_no_late_answer() throws IOException {
            try (ServerSocket busy = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                List<Socket> queue = new ArrayList<>();
                try {
                    fill(busy, queue);
                    String authority = "127.0.0.1:" + busy.getLocalPort();
                    JWKSCache cache = endpoint.open(JWKSCache.builder(URI.create("http://" + authority + "/a"))
                            .httpClient(HttpClient.newBuilder()
                                    .connectTimeout(Duration.ofMillis(100))
                                    .build()));
                    assertThatThrownBy(cache::getKeys).hasMessageContaining("could not connect to " + authority + ": ");
                } finally {
                    for (Socket each : queue) {
                        each.close();
                    }
                }
            }
        }

        /** Connects until the server's backlog is full: it accepts none of them. */
        private static void fill(ServerSocket server, List<Socket> queue) throws IOException {
            for (int i = 0; i < 20; i++) {
                Socket socket = new Socket();
                queue.add(socket);
                try {
                    socket.connect(server.getLocalSocketAddress(), 100);
                } catch (SocketTimeoutException full) {
                    return;
                }
            }
        }

        @Test
        void one_that_follows_redirects_is_refused() {
            HttpClient follows = HttpClient.newBuilder()
                    .followRedirects(HttpClient.Redirect.ALWAYS)
                    .build();
            assertThatThrownBy(() -> endpoint.inline().httpClient(follows).build())
                    .hasMessage("httpClient may not follow redirects");
        }
    }

    @Nested
    class APortThatDoesNotExist {

        @ParameterizedTest
        @ValueSource(strings = {"0", "65536", "99999"})
        void is_refused_when_the_cache_is_built(String port) {
            assertThatThrownBy(() -> JWKSCache.builder(URI.create("http://127.0.0.1:" + port + "/keys"))
                            .build())
                    .hasMessage("the key endpoint has to be a URL with a port from 1 to 65535, or without one");
        }

        @Test
        void leaves_no_socket_behind() throws IOException {
            JWKSFetcher.Request request = new JWKSFetcher.Request(
                    URI.create("http://127.0.0.1:70000/keys"), null, null, Duration.ofSeconds(10), 1_000);
            JWKSFetcher http = JWKSFetcher.http();
            assertThatThrownBy(() -> http.fetch(request)).isInstanceOf(IllegalArgumentException.class);
            Path descriptors = Path.of("/proc/self/fd");
            assumeTrue(Files.isDirectory(descriptors), "only Linux lists the descriptors of a process");
            long before = count(descriptors);
            for (int i = 0; i < 200; i++) {
                assertThatThrownBy(() -> http.fetch(request)).isInstanceOf(IllegalArgumentException.class);
            }
            assertThat(count(descriptors)).isLessThan(before + 100);
        }

        private static long count(Path descriptors) throws IOException {
            try (var listed = Files.list(descriptors)) {
                return listed.count();
            }
        }
    }

    @Nested
    class ByAProxy {

        private void through(int port, Runnable test) {
            choosing(
                    List.of(new Proxy(Proxy.Type.HTTP, new InetSocketAddress(InetAddress.getLoopbackAddress(), port))),
                    test);
        }

        private void choosing(List<Proxy> proxies, Runnable test) {
            ProxySelector before = ProxySelector.getDefault();
            ProxySelector.setDefault(new ProxySelector() {
                @Override
                public List<Proxy> select(URI uri) {
                    return proxies;
                }

                @Override
                public void connectFailed(URI uri, SocketAddress address, IOException failure) {}
            });
            try {
                test.run();
            } finally {
                ProxySelector.setDefault(before);
            }
        }

        @Test
        void plain_http_is_asked_for_with_its_whole_address() throws IOException {
            try (RawServer proxy = new RawServer("HTTP/1.1 200 OK\r\n\r\n" + KEYS)) {
                through(
                        proxy.server.getLocalPort(),
                        () -> assertThat(kids(endpoint.open(JWKSCache.builder(URI.create("http://keys.internal/a?b=c"))
                                        .allowPlainHttp())))
                                .containsExactly("rsa-1"));
                assertThat(proxy.requests)
                        .singleElement()
                        .asString()
                        .startsWith("GET http://keys.internal/a?b=c HTTP/1.1\r\nHost: keys.internal\r\n");
            }
        }

        @ParameterizedTest
        @ValueSource(strings = {"127.0.0.1", "localhost", "localhost.", "LOCALHOST", "[::ffff:127.0.0.1]"})
        void plain_http_to_this_machine_goes_to_none(String host) throws IOException {
            try (RawServer proxy = new RawServer("HTTP/1.1 200 OK\r\n\r\n{\"keys\":[]}")) {
                URI keys = URI.create("http://" + host + ":" + endpoint.uri().getPort()
                        + endpoint.uri().getPath());
                through(
                        proxy.server.getLocalPort(),
                        () -> assertThat(kids(endpoint.open(JWKSCache.builder(keys))))
                                .contains("rsa-1"));
                assertThat(proxy.requests).isEmpty();
            }
        }

        @Test
        void one_without_an_address_is_passed_over_for_the_next() throws IOException {
            try (RawServer proxy = new RawServer("HTTP/1.1 200 OK\r\n\r\n" + KEYS)) {
                choosing(
                        List.of(
                                new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved("proxy.invalid", 3128)),
                                new Proxy(
                                        Proxy.Type.HTTP,
                                        new InetSocketAddress(
                                                InetAddress.getLoopbackAddress(), proxy.server.getLocalPort()))),
                        () -> assertThat(kids(endpoint.open(JWKSCache.builder(URI.create("http://keys.internal/a"))
                                        .allowPlainHttp())))
                                .containsExactly("rsa-1"));
            }
        }

        @Test
        void if_none_can_be_reached_the_failure_names_the_last() {
            choosing(
                    List.of(new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved("proxy.invalid", 3128))),
                    () -> assertThatThrownBy(
                                    endpoint.open(JWKSCache.builder(URI.create("https://keys.internal/a")))::getKeys)
                            .hasMessageEndingWith("could not connect to proxy.invalid:3128: the name has no address"));
        }

        @Test
        void https_goes_through_a_tunnel_or_not_at_all() throws IOException {
            try (RawServer proxy = new RawServer("HTTP/1.1 407 Log in\r\n\r\n")) {
                through(proxy.server.getLocalPort(), () -> {
                    JWKSCache cache = endpoint.open(JWKSCache.builder(URI.create("https://keys.internal/a")));
                    assertThatThrownBy(cache::getKeys).hasMessageContaining("the proxy answered HTTP 407");
                });
                assertThat(proxy.requests)
                        .containsExactly("CONNECT keys.internal:443 HTTP/1.1\r\nHost: keys.internal:443\r\n\r\n");
            }
        }
    }

    @Nested
    class WhereTheIssuerSaysTheKeysAre {

        private String issuer = "";
        private String keysPath = "/keys";
        private String claimedKeys = "";
        private String missingSaysRetryAfter = "";
        private String metadataPath = "/realm/.well-known/openid-configuration";
        private final AtomicInteger discoveries = new AtomicInteger();
        private final List<String> seen = Collections.synchronizedList(new ArrayList<>());
        private volatile boolean metadataIsDown;

        private void see(String where, HttpExchange exchange) {
            var headers = exchange.getRequestHeaders();
            seen.add(where + " " + headers.getFirst("Authorization") + " " + headers.getFirst("Cache-Control"));
        }

        private JWKSCache discovering() {
            return endpoint.open(discoveringBuilder());
        }

        private JWKSCache.Builder discoveringBuilder() {
            URI root = endpoint.uri().resolve("/");
            issuer = issuer.isEmpty() ? root + "realm" : issuer;
            claimedKeys = claimedKeys.isEmpty() ? root.resolve(keysPath).toString() : claimedKeys;
            endpoint.script(exchange -> {
                String path = exchange.getRequestURI().getPath();
                see(path, exchange);
                if (path.equals(metadataPath) && !metadataIsDown) {
                    discoveries.incrementAndGet();
                    KeyEndpoint.send(
                            exchange, 200, "{\"issuer\":\"" + issuer + "\",\"jwks_uri\":\"" + claimedKeys + "\"}");
                } else if (path.equals(keysPath)) {
                    KeyEndpoint.serving(EC_1, RSA_2).answer(exchange);
                } else {
                    if (!missingSaysRetryAfter.isEmpty()) {
                        exchange.getResponseHeaders().set("Retry-After", missingSaysRetryAfter);
                    }
                    KeyEndpoint.send(exchange, 404, "{}");
                }
            });
            return JWKSCache.discover(root.resolve("realm"))
                    .ticker(endpoint.now::get)
                    .random(() -> 0)
                    .executor(Runnable::run)
                    .threads(new KeyEndpoint.StillTimer(Runnable::run));
        }

        private void getKeysTwice() {
            JWKSCache cache = endpoint.open(discoveringBuilder().requestHeader("Authorization", () -> "Bearer canary"));
            cache.getKeys();
            cache.invalidate();
            cache.getKeys();
        }

        @Test
        void at_its_own_origin_gets_the_callers_headers_too() {
            getKeysTwice();
            assertThat(seen)
                    .containsExactly(
                            metadataPath + " Bearer canary null",
                            "/keys Bearer canary null",
                            metadataPath + " Bearer canary no-cache",
                            "/keys Bearer canary no-cache");
        }

        @Test
        void at_another_origin_gets_no_header_of_the_callers() {
            try (KeyEndpoint other = new KeyEndpoint()) {
                other.script(exchange -> {
                    see("other", exchange);
                    KeyEndpoint.serving(EC_1).answer(exchange);
                });
                claimedKeys = other.uri().toString();
                getKeysTwice();
            }
            assertThat(seen)
                    .containsExactly(
                            metadataPath + " Bearer canary null",
                            "other null null",
                            metadataPath + " Bearer canary no-cache",
                            "other null no-cache");
        }

        @ParameterizedTest
        @CsvSource({
            "https://idp.example/a, https://IDP.example:443/b, true",
            "http://[::1]/a, HTTP://[::1]:80/, true",
            "https://idp.example/, http://idp.example/, false",
            "https://idp.example/, https://idp.example:8443/, false",
            "https://idp.example/, https://keys.idp.example/, false",
            "https://idp.example/, https://idp.example.evil/, false"
        })
        void is_at_the_same_origin_if_all_parts_are_the_same(URI one, URI other, boolean isSame) {
            assertThat(EndpointRules.isSameOrigin(one, other)).isEqualTo(isSame);
            assertThat(EndpointRules.isSameOrigin(other, one)).isEqualTo(isSame);
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "/realm/.well-known/openid-configuration",
                    "/.well-known/openid-configuration/realm",
                    "/.well-known/oauth-authorization-server/realm"
                })
        void metadata_is_found_where_the_standards_put_it(String path) {
            metadataPath = path;
            assertThat(kids(discovering())).containsExactly("ec-1", "rsa-2");
        }

        @Test
        void keys_that_move_are_found_at_the_next_fetch() {
            JWKSCache cache = discovering();
            cache.getKeys();
            keysPath = "/moved";
            claimedKeys = endpoint.uri().resolve("/moved").toString();
            endpoint.advance(Duration.ofHours(1));
            assertThat(kids(cache)).containsExactly("ec-1", "rsa-2");
            assertThat(cache.status().failures()).isZero();
            assertThat(discoveries).hasValue(2);
        }

        @Test
        void the_last_known_place_holds_while_metadata_is_down() {
            JWKSCache cache = discovering();
            cache.getKeys();
            metadataIsDown = true;
            endpoint.advance(Duration.ofHours(1));
            cache.getKeys();
            assertThat(cache.status().failures()).isZero();
            assertThat(discoveries).hasValue(1);
        }

        @ParameterizedTest
        @ValueSource(booleans = {true, false})
        void a_transport_that_breaks_at_metadata_is_only_down(boolean byThrowing) {
            JWKSCache.Builder builder = JWKSCache.discover(URI.create("https://idp/realm"));
            AtomicBoolean broken = new AtomicBoolean();
            String openid = "/realm/.well-known/openid-configuration";
            JWKSCache cache = endpoint.open(builder.ticker(endpoint.now::get)
                    .executor(Runnable::run)
                    .threads(new KeyEndpoint.StillTimer(Runnable::run))
                    .fetcher(request -> {
                        if (request.uri().getPath().equals("/keys")) {
                            return JWKSFetcher.Response.of(KEYS.getBytes(StandardCharsets.UTF_8));
                        } else if (!broken.get() && !request.uri().getPath().equals(openid)) {
                            return JWKSFetcher.Response.of(
                                    "{\"issuer\":\"https://idp/realm\",\"jwks_uri\":\"https://idp/keys\"}"
                                            .getBytes(StandardCharsets.UTF_8));
                        } else if (byThrowing) {
                            throw new IllegalStateException("boom");
                        }
                        return null;
                    }));
            assertThat(kids(cache)).as("from the second place").containsExactly("rsa-1");
            broken.set(true);
            endpoint.advance(Duration.ofMinutes(61));
            assertThat(kids(cache)).containsExactly("rsa-1");
            assertThat(cache.status().failures())
                    .as("the last known address is asked")
                    .isZero();
        }

        @Test
        void metadata_that_became_anothers_is_warned_of_once() {
            ListAppender<ILoggingEvent> log = new ListAppender<>();
            log.start();
            Logger logger = (Logger) LoggerFactory.getLogger(JWKSCache.class);
            logger.addAppender(log);
            try {
                JWKSCache cache = discovering();
                cache.getKeys();
                issuer = "https://evil.example";
                for (int i = 0; i < 2; i++) {
                    endpoint.advance(Duration.ofMinutes(61));
                    assertThat(kids(cache)).as("of the last known address").containsExactly("ec-1", "rsa-2");
                }
            } finally {
                logger.detachAppender(log);
            }
            assertThat(log.list)
                    .filteredOn(event -> event.getLevel() == Level.WARN)
                    .singleElement()
                    .asString()
                    .contains("the metadata is of another issuer");
        }

        @ParameterizedTest
        @CsvSource({"404, 0", "429, 30"})
        void metadata_that_became_anothers_is_told_if_the_last_address_fails_too(int status, int retryAfter) {
            JWKSCache cache = discovering();
            cache.getKeys();
            issuer = "https://new.example";
            endpoint.advance(Duration.ofMinutes(61));
            endpoint.script(exchange -> {
                if (exchange.getRequestURI().getPath().equals(metadataPath)) {
                    KeyEndpoint.body("{\"issuer\":\"" + issuer + "\"}").answer(exchange);
                } else if (exchange.getRequestURI().getPath().equals("/keys")) {
                    exchange.getResponseHeaders().set("Retry-After", String.valueOf(retryAfter));
                    KeyEndpoint.send(exchange, status, "{}");
                } else {
                    KeyEndpoint.status(404).answer(exchange);
                }
            });
            assertThat(kids(cache)).containsExactly("ec-1", "rsa-2");
            assertThat(cache.status().lastError())
                    .isEqualTo("discovery at the issuer failed: the metadata is of another issuer: it says"
                            + " https://new.example; and at the last known address, the endpoint answered HTTP "
                            + status + (retryAfter == 0 ? "" : ", and asks to wait 30 s"));
            endpoint.advance(Duration.ofSeconds(29));
            kids(cache);
            assertThat(cache.status().failures()).isEqualTo(retryAfter == 0 ? 2 : 1);
        }

        @ParameterizedTest
        @CsvSource({"https://idp/realm, 3", "https://idp, 2"})
        void each_place_but_the_last_has_half_of_the_time_that_is_left(URI name, int places) {
            List<Duration> times = new ArrayList<>();
            JWKSFetcher hanging = request -> {
                times.add(request.timeout());
                throw new IOException("no complete answer within " + request.timeout());
            };
            JWKSFetcher.Request request = new JWKSFetcher.Request(name, null, null, Duration.ofHours(1), 1_000);
            assertThatThrownBy(() -> new DiscoveringTransport(name, hanging, false).fetch(request))
                    .hasMessageStartingWith("discovery at the issuer failed: no complete answer");
            assertThat(times).hasSize(places);
            assertThat(times.subList(0, places - 1)).allMatch(time -> time.toMinutes() <= 30);
            assertThat(times.get(places - 1)).isGreaterThan(Duration.ofMinutes(30));
        }

        @Test
        void a_place_that_hangs_keeps_no_other_from_being_asked() {
            metadataPath = "/.well-known/oauth-authorization-server/realm";
            JWKSCache cache = endpoint.open(discoveringBuilder().fetchTimeout(Duration.ofSeconds(4)));
            CountDownLatch never = new CountDownLatch(1);
            KeyEndpoint.Script answers = endpoint.script();
            endpoint.script(exchange -> {
                if (exchange.getRequestURI().getPath().equals("/realm/.well-known/openid-configuration")) {
                    KeyEndpoint.held(never, answers).answer(exchange);
                } else {
                    answers.answer(exchange);
                }
            });
            assertThat(kids(cache)).containsExactly("ec-1", "rsa-2");
            never.countDown();
        }

        @Test
        void an_issuer_that_differs_in_a_slash_is_refused_and_told() {
            issuer = endpoint.uri().resolve("/realm/").toString();
            assertThatThrownBy(discovering()::getKeys)
                    .hasMessageContaining("the metadata is of another issuer: they differ in a slash at the end");
        }

        @ParameterizedTest
        @ValueSource(strings = {"", "5"})
        void the_failure_of_metadata_is_told_before_that_of_a_missing_one(String retryAfter) {
            issuer = endpoint.uri().resolve("/realm/").toString();
            metadataPath = "/.well-known/openid-configuration/realm";
            missingSaysRetryAfter = retryAfter;
            assertThatThrownBy(discovering()::getKeys)
                    .hasMessageContaining("the metadata is of another issuer: they differ in a slash at the end");
        }

        @Test
        void metadata_that_is_wrong_is_told_though_another_place_is_busy() {
            issuer = "https://new.example";
            JWKSCache cache = discovering();
            KeyEndpoint.Script answers = endpoint.script();
            AtomicInteger asked = new AtomicInteger();
            endpoint.script(exchange -> {
                asked.incrementAndGet();
                if (exchange.getRequestURI().getPath().equals(metadataPath)) {
                    answers.answer(exchange);
                } else {
                    exchange.getResponseHeaders().set("Retry-After", "30");
                    KeyEndpoint.send(exchange, 429, "{}");
                }
            });
            for (int second = 0; second < 30; second++) {
                assertThatThrownBy(cache::getKeys)
                        .hasMessageEndingWith(
                                "discovery at the issuer failed: the metadata is of another issuer: it says"
                                        + " https://new.example; at another place, the endpoint answered HTTP 429, and asks to"
                                        + " wait 30 s");
                endpoint.advance(Duration.ofSeconds(1));
            }
            assertThat(asked).hasValue(2);
        }

        @Test
        void a_place_that_is_missing_hides_no_failure_of_another() {
            JWKSCache cache = discovering();
            endpoint.script(exchange -> KeyEndpoint.send(
                    exchange, exchange.getRequestURI().getPath().equals(metadataPath) ? 404 : 500, "{}"));
            assertThatThrownBy(cache::getKeys)
                    .hasMessageEndingWith(
                            "discovery at the issuer failed: the endpoint answered HTTP 404; at another place,"
                                    + " the endpoint answered HTTP 500");
        }

        @Test
        void a_place_that_is_missing_and_asks_to_wait_hides_no_other() {
            metadataPath = "/.well-known/openid-configuration/realm";
            missingSaysRetryAfter = "5";
            assertThat(kids(discovering())).containsExactly("ec-1", "rsa-2");
        }

        @Test
        void metadata_of_another_issuer_is_refused() {
            issuer = "https://evil.example";
            assertThatThrownBy(discovering()::getKeys)
                    .hasMessageEndingWith("the metadata is of another issuer: it says https://evil.example");
        }

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                value = {
                    "{}                       | it names none",
                    "{\"issuer\":1}         | it names none",
                    "{\"issuer\":\"a\\nb\"} | it says a b",
                })
        void metadata_without_a_sound_issuer_is_refused(String metadata, String why) {
            JWKSCache cache = discovering();
            endpoint.script(KeyEndpoint.body(metadata));
            assertThatThrownBy(cache::getKeys).hasMessageEndingWith("the metadata is of another issuer: " + why);
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "http://evil.example/keys",
                    "https://evil.example/ canary",
                    "ftp://127.0.0.1/",
                    "keys",
                    "https://u:canary@example.com/",
                    "https://127.0.0.1:65536/"
                })
        void a_place_that_may_not_be_asked_is_refused(String place) {
            claimedKeys = place;
            assertThatThrownBy(discovering()::getKeys)
                    .hasMessageContaining("jwks_uri")
                    .hasMessageNotContaining("canary");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "https://idp.example/realm/.well-known/openid-configuration",
                    "https://idp.example/.well-known/oauth-authorization-server/realm"
                })
        void an_issuer_is_not_the_address_of_its_metadata(URI address) {
            assertThatThrownBy(() -> JWKSCache.discover(address).build())
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("the issuer may not be the address of its metadata");
            JWKSCache.builder(address).build().close();
        }

        @Test
        void an_issuer_has_no_query() {
            assertThatThrownBy(() -> JWKSCache.discover(URI.create("https://issuer.example/?a=b"))
                            .build())
                    .hasMessage("the issuer may not have a query or a fragment");
        }
    }

    @Nested
    class InsideACluster {

        private static String read(Path token) {
            try {
                return Files.readString(token).strip();
            } catch (IOException gone) {
                throw new UncheckedIOException(gone);
            }
        }

        @Test
        void a_token_on_disk_is_read_for_each_fetch(@TempDir Path directory) throws Exception {
            List<String> seen = Collections.synchronizedList(new ArrayList<>());
            endpoint.script(exchange -> {
                seen.add(exchange.getRequestHeaders().getFirst("Authorization"));
                KeyEndpoint.serving(RSA_1).answer(exchange);
            });
            Path token = Files.writeString(directory.resolve("token"), "first");
            SSLContext clusterTls = SSLContext.getDefault();
            URI jwksUri = endpoint.uri();
            // example: kubernetes
            JWKSCache cache = JWKSCache.builder(jwksUri)
                    .httpClient(HttpClient.newBuilder().sslContext(clusterTls).build())
                    .requestHeader("Authorization", () -> "Bearer " + read(token))
                    .build();
            // example: end
            try (cache) {
                cache.getKeys();
                Files.writeString(token, "second");
                cache.invalidate();
                cache.getKeys();
            }
            assertThat(seen).containsExactly("Bearer first", "Bearer second");
        }

        @Test
        void plain_http_needs_a_word() {
            URI cluster = URI.create("http://keys.default.svc/jwks");
            assertThatThrownBy(() -> JWKSCache.builder(cluster).build()).hasMessageContaining("allowPlainHttp()");
            assertThat(endpoint.open(JWKSCache.builder(cluster).allowPlainHttp())
                            .status()
                            .state())
                    .isEqualTo(JWKSCacheStatus.State.EMPTY);
        }

        @ParameterizedTest
        @ValueSource(strings = {"Host", "content-length", "If-None-Match", "a b", "", "X:Y"})
        void a_header_that_the_transport_sets_is_refused(String name) {
            assertThatThrownBy(() -> endpoint.inline()
                            .requestHeader(name, () -> "canary")
                            .build())
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("request header");
        }
    }
}
