package dev.hardening.springboot;

import dev.hardening.jwks.JWKSCache;
import dev.hardening.jwks.JWKSCacheStatus;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;

/** Up while there are keys, stale ones included; down in an outage without any; unknown before the first fetch. */
final class JwksHealthIndicator extends AbstractHealthIndicator {

    private final JWKSCache cache;

    JwksHealthIndicator(JWKSCache cache) {
        this.cache = cache;
    }

    @Override
    protected void doHealthCheck(Health.Builder builder) {
        JWKSCacheStatus status = cache.status();
        switch (status.state()) {
            case EMPTY -> builder.unknown();
            case FRESH, REFRESH_DUE, STALE -> builder.up();
            case UNAVAILABLE -> builder.down();
        }
        builder.withDetail("state", status.state()).withDetail("keys", status.keyCount());
        detail(builder, "age", status.age());
        detail(builder, "lastSuccess", status.lastSuccess());
        detail(builder, "lastFailure", status.lastFailure());
        detail(builder, "lastError", status.lastError());
        detail(builder, "nextAttempt", status.nextAttempt());
    }

    private static void detail(Health.Builder builder, String name, @Nullable Object value) {
        if (value != null) {
            builder.withDetail(name, value.toString());
        }
    }
}
