package dev.hardening.benchmarks;

import com.auth0.jwk.JwkProvider;
import com.auth0.jwk.JwkProviderBuilder;
import com.auth0.jwt.JWT;
import com.auth0.jwt.JWTVerifier;
import com.auth0.jwt.algorithms.Algorithm;
import com.auth0.jwt.interfaces.ECDSAKeyProvider;
import com.auth0.jwt.interfaces.RSAKeyProvider;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKMatcher;
import com.nimbusds.jose.jwk.JWKSelector;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.JWSKeySelector;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import dev.hardening.jwks.JWKSCache;
import dev.hardening.jwks.TokenDecoder;
import dev.hardening.testing.IdentityProvider;
import io.smallrye.jwt.auth.principal.DefaultJWTParser;
import io.smallrye.jwt.auth.principal.JWTAuthContextInfo;
import io.smallrye.jwt.auth.principal.JWTParser;
import io.smallrye.jwt.auth.principal.KeyLocationResolver;
import java.io.Closeable;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.security.PublicKey;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPrivateKey;
import java.security.interfaces.RSAPublicKey;
import java.time.Duration;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jose4j.jwa.AlgorithmConstraints;
import org.jose4j.jwk.HttpsJwks;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.jwt.consumer.JwtConsumer;
import org.jose4j.jwt.consumer.JwtConsumerBuilder;
import org.jose4j.keys.resolvers.HttpsJwksVerificationKeyResolver;
import org.jose4j.lang.UnresolvableKeyException;
import org.jspecify.annotations.Nullable;
import org.springframework.cache.caffeine.CaffeineCache;
import org.springframework.security.oauth2.core.DelegatingOAuth2TokenValidator;
import org.springframework.security.oauth2.jose.jws.SignatureAlgorithm;
import org.springframework.security.oauth2.jwt.JwtClaimValidator;
import org.springframework.security.oauth2.jwt.JwtValidators;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;

/**
 * What is compared. Each is set up as its own documentation does it, with its defaults, and made to check the same: the
 * algorithm, the issuer, the audience, and the times. Where a scenario needs keys that expire within seconds, the time to
 * live is the scenario's, and the limits that belong to it shrink in proportion.
 */
public enum Contender {
    HARDENING("**Hardening**") {
        @Override
        Peer open(IdentityProvider server, @Nullable Duration timeToLive) {
            return hardening(server, timeToLive, 0);
        }
    },
    NIMBUS("Nimbus `JWKSourceBuilder`") {
        @Override
        Peer open(IdentityProvider server, @Nullable Duration timeToLive) {
            return nimbus(server, timeToLive, false);
        }
    },
    NIMBUS_OUTAGE_TOLERANT("Nimbus, `outageTolerant`") {
        @Override
        Peer open(IdentityProvider server, @Nullable Duration timeToLive) {
            return nimbus(server, timeToLive, true);
        }
    },
    SPRING("Spring `NimbusJwtDecoder`") {
        @Override
        Peer open(IdentityProvider server, @Nullable Duration timeToLive) {
            if (timeToLive != null) {
                throw new IllegalArgumentException(
                        "its own cache has Nimbus's time to live, which it does not let be set");
            }
            return spring(server, null);
        }
    },
    SPRING_CACHE("Spring, with a `Cache`") {
        @Override
        Peer open(IdentityProvider server, @Nullable Duration timeToLive) {
            Caffeine<Object, Object> cache = Caffeine.newBuilder();
            return spring(server, timeToLive == null ? cache : cache.expireAfterWrite(timeToLive));
        }
    },
    AUTH0("auth0 jwks-rsa, java-jwt") {
        @Override
        Peer open(IdentityProvider server, @Nullable Duration timeToLive) {
            return auth0(server, timeToLive);
        }
    },
    JOSE4J("jose4j `HttpsJwks`") {
        @Override
        Peer open(IdentityProvider server, @Nullable Duration timeToLive) {
            return jose4j(server, timeToLive, Duration.ZERO);
        }
    },
    JOSE4J_RETAINING("jose4j, `setRetainCacheOnErrorDuration`") {
        @Override
        Peer open(IdentityProvider server, @Nullable Duration timeToLive) {
            return jose4j(server, timeToLive, Duration.ofHours(24));
        }
    },
    SMALLRYE("SmallRye JWT (Quarkus)") {
        @Override
        Peer open(IdentityProvider server, @Nullable Duration timeToLive) {
            if (timeToLive != null) {
                throw new IllegalArgumentException("its refresh interval is whole minutes");
            }
            return smallRye(server);
        }
    },
    BARE("a map, bare JCA") {
        @Override
        Peer open(IdentityProvider server, @Nullable Duration timeToLive) {
            return new Bare(new HashMap<>(fetchOnce(server)));
        }
    },
    BARE_CONCURRENT("a `ConcurrentHashMap`, bare JCA") {
        @Override
        Peer open(IdentityProvider server, @Nullable Duration timeToLive) {
            return new Bare(new ConcurrentHashMap<>(fetchOnce(server)));
        }
    };

    /** Those whose keys can be made to expire when a scenario wants it. */
    static final List<Contender> EXPIRING =
            List.of(HARDENING, NIMBUS, NIMBUS_OUTAGE_TOLERANT, SPRING_CACHE, AUTH0, JOSE4J, JOSE4J_RETAINING);

    /** Those that differ while the endpoint answers. */
    static final List<Contender> FETCHING =
            List.of(HARDENING, NIMBUS, NIMBUS_OUTAGE_TOLERANT, SPRING, SPRING_CACHE, AUTH0, JOSE4J, SMALLRYE);

    final String title;

    Contender(String title) {
        this.title = title;
    }

    /**
     * Sets one up; it may fetch at once or later.
     *
     * @param timeToLive of its keys; null for its own default
     */
    abstract Peer open(IdentityProvider server, @Nullable Duration timeToLive);

    /**
     * Sets one up and has it find each of these keys. It begins anew if that fails: on a machine with other work the first
     * fetch of a JVM may take longer than a peer waits for it.
     */
    Peer openWarm(IdentityProvider server, @Nullable Duration timeToLive, List<String> kids) throws Exception {
        return warm(() -> open(server, timeToLive), kids);
    }

    static Peer warm(Supplier<Peer> opens, List<String> kids) throws Exception {
        for (int i = 1; ; i++) {
            Peer peer = opens.get();
            try {
                for (String kid : kids) {
                    peer.find(kid);
                }
                return peer;
            } catch (Exception slow) {
                peer.close();
                if (i == 5) {
                    throw slow;
                }
            }
        }
    }

    static Peer hardening(IdentityProvider server, @Nullable Duration timeToLive, int remembered) {
        JWKSCache.Builder builder = JWKSCache.builder(server.jwksUri());
        if (timeToLive != null) {
            builder.timeToLive(timeToLive).refreshBefore(timeToLive.dividedBy(2));
        }
        JWKSCache cache = builder.build();
        TokenDecoder decoder = TokenDecoder.builder(cache)
                .issuer(server.issuer())
                .audience(Tokens.AUDIENCE)
                .cacheVerified(remembered)
                .build();
        return new Peer() {
            @Override
            public PublicKey find(String kid) {
                return cache.findKey(kid).orElseThrow().publicKey();
            }

            @Override
            public String verify(String token) {
                return decoder.decode(token).getSubject();
            }

            @Override
            public void close() {
                cache.close();
            }
        };
    }

    private static Peer nimbus(IdentityProvider server, @Nullable Duration timeToLive, boolean outageTolerant) {
        JWKSourceBuilder<SecurityContext> builder =
                JWKSourceBuilder.create(url(server)).outageTolerant(outageTolerant);
        if (timeToLive != null) {
            long millis = timeToLive.toMillis();
            builder.cache(millis, millis / 4)
                    .refreshAheadCache(millis / 2, false)
                    .rateLimited(millis / 10);
        }
        JWKSource<SecurityContext> source = builder.build();
        DefaultJWTProcessor<SecurityContext> processor = new DefaultJWTProcessor<>();
        processor.setJWSKeySelector(
                new JWSVerificationKeySelector<>(Set.of(JWSAlgorithm.RS256, JWSAlgorithm.ES256), source));
        processor.setJWTClaimsSetVerifier(new DefaultJWTClaimsVerifier<>(
                Tokens.AUDIENCE,
                new JWTClaimsSet.Builder().issuer(server.issuer()).build(),
                Set.of("sub", "exp")));
        return new Peer() {
            @Override
            public PublicKey find(String kid) throws JOSEException {
                List<JWK> keys = source.get(
                        new JWKSelector(new JWKMatcher.Builder().keyID(kid).build()), null);
                return publicKey(keys.get(0));
            }

            @Override
            public String verify(String token) throws Exception {
                return processor.process(token, null).getSubject();
            }

            @Override
            public void close() {
                if (source instanceof Closeable closeable) {
                    try {
                        closeable.close();
                    } catch (IOException impossible) {
                        throw new IllegalStateException(impossible);
                    }
                }
            }
        };
    }

    /** It has no way to ask for a key: what its decoder asks for each token is its processor's key selector. */
    private static Peer spring(IdentityProvider server, @Nullable Caffeine<Object, Object> cache) {
        AtomicReference<@Nullable JWSKeySelector<SecurityContext>> captured = new AtomicReference<>();
        NimbusJwtDecoder.JwkSetUriJwtDecoderBuilder builder = NimbusJwtDecoder.withJwkSetUri(
                        server.jwksUri().toString())
                .jwsAlgorithm(SignatureAlgorithm.RS256)
                .jwsAlgorithm(SignatureAlgorithm.ES256)
                .jwtProcessorCustomizer(processor -> captured.set(processor.getJWSKeySelector()));
        if (cache != null) {
            builder.cache(new CaffeineCache("jwks", cache.build()));
        }
        NimbusJwtDecoder decoder = builder.build();
        decoder.setJwtValidator(new DelegatingOAuth2TokenValidator<>(
                JwtValidators.createDefaultWithIssuer(server.issuer()),
                new JwtClaimValidator<List<String>>("aud", aud -> aud != null && aud.contains(Tokens.AUDIENCE))));
        JWSKeySelector<SecurityContext> selector = Objects.requireNonNull(captured.get());
        Map<String, JWSHeader> headers = new ConcurrentHashMap<>();
        return new Peer() {
            @Override
            public PublicKey find(String kid) throws Exception {
                // Nimbus has read the token's header by then: that of a key in use is not made here each time.
                JWSHeader known = headers.get(kid);
                JWSHeader header = known == null ? header(kid) : known;
                PublicKey key = (PublicKey) selector.selectJWSKeys(header, null).get(0);
                headers.putIfAbsent(kid, header);
                return key;
            }

            @Override
            public String verify(String token) {
                return Objects.requireNonNull(decoder.decode(token).getSubject());
            }
        };
    }

    private static JWSHeader header(String kid) {
        return new JWSHeader.Builder(isRsa(kid) ? JWSAlgorithm.RS256 : JWSAlgorithm.ES256)
                .keyID(kid)
                .build();
    }

    private static boolean isRsa(String kid) {
        return kid.startsWith("rsa");
    }

    private static Peer auth0(IdentityProvider server, @Nullable Duration timeToLive) {
        JwkProviderBuilder builder = new JwkProviderBuilder(url(server));
        if (timeToLive != null) {
            builder.cached(5, timeToLive).rateLimited(10, timeToLive.toMillis(), TimeUnit.MILLISECONDS);
        }
        JwkProvider provider = builder.build();
        JWTVerifier rsa = verifier(Algorithm.RSA256(new Auth0RsaKeys(provider)), server);
        JWTVerifier ec = verifier(Algorithm.ECDSA256(new Auth0EcKeys(provider)), server);
        return new Peer() {
            @Override
            public PublicKey find(String kid) throws Exception {
                return provider.get(kid).getPublicKey();
            }

            // Its verifiers are for one algorithm each: a token is told apart by its length, which costs nothing.
            @Override
            public String verify(String token) {
                return (isRsaToken(token) ? rsa : ec).verify(token).getSubject();
            }
        };
    }

    /** An RS256 signature of 2048 bits has 342 characters, an ES256 one 86. */
    private static boolean isRsaToken(String token) {
        return token.length() - token.lastIndexOf('.') > 200;
    }

    private static JWTVerifier verifier(Algorithm algorithm, IdentityProvider server) {
        return JWT.require(algorithm)
                .withIssuer(server.issuer())
                .withAudience(Tokens.AUDIENCE)
                .build();
    }

    private record Auth0RsaKeys(JwkProvider provider) implements RSAKeyProvider {
        @Override
        public RSAPublicKey getPublicKeyById(String kid) {
            return (RSAPublicKey) auth0Key(provider, kid);
        }

        @Override
        @SuppressWarnings("NullAway") // it only verifies
        public RSAPrivateKey getPrivateKey() {
            return null;
        }

        @Override
        @SuppressWarnings("NullAway") // it only verifies
        public String getPrivateKeyId() {
            return null;
        }
    }

    private record Auth0EcKeys(JwkProvider provider) implements ECDSAKeyProvider {
        @Override
        public ECPublicKey getPublicKeyById(String kid) {
            return (ECPublicKey) auth0Key(provider, kid);
        }

        @Override
        @SuppressWarnings("NullAway") // it only verifies
        public ECPrivateKey getPrivateKey() {
            return null;
        }

        @Override
        @SuppressWarnings("NullAway") // it only verifies
        public String getPrivateKeyId() {
            return null;
        }
    }

    private static PublicKey auth0Key(JwkProvider provider, String kid) {
        try {
            return provider.get(kid).getPublicKey();
        } catch (com.auth0.jwk.JwkException failed) {
            throw new IllegalStateException(failed);
        }
    }

    private static Peer jose4j(IdentityProvider server, @Nullable Duration timeToLive, Duration retained) {
        HttpsJwks jwks = new HttpsJwks(server.jwksUri().toString());
        if (timeToLive != null) {
            jwks.setDefaultCacheDuration(Math.max(1, timeToLive.toSeconds()));
        }
        jwks.setRetainCacheOnErrorDuration(retained.toSeconds());
        HttpsJwksVerificationKeyResolver resolver = new HttpsJwksVerificationKeyResolver(jwks);
        JwtConsumer consumer = new JwtConsumerBuilder()
                .setVerificationKeyResolver(resolver)
                .setJwsAlgorithmConstraints(AlgorithmConstraints.ConstraintType.PERMIT, "RS256", "ES256")
                .setExpectedIssuer(server.issuer())
                .setExpectedAudience(Tokens.AUDIENCE)
                .setRequireExpirationTime()
                .setRequireSubject()
                .build();
        return new Peer() {
            @Override
            public PublicKey find(String kid) throws Exception {
                return (PublicKey) resolver.resolveKey(jws(kid), List.of());
            }

            @Override
            public String verify(String token) throws Exception {
                return consumer.processToClaims(token).getSubject();
            }
        };
    }

    private static JsonWebSignature jws(String kid) {
        JsonWebSignature jws = new JsonWebSignature();
        jws.setKeyIdHeaderValue(kid);
        jws.setAlgorithmHeaderValue(isRsa(kid) ? "RS256" : "ES256");
        return jws;
    }

    /** What Quarkus has below its extension. Its parser cannot be asked for a key, but the part that finds it can. */
    private static Peer smallRye(IdentityProvider server) {
        JWTAuthContextInfo settings = new JWTAuthContextInfo();
        settings.setPublicKeyLocation(server.jwksUri().toString());
        settings.setSignatureAlgorithm(EnumSet.of(
                io.smallrye.jwt.algorithm.SignatureAlgorithm.RS256,
                io.smallrye.jwt.algorithm.SignatureAlgorithm.ES256));
        settings.setIssuedBy(server.issuer());
        settings.setExpectedAudience(Set.of(Tokens.AUDIENCE));
        settings.setRequiredClaims(Set.of("sub"));
        JWTParser parser = new DefaultJWTParser(settings);
        return new Peer() {
            private @Nullable KeyLocationResolver resolver;

            @Override
            public PublicKey find(String kid) throws Exception {
                return (PublicKey) resolver().resolveKey(jws(kid), List.of());
            }

            /** It fetches when it is made, and the parser makes it for the first token. */
            private synchronized KeyLocationResolver resolver() throws UnresolvableKeyException {
                if (resolver == null) {
                    resolver = new KeyLocationResolver(settings);
                }
                return resolver;
            }

            @Override
            public String verify(String token) throws Exception {
                return parser.parse(token).getSubject();
            }
        };
    }

    private static Map<String, PublicKey> fetchOnce(IdentityProvider server) {
        try (JWKSCache cache = JWKSCache.builder(server.jwksUri()).build()) {
            Map<String, PublicKey> keys = new HashMap<>();
            for (JWK key : cache.getKeys().getKeys()) {
                keys.put(key.getKeyID(), publicKey(key));
            }
            return keys;
        } catch (JOSEException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static PublicKey publicKey(JWK key) throws JOSEException {
        return key instanceof ECKey ec ? ec.toPublicKey() : key.toRSAKey().toPublicKey();
    }

    private static URL url(IdentityProvider server) {
        try {
            return server.jwksUri().toURL();
        } catch (MalformedURLException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
