package dev.hardening.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.hardening.testing.FaultyProxy;
import dev.hardening.testing.RedisCluster;
import dev.hardening.testing.RedisServer;
import dev.hardening.testing.ScriptedServer;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisCredentials;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.event.connection.ReconnectFailedEvent;
import io.lettuce.core.protocol.ProtocolVersion;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Proxy;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** What is promised after the start, at real servers. */
class SupervisionTest {

    private static final Duration LONG = Duration.ofSeconds(60);

    private static RedisServer server;

    @BeforeAll
    static void start() throws Exception {
        server = RedisServer.start();
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    /** What a listener was told, in words. */
    private static final class Told implements ConnectListener {

        final List<String> events = new CopyOnWriteArrayList<>();

        @Override
        public void disconnected(String reason) {
            events.add("lost: " + reason);
        }

        @Override
        public void reconnectFailed(String reason) {
            events.add("failed: " + reason);
        }

        @Override
        public void reconnected() {
            events.add("back");
        }

        @Override
        public void closed() {
            events.add("closed");
        }

        long count(String beginning) {
            return events.stream().filter(event -> event.startsWith(beginning)).count();
        }
    }

    private static Connected connect(RedisConnector.Builder builder, boolean any) {
        return any ? builder.connectAny() : builder.build().connect();
    }

    private static RedisCheck check(Connected redis) {
        return redis.check().orTimeout(30, TimeUnit.SECONDS).join();
    }

    /** A connection through a proxy whose server is soon asked again, and whose start takes as long as it needs. */
    private static ConnectedRedis askedOften(FaultyProxy proxy, Told told) {
        return RedisConnector.builder(proxy.uri())
                .heartbeat(Duration.ofMillis(500))
                .deadline(LONG)
                .attemptTimeout(LONG)
                .listener(told)
                .build()
                .connect();
    }

    @Nested
    class Silence {

        @Test
        void aSilentPeerIsReplacedOnEachConnection() throws Exception {
            Told told = new Told();
            try (FaultyProxy proxy = new FaultyProxy(server.port());
                    ConnectedRedis redis = RedisConnector.builder(proxy.uri() + "?timeout=500ms")
                            .heartbeat(Duration.ofMillis(500))
                            .deadline(LONG)
                            .attemptTimeout(LONG)
                            .listener(told)
                            .build()
                            .connect()) {
                StatefulRedisConnection<byte[], byte[]> bytes = redis.open(ByteArrayCodec.INSTANCE);
                StatefulRedisPubSubConnection<String, String> subscribed = redis.openPubSub(StringCodec.UTF8);
                List<String> messages = new CopyOnWriteArrayList<>();
                subscribed.addListener(new RedisPubSubAdapter<>() {
                    @Override
                    public void message(String channel, String message) {
                        messages.add(message);
                    }
                });
                subscribed.sync().subscribe("news");

                proxy.forget();

                await().atMost(LONG)
                        .ignoreExceptions()
                        .until(() -> "OK".equals(redis.sync().set("k", "v")));
                await().atMost(LONG)
                        .ignoreExceptions()
                        .until(() -> bytes.sync().get("k".getBytes(StandardCharsets.UTF_8)) != null);
                await().atMost(LONG).until(() -> {
                    server.command("PUBLISH news hello");
                    return messages.contains("hello");
                });
                await().atMost(LONG).until(() -> told.events.contains("back"));
            }
            assertThat(told.events).containsExactly("lost: no answer for 3000 ms", "back", "closed");
            Traces.awaitNoThreads();
        }

        @Test
        void aShortStallKeepsTheConnectionAndTheCommand() throws Exception {
            Told told = new Told();
            try (RedisServer stalling = RedisServer.start();
                    ConnectedRedis redis = RedisConnector.builder(stalling.uri())
                            .heartbeat(Duration.ofMillis(200))
                            .listener(told)
                            .build()
                            .connect()) {
                long id = redis.sync().clientId();
                stalling.signal("STOP");
                CompletableFuture<String> set = redis.async().set("k", "v").toCompletableFuture();
                List<CompletableFuture<RedisCheck>> checks = List.of(redis.check(), redis.check(), redis.check());
                CompletableFuture<Boolean> ping = CompletableFuture.supplyAsync(redis::ping);
                assertThat(ping.join()).isFalse(); // a second has passed
                TimeUnit.MILLISECONDS.sleep(500);
                stalling.signal("CONT");
                assertThat(set.join()).isEqualTo("OK");
                assertThat(checks).allSatisfy(one -> assertThat(one.join()).isNotNull());
                assertThat(check(redis).up()).isTrue();
                assertThat(redis.sync().clientId()).isEqualTo(id);
            }
            assertThat(told.events).containsExactly("closed");
        }

        @Test
        void pingAndCheckNeverBlockAnEventLoop() throws Exception {
            try (RedisServer stalling = RedisServer.start();
                    ConnectedRedis redis =
                            RedisConnector.builder(stalling.uri()).build().connect()) {
                CompletableFuture<Boolean> asked = new CompletableFuture<>();
                CompletableFuture<RedisCheck> checked = new CompletableFuture<>();
                // The stage runs on Lettuce's event loop, and the server answers nothing any longer.
                var unusedAnswer = redis.async()
                        .blpop(0.2, "nothing-is-pushed-here")
                        .thenAccept(none -> {
                            signal(stalling, "STOP");
                            asked.complete(redis.ping());
                            var unused = redis.check().thenAccept(checked::complete);
                        });
                assertThat(asked.get(30, TimeUnit.SECONDS)).isTrue(); // as far as is known
                assertThat(checked.get(30, TimeUnit.SECONDS).reason()).contains("no answer within");
                stalling.signal("CONT");
                await().atMost(LONG).until(redis::ping);
            }
        }

        @Test
        void aBlockingCommandIsNotCutOff() throws Exception {
            try (ConnectedRedis redis = RedisConnector.builder(server.uri() + "?timeout=60s")
                    .heartbeat(Duration.ofMillis(100))
                    .build()
                    .connect()) {
                StatefulRedisConnection<String, String> waiting = redis.open(StringCodec.UTF8);
                long id = waiting.sync().clientId();
                // Longer than an answer to a heartbeat may take.
                assertThat(waiting.sync().blpop(4, "nothing-is-pushed-here")).isNull();
                assertThat(waiting.sync().clientId()).isEqualTo(id);
            }
        }

        /** Without a timeout on this side, as is right for it, only its own time ends it. */
        @Test
        void aPeerThatForgetsABlockingCommandIsReplaced() throws Exception {
            Told told = new Told();
            try (FaultyProxy proxy = new FaultyProxy(server.port());
                    ConnectedRedis redis = askedOften(proxy, told)) {
                StatefulRedisConnection<String, String> waiting = redis.open(StringCodec.UTF8);
                waiting.setTimeout(Duration.ZERO);
                CompletableFuture<?> popped = waiting.async().blpop(1, "jobs").toCompletableFuture();
                proxy.forget();
                await().atMost(LONG).until(popped::isCompletedExceptionally);
                await().atMost(LONG).until(() -> waiting.isOpen() && redis.ping());
                assertThat(waiting.sync().blpop(1, "jobs")).isNull();
                assertThat(told.count("lost")).isEqualTo(1);
            }
        }

        @Test
        void blockingCommandsInARowAreNotCutOff() throws Exception {
            try (ConnectedRedis redis = RedisConnector.builder(server.uri())
                    .heartbeat(Duration.ofMillis(100))
                    .build()
                    .connect()) {
                StatefulRedisConnection<String, String> waiting = redis.open(StringCodec.UTF8);
                waiting.setTimeout(Duration.ZERO);
                long id = waiting.sync().clientId();
                var unused = waiting.async().blpop(4, "nothing-is-pushed-here");
                // Its time begins when that of the one before it is over.
                assertThat(waiting.sync().blpop(1, "nothing-is-pushed-here")).isNull();
                assertThat(waiting.sync().clientId()).isEqualTo(id);
            }
        }

        @Test
        void aPeerThatForgetsAConsumersLoopIsReplaced() throws Exception {
            try (FaultyProxy proxy = new FaultyProxy(server.port());
                    ConnectedRedis redis = RedisConnector.builder(proxy.uri() + "?timeout=2s")
                            .heartbeat(Duration.ofSeconds(1))
                            .deadline(LONG)
                            .attemptTimeout(LONG)
                            .build()
                            .connect()) {
                StatefulRedisConnection<String, String> waiting = redis.open(StringCodec.UTF8);
                CompletableFuture<String> popped = new CompletableFuture<>();
                // Hardly a moment without a blocking command.
                Thread consumer = new Thread(() -> {
                    while (!popped.isDone() && !Thread.currentThread().isInterrupted()) {
                        try {
                            var next = waiting.sync().blpop(1, "jobs");
                            if (next != null) {
                                popped.complete(next.getValue());
                            }
                        } catch (RuntimeException lost) {
                            // Again, as such a loop does.
                        }
                    }
                });
                consumer.start();
                try {
                    TimeUnit.MILLISECONDS.sleep(300);
                    proxy.forget();
                    server.command("RPUSH jobs one two");
                    assertThat(popped.get(60, TimeUnit.SECONDS)).isIn("one", "two");
                } finally {
                    consumer.interrupt();
                    consumer.join();
                }
            }
        }

        @Test
        void aTransactionThatIsRefusedIsNoneForTheHeartbeat() throws Exception {
            try (RedisServer guarded = RedisServer.start("--user", "default", "on", "nopass", "~*", "+@all", "-multi");
                    FaultyProxy proxy = new FaultyProxy(guarded.port());
                    ConnectedRedis redis = RedisConnector.builder(proxy.uri() + "?timeout=500ms")
                            .heartbeat(Duration.ofMillis(500))
                            .deadline(LONG)
                            .attemptTimeout(LONG)
                            .build()
                            .connect()) {
                assertThatThrownBy(() -> redis.sync().multi()).isInstanceOf(RedisCommandExecutionException.class);
                proxy.forget();
                await().atMost(LONG)
                        .ignoreExceptions()
                        .until(() -> "OK".equals(redis.sync().set("k", "v")));
            }
        }

        @Test
        void aPeerThatForgetsATransactionIsReplaced() throws Exception {
            Told told = new Told();
            try (FaultyProxy proxy = new FaultyProxy(server.port());
                    ConnectedRedis redis = askedOften(proxy, told)) {
                redis.sync().multi();
                proxy.forget();
                var unused = redis.connection().async().set("k", "v"); // not EXEC, so it is queued
                await().atMost(LONG).until(() -> told.count("lost: no answer for 3000 ms") == 1);
                await().atMost(LONG).until(() -> told.count("back") == 1);

                // Lettuce still takes the new connection for one in a transaction, and its heartbeat goes on.
                proxy.forget();
                await().atMost(LONG).until(() -> told.count("lost: no answer for 3000 ms") == 2);
                await().atMost(LONG).until(() -> told.count("back") == 2);
            }
        }

        @Test
        void aPeerThatDoesNotAnswerMultiIsReplaced() throws Exception {
            Told told = new Told();
            try (FaultyProxy proxy = new FaultyProxy(server.port());
                    ConnectedRedis redis = askedOften(proxy, told)) {
                proxy.forget();
                var unused = redis.async().multi();
                await().atMost(LONG).until(() -> told.count("lost: no answer for 3000 ms") == 1);
                await().atMost(LONG).until(() -> told.count("back") == 1);
            }
        }

        @Test
        void aReactiveTransactionThatIsRefusedIsNoneForTheHeartbeat() throws Exception {
            Told told = new Told();
            try (RedisServer guarded = RedisServer.start("--user", "default", "on", "nopass", "~*", "+@all", "-multi");
                    FaultyProxy proxy = new FaultyProxy(guarded.port());
                    ConnectedRedis redis = askedOften(proxy, told)) {
                assertThatThrownBy(() -> redis.connection().reactive().multi().block(LONG))
                        .isInstanceOf(RedisCommandExecutionException.class);
                proxy.forget();
                await().atMost(LONG).until(() -> told.count("lost: no answer for 3000 ms") == 1);
            }
        }

        @Test
        void withoutAutoFlushAConnectionIsCheckedAllTheSame() {
            try (ConnectedRedis redis =
                    RedisConnector.builder(server.uri()).build().connect()) {
                redis.connection().setAutoFlushCommands(false);
                assertThat(check(redis).up()).isTrue();
                assertThat(redis.ping()).isTrue();
            }
        }

        @Test
        void checksAreNoPartOfATransaction() throws Exception {
            try (ConnectedRedis redis =
                    RedisConnector.builder(server.uri()).build().connect()) {
                AtomicBoolean over = new AtomicBoolean();
                CompletableFuture<Boolean> checks = CompletableFuture.supplyAsync(() -> {
                    boolean up = true;
                    while (!over.get()) {
                        up &= check(redis).up();
                    }
                    return up;
                });
                try {
                    for (int i = 0; i < 3_000; i++) {
                        redis.sync().multi();
                        redis.sync().set("in", "transaction");
                        assertThat(redis.sync().exec()).containsExactly("OK");
                    }
                } finally {
                    over.set(true);
                }
                assertThat(checks.get(30, TimeUnit.SECONDS)).isTrue();
            }
        }

        @Test
        void afterALossInATransactionACheckAsksAgain() throws Exception {
            Told told = new Told();
            try (RedisServer own = RedisServer.start();
                    ConnectedRedis redis = RedisConnector.builder(own.uri())
                            .heartbeat(Duration.ZERO)
                            .listener(told)
                            .build()
                            .connect()) {
                redis.sync().multi();
                own.command("CLIENT KILL TYPE normal SKIPME yes");
                await().atMost(LONG).until(() -> told.count("back") == 1);
                assertThat(check(redis).up()).isTrue();
                signal(own, "STOP");
                try {
                    assertThat(check(redis).reason()).isEqualTo("no answer within 2000 ms");
                } finally {
                    signal(own, "CONT");
                }
            }
        }

        @Test
        void aBlockingCommandIsNoReasonToBeDown() throws Exception {
            try (ConnectedRedis redis =
                    RedisConnector.builder(server.uri()).build().connect()) {
                var popped = redis.async().blpop(60, "blocks");
                await().atMost(LONG).until(() -> server.command("CLIENT LIST").contains("cmd=blpop"));
                assertThat(check(redis).up()).isTrue();
                server.command("LPUSH blocks x");
                assertThat(popped.get(30, TimeUnit.SECONDS).getValue()).isEqualTo("x");
            }
        }

        @Test
        void aTransactionHoldsNothingButItsOwnCommands() throws Exception {
            try (ConnectedRedis redis = RedisConnector.builder(server.uri())
                    .heartbeat(Duration.ofMillis(50))
                    .build()
                    .connect()) {
                redis.sync().multi();
                TimeUnit.MILLISECONDS.sleep(300); // several heartbeats
                assertThat(check(redis).up()).isTrue();
                var unusedAnswer = redis.async().set("in", "transaction");
                assertThat(redis.sync().exec()).hasSize(1);
            }
        }
    }

    @Nested
    class TheRole {

        @Test
        void aDemotedPrimaryIsLeftUntilThereIsAPrimary() throws Exception {
            Told told = new Told();
            try (RedisServer demoted = RedisServer.start();
                    ConnectedRedis redis = RedisConnector.builder(demoted.uri())
                            .requireRole(Role.PRIMARY)
                            .heartbeat(Duration.ofMillis(300))
                            .maxReconnectDelay(Duration.ofMillis(300))
                            .listener(told)
                            .build()
                            .connect()) {
                demoted.command("REPLICAOF 127.0.0.1 " + server.port());
                String reason = "the server is a replica, and a primary is required";
                await().atMost(LONG).until(() -> told.events.contains("lost: " + reason));
                RedisCheck down = check(redis);
                assertThat(down.up()).isFalse();
                assertThat(down.reason()).isEqualTo(reason);
                assertThat(redis.ping()).isFalse();
                demoted.command("REPLICAOF NO ONE");
                await().atMost(LONG).until(redis::ping);
                assertThat(check(redis).role()).isEqualTo(Role.PRIMARY);
                assertThat(redis.sync().set("k", "v")).isEqualTo("OK");
                await().atMost(LONG).until(() -> told.count("back") == 1);
            }
            assertThat(told.count("lost")).isEqualTo(1);
        }

        @Test
        void aReconnectThatLandsOnAReplicaIsRefused() throws Exception {
            Told told = new Told();
            try (RedisServer primary = RedisServer.start();
                    ConnectedRedis redis = RedisConnector.builder(primary.uri())
                            .requireRole(Role.PRIMARY)
                            .heartbeat(Duration.ZERO)
                            .maxReconnectDelay(Duration.ofMillis(300))
                            .listener(told)
                            .build()
                            .connect()) {
                int port = primary.port();
                primary.stop();
                try (RedisServer replica =
                        RedisServer.startAt(port, "--replicaof", "127.0.0.1", String.valueOf(server.port()))) {
                    await().atMost(LONG)
                            .until(() -> "the server is a replica, and a primary is required"
                                    .equals(check(redis).reason()));
                    replica.command("REPLICAOF NO ONE");
                    await().atMost(LONG).until(redis::ping);
                    assertThat(told.count("lost")).isEqualTo(1);
                }
            }
        }

        @ParameterizedTest
        @ValueSource(booleans = {false, true})
        void aReconnectThatLandsOnASentinelOrANodeIsRefused(boolean any) throws Exception {
            Told told = new Told();
            try (RedisServer redisServer = RedisServer.start();
                    Connected redis = connect(
                            RedisConnector.builder(redisServer.uri())
                                    .maxReconnectDelay(Duration.ofMillis(300))
                                    .listener(told),
                            any)) {
                redisServer.stop();
                try (RedisServer node = RedisServer.startAt(redisServer.port(), "--cluster-enabled", "yes")) {
                    await().atMost(LONG)
                            .until(() -> String.valueOf(check(redis).reason()).startsWith("the server is a node of"));
                }
                Path file = Files.createTempFile("sentinel", ".conf");
                try (RedisServer sentinel = RedisServer.startAt(redisServer.port(), file.toString(), "--sentinel")) {
                    await().atMost(LONG)
                            .until(() -> Requirement.IS_A_SENTINEL.equals(
                                    check(redis).reason()));
                }
                assertThat(told.count("back")).isZero();
                redisServer.restart();
                await().atMost(LONG).until(redis::ping);
                await().atMost(LONG).until(() -> told.count("back") == 1);
                assertThat(told.count("lost")).isEqualTo(1);
            }
        }

        @Test
        void whereTheHandshakeSaysNoRoleOneOutageIsToldOnce() throws Exception {
            Told told = new Told();
            try (RedisServer demoted = RedisServer.start();
                    ConnectedRedis redis = RedisConnector.builder(demoted.uri())
                            .clientOptions(RedisConnector.defaultClientOptions()
                                    .protocolVersion(ProtocolVersion.RESP2)
                                    .build())
                            .requireRole(Role.PRIMARY)
                            .heartbeat(Duration.ofMillis(300))
                            .maxReconnectDelay(Duration.ofMillis(300))
                            .listener(told)
                            .build()
                            .connect()) {
                List<String> messages = new CopyOnWriteArrayList<>();
                StatefulRedisPubSubConnection<String, String> subscribed = redis.openPubSub(StringCodec.UTF8);
                subscribed.addListener(new RedisPubSubAdapter<>() {
                    @Override
                    public void message(String channel, String message) {
                        messages.add(message);
                    }
                });
                subscribed.sync().subscribe("news");
                demoted.command("REPLICAOF 127.0.0.1 " + server.port());
                await().atMost(LONG).until(() -> told.count("lost") == 1);
                TimeUnit.SECONDS.sleep(2); // for several reconnects
                assertThat(told.events).containsExactly("lost: the server is a replica, and a primary is required");
                assertThat(subscribed.isOpen()).isFalse(); // it could not ask for the role itself
                demoted.command("REPLICAOF NO ONE");
                await().atMost(LONG).until(redis::ping);
                await().atMost(LONG).until(() -> {
                    demoted.command("PUBLISH news hello");
                    return messages.contains("hello");
                });
                await().atMost(LONG).until(() -> told.count("back") == 1);
                assertThat(told.count("lost")).isEqualTo(1);
            }
        }

        /** A server without HELLO, whose answers depend on the number of the connection, from 1. */
        private static final class Roles implements AutoCloseable {

            static final String PRIMARY = "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n";
            static final String REPLICA = "*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:6379\r\n$9\r\nconnected\r\n:0\r\n";

            final List<Socket> sockets = new CopyOnWriteArrayList<>();
            final ScriptedServer server;

            /** Takes the answer to a command, or an empty one for none; null for the ordinary one. */
            Roles(BiFunction<Integer, String, @Nullable String> answers) throws Exception {
                server = new ScriptedServer(socket -> {
                    int number;
                    synchronized (sockets) {
                        sockets.add(socket);
                        number = sockets.size();
                    }
                    ScriptedServer.speaking(command -> {
                                String answer = answers.apply(number, command);
                                return answer != null
                                        ? answer
                                        : command.equals("PING")
                                                ? "+PONG\r\n"
                                                : command.equals("ROLE") ? PRIMARY : "-ERR unknown command\r\n";
                            })
                            .talk(socket);
                });
            }

            void cut(int number) {
                try {
                    sockets.get(number - 1).close();
                } catch (IOException failed) {
                    throw new UncheckedIOException(failed);
                }
            }

            RedisConnector.Builder connector() {
                return RedisConnector.builder(server.redisUri())
                        .requireRole(Role.PRIMARY)
                        .heartbeat(Duration.ZERO)
                        .deadline(LONG)
                        .attemptTimeout(LONG)
                        .maxReconnectDelay(Duration.ofMillis(200));
            }

            /** Waits for several reconnects, none of which may be taken for a connection. */
            void awaitReconnects(ConnectedRedis redis, int number) {
                await().atMost(LONG).until(() -> !redis.connection().isOpen());
                await().atMost(LONG).pollInterval(Duration.ofMillis(5)).until(() -> {
                    assertThat(redis.connection().isOpen()).isFalse();
                    return sockets.size() >= number;
                });
            }

            @Override
            public void close() throws IOException {
                server.close();
            }
        }

        @Test
        void aReconnectDuringAnOpenIsAskedForItsRole() throws Exception {
            CountDownLatch opening = new CountDownLatch(1);
            try (Roles roles = new Roles((number, command) -> {
                        if (number == 2) {
                            opening.countDown();
                            return ""; // the handshake of what is opened does not end
                        }
                        return number > 2 && command.equals("ROLE") ? Roles.REPLICA : null;
                    });
                    ConnectedRedis redis = roles.connector().build().connect()) {
                CompletableFuture<?> further = CompletableFuture.runAsync(() -> redis.open(StringCodec.UTF8));
                assertThat(opening.await(60, TimeUnit.SECONDS)).isTrue();
                roles.cut(1);
                roles.awaitReconnects(redis, 5);
                assertThat(further).isNotDone();
                roles.cut(2);
                assertThatThrownBy(further::join).hasCauseInstanceOf(RedisConnectException.class);
            }
        }

        @Test
        void aConnectionThatIsLostAtItsRoleIsNotUp() throws Exception {
            AtomicReference<Roles> own = new AtomicReference<>();
            try (Roles roles = new Roles((number, command) -> {
                        if (number > 1 && command.equals("ROLE")) {
                            own.get().cut(number);
                            return "";
                        }
                        return null;
                    });
                    ConnectedRedis redis = roles.connector().build().connect()) {
                own.set(roles);
                roles.cut(1);
                roles.awaitReconnects(redis, 6);
            }
        }

        @Test
        void aReconnectThatGetsNoRoleIsGivenUp() throws Exception {
            Told told = new Told();
            try (Roles roles = new Roles((number, command) -> number == 2 && command.equals("ROLE") ? "" : null);
                    ConnectedRedis redis =
                            roles.connector().listener(told).build().connect()) {
                roles.cut(1);
                await().atMost(LONG).until(() -> told.events.contains("back"));
                assertThat(told.events)
                        .containsExactly(
                                "lost: the server closed the connection",
                                "failed: no answer to ROLE for 3000 ms",
                                "back");
                assertThat(check(redis).up()).isTrue();
            }
        }

        @ParameterizedTest
        @EnumSource(ProtocolVersion.class)
        void anOpenAtADemotedServerSaysItsRole(ProtocolVersion version) throws Exception {
            try (RedisServer demoted = RedisServer.start();
                    ConnectedRedis redis = RedisConnector.builder(demoted.uri())
                            .clientOptions(RedisConnector.defaultClientOptions()
                                    .protocolVersion(version)
                                    .build())
                            .requireRole(Role.PRIMARY)
                            .heartbeat(Duration.ZERO)
                            .build()
                            .connect()) {
                demoted.command("REPLICAOF 127.0.0.1 " + server.port());
                assertThatThrownBy(() -> redis.open(StringCodec.UTF8))
                        .isInstanceOf(RedisConnectException.class)
                        .hasMessageContaining("the server is a replica, and a primary is required");
            }
        }

        @Test
        void aDemotedServerThatStopsIsSaidToBeStopped() throws Exception {
            try (RedisServer demoted = RedisServer.start();
                    ConnectedRedis redis = RedisConnector.builder(demoted.uri())
                            .requireRole(Role.PRIMARY)
                            .heartbeat(Duration.ofMillis(300))
                            .maxReconnectDelay(Duration.ofMillis(300))
                            .build()
                            .connect()) {
                demoted.command("REPLICAOF 127.0.0.1 " + server.port());
                await().atMost(LONG)
                        .until(() -> "the server is a replica, and a primary is required"
                                .equals(check(redis).reason()));
                demoted.stop();
                await().atMost(LONG)
                        .until(() -> "Connection refused".equals(check(redis).reason()));
            }
        }

        @Test
        void withoutARequiredRoleAReplicaIsUpAndSaidToBeOne() throws Exception {
            try (RedisServer replica = RedisServer.start("--replicaof", "127.0.0.1", String.valueOf(server.port()));
                    ConnectedRedis redis =
                            RedisConnector.builder(replica.uri()).build().connect()) {
                RedisCheck check = check(redis);
                assertThat(check.up()).isTrue();
                assertThat(check.role()).isEqualTo(Role.REPLICA);
                assertThat(check.reason()).isNull();
                assertThat(check.took()).isPositive();
            }
        }
    }

    @Nested
    class AnOutage {

        @Test
        void aPrimaryThatNoSentinelNamesIsToldSo() throws Exception {
            Told told = new Told();
            try (RedisServer primary = RedisServer.start();
                    RedisServer sentinel = RedisServer.sentinel("ratings", primary);
                    ConnectedRedis redis = RedisConnector.builder(
                                    "redis-sentinel://127.0.0.1:" + sentinel.port() + "#ratings")
                            .attempts(100)
                            .backoff(attempt -> Duration.ofMillis(200))
                            .deadline(LONG)
                            .listener(told)
                            .build()
                            .connect()) {
                sentinel.stop();
                primary.stop();
                String reason = "no Sentinel names the primary; Connection refused [data node 127.0.0.1:"
                        + primary.port() + "]";
                await().atMost(LONG).until(() -> told.events.contains("failed: " + reason));
                assertThat(check(redis).reason()).isEqualTo(reason);
                primary.restart();
                await().atMost(LONG).until(() -> told.events.contains("back"));
                assertThat(told.count("failed: ")).isEqualTo(1);
            }
        }

        @Test
        void itEndsWhenTheServerHasLoadedItsData() throws Exception {
            Told told = new Told();
            AtomicBoolean loading = new AtomicBoolean();
            CopyOnWriteArrayList<Socket> open = new CopyOnWriteArrayList<>();
            try (ScriptedServer restarted = new ScriptedServer(socket -> {
                        open.add(socket);
                        ScriptedServer.speaking(command -> command.startsWith("HELLO")
                                        ? ScriptedServer.HELLO
                                        : loading.get()
                                                ? "-LOADING Redis is loading the dataset in memory\r\n"
                                                : command.equals("PING") ? "+PONG\r\n" : "+OK\r\n")
                                .talk(socket);
                    });
                    ConnectedRedis redis = RedisConnector.builder(restarted.redisUri())
                            .maxReconnectDelay(Duration.ofMillis(300))
                            .listener(told)
                            .build()
                            .connect()) {
                loading.set(true);
                for (Socket one : open) {
                    one.close();
                }
                String reason = "LOADING Redis is loading the dataset in memory";
                await().atMost(LONG).until(() -> reason.equals(check(redis).reason()));
                await().atMost(LONG).until(() -> restarted.accepted() >= 4);
                assertThat(told.count("back")).isZero();
                assertThat(told.count("failed: LOADING")).isEqualTo(1);
                loading.set(false);
                await().atMost(LONG).until(() -> told.count("back") == 1);
                assertThat(check(redis).up()).isTrue();
            }
        }

        @Test
        void itIsToldAndCountedOnceWithItsCause() throws Exception {
            Told told = new Told();
            RedisConnectionMetrics metrics = new RedisConnectionMetrics("orders");
            SimpleMeterRegistry registry = new SimpleMeterRegistry();
            metrics.bindTo(registry);
            try (RedisServer restarting = RedisServer.start()) {
                try (ConnectedRedis redis = RedisConnector.builder(restarting.uri())
                        .listener(told)
                        .listener(metrics)
                        .maxReconnectDelay(Duration.ofMillis(500))
                        .build()
                        .connect()) {
                    redis.openPubSub(StringCodec.UTF8).sync().subscribe("news");
                    redis.open(StringCodec.UTF8).sync().ping();
                    restarting.stop();
                    await().atMost(LONG).until(() -> told.count("failed: Connection refused") == 1);
                    assertThat(check(redis).reason()).isEqualTo("Connection refused");
                    assertThatThrownBy(() -> redis.open(StringCodec.UTF8)).hasMessageContaining("Connection refused");
                    restarting.restart();
                    await().atMost(LONG).until(() -> told.count("back") == 1);
                    assertThat(check(redis).up()).isTrue();
                    assertThat(told.count("lost")).isEqualTo(1);
                    assertThat(told.count("failed")).isEqualTo(1);
                    await().atMost(LONG)
                            .until(() ->
                                    registry.get("redis.connection.up").gauge().value() == 1);
                    assertThat(registry.get("redis.connection.losses")
                                    .functionCounter()
                                    .count())
                            .isEqualTo(1);
                    assertThat(registry.get("redis.connection.returns")
                                    .functionCounter()
                                    .count())
                            .isEqualTo(1);
                    assertThat(registry.get("redis.connection.failures")
                                    .tag("cause", "refused")
                                    .functionCounter()
                                    .count())
                            .isEqualTo(1);
                    assertThat(registry.get("redis.connection.up").gauge().value())
                            .isEqualTo(1);
                }
                assertThat(registry.get("redis.connection.up").gauge().value()).isZero();
            }
        }

        @Test
        void aPasswordThatWasRotatedIsSaidEverywhere() throws Exception {
            Told told = new Told();
            RedisConnectionMetrics metrics = new RedisConnectionMetrics("orders");
            SimpleMeterRegistry registry = new SimpleMeterRegistry();
            metrics.bindTo(registry);
            try (RedisServer guarded = RedisServer.start("--requirepass", "hunter2")) {
                List<String> password = new CopyOnWriteArrayList<>(List.of("hunter2"));
                RedisURI uri = RedisURI.create(guarded.uri());
                uri.setCredentialsProvider(() -> Mono.just(RedisCredentials.just(null, password.get(0))));
                try (ConnectedRedis redis = RedisConnector.builder(uri)
                        .listener(told)
                        .listener(metrics)
                        .maxReconnectDelay(Duration.ofMillis(300))
                        .build()
                        .connect()) {
                    redis.sync().configSet("requirepass", "hunter3");
                    guarded.command("AUTH hunter3", "CLIENT KILL TYPE normal");
                    await().atMost(LONG).until(() -> told.count("failed: WRONGPASS") == 1);
                    assertThat(check(redis).reason()).startsWith("WRONGPASS");
                    assertThat(registry.get("redis.connection.failures")
                                    .tag("cause", "WRONGPASS")
                                    .functionCounter()
                                    .count())
                            .isEqualTo(1);
                    password.set(0, "hunter3");
                    await().atMost(LONG).until(redis::ping);
                    await().atMost(LONG).until(() -> told.count("back") == 1);
                }
            }
            assertThat(told.events.toString()).doesNotContain("hunter");
        }

        @Test
        void aReconnectThatIsClosedHasNoHintAboutTls() throws Exception {
            Told told = new Told();
            try (FaultyProxy proxy = new FaultyProxy(server.port());
                    ConnectedRedis redis = RedisConnector.builder(proxy.uri())
                            .maxReconnectDelay(Duration.ofMillis(200))
                            .listener(told)
                            .build()
                            .connect()) {
                proxy.set(FaultyProxy.Fault.REFUSE);
                await().atMost(LONG).until(() -> told.count("lost") == 1);
                proxy.set(FaultyProxy.Fault.HANG_UP);
                await().atMost(LONG).until(() -> told.count("failed: the connection was closed early") > 0);
                assertThat(told.events).noneMatch(event -> event.contains("TLS"));
                assertThat(redis.ping()).isFalse();
            }
        }

        @Test
        void thatOfAnotherServerOfTheCallersClientIsNotTold() throws Exception {
            Told told = new Told();
            AtomicInteger others = new AtomicInteger();
            RedisClient callers = RedisClient.create();
            try (RedisServer one = RedisServer.start();
                    RedisServer guarded = RedisServer.start("--requirepass", "old");
                    ConnectedRedis redis = RedisConnector.builder(one.uri())
                            .client(callers)
                            .listener(told)
                            .build()
                            .connect();
                    ConnectedRedis other = RedisConnector.builder("redis://:old@127.0.0.1:" + guarded.port())
                            .client(callers)
                            .build()
                            .connect()) {
                one.stop();
                await().atMost(LONG).until(() -> told.count("failed: Connection refused") == 1);
                callers.getResources()
                        .eventBus()
                        .get()
                        .ofType(ReconnectFailedEvent.class)
                        .filter(event -> String.valueOf(event.getCause()).contains("WRONGPASS"))
                        .subscribe(event -> others.incrementAndGet());
                guarded.command("AUTH old", "CONFIG SET requirepass new", "CLIENT KILL TYPE normal");
                await().atMost(LONG).until(() -> others.get() > 1);
                assertThat(told.events).noneMatch(event -> event.contains("WRONGPASS"));
                assertThat(other.ping()).isFalse();
                assertThat(redis.ping()).isFalse();
            } finally {
                callers.shutdown();
            }
        }

        @Test
        void aProviderOfCredentialsThatFailsIsSaid() {
            Told told = new Told();
            AtomicReference<Mono<RedisCredentials>> credentials =
                    new AtomicReference<>(Mono.just(RedisCredentials.just(null, (CharSequence) null)));
            RedisURI uri = RedisURI.create(server.uri());
            uri.setCredentialsProvider(() -> credentials.get());
            try (ConnectedRedis redis = RedisConnector.builder(uri)
                    .maxReconnectDelay(Duration.ofMillis(200))
                    .listener(told)
                    .build()
                    .connect()) {
                credentials.set(Mono.empty());
                server.command("CLIENT KILL TYPE normal SKIPME yes");
                await().atMost(LONG).until(() -> told.count("failed: the credentials provider gave none") == 1);
                credentials.set(Mono.error(new IllegalStateException("the vault is sealed")));
                await().atMost(LONG)
                        .until(() -> "the credentials provider failed: the vault is sealed"
                                .equals(check(redis).reason()));
                credentials.set(Mono.just(RedisCredentials.just(null, (CharSequence) null)));
                await().atMost(LONG).until(redis::ping);
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
        }

        @Test
        void aConnectionThatIsBackBeforeItIsFoundLostIsUp() throws Exception {
            RedisConnector.Builder options = RedisConnector.builder(server.uri());
            Target.Standalone target = new Target.Standalone(options);
            StatefulRedisConnection<String, String> connection =
                    target.connect().toCompletableFuture().get(60, TimeUnit.SECONDS);
            AtomicBoolean lost = new AtomicBoolean(true);
            @SuppressWarnings("unchecked")
            StatefulRedisConnection<String, String> atFirstLost =
                    (StatefulRedisConnection<String, String>) Proxy.newProxyInstance(
                            getClass().getClassLoader(),
                            new Class<?>[] {StatefulRedisConnection.class},
                            (proxy, method, arguments) -> method.getName().equals("isOpen") && lost.getAndSet(false)
                                    ? false
                                    : method.invoke(connection, arguments));
            ConnectReport report = new ConnectReport(
                    target.endpoint(), "", Role.PRIMARY, "standalone", 1, Duration.ZERO, Duration.ZERO, Duration.ZERO);
            Session<StatefulRedisConnection<String, String>> session =
                    new Session<>(options, target, atFirstLost, report);
            assertThat(lost).isFalse();
            assertThat(session.check().orTimeout(30, TimeUnit.SECONDS).join().reason())
                    .isNull();
            session.close();
            Traces.awaitNoThreads();
        }

        @Test
        void itEndsWithoutAConnectionThatIsClosedMeanwhile() throws Exception {
            Told told = new Told();
            try (RedisServer restarting = RedisServer.start();
                    ConnectedRedis redis = RedisConnector.builder(restarting.uri())
                            .listener(told)
                            .maxReconnectDelay(Duration.ofMillis(300))
                            .build()
                            .connect()) {
                StatefulRedisConnection<String, String> further = redis.open(StringCodec.UTF8);
                restarting.stop();
                await().atMost(LONG)
                        .until(() -> !further.isOpen() && !redis.connection().isOpen());
                further.close();
                restarting.restart();
                await().atMost(LONG).until(redis::ping);
                await().atMost(LONG).until(() -> told.count("back") == 1);
                assertThat(told.count("lost")).isEqualTo(1);
            }
        }

        @Test
        void aListenerThatBlocksHoldsUpNeitherChecksNorReconnects() throws Exception {
            CountDownLatch entered = new CountDownLatch(1);
            CountDownLatch goOn = new CountDownLatch(1);
            Told told = new Told();
            List<String> blocked = new CopyOnWriteArrayList<>();
            try (RedisServer restarting = RedisServer.start()) {
                ConnectedRedis redis = RedisConnector.builder(restarting.uri())
                        .listener(new ConnectListener() {
                            @Override
                            public void disconnected() {
                                blocked.add("lost");
                                entered.countDown();
                                await().atMost(LONG).until(() -> goOn.getCount() == 0);
                            }

                            @Override
                            public void reconnected() {
                                blocked.add("back");
                            }

                            @Override
                            public void closed() {
                                blocked.add("closed");
                            }
                        })
                        .listener(told)
                        .maxReconnectDelay(Duration.ofMillis(300))
                        .build()
                        .connect();
                restarting.stop();
                assertThat(entered.await(30, TimeUnit.SECONDS)).isTrue();
                assertThat(check(redis).up()).isFalse();
                restarting.restart();
                await().atMost(LONG).until(redis::ping);
                await().atMost(LONG).until(() -> told.count("back") == 1);
                redis.close();
                assertThat(blocked).containsExactly("lost");
                goOn.countDown();
                await().atMost(LONG).until(() -> blocked.contains("closed"));
                assertThat(blocked).containsExactly("lost", "back", "closed");
            }
            Traces.awaitNoThreads();
        }

        @Test
        void aListenerMayCheckAndClose() throws Exception {
            CompletableFuture<RedisCheck> checked = new CompletableFuture<>();
            CompletableFuture<Boolean> pinged = new CompletableFuture<>();
            CompletableFuture<ConnectedRedis> connected = new CompletableFuture<>();
            Told told = new Told();
            try (RedisServer stopped = RedisServer.start()) {
                connected.complete(RedisConnector.builder(stopped.uri())
                        .listener(told)
                        .listener(new ConnectListener() {
                            @Override
                            public void disconnected() {
                                pinged.complete(connected.join().ping());
                                checked.complete(check(connected.join()));
                                connected.join().close();
                            }
                        })
                        .build()
                        .connect());
                stopped.stop();
                assertThat(checked.get(30, TimeUnit.SECONDS).up()).isFalse();
                assertThat(pinged.join()).isFalse();
                await().atMost(LONG).until(() -> told.events.contains("closed"));
                assertThat(told.count("lost")).isEqualTo(1);
                assertThat(check(connected.join()).reason()).isEqualTo("the connection has been closed");
            }
            Traces.awaitNoThreads();
        }

        @Test
        void aNormalCloseWarnsOfNothing() throws Exception {
            ListAppender<ILoggingEvent> log = new ListAppender<>();
            Logger root = (Logger) org.slf4j.LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);
            log.start();
            root.addAppender(log);
            try {
                for (int i = 0; i < 10; i++) {
                    ConnectedRedis redis = RedisConnector.builder(server.uri())
                            .deadline(LONG)
                            .attemptTimeout(LONG)
                            .build()
                            .connect();
                    redis.openPubSub(StringCodec.UTF8).sync().subscribe("news");
                    StatefulRedisConnection<String, String> closed = redis.open(StringCodec.UTF8);
                    closed.close(); // by the application, which is no loss
                    var unused = redis.async().get("k");
                    redis.close();
                }
                Traces.awaitNoThreads();
            } finally {
                root.detachAppender(log);
            }
            assertThat(List.copyOf(log.list))
                    .noneMatch(event -> event.getLevel().isGreaterOrEqual(Level.WARN));
        }

        @Test
        void aCloseOfWhatTheApplicationClosedWarnsOfNothing() throws Exception {
            ListAppender<ILoggingEvent> log = new ListAppender<>();
            Logger root = (Logger) org.slf4j.LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);
            log.start();
            root.addAppender(log);
            RedisClient callers = RedisClient.create();
            try {
                ConnectedRedis first =
                        RedisConnector.builder(server.uri()).build().connect();
                first.connection().close();
                first.close();
                ConnectedRedis second =
                        RedisConnector.builder(server.uri()).build().connect();
                second.client().shutdown();
                second.close();
                ConnectedRedis third = RedisConnector.builder(server.uri())
                        .client(callers)
                        .build()
                        .connect();
                third.open(StringCodec.UTF8).close();
                third.connection().close();
                third.close();
            } finally {
                callers.shutdown();
                root.detachAppender(log);
            }
            assertThat(List.copyOf(log.list))
                    .noneMatch(event -> event.getLevel().isGreaterOrEqual(Level.WARN));
        }

        @Test
        void aNormalCloseOfAClusterWarnsOfNothing() throws Exception {
            ListAppender<ILoggingEvent> log = new ListAppender<>();
            Logger root = (Logger) org.slf4j.LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);
            log.start();
            root.addAppender(log);
            try (RedisCluster cluster = RedisCluster.start(2)) {
                for (int i = 0; i < 5; i++) {
                    ConnectedRedisCluster redis = RedisConnector.builder(cluster.uri())
                            .deadline(LONG)
                            .attemptTimeout(LONG)
                            .buildCluster()
                            .connect();
                    for (int key = 0; key < 20 * (i % 2); key++) { // or at once: then primaries are being connected to
                        redis.sync().set("k" + key, "v");
                    }
                    redis.close();
                }
            } finally {
                root.detachAppender(log);
            }
            assertThat(List.copyOf(log.list))
                    .noneMatch(event -> event.getLevel().isGreaterOrEqual(Level.WARN));
        }

        @Test
        void whatIsClosedIsDownAndOpensNothing() {
            ConnectedRedis redis = RedisConnector.builder(server.uri()).build().connect();
            StatefulRedisConnection<String, String> further = redis.open(StringCodec.UTF8);
            redis.close();
            redis.close();
            assertThat(further.isOpen()).isFalse();
            assertThat(check(redis).reason()).isEqualTo("the connection has been closed");
            assertThatThrownBy(() -> redis.open(StringCodec.UTF8))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("the connection has been closed");
            assertThatThrownBy(() -> redis.sync().get("k"))
                    .isInstanceOf(RedisException.class)
                    .hasMessage("the connection has been closed");
        }
    }

    @Nested
    class FurtherConnections {

        @Test
        void theyHaveTheSameAddressTimeoutsAndBounds() {
            try (ConnectedRedis redis = RedisConnector.builder(server.uri() + "/5?timeout=3s&clientName=orders")
                    .build()
                    .connect()) {
                StatefulRedisConnection<String, String> further = redis.open(StringCodec.UTF8);
                assertThat(further.getTimeout()).hasSeconds(3);
                assertThat(further.sync().clientGetname()).isEqualTo("orders");
                redis.sync().set("k", "five");
                assertThat(further.sync().get("k")).isEqualTo("five");
                assertThat(redis.openPubSub(StringCodec.UTF8).getTimeout()).hasSeconds(3);
                assertThat(redis.uri().getTimeout()).hasSeconds(3);
                assertThat(redis.uri().getDatabase()).isEqualTo(5);
                try (var byHand = redis.client().connect(redis.uri())) {
                    assertThat(byHand.sync().get("k")).isEqualTo("five");
                }
                try (var byHand = redis.client().connect()) {
                    assertThat(byHand.getTimeout()).hasSeconds(3);
                }
            }
        }

        @Test
        void aSubscriptionThatIsRefusedAfterAReconnectIsTold() throws Exception {
            Told told = new Told();
            try (RedisServer lists = RedisServer.start()) {
                lists.command("ACL SETUSER reader on >s3cret ~* +@all resetchannels &news &other");
                try (ConnectedRedis redis = RedisConnector.builder("redis://reader:s3cret@127.0.0.1:" + lists.port())
                        .deadline(LONG)
                        .listener(told)
                        .build()
                        .connect()) {
                    StatefulRedisPubSubConnection<String, String> subscribed = redis.openPubSub(StringCodec.UTF8);
                    subscribed.sync().subscribe("news");
                    subscribed.sync().psubscribe("other");
                    // It closes the connections that are subscribed to what is forbidden now.
                    lists.command("ACL SETUSER reader resetchannels &other");
                    await().atMost(LONG).until(() -> told.events.size() == 3);
                    assertThat(told.events)
                            .startsWith("lost: the server closed the connection", "back")
                            .last()
                            .asString()
                            .startsWith("lost: a subscription was refused after the reconnect: NOPERM ");
                    assertThat(check(redis).up()).isTrue();
                    lists.command("ACL SETUSER reader &news");
                    subscribed.sync().subscribe("news");
                    await().atMost(LONG).until(() -> told.events.size() == 4);
                    assertThat(told.events).endsWith("back");
                }
            }
        }

        /** Lettuce would give every other connection to the event loop that waits for it. */
        @Test
        void anEventLoopThatWouldWaitIsToldSoAtOnce() throws Exception {
            try (ConnectedRedis redis =
                    RedisConnector.builder(server.uri()).deadline(LONG).build().connect()) {
                CompletableFuture<Throwable> thrown = new CompletableFuture<>();
                StatefulRedisPubSubConnection<String, String> subscribed = redis.openPubSub(StringCodec.UTF8);
                subscribed.addListener(new RedisPubSubAdapter<String, String>() {
                    @Override
                    public void message(String channel, String message) {
                        try {
                            redis.open(StringCodec.UTF8);
                            thrown.completeExceptionally(new AssertionError("it was opened"));
                        } catch (IllegalStateException refused) {
                            thrown.complete(refused);
                        }
                    }
                });
                subscribed.sync().subscribe("news");
                redis.sync().publish("news", "now");
                assertThat(thrown.get(60, TimeUnit.SECONDS))
                        .isExactlyInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("an event loop must not wait");
                assertThat(Mono.fromCallable(() -> redis.open(StringCodec.UTF8))
                                .subscribeOn(Schedulers.parallel())
                                .materialize()
                                .block()
                                .getThrowable())
                        .hasMessageContaining("an event loop must not wait");
                assertThat(redis.open(StringCodec.UTF8).sync().ping()).isEqualTo("PONG");
            }
        }

        @Test
        void ownOptionsStartFromTheDefaultOnes() {
            var options = RedisConnector.defaultClientOptions().build();
            assertThat(options.getRequestQueueSize()).isEqualTo(10_000);
            assertThat(options.getTimeoutOptions().isTimeoutCommands()).isTrue();
            assertThat(options.getSocketOptions().getConnectTimeout()).hasSeconds(3);
            assertThat(options.getDisconnectedBehavior())
                    .isEqualTo(io.lettuce.core.ClientOptions.DisconnectedBehavior.REJECT_COMMANDS);
            var cluster = RedisConnector.defaultClusterClientOptions().build();
            assertThat(cluster.getRequestQueueSize()).isEqualTo(10_000);
            assertThat(cluster.getTopologyRefreshOptions().isPeriodicRefreshEnabled())
                    .isTrue();
            assertThat(cluster.getTopologyRefreshOptions().getRefreshTriggersReconnectAttempts())
                    .isEqualTo(1);
            assertThat(cluster.getTopologyRefreshOptions().getAdaptiveRefreshTimeout())
                    .hasSeconds(2);
        }
    }

    @Nested
    class ACluster {

        @Test
        void lostSlotsAndALostMajorityAreDown() throws Exception {
            try (RedisCluster cluster = RedisCluster.start(3, "--cluster-node-timeout", "1000");
                    ConnectedRedisCluster redis = RedisConnector.builder(cluster.uri())
                            .maxReconnectDelay(Duration.ofMillis(300))
                            .buildCluster()
                            .connect()) {
                assertThat(check(redis).up()).isTrue();
                cluster.nodes().get(2).stop();
                await().atMost(LONG)
                        .until(() -> String.valueOf(check(redis).reason()).startsWith("CLUSTERDOWN"));
                assertThat(redis.ping()).isFalse();
                cluster.nodes().get(2).restart();
                await().atMost(LONG).until(redis::ping);
            }
        }

        @Test
        void aSlotWithoutANodeIsDownWhereTheClusterGoesOn() throws Exception {
            try (RedisCluster cluster = RedisCluster.start(1, "--cluster-require-full-coverage", "no");
                    ConnectedRedisCluster redis =
                            RedisConnector.builder(cluster.uri()).buildCluster().connect()) {
                assertThat(check(redis).up()).isTrue();
                cluster.nodes().get(0).command("CLUSTER DELSLOTS 0");
                String reason = "CLUSTERDOWN: the cluster does not serve 1 of its 16384 slots";
                await().atMost(LONG).until(() -> reason.equals(check(redis).reason()));
                assertThatThrownBy(() -> RedisConnector.builder(cluster.uri())
                                .attempts(1)
                                .buildCluster()
                                .connect())
                        .hasMessageEndingWith(reason);
            }
        }

        @Test
        void aSilentNodeIsGivenUpAndUsedAgain() throws Exception {
            try (RedisCluster cluster = RedisCluster.start(3);
                    ConnectedRedisCluster redis = RedisConnector.builder(cluster.uri() + "?timeout=500ms")
                            .heartbeat(Duration.ofMillis(300))
                            .maxReconnectDelay(Duration.ofMillis(300))
                            .buildCluster()
                            .connect()) {
                redis.sync().set("k", "v");
                var node = cluster.nodeOf("k");
                node.signal("STOP");
                assertThatThrownBy(() -> redis.sync().get("k")).isInstanceOf(io.lettuce.core.RedisException.class);
                TimeUnit.SECONDS.sleep(5); // longer than a heartbeat and its patience
                node.signal("CONT");
                await().atMost(LONG)
                        .ignoreExceptions()
                        .until(() -> "v".equals(redis.sync().get("k")));
            }
        }

        @Test
        void aReplicaThatTakesOverForASilentNodeIsUsed() throws Exception {
            String[] impatient = {"--cluster-node-timeout", "1500"};
            try (RedisCluster cluster = RedisCluster.start(3, impatient);
                    RedisServer replica = RedisServer.start("--cluster-enabled", "yes", impatient[0], impatient[1])) {
                RedisServer node = cluster.nodeOf("k");
                follow(replica, node, cluster);
                try (ConnectedRedisCluster redis = RedisConnector.builder(cluster.uri() + "?timeout=1s")
                        .heartbeat(Duration.ofMillis(500))
                        .deadline(LONG)
                        .attemptTimeout(Duration.ofSeconds(12))
                        .buildCluster()
                        .connect()) {
                    redis.sync().set("k", "v");
                    node.signal("STOP");
                    await().atMost(LONG).until(() -> replica.command("ROLE").contains("master"));
                    await().atMost(Duration.ofSeconds(25)) // Lettuce alone would look again after 30 s
                            .ignoreExceptions()
                            .until(() -> "OK".equals(redis.sync().set("k", "w")));
                    assertThat(check(redis).up()).isTrue();
                }
            }
        }

        private void follow(RedisServer replica, RedisServer node, RedisCluster cluster) throws Exception {
            String id = node.command("CLUSTER MYID").lines().skip(1).findFirst().orElseThrow();
            replica.command("CLUSTER MEET 127.0.0.1 " + node.port());
            await().atMost(LONG)
                    .until(() -> replica.command("CLUSTER REPLICATE " + id).startsWith("+OK"));
            await().atMost(LONG).until(() -> replica.command("INFO replication").contains("master_link_status:up"));
            for (RedisServer one : cluster.nodes()) {
                await().atMost(LONG)
                        .until(() -> one.command("CLUSTER NODES")
                                .lines()
                                .anyMatch(line -> line.contains(":" + replica.port() + "@") && line.contains("slave")));
            }
        }

        @Test
        void furtherConnectionsSpeakOtherCodecsAndSubscribe() throws Exception {
            try (RedisCluster cluster = RedisCluster.start(2);
                    ConnectedRedisCluster redis =
                            RedisConnector.builder(cluster.uri()).buildCluster().connect()) {
                redis.sync().set("k", "v");
                assertThat(redis.open(ByteArrayCodec.INSTANCE).sync().get("k".getBytes(StandardCharsets.UTF_8)))
                        .isEqualTo("v".getBytes(StandardCharsets.UTF_8));
                redis.openPubSub(StringCodec.UTF8).sync().subscribe("news");
            }
            Traces.awaitNoThreads();
        }

        @Test
        void buildRefusesANodeOfItAndConnectAnyDoesNot() throws Exception {
            try (RedisCluster cluster = RedisCluster.start(1)) {
                String node = cluster.nodes().get(0).uri();
                assertThatThrownBy(() -> RedisConnector.builder(node).build().connect())
                        .hasMessage("Redis connection failed after 1 attempt: the server is a node of a cluster: use"
                                + " buildCluster() instead of build()");
                List<String> starts = new CopyOnWriteArrayList<>();
                ConnectListener listener = new ConnectListener() {
                    @Override
                    public void connected(ConnectReport report) {
                        starts.add("connected");
                    }

                    @Override
                    public void closed() {
                        starts.add("closed");
                    }
                };
                try (Connected any =
                        RedisConnector.builder(node).listener(listener).connectAny()) {
                    assertThat(any).isInstanceOf(ConnectedRedisCluster.class);
                    assertThat(any.sync().set("k", "v")).isEqualTo("OK");
                    assertThat(starts).containsExactly("connected");
                }
                assertThat(starts).containsExactly("connected", "closed");
            }
            try (Connected any = RedisConnector.builder(server.uri()).connectAny()) {
                assertThat(any).isInstanceOf(ConnectedRedis.class);
                assertThatThrownBy(() -> any.sync().clusterInfo()).isInstanceOf(RedisCommandExecutionException.class);
            }
        }
    }

    private static void signal(RedisServer one, String name) {
        try {
            one.signal(name);
        } catch (Exception failed) {
            throw new IllegalStateException(failed);
        }
    }
}
