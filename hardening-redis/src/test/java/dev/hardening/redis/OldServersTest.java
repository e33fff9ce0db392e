package dev.hardening.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.hardening.testing.Executables;
import dev.hardening.testing.Ports;
import dev.hardening.testing.RedisServer;
import dev.hardening.testing.ScriptedServer;
import io.lettuce.core.KillArgs;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.StringCodec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowingConsumer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Servers that do not know, or do not allow, what a newer Redis does. */
class OldServersTest {

    @Nested
    class WithoutHello {

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "-ERR unknown command 'HELLO'",
                    "-unsupported command",
                    "-ERR unsupported command",
                    "-NOPERM this user has no permissions to run the 'hello' command",
                    "-ERR command not allowed",
                    "-Error: Command not supported",
                    "+OK"
                })
        void aRefusedHelloLeadsToResp2AtOnce(String refusal) throws Exception {
            try (ScriptedServer old = new ScriptedServer(ScriptedServer.speaking(
                            command -> command.equals("PING") ? "+PONG\r\n" : refusal + "\r\n"));
                    ConnectedRedis redis =
                            RedisConnector.builder(old.redisUri()).build().connect()) {
                assertThat(redis.report().attempts()).isEqualTo(1);
                assertThat(redis.ping()).isTrue();
            }
        }

        @Test
        void aWrongPasswordIsOneFailedLogin() throws Exception {
            RedisServer.assumeVersion(6, 2); // from which on failed calls are counted
            try (RedisServer guarded = RedisServer.start("--requirepass", "right")) {
                assertThatThrownBy(() -> RedisConnector.builder("redis://:wrong@127.0.0.1:" + guarded.port())
                                .build()
                                .connect())
                        .hasMessageContaining("WRONGPASS");
                List<String> calls = guarded.command("AUTH right", "INFO commandstats")
                        .lines()
                        .filter(line -> line.startsWith("cmdstat_hello:") || line.startsWith("cmdstat_auth:"))
                        .toList();
                assertThat(calls)
                        .filteredOn(line -> line.startsWith("cmdstat_hello:"))
                        .singleElement()
                        .asString()
                        .endsWith("failed_calls=1");
                assertThat(calls)
                        .filteredOn(line -> line.startsWith("cmdstat_auth:"))
                        .allMatch(line -> line.endsWith("failed_calls=0"));
            }
        }

        @Test
        void aProxyThatAnswersNoauthToHelloGetsAuth() throws Exception {
            try (ScriptedServer proxy = new ScriptedServer(socket -> {
                        AtomicBoolean in = new AtomicBoolean();
                        ScriptedServer.speaking(command -> {
                                    in.compareAndSet(false, command.equals("AUTH right"));
                                    return !in.get()
                                            ? "-NOAUTH Authentication required.\r\n"
                                            : command.startsWith("AUTH")
                                                    ? "+OK\r\n"
                                                    : command.equals("PING") ? "+PONG\r\n" : "-ERR unknown command\r\n";
                                })
                                .talk(socket);
                    });
                    ConnectedRedis redis = RedisConnector.builder("redis://:right@127.0.0.1:" + proxy.port())
                            .build()
                            .connect()) {
                assertThat(redis.report().attempts()).isEqualTo(1);
            }
        }

        @Test
        void aPasswordThatIsAWordOfTheErrorHidesNoReason() throws Exception {
            for (String password : List.of("password", "invalid")) {
                try (ScriptedServer old = new ScriptedServer(ScriptedServer.speaking(command ->
                        command.startsWith("AUTH") ? "-ERR invalid password\r\n" : "-ERR unknown command\r\n"))) {
                    assertThatThrownBy(() -> RedisConnector.builder("redis://:" + password + "@127.0.0.1:" + old.port())
                                    .build()
                                    .connect())
                            .hasMessage(
                                    "Redis connection failed after 1 attempt: ERR invalid password: the password is wrong");
                }
            }
        }

        @Test
        void aNodeOfAClusterIsFoundByItsInfo() throws Exception {
            try (RedisServer node =
                    RedisServer.start("--cluster-enabled", "yes", "--rename-command", "HELLO", "HELLO-IS-GONE")) {
                assertThatThrownBy(
                                () -> RedisConnector.builder(node.uri()).build().connect())
                        .hasMessageContaining("the server is a node of a cluster");
            }
        }

        /** Valkey has names of its own in INFO, and the version of Redis that it is compatible with. */
        @ParameterizedTest
        @ValueSource(strings = {"standalone", "cluster"})
        void aValkeySaysItsVersionAndItsMode(String mode) throws Exception {
            String info = "# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.3\r\n"
                    + "valkey_release_stage:ga\r\nserver_mode:" + mode + "\r\n";
            try (ScriptedServer valkey =
                    new ScriptedServer(ScriptedServer.speaking(command -> switch (command.split(" ", -1)[0]) {
                        case "PING" -> "+PONG\r\n";
                        case "ROLE" -> "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n";
                        case "INFO" -> ScriptedServer.bulk(info);
                        default -> "-NOPERM User default has no permissions to run the command\r\n";
                    }))) {
                RedisConnector.Builder connector = RedisConnector.builder(valkey.redisUri());
                if (mode.equals("cluster")) {
                    assertThatThrownBy(() -> connector.build().connect())
                            .hasMessageContaining("the server is a node of a cluster");
                    return;
                }
                try (ConnectedRedis redis = connector.build().connect()) {
                    assertThat(redis.report().version()).isEqualTo("8.1.3");
                    assertThat(redis.report().mode()).isEqualTo("standalone");
                    assertThat(redis.report().role()).isEqualTo(Role.PRIMARY);
                }
            }
        }

        @Test
        void aServerThatSaysNothingOfItselfIsConnected() throws Exception {
            try (ScriptedServer silent = new ScriptedServer(
                            ScriptedServer.speaking(command -> command.equals("PING") ? "+PONG\r\n" : "%0\r\n"));
                    ConnectedRedis redis =
                            RedisConnector.builder(silent.redisUri()).build().connect()) {
                assertThat(redis.report().version()).isEmpty();
                assertThat(redis.report().mode()).isEmpty();
                assertThat(redis.report().role()).isEqualTo(Role.UNKNOWN);
            }
        }

        @Test
        void aUserWithoutHelloClientAndInfoIsConnected() throws Exception {
            try (RedisServer guarded = RedisServer.start(
                            "--user", "default", "on", "nopass", "~*", "+@all", "-hello", "-client", "-info", "-role");
                    ConnectedRedis redis =
                            RedisConnector.builder(guarded.uri()).build().connect()) {
                assertThat(redis.report().attempts()).isEqualTo(1);
                assertThat(redis.check().join().up()).isTrue();
                assertThat(redis.sync().set("k", "v")).isEqualTo("OK");
            }
        }
    }

    /** Such as a load balancer without a server behind it, or a Twemproxy. */
    @Nested
    class AHangUpAtHello {

        private final List<Socket> open = new CopyOnWriteArrayList<>();

        /** Closes so many connections upon HELLO, and is a primary after that. */
        private ScriptedServer closing(int connections) throws Exception {
            return new ScriptedServer(socket -> {
                int number;
                synchronized (open) {
                    open.add(socket);
                    number = open.size();
                }
                ScriptedServer.speaking(command -> {
                            if (command.startsWith("HELLO")) {
                                if (number <= connections) {
                                    close(socket);
                                    return "";
                                }
                                return ScriptedServer.HELLO;
                            }
                            return command.equals("PING") ? "+PONG\r\n" : "+OK\r\n";
                        })
                        .talk(socket);
            });
        }

        private static void close(Socket socket) {
            try {
                socket.close();
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
        }

        private static RedisConnector.Builder to(ScriptedServer server) {
            return RedisConnector.builder(server.redisUri())
                    .sleeper(wait -> {})
                    .maxReconnectDelay(Duration.ofMillis(200));
        }

        @Test
        void inTwoAttemptsIsTriedAgainAfterALoss() throws Exception {
            try (ScriptedServer server = closing(2);
                    ConnectedRedis redis = to(server).build().connect()) {
                assertThat(redis.report().role()).isEqualTo(Role.UNKNOWN);
                close(open.get(2));
                await().atMost(Duration.ofSeconds(60))
                        .until(() -> redis.check().join().role() == Role.PRIMARY);
                assertThat(server.accepted()).isEqualTo(4);
            }
        }

        @Test
        void eachTimeIsConnectedWithoutHelloAgain() throws Exception {
            try (ScriptedServer server = closing(Integer.MAX_VALUE);
                    ConnectedRedis redis = to(server).build().connect()) {
                for (int number : List.of(2, 4)) {
                    close(open.get(number));
                    await().atMost(Duration.ofSeconds(60)).until(() -> open.size() == number + 3 && redis.ping());
                }
                redis.open(StringCodec.UTF8).close();
                redis.open(StringCodec.UTF8).close(); // its close is no loss
                assertThat(server.accepted()).isEqualTo(9);
            }
        }

        @Test
        void inTwoAttemptsLeavesTheThirdForTheRole() throws Exception {
            try (ScriptedServer server = closing(2);
                    ConnectedRedis redis =
                            to(server).requireRole(Role.PRIMARY).build().connect()) {
                assertThat(redis.report().attempts()).isEqualTo(3);
                assertThat(redis.report().role()).isEqualTo(Role.PRIMARY);
            }
        }
    }

    /** Twemproxy closes the connection upon each command that it does not know, HELLO and CLIENT among them. */
    @Nested
    class BehindATwemproxy {

        @TempDir
        Path directory;

        private void proxied(ThrowingConsumer<RedisConnector.Builder> use) throws Exception {
            Optional<Path> nutcracker = Executables.find("nutcracker");
            assumeTrue(nutcracker.isPresent(), "no nutcracker on the PATH, which is Debian's Twemproxy");
            int port = Ports.free();
            try (RedisServer server = RedisServer.start()) {
                Path config =
                        Files.writeString(directory.resolve("nutcracker.yml"), """
                        pool:
                          listen: 127.0.0.1:%d
                          redis: true
                          servers:
                            - 127.0.0.1:%d:1
                        """.formatted(port, server.port()));
                Process proxy = new ProcessBuilder(
                                nutcracker.orElseThrow().toString(),
                                "-c",
                                config.toString(),
                                "-a",
                                "127.0.0.1",
                                "-s",
                                String.valueOf(Ports.free()))
                        .redirectErrorStream(true)
                        .redirectOutput(directory.resolve("nutcracker.log").toFile())
                        .start();
                try {
                    use.accept(RedisConnector.builder("redis://127.0.0.1:" + port + "?clientName=orders"));
                } finally {
                    proxy.destroy();
                    assertThat(proxy.waitFor(10, TimeUnit.SECONDS)).isTrue();
                }
            }
            Traces.awaitNoThreads();
        }

        @Test
        void aServiceConnectsAndItsCheckIsUp() throws Exception {
            proxied(connector -> {
                try (ConnectedRedis redis =
                        connector.heartbeat(Duration.ofMillis(200)).build().connect()) {
                    assertThat(redis.sync().ping()).isEqualTo("PONG");
                    assertThat(redis.sync().set("k", "v")).isEqualTo("OK");
                    assertThat(redis.sync().get("k")).isEqualTo("v");
                    assertThat(redis.check().join().reason()).isNull();
                    assertThat(redis.open(StringCodec.UTF8).sync().get("k")).isEqualTo("v");
                }
            });
        }

        @Test
        void aRequiredRoleIsRefusedAsItSaysNone() throws Exception {
            proxied(connector -> assertThatThrownBy(
                            () -> connector.requireRole(Role.PRIMARY).build().connect())
                    .isInstanceOf(RedisConnectException.class)
                    .hasMessageContaining("the server does not say whether it is a primary"));
        }
    }

    @Nested
    class ANameServerThatHangs {

        @Test
        void aReconnectIsToldOfAndTheOthersGoOn() throws Exception {
            CountDownLatch goOn = new CountDownLatch(1);
            AtomicBoolean hangs = new AtomicBoolean();
            AtomicInteger lookUps = new AtomicInteger();
            List<String> failed = new CopyOnWriteArrayList<>();
            try (RedisServer server = RedisServer.start();
                    ConnectedRedis redis = RedisConnector.builder("redis://redis.example:" + server.port())
                            .names(host -> {
                                if (hangs.get()) {
                                    lookUps.incrementAndGet();
                                    await().atMost(Duration.ofSeconds(60)).until(() -> goOn.getCount() == 0);
                                }
                                return new InetAddress[] {InetAddress.getLoopbackAddress()};
                            })
                            .attemptTimeout(Duration.ofMillis(500))
                            .maxReconnectDelay(Duration.ofMillis(100))
                            .listener(new ConnectListener() {
                                @Override
                                public void reconnectFailed(String reason) {
                                    failed.add(reason);
                                }
                            })
                            .build()
                            .connect()) {
                List<StatefulRedisConnection<String, String>> others = Stream.generate(
                                () -> redis.open(StringCodec.UTF8))
                        .limit(4) // on both event loops
                        .toList();
                hangs.set(true);
                long id = redis.sync().clientId();
                others.get(0).sync().clientKill(KillArgs.Builder.id(id));
                await().atMost(Duration.ofSeconds(60))
                        .until(() -> failed.contains("timed out after 500 ms while resolving the host's name"));
                others.forEach(other -> assertThat(other.sync().ping()).isEqualTo("PONG"));
                assertThat(lookUps).hasValue(1); // one thread hangs, and not one for each try
                goOn.countDown();
                await().atMost(Duration.ofSeconds(60)).until(redis::ping);
            }
            Traces.awaitNoThreads();
        }
    }

    @Nested
    class AMovedName {

        private static InetAddress address(int last) throws java.net.UnknownHostException {
            return InetAddress.getByAddress("redis.example", new byte[] {127, 0, 0, (byte) last});
        }

        /** Answers MOVED to its own name. */
        private static ScriptedServer moved(int port, InetAddress at) throws Exception {
            return new ScriptedServer(
                    new java.net.ServerSocket(port, 5, at),
                    ScriptedServer.speaking(command -> command.equals("PING")
                            ? "+PONG\r\n"
                            : command.startsWith("GET")
                                    ? "-MOVED 1 redis.example:" + port + "\r\n"
                                    : "-ERR unknown command\r\n"));
        }

        @Test
        void aLookUpThatThrowsIsRepeated() throws Exception {
            int port = Ports.free();
            AtomicReference<InetAddress> leadsTo = new AtomicReference<>(address(2));
            AtomicBoolean broken = new AtomicBoolean();
            AtomicBoolean threw = new AtomicBoolean();
            try (RedisServer now = RedisServer.startAt(port);
                    ScriptedServer before = moved(port, leadsTo.get());
                    ConnectedRedis redis = RedisConnector.builder("redis://redis.example:" + port)
                            .names(host -> {
                                if (broken.compareAndSet(true, false)) {
                                    threw.set(true);
                                    throw new IllegalStateException("a resolver with a defect");
                                }
                                return new InetAddress[] {leadsTo.get()};
                            })
                            .build()
                            .connect()) {
                broken.set(true);
                assertThatThrownBy(() -> redis.sync().get("k")).isInstanceOf(RedisCommandExecutionException.class);
                await().atMost(Duration.ofSeconds(60)).until(threw::get);
                leadsTo.set(address(1));
                await().atMost(Duration.ofSeconds(60))
                        .ignoreExceptions()
                        .until(() -> redis.sync().get("k") == null);
                assertThat(before.accepted()).isEqualTo(1);
                assertThat(now.port()).isEqualTo(port);
            }
        }

        @Test
        void aCloseDuringTheLookUpThrowsNothing() throws Exception {
            int port = Ports.free();
            AtomicBoolean connected = new AtomicBoolean();
            CountDownLatch asked = new CountDownLatch(1);
            CountDownLatch goOn = new CountDownLatch(1);
            AtomicReference<Throwable> uncaught = new AtomicReference<>();
            Thread.UncaughtExceptionHandler handler = Thread.getDefaultUncaughtExceptionHandler();
            Thread.setDefaultUncaughtExceptionHandler((thread, thrown) -> uncaught.set(thrown));
            try (ScriptedServer before = moved(port, address(2))) {
                ConnectedRedis redis = RedisConnector.builder("redis://redis.example:" + port)
                        .names(host -> {
                            if (connected.get()) {
                                asked.countDown();
                                await().atMost(Duration.ofSeconds(60)).until(() -> goOn.getCount() == 0);
                            }
                            return new InetAddress[] {address(2)};
                        })
                        .build()
                        .connect();
                connected.set(true);
                assertThatThrownBy(() -> redis.sync().get("k")).isInstanceOf(RedisCommandExecutionException.class);
                assertThat(asked.await(60, TimeUnit.SECONDS)).isTrue();
                redis.close();
                goOn.countDown();
                Traces.awaitNoThreads();
                assertThat(uncaught.get()).isNull();
                assertThat(before.accepted()).isEqualTo(1);
            } finally {
                Thread.setDefaultUncaughtExceptionHandler(handler);
            }
        }

        /** Has this role in the handshake, and takes no writes. */
        private static ScriptedServer readOnly(int port, InetAddress at, String role) throws Exception {
            return new ScriptedServer(
                    new java.net.ServerSocket(port, 5, at),
                    ScriptedServer.speaking(command -> command.startsWith("HELLO")
                            ? ScriptedServer.HELLO.replace("+master", "+" + role)
                            : command.startsWith("SET")
                                    ? "-READONLY You can't write against a read only replica.\r\n"
                                    : command.equals("PING") ? "+PONG\r\n" : "+OK\r\n"));
        }

        /** As a name does that leads to the primary of a managed Redis. */
        @Test
        void aPrimaryThatBecameAReplicaIsReplaced() throws Exception {
            int port = Ports.free();
            AtomicReference<InetAddress> leadsTo = new AtomicReference<>(address(2));
            try (RedisServer now = RedisServer.startAt(port);
                    ScriptedServer before = readOnly(port, leadsTo.get(), "master");
                    ConnectedRedis redis = RedisConnector.builder("redis://redis.example:" + port)
                            .names(host -> new InetAddress[] {leadsTo.get()})
                            .build()
                            .connect()) {
                assertThatThrownBy(() -> redis.sync().set("k", "v")).hasMessageStartingWith("READONLY");
                assertThat(redis.connection().isOpen()).isTrue();
                leadsTo.set(address(1));
                await().atMost(Duration.ofSeconds(60))
                        .ignoreExceptions()
                        .until(() -> redis.sync().set("k", "v").equals("OK"));
                assertThat(before.accepted()).isEqualTo(1);
                assertThat(now.port()).isEqualTo(port);
            }
        }

        @Test
        void aReplicaThatIsMeantToBeOneStays() throws Exception {
            int port = Ports.free();
            AtomicReference<InetAddress> leadsTo = new AtomicReference<>(address(2));
            AtomicInteger lookUps = new AtomicInteger();
            try (ScriptedServer replica = readOnly(port, leadsTo.get(), "slave");
                    ConnectedRedis redis = RedisConnector.builder("redis://redis.example:" + port)
                            .names(host -> {
                                lookUps.incrementAndGet();
                                return new InetAddress[] {leadsTo.get()};
                            })
                            .build()
                            .connect()) {
                int before = lookUps.get();
                leadsTo.set(address(1));
                assertThatThrownBy(() -> redis.sync().set("k", "v")).hasMessageStartingWith("READONLY");
                assertThat(redis.check().join().role()).isEqualTo(Role.REPLICA);
                assertThat(lookUps).hasValue(before);
                assertThat(replica.accepted()).isEqualTo(1);
            }
        }

        @Test
        void itIsFollowedWhereItLeadsNow() throws Exception {
            int port = Ports.free();
            AtomicReference<InetAddress> leadsTo = new AtomicReference<>(address(2));
            try (RedisServer now = RedisServer.startAt(port);
                    ScriptedServer before = moved(port, leadsTo.get());
                    ConnectedRedis redis = RedisConnector.builder("redis://redis.example:" + port)
                            .names(host -> new InetAddress[] {leadsTo.get()})
                            .build()
                            .connect()) {
                assertThat(before.accepted()).isEqualTo(1);
                leadsTo.set(address(1));
                await().atMost(Duration.ofSeconds(60)).ignoreExceptions().until(() -> {
                    try {
                        return redis.sync().get("k") == null;
                    } catch (RedisCommandExecutionException moved) {
                        return false;
                    }
                });
                assertThat(now.port()).isEqualTo(port);
            }
        }
    }
}
