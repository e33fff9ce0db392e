package dev.hardening.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import dev.hardening.testing.Ports;
import dev.hardening.testing.RedisCluster;
import dev.hardening.testing.RedisServer;
import dev.hardening.testing.ScriptedServer;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisCredentials;
import io.lettuce.core.RedisCredentialsProvider;
import io.lettuce.core.RedisURI;
import io.lettuce.core.protocol.ProtocolVersion;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** A password is in no log, not even in Lettuce's and Netty's at their finest, in no message, and in no toString. */
class SecrecyTest {

    private static final String CANARY = "hunter2";
    private static final String[] WITHOUT_AUTH = {"--rename-command", "AUTH", "", "--rename-command", "HELLO", ""};

    private final Logger root = (Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);
    private final Logger ours = (Logger) LoggerFactory.getLogger("dev.hardening.redis");
    private final Queue<String> seen = new ConcurrentLinkedQueue<>();
    private final AppenderBase<ILoggingEvent> everything = new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
            seen.add(event.getLoggerName() + " " + event.getFormattedMessage());
            if (event.getThrowableProxy() != null) {
                seen.add(ThrowableProxyUtil.asString(event.getThrowableProxy()));
            }
        }
    };
    private Level rootLevel;
    private Level oursLevel;

    @BeforeEach
    void logEverything() {
        rootLevel = root.getLevel();
        oursLevel = ours.getLevel();
        everything.start();
        root.addAppender(everything);
        root.setLevel(Level.TRACE);
        ours.setLevel(Level.TRACE);
    }

    @AfterEach
    void logAsBefore() {
        root.setLevel(rootLevel);
        ours.setLevel(oursLevel);
        root.detachAppender(everything);
    }

    private void connect(RedisConnector.Builder builder) {
        RedisConnector connector = builder.attempts(2).sleeper(wait -> {}).build();
        seen.add(connector.toString());
        try (ConnectedRedis redis = connector.connect()) {
            seen.add(redis + " " + redis.report() + " " + redis.ping());
        } catch (RedisConnectException failure) {
            seen.add(Traces.of(failure));
        }
    }

    private void assertNothingSeen() {
        Traces.awaitNoThreads();
        assertThat(seen)
                .anyMatch(line -> line.contains("CommandHandler") && line.contains("Buffer: ")) // TRACE was on
                .noneMatch(line -> line.contains(CANARY));
    }

    @Nested
    class APasswordThatIsSent {

        @ParameterizedTest
        @ValueSource(strings = {CANARY, "right"})
        void thatIsRightOrWrongIsNowhere(String password) throws Exception {
            try (RedisServer guarded = RedisServer.start("--requirepass", CANARY)) {
                String canary = password.equals(CANARY) ? CANARY : CANARY + "-not";
                String at = "@127.0.0.1:" + guarded.port();
                connect(RedisConnector.builder("redis://:" + canary + at));
                connect(RedisConnector.builder("redis://default:" + canary + at + "/3?clientName=orders"));
                connect(RedisConnector.builder("redis://:" + canary + at)
                        .clientOptions(ClientOptions.builder()
                                .protocolVersion(ProtocolVersion.RESP2)
                                .build()));
                RedisURI uri = RedisURI.create(guarded.uri());
                uri.setCredentialsProvider(RedisCredentialsProvider.from(() -> RedisCredentials.just(null, canary)));
                connect(RedisConnector.builder(uri));
            }
            assertNothingSeen();
        }

        @Test
        void whereAuthIsUnknownIsNowhere() throws Exception {
            try (RedisServer renamed = RedisServer.start(WITHOUT_AUTH)) {
                connect(RedisConnector.builder("redis://:" + CANARY + "@127.0.0.1:" + renamed.port()));
                connect(RedisConnector.builder("redis://alice:" + CANARY + "@127.0.0.1:" + renamed.port()));
            }
            assertThat(seen).anyMatch(line -> line.contains("unknown command"));
            assertNothingSeen();
        }

        @Test
        void whereAuthIsUnknownAfterAReconnectIsNowhere() throws Exception {
            try (RedisServer guarded = RedisServer.start("--requirepass", CANARY);
                    ConnectedRedis redis = RedisConnector.builder("redis://:" + CANARY + "@127.0.0.1:" + guarded.port())
                            .maxReconnectDelay(Duration.ofMillis(200))
                            .build()
                            .connect()) {
                int port = guarded.port();
                guarded.stop();
                try (RedisServer renamed = RedisServer.startAt(port, WITHOUT_AUTH)) {
                    await().atMost(Duration.ofSeconds(60))
                            .until(() -> String.valueOf(redis.check().join().reason())
                                    .contains("unknown command"));
                    assertThat(renamed.port()).isEqualTo(port);
                    await().atMost(Duration.ofSeconds(60))
                            .until(() -> seen.stream()
                                    .anyMatch(
                                            line -> line.contains("ConnectionWatchdog") && line.contains("econnect")));
                }
            }
            assertNothingSeen();
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "-ERR unknown command HELLO 3 AUTH alice " + CANARY + "\r\n",
                    "-ERR invalid request: *5 $5 HELLO 3 AUTH alice '" + CANARY + "'\r\n",
                    "-WRONGPASS alice:" + CANARY + " is wrong\r\n"
                })
        void inAnErrorThatRepeatsItInItsOwnWayIsNowhere(String error) throws Exception {
            try (ScriptedServer odd = new ScriptedServer(ScriptedServer.speaking(command -> error))) {
                connect(RedisConnector.builder("redis://alice:" + CANARY + "@127.0.0.1:" + odd.port()));
                connect(RedisConnector.builder("redis://alice:" + CANARY + "@127.0.0.1:" + odd.port())
                        .clientOptions(ClientOptions.builder()
                                .protocolVersion(ProtocolVersion.RESP2)
                                .build()));
            }
            assertThat(seen).anyMatch(line -> line.contains("***"));
            assertNothingSeen();
        }

        @Test
        void inAnErrorThatArrivesInPiecesIsNowhere() throws Exception {
            try (ScriptedServer slow = new ScriptedServer(socket -> {
                socket.setTcpNoDelay(true);
                byte[] buffer = new byte[4_096];
                while (socket.getInputStream().read(buffer) >= 0) {
                    for (String piece :
                            List.of("-ERR unknown command 'X', wi", "th args beginning with: '", CANARY + "'\r\n")) {
                        socket.getOutputStream().write(piece.getBytes(StandardCharsets.US_ASCII));
                        try {
                            TimeUnit.MILLISECONDS.sleep(100);
                        } catch (InterruptedException never) {
                            throw new java.io.InterruptedIOException();
                        }
                    }
                }
            })) {
                connect(RedisConnector.builder("redis://:" + CANARY + "@127.0.0.1:" + slow.port()));
            }
            assertThat(seen).anyMatch(line -> line.contains("unknown command"));
            assertNothingSeen();
        }

        @Test
        void forAServerThatIsDownOrSomethingElseIsNowhere() throws Exception {
            try (RedisServer open = RedisServer.start();
                    ScriptedServer echo = new ScriptedServer(
                            socket -> socket.getInputStream().transferTo(socket.getOutputStream()))) {
                root.setLevel(Level.DEBUG); // what a peer sends is in Lettuce's log at TRACE, whatever it is
                connect(RedisConnector.builder("redis://alice:" + CANARY + "@127.0.0.1:" + echo.port()));
                root.setLevel(Level.TRACE);
                connect(RedisConnector.builder(open.uri()));
                for (String address :
                        List.of("127.0.0.1:" + Ports.refusing(), "127.0.0.1:" + open.port(), "name.invalid:6379")) {
                    connect(RedisConnector.builder("redis://alice:" + CANARY + "@" + address)
                            .attemptTimeout(java.time.Duration.ofMillis(500)));
                    connect(RedisConnector.builder("rediss://alice:" + CANARY + "@" + address)
                            .attemptTimeout(java.time.Duration.ofMillis(500)));
                }
            }
            assertNothingSeen();
        }

        @Test
        void forASentinelOrAClusterIsNowhere() throws Exception {
            try (RedisCluster guarded = RedisCluster.startNodes(1, "--requirepass", CANARY)) {
                int port = guarded.nodes().get(0).port();
                connect(RedisConnector.builder("redis://:" + CANARY + "@127.0.0.1:" + port));
                connect(RedisConnector.builder("redis-sentinel://:" + CANARY + "@127.0.0.1:" + port + "#orders"));
                for (String password : List.of(CANARY, CANARY + "-not")) {
                    try {
                        RedisConnector.builder("redis://:" + password + "@127.0.0.1:" + port)
                                .attempts(1)
                                .buildCluster()
                                .connect()
                                .close();
                    } catch (RedisConnectException failure) {
                        seen.add(Traces.of(failure));
                    }
                }
            }
            assertNothingSeen();
        }

        @Test
        void forASentinelOfItsOwnIsNowhere() throws Exception {
            try (RedisServer open = RedisServer.start();
                    RedisServer sentinel = RedisServer.sentinel("orders", open)) {
                for (int port : new int[] {sentinel.port(), Ports.refusing()}) {
                    connect(RedisConnector.builder(RedisURI.builder()
                            .withSentinelMasterId("orders")
                            .withSentinel("127.0.0.1", port, CANARY)
                            .withAuthentication("alice", CANARY)
                            .build()));
                }
            }
            assertNothingSeen();
        }
    }

    @Nested
    class APasswordInAUriThatIsRefused {

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "redis://:" + CANARY + "@x@127.0.0.1", "redis://:" + CANARY + "^@127.0.0.1",
                            "redis://:" + CANARY + " @a,b",
                    "redis://:" + CANARY + "%@127.0.0.1", "redis://" + CANARY + "#@127.0.0.1",
                            "http://:" + CANARY + "@127.0.0.1",
                    "redis://127.0.0.1:" + CANARY, "redis://127.0.0.1/" + CANARY, "redis://127.0.0.1?" + CANARY,
                    "redis://127.0.0.1?timeout=" + CANARY, "redis-sentinel://:" + CANARY + "@127.0.0.1:1", CANARY
                })
        void becauseItCannotBeReadIsNowhere(String uri) {
            try {
                var unused = RedisConnector.builder(uri).build();
            } catch (IllegalArgumentException refused) {
                seen.add(Traces.of(refused));
            }
            assertThat(seen).isNotEmpty().noneMatch(line -> line.contains(CANARY));
        }

        @Test
        void becauseLettuceTookItForAHostIsNowhere() {
            try {
                var unused = RedisConnector.builder(RedisURI.create("redis://:" + CANARY + "/3"));
            } catch (IllegalArgumentException refused) {
                seen.add(Traces.of(refused));
            }
            assertThat(seen).isNotEmpty().noneMatch(line -> line.contains(CANARY));
        }
    }
}
