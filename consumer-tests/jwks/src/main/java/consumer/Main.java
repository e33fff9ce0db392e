package consumer;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpServer;
import dev.hardening.jwks.InvalidTokenException;
import dev.hardening.jwks.IssuerRouter;
import dev.hardening.jwks.JWKSCache;
import dev.hardening.jwks.JWKSCacheStatus;
import dev.hardening.jwks.TokenDecoder;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Date;

/** Uses what API.md promises of hardening-jwks, over real HTTP. */
public final class Main {

    private static final String ISSUER = "https://abc.supabase.co/auth/v1";

    public static void main(String[] arguments) throws Exception {
        ECKey key = new ECKeyGenerator(Curve.P_256).keyID("ec-1").generate();
        byte[] published = new JWKSet(key).toString(true).getBytes(StandardCharsets.UTF_8);
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, published.length);
            exchange.getResponseBody().write(published);
            exchange.close();
        });
        server.start();
        URI jwksUri = JWKSCache.supabaseJwksUri(
                URI.create("http://127.0.0.1:" + server.getAddress().getPort()));
        try (JWKSCache cache = JWKSCache.builder(jwksUri).build()) {
            TokenDecoder decoder = TokenDecoder.builder(cache)
                    .issuer(ISSUER)
                    .audience("authenticated")
                    .build();
            JWTClaimsSet claims = decoder.decode(token(key));
            check(claims.getSubject().equals("a-user"));
            check(decoder.decodeAsync(token(key)).isDone());
            check(decoder.getSigningKey(token(key)).kid().equals("ec-1"));
            check(cache.findKeyAsync("ec-1").join().isPresent());
            try (IssuerRouter router = IssuerRouter.of(decoder)) {
                check(router.decode(token(key)).getSubject().equals("a-user"));
            }
            check(cache.findKey("ec-1").orElseThrow().kid().equals("ec-1"));
            check(cache.findKey("forged").isEmpty());
            check(cache.status().state() == JWKSCacheStatus.State.FRESH);
            JWKSource<SecurityContext> source = cache.asJWKSource();
            check(source != null);
            try {
                decoder.decode("nonsense");
                throw new AssertionError("it has to throw");
            } catch (InvalidTokenException invalid) {
                check(invalid.reason() == InvalidTokenException.Reason.MALFORMED);
            }
        } finally {
            server.stop(0);
        }
    }

    private static String token(ECKey key) throws JOSEException {
        SignedJWT jwt = new SignedJWT(
                new JWSHeader.Builder(JWSAlgorithm.ES256).keyID("ec-1").build(),
                new JWTClaimsSet.Builder()
                        .issuer(ISSUER)
                        .audience("authenticated")
                        .subject("a-user")
                        .expirationTime(Date.from(Instant.now().plusSeconds(600)))
                        .build());
        jwt.sign(new ECDSASigner(key));
        return jwt.serialize();
    }

    private static void check(boolean expected) {
        if (!expected) {
            throw new AssertionError();
        }
    }
}
