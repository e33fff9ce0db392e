package dev.hardening.springboot;

import dev.hardening.redis.ConnectReport;
import java.util.Map;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;

/** Up while each Redis that the start connected to answers PING within a second. */
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
    }
}
