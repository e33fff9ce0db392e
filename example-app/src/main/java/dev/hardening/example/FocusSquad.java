package dev.hardening.example;

import dev.hardening.config.Secret;
import dev.hardening.config.SecretSource;
import dev.hardening.config.SecretValidator;
import dev.hardening.config.Setting;
import dev.hardening.config.Settings;
import dev.hardening.jwks.JWKSCache;
import dev.hardening.jwks.TokenDecoder;
import dev.hardening.redis.RedisConnectException;
import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import java.io.IOException;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Focus Squad: secrets, then Redis, then the keys, then guarded routes, then it listens. With {@code --demo} it brings its
 * own identity provider, its own Redis and its drills, and needs no configuration.
 */
public final class FocusSquad implements AutoCloseable {

    static final Setting<URI> SUPABASE_URL =
            Setting.uri("SUPABASE_URL", "https", "http").describedAs("the Supabase project that signs the tokens");
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

    private final Redis redis;
    private final JWKSCache keys;
    private final Javalin server;
    private final AutoCloseable demo;

    private FocusSquad(Options options, Settings settings, @Nullable DemoIdentityProvider provider) throws IOException {
        Observed observed = new Observed();
        DemoRedis demoRedis = options.demo && options.redisUrl.isEmpty() ? new DemoRedis() : null;
        String redisUrl = demoRedis != null ? demoRedis.url() : options.redisUrl.orElse("redis://localhost:6379");
        redis = Redis.connect(redisUrl, observed);

        URI supabase = settings.get(SUPABASE_URL);
        JWKSCache.Builder cache =
                JWKSCache.builder(JWKSCache.supabaseJwksUri(supabase)).listener(observed);
        if (options.demo) {
            cache.timeToLive(options.demoTimeToLive)
                    .refreshBefore(options.demoTimeToLive.dividedBy(4))
                    .unknownKeyCooldown(Duration.ofSeconds(2));
        }
        keys = cache.build();
        var unused = keys.getKeysAsync(); // An identity provider that is down delays no start; readiness tells.
        TokenDecoder decoder = TokenDecoder.forSupabase(keys, supabase);

        Tables tables = new Tables(redis.commands(), Clock.systemUTC());
        Consumer<JavalinConfig> drills = none -> {};
        AutoCloseable ends = () -> {};
        if (provider != null) {
            Drills all =
                    new Drills(settings, provider, demoRedis, redis, keys, tables, observed, options.demoTimeToLive);
            drills = all::register;
            ends = all;
        }
        demo = ends;
        server = Server.create(decoder, tables, keys, redis, observed, drills);
        server.start(options.demo ? "127.0.0.1" : "0.0.0.0", options.port);
    }

    /** Starts it; exits with 78 without its secrets, with 1 without its Redis. */
    public static void main(String[] arguments) {
        Options options;
        try {
            options = Options.read(arguments);
        } catch (IllegalArgumentException wrong) {
            System.err.println(wrong.getMessage());
            System.exit(2);
            return;
        }
        try {
            DemoIdentityProvider provider = options.demo ? new DemoIdentityProvider() : null;
            Settings settings = provider == null ? SECRETS.validateOrExit() : SECRETS.validate(demoSecrets(provider));
            FocusSquad app = new FocusSquad(options, settings, provider);
            Runtime.getRuntime().addShutdownHook(new Thread(app::close, "focus-squad-stop"));
            System.out.println("Focus Squad is at http://localhost:" + app.server.port());
        } catch (RedisConnectException down) {
            System.err.println(down.getMessage());
            System.exit(1);
        } catch (IOException | RuntimeException failed) {
            System.err.println("Focus Squad cannot start: " + failed.getMessage());
            System.exit(1);
        }
    }

    private static SecretSource demoSecrets(DemoIdentityProvider provider) {
        Map<String, String> values = new HashMap<>();
        Stream.of(SUPABASE_ANON_KEY, SUPABASE_SERVICE_ROLE_KEY, LIVEKIT_API_KEY, LIVEKIT_API_SECRET)
                .forEach(setting -> values.put(setting.name(), "for-the-demo-only"));
        values.put(SUPABASE_URL.name(), provider.projectUrl().toString());
        values.put(LIVEKIT_URL.name(), "wss://livekit.focus-squad.example");
        return SecretSource.of(values);
    }

    /** Stops listening, then frees the keys and Redis. */
    @Override
    public void close() {
        server.stop();
        keys.close();
        redis.close();
        try {
            demo.close();
        } catch (Exception leftForTheSystem) {
            System.err.println("The demo did not end cleanly.");
        }
    }

    /** What the command line and the environment ask for. */
    private record Options(boolean demo, int port, Optional<String> redisUrl, Duration demoTimeToLive) {

        static Options read(String[] arguments) {
            for (String argument : arguments) {
                if (!argument.equals("--demo")) {
                    throw new IllegalArgumentException(
                            "Usage: java [-Dport=8080] [-Dredis.url=redis://…] -jar focus-squad.jar [--demo]");
                }
            }
            return new Options(
                    arguments.length > 0,
                    port(option("port", "PORT").orElse("8080")),
                    option("redis.url", "REDIS_URL"),
                    timeToLive(option("demo.ttl", "DEMO_TTL").orElse("PT60S")));
        }

        private static Optional<String> option(String property, String variable) {
            return Stream.of(
                            Optional.ofNullable(System.getProperty(property)),
                            Optional.ofNullable(System.getenv(variable)))
                    .flatMap(Optional::stream)
                    .filter(value -> !value.isBlank())
                    .findFirst();
        }

        private static int port(String text) {
            int port;
            try {
                port = Integer.parseInt(text.strip());
            } catch (NumberFormatException notANumber) {
                port = -1;
            }
            if (port < 0 || port > 65_535) {
                throw new IllegalArgumentException("The port (-Dport or PORT) has to be a number from 0 to 65535.");
            }
            return port;
        }

        private static Duration timeToLive(String text) {
            try {
                Duration timeToLive = Duration.parse(text);
                if (timeToLive.compareTo(Duration.ofSeconds(4)) >= 0) {
                    return timeToLive;
                }
            } catch (java.time.format.DateTimeParseException unreadable) {
                // The same answer as to one that is too short.
            }
            throw new IllegalArgumentException(
                    "The demo's time to live (-Ddemo.ttl) has to be as PT60S, and 4 s at least.");
        }
    }
}
