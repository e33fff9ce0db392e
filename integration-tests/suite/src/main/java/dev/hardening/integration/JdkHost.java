package dev.hardening.integration;

// region glue
import com.nimbusds.jwt.JWTClaimsSet;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.hardening.config.SecretValidator;
import dev.hardening.jwks.InvalidTokenException;
import dev.hardening.jwks.JWKSCache;
import dev.hardening.jwks.JWKSCacheStatus;
import dev.hardening.jwks.JWKSUnavailableException;
import dev.hardening.jwks.TokenDecoder;
import dev.hardening.redis.ConnectedRedis;
import dev.hardening.redis.RedisConnectException;
import dev.hardening.redis.RedisConnector;
import io.lettuce.core.RedisException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** A service on the JDK's own HTTP server. */
public final class JdkHost {

    private final TokenDecoder decoder;

    private JdkHost(TokenDecoder decoder) {
        this.decoder = decoder;
    }

    /** Answers what the handler makes of a valid token; 401 without one, 503 while there are no keys or no Redis. */
    private void guarded(HttpExchange exchange, Function<JWTClaimsSet, String> handler) throws IOException {
        try {
            String header = String.valueOf(exchange.getRequestHeaders().getFirst("Authorization"));
            String token = header.startsWith("Bearer ") ? header.substring("Bearer ".length()) : "";
            send(exchange, 200, handler.apply(decoder.decode(token)));
        } catch (InvalidTokenException invalid) {
            exchange.getResponseHeaders().set("WWW-Authenticate", "Bearer error=\"invalid_token\"");
            send(exchange, 401, invalid.reason().name());
        } catch (JWKSUnavailableException | RedisException unavailable) {
            exchange.getResponseHeaders().set("Retry-After", "5");
            send(exchange, 503, "unavailable");
        } finally {
            exchange.close();
        }
    }
    // endregion

    private static void send(HttpExchange exchange, int status, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
    }

    /** Starts it, as {@link Host} describes. */
    public static void main(String... arguments) throws Exception {
        SecretValidator.requiring("API_KEY", "DB_PASSWORD").validateOrExit();
        URI issuer = URI.create(System.getenv("ISSUER"));
        JWKSCache cache = JWKSCache.builder(URI.create(issuer + "/.well-known/jwks.json"))
                .timeToLive(seconds("KEYS_TTL"))
                .refreshBefore(seconds("KEYS_TTL").dividedBy(3))
                .build();
        JdkHost host = new JdkHost(TokenDecoder.builder(cache)
                .issuer(issuer.toString())
                .audience(System.getenv("AUDIENCE"))
                .build());
        ConnectedRedis redis = connect();
        HttpServer server = HttpServer.create(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(System.getenv("PORT"))),
                1_000);
        ExecutorService threads = Executors.newFixedThreadPool(64);
        server.setExecutor(threads);
        server.createContext("/me", exchange -> host.guarded(exchange, JWTClaimsSet::getSubject));
        server.createContext("/slow", exchange -> host.guarded(exchange, JdkHost::slowly));
        server.createContext(
                "/count",
                exchange -> host.guarded(exchange, claims -> "" + redis.sync().incr("count")));
        server.createContext("/health/ready", exchange -> {
            try (exchange) {
                boolean ready = isReady(cache.status()) && redis.ping();
                send(exchange, ready ? 200 : 503, ready ? "ready" : "not ready");
            }
        });
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            server.stop(10); // waits for the requests under way
            threads.shutdown();
            redis.close();
            cache.close();
        }));
        server.start();
    }

    private static boolean isReady(JWKSCacheStatus status) {
        return status.keyCount() > 0;
    }

    private static ConnectedRedis connect() {
        try {
            return RedisConnector.builder(System.getenv("REDIS_URL")).build().connect();
        } catch (RedisConnectException failed) {
            System.err.println(failed.getMessage());
            System.exit(1);
            throw failed;
        }
    }

    private static String slowly(JWTClaimsSet claims) {
        try {
            TimeUnit.MILLISECONDS.sleep(500);
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
        }
        return String.valueOf(claims.getSubject());
    }

    private static Duration seconds(String name) {
        return Duration.ofSeconds(Long.parseLong(System.getenv(name)));
    }
}
