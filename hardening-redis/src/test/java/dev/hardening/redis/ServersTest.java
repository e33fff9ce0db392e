package dev.hardening.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.hardening.redis.Attempt.Verdict;
import dev.hardening.testing.Certificate;
import dev.hardening.testing.Ports;
import dev.hardening.testing.RedisServer;
import dev.hardening.testing.ScriptedServer;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisCredentials;
import io.lettuce.core.RedisCredentialsProvider.ImmediateRedisCredentialsProvider;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SslOptions;
import io.lettuce.core.codec.StringCodec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;

/** Real servers of every kind: users, TLS, replicas, Sentinels, a server that loads or is full. */
class ServersTest {

    private static RedisServer primary;
    private final List<Duration> waits = new CopyOnWriteArrayList<>();

    @BeforeAll
    static void start() throws Exception {
        primary = RedisServer.start();
    }

    @AfterAll
    static void stop() throws Exception {
        primary.close();
    }

    private RedisConnector.Builder to(String uri) {
        return RedisConnector.builder(uri).sleeper(waits::add);
    }

    private static RedisConnectException failure(RedisConnector.Builder builder) {
        RedisConnectException failure = catchThrowableOfType(
                RedisConnectException.class, () -> builder.build().connect().close());
        assertThat(failure).isNotNull();
        return failure;
    }

    private static void sinceRedis7(String what) throws Exception {
        assumeTrue(!primary.command("INFO server").contains("redis_version:6."), what + " from Redis 7 on");
    }

    private static RedisServer tls(Certificate certificate, int port, String clients) throws Exception {
        return RedisServer.start(
                "--tls-port",
                String.valueOf(port),
                "--tls-cert-file",
                certificate.certificate().toString(),
                "--tls-key-file",
                certificate.key().toString(),
                "--tls-ca-cert-file",
                certificate.certificate().toString(),
                "--tls-auth-clients",
                clients);
    }

    private static ClientOptions trusting(Certificate certificate) {
        return ClientOptions.builder()
                .sslOptions(SslOptions.builder()
                        .jdkSslProvider()
                        .trustManager(certificate.certificate().toFile())
                        .build())
                .build();
    }

    @Nested
    class UsersAndDatabases {

        @Test
        void aUserOfTheAccessListIsConnectedByNameAndPassword() throws Exception {
            try (RedisServer guarded = RedisServer.start(
                    "--user", "alice", "on", ">secret", "~*", "+@all", "--user", "probe", "on", ">secret", "-@all",
                    "+ping", "--user", "mute", "on", ">secret", "+@all", "-ping", "--user", "default", "off")) {
                String at = "@127.0.0.1:" + guarded.port();
                try (ConnectedRedis redis = to("redis://alice:secret" + at + "?clientName=orders")
                        .build()
                        .connect()) {
                    assertThat(redis.sync().clientGetname()).isEqualTo("orders");
                    assertThat(redis.report().endpoint()).isEqualTo(guarded.uri());
                }
                try (ConnectedRedis redis =
                        to("redis://probe:secret" + at).build().connect()) {
                    assertThat(redis.ping()).isTrue();
                }
                assertThat(failure(to("redis://bob:hunter2" + at)))
                        .hasMessageContaining("after 1 attempt: WRONGPASS: the user or the password is wrong");
                assertThat(failure(to("redis://alice:hunter2" + at)))
                        .hasMessageContaining("after 1 attempt: WRONGPASS");
                assertThat(failure(to("redis://mute:secret" + at))).hasMessageContaining("after 1 attempt: NOPERM");
                assertThat(failure(to("redis://127.0.0.1:" + guarded.port())))
                        .hasMessageContaining("after 1 attempt: NOAUTH");
            }
            assertThat(waits).isEmpty();
        }

        @Test
        void anotherDatabaseIsSelected() {
            try (ConnectedRedis redis = to(primary.uri() + "/3").build().connect()) {
                redis.sync().set("k", "v");
                assertThat(redis.report().endpoint()).endsWith("/3");
            }
            try (ConnectedRedis redis = to(primary.uri()).build().connect()) {
                assertThat(redis.sync().get("k")).isNull();
            }
        }

        @Test
        void aProviderOfCredentialsThatFailsIsSaidAndTriedAgain() {
            RedisURI uri = RedisURI.create(primary.uri());
            uri.setCredentialsProvider(() -> {
                throw new NullPointerException("no vault");
            });
            assertThat(failure(RedisConnector.builder(uri).sleeper(waits::add)))
                    .hasMessage("Redis connection failed after 3 attempts: the credentials provider failed: no vault");
            uri.setCredentialsProvider(() -> Mono.error(new IllegalStateException("the vault is sealed")));
            assertThat(failure(RedisConnector.builder(uri).sleeper(waits::add)))
                    .hasMessageEndingWith("the credentials provider failed: the vault is sealed");
            uri.setCredentialsProvider(Mono::empty);
            assertThat(failure(RedisConnector.builder(uri).sleeper(waits::add)))
                    .hasMessageEndingWith("the credentials provider gave none");
        }

        @Test
        void aProviderThatHasThemAtOnceMayFailOrBlockAsWell() throws Exception {
            RedisURI uri = RedisURI.create(primary.uri());
            uri.setCredentialsProvider((ImmediateRedisCredentialsProvider) () -> {
                throw new IllegalStateException("the vault is sealed");
            });
            assertThat(failure(RedisConnector.builder(uri).sleeper(waits::add)))
                    .hasMessageEndingWith("the credentials provider failed: the vault is sealed");
            CountDownLatch released = new CountDownLatch(1);
            uri.setCredentialsProvider((ImmediateRedisCredentialsProvider) () -> {
                try {
                    released.await();
                } catch (InterruptedException givenUp) {
                    Thread.currentThread().interrupt();
                }
                return RedisCredentials.just(null, "never");
            });
            assertThat(failure(RedisConnector.builder(uri)
                            .sleeper(waits::add)
                            .attempts(1)
                            .attemptTimeout(Duration.ofMillis(200))))
                    .hasMessageContaining("while waiting for credentials");
            released.countDown();
        }

        @Test
        void aProviderIsAskedOnceInEachConnectAndReconnect() throws Exception {
            List<String> asked = new CopyOnWriteArrayList<>();
            try (RedisServer guarded = RedisServer.start("--requirepass", "right")) {
                RedisURI uri = RedisURI.create(guarded.uri());
                uri.setCredentialsProvider(() -> {
                    asked.add("asked");
                    return Mono.just(RedisCredentials.just(null, "right"));
                });
                try (ConnectedRedis redis = RedisConnector.builder(uri).build().connect()) {
                    assertThat(asked).hasSize(1);
                    redis.open(StringCodec.UTF8).close();
                    assertThat(asked).hasSize(2);
                    guarded.command("AUTH right", "CLIENT KILL TYPE normal");
                    Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> asked.size() == 3 && redis.ping());
                }
            }
        }

        @Test
        void aTimeoutOfAMinuteIsKeptIfTheUriNamesIt() {
            try (ConnectedRedis redis =
                    to(primary.uri() + "?timeout=60s").build().connect()) {
                assertThat(redis.uri().getTimeout()).hasSeconds(60);
            }
            try (ConnectedRedis redis = to(primary.uri()).build().connect()) {
                assertThat(redis.uri().getTimeout()).hasSeconds(5);
            }
        }

        @Test
        void aPasswordBeingRotatedIsAskedForAgainIfTheCallerWants() throws Exception {
            try (RedisServer guarded = RedisServer.start("--requirepass", "new")) {
                RedisURI uri = RedisURI.create(guarded.uri());
                uri.setCredentialsProvider(
                        () -> Mono.just(RedisCredentials.just(null, waits.isEmpty() ? "old" : "new")));
                try (ConnectedRedis redis = RedisConnector.builder(uri)
                        .sleeper(waits::add)
                        .retryOn(attempt -> attempt.reason().startsWith("WRONGPASS"))
                        .build()
                        .connect()) {
                    assertThat(redis.report().attempts()).isEqualTo(2);
                }
            }
        }
    }

    @Nested
    class Tls {

        @ParameterizedTest
        @ValueSource(strings = {"redis+tls", "redis+ssl", "rediss"})
        void itBeginsWithTheFirstByte(String scheme) throws Exception {
            CompletableFuture<Integer> first = new CompletableFuture<>();
            try (ScriptedServer server = new ScriptedServer(
                    socket -> first.complete(socket.getInputStream().read()))) {
                assertThat(failure(to(scheme + "://:hunter2@127.0.0.1:" + server.port())
                                .attempts(1)))
                        .isNotNull();
            }
            assertThat(first.get(30, TimeUnit.SECONDS)).isEqualTo(22); // a handshake record (RFC 8446, section 5.1)
        }

        @Test
        void aTrustedCertificateForTheHostIsConnectedTo(@TempDir Path directory) throws Exception {
            Certificate certificate = Certificate.make(directory, "ip:127.0.0.1");
            int port = Ports.free();
            try (RedisServer server = tls(certificate, port, "no");
                    ConnectedRedis redis = to("rediss://127.0.0.1:" + port)
                            .clientOptions(trusting(certificate))
                            .build()
                            .connect()) {
                assertThat(redis.ping()).isTrue();
                assertThat(redis.report().endpoint()).isEqualTo("rediss://127.0.0.1:" + port);
                try (ConnectedRedis plain = to(server.uri()).build().connect()) {
                    // TLS has classes of its own to load before the clock starts.
                    assertThat(redis.report().warmUp())
                            .isGreaterThan(plain.report().warmUp());
                }
                assertThat(server.port()).isNotEqualTo(port);
            }
        }

        @Test
        void whatIsWrongWithTlsIsSaidAndNotTriedAgain(@TempDir Path directory) throws Exception {
            Certificate localhost = Certificate.make(directory, "dns:localhost");
            int port = Ports.free();
            try (RedisServer server = tls(localhost, port, "yes")) {
                String uri = "rediss://127.0.0.1:" + port;
                assertThat(failure(to(uri)))
                        .hasMessage(
                                "Redis connection failed after 1 attempt: the server's certificate is not trusted: add its"
                                        + " authority to the trust store");
                assertThat(failure(to(uri).clientOptions(trusting(localhost))))
                        .hasMessage(
                                "Redis connection failed after 1 attempt: the server's certificate is for another host name:"
                                        + " connect by a name that is in it");
                assertThat(failure(to("rediss://localhost:" + port).clientOptions(trusting(localhost))))
                        .hasMessage(
                                "Redis connection failed after 1 attempt: the server wants a client certificate: set one in"
                                        + " SslOptions");
                assertThat(waits).isEmpty();
                assertThat(server.port()).isNotEqualTo(port);
            }
        }

        @Test
        void aClientCertificateIsShownWhereTheServerWantsOne(@TempDir Path directory) throws Exception {
            Certificate certificate = Certificate.make(directory, "ip:127.0.0.1");
            int port = Ports.free();
            ClientOptions mutual = ClientOptions.builder()
                    .sslOptions(SslOptions.builder()
                            .jdkSslProvider()
                            .trustManager(certificate.certificate().toFile())
                            .keyManager(
                                    certificate.certificate().toFile(),
                                    certificate.key().toFile(),
                                    null)
                            .build())
                    .build();
            try (RedisServer server = tls(certificate, port, "yes");
                    ConnectedRedis redis = to("rediss://127.0.0.1:" + port)
                            .clientOptions(mutual)
                            .build()
                            .connect()) {
                assertThat(redis.ping()).isTrue();
                assertThat(server.port()).isNotEqualTo(port);
            }
        }

        @Test
        void plainToATlsPortAndBackAreTriedAgainWithAHint(@TempDir Path directory) throws Exception {
            Certificate certificate = Certificate.make(directory, "ip:127.0.0.1");
            int port = Ports.free();
            try (RedisServer server = tls(certificate, port, "no")) {
                RedisConnectException plain = failure(to("redis://127.0.0.1:" + port));
                assertThat(plain.attempts()).hasSize(3);
                assertThat(plain).hasMessageContaining("use rediss://");
                RedisConnectException tls = failure(
                        to("rediss://127.0.0.1:" + server.port()).attempts(2).attemptTimeout(Duration.ofSeconds(1)));
                assertThat(tls.attempts()).hasSize(2);
                assertThat(tls).hasMessageContaining("redis://");
            }
        }
    }

    @Nested
    class AServerThatIsNotReady {

        @Test
        void aReplicaThatMayNotServeWithoutItsPrimaryIsTriedAgain() throws Exception {
            sinceRedis7("such a replica refuses PING");
            try (RedisServer replica = RedisServer.start(
                    "--replicaof", "127.0.0.1", String.valueOf(Ports.refusing()), "--replica-serve-stale-data", "no")) {
                RedisConnectException failure = failure(to(replica.uri()));
                assertThat(failure.attempts()).hasSize(3);
                assertThat(failure).hasMessageContaining("MASTERDOWN");
            }
        }

        @Test
        void aReplicaThatBecomesThePrimaryMeanwhileIsConnectedTo() throws Exception {
            try (RedisServer replica = RedisServer.start("--replicaof", "127.0.0.1", String.valueOf(primary.port()))) {
                Sleeper promotes = wait -> {
                    try {
                        replica.command("REPLICAOF NO ONE");
                    } catch (java.io.IOException failed) {
                        throw new java.io.UncheckedIOException(failed);
                    }
                };
                try (ConnectedRedis redis = RedisConnector.builder(replica.uri())
                        .requireRole(Role.PRIMARY)
                        .sleeper(promotes)
                        .build()
                        .connect()) {
                    assertThat(redis.report().attempts()).isEqualTo(2);
                    assertThat(redis.report().role()).isEqualTo(Role.PRIMARY);
                    redis.sync().set("k", "v");
                }
            }
        }

        @Test
        void aServerThatLoadsItsDataIsWaitedFor() throws Exception {
            sinceRedis7("loading can be slowed down evenly");
            try (RedisServer loading = RedisServer.start(
                    "--rdbcompression",
                    "no",
                    "--key-load-delay",
                    "50000",
                    "--loading-process-events-interval-bytes",
                    "1024")) {
                String value = "x".repeat(1_100);
                String[] lines = new String[2_001];
                for (int i = 0; i < 2_000; i++) {
                    lines[i] = "SET k" + i + " " + value;
                }
                lines[2_000] = "SAVE";
                loading.command(lines);
                loading.stop();
                loading.restart(); // 100 s, if it is left alone
                Sleeper hurries = wait -> {
                    waits.add(wait);
                    try {
                        loading.command("CONFIG SET key-load-delay 0");
                    } catch (java.io.IOException failed) {
                        throw new java.io.UncheckedIOException(failed);
                    }
                    Awaitility.await()
                            .atMost(Duration.ofSeconds(60))
                            .until(() -> loading.command("PING").startsWith("+PONG"));
                };
                List<Attempt> failed = new CopyOnWriteArrayList<>();
                try (ConnectedRedis redis = RedisConnector.builder(loading.uri())
                        .deadline(Duration.ofMinutes(5))
                        .sleeper(hurries)
                        .listener(new ConnectListener() {
                            @Override
                            public void attemptFailed(Attempt attempt) {
                                failed.add(attempt);
                            }
                        })
                        .build()
                        .connect()) {
                    assertThat(redis.sync().get("k1999")).isEqualTo(value);
                }
                assertThat(failed).hasSize(1);
                assertThat(failed.get(0).reason()).startsWith("LOADING");
                assertThat(failed.get(0).verdict()).isEqualTo(Verdict.TRANSIENT);
                assertThat(waits.get(0)).isGreaterThanOrEqualTo(Duration.ofSeconds(1));
            }
        }

        @Test
        void aServerThatLoadsIsWaitedForAsLongAsItSaysWhereThatFits() throws Exception {
            for (int eta : List.of(3, 5, 60)) {
                waits.clear();
                try (ScriptedServer loading =
                        new ScriptedServer(ScriptedServer.speaking(command -> switch (command.split(" ", -1)[0]) {
                            case "PING" -> "-LOADING Redis is loading the dataset in memory\r\n";
                            case "HELLO" -> ScriptedServer.HELLO;
                            case "INFO" -> ScriptedServer.bulk("loading:1\r\nloading_eta_seconds:" + eta + "\r\n");
                            default -> "-ERR unknown command\r\n";
                        }))) {
                    assertThat(failure(to(loading.redisUri()).attempts(2))).hasMessageContaining("LOADING");
                }
                assertThat(waits).containsExactly(Duration.ofSeconds(eta < 7 ? eta : 1));
            }
        }

        @Test
        void aServerWithAllItsClientsIsTriedAgain() throws Exception {
            try (RedisServer full = RedisServer.start("--maxclients", "1")) {
                List<Socket> others = new CopyOnWriteArrayList<>();
                // The one that saw the server start may count as a client for a moment.
                Awaitility.await().until(() -> {
                    Socket other = new Socket(InetAddress.getLoopbackAddress(), full.port());
                    others.add(other);
                    other.getOutputStream().write("PING\r\n".getBytes(StandardCharsets.US_ASCII));
                    return other.getInputStream().read() == '+';
                });
                RedisConnectException failure = failure(to(full.uri()));
                assertThat(failure.attempts()).hasSize(3);
                // The server closes at once after its answer, which the client may or may not have read by then.
                assertThat(failure.attempts()).extracting(Attempt::verdict).containsOnly(Verdict.TRANSIENT);
                for (Socket other : others) {
                    other.close();
                }
            }
        }
    }

    @Nested
    class Sentinels {

        @Test
        void thePrimaryIsFoundByTheSentinelsEvenWhenSomeAreDown() throws Exception {
            try (RedisServer sentinel = RedisServer.sentinel("orders", primary)) {
                for (String sentinels : List.of(
                        "127.0.0.1:" + sentinel.port(),
                        "127.0.0.1:" + Ports.refusing() + ",127.0.0.1:" + sentinel.port())) {
                    String uri = "redis-sentinel://" + sentinels + "#orders";
                    try (ConnectedRedis redis =
                            to(uri).requireRole(Role.PRIMARY).build().connect()) {
                        assertThat(redis.report().endpoint()).isEqualTo(uri);
                        assertThat(redis.report().attempts()).isEqualTo(1);
                        assertThat(redis.sync().clientInfo()).contains("laddr=127.0.0.1:" + primary.port());
                    }
                }
            }
            assertThat(waits).isEmpty();
        }

        @Test
        void aSentinelThatIsSilentDoesNotUseUpTheAttempt() throws Exception {
            try (RedisServer sentinel = RedisServer.sentinel("orders", primary);
                    ScriptedServer silent =
                            new ScriptedServer(socket -> socket.getInputStream().readAllBytes())) {
                String uri =
                        "redis-sentinel://127.0.0.1:" + silent.port() + ",127.0.0.1:" + sentinel.port() + "#orders";
                try (ConnectedRedis redis = to(uri).deadline(Duration.ofMinutes(1))
                        .attemptTimeout(Duration.ofSeconds(8))
                        .build()
                        .connect()) {
                    assertThat(redis.report().attempts()).isEqualTo(1);
                    assertThat(redis.report().role()).isEqualTo(Role.PRIMARY);
                }
            }
        }

        @Test
        void aSentinelThatIsDownMayComeBackWhateverTheOthersSay() throws Exception {
            try (ScriptedServer guarded =
                    new ScriptedServer(ScriptedServer.answering("-NOAUTH Authentication required.\r\n"))) {
                String at = "127.0.0.1:" + guarded.port();
                for (String both :
                        List.of(at + ",127.0.0.1:" + Ports.refusing(), "127.0.0.1:" + Ports.refusing() + "," + at)) {
                    assertThat(failure(to("redis-sentinel://" + both + "#orders")))
                            .hasMessageStartingWith("Redis connection failed after 3 attempts: ")
                            .hasMessageContaining("Connection refused")
                            .hasMessageContaining("NOAUTH");
                }
                assertThat(failure(to("redis-sentinel://" + at + "#orders")))
                        .hasMessageStartingWith("Redis connection failed after 1 attempt: NOAUTH");
            }
        }

        /** A Sentinel that can be connected to, and gives an answer to SENTINEL; an empty one for none, null to close. */
        private static ScriptedServer answering(Supplier<@Nullable String> answer) throws Exception {
            return new ScriptedServer(socket -> ScriptedServer.speaking(command -> {
                        if (command.startsWith("HELLO")) {
                            return ScriptedServer.HELLO;
                        }
                        if (!command.startsWith("SENTINEL")) {
                            return "+OK\r\n";
                        }
                        String given = answer.get();
                        if (given == null) {
                            try {
                                socket.close();
                            } catch (IOException failed) {
                                throw new UncheckedIOException(failed);
                            }
                        }
                        return given == null ? "" : given;
                    })
                    .talk(socket));
        }

        private static String both(ScriptedServer first, int second) {
            return "redis-sentinel://127.0.0.1:" + first.port() + ",127.0.0.1:" + second + "#orders";
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "*-1", // it does not know the primary's name
                    "-NOAUTH Authentication required.",
                    "-LOADING Redis is loading the dataset in memory",
                    "-ERR unknown command 'SENTINEL'",
                    "silence",
                    "close"
                })
        void theNextOneIsAskedWhateverTheFirstAnswers(String answer) throws Exception {
            try (RedisServer sentinel = RedisServer.sentinel("orders", primary);
                    ScriptedServer first = answering(() -> switch (answer) {
                        case "silence" -> "";
                        case "close" -> null;
                        default -> answer + "\r\n";
                    });
                    ConnectedRedis redis = to(both(first, sentinel.port()))
                            .deadline(Duration.ofMinutes(1))
                            .attemptTimeout(Duration.ofSeconds(8))
                            .build()
                            .connect()) {
                assertThat(redis.report().attempts()).isEqualTo(1);
                assertThat(redis.sync().clientInfo()).contains("laddr=127.0.0.1:" + primary.port());
            }
        }

        @Test
        void eachOneIsNamedWithWhatItSaid() throws Exception {
            try (RedisServer other = RedisServer.sentinel("other", primary);
                    ScriptedServer loading = answering(() -> "-LOADING Redis is loading the dataset in memory\r\n");
                    ScriptedServer closing = answering(() -> null);
                    ScriptedServer guarded =
                            new ScriptedServer(ScriptedServer.answering("-NOAUTH Authentication required.\r\n"))) {
                assertThat(failure(to(both(loading, other.port())).attempts(1)))
                        .hasMessageEndingWith("LOADING Redis is loading the dataset in memory [Sentinel 127.0.0.1:"
                                + loading.port() + "]; the Sentinels know no primary of that name [Sentinel 127.0.0.1:"
                                + other.port() + "]");
                assertThat(failure(to(both(closing, guarded.port())).attempts(1)))
                        .hasMessageContaining("closed early")
                        .hasMessageContaining("[Sentinel 127.0.0.1:" + closing.port() + "]; NOAUTH")
                        .hasMessageEndingWith("[Sentinel 127.0.0.1:" + guarded.port() + "]");
            }
        }

        private static String names(RedisServer named) {
            return "*2\r\n" + ScriptedServer.bulk("127.0.0.1") + ScriptedServer.bulk(String.valueOf(named.port()));
        }

        @Test
        void aReconnectAsksTheNextOneToo() throws Exception {
            AtomicReference<String> answer = new AtomicReference<>(names(primary));
            try (RedisServer sentinel = RedisServer.sentinel("orders", primary);
                    ScriptedServer first = answering(answer::get);
                    ConnectedRedis redis =
                            to(both(first, sentinel.port())).build().connect()) {
                answer.set("*-1\r\n");
                for (int i = 0; i < 2; i++) { // each time another one is asked first
                    long id = redis.sync().clientId();
                    primary.command("CLIENT KILL ID " + id);
                    Awaitility.await()
                            .atMost(Duration.ofSeconds(60))
                            .ignoreExceptions()
                            .until(() -> redis.sync().clientId() != id);
                }
            }
        }

        @Test
        void aReplicaThatOneNamesIsNoPrimary() throws Exception {
            try (RedisServer replica = RedisServer.start("--replicaof", "127.0.0.1", String.valueOf(primary.port()));
                    RedisServer sentinel = RedisServer.sentinel("orders", primary);
                    ScriptedServer outOfDate = answering(() -> names(replica))) {
                assertThat(failure(to("redis-sentinel://127.0.0.1:" + outOfDate.port() + "#orders")))
                        .hasMessageContaining("the server is a replica, and a primary is required");
                try (ConnectedRedis redis =
                        to(both(outOfDate, sentinel.port())).build().connect()) {
                    assertThat(redis.report().attempts()).isEqualTo(2);
                    assertThat(redis.sync().set("k", "v")).isEqualTo("OK");
                }
                try (ConnectedRedis redis = to(both(outOfDate, sentinel.port()))
                        .requireRole(Role.REPLICA)
                        .build()
                        .connect()) {
                    assertThat(redis.report().role()).isEqualTo(Role.REPLICA);
                }
            }
        }

        @Test
        void aReconnectToAReplicaIsRefused() throws Exception {
            AtomicReference<String> answer = new AtomicReference<>(names(primary));
            try (RedisServer replica = RedisServer.start("--replicaof", "127.0.0.1", String.valueOf(primary.port()));
                    ScriptedServer sentinel = answering(answer::get);
                    ConnectedRedis redis = to("redis-sentinel://127.0.0.1:" + sentinel.port() + "#orders")
                            .maxReconnectDelay(Duration.ofMillis(200))
                            .build()
                            .connect()) {
                answer.set(names(replica));
                primary.command("CLIENT KILL ID " + redis.sync().clientId());
                Awaitility.await()
                        .atMost(Duration.ofSeconds(60))
                        .until(() -> "the server is a replica, and a primary is required"
                                .equals(redis.check().join().reason()));
                answer.set(names(primary));
                Awaitility.await().atMost(Duration.ofSeconds(60)).until(redis::ping);
                assertThat(redis.sync().set("k", "v")).isEqualTo("OK");
            }
        }

        /** Such as one whose users may not ask for it. */
        @Test
        void aPrimaryThatDoesNotSayItsRoleIsConnectedTo() throws Exception {
            try (RedisServer guarded = RedisServer.start(
                            "--rename-command",
                            "HELLO",
                            "HELLO-IS-GONE",
                            "--user",
                            "default",
                            "on",
                            "nopass",
                            "~*",
                            "+@all",
                            "-role");
                    RedisServer sentinel = RedisServer.sentinel("orders", guarded);
                    ConnectedRedis redis = to("redis-sentinel://127.0.0.1:" + sentinel.port() + "#orders")
                            .build()
                            .connect()) {
                assertThat(redis.report().role()).isEqualTo(Role.UNKNOWN);
                assertThat(redis.ping()).isTrue();
                guarded.command("CLIENT KILL ID " + redis.sync().clientId());
                Awaitility.await().atMost(Duration.ofSeconds(60)).until(redis::ping);
            }
        }

        @Test
        void theUrisOfTheCallersSentinelsStayAsTheyAre() throws Exception {
            try (RedisServer sentinel = RedisServer.sentinel("orders", primary)) {
                RedisURI watcher = RedisURI.builder()
                        .withHost("127.0.0.1")
                        .withPort(sentinel.port())
                        .build();
                RedisURI uri = RedisURI.builder()
                        .withSentinelMasterId("orders")
                        .withSentinel(watcher)
                        .build();
                watcher.setTimeout(Duration.ofSeconds(17));
                try (ConnectedRedis redis = RedisConnector.builder(uri).build().connect()) {
                    assertThat(redis.ping()).isTrue();
                }
                assertThat(watcher.getTimeout()).hasSeconds(17);
                assertThat(uri.getTimeout()).isEqualTo(RedisURI.DEFAULT_TIMEOUT_DURATION);
            }
        }

        @Test
        void thePrimaryIsSpokenToInTlsAndItsSentinelsPlainly(@TempDir Path directory) throws Exception {
            Certificate certificate = Certificate.make(directory, "ip:127.0.0.1");
            int port = Ports.free();
            try (RedisServer guarded = tls(certificate, port, "no");
                    RedisServer sentinel = RedisServer.sentinel("orders", port)) {
                RedisURI uri = RedisURI.create("redis-sentinel://127.0.0.1:" + sentinel.port() + "#orders");
                uri.setSsl(true);
                uri.getSentinels().forEach(plain -> plain.setSsl(false));
                try (ConnectedRedis redis = RedisConnector.builder(uri)
                        .clientOptions(trusting(certificate))
                        .sleeper(waits::add)
                        .build()
                        .connect()) {
                    assertThat(redis.ping()).isTrue();
                    assertThat(redis.report().endpoint()).startsWith("rediss-sentinel://");
                    assertThat(guarded.port()).isNotEqualTo(port);
                }
            }
        }

        @Test
        void whatIsWrongWithTheSentinelsIsSaid() throws Exception {
            try (RedisServer sentinel = RedisServer.sentinel("orders", primary)) {
                assertThat(failure(to("redis-sentinel://127.0.0.1:" + sentinel.port() + "#other")))
                        .hasMessageContaining("after 3 attempts")
                        .hasMessageContaining("the Sentinels know no primary of that name");
                assertThat(failure(to("redis://127.0.0.1:" + sentinel.port())))
                        .hasMessage(
                                "Redis connection failed after 1 attempt: the server is a Sentinel, which holds no data: use"
                                        + " redis-sentinel://");
                assertThatThrownBy(() -> RedisConnector.builder("redis://127.0.0.1:" + sentinel.port())
                                .buildCluster()
                                .connect())
                        .hasMessage(
                                "Redis connection failed after 1 attempt: the server is a Sentinel, which holds no data: use"
                                        + " redis-sentinel://");
                try (ConnectedRedis watcher = to("redis://127.0.0.1:" + sentinel.port())
                        .requireRole(Role.SENTINEL)
                        .build()
                        .connect()) {
                    assertThat(watcher.report().role()).isEqualTo(Role.SENTINEL);
                }
            }
            assertThat(failure(to("redis-sentinel://127.0.0.1:" + Ports.refusing() + ",127.0.0.1:" + Ports.refusing()
                            + "#orders")))
                    .hasMessage("Redis connection failed after 3 attempts: Connection refused");
            assertThat(failure(to("redis-sentinel://127.0.0.1:" + primary.port() + "#orders")))
                    .hasMessageContaining("after 1 attempt")
                    .hasMessageContaining("the server is not a Sentinel: use redis://");
        }
    }

    @Nested
    class OtherServers {

        @Test
        void anOldServerThatKnowsNoHelloIsAskedForItsRole() throws Exception {
            try (ScriptedServer old =
                    new ScriptedServer(ScriptedServer.speaking(command -> switch (command.split(" ", -1)[0]) {
                        case "PING" -> "+PONG\r\n";
                        case "ROLE" -> "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n";
                        default -> "-ERR unknown command\r\n";
                    }))) {
                try (ConnectedRedis redis =
                        to(old.redisUri()).requireRole(Role.PRIMARY).build().connect()) {
                    assertThat(redis.report().role()).isEqualTo(Role.PRIMARY);
                    assertThat(redis.report().version()).isEmpty();
                }
            }
            try (ScriptedServer mute = new ScriptedServer(ScriptedServer.speaking(
                    command -> command.equals("PING") ? "+PONG\r\n" : "-ERR unknown command\r\n"))) {
                try (ConnectedRedis redis = to(mute.redisUri()).build().connect()) {
                    assertThat(redis.report().role()).isEqualTo(Role.UNKNOWN);
                }
                assertThat(failure(to(mute.redisUri()).requireRole(Role.PRIMARY)))
                        .hasMessage(
                                "Redis connection failed after 3 attempts: the server does not say whether it is a primary");
            }
        }

        @Test
        void aUnixSocketWithoutTheNativeTransportIsSaidSo() {
            assertThat(failure(to("redis-socket:///tmp/none.sock")))
                    .hasMessage(
                            "Redis connection failed after 1 attempt: a Unix socket wants Netty's native transport on the class"
                                    + " path");
        }
    }
}
