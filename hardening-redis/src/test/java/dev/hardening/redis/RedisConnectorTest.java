package dev.hardening.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.hardening.redis.Attempt.Verdict;
import dev.hardening.testing.Ports;
import dev.hardening.testing.RedisServer;
import dev.hardening.testing.ScriptedServer;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCredentials;
import io.lettuce.core.RedisCredentialsProvider;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.internal.HostAndPort;
import io.lettuce.core.protocol.ProtocolVersion;
import io.lettuce.core.resource.MappingSocketAddressResolver;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.security.Security;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

class RedisConnectorTest {

    private static RedisServer server;
    private final List<Duration> waits = new CopyOnWriteArrayList<>();
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private final Logger logger = (Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);

    @BeforeAll
    static void startRedis() throws Exception {
        server = RedisServer.start();
    }

    @AfterAll
    static void stopRedis() throws Exception {
        server.close();
    }

    @BeforeEach
    void listenToTheLog() {
        log.start();
        logger.addAppender(log);
    }

    @AfterEach
    void detach() {
        logger.detachAppender(log);
    }

    private RedisConnector.Builder to(String uri) {
        return RedisConnector.builder(uri).sleeper(waits::add);
    }

    private static InetAddress address(String literal) throws UnknownHostException {
        return InetAddress.getAllByName(literal)[0];
    }

    private static String nobody() {
        return "redis://127.0.0.1:" + Ports.refusing();
    }

    private RedisConnectException failure(RedisConnector.Builder builder) {
        return catchThrowableOfType(
                RedisConnectException.class, () -> builder.build().connect().close());
    }

    private List<String> warnings() {
        return log.list.stream()
                .filter(event -> event.getLevel().isGreaterOrEqual(Level.WARN))
                .map(ILoggingEvent::getFormattedMessage)
                .toList();
    }

    private static void awaitDeafly(CountDownLatch latch) {
        boolean interrupted = false;
        while (latch.getCount() > 0) {
            try {
                latch.await();
            } catch (InterruptedException deaf) {
                interrupted = true; // as the JVM's own resolver is
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Nested
    class AServerThatAnswers {

        @Test
        void readmeExample() {
            String url = server.uri();
            // example: redis
            try (ConnectedRedis redis = RedisConnector.builder(url).build().connect()) {
                redis.sync().set("greeting", "hello");
                boolean healthy = redis.ping();
                // example: end
                assertThat(healthy).isTrue();
                assertThat(redis.sync().get("greeting")).isEqualTo("hello");
            }
        }

        @Test
        void itIsConnectedToAtOnceAndNothingAboveInfoIsLogged() {
            try (ConnectedRedis redis = to(server.uri()).build().connect()) {
                assertThat(redis.report().attempts()).isEqualTo(1);
                assertThat(redis.report().role()).isEqualTo(Role.PRIMARY);
                assertThat(redis.report().mode()).isEqualTo("standalone");
                assertThat(redis.report().version()).matches("\\d+\\.\\d+\\.\\d+");
                assertThat(redis.report().endpoint()).isEqualTo(server.uri());
                assertThat(redis.connection().isOpen()).isTrue();
            }
            assertThat(waits).isEmpty();
            assertThat(warnings()).isEmpty();
        }

        @Test
        void eachAttemptTakesTheNextOfANamesAddresses() throws Exception {
            InetAddress[] addresses = {address("127.0.0.2"), address("127.0.0.1")};
            try (ConnectedRedis redis = to("redis://redis.example:" + server.port())
                    .names(host -> addresses)
                    .build()
                    .connect()) {
                assertThat(redis.report().attempts()).isEqualTo(2);
                assertThat(redis.report().endpoint()).isEqualTo("redis://redis.example:" + server.port());
                assertThat(redis.ping()).isTrue();
            }
            assertThat(failure(to("redis://redis.example:" + Ports.refusing()).names(host -> addresses)))
                    .hasMessage("Redis connection failed after 3 attempts: Connection refused");
        }

        @Test
        void aResolverOfTheCallerSaysWhichSocketAnAddressMeans() {
            try (ConnectedRedis redis = to("redis://redis.example:7000")
                    .names(host -> {
                        if (host.equals("redis.example")) {
                            throw new UnknownHostException(host);
                        }
                        return InetAddress.getAllByName(host);
                    })
                    .socketAddressResolver(MappingSocketAddressResolver.create(
                            (HostAndPort any) -> HostAndPort.of("127.0.0.1", server.port())))
                    .build()
                    .connect()) {
                assertThat(redis.ping()).isTrue();
                assertThat(redis.report().endpoint()).isEqualTo("redis://redis.example:7000");
            }
        }

        @Test
        void anAddressOfIpv6IsConnectedTo() throws Exception {
            InetAddress loopback = address("::1");
            assumeTrue(NetworkInterface.getByInetAddress(loopback) != null, "this machine has no IPv6");
            try (ServerSocket six = new ServerSocket(0, 5, loopback);
                    ScriptedServer peer = new ScriptedServer(
                            six,
                            ScriptedServer.speaking(
                                    command -> command.equals("PING") ? "+PONG\r\n" : "-ERR unknown command\r\n"))) {
                String uri = "redis://[::1]:" + six.getLocalPort();
                try (ConnectedRedis redis = to(uri).build().connect()) {
                    assertThat(redis.ping()).isTrue();
                    assertThat(redis.report().endpoint()).isEqualTo(uri);
                }
                // A name that has an address of each family, of which only the second is listened at.
                InetAddress[] both = {address("127.0.0.1"), loopback};
                try (ConnectedRedis redis = to("redis://localhost:" + six.getLocalPort())
                        .names(host -> both)
                        .build()
                        .connect()) {
                    assertThat(redis.report().attempts()).isEqualTo(2);
                }
                assertThat(peer.accepted()).isEqualTo(2);
            }
        }

        @Test
        void anEncodedPasswordIsUsedAsItIsMeant() throws Exception {
            try (RedisServer guarded = RedisServer.start("--requirepass", "a@b#c%d")) {
                try (ConnectedRedis redis = to("redis://:a%40b%23c%25d@127.0.0.1:" + guarded.port())
                        .build()
                        .connect()) {
                    assertThat(redis.ping()).isTrue();
                }
            }
        }

        @Test
        void theReportHasWhatEachPartTook() {
            try (ConnectedRedis first = to(server.uri()).build().connect();
                    ConnectedRedis second = to(server.uri()).build().connect()) {
                ConnectReport report = first.report();
                assertThat(report.warmUp()).isPositive();
                assertThat(report.connect()).isPositive();
                assertThat(report.ping()).isPositive();
                assertThat(second.report().warmUp()).isEqualTo(report.warmUp()); // once in a process
                assertThat(first.toString()).contains(server.uri(), report.version());
            }
        }

        @Test
        void connectingAsynchronouslyGivesTheSame() {
            try (ConnectedRedis redis = to(server.uri()).build().connectAsync().join()) {
                assertThat(redis.ping()).isTrue();
            }
            assertThatThrownBy(() -> to(nobody()).build().connectAsync().join())
                    .cause()
                    .isInstanceOf(RedisConnectException.class);
        }

        @Test
        void whatACallerMayBeAskedRunsWithTheCallersClassLoader() {
            List<ClassLoader> seen = new CopyOnWriteArrayList<>();
            ClassLoader before = Thread.currentThread().getContextClassLoader();
            for (int i = 0; i < 2; i++) {
                ClassLoader mine = new ClassLoader(before) {};
                RedisURI uri = RedisURI.create(server.uri());
                uri.setCredentialsProvider(() -> {
                    seen.add(Thread.currentThread().getContextClassLoader());
                    return Mono.just(RedisCredentials.just(null, (char[]) null));
                });
                Thread.currentThread().setContextClassLoader(mine);
                try (ConnectedRedis redis = RedisConnector.builder(uri).build().connect()) {
                    assertThat(redis.ping()).isTrue();
                    assertThat(seen.get(0)).isSameAs(mine);
                } finally {
                    Thread.currentThread().setContextClassLoader(before);
                }
                seen.clear();
            }
        }
    }

    @Nested
    class AServerThatDoesNot {

        @Test
        void oneThatComesUpLaterIsConnectedToWithAWarning() throws Exception {
            int port = Ports.free();
            List<RedisServer> started = new ArrayList<>();
            Sleeper startsRedis = wait -> {
                waits.add(wait);
                try {
                    started.add(RedisServer.startAt(port));
                } catch (Exception failed) {
                    throw new IllegalStateException(failed);
                }
            };
            List<Object> events = new ArrayList<>();
            ConnectListener listener = new ConnectListener() {
                @Override
                public void attemptFailed(Attempt attempt) {
                    events.add(attempt);
                }

                @Override
                public void connected(ConnectReport report) {
                    events.add(report);
                }
            };
            try (ConnectedRedis redis = RedisConnector.builder("redis://127.0.0.1:" + port)
                    .sleeper(startsRedis)
                    .listener(listener)
                    .build()
                    .connect()) {
                assertThat(redis.report().attempts()).isEqualTo(2);
                assertThat(events).hasSize(2);
                assertThat(events.get(1)).isEqualTo(redis.report());
            } finally {
                for (RedisServer one : started) {
                    one.close();
                }
            }
            assertThat(waits).containsExactly(Duration.ofSeconds(1));
            assertThat(warnings())
                    .singleElement()
                    .asString()
                    .contains("attempt 1/3", "Connection refused", "next attempt in 1000 ms");
        }

        @Test
        void threeRefusalsFailWithTheExactMessageAndWaits() {
            RedisConnectException failure = failure(to(nobody()));
            assertThat(failure)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("Redis connection failed after 3 attempts: Connection refused");
            assertThat(waits).containsExactly(Duration.ofSeconds(1), Duration.ofSeconds(2));
            assertThat(failure.attempts()).extracting(Attempt::number).containsExactly(1, 2, 3);
            assertThat(failure.attempts()).extracting(Attempt::verdict).containsOnly(Verdict.TRANSIENT);
            assertThat(failure.attempts())
                    .extracting(Attempt::nextWait)
                    .containsExactly(
                            Optional.of(Duration.ofSeconds(1)), Optional.of(Duration.ofSeconds(2)), Optional.empty());
            assertThat(failure.endpoint()).isEqualTo(nobody());
            assertThat(failure.attempts()).extracting(Attempt::endpoint).containsOnly(failure.endpoint());
            assertThat(log.list)
                    .filteredOn(event -> event.getFormattedMessage().contains("attempt 3/3 to " + nobody() + " failed"))
                    .singleElement()
                    .extracting(ILoggingEvent::getLevel)
                    .isEqualTo(Level.INFO);
            assertThat(failure.getCause()).isSameAs(failure.attempts().get(2).error());
            assertThat(failure.getSuppressed())
                    .containsExactly(
                            failure.attempts().get(0).error(),
                            failure.attempts().get(1).error());
        }

        @Test
        void aSilentPeerFailsWithinTheDeadlineAndSaysWhatTimedOut() throws Exception {
            try (ScriptedServer silent =
                    new ScriptedServer(socket -> socket.getInputStream().readAllBytes())) {
                RedisConnectException failure = failure(
                        to(silent.redisUri()).deadline(Duration.ofMillis(600)).attemptTimeout(Duration.ofMillis(200)));
                assertThat(failure.getMessage()).contains("timed out after", "while waiting for the handshake");
                assertThat(failure.attempts()).hasSize(1); // the first wait alone is longer than the deadline
            }
        }

        @Test
        void aCredentialsProviderThatNeverAnswersFailsWithinTheDeadline() {
            RedisURI uri = RedisURI.create(server.uri());
            uri.setCredentialsProvider(RedisCredentialsProvider.from(() -> {
                try {
                    new CountDownLatch(1).await();
                } catch (InterruptedException abandoned) {
                    Thread.currentThread().interrupt();
                }
                return RedisCredentials.just(null, "hunter2");
            }));
            RedisConnectException failure = failure(RedisConnector.builder(uri)
                    .attempts(1)
                    .attemptTimeout(Duration.ofMillis(200))
                    .sleeper(waits::add));
            assertThat(failure.getMessage()).contains("timed out after", "while waiting for credentials");
            uri.setCredentialsProvider(() -> Mono.never());
            assertThat(failure(RedisConnector.builder(uri)
                                    .attempts(1)
                                    .attemptTimeout(Duration.ofMillis(200))
                                    .sleeper(waits::add))
                            .getMessage())
                    .contains("while waiting for credentials");
        }

        @Test
        void anErrorOfACredentialsProviderIsSaidAtOnceAndNotATimeOut() {
            RedisURI uri = RedisURI.create(server.uri());
            uri.setCredentialsProvider(() -> {
                throw new NoClassDefFoundError("com/example/VaultClient");
            });
            RedisConnector connector =
                    RedisConnector.builder(uri).attempts(1).sleeper(waits::add).build();
            assertThatThrownBy(connector::connect)
                    .isInstanceOfSatisfying(
                            RedisConnectException.class,
                            thrown -> assertThat(thrown.attempts().get(0).error())
                                    .hasRootCauseInstanceOf(NoClassDefFoundError.class))
                    .hasMessageNotContaining("timed out");
        }

        @Test
        void oneThatDiesBeforeThePingIsNoticedWithOneSocketEach() throws Exception {
            try (ScriptedServer dying = new ScriptedServer(socket -> {
                socket.getInputStream().read(new byte[4_096]);
                socket.getOutputStream().write("-ERR unknown command\r\n".getBytes(StandardCharsets.US_ASCII));
                socket.getInputStream().read(new byte[4_096]);
                socket.close();
            })) {
                RedisConnectException failure = failure(to(dying.redisUri()));
                assertThat(failure.attempts()).hasSize(3);
                assertThat(failure.getMessage()).containsAnyOf("closed early", "Connection reset");
                assertThat(dying.accepted()).isEqualTo(3);
            }
        }

        @Test
        void failedStartsLogWarningsOfOursAndNoErrorOfAnybody() {
            for (int i = 0; i < 20; i++) {
                // A handshake's bound ends while its client is being shut down.
                failure(to(nobody()).attempts(2).attemptTimeout(Duration.ofMillis(100)));
            }
            Traces.awaitNoThreads();
            assertThat(log.list).noneMatch(event -> event.getLevel().isGreaterOrEqual(Level.ERROR));
            assertThat(warnings()).hasSize(20).allMatch(text -> text.contains("attempt 1/2"));
        }

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                value = {
                    "-LOADING Redis is loading the dataset in memory|TRANSIENT|LOADING Redis is loading",
                    "-MASTERDOWN Link with MASTER is down|TRANSIENT|MASTERDOWN",
                    "-ERR max number of clients reached|TRANSIENT|max number of clients",
                    "-NOAUTH Authentication required.|PERMANENT|NOAUTH",
                    "-WRONGPASS invalid username-password pair|PERMANENT|the user or the password is wrong",
                    "-ERR AUTH <password> called without any password configured|PERMANENT|the server has none set",
                    "-NOPERM this user has no permissions|PERMANENT|NOPERM",
                    "-DENIED Redis is running in protected mode|PERMANENT|protected mode",
                    "HTTP/1.1 400 Bad Request|PERMANENT|not a Redis server",
                    "SSH-2.0-OpenSSH_9.2|PERMANENT|not a Redis server",
                    "+HELLO|PERMANENT|not a Redis server"
                })
        void whatThePeerSaysDecidesWhetherItIsTriedAgain(String answer, Verdict verdict, String reason)
                throws Exception {
            try (ScriptedServer peer = new ScriptedServer(ScriptedServer.answering(answer + "\r\n"))) {
                RedisConnectException failure = failure(to(peer.redisUri()).attempts(2));
                assertThat(failure.attempts()).hasSize(verdict == Verdict.PERMANENT ? 1 : 2);
                assertThat(failure.attempts().get(0).verdict()).isEqualTo(verdict);
                assertThat(failure.getMessage()).contains(reason);
            }
        }

        @Test
        void aWrongPasswordIsOneAttemptUnlessTheCallerWantsMore() throws Exception {
            try (RedisServer guarded = RedisServer.start("--requirepass", "right")) {
                String wrong = "redis://:hunter2@127.0.0.1:" + guarded.port();
                assertThat(failure(to(wrong)).attempts()).hasSize(1);
                assertThat(failure(to(wrong).retryOn(attempt -> attempt.reason().startsWith("WRONGPASS")))
                                .attempts())
                        .hasSize(3);
                assertThat(failure(to(guarded.uri())).getMessage()).contains("NOAUTH");
                try (ConnectedRedis redis =
                        to("redis://:right@127.0.0.1:" + guarded.port()).build().connect()) {
                    assertThat(redis.ping()).isTrue();
                    assertThat(redis.toString()).doesNotContain("right");
                }
            }
            assertThat(failure(to(server.uri() + "/99")).getMessage()).contains("no database of that number");
        }

        @Test
        void aStartThatEndsAtItsFirstAttemptIsWarnedOf() {
            failure(to(nobody()).attempts(1));
            assertThat(warnings())
                    .containsExactly("Redis connection attempt 1/1 to " + nobody()
                            + " failed: Connection refused; no further attempt");
        }

        @Test
        void aNameThatDoesNotResolveIsTriedAgain() {
            RedisConnectException failure = failure(to("redis://name.invalid:6379"));
            assertThat(failure)
                    .hasMessage("Redis connection failed after 3 attempts: the host's name does not resolve");
            assertThat(warnings())
                    .filteredOn(text -> text.contains("networkaddress.cache.negative.ttl"))
                    .hasSize(1);
        }

        @Test
        void seedsThatDoNotResolveAreWarnedOfAsWell() {
            assertThatThrownBy(() -> to("redis://a.invalid:7000,b.invalid:7000")
                            .buildCluster()
                            .connect())
                    .hasMessageEndingWith("the host's name does not resolve");
            assertThat(warnings())
                    .filteredOn(text -> text.contains("networkaddress.cache.negative.ttl"))
                    .hasSize(1);
        }

        @Test
        void aNameCacheWithoutATimeChangesNoReason() {
            String before = Security.getProperty("networkaddress.cache.negative.ttl");
            Security.setProperty("networkaddress.cache.negative.ttl", "");
            try {
                assertThat(failure(to("redis://name.invalid:6379").attempts(1)))
                        .hasMessage("Redis connection failed after 1 attempt: the host's name does not resolve");
            } finally {
                Security.setProperty("networkaddress.cache.negative.ttl", before == null ? "10" : before);
            }
        }

        @Test
        void aReplicaIsTriedAgainIfAPrimaryIsRequired() throws Exception {
            try (RedisServer replica = RedisServer.start("--replicaof", "127.0.0.1", String.valueOf(server.port()))) {
                try (ConnectedRedis redis = to(replica.uri()).build().connect()) {
                    assertThat(redis.report().role()).isEqualTo(Role.REPLICA);
                }
                RedisConnectException failure = failure(to(replica.uri()).requireRole(Role.PRIMARY));
                assertThat(failure.attempts()).hasSize(3);
                assertThat(failure.getMessage()).contains("the server is a replica, and a primary is required");
            }
        }

        @Test
        void tlsToAPlainPortSaysSo() {
            RedisConnectException failure =
                    failure(to("rediss://127.0.0.1:" + server.port()).attempts(1));
            assertThat(failure.getMessage()).containsAnyOf("TLS", "closed early");
        }

        @Test
        void aHundredFailedConnectsLeaveNoThread() {
            for (int i = 0; i < 100; i++) {
                failure(to(nobody()).attempts(1));
            }
            Traces.awaitNoThreads();
        }

        @Test
        void aConnectionThatCompletesAfterItsAttemptWasGivenUpIsClosed() throws Exception {
            CountDownLatch gate = new CountDownLatch(1);
            List<Socket> sockets = new CopyOnWriteArrayList<>();
            try (ScriptedServer late = new ScriptedServer(socket -> {
                sockets.add(socket);
                try {
                    gate.await();
                } catch (InterruptedException over) {
                    return;
                }
                ScriptedServer.answering("-ERR unknown command\r\n").talk(socket);
            })) {
                assertThat(failure(to(late.redisUri()).attempts(1).attemptTimeout(Duration.ofMillis(200))))
                        .isNotNull();
                gate.countDown();
                Awaitility.await().untilAsserted(() -> {
                    assertThat(sockets).hasSize(1);
                    assertThat(sockets.get(0).isClosed()).isTrue(); // the peer closes when it reads the end
                });
            }
            Traces.awaitNoThreads();
        }
    }

    @Nested
    class AStartThatIsEnded {

        @Test
        void anInterruptEndsItWithTheFlagSetAndNoFurtherConnect() throws Exception {
            try (ScriptedServer silent =
                    new ScriptedServer(socket -> socket.getInputStream().readAllBytes())) {
                CompletableFuture<RedisConnectException> thrown = new CompletableFuture<>();
                CompletableFuture<Boolean> flag = new CompletableFuture<>();
                Thread starting = new Thread(() -> {
                    thrown.complete(failure(to(silent.redisUri())));
                    flag.complete(Thread.currentThread().isInterrupted());
                });
                starting.start();
                Awaitility.await().until(() -> silent.accepted() == 1);
                starting.interrupt();
                assertThat(thrown.join())
                        .hasMessage("Redis connection failed after 1 attempt: interrupted while connecting");
                assertThat(flag.join()).isTrue();
                assertThat(silent.accepted()).isEqualTo(1);
            }
        }

        @Test
        void anInterruptReleasesTheCallerWhileSomethingDeafToItGoesOn() throws Exception {
            CountDownLatch asked = new CountDownLatch(1);
            CountDownLatch answer = new CountDownLatch(1);
            CompletableFuture<RedisConnectException> thrown = new CompletableFuture<>();
            Thread starting = new Thread(() ->
                    thrown.complete(failure(to("redis://redis.example").names(host -> {
                        asked.countDown();
                        awaitDeafly(answer);
                        throw new UnknownHostException(host);
                    }))));
            starting.start();
            asked.await();
            starting.interrupt();
            // The name is still being resolved: nothing that the caller is released by waits for that.
            assertThat(thrown.join()).hasMessageContaining("interrupted while connecting");
            answer.countDown();
            Traces.awaitNoThreads();
        }

        @Test
        void aThreadThatIsInterruptedBeforeItBeginsConnectsToNothing() throws Exception {
            try (ScriptedServer peer = new ScriptedServer(ScriptedServer.answering("+PONG\r\n"))) {
                Thread.currentThread().interrupt();
                RedisConnector connector = to(peer.redisUri()).build();
                RedisConnectException failure = null;
                try {
                    connector.connect().close();
                } catch (RedisConnectException thrown) {
                    failure = thrown;
                }
                assertThat(Thread.interrupted()).isTrue();
                assertThat(failure)
                        .hasMessage("Redis connection failed after 1 attempt: interrupted while connecting")
                        .hasCauseInstanceOf(InterruptedException.class);
                Traces.awaitNoThreads();
                assertThat(peer.accepted()).isEqualTo(0);
            }
        }

        @Test
        void anInterruptWhileWaitingEndsItToo() {
            RedisConnectException failure =
                    failure(RedisConnector.builder(nobody()).sleeper(wait -> {
                        throw new InterruptedException();
                    }));
            assertThat(Thread.interrupted()).isTrue();
            assertThat(failure)
                    .hasMessage("Redis connection failed after 1 attempt: interrupted while waiting to try again");
        }

        @Test
        void aCancelledStartLeavesNothing() throws Exception {
            try (ScriptedServer silent =
                    new ScriptedServer(socket -> socket.getInputStream().readAllBytes())) {
                CompletableFuture<ConnectedRedis> starting =
                        to(silent.redisUri()).build().connectAsync();
                Awaitility.await().until(() -> silent.accepted() == 1);
                starting.cancel(true);
                assertThat(starting).isCancelled();
            }
            Traces.awaitNoThreads();
        }

        @Test
        void aStartThatTheCallerCompletesByATimeoutOfItsOwnEnds() throws Exception {
            try (ScriptedServer silent =
                    new ScriptedServer(socket -> socket.getInputStream().readAllBytes())) {
                CompletableFuture<ConnectedRedis> starting = RedisConnector.builder(silent.redisUri())
                        .deadline(Duration.ofHours(1))
                        .attemptTimeout(Duration.ofHours(1))
                        .build()
                        .connectAsync();
                Awaitility.await().until(() -> silent.accepted() == 1);
                starting.completeExceptionally(new TimeoutException("as orTimeout does"));
                Traces.awaitNoThreads();
            }
        }

        @Test
        void whateverIsThrownWhileStartingCompletesTheFuture() {
            CompletableFuture<ConnectedRedis> starting = RedisConnector.builder(nobody())
                    .sleeper(wait -> {
                        throw new AssertionError("no sleep");
                    })
                    .build()
                    .connectAsync();
            assertThatThrownBy(starting::join).hasCauseInstanceOf(AssertionError.class);
            Traces.awaitNoThreads();
        }
    }

    @Nested
    class TheCallersOwn {

        @Test
        void theCallersClientIsNeverShutDown() {
            RedisClient callers = RedisClient.create();
            try {
                to(server.uri()).client(callers).build().connect().close();
                failure(to(nobody()).client(callers).attempts(1));
                assertThat(callers.connect(RedisURI.create(server.uri())).sync().ping())
                        .isEqualTo("PONG");
            } finally {
                callers.shutdown(Duration.ZERO, Duration.ofSeconds(1));
            }
        }

        @Test
        void aClientThatTheCallerShutsDownMeanwhileEndsIt() throws Exception {
            RedisClient callers = RedisClient.create();
            try (ScriptedServer silent =
                    new ScriptedServer(socket -> socket.getInputStream().readAllBytes())) {
                CompletableFuture<ConnectedRedis> starting =
                        to(silent.redisUri()).client(callers).build().connectAsync();
                Awaitility.await().until(() -> silent.accepted() == 1);
                callers.shutdown(Duration.ZERO, Duration.ofSeconds(1));
                assertThatThrownBy(starting::join)
                        .cause()
                        .isInstanceOf(RedisConnectException.class)
                        .hasMessageEndingWith("the client has been shut down");
                assertThat(failure(to(silent.redisUri()).client(callers)))
                        .hasMessage("Redis connection failed after 1 attempt: the client has been shut down");
            }
            Traces.awaitNoThreads();
        }

        @Test
        void theCallersClientKeepsItsConnectionsAndReconnectsNoOther() throws Exception {
            RedisClient callers = RedisClient.create();
            try (ScriptedServer dying = new ScriptedServer(socket -> {
                socket.getInputStream().read(new byte[4_096]);
                socket.getOutputStream().write("-ERR unknown command\r\n".getBytes(StandardCharsets.US_ASCII));
                socket.getInputStream().read(new byte[4_096]);
            })) {
                assertThat(failure(to(dying.redisUri()).client(callers)).attempts())
                        .hasSize(3);
                assertThat(dying.accepted()).isEqualTo(3);
                ConnectedRedis redis = to(server.uri()).client(callers).build().connect();
                assertThat(redis.client()).isSameAs(callers);
                redis.close();
                assertThat(redis.connection().isOpen()).isFalse();
            } finally {
                callers.shutdown(Duration.ZERO, Duration.ofSeconds(1));
            }
        }

        @Test
        void theCallersOptionsAreTakenInsteadOfOurs() {
            ClientOptions options = ClientOptions.builder()
                    .protocolVersion(ProtocolVersion.RESP2)
                    .autoReconnect(false)
                    .build();
            try (ConnectedRedis redis =
                    to(server.uri()).clientOptions(options).build().connect()) {
                assertThat(redis.client().getOptions().isAutoReconnect()).isFalse();
                assertThat(redis.report().role()).isEqualTo(Role.PRIMARY);
                assertThat(redis.report().version()).isNotEmpty();
            }
            RedisClient callers = RedisClient.create();
            try {
                assertThatThrownBy(() -> to(server.uri())
                                .client(callers)
                                .clientOptions(options)
                                .build())
                        .hasMessage("clientOptions are for our own client: set them on yours");
                assertThatThrownBy(() -> to(server.uri())
                                .client(callers)
                                .socketAddressResolver(callers.getResources().socketAddressResolver())
                                .build())
                        .hasMessage("socketAddressResolver is for our own client: set it in the resources of yours");
            } finally {
                callers.shutdown(Duration.ZERO, Duration.ofSeconds(1));
            }
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "redis://:hunter2@x@127.0.0.1:6379",
                    "redis://:hunter2#x@127.0.0.1:6379",
                    "redis://:hunter2%x@127.0.0.1:6379",
                    "redis://:hunter2/x@127.0.0.1:6379",
                    "hunter2",
                    "redis://:hunter2@127.0.0.1:99999999",
                    "foo://:hunter2@127.0.0.1"
                })
        void aUriThatCouldBeMisreadIsRefusedBeforeAnyConnectAndNotShown(String uri) {
            assertThatThrownBy(() -> RedisConnector.builder(uri))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasNoCause()
                    .hasMessageNotContaining("hunter2");
        }

        @Test
        void optionsThatDoNotFitTogetherFailInBuildWithTheReason() {
            assertThatThrownBy(() -> to(server.uri()).attempts(0).build()).hasMessage("attempts has to be at least 1");
            assertThatThrownBy(() -> to(server.uri()).deadline(Duration.ZERO).build())
                    .hasMessage("deadline has to be positive");
            assertThatThrownBy(() -> to(server.uri()).jitter(1.1).build())
                    .hasMessage("jitter has to be between 0 and 1");
            Duration tooLong = Duration.ofDays(30);
            assertThatThrownBy(() -> to(server.uri()).attemptTimeout(tooLong).build())
                    .hasMessage("attemptTimeout may not be longer than a day");
            assertThatThrownBy(() -> to(server.uri()).heartbeat(tooLong).build())
                    .hasMessage("heartbeat may not be longer than a day");
            assertThatThrownBy(() -> to(server.uri()).maxReconnectDelay(tooLong).build())
                    .hasMessage("maxReconnectDelay may not be longer than a day");
            assertThatThrownBy(() -> to(server.uri()).requireRole(Role.UNKNOWN).build())
                    .hasMessage("requireRole may not be UNKNOWN");
            assertThatThrownBy(() -> Backoff.exponential(Duration.ofSeconds(-1)))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThat(Stream.of(1, 2, 3).map(Backoff.fixed(Duration.ofSeconds(2))::after))
                    .containsOnly(Duration.ofSeconds(2));
        }
    }

    @Nested
    class AfterTheStart {

        @Test
        void theQueueOfCommandsIsBoundedWhileNothingIsAnswered() throws Exception {
            try (RedisServer still = RedisServer.start();
                    ConnectedRedis redis = to(still.uri()).build().connect()) {
                still.signal("STOP");
                try {
                    CompletableFuture<?> refused = null;
                    for (int i = 0; i <= 10_000; i++) {
                        refused = redis.async().get("k").toCompletableFuture();
                    }
                    assertThatThrownBy(refused::join).hasMessageContaining("size exceeded: 10000");
                } finally {
                    still.signal("CONT");
                }
            }
        }

        @Test
        void closingTwiceIsSafeAndFreesEveryThread() {
            ConnectedRedis redis = to(server.uri()).build().connect();
            redis.close();
            redis.close();
            assertThat(redis.ping()).isFalse();
            Traces.awaitNoThreads();
        }

        @Test
        void anOutageAfterTheStartGivesQuickErrorsAndAReconnect() throws Exception {
            List<String> events = new CopyOnWriteArrayList<>();
            ConnectListener listener = new ConnectListener() {
                @Override
                public void disconnected() {
                    events.add("disconnected");
                }

                @Override
                public void reconnected() {
                    events.add("reconnected");
                }
            };
            try (RedisServer restarting = RedisServer.start();
                    ConnectedRedis redis =
                            to(restarting.uri()).listener(listener).build().connect()) {
                restarting.stop();
                Awaitility.await().until(() -> events.contains("disconnected"));
                assertThat(redis.ping()).isFalse();
                assertThatThrownBy(() -> redis.sync().get("k")).isInstanceOf(RedisException.class);
                restarting.restart();
                Awaitility.await().atMost(Duration.ofSeconds(60)).until(redis::ping);
                Awaitility.await().until(() -> events.contains("reconnected"));
                assertThat(events).startsWith("disconnected", "reconnected");
            }
        }
    }
}
