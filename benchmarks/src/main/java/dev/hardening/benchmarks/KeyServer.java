package dev.hardening.benchmarks;

import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** A key endpoint on loopback that can be slow or down, and knows when it was asked. */
final class KeyServer implements AutoCloseable {

    static {
        // Else the JDK's server answers each request on a kept connection 40 ms late.
        System.setProperty("sun.net.httpserver.nodelay", "true");
    }

    /** How it answers. */
    record Mood(int status, Duration after) {
        static final Mood UP = new Mood(200, Duration.ZERO);
        static final Mood DOWN = new Mood(503, Duration.ZERO);
    }

    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool(Load::daemon);
    private final Queue<Long> askedAt = new ConcurrentLinkedQueue<>();
    private final byte[] body;
    private volatile Mood mood = Mood.UP;

    KeyServer(List<JWK> keys) {
        body = new JWKSet(keys).toString(true).getBytes(StandardCharsets.UTF_8);
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException failed) {
            throw new IllegalStateException(failed);
        }
        server.setExecutor(threads);
        server.createContext("/", this::answer);
        server.start();
    }

    URI projectUrl() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    URI jwksUri() {
        return URI.create(projectUrl() + "/auth/v1/.well-known/jwks.json");
    }

    String issuer() {
        return projectUrl() + "/auth/v1";
    }

    void mood(Mood next) {
        mood = next;
    }

    /** The moments at which it was asked, by {@link System#nanoTime()}. */
    List<Long> askedAt() {
        return List.copyOf(askedAt);
    }

    private void answer(HttpExchange exchange) throws IOException {
        askedAt.add(System.nanoTime());
        Mood now = mood;
        try (exchange) {
            TimeUnit.NANOSECONDS.sleep(now.after.toNanos());
            if (now.status == 200) {
                exchange.getResponseHeaders().set("Content-Type", "application/json");
                exchange.sendResponseHeaders(200, body.length);
                exchange.getResponseBody().write(body);
            } else {
                exchange.sendResponseHeaders(now.status, -1);
            }
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
