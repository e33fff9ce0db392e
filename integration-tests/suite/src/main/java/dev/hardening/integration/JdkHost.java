package dev.hardening.integration;

import com.nimbusds.jwt.JWTClaimsSet;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import dev.hardening.jwks.InvalidTokenException;
import dev.hardening.jwks.JWKSUnavailableException;
import dev.hardening.jwks.TokenDecoder;
import io.lettuce.core.RedisException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;

/** A service on the JDK's own HTTP server. */
@SuppressWarnings("FutureReturnValueIgnored") // what a future does last is to send the answer
public final class JdkHost {

    private JdkHost() {}

    // example: glue
    /** Answers what the handler makes of a valid token; 401 without one, 503 while there are no keys or no Redis. */
    static HttpHandler guarded(TokenDecoder decoder, Function<JWTClaimsSet, CompletableFuture<String>> handler) {
        return exchange -> {
            String header = String.valueOf(exchange.getRequestHeaders().getFirst("Authorization"));
            String token = header.regionMatches(true, 0, "Bearer ", 0, 7) ? header.substring(7) : "";
            decoder.decodeAsync(token).thenCompose(handler).whenComplete((text, failed) -> {
                Throwable cause = failed != null && failed.getCause() != null ? failed.getCause() : failed;
                if (cause == null) {
                    send(exchange, 200, text);
                } else if (cause instanceof InvalidTokenException invalid) {
                    exchange.getResponseHeaders().set("WWW-Authenticate", "Bearer error=\"invalid_token\"");
                    send(exchange, 401, invalid.reason().name());
                } else if (cause instanceof JWKSUnavailableException || cause instanceof RedisException) {
                    exchange.getResponseHeaders().set("Retry-After", "5");
                    send(exchange, 503, "unavailable");
                } else {
                    send(exchange, 500, "failed");
                }
            });
        };
    }

    static void send(HttpExchange exchange, int status, String text) {
        try (exchange) {
            byte[] body = text.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
        } catch (IOException gone) {
            throw new UncheckedIOException(gone);
        }
    }
    // example: end

    /** Starts it, as {@link Host} describes. */
    public static void main(String... arguments) throws Exception {
        Parts parts = Parts.open();
        HttpServer server =
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), parts.port()), 1_000);
        ExecutorService threads = Executors.newFixedThreadPool(64);
        server.setExecutor(threads);
        TokenDecoder decoder = parts.decoder();
        server.createContext("/me", guarded(decoder, claims -> CompletableFuture.completedFuture(claims.getSubject())));
        server.createContext("/slow", guarded(decoder, claims -> parts.later(claims.getSubject())));
        server.createContext("/count", guarded(decoder, claims -> parts.count()));
        server.createContext("/health/ready", exchange -> {
            parts.ready().thenAccept(ready -> send(exchange, ready ? 200 : 503, ready ? "ready" : "not ready"));
        });
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            server.stop(10); // waits for the requests under way
            threads.shutdown();
            parts.close();
        }));
        server.start();
    }
}
