package dev.hardening.springboot;

import dev.hardening.jwks.JWKSCacheStatus;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A health indicator's answer; Boot 3 and Boot 4 have different types for it.
 *
 * @param status {@code UP}, {@code DOWN} or {@code UNKNOWN}
 */
record HealthAnswer(String status, Map<String, Object> details) {

    /**
     * Up while there are keys, also stale ones; down if there are none because of an outage; unknown before the first
     * fetch.
     */
    static HealthAnswer of(KeySource source) {
        JWKSCacheStatus keys = source.cache().status();
        Map<String, Object> details = new LinkedHashMap<>();
        details.put("state", keys.state());
        details.put("keys", keys.keyCount());
        if (source.issuer() != null) {
            details.put("issuer", source.issuer());
        }
        detail(details, "age", keys.age());
        detail(details, "lastSuccess", keys.lastSuccess());
        detail(details, "lastFailure", keys.lastFailure());
        detail(details, "lastError", keys.lastError());
        detail(details, "nextAttempt", keys.nextAttempt());
        String status = switch (keys.state()) {
            case EMPTY -> "UNKNOWN";
            case FRESH, REFRESH_DUE, STALE -> "UP";
            case UNAVAILABLE -> "DOWN";
        };
        return new HealthAnswer(status, details);
    }

    /** Up if Redis answers within this time and has the required role. */
    static HealthAnswer of(WatchedRedis redis, Duration timeout) {
        WatchedRedis.RedisAnswer answer = redis.ask(timeout);
        Map<String, Object> details = new LinkedHashMap<>();
        details.put("endpoint", redis.place());
        details.putAll(answer.details());
        detail(details, "reason", answer.reason());
        return new HealthAnswer(answer.up() ? "UP" : "DOWN", details);
    }

    private static void detail(Map<String, Object> details, String name, @Nullable Object value) {
        if (value != null) {
            details.put(name, value.toString());
        }
    }
}
