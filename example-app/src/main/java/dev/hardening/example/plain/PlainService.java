package dev.hardening.example.plain;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.source.ImmutableJWKSet;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.javalin.http.Handler;
import io.lettuce.core.RedisClient;
import io.lettuce.core.SetArgs;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import java.net.URI;
import java.text.ParseException;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Focus Squad without the libraries: keys fetched once, Redis with Lettuce's defaults, settings as they come. */
public final class PlainService implements AutoCloseable {

    private static final Duration KEPT_FOR = Duration.ofHours(24);
    private static final int THREADS = 16;
    private static final int WAITING_REQUESTS = 100;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final String supabaseUrl;
    private final RedisClient client;
    private final StatefulRedisConnection<String, String> redis;
    private final ExecutorService threads = new ThreadPoolExecutor(
            THREADS, THREADS, 1, TimeUnit.MINUTES, new LinkedBlockingQueue<>(WAITING_REQUESTS), task -> {
                Thread thread = new Thread(task, "plain-service");
                thread.setDaemon(true);
                return thread;
            });
    private @Nullable DefaultJWTProcessor<SecurityContext> tokens;

    /** Connects to Redis. A setting that is missing is an empty string. */
    public PlainService(Map<String, String> environment) {
        supabaseUrl = environment.getOrDefault("SUPABASE_URL", "");
        client = RedisClient.create(environment.getOrDefault("REDIS_URL", "redis://localhost:6379"));
        redis = client.connect();
    }

    /** Starts it as a process of its own. */
    public static void main(String[] arguments) {
        PlainService service = new PlainService(System.getenv());
        Javalin server = Javalin.create(config -> {
            config.startup.showJavalinBanner = false;
            config.startup.showOldJavalinVersionWarning = false;
            register(config, "", () -> service);
        });
        server.start("127.0.0.1", Integer.getInteger("port", 8080));
        System.out.println("Plain Focus Squad is at http://localhost:" + server.port());
    }

    /** Adds the routes below a prefix, to be answered by the service of the moment. */
    public static void register(JavalinConfig config, String prefix, Supplier<PlainService> service) {
        config.routes.get(prefix + "/health", context -> context.json(Map.of("status", "UP")));
        config.routes.get(
                prefix + "/api/v1/sessions/pending-ratings",
                context -> service.get().onOwnThreads(context, service.get()::pending));
        config.routes.post(
                prefix + "/api/v1/sessions/{id}/rate",
                context -> service.get().onOwnThreads(context, service.get()::rate));
    }

    /** The session that these people may rate next. */
    public void seat(String sessionId, Set<String> people) {
        people.forEach(user -> commands().set("plain:pending:" + user, sessionId, SetArgs.Builder.ex(KEPT_FOR)));
    }

    /** Fetches the keys now, not with the first request; a failure is left to that. */
    public void fetchKeys() {
        try {
            tokens();
        } catch (Exception withTheFirstRequest) {
            // It tries again.
        }
    }

    private void onOwnThreads(Context context, Handler handler) {
        context.future(() -> {
            try {
                return CompletableFuture.runAsync(() -> answer(context, handler), threads);
            } catch (RejectedExecutionException full) {
                context.status(500).result("Server Error");
                return CompletableFuture.completedFuture(null);
            }
        });
    }

    private void answer(Context context, Handler handler) {
        if (threads.isShutdown()) {
            context.status(500).result("Server Error");
            return;
        }
        try {
            handler.handle(context);
        } catch (BadJOSEException | ParseException invalid) {
            context.status(401).result("Unauthorized");
        } catch (Exception failed) {
            context.status(500).result("Server Error");
        }
    }

    private void pending(Context context) throws Exception {
        String user = user(context);
        String sessionId = commands().get("plain:pending:" + user);
        context.json(Map.of("has_pending", sessionId != null, "session_id", String.valueOf(sessionId)));
    }

    private void rate(Context context) throws Exception {
        String user = user(context);
        String key = "plain:ratings:" + context.pathParam("id");
        long stored = 0;
        for (JsonNode rating : JSON.readTree(context.body()).path("ratings")) {
            stored = commands().rpush(key, user + " rates " + rating);
        }
        commands().expire(key, KEPT_FOR);
        context.json(Map.of("success", true, "ratings_stored", stored));
    }

    private String user(Context context) throws Exception {
        String token = String.valueOf(context.header("Authorization")).replace("Bearer ", "");
        return tokens().process(token, null).getSubject();
    }

    /** Made once, with the keys of the moment. */
    private synchronized DefaultJWTProcessor<SecurityContext> tokens() throws Exception {
        if (tokens == null) {
            JWKSet keys = JWKSet.load(
                    URI.create(supabaseUrl + "/auth/v1/.well-known/jwks.json").toURL());
            DefaultJWTProcessor<SecurityContext> processor = new DefaultJWTProcessor<>();
            processor.setJWSKeySelector(new JWSVerificationKeySelector<>(
                    Set.of(JWSAlgorithm.ES256, JWSAlgorithm.RS256), new ImmutableJWKSet<>(keys)));
            processor.setJWTClaimsSetVerifier(new DefaultJWTClaimsVerifier<>(
                    "authenticated",
                    new JWTClaimsSet.Builder().issuer(supabaseUrl + "/auth/v1").build(),
                    Set.of("sub", "exp")));
            tokens = processor;
        }
        return tokens;
    }

    private RedisCommands<String, String> commands() {
        return redis.sync();
    }

    @Override
    public void close() {
        // Those that wait for a thread are answered here, with 500: otherwise they would never be.
        threads.shutdownNow().forEach(Runnable::run);
        var unused = client.shutdownAsync(0, 1, TimeUnit.SECONDS);
    }
}
