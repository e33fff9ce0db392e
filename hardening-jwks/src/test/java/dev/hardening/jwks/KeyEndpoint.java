package dev.hardening.jwks;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
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
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** An identity provider on loopback whose answers a test scripts, a fake ticker, and the caches that use both. */
final class KeyEndpoint implements AutoCloseable {

    static {
        // Else the server holds each body back until the client has acknowledged the headers: 40 ms a request.
        System.setProperty("sun.net.httpserver.nodelay", "true");
    }

    /** What the endpoint does with a request. */
    @FunctionalInterface
    interface Script {
        void answer(HttpExchange exchange) throws IOException, InterruptedException;
    }

    static final RSAKey RSA_1 = rsa("rsa-1");
    static final RSAKey RSA_2 = rsa("rsa-2");
    static final ECKey EC_1 = ec("ec-1");
    static final ECKey EC_2 = ec("ec-2");
    static final String ISSUER = "https://abc.supabase.co/auth/v1";

    final AtomicInteger gets = new AtomicInteger();
    final AtomicLong now = new AtomicLong(-5_000_000_000L);
    final List<Runnable> queued = new ArrayList<>();

    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<JWKSCache> caches = new ArrayList<>();
    private volatile Script script = serving(RSA_1, EC_1);

    KeyEndpoint() {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException failed) {
            throw new IllegalStateException(failed);
        }
        server.setExecutor(threads);
        server.createContext("/", exchange -> {
            gets.incrementAndGet();
            try (exchange) {
                script.answer(exchange);
            } catch (InterruptedException closing) {
                Thread.currentThread().interrupt();
            }
        });
        server.start();
    }

    URI uri() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/auth/v1/.well-known/jwks.json");
    }

    void script(Script next) {
        script = next;
    }

    Script script() {
        return script;
    }

    void serve(JWK... keys) {
        script(serving(keys));
    }

    void down() {
        script(status(503));
    }

    static Script serving(JWK... keys) {
        return body(new JWKSet(List.of(keys)).toString(true));
    }

    static Script body(String body) {
        return exchange -> send(exchange, 200, body);
    }

    static Script status(int status) {
        return exchange -> send(exchange, status, "{}");
    }

    static void send(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, status == 304 || bytes.length == 0 ? -1 : bytes.length);
        if (status != 304) {
            exchange.getResponseBody().write(bytes);
        }
    }

    /** Answers once the gate opens. */
    static Script held(CountDownLatch gate, Script after) {
        return exchange -> {
            if (!gate.await(30, TimeUnit.SECONDS)) {
                throw new IOException("the test never opened the gate");
            }
            after.answer(exchange);
        };
    }

    void advance(Duration duration) {
        now.addAndGet(duration.toNanos());
    }

    /** A cache whose fetches and news run at once on the reading thread, and whose timer never fires. */
    JWKSCache.Builder inline() {
        return background().executor(Runnable::run).threads(new StillTimer(Runnable::run));
    }

    /** A cache whose fetches run on shared threads, and whose timer never fires. */
    JWKSCache.Builder background() {
        return JWKSCache.builder(uri())
                .ticker(now::get)
                .random(() -> 0)
                .threads(new StillTimer(SharedThreads.INSTANCE.workers()));
    }

    /** A timer that never fires. */
    record StillTimer(Executor workers) implements Threads {

        @Override
        public Future<?> schedule(Runnable task, long delayNanos) {
            return new FutureTask<>(task, null);
        }
    }

    JWKSCache open(JWKSCache.Builder builder) {
        JWKSCache cache = builder.build();
        caches.add(cache);
        return cache;
    }

    /** A timer that a test drives by the ticker. */
    final class FakeTimer implements Threads {

        private final ConcurrentHashMap<FutureTask<?>, Long> tasks = new ConcurrentHashMap<>();
        private int ran;

        /** How many tasks it has run. */
        int ran() {
            return ran;
        }

        @Override
        public Future<?> schedule(Runnable task, long delayNanos) {
            FutureTask<?> later = new FutureTask<>(task, null);
            tasks.put(later, now.get() + delayNanos);
            return later;
        }

        @Override
        public Executor workers() {
            return Runnable::run;
        }

        /** Lets time pass in steps of a second, running what becomes due. */
        void pass(Duration duration) {
            pass(duration, Duration.ofSeconds(1));
        }

        /** The same in steps of another length. */
        void pass(Duration duration, Duration step) {
            for (long steps = duration.dividedBy(step); steps > 0; steps--) {
                advance(step);
                tasks.forEach((task, at) -> {
                    if (task.isDone()) {
                        tasks.remove(task);
                    } else if (now.get() - at >= 0) {
                        tasks.remove(task);
                        ran++;
                        task.run();
                    }
                });
            }
        }
    }

    static JWTClaimsSet.Builder claims() {
        return new JWTClaimsSet.Builder()
                .issuer(ISSUER)
                .audience("authenticated")
                .subject("4c6b1c5e-9f5b-4a51-8d5a-6e1f7f3c2a10")
                .expirationTime(Date.from(Instant.now().plusSeconds(600)));
    }

    static String token(JWK key) {
        return token(key, claims().build());
    }

    static String token(JWK key, JWTClaimsSet claims) {
        boolean rsa = key instanceof RSAKey;
        return token(
                key,
                new JWSHeader.Builder(rsa ? JWSAlgorithm.RS256 : JWSAlgorithm.ES256)
                        .keyID(key.getKeyID())
                        .build(),
                claims);
    }

    static String token(JWK key, JWSHeader header, JWTClaimsSet claims) {
        try {
            SignedJWT jwt = new SignedJWT(header, claims);
            jwt.sign(key instanceof RSAKey rsa ? new RSASSASigner(rsa) : new ECDSASigner((ECKey) key));
            return jwt.serialize();
        } catch (JOSEException failed) {
            throw new IllegalStateException(failed);
        }
    }

    static RSAKey rsa(String kid) {
        try {
            return new RSAKeyGenerator(2048).keyID(kid).generate();
        } catch (JOSEException failed) {
            throw new IllegalStateException(failed);
        }
    }

    static ECKey ec(String kid) {
        try {
            return new ECKeyGenerator(Curve.P_256).keyID(kid).generate();
        } catch (JOSEException failed) {
            throw new IllegalStateException(failed);
        }
    }

    static String randomKid(Random random) {
        return Long.toHexString(random.nextLong());
    }

    @Override
    public void close() {
        caches.forEach(JWKSCache::close);
        server.stop(0);
        threads.shutdownNow();
    }
}
