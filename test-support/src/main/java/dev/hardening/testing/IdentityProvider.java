package dev.hardening.testing;

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
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * An identity provider on loopback, in Supabase's layout: its issuer is {@code <url>/auth/v1}, its keys are at
 * {@code <issuer>/.well-known/jwks.json}, its metadata at {@code <issuer>/.well-known/openid-configuration}. A test can
 * rotate its keys, slow it down, take it down, or script what any path answers.
 */
public final class IdentityProvider implements AutoCloseable {

    static {
        // Without it the server holds each body back until the client has acknowledged the headers: 40 ms a request.
        System.setProperty("sun.net.httpserver.nodelay", "true");
    }

    /** What is answered to a request. */
    @FunctionalInterface
    public interface Script {
        void answer(HttpExchange exchange) throws IOException, InterruptedException;
    }

    private static final String KEYS = "/auth/v1/.well-known/jwks.json";
    private static final String METADATA = "/auth/v1/.well-known/openid-configuration";

    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "identity-provider");
        thread.setDaemon(true);
        return thread;
    });
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Map<String, Script> scripts = new ConcurrentHashMap<>();
    private final Map<String, Queue<Long>> requests = new ConcurrentHashMap<>();
    private volatile Script before = exchange -> {};

    /** Starts it on a free port with keys to publish. */
    public IdentityProvider(JWK... keys) {
        this(0, keys);
    }

    /** Starts it on a given port with keys to publish. */
    public IdentityProvider(int port, JWK... keys) {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        } catch (IOException failed) {
            throw new IllegalStateException(failed);
        }
        publish(keys);
        script(METADATA, json("{\"issuer\":\"" + issuer() + "\",\"jwks_uri\":\"" + jwksUri() + "\"}"));
        server.setExecutor(threads);
        server.createContext("/", this::answer);
        server.start();
    }

    private void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        requests.computeIfAbsent(path, any -> new ConcurrentLinkedQueue<>()).add(System.nanoTime());
        try (exchange) {
            before.answer(exchange);
            if (exchange.getResponseCode() == -1) {
                scripts.getOrDefault(path, status(404)).answer(exchange);
            }
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
        }
    }

    /** Publishes these keys from now on, private parts and all: a reader has to drop those. */
    public void publish(JWK... keys) {
        script(KEYS, json(new JWKSet(List.of(keys)).toString(true)));
    }

    /** Sets what the key endpoint answers from now on. */
    public void script(Script script) {
        script(KEYS, script);
    }

    /** Sets what a path answers from now on. */
    public void script(String path, Script script) {
        scripts.put(path, script);
    }

    /** Answers again as published and scripted, at once. */
    public void up() {
        before = exchange -> {};
    }

    /** Answers 503 to each request from now on. */
    public void down() {
        before = status(503);
    }

    /** Waits before each answer from now on. */
    public void slow(Duration delay) {
        before = exchange -> closed.await(delay.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Waits before each answer from now on, and then answers this status. */
    public void failing(int status, Duration delay) {
        before = exchange -> {
            closed.await(delay.toNanos(), TimeUnit.NANOSECONDS);
            status(status).answer(exchange);
        };
    }

    /** Accepts each request from now on, and answers none. */
    public void hang() {
        before = exchange -> {
            closed.await();
            throw new IOException("closed");
        };
    }

    /** An answer with a status and an empty object. */
    public static Script status(int status) {
        return exchange -> send(exchange, status, "{}");
    }

    /** An answer with status 200 and this body. */
    public static Script json(String body) {
        return exchange -> send(exchange, 200, body);
    }

    /** An answer that is held back until the gate opens, for 30 s at most. */
    public static Script held(CountDownLatch gate, Script after) {
        return exchange -> {
            if (!gate.await(30, TimeUnit.SECONDS)) {
                throw new IOException("the test never opened the gate");
            }
            after.answer(exchange);
        };
    }

    /** Sends an answer of the type {@code application/json}. */
    public static void send(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        boolean empty = status == 304 || bytes.length == 0;
        exchange.sendResponseHeaders(status, empty ? -1 : bytes.length);
        if (!empty) {
            exchange.getResponseBody().write(bytes);
        }
    }

    /** Such as {@code http://127.0.0.1:8080}. */
    public URI url() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    /** The {@code iss} of its tokens. */
    public String issuer() {
        return url() + "/auth/v1";
    }

    /** Where its keys are. */
    public URI jwksUri() {
        return URI.create(url() + KEYS);
    }

    /** How many requests its key endpoint received. */
    public int keyRequests() {
        return requestTimes(KEYS).size();
    }

    /** How many requests its metadata received. */
    public int metadataRequests() {
        return requestTimes(METADATA).size();
    }

    /** When its keys were asked for, by {@link System#nanoTime()}. */
    public List<Long> keyRequestTimes() {
        return requestTimes(KEYS);
    }

    /** When a path was asked for, by {@link System#nanoTime()}. */
    public List<Long> requestTimes(String path) {
        return List.copyOf(requests.getOrDefault(path, new ConcurrentLinkedQueue<>()));
    }

    /** A token of this issuer, valid for ten minutes. */
    public String token(JWK key) {
        return Tokens.sign(key, Tokens.claims(issuer()).build());
    }

    @Override
    public void close() {
        closed.countDown();
        server.stop(0);
        threads.shutdownNow();
    }
}
