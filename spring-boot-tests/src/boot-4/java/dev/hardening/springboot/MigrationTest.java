package dev.hardening.springboot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.auth0.jwk.JwkProvider;
import com.auth0.jwk.JwkProviderBuilder;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import dev.hardening.config.SecretSource;
import dev.hardening.config.SecretValidationException;
import dev.hardening.config.SecretValidator;
import dev.hardening.jwks.InvalidTokenException;
import dev.hardening.jwks.JWKSCache;
import dev.hardening.jwks.TokenDecoder;
import dev.hardening.redis.ConnectedRedis;
import dev.hardening.redis.RedisConnector;
import dev.hardening.testing.IdentityProvider;
import dev.hardening.testing.RedisServer;
import dev.hardening.testing.Tokens;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import java.net.URI;
import java.security.PublicKey;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jose4j.jwk.HttpsJwks;
import org.jose4j.jwt.consumer.InvalidJwtException;
import org.jose4j.jwt.consumer.JwtConsumer;
import org.jose4j.jwt.consumer.JwtConsumerBuilder;
import org.jose4j.keys.resolvers.HttpsJwksVerificationKeyResolver;
import org.jose4j.keys.resolvers.VerificationKeyResolver;
import org.jose4j.lang.UnresolvableKeyException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;

/** The examples of docs/migration.md: what there was, and the line that takes its place, each with the same token. */
class MigrationTest {

    private static final String SUBJECT = "4c6b1c5e-9f5b-4a51-8d5a-6e1f7f3c2a10";

    private IdentityProvider provider;
    private String jwksUri;
    private String token;
    private JWKSCache cache;

    @BeforeEach
    void start() throws Exception {
        provider = new IdentityProvider(Tokens.RSA_1, Tokens.EC_1);
        jwksUri = provider.jwksUri().toString();
        token = provider.token(Tokens.RSA_1);
        // example: cache
        cache = JWKSCache.builder(URI.create(jwksUri)).build();
        // example: end
    }

    @AfterEach
    void stop() {
        cache.close();
        provider.close();
    }

    @Test
    void springs_decoder() {
        JwtDecoder before = springsOwn();
        // example: spring-after
        JwtDecoder decoder = NimbusJwtDecoder.withJwkSource(cache.asJWKSource()).build();
        // example: end
        assertThat(decoder.decode(token).getSubject())
                .isEqualTo(before.decode(token).getSubject())
                .isEqualTo(SUBJECT);
    }

    /** For Spring Security 6 as well, which has no withJwkSource. */
    @Test
    void springs_decoder_by_a_processor() throws Exception {
        // example: spring-processor-after
        DefaultJWTProcessor<SecurityContext> processor = new DefaultJWTProcessor<>();
        processor.setJWSKeySelector(new JWSVerificationKeySelector<>(JWSAlgorithm.RS256, cache.asJWKSource()));
        processor.setJWTClaimsSetVerifier((claims, context) -> {}); // the decoder's validators check them
        JwtDecoder decoder = new NimbusJwtDecoder(processor);
        // example: end
        for (String each : new String[] {token, withoutKeyId()}) {
            assertThat(decoder.decode(each).getSubject())
                    .isEqualTo(springsOwn().decode(each).getSubject())
                    .isEqualTo(SUBJECT);
        }
    }

    /** The same token, signed again with a header that names no key. */
    private String withoutKeyId() throws Exception {
        SignedJWT jwt = new SignedJWT(
                new JWSHeader(JWSAlgorithm.RS256), SignedJWT.parse(token).getJWTClaimsSet());
        jwt.sign(new RSASSASigner(Tokens.RSA_1));
        return jwt.serialize();
    }

    private JwtDecoder springsOwn() {
        // example: spring-before
        JwtDecoder decoder = NimbusJwtDecoder.withJwkSetUri(jwksUri).build();
        // example: end
        return decoder;
    }

    @Test
    void nimbus_builder() throws Exception {
        // example: nimbus-after
        JWKSource<SecurityContext> source = cache.asJWKSource();
        // example: end
        assertThat(subjectBy(source)).isEqualTo(subjectBy(nimbusOwn())).isEqualTo(SUBJECT);
    }

    private JWKSource<SecurityContext> nimbusOwn() throws Exception {
        // example: nimbus-before
        JWKSource<SecurityContext> source =
                JWKSourceBuilder.create(URI.create(jwksUri).toURL()).build();
        // example: end
        return source;
    }

    private String subjectBy(JWKSource<SecurityContext> source) throws Exception {
        DefaultJWTProcessor<SecurityContext> processor = new DefaultJWTProcessor<>();
        processor.setJWSKeySelector(new JWSVerificationKeySelector<>(JWSAlgorithm.RS256, source));
        return processor.process(token, null).getSubject();
    }

    @Test
    void jose4j_resolver() throws Exception {
        // example: jose4j-after
        TokenDecoder decoder = TokenDecoder.builder(cache).build();
        VerificationKeyResolver keys = (jws, nesting) -> {
            String token = String.join(
                    ".", jws.getHeaders().getEncodedHeader(), jws.getEncodedPayload(), jws.getEncodedSignature());
            try {
                return decoder.getSigningKey(token).publicKey();
            } catch (InvalidTokenException refused) {
                throw new UnresolvableKeyException("no such key", refused);
            }
        };
        // example: end
        assertThat(subject(keys)).isEqualTo(SUBJECT);
        token = withoutKeyId();
        assertThat(subject(keys)).isEqualTo(SUBJECT);
        token = provider.token(Tokens.EC_2);
        assertThatExceptionOfType(InvalidJwtException.class).isThrownBy(() -> subject(keys));
    }

    /** Only that it compiles: it takes https alone, which the provider here is not. */
    @Test
    void jose4j_own_resolver_is_one_of_the_same_type() {
        // example: jose4j-before
        VerificationKeyResolver keys = new HttpsJwksVerificationKeyResolver(new HttpsJwks(jwksUri));
        // example: end
        assertThat(keys).isNotNull();
    }

    private String subject(VerificationKeyResolver keys) throws Exception {
        JwtConsumer consumer = new JwtConsumerBuilder()
                .setVerificationKeyResolver(keys)
                .setExpectedAudience("authenticated")
                .build();
        return consumer.processToClaims(token).getSubject();
    }

    @Test
    void jwks_rsa_provider() throws Exception {
        String kid = "rsa-1";
        // example: jwks-rsa-after
        PublicKey key = cache.findKey(kid).orElseThrow().publicKey();
        // example: end
        assertThat(cache.findKey(null))
                .as("for a token without a key id, the only key, of which there are more")
                .isEmpty();
        assertThat(key).isEqualTo(jwksRsa(kid)).isEqualTo(Tokens.RSA_1.toPublicKey());
    }

    private PublicKey jwksRsa(String kid) throws Exception {
        // example: jwks-rsa-before
        JwkProvider provider = new JwkProviderBuilder(URI.create(jwksUri).toURL())
                .cached(10, 24, TimeUnit.HOURS)
                .build();
        PublicKey key = provider.get(kid).getPublicKey();
        // example: end
        return key;
    }

    @Test
    void a_script_that_waits_for_redis() throws Exception {
        try (RedisServer server = RedisServer.start()) {
            String url = "redis://127.0.0.1:" + server.port();
            // example: redis-after
            ConnectedRedis redis = RedisConnector.builder(url).build().connect();
            // example: end
            try (redis) {
                assertThat(redis.sync().ping()).isEqualTo(lettuceOwn(url)).isEqualTo("PONG");
            }
        }
    }

    private static String lettuceOwn(String url) {
        // example: redis-before
        RedisClient client = RedisClient.create(url);
        StatefulRedisConnection<String, String> connection = client.connect();
        // example: end
        try (connection) {
            return connection.sync().ping();
        } finally {
            client.shutdown();
        }
    }

    @Test
    void a_chain_of_checks_for_variables() {
        SecretSource environment = SecretSource.of(Map.of("LIVEKIT_API_KEY", "a-key"));
        assertThatExceptionOfType(SecretValidationException.class)
                .isThrownBy(() -> {
                    // example: secrets-after
                    SecretValidator.requiring("SUPABASE_URL", "LIVEKIT_API_KEY").validate(environment);
                    // example: end
                })
                .withMessageStartingWith("Missing required secrets: SUPABASE_URL\n");
    }
}
