package dev.hardening.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.hardening.redis.Attempt.Verdict;
import dev.hardening.testing.FaultyProxy;
import dev.hardening.testing.Ports;
import dev.hardening.testing.RedisCluster;
import dev.hardening.testing.RedisServer;
import dev.hardening.testing.ScriptedServer;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.internal.HostAndPort;
import io.lettuce.core.resource.MappingSocketAddressResolver;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class RedisClusterConnectorTest {

    private static RedisCluster cluster;
    private final List<Duration> waits = new CopyOnWriteArrayList<>();

    @BeforeAll
    static void start() throws Exception {
        cluster = RedisCluster.start(3);
    }

    @AfterAll
    static void stop() throws Exception {
        cluster.close();
    }

    private RedisConnector.Builder to(String uri) {
        return RedisConnector.builder(uri).sleeper(waits::add);
    }

    private static RedisConnectException failure(RedisConnector.Builder builder) {
        RedisConnectException failure = catchThrowableOfType(
                RedisConnectException.class,
                () -> builder.buildCluster().connect().close());
        assertThat(failure).isNotNull();
        return failure;
    }

    @Nested
    class AClusterThatAnswers {

        @Test
        void aClusterIsConnectedToAndKeysGoToTheirNodes() throws Exception {
            try (ConnectedRedisCluster redis = to(cluster.uri()).buildCluster().connect()) {
                for (int i = 0; i < 30; i++) {
                    redis.sync().set("k" + i, "v" + i);
                }
                assertThat(redis.sync().get("k7")).isEqualTo("v7");
                assertThat(redis.sync().dbsize()).isGreaterThanOrEqualTo(30);
                assertThat(redis.ping()).isTrue();
                assertThat(redis.report().mode()).isEqualTo("cluster");
                assertThat(redis.report().role()).isEqualTo(Role.PRIMARY);
                assertThat(redis.report().attempts()).isEqualTo(1);
                assertThat(redis.report().endpoint()).isEqualTo(cluster.uri());
                assertThat(redis.client().getPartitions()).hasSize(3);
                assertThat(redis.async().ping().get()).isEqualTo("PONG");
            }
            for (RedisServer node : cluster.nodes()) {
                assertThat(node.command("DBSIZE")).doesNotStartWith(":0");
            }
            assertThat(waits).isEmpty();
            Traces.awaitNoThreads();
        }

        @Test
        void oneSeedThatAnswersIsEnough() throws Exception {
            try (ScriptedServer silent =
                    new ScriptedServer(socket -> socket.getInputStream().readAllBytes())) {
                String seeds = "redis://127.0.0.1:" + Ports.refusing() + ",127.0.0.1:" + silent.port() + ",127.0.0.1:"
                        + cluster.nodes().get(1).port();
                try (ConnectedRedisCluster redis = to(seeds)
                        .attemptTimeout(Duration.ofSeconds(6))
                        .buildCluster()
                        .connect()) {
                    assertThat(redis.report().attempts()).isEqualTo(1);
                    assertThat(redis.connection().getTimeout()).isEqualTo(Duration.ofSeconds(5));
                    redis.sync().set("k", "v");
                }
            }
        }

        @Test
        void aListOfUrisIsTakenAsSeedsToo() {
            List<RedisURI> seeds = List.of(
                    RedisURI.create("redis://127.0.0.1:" + Ports.refusing()),
                    RedisURI.builder()
                            .withHost("127.0.0.1")
                            .withPort(cluster.nodes().get(2).port())
                            .withTimeout(Duration.ofSeconds(2))
                            .build());
            try (ConnectedRedisCluster redis =
                    RedisConnector.builder(seeds).buildCluster().connect()) {
                assertThat(redis.ping()).isTrue();
            }
            assertThat(seeds.get(1).getTimeout()).isEqualTo(Duration.ofSeconds(2)); // the caller's stay as they are
            assertThatThrownBy(() -> RedisConnector.builder(List.of())).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Nested
    class AClusterThatDoesNot {

        @Test
        void seedsThatAllRefuseFailWithTheSameMessageAndWaits() {
            RedisConnectException failure =
                    failure(to("redis://127.0.0.1:" + Ports.refusing() + ",127.0.0.1:" + Ports.refusing()));
            assertThat(failure).hasMessage("Redis connection failed after 3 attempts: Connection refused");
            assertThat(waits).containsExactly(Duration.ofSeconds(1), Duration.ofSeconds(2));
            Traces.awaitNoThreads();
        }

        @Test
        void aPlainRedisIsNoCluster() throws Exception {
            try (RedisServer plain = RedisServer.start()) {
                RedisConnectException failure = failure(to(plain.uri()));
                assertThat(failure.attempts())
                        .singleElement()
                        .extracting(Attempt::verdict)
                        .isEqualTo(Verdict.PERMANENT);
                assertThat(failure).hasMessageContaining("the server is not part of a cluster: use build()");
                // With another seed that may come up, it is worth another attempt, and both are said.
                assertThat(failure(to(plain.uri() + ",127.0.0.1:" + Ports.refusing())))
                        .hasMessageContaining("after 3 attempts")
                        .hasMessageContaining("Connection refused")
                        .hasMessageContaining("not part of a cluster");
            }
        }

        @Test
        void aWrongPasswordIsOneAttemptAndNowhereToBeSeen() throws Exception {
            try (RedisCluster guarded = RedisCluster.startNodes(1, "--requirepass", "right")) {
                RedisConnectException failure = failure(to(
                        "redis://:hunter2@127.0.0.1:" + guarded.nodes().get(0).port()));
                assertThat(failure).hasMessageContaining("after 1 attempt: WRONGPASS");
                assertThat(Traces.of(failure)).doesNotContain("hunter2");
            }
        }

        @Test
        void aClusterThatIsNotFormedYetIsWaitedFor() throws Exception {
            try (RedisCluster forming = RedisCluster.startNodes(2)) {
                assertThat(failure(to(forming.uri())))
                        .hasMessageContaining("after 3 attempts")
                        .hasMessageContaining("CLUSTERDOWN");
                Sleeper forms = wait -> {
                    try {
                        forming.form();
                    } catch (Exception failed) {
                        throw new IllegalStateException(failed);
                    }
                };
                try (ConnectedRedisCluster redis = RedisConnector.builder(forming.uri())
                        .sleeper(forms)
                        .buildCluster()
                        .connect()) {
                    assertThat(redis.report().attempts()).isEqualTo(2);
                    redis.sync().set("k", "v");
                }
            }
        }
    }

    @Nested
    class AfterTheStart {

        @Test
        void aLostNodeFailsCommandsQuicklyAndIsUsedAgain() throws Exception {
            RedisServer node = cluster.nodes().get(0);
            try (ConnectedRedisCluster redis =
                    to(cluster.uri() + "?timeout=1s").buildCluster().connect()) {
                String key = "k0";
                for (int i = 0;
                        redis.connection()
                                        .getPartitions()
                                        .getPartitionBySlot(io.lettuce.core.cluster.SlotHash.getSlot(key))
                                        .getUri()
                                        .getPort()
                                != node.port();
                        i++) {
                    key = "k" + i;
                }
                String here = key;
                redis.sync().set(here, "1");
                node.stop();
                Awaitility.await()
                        .untilAsserted(
                                () -> assertThatThrownBy(() -> redis.sync().get(here))
                                        .isInstanceOf(io.lettuce.core.RedisException.class));
                node.restart();
                Awaitility.await()
                        .atMost(Duration.ofSeconds(60))
                        .ignoreExceptions()
                        .until(() -> "OK".equals(redis.sync().set(here, "2")));
                assertThat(redis.ping()).isTrue();
            } finally {
                Awaitility.await()
                        .atMost(Duration.ofSeconds(60))
                        .until(() -> cluster.nodes().stream().allMatch(RedisCluster::isUp));
            }
        }

        /** A handshake's bound is not that of a command, which may be long. */
        @Test
        void aNodeThatWasSilentIsUsedAgainWhateverTheTimeout() throws Exception {
            List<String> failed = new CopyOnWriteArrayList<>();
            int announced = Ports.free(); // Redis 6.2 takes it at its start only
            try (RedisCluster one = RedisCluster.start(1, "--cluster-announce-port", String.valueOf(announced));
                    FaultyProxy proxy = new FaultyProxy(one.nodes().get(0).port(), announced)) {
                try (ConnectedRedisCluster redis = to(proxy.uri() + "?timeout=10m")
                        .heartbeat(Duration.ofMillis(500))
                        .listener(new ConnectListener() {
                            @Override
                            public void reconnectFailed(String reason) {
                                failed.add(reason);
                            }
                        })
                        .buildCluster()
                        .connect()) {
                    redis.sync().set("k", "v");
                    proxy.set(FaultyProxy.Fault.BLACK_HOLE);
                    Awaitility.await()
                            .atMost(Duration.ofSeconds(60))
                            .until(() -> failed.stream().anyMatch(reason -> reason.contains("handshake")));
                    proxy.set(FaultyProxy.Fault.NONE);
                    assertThat(redis.async().set("k", "w").get(60, TimeUnit.SECONDS))
                            .isEqualTo("OK");
                }
            }
        }

        @Test
        void aCancelledStartAndASecondCloseLeaveNothing() throws Exception {
            try (ScriptedServer silent =
                    new ScriptedServer(socket -> socket.getInputStream().readAllBytes())) {
                CompletableFuture<ConnectedRedisCluster> starting =
                        to(silent.redisUri()).buildCluster().connectAsync();
                Awaitility.await().until(() -> silent.accepted() >= 1);
                starting.cancel(true);
            }
            ConnectedRedisCluster redis = to(cluster.uri())
                    .deadline(Duration.ofMinutes(1))
                    .attemptTimeout(Duration.ofMinutes(1))
                    .buildCluster()
                    .connectAsync()
                    .join();
            redis.close();
            redis.close();
            assertThat(redis.ping()).isFalse();
            Traces.awaitNoThreads();
        }
    }

    /** As behind a NAT or in a container, where the nodes announce what only they can reach. */
    @Nested
    class AnAddressThatOnlyTheClusterReaches {

        @Test
        void isNamedIfNoNodeCanBeReached() throws Exception {
            try (RedisCluster hidden =
                    RedisCluster.start(1, "--cluster-announce-port", String.valueOf(Ports.refusing()))) {
                assertThat(failure(to(hidden.uri())))
                        .hasMessageContaining("Connection refused [127.0.0.1:")
                        .hasMessageEndingWith(", as the cluster announces it]");
            }
        }

        @Test
        void isReachedThroughAResolverOfTheCaller() throws Exception {
            int announced = Ports.refusing();
            try (RedisCluster hidden = RedisCluster.start(1, "--cluster-announce-port", String.valueOf(announced))) {
                int real = hidden.nodes().get(0).port();
                try (ConnectedRedisCluster redis = to("redis://redis.example:7000")
                        .socketAddressResolver(MappingSocketAddressResolver.create(
                                (HostAndPort any) -> HostAndPort.of("127.0.0.1", real)))
                        .buildCluster()
                        .connect()) {
                    redis.sync().set("k", "v");
                    assertThat(redis.open(StringCodec.UTF8).sync().get("k")).isEqualTo("v");
                    assertThat(redis.connection()
                                    .getPartitions()
                                    .getPartition(0)
                                    .getUri()
                                    .getPort())
                            .isEqualTo(announced);
                }
                assertThat(failure(to("redis://redis.example:7000")
                                .socketAddressResolver(MappingSocketAddressResolver.create(
                                        (HostAndPort any) -> HostAndPort.of("127.0.0.1", announced)))))
                        .hasMessage("Redis connection failed after 3 attempts: Connection refused [127.0.0.1:"
                                + announced + "]");
            }
        }

        @Test
        void isWarnedOfIfItIsThatOfOnePrimary() throws Exception {
            ListAppender<ILoggingEvent> log = new ListAppender<>();
            log.start();
            Logger logger = (Logger) LoggerFactory.getLogger(RedisConnector.class);
            logger.addAppender(log);
            try (RedisCluster two = RedisCluster.start(2)) {
                RedisServer moved = two.nodes().get(1);
                int nowhere = Ports.refusing();
                RedisServer seed = two.nodes().get(0);
                moved.command("CONFIG SET cluster-announce-port " + nowhere);
                Awaitility.await()
                        .atMost(Duration.ofSeconds(60))
                        .until(() -> seed.command("CLUSTER NODES").contains(":" + nowhere + "@"));
                try (ConnectedRedisCluster redis =
                        to("redis://127.0.0.1:" + seed.port()).buildCluster().connect()) {
                    Awaitility.await()
                            .atMost(Duration.ofSeconds(60))
                            .untilAsserted(() -> assertThat(log.list)
                                    .extracting(ILoggingEvent::getFormattedMessage)
                                    .anyMatch(line -> line.startsWith("The primary 127.0.0.1:" + nowhere
                                            + " of the Redis cluster cannot be reached")));
                    assertThat(redis.connection().isOpen()).isTrue();
                }
            } finally {
                logger.detachAppender(log);
            }
        }
    }

    @Nested
    class TheOptions {

        @Test
        void optionsThatAreForOneRedisAreRefused() {
            RedisConnector.Builder cluster = to("redis://a:1,b:2");
            assertThatThrownBy(cluster::build)
                    .hasMessage("several hosts are the seeds of a cluster: use buildCluster()");
            for (String other : List.of("rediss://b:1", "rediss://b:1?verifyPeer=NONE", "redis+tls://b:1")) {
                List<RedisURI> seeds = List.of(RedisURI.create("redis://a:1"), RedisURI.create(other));
                assertThatThrownBy(RedisConnector.builder(seeds)::buildCluster)
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("the same TLS settings");
            }
            assertThatThrownBy(to("redis-sentinel://a:1#x")::buildCluster)
                    .hasMessage("a cluster's seeds are hosts: use redis:// or rediss://");
            assertThatThrownBy(to("redis://a:1/3")::buildCluster).hasMessage("a cluster has no other database than 0");
            assertThatThrownBy(to("redis://a:1").requireRole(Role.PRIMARY)::buildCluster)
                    .hasMessageContaining("requireRole is for build()");
            RedisClient client = RedisClient.create();
            try {
                assertThatThrownBy(to("redis://a:1").client(client)::buildCluster)
                        .hasMessageContaining("buildCluster() makes one of its own");
            } finally {
                client.shutdown(Duration.ZERO, Duration.ofSeconds(1));
            }
            assertThat(to("redis://u:p@a:1,b:2").buildCluster()).hasToString("RedisClusterConnector[redis://a:1,b:2]");
        }
    }
}
