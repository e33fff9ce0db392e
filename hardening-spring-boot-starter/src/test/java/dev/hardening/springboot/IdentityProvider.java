package dev.hardening.springboot;

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
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** An identity provider on loopback: discovery, keys, tokens; it goes down and rotates when it is told to. */
final class IdentityProvider implements AutoCloseable {

    static {
        System.setProperty("sun.net.httpserver.nodelay", "true");
    }

    static final RSAKey RSA_1 = rsa("rsa-1");
    static final RSAKey RSA_2 = rsa("rsa-2");
    static final ECKey EC_1 = ec("ec-1");
    static final String AUDIENCE = "authenticated";

    final AtomicInteger keyGets = new AtomicInteger();
    final AtomicInteger discoveries = new AtomicInteger();
    volatile boolean down;
    volatile String discoveryPath = "/realm/.well-known/openid-configuration";
    volatile String keysPath = "/keys";
    volatile String claimedIssuer;
    volatile String claimedKeys;

    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile boolean silent;
    private volatile JWKSet keys = new JWKSet(List.of(RSA_1, EC_1));

    IdentityProvider() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", exchange -> {
            try (exchange) {
                answer(exchange);
            } catch (InterruptedException closing) {
                Thread.currentThread().interrupt();
            }
        });
        server.start();
        claimedIssuer = issuer();
        claimedKeys = keysUri();
    }

    private void answer(HttpExchange exchange) throws IOException, InterruptedException {
        String path = exchange.getRequestURI().getPath();
        if (path.contains("/.well-known/")) {
            discoveries.incrementAndGet();
        } else {
            keyGets.incrementAndGet();
        }
        if (silent) {
            closed.await();
        }
        if (down) {
            send(exchange, 503, "{}");
        } else if (path.equals(discoveryPath)) {
            send(exchange, 200, "{\"issuer\":\"" + claimedIssuer + "\",\"jwks_uri\":\"" + claimedKeys + "\"}");
        } else if (path.equals(keysPath)) {
            send(exchange, 200, keys.toString(true));
        } else {
            send(exchange, 404, "{}");
        }
    }

    private static void send(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    /** From now on it accepts and says nothing. */
    void silent() {
        silent = true;
    }

    void serve(JWK... published) {
        keys = new JWKSet(List.of(published));
    }

    String issuer() {
        return root() + "/realm";
    }

    String keysUri() {
        return root() + "/keys";
    }

    String root() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    String token(JWK key) {
        return token(key, key.getKeyID(), AUDIENCE, issuer());
    }

    String token(JWK key, String kid, String audience, String issuer) {
        JWSAlgorithm algorithm = key instanceof RSAKey ? JWSAlgorithm.RS256 : JWSAlgorithm.ES256;
        JWTClaimsSet claims = new JWTClaimsSet.Builder()
                .issuer(issuer)
                .audience(audience)
                .subject("3f0e8a52-user")
                .expirationTime(Date.from(Instant.now().plus(Duration.ofDays(2))))
                .build();
        SignedJWT jwt =
                new SignedJWT(new JWSHeader.Builder(algorithm).keyID(kid).build(), claims);
        try {
            JWSSigner signer = key instanceof RSAKey rsa ? new RSASSASigner(rsa) : new ECDSASigner((ECKey) key);
            jwt.sign(signer);
        } catch (JOSEException impossible) {
            throw new IllegalStateException(impossible);
        }
        return jwt.serialize();
    }

    static RSAKey rsa(String kid) {
        try {
            return new RSAKeyGenerator(2048).keyID(kid).generate();
        } catch (JOSEException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    static ECKey ec(String kid) {
        try {
            return new ECKeyGenerator(Curve.P_256).keyID(kid).generate();
        } catch (JOSEException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    @Override
    public void close() {
        closed.countDown();
        server.stop(0);
        threads.shutdownNow();
    }
}
