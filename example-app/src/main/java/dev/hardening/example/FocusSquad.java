package dev.hardening.example;

import dev.hardening.config.Secret;
import dev.hardening.config.SecretSource;
import dev.hardening.config.SecretValidator;
import dev.hardening.config.Setting;
import dev.hardening.config.Settings;
import dev.hardening.jwks.JWKSCache;
import dev.hardening.jwks.TokenDecoder;
import dev.hardening.redis.RedisConnectException;
import java.io.IOException;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Focus Squad: secrets, then Redis, then the keys, then guarded routes, then it listens. With {@code --demo} it brings its
 * own identity provider, its own Redis and its drills, and needs no configuration.
 */
public final class FocusSquad implements AutoCloseable {

    static final String READY = "Focus Squad is at ";

    static final Setting<URI> SUPABASE_URL = Setting.parsed(
                    "SUPABASE_URL",
                    "the https URL of a Supabase project, without /auth/v1; http is for loopback addresses only",
                    FocusSquad::projectUrl)
            .describedAs("the Supabase project that signs the tokens");
    static final Setting<Secret> SUPABASE_ANON_KEY = Setting.secret("SUPABASE_ANON_KEY");
    static final Setting<Secret> SUPABASE_SERVICE_ROLE_KEY = Setting.secret("SUPABASE_SERVICE_ROLE_KEY");
    static final Setting<Secret> LIVEKIT_API_KEY = Setting.secret("LIVEKIT_API_KEY");
    static final Setting<Secret> LIVEKIT_API_SECRET = Setting.secret("LIVEKIT_API_SECRET");
    static final Setting<URI> LIVEKIT_URL =
            Setting.uri("LIVEKIT_URL", "wss", "ws").describedAs("the LiveKit server of the study tables");
    static final Setting<Secret> JWT_SECRET = Setting.secret("JWT_SECRET").optional();
    static final List<Setting<?>> DECLARED = List.of(
            SUPABASE_URL,
            SUPABASE_ANON_KEY,
            SUPABASE_SERVICE_ROLE_KEY,
            LIVEKIT_API_KEY,
            LIVEKIT_API_SECRET,
            LIVEKIT_URL,
            JWT_SECRET);
    static final SecretValidator SECRETS = SecretValidator.of(DECLARED.toArray(new Setting<?>[0]));

    private static final Duration STOP_LIMIT = Duration.ofSeconds(10);
    private static final int TERMINATED = 143;

    private final Redis redis;
    private final JWKSCache keys;
    private final WebServer server;
    private final @Nullable Demo demo;

    private FocusSquad(Options options, Settings settings, @Nullable DemoIdentityProvider provider) throws IOException {
        Timeline timeline = new Timeline();
        Meters meters = new Meters();
        DemoRedis demoRedis = options.demo() && options.redisUrl().isEmpty() ? new DemoRedis() : null;
        String redisUrl =
                demoRedis != null ? demoRedis.url() : options.redisUrl().orElse("redis://localhost:6379");
        redis = Redis.connect(
                redisUrl, connector -> connector.listener(meters.redis).listener(timeline));

        URI supabase = settings.get(SUPABASE_URL);
        JWKSCache.Builder cache =
                JWKSCache.builder(JWKSCache.supabaseJwksUri(supabase)).listener(timeline);
        if (options.demo()) {
            Demo.hurry(cache, options.demoTimeToLive());
        }
        keys = cache.build();
        meters.watch(keys);
        var unused = keys.getKeysAsync(); // An identity provider that is down delays no start; readiness tells.
        TokenDecoder decoder = TokenDecoder.forSupabase(keys, supabase);

        Tables tables = new Tables(redis.commands(), Clock.systemUTC());
        Routes routes = new Routes(decoder, keys, redis, tables, timeline, meters);
        demo = provider == null
                ? null
                : new Demo(options, settings, provider, demoRedis, redisUrl, redis, keys, tables, timeline, meters);
        server = new WebServer(config -> {
            routes.register(config);
            if (demo != null) {
                demo.register(config);
            }
        });
        server.start(options.demo() ? "127.0.0.1" : "0.0.0.0", options.port());
        if (demo != null) {
            demo.start(server.port());
        }
    }

    /** Starts it. It exits with 78 without its secrets, with 1 without its Redis or its port, with 2 on wrong usage. */
    public static void main(String[] arguments) {
        try {
            Options options = Options.read(arguments);
            DemoIdentityProvider provider = options.demo() ? new DemoIdentityProvider() : null;
            Settings settings = provider == null ? SECRETS.validateOrExit() : SECRETS.validate(demoSecrets(provider));
            FocusSquad app = new FocusSquad(options, settings, provider);
            Runtime.getRuntime().addShutdownHook(new Thread(app::stop, "focus-squad-stop"));
            if (Options.startedByMaven()) {
                ProcessHandle.current().parent().ifPresent(FocusSquad::endWith);
            }
            System.out.println(READY + "http://localhost:" + app.server.port());
        } catch (IllegalArgumentException wrong) {
            exit(2, String.valueOf(wrong.getMessage()));
        } catch (RedisConnectException down) {
            exit(1, String.valueOf(down.getMessage()));
        } catch (IOException | RuntimeException failed) {
            exit(1, "Focus Squad cannot start: " + failed.getMessage());
        }
    }

    /** Refuses what the cache of the keys refuses, too, before anything is started. */
    private static URI projectUrl(String text) {
        URI url = URI.create(text);
        JWKSCache.builder(JWKSCache.supabaseJwksUri(url)).build().close();
        if (url.getPath().contains("/auth/v1")) {
            throw new IllegalArgumentException("the path of the project's Auth service");
        }
        return url;
    }

    /** Leaves when that process has ended. */
    static void endWith(ProcessHandle parent) {
        var unused = parent.onExit().thenRun(() -> System.exit(TERMINATED));
    }

    private static void exit(int code, String message) {
        System.err.println(message);
        if (Options.startedByMaven()) {
            ProcessHandle.current().parent().ifPresent(FocusSquad::end);
        }
        System.exit(code);
    }

    /** Ends the Maven that started the demo: it would add a stack trace, or go on to modules that the demo does not need. */
    private static void end(ProcessHandle maven) {
        maven.destroy();
        try {
            maven.onExit().get(STOP_LIMIT.toSeconds(), TimeUnit.SECONDS);
        } catch (InterruptedException | ExecutionException | TimeoutException itStays) {
            // The message was printed; that is what counts.
        }
    }

    private static SecretSource demoSecrets(DemoIdentityProvider provider) {
        Map<String, String> values = new HashMap<>();
        Stream.of(SUPABASE_ANON_KEY, SUPABASE_SERVICE_ROLE_KEY, LIVEKIT_API_KEY, LIVEKIT_API_SECRET)
                .forEach(setting -> values.put(setting.name(), Demo.NO_SECRET));
        values.put(SUPABASE_URL.name(), provider.projectUrl().toString());
        values.put(LIVEKIT_URL.name(), "wss://livekit.focus-squad.example");
        return SecretSource.of(values);
    }

    /** What SIGTERM does: requests under way end with their answer, new ones get 503. It takes at most 10 s. */
    private void stop() {
        Thread limit = new Thread(FocusSquad::haltWhenTheLimitIsOver, "focus-squad-stop-limit");
        limit.setDaemon(true);
        limit.start();
        if (demo != null) {
            demo.endStreams();
        }
        server.drain();
        close();
    }

    private static void haltWhenTheLimitIsOver() {
        try {
            Thread.sleep(STOP_LIMIT.toMillis());
        } catch (InterruptedException stopNow) {
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().halt(TERMINATED);
    }

    /** Stops listening, then frees the keys and Redis. */
    @Override
    public void close() {
        server.close();
        keys.close();
        redis.close();
        if (demo != null) {
            demo.close();
        }
    }
}
