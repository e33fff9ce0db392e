package dev.hardening.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.hardening.testing.Ports;
import dev.hardening.testing.RedisCluster;
import dev.hardening.testing.RedisServer;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.File;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RedisConnectionMetricsTest {

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final RedisConnectionMetrics metrics = new RedisConnectionMetrics("ratings", Tag.of("region", "eu"));

    @Test
    void metersCountAttemptsAndFollowTheConnectionThroughALoss() throws Exception {
        metrics.bindTo(registry);
        assertThat(up()).isZero();
        assertThat(connectTime()).isNaN();
        int port = Ports.free();
        RedisServer[] server = new RedisServer[1];
        try (ConnectedRedis redis = RedisConnector.builder("redis://127.0.0.1:" + port)
                .listener(metrics)
                .sleeper(wait -> server[0] = startAt(port))
                .build()
                .connect()) {
            assertThat(attempts("failure")).isEqualTo(1);
            assertThat(attempts("success")).isEqualTo(1);
            assertThat(up()).isEqualTo(1);
            assertThat(connectTime()).isPositive();

            server[0].stop();
            await().until(() -> up() == 0);
            assertThat(count("redis.connection.losses")).isEqualTo(1);
            server[0].restart();
            await().until(() -> up() == 1);
            assertThat(count("redis.connection.returns")).isEqualTo(1);
            assertThat(redis.ping()).isTrue();
        } finally {
            if (server[0] != null) {
                server[0].close();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aConnectionThatTheApplicationClosesItselfIsNotUp(boolean cluster) throws Exception {
        metrics.bindTo(registry);
        AtomicInteger closed = new AtomicInteger();
        try (RedisCluster node = cluster ? RedisCluster.start(1) : RedisCluster.startNodes(0);
                RedisServer server = RedisServer.start();
                Connected redis = RedisConnector.builder(cluster ? node.uri() : server.uri())
                        .listener(metrics)
                        .listener(new ConnectListener() {
                            @Override
                            public void closed() {
                                closed.incrementAndGet();
                            }
                        })
                        .connectAny()) {
            assertThat(up()).isEqualTo(1);
            redis.connection().close();
            await().until(() -> up() == 0);
            assertThat(redis.check().join().reason()).isEqualTo("the connection has been closed");
            assertThat(count("redis.connection.losses")).isZero();
        }
        assertThat(closed).hasValue(1);
        Traces.awaitNoThreads();
    }

    @Test
    void aConnectionThatIsClosedWhileItIsLostIsNotUp() throws Exception {
        metrics.bindTo(registry);
        try (RedisServer server = RedisServer.start();
                ConnectedRedis redis = RedisConnector.builder(server.uri())
                        .listener(metrics)
                        .build()
                        .connect()) {
            server.stop();
            await().until(() -> up() == 0);
            redis.connection().close();
            server.restart();
            assertThat(redis.check().join().reason()).isEqualTo("the connection has been closed");
            assertThat(up()).isZero();
        }
        Traces.awaitNoThreads();
    }

    @ParameterizedTest
    @CsvSource({
        "'the connection was closed early (if the port wants TLS, use rediss://)', closed",
        "'timed out after 3000 ms while connecting (if the port does not speak TLS, use redis://)', timeout",
        "'Connection reset (if the port wants TLS, use rediss://)', reset",
        "'the connection was closed during the TLS handshake (if the port does not speak TLS, use redis://)', tls",
        "the server's certificate has expired: CN=redis, tls",
        "the credentials provider failed: vault certificate expired, other"
    })
    void aHintIsNoCause(String reason, String cause) {
        assertThat(RedisConnectionMetrics.cause(reason)).isEqualTo(cause);
    }

    @Test
    void theConnectorWorksWithoutMicrometerOnTheClassPath() throws Exception {
        List<URL> without = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            if (!entry.contains("micrometer")) {
                without.add(Path.of(entry).toUri().toURL());
            }
        }
        ClassLoader usual = Thread.currentThread().getContextClassLoader();
        try (RedisServer server = RedisServer.start();
                URLClassLoader loader =
                        new URLClassLoader(without.toArray(URL[]::new), ClassLoader.getPlatformClassLoader())) {
            Thread.currentThread().setContextClassLoader(loader); // Lettuce looks some of its classes up there
            Class<?> connectorType = loader.loadClass(RedisConnector.class.getName());
            Object builder =
                    connectorType.getMethod("builder", String.class).invoke(null, "redis://127.0.0.1:" + server.port());
            Object connector = builder.getClass().getMethod("build").invoke(builder);
            Method connect = connectorType.getMethod("connect");
            try (AutoCloseable redis = (AutoCloseable) connect.invoke(connector)) {
                assertThat(redis.getClass().getMethod("ping").invoke(redis)).isEqualTo(true);
            }
            assertThatExceptionOfType(NoClassDefFoundError.class)
                    .isThrownBy(() -> loader.loadClass(RedisConnectionMetrics.class.getName()))
                    .withMessageContaining("MeterBinder");
        } finally {
            Thread.currentThread().setContextClassLoader(usual);
        }
    }

    private static RedisServer startAt(int port) {
        try {
            return RedisServer.startAt(port);
        } catch (Exception failed) {
            throw new IllegalStateException(failed);
        }
    }

    private double attempts(String outcome) {
        return registry.get("redis.connect.attempts")
                .tags("connection", "ratings", "region", "eu", "outcome", outcome)
                .functionCounter()
                .count();
    }

    private double count(String name) {
        return registry.get(name).functionCounter().count();
    }

    private double up() {
        return registry.get("redis.connection.up").gauge().value();
    }

    private double connectTime() {
        return registry.get("redis.connect.time").timeGauge().value(TimeUnit.MILLISECONDS);
    }
}
