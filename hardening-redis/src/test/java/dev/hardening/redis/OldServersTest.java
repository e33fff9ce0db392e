package dev.hardening.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.hardening.testing.Ports;
import dev.hardening.testing.RedisServer;
import dev.hardening.testing.ScriptedServer;
import io.lettuce.core.RedisCommandExecutionException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
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
                    "-Error: Command not supported"
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

    @Nested
    class AMovedName {

        private static InetAddress address(int last) throws java.net.UnknownHostException {
            return InetAddress.getByAddress("redis.example", new byte[] {127, 0, 0, (byte) last});
        }

        @Test
        void itIsFollowedWhereItLeadsNow() throws Exception {
            int port = Ports.free();
            AtomicReference<InetAddress> leadsTo = new AtomicReference<>(address(2));
            try (RedisServer now = RedisServer.startAt(port);
                    ScriptedServer before = new ScriptedServer(
                            new java.net.ServerSocket(port, 5, leadsTo.get()),
                            ScriptedServer.speaking(command -> command.equals("PING")
                                    ? "+PONG\r\n"
                                    : command.startsWith("GET")
                                            ? "-MOVED 1 redis.example:" + port + "\r\n"
                                            : "-ERR unknown command\r\n"));
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
