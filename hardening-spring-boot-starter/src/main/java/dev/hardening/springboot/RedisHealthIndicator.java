package dev.hardening.springboot;

import dev.hardening.redis.ConnectReport;
import java.util.Map;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;

/**
 * Up while each Redis answers PING: within a second where the start connected to it, and else within the timeout of its
 * connection factory.
 */
final class RedisHealthIndicator extends AbstractHealthIndicator {

    private final RedisStartUp startUp;

    RedisHealthIndicator(RedisStartUp startUp) {
        this.startUp = startUp;
    }

    @Override
    protected void doHealthCheck(Health.Builder builder) {
        Map<String, RedisStartUp.Connected> connections = startUp.connections();
        builder.up();
        connections.forEach((name, connected) -> {
            boolean answers = connected.ping().getAsBoolean();
            if (!answers) {
                builder.down();
            }
            ConnectReport report = connected.report();
            builder.withDetail(
                    name,
                    Map.of(
                            "answers", answers,
                            "endpoint", report.endpoint(),
                            "mode", report.mode(),
                            "role", report.role(),
                            "version", report.version()));
        });
        startUp.others().forEach((name, factory) -> {
            boolean answers = answers(factory);
            if (!answers) {
                builder.down();
            }
            builder.withDetail(name, Map.of("answers", answers));
        });
    }

    private static boolean answers(RedisConnectionFactory factory) {
        try (RedisConnection connection = factory.getConnection()) {
            return "PONG".equals(connection.ping());
        } catch (RuntimeException away) {
            return false;
        }
    }
}
