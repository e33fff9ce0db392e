package dev.hardening.jwks;

import static dev.hardening.jwks.KeyEndpoint.EC_1;
import static dev.hardening.jwks.KeyEndpoint.EC_2;
import static dev.hardening.jwks.KeyEndpoint.RSA_1;
import static dev.hardening.jwks.KeyEndpoint.RSA_2;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKMatcher;
import com.nimbusds.jose.jwk.JWKSelector;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.security.oauth2.jose.jws.SignatureAlgorithm;
import org.springframework.security.oauth2.jwt.BadJwtException;
import org.springframework.security.oauth2.jwt.JwtException;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;

/** The cache as a key source inside the decoders that services already use. */
class JWKSourceTest {

    /** Verifies a token, and returns its subject. */
    @FunctionalInterface
    interface Verifier {
        String subject(String token) throws Exception;
    }

    enum Inside {
        NIMBUS(BadJOSEException.class, KeySourceException.class) {
            @Override
            Verifier over(JWKSCache cache) {
                DefaultJWTProcessor<SecurityContext> processor = new DefaultJWTProcessor<>();
                processor.setJWSKeySelector(new JWSVerificationKeySelector<>(
                        Set.of(JWSAlgorithm.RS256, JWSAlgorithm.ES256), cache.asJWKSource()));
                return token -> processor.process(token, null).getSubject();
            }
        },
        SPRING(BadJwtException.class, JwtException.class) {
            @Override
            Verifier over(JWKSCache cache) {
                JWKSource<SecurityContext> source = cache.asJWKSource();
                NimbusJwtDecoder decoder = NimbusJwtDecoder.withJwkSource(source)
                        .jwsAlgorithm(SignatureAlgorithm.RS256)
                        .jwsAlgorithm(SignatureAlgorithm.ES256)
                        .build();
                return token -> decoder.decode(token).getSubject();
            }
        };

        final Class<? extends Exception> badToken;
        final Class<? extends Exception> outage;

        Inside(Class<? extends Exception> badToken, Class<? extends Exception> outage) {
            this.badToken = badToken;
            this.outage = outage;
        }

        abstract Verifier over(JWKSCache cache);
    }

    private final KeyEndpoint endpoint = new KeyEndpoint();
    private final JWKSCache cache = endpoint.open(endpoint.inline());
    private final ExecutorService requests = Executors.newCachedThreadPool();

    @AfterEach
    void stop() {
        requests.shutdownNow();
        endpoint.close();
    }

    private static void accepted(Verifier verifier, String token) throws Exception {
        assertThat(verifier.subject(token)).isEqualTo("4c6b1c5e-9f5b-4a51-8d5a-6e1f7f3c2a10");
    }

    private static void refused(Inside inside, Verifier verifier, String token) {
        assertThat(catchThrowable(() -> verifier.subject(token))).isInstanceOf(inside.badToken);
    }

    @ParameterizedTest
    @EnumSource
    void accepts_both_kinds_of_token_and_no_forgery(Inside inside) throws Exception {
        Verifier verifier = inside.over(cache);
        accepted(verifier, KeyEndpoint.token(RSA_1));
        accepted(verifier, KeyEndpoint.token(EC_1));
        refused(
                inside,
                verifier,
                KeyEndpoint.token(new RSAKey.Builder(RSA_2).keyID("rsa-1").build()));
        refused(inside, verifier, "eyJhbGciOiJub25lIn0.e30.");
        assertThat(endpoint.gets).hasValue(1);
    }

    @ParameterizedTest
    @EnumSource
    void accepts_a_rotation_within_the_request(Inside inside) throws Exception {
        Verifier verifier = inside.over(cache);
        accepted(verifier, KeyEndpoint.token(RSA_1));
        endpoint.serve(RSA_1, RSA_2);
        endpoint.advance(Duration.ofSeconds(5));
        accepted(verifier, KeyEndpoint.token(RSA_2));
        accepted(verifier, KeyEndpoint.token(RSA_1));
        assertThat(endpoint.gets).hasValue(2);
    }

    @ParameterizedTest
    @EnumSource
    void asks_once_for_200_tokens_of_a_new_key(Inside inside) throws Exception {
        JWKSCache background = endpoint.open(endpoint.background());
        Verifier verifier = inside.over(background);
        accepted(verifier, KeyEndpoint.token(RSA_1));
        CountDownLatch gate = new CountDownLatch(1);
        endpoint.script(KeyEndpoint.held(gate, KeyEndpoint.serving(RSA_1, RSA_2)));
        String token = KeyEndpoint.token(RSA_2);
        List<Future<String>> results = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            results.add(requests.submit(() -> verifier.subject(token)));
        }
        Awaitility.await().until(() -> background.status().fetches() == 2);
        gate.countDown();
        for (Future<String> result : results) {
            assertThat(result.get()).isNotNull();
        }
        assertThat(endpoint.gets).hasValue(2);
    }

    @ParameterizedTest
    @EnumSource
    void goes_on_with_known_keys_in_an_outage(Inside inside) throws Exception {
        Verifier verifier = inside.over(cache);
        accepted(verifier, KeyEndpoint.token(EC_1));
        endpoint.down();
        for (int hour = 0; hour < 23; hour++) {
            endpoint.advance(Duration.ofHours(1));
            accepted(verifier, KeyEndpoint.token(EC_1));
            assertThat(catchThrowable(() -> verifier.subject(KeyEndpoint.token(EC_2))))
                    .as("it cannot be known whether there is such a key")
                    .isNotNull()
                    .isNotInstanceOf(inside.badToken);
        }
        endpoint.serve(EC_2);
        endpoint.advance(Duration.ofMinutes(1));
        accepted(verifier, KeyEndpoint.token(EC_2));
    }

    @ParameterizedTest
    @EnumSource
    void calls_no_token_bad_in_an_outage(Inside inside) {
        endpoint.down();
        Verifier verifier = inside.over(cache);
        assertThat(catchThrowable(() -> verifier.subject(KeyEndpoint.token(EC_1))))
                .isInstanceOf(inside.outage)
                .isNotInstanceOf(inside.badToken);
    }

    @ParameterizedTest
    @EnumSource
    void loses_no_valid_token_in_a_flood(Inside inside) throws Exception {
        Verifier verifier = inside.over(cache);
        String valid = KeyEndpoint.token(EC_1);
        accepted(verifier, valid);
        Random random = new Random(7);
        for (int i = 0; i < 500; i++) {
            String forged = KeyEndpoint.token(new RSAKey.Builder(RSA_2)
                    .keyID(KeyEndpoint.randomKid(random))
                    .build());
            refused(inside, verifier, forged);
            endpoint.advance(Duration.ofMillis(10));
        }
        accepted(verifier, valid);
        assertThat(endpoint.gets).hasValue(2);
    }

    @ParameterizedTest
    @EnumSource
    void refuses_a_removed_key_by_its_time_to_live(Inside inside) throws Exception {
        Verifier verifier = inside.over(cache);
        accepted(verifier, KeyEndpoint.token(EC_1));
        endpoint.serve(RSA_1);
        endpoint.advance(Duration.ofMinutes(56));
        accepted(verifier, KeyEndpoint.token(RSA_1));
        endpoint.advance(Duration.ofMinutes(4));
        refused(inside, verifier, KeyEndpoint.token(EC_1));
        accepted(verifier, KeyEndpoint.token(RSA_1));
    }

    @ParameterizedTest
    @EnumSource
    void accepts_a_key_without_an_id_that_replaces_another_type(Inside inside) throws Exception {
        RSAKey before = new RSAKey.Builder(RSA_1).keyID(null).build();
        ECKey after = new ECKey.Builder(EC_1).keyID(null).build();
        endpoint.serve(before);
        Verifier verifier = inside.over(cache);
        accepted(verifier, KeyEndpoint.token(before));
        endpoint.serve(after);
        accepted(verifier, KeyEndpoint.token(after));
        for (int i = 0; i < 100; i++) {
            refused(inside, verifier, KeyEndpoint.token(before));
        }
        assertThat(endpoint.gets).as("within the budget").hasValue(2);
    }

    @Test
    void finds_the_held_one_of_several_keys_in_an_outage() throws Exception {
        cache.getKeys();
        endpoint.down();
        endpoint.advance(Duration.ofMinutes(2));
        for (String[] kids : new String[][] {{"rsa-1", "gone"}, {"gone", "rsa-1"}}) {
            JWKSelector selector =
                    new JWKSelector(new JWKMatcher.Builder().keyIDs(kids).build());
            assertThat(cache.asJWKSource().get(selector, null))
                    .extracting(JWK::getKeyID)
                    .containsExactly("rsa-1");
        }
        JWKSelector none =
                new JWKSelector(new JWKMatcher.Builder().keyIDs("gone", "lost").build());
        assertThatThrownBy(() -> cache.asJWKSource().get(none, null)).isInstanceOf(KeySourceException.class);
    }

    @ParameterizedTest
    @EnumSource
    void asks_nothing_for_a_wrong_algorithm(Inside inside) throws Exception {
        Verifier verifier = inside.over(cache);
        accepted(verifier, KeyEndpoint.token(EC_1));
        endpoint.advance(Duration.ofMinutes(2));
        String token = KeyEndpoint.token(new RSAKey.Builder(RSA_1).keyID("ec-1").build());
        for (int i = 0; i < 100; i++) {
            refused(inside, verifier, token);
        }
        assertThat(endpoint.gets).hasValue(1);
    }
}
