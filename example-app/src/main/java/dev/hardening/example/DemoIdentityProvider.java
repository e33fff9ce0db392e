package dev.hardening.example;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** The demo's identity provider: it signs as Supabase does, and can be rotated, slowed down and taken down. */
final class DemoIdentityProvider implements AutoCloseable {

    /** How it answers requests for its keys. */
    enum Mood {
        UP,
        SLOW,
        DOWN
    }

    static final Duration SLOWNESS = Duration.ofSeconds(3);
    static final Duration TOKEN_LIFETIME = Duration.ofHours(1);

    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "demo-identity-provider");
        thread.setDaemon(true);
        return thread;
    });
    private final AtomicLong asked = new AtomicLong();
    private final AtomicLong answered = new AtomicLong();
    private volatile Mood mood = Mood.UP;
    /** What is published: those that sign now, then the retired ones. */
    private volatile List<JWK> keys = List.of();

    private List<JWK> signing = List.of();
    /** Old keys, which no longer sign. Each has the time when the last token that it signed expires. */
    private final Map<JWK, Instant> retired = new LinkedHashMap<>();
    /** Made ahead, because an RSA key takes a while. */
    private CompletableFuture<List<JWK>> spare = CompletableFuture.supplyAsync(DemoIdentityProvider::generate, threads);

    DemoIdentityProvider() throws IOException {
        rotate(true);
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/auth/v1/.well-known/jwks.json", this::answer);
        server.start();
    }

    URI projectUrl() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    Mood mood() {
        return mood;
    }

    /** {@return whether this changed how it answers} */
    synchronized boolean mood(Mood next) {
        boolean changed = mood != next;
        mood = next;
        return changed;
    }

    /** Signs with new keys from now on. The old ones stay published as long as their tokens live, unless it is hard. */
    synchronized void rotate(boolean hard) {
        Instant now = Instant.now();
        signing.forEach(key -> retired.put(key, now.plus(TOKEN_LIFETIME)));
        retired.values().removeIf(neededUntil -> hard || neededUntil.isBefore(now));
        signing = spare.join();
        spare = CompletableFuture.supplyAsync(DemoIdentityProvider::generate, threads);
        List<JWK> next = new ArrayList<>(signing);
        next.addAll(retired.keySet());
        keys = List.copyOf(next);
    }

    private static List<JWK> generate() {
        try {
            String suffix = UUID.randomUUID().toString().substring(0, 8);
            return List.of(
                    new ECKeyGenerator(Curve.P_256).keyID("ec-" + suffix).generate(),
                    new RSAKeyGenerator(2048).keyID("rsa-" + suffix).generate());
        } catch (JOSEException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** A token as Supabase's, signed by the newest key of an algorithm. */
    String sign(String userId, String name, JWSAlgorithm algorithm) {
        return sign(claims(userId, name).build(), algorithm);
    }

    /** What a token says of a person who has just signed in. */
    JWTClaimsSet.Builder claims(String userId, String name) {
        return new JWTClaimsSet.Builder()
                .issuer(projectUrl() + "/auth/v1")
                .audience("authenticated")
                .subject(userId)
                .claim("role", "authenticated")
                .claim("email", name + "@focus-squad.example")
                .issueTime(Date.from(Instant.now()))
                .expirationTime(Date.from(Instant.now().plus(TOKEN_LIFETIME)));
    }

    String sign(JWTClaimsSet claims, JWSAlgorithm algorithm) {
        try {
            boolean ec = algorithm.equals(JWSAlgorithm.ES256);
            JWK key = keys.get(ec ? 0 : 1);
            JWSSigner signer = ec ? new ECDSASigner((ECKey) key) : new RSASSASigner((RSAKey) key);
            SignedJWT jwt = new SignedJWT(
                    new JWSHeader.Builder(algorithm).keyID(key.getKeyID()).build(), claims);
            jwt.sign(signer);
            return jwt.serialize();
        } catch (JOSEException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** How often its keys were asked for. */
    long asked() {
        return asked.get();
    }

    /** How many requests for its keys are waiting for their answer now. */
    long answering() {
        return asked.get() - answered.get();
    }

    private void answer(HttpExchange exchange) throws IOException {
        asked.incrementAndGet();
        try (exchange) {
            Mood now = mood;
            if (now == Mood.SLOW) {
                TimeUnit.MILLISECONDS.sleep(SLOWNESS.toMillis());
            }
            if (now == Mood.DOWN) {
                exchange.sendResponseHeaders(503, -1);
                return;
            }
            byte[] body = new JWKSet(keys).toString(true).getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/jwk-set+json");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
        } finally {
            answered.incrementAndGet();
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
