package dev.hardening.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.hardening.testing.Ports;
import dev.hardening.testing.RedisCluster;
import dev.hardening.testing.RedisServer;
import dev.hardening.testing.ScriptedServer;
import io.lettuce.core.resource.EpollProvider;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With Netty's native transport on the class path, which a Unix socket needs, and whose texts differ. */
class NativeTransportIT {

    @BeforeEach
    void linux() {
        assumeTrue(EpollProvider.isAvailable(), "the native transport that the tests have is for Linux on x86-64");
    }

    private static RedisConnector.Builder to(String uri) {
        return RedisConnector.builder(uri).sleeper(wait -> {});
    }

    @Test
    void aUnixSocketIsConnectedTo(@TempDir Path directory) throws Exception {
        Path socket = directory.resolve("redis.sock");
        try (RedisServer server = RedisServer.start("--unixsocket", socket.toString());
                ConnectedRedis redis = to("redis-socket://" + socket).build().connect()) {
            assertThat(redis.report().endpoint()).isEqualTo("redis-socket://" + socket);
            redis.sync().set("k", "v");
            assertThat(server.command("GET k")).contains("v");
        }
        Traces.awaitNoThreads();
    }

    @Test
    void aUnixSocketThatIsNotThereYetIsTriedAgain(@TempDir Path directory) {
        assertThatThrownBy(() -> to("redis-socket://" + directory.resolve("none.sock"))
                        .build()
                        .connect())
                .hasMessage("Redis connection failed after 3 attempts: No such file or directory");
    }

    @Test
    void aRefusedConnectionHasTheSameText() {
        assertThatThrownBy(() ->
                        to("redis://127.0.0.1:" + Ports.refusing()).build().connect())
                .hasMessage("Redis connection failed after 3 attempts: Connection refused");
    }

    @Test
    void aResetConnectionHasTheSameText() throws Exception {
        try (ScriptedServer resets = new ScriptedServer(socket -> {
            socket.setSoLinger(true, 0);
            socket.getInputStream().read();
            socket.close();
        })) {
            assertThatThrownBy(() -> to(resets.redisUri()).build().connect())
                    .hasMessageStartingWith("Redis connection failed after 3 attempts: ")
                    .hasMessageContaining("onnection")
                    .hasMessageContaining("use rediss://");
        }
    }

    @Test
    void aClusterIsConnectedTo() throws Exception {
        try (RedisCluster cluster = RedisCluster.start(2);
                ConnectedRedisCluster redis = to(cluster.uri()).buildCluster().connect()) {
            redis.sync().set("k", "v");
            assertThat(redis.ping()).isTrue();
        }
    }
}
