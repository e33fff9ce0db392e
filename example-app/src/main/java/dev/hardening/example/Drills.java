package dev.hardening.example;

import com.fasterxml.jackson.databind.JsonNode;
import com.nimbusds.jose.JWSAlgorithm;
import dev.hardening.config.Setting;
import dev.hardening.config.Settings;
import dev.hardening.jwks.JWKSCache;
import dev.hardening.jwks.JWKSCacheStatus;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.javalin.http.sse.SseClient;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The demo's levers, and what the page shows of them. Only for a browser on this machine: the caller's address is
 * loopback, the Host is one of loopback's names, an Origin is the page's own, and a lever wants a header that no form can send.
 */
final class Drills implements AutoCloseable {

    /** The four at the demo's table. */
    private static final Map<String, String> PEOPLE = people();

    private static final Set<String> LOOPBACK_NAMES = Set.of("localhost", "127.0.0.1", "[::1]");
    private static final int MAX_FOLLOWERS = 32;
    private static final Duration HEALING = Duration.ofSeconds(15);
    private static final Duration BOOT_TIMEOUT = Duration.ofSeconds(30);
    private static final Duration SOCIAL_BEGAN = Duration.ofMinutes(51);

    private final Settings settings;
    private final DemoIdentityProvider provider;
    private final @Nullable DemoRedis demoRedis;
    private final Redis redis;
    private final JWKSCache keys;
    private final Tables tables;
    private final Observed observed;
    private final Duration timeToLive;
    private final String verifyingProvider;
    private final List<SseClient> followers = new CopyOnWriteArrayList<>();
    private final ReentrantLock booting = new ReentrantLock();
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(Drills::daemon);
    private final ExecutorService writer = Executors.newSingleThreadExecutor(Drills::daemon);
    private volatile Tables.Session table;
    private volatile Tables.Session otherTable;
    private volatile Map<String, Object> status = Map.of();

    Drills(
            Settings settings,
            DemoIdentityProvider provider,
            @Nullable DemoRedis demoRedis,
            Redis redis,
            JWKSCache keys,
            Tables tables,
            Observed observed,
            Duration timeToLive) {
        this.settings = settings;
        this.provider = provider;
        this.demoRedis = demoRedis;
        this.redis = redis;
        this.keys = keys;
        this.tables = tables;
        this.observed = observed;
        this.timeToLive = timeToLive;
        verifyingProvider = verifyingProvider();
        table = seat(PEOPLE);
        otherTable = seat(others());
        status = snapshot();
        observed.tell("secrets", "ok", "All required secrets are present.");
        observed.follow(event -> broadcast("timeline", event(event)));
        var unused = clock.scheduleWithFixedDelay(this::tick, 1, 1, TimeUnit.SECONDS);
    }

    private static Thread daemon(Runnable task) {
        Thread thread = new Thread(task, "demo-drills");
        thread.setDaemon(true);
        return thread;
    }

    private static Map<String, String> people() {
        Map<String, String> people = new LinkedHashMap<>();
        for (String name : List.of("ada", "ben", "cleo", "dan")) {
            people.put(
                    name,
                    UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8))
                            .toString());
        }
        return people;
    }

    private static Map<String, String> others() {
        Map<String, String> others = new LinkedHashMap<>();
        List.of("eve", "finn", "gia", "hal")
                .forEach(name -> others.put(name, UUID.randomUUID().toString()));
        return others;
    }

    /** The decoder's own choice, in words: it says so at INFO too. */
    private static String verifyingProvider() {
        try {
            Class.forName("org.conscrypt.Conscrypt");
            return "Conscrypt";
        } catch (ClassNotFoundException none) {
            return "JDK";
        }
    }

    private Tables.Session seat(Map<String, String> people) {
        Map<String, String> members = new LinkedHashMap<>();
        people.forEach((name, id) -> members.put(id, Character.toUpperCase(name.charAt(0)) + name.substring(1)));
        Tables.Session session =
                new Tables.Session(UUID.randomUUID().toString(), Instant.now().minus(SOCIAL_BEGAN), members);
        tables.create(session);
        return session;
    }

    void register(JavalinConfig config) {
        config.routes.before("/drill/*", Drills::onlyFromThePageItself);
        config.routes.post("/drill/token", this::token);
        config.routes.get("/drill/status", context -> context.json(snapshot()));
        config.routes.sse("/drill/events", this::follow);
        config.routes.post("/drill/keys/rotate", context -> rotate(context, false));
        config.routes.post("/drill/keys/rotate-hard", context -> rotate(context, true));
        for (DemoIdentityProvider.Mood mood : DemoIdentityProvider.Mood.values()) {
            config.routes.post(
                    "/drill/provider/" + mood.name().toLowerCase(java.util.Locale.ROOT),
                    context -> feel(context, mood));
        }
        config.routes.post("/drill/redis/kill", this::killRedis);
        config.routes.post("/drill/redis/start", this::startRedis);
        config.routes.post("/drill/secrets/boot", this::boot);
        config.routes.post("/drill/session/next", this::next);
        config.routes.post("/drill/reset", this::reset);
    }

    private static void onlyFromThePageItself(Context context) throws IOException {
        String host = String.valueOf(context.header("Host"));
        String hostName = host.replaceFirst(":\\d+$", "");
        String origin = context.header("Origin");
        boolean fromHere = InetAddress.getByName(context.req().getRemoteAddr()).isLoopbackAddress()
                && LOOPBACK_NAMES.contains(hostName)
                && (origin == null || origin.equals("http://" + host));
        boolean isRead = context.method().name().equals("GET");
        if (!fromHere || !(isRead || "1".equals(context.header("X-Drill")))) {
            throw Problem.FORBIDDEN.thrown();
        }
        context.header("Cache-Control", "no-store");
    }

    private void token(Context context) {
        JsonNode name = Server.body(context).path("user");
        String userId = name.isTextual() ? PEOPLE.get(name.textValue()) : null;
        if (userId == null) {
            throw Problem.MALFORMED_REQUEST.thrown();
        }
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("access_token", provider.sign(userId, name.textValue(), JWSAlgorithm.ES256));
        answer.put("user_id", userId);
        answer.put("name", table.members().getOrDefault(userId, name.textValue()));
        answer.put(
                "expires_at",
                Instant.now().plus(DemoIdentityProvider.TOKEN_LIFETIME).toString());
        context.json(answer);
    }

    private void rotate(Context context, boolean hard) {
        provider.rotate(hard);
        observed.tell(
                "keys",
                "info",
                hard
                        ? "The identity provider signs with new keys, and the old ones are gone."
                        : "The identity provider signs with new keys; the old ones are still published.");
        done(context);
    }

    private void feel(Context context, DemoIdentityProvider.Mood mood) {
        provider.mood(mood);
        observed.tell(
                "keys",
                mood == DemoIdentityProvider.Mood.UP ? "ok" : "warn",
                switch (mood) {
                    case UP -> "The identity provider answers again.";
                    case SLOW -> "The identity provider takes 3 s for each answer.";
                    case DOWN -> "The identity provider answers 503.";
                });
        done(context);
    }

    private void killRedis(Context context) {
        ours().kill();
        observed.tell("redis", "warn", "Redis was killed, as a crash would.");
        done(context);
    }

    private void startRedis(Context context) throws IOException {
        ours().start();
        observed.tell("redis", "info", "Redis was started.");
        done(context);
    }

    private DemoRedis ours() {
        if (demoRedis == null) {
            throw Problem.NOT_OURS.thrown();
        }
        return demoRedis;
    }

    private void next(Context context) {
        Tables.Session before = table;
        table = seat(PEOPLE);
        tables.close(before.id());
        observed.tell("rating", "info", "Another session is pending now.");
        done(context);
    }

    private void reset(Context context) throws IOException, InterruptedException {
        provider.mood(DemoIdentityProvider.Mood.UP);
        if (demoRedis != null) {
            demoRedis.start();
            awaitRedis();
        }
        Tables.Session before = table;
        table = seat(PEOPLE);
        otherTable = seat(others());
        tables.close(before.id());
        observed.tell("rating", "info", "New tables, and every part as it was.");
        done(context);
    }

    /** The connection heals by itself; what is written before that would be refused. */
    private void awaitRedis() throws InterruptedException {
        long started = System.nanoTime();
        while (!redis.isUp().getAsBoolean() && System.nanoTime() - started < HEALING.toNanos()) {
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    private void done(Context context) {
        status = snapshot();
        broadcast("status", status);
        context.json(Map.of("session_id", table.id()));
    }

    /** Really starts the app as a process of its own, with two of its six secrets left out. */
    private void boot(Context context) throws IOException, InterruptedException {
        booting.lock();
        try {
            long started = System.nanoTime();
            Process process = withoutTwoSecrets().start();
            String output;
            try {
                if (!process.waitFor(BOOT_TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
                    throw Problem.INTERNAL_ERROR.thrown();
                }
                output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            } finally {
                process.destroyForcibly();
            }
            long tookMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - started);
            observed.tell(
                    "secrets",
                    "info",
                    "Started without two secrets, it left with exit code " + process.exitValue() + ".");
            Map<String, Object> answer = new LinkedHashMap<>();
            answer.put("exit_code", process.exitValue());
            answer.put("output", output);
            answer.put("took_ms", tookMillis);
            context.json(answer);
        } finally {
            booting.unlock();
        }
    }

    private static ProcessBuilder withoutTwoSecrets() {
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        FocusSquad.class.getName())
                .redirectErrorStream(true);
        FocusSquad.DECLARED.forEach(setting -> {
            builder.environment().remove(setting.name());
            builder.environment().remove(setting.name() + "_FILE");
        });
        builder.environment().put("SUPABASE_ANON_KEY", "for-the-demo-only");
        builder.environment().put("SUPABASE_SERVICE_ROLE_KEY", "for-the-demo-only");
        builder.environment().put("LIVEKIT_API_SECRET", "for-the-demo-only");
        builder.environment().put("LIVEKIT_URL", "wss://livekit.focus-squad.example");
        return builder;
    }

    private void follow(SseClient follower) {
        if (followers.size() >= MAX_FOLLOWERS) {
            follower.close();
            return;
        }
        follower.keepAlive();
        writer.execute(() -> {
            send(follower, "status", status);
            observed.latest().forEach(event -> send(follower, "timeline", event(event)));
            followers.add(follower);
            follower.onClose(() -> followers.remove(follower));
        });
    }

    private void tick() {
        try {
            status = snapshot();
            broadcast("status", status);
        } catch (RuntimeException untilTheNextSecond) {
            // The next tick tries again; a scheduled task that throws would never run again.
        }
    }

    /** One thread writes, so that a page that reads slowly holds up no request. */
    private void broadcast(String name, Map<String, Object> data) {
        writer.execute(() -> followers.forEach(follower -> send(follower, name, data)));
    }

    private void send(SseClient follower, String name, Map<String, Object> data) {
        try {
            follower.sendEvent(name, data);
        } catch (RuntimeException gone) {
            followers.remove(follower);
        }
    }

    private static Map<String, Object> event(Observed.Event event) {
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("id", event.id());
        data.put("at", event.at().toString());
        data.put("card", event.card());
        data.put("level", event.level());
        data.put("text", event.text());
        return data;
    }

    private Map<String, Object> snapshot() {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("now", Instant.now().toString());
        all.put("secrets", secrets());
        all.put("keys", keys());
        all.put("redis", redis());
        Map<String, Object> rating = new LinkedHashMap<>();
        rating.put("submitted", observed.submitted.get());
        rating.put("mismatches", observed.mismatches.get());
        rating.put("posts", observed.posts.get());
        all.put("rating", rating);
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
        Duration age = now.age();
        Map<String, Object> part = new LinkedHashMap<>();
        part.put("state", now.state().name());
        part.put("age_ms", age == null ? null : age.toMillis());
        part.put("ttl_ms", timeToLive.toMillis());
        part.put("refresh_before_ms", timeToLive.dividedBy(4).toMillis());
        part.put("key_count", now.keyCount());
        part.put("fetches", now.fetches());
        part.put("failures", now.failures());
        part.put("last_error", now.lastError());
        part.put("provider", provider.mood().name());
        part.put("provider_answering", provider.answering());
        part.put("verifying_provider", verifyingProvider);
        return part;
    }

    private Map<String, Object> redis() {
        long asked = System.nanoTime();
        boolean up = redis.isUp().getAsBoolean();
        double pingMillis = Math.round((System.nanoTime() - asked) / 1e4) / 1e2;
        Map<String, Object> part = new LinkedHashMap<>();
        part.put("state", up ? "UP" : "DOWN");
        part.put("version", redis.report().version());
        part.put("role", redis.report().role().name());
        part.put("mode", redis.report().mode());
        part.put("attempts", redis.report().attempts());
        part.put("connect_ms", redis.report().connect().toMillis());
        part.put("ping_ms", up ? pingMillis : null);
        part.put("last_error", up ? null : "PING is not answered");
        part.put("owned", demoRedis != null);
        return part;
    }

    private Map<String, Object> table() {
        Duration since = Duration.between(table.startedAt(), Instant.now());
        Map<String, Object> part = new LinkedHashMap<>();
        part.put("session_id", table.id());
        part.put("other_session_id", otherTable.id());
        part.put("phase", Phase.at(since).word());
        part.put("minute", since.toMinutes());
        List<Map<String, String>> members = new ArrayList<>();
        table.members().forEach((id, name) -> members.add(Map.of("user_id", id, "name", name)));
        part.put("members", members);
        return part;
    }

    @Override
    public void close() {
        clock.shutdownNow();
        writer.shutdownNow();
        provider.close();
        if (demoRedis != null) {
            demoRedis.close();
        }
    }
}
