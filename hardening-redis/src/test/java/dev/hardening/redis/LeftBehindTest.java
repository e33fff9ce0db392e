package dev.hardening.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.hardening.testing.Ports;
import dev.hardening.testing.RedisServer;
import dev.hardening.testing.ScriptedServer;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.UnaryOperator;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What a start that fails, or is ended, leaves in the process: nothing. */
class LeftBehindTest {

    private static final Path FILES = Path.of("/proc/self/fd");
    private static RedisServer server;
    private List<String> before;

    @BeforeAll
    static void startRedis() throws Exception {
        server = RedisServer.start();
        RedisConnector.builder(server.uri()).build().connect().close(); // loads what is loaded once
    }

    @AfterAll
    static void stopRedis() throws Exception {
        server.close();
    }

    @BeforeEach
    void count() throws Exception {
        assumeTrue(Files.isDirectory(FILES), "a process's open files are counted in /proc, which is Linux's");
        Traces.awaitNoThreads();
        before = sockets();
    }

    /** Sockets, pipes and selectors; the class path's jars, which come and go, are not counted. */
    private static List<String> sockets() throws IOException {
        List<String> open = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(FILES)) {
            for (Path file : files) {
                try {
                    String to = Files.readSymbolicLink(file).toString();
                    if (to.startsWith("socket:") || to.startsWith("pipe:") || to.startsWith("anon_inode:")) {
                        open.add(to);
                    }
                } catch (IOException closedMeanwhile) {
                    // Not open any more.
                }
            }
        }
        return open;
    }

    private void awaitNothingLeft() {
        Traces.awaitNoThreads();
        Awaitility.await().untilAsserted(() -> assertThat(sockets()).hasSizeLessThanOrEqualTo(before.size()));
    }

    /** Throws a checked exception where none is declared, as Kotlin code does. */
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private static <T extends Throwable> T unchecked(Throwable thrown) throws T {
        throw (T) thrown;
    }

    private static void fail(RedisConnector.Builder builder) {
        assertThatThrownBy(() -> builder.sleeper(wait -> {}).build().connect().close())
                .isInstanceOf(RedisConnectException.class);
    }

    @Nested
    class AFailedStart {

        @Test
        void aHundredRefusedStarts() {
            for (int i = 0; i < 100; i++) {
                fail(RedisConnector.builder("redis://127.0.0.1:" + Ports.refusing())
                        .attempts(1));
            }
            awaitNothingLeft();
        }

        @Test
        void aHundredStartsThatAreCutSilencedOrRefusedByTheServer() throws Exception {
            try (ScriptedServer closes = new ScriptedServer(java.net.Socket::close);
                    ScriptedServer silent =
                            new ScriptedServer(socket -> socket.getInputStream().readAllBytes());
                    ScriptedServer refuses = new ScriptedServer(
                            ScriptedServer.answering("-WRONGPASS invalid username-password pair\r\n"))) {
                for (int i = 0; i < 100; i++) {
                    ScriptedServer peer = i % 10 == 0 ? silent : i % 2 == 0 ? closes : refuses;
                    fail(RedisConnector.builder(peer.redisUri()).attempts(1).attemptTimeout(Duration.ofMillis(100)));
                }
            }
            awaitNothingLeft();
        }

        @Test
        void twentyFailedStartsOfACluster() {
            for (int i = 0; i < 20; i++) {
                assertThatThrownBy(() -> RedisConnector.builder("redis://127.0.0.1:" + Ports.refusing())
                                .attempts(1)
                                .buildCluster()
                                .connect()
                                .close())
                        .isInstanceOf(RedisConnectException.class);
            }
            awaitNothingLeft();
        }

        @Test
        void startsThatEndWithWhateverTheCallersOwnPartsThrow() {
            RuntimeException exception = new IllegalStateException("thrown");
            Error error = new AssertionError("thrown");
            List<UnaryOperator<RedisConnector.Builder>> throwing = List.of(
                    start -> start.sleeper(wait -> {
                        throw error;
                    }),
                    start -> start.backoff(number -> {
                        throw exception;
                    }),
                    start -> start.backoff(number -> {
                        throw LeftBehindTest.<RuntimeException>unchecked(new IOException("thrown"));
                    }));
            for (UnaryOperator<RedisConnector.Builder> part : throwing) {
                RedisConnector.Builder start = RedisConnector.builder("redis://127.0.0.1:" + Ports.refusing());
                assertThatThrownBy(() -> part.apply(start).build().connect()).hasMessage("thrown");
            }
            assertThatThrownBy(() -> RedisConnector.builder(server.uri() + "/99")
                            .retryOn(attempt -> {
                                throw exception;
                            })
                            .build()
                            .connect())
                    .isSameAs(exception);
            CompletableFuture<?> async = RedisConnector.builder("redis://127.0.0.1:" + Ports.refusing())
                    .backoff(number -> {
                        throw LeftBehindTest.<RuntimeException>unchecked(new IOException("thrown"));
                    })
                    .build()
                    .connectAsync();
            assertThat(async)
                    .failsWithin(Duration.ofMinutes(1))
                    .withThrowableOfType(ExecutionException.class)
                    .withRootCauseInstanceOf(IOException.class);
            awaitNothingLeft();
        }

        @Test
        void startsWhoseListenerThrowsAnything() {
            for (Throwable thrown : List.of(new AssertionError("thrown"), new IOException("thrown"))) {
                ConnectListener listener = new ConnectListener() {
                    @Override
                    public void attemptFailed(Attempt attempt) {
                        throw LeftBehindTest.<RuntimeException>unchecked(thrown);
                    }

                    @Override
                    public void connected(ConnectReport report) {
                        throw LeftBehindTest.<RuntimeException>unchecked(thrown);
                    }
                };
                fail(RedisConnector.builder("redis://127.0.0.1:" + Ports.refusing())
                        .listener(listener)
                        .attempts(1));
                RedisConnector.builder(server.uri())
                        .listener(listener)
                        .build()
                        .connect()
                        .close();
            }
            awaitNothingLeft();
        }

        @Test
        void theMemoryOfAFailedStart() {
            ConnectListener listener = new ConnectListener() {};
            fail(RedisConnector.builder("redis://127.0.0.1:" + Ports.refusing())
                    .attempts(1)
                    .listener(listener));
            WeakReference<ConnectListener> reachable = new WeakReference<>(listener);
            listener = null;
            awaitNothingLeft();
            Awaitility.await().untilAsserted(() -> {
                System.gc();
                assertThat(reachable.get()).isNull();
            });
        }
    }

    @Nested
    class AStartThatIsGivenUp {

        @Test
        void interruptedAndCancelledStarts() throws Exception {
            try (ScriptedServer silent =
                    new ScriptedServer(socket -> socket.getInputStream().readAllBytes())) {
                for (int i = 1; i <= 20; i++) {
                    int connected = i;
                    if (i % 2 == 0) {
                        CompletableFuture<ConnectedRedis> starting = RedisConnector.builder(silent.redisUri())
                                .build()
                                .connectAsync();
                        Awaitility.await().until(() -> silent.accepted() >= connected);
                        starting.cancel(true);
                    } else {
                        Thread starting = new Thread(() -> fail(RedisConnector.builder(silent.redisUri())));
                        starting.start();
                        Awaitility.await().until(() -> silent.accepted() >= connected);
                        starting.interrupt();
                        starting.join();
                    }
                }
            }
            awaitNothingLeft();
        }

        @Test
        void startsThatAreCancelledWhileTheySucceed() {
            for (int i = 0; i < 30; i++) {
                CompletableFuture<ConnectedRedis> starting =
                        RedisConnector.builder(server.uri()).build().connectAsync();
                if (!starting.cancel(true)) {
                    starting.join().close();
                }
            }
            awaitNothingLeft();
        }
    }

    @Nested
    class AnOutage {

        @Test
        void connectionsThatWereUsedAndClosedDuringAnOutage() throws Exception {
            try (RedisServer dying = RedisServer.start()) {
                ConnectedRedis redis =
                        RedisConnector.builder(dying.uri()).build().connect();
                redis.sync().set("k", "v");
                dying.stop();
                Awaitility.await().until(() -> !redis.ping());
                redis.close();
            }
            awaitNothingLeft();
        }
    }
}
