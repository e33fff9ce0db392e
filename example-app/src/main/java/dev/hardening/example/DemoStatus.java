package dev.hardening.example;

import dev.hardening.config.Setting;
import dev.hardening.config.Settings;
import dev.hardening.jwks.JWKSCache;
import dev.hardening.jwks.JWKSCacheStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the page is shown of every part, once a second. */
final class DemoStatus {

    private final Settings settings;
    private final DemoIdentityProvider provider;
    private final boolean ownsRedis;
    private final Redis redis;
    private final JWKSCache keys;
    private final DemoTables tables;
    private final Meters meters;
    private final Duration timeToLive;

    DemoStatus(
            Settings settings,
            DemoIdentityProvider provider,
            boolean ownsRedis,
            Redis redis,
            JWKSCache keys,
            DemoTables tables,
            Meters meters,
            Duration timeToLive) {
        this.settings = settings;
        this.provider = provider;
        this.ownsRedis = ownsRedis;
        this.redis = redis;
        this.keys = keys;
        this.tables = tables;
        this.meters = meters;
        this.timeToLive = timeToLive;
    }

    Map<String, Object> snapshot() {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("now", Instant.now().toString());
        all.put("version", WebServer.version());
        all.put("secrets", secrets());
        all.put("keys", keys());
        all.put("redis", redis());
        all.put("rating", rating());
        all.put("table", table());
        return all;
    }

    /** Names, and whether each is present; never a value. */
    private Map<String, Object> secrets() {
        List<Map<String, Object>> declared = new ArrayList<>();
        for (Setting<?> setting : FocusSquad.DECLARED) {
            Map<String, Object> described = new LinkedHashMap<>();
            described.put("name", setting.name());
            described.put("required", setting != FocusSquad.JWT_SECRET);
            described.put("present", settings.find(setting).isPresent());
            declared.add(described);
        }
        return Map.of("settings", declared);
    }

    private Map<String, Object> keys() {
        JWKSCacheStatus now = keys.status();
        @Nullable Duration age = now.age();
        Map<String, Object> part = new LinkedHashMap<>();
        part.put("state", now.state().name());
        part.put("age_ms", age == null ? null : age.toMillis());
        part.put("ttl_ms", timeToLive.toMillis());
        part.put("key_count", now.keyCount());
        @Nullable Instant next = now.nextAttempt();
        part.put(
                "next_attempt_ms",
                next == null
                        ? null
                        : Math.max(0, Duration.between(Instant.now(), next).toMillis()));
        part.put("fetches", now.fetches());
        part.put("failures", now.failures());
        part.put("provider", provider.mood().name());
        part.put("provider_answering", provider.answering());
        return part;
    }

    private Map<String, Object> redis() {
        long asked = System.nanoTime();
        boolean up = redis.isUp().getAsBoolean();
        double pingMillis = Math.round((System.nanoTime() - asked) / 1e4) / 1e2;
        Map<String, Object> part = new LinkedHashMap<>();
        part.put("state", up ? "UP" : "DOWN");
        part.put("version", redis.report().version());
        part.put("mode", redis.report().mode());
        part.put("attempts", redis.report().attempts());
        part.put("connect_ms", redis.report().connect().toMillis());
        part.put("ping_ms", up ? pingMillis : null);
        part.put("owned", ownsRedis);
        return part;
    }

    private Map<String, Object> rating() {
        Map<String, Object> part = new LinkedHashMap<>();
        part.put("submitted", (long) meters.kept.count());
        part.put("mismatches", (long) meters.mismatches.count());
        part.put("posts", (long) meters.posts.count());
        return part;
    }

    private Map<String, Object> table() {
        Tables.Session table = tables.table();
        Duration since = tables.sinceStart();
        Map<String, Object> part = new LinkedHashMap<>();
        part.put("session_id", table.id());
        part.put("other_session_id", tables.otherTable().id());
        part.put("phase", Phase.at(since).word());
        part.put("minute", since.toMinutes());
        List<Map<String, String>> members = new ArrayList<>();
        table.members().forEach((id, name) -> members.add(Map.of("user_id", id, "name", name)));
        part.put("members", members);
        return part;
    }
}
