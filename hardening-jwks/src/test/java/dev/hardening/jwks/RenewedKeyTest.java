package dev.hardening.jwks;

import static dev.hardening.jwks.KeyEndpoint.EC_1;
import static dev.hardening.jwks.KeyEndpoint.ISSUER;
import static dev.hardening.jwks.KeyEndpoint.RSA_1;
import static dev.hardening.jwks.KeyEndpoint.RSA_2;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.jwk.RSAKey;
import dev.hardening.jwks.InvalidTokenException.Reason;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** A signature that no held key verifies: the issuer may have put another key in an old one's place. */
class RenewedKeyTest {

    private static final RSAKey RENEWED =
            new RSAKey.Builder(RSA_2).keyID("rsa-1").build();
    private final String claims = "{\"iss\":\"" + ISSUER + "\",\"sub\":\"a-user\",\"exp\":"
            + Instant.now().plusSeconds(600).getEpochSecond() + "}";

    private final KeyEndpoint endpoint = new KeyEndpoint();
    private final JWKSCache cache = endpoint.open(endpoint.inline());
    private final TokenDecoder decoder =
            TokenDecoder.builder(cache).issuer(ISSUER).build();

    @AfterEach
    void stop() {
        endpoint.close();
    }

    private String withoutKid(RSAKey key) {
        return RawTokens.rs256("{\"alg\":\"RS256\"}", claims, key);
    }

    private static RSAKey nameless(RSAKey key) {
        return new RSAKey.Builder(key).keyID(null).build();
    }

    private void refused(String token, Reason reason) {
        assertThatThrownBy(() -> decoder.decode(token))
                .isInstanceOfSatisfying(
                        InvalidTokenException.class,
                        refused -> assertThat(refused.reason()).isEqualTo(reason));
    }

    @Nested
    class UnderTheSameKeyId {

        @Test
        void is_accepted_within_the_request() {
            decoder.decode(KeyEndpoint.token(RSA_1));
            endpoint.serve(RENEWED, EC_1);
            endpoint.advance(Duration.ofSeconds(5));
            assertThat(decoder.decode(KeyEndpoint.token(RENEWED))).isNotNull();
            assertThat(endpoint.gets).hasValue(2);
            refused(KeyEndpoint.token(RSA_1), Reason.BAD_SIGNATURE);
        }

        @Test
        void is_accepted_without_waiting_on_the_thread() throws Exception {
            decoder.decode(KeyEndpoint.token(RSA_1));
            endpoint.serve(RENEWED, EC_1);
            endpoint.advance(Duration.ofSeconds(5));
            CompletableFuture<?> accepted = decoder.decodeAsync(KeyEndpoint.token(RENEWED));
            assertThat(accepted.get()).isNotNull();
            assertThat(endpoint.gets).hasValue(2);
        }

        @Test
        void costs_a_flood_of_bad_signatures_no_more_than_forged_key_ids() {
            decoder.decode(KeyEndpoint.token(RSA_1));
            String forged = KeyEndpoint.token(RENEWED);
            for (int i = 0; i < 300; i++) {
                refused(forged, Reason.BAD_SIGNATURE);
                endpoint.advance(Duration.ofMillis(100));
            }
            assertThat(endpoint.gets).hasValueLessThanOrEqualTo(1 + 4); // a burst of 3, and one in 30 s
            assertThat(decoder.decode(KeyEndpoint.token(RSA_1))).isNotNull();
        }

        @Test
        void is_accepted_after_one_bad_token_came_often() {
            decoder.decode(KeyEndpoint.token(RSA_1));
            endpoint.advance(Duration.ofMinutes(1));
            String forged = KeyEndpoint.token(RENEWED);
            for (int i = 0; i < 20; i++) {
                refused(forged, Reason.BAD_SIGNATURE);
                endpoint.advance(Duration.ofMillis(20));
            }
            endpoint.serve(RENEWED, EC_1);
            endpoint.advance(Duration.ofSeconds(1));
            assertThat(decoder.decode(KeyEndpoint.token(RENEWED))).isNotNull();
        }

        @Test
        void is_found_for_a_library_that_verifies_itself() {
            decoder.decode(KeyEndpoint.token(RSA_1));
            endpoint.serve(RENEWED, EC_1);
            endpoint.advance(Duration.ofSeconds(5));
            assertThat(decoder.getSigningKey(KeyEndpoint.token(RENEWED)).jwk()).isEqualTo(RENEWED.toPublicJWK());
            assertThat(decoder.getSigningKey(KeyEndpoint.token(RSA_1)).jwk())
                    .as("the key that the token names")
                    .isEqualTo(RENEWED.toPublicJWK());
        }

        @Test
        void is_not_fetched_for_a_wrong_algorithm_or_no_signature() {
            decoder.decode(KeyEndpoint.token(EC_1));
            endpoint.advance(Duration.ofMinutes(2));
            for (int i = 0; i < 100; i++) {
                refused(
                        KeyEndpoint.token(
                                new RSAKey.Builder(RSA_2).keyID("ec-1").build()),
                        Reason.UNSUPPORTED_ALGORITHM);
            }
            String token = KeyEndpoint.token(RSA_1);
            refused(token.substring(0, token.lastIndexOf('.') + 1), Reason.BAD_SIGNATURE);
            assertThat(endpoint.gets).hasValue(1);
        }

        @Test
        void is_refused_during_an_outage_and_the_old_key_goes_on() {
            decoder.decode(KeyEndpoint.token(RSA_1));
            endpoint.down();
            endpoint.advance(Duration.ofSeconds(5));
            refused(KeyEndpoint.token(RENEWED), Reason.BAD_SIGNATURE);
            assertThat(decoder.decode(KeyEndpoint.token(RSA_1))).isNotNull();
        }
    }

    @Nested
    class WithoutAKeyId {

        @Test
        void is_accepted_within_the_request() {
            endpoint.serve(nameless(RSA_1));
            decoder.decode(withoutKid(RSA_1));
            endpoint.serve(nameless(RSA_2));
            endpoint.advance(Duration.ofSeconds(5));
            assertThat(decoder.decode(withoutKid(RSA_2))).isNotNull();
            assertThat(endpoint.gets).hasValue(2);
        }

        @Test
        void is_found_for_a_library_that_verifies_itself() {
            endpoint.serve(EC_1);
            decoder.decode(KeyEndpoint.token(EC_1));
            endpoint.serve(nameless(RSA_1));
            endpoint.advance(Duration.ofSeconds(5));
            assertThat(decoder.getSigningKey(withoutKid(RSA_1)).jwk())
                    .isEqualTo(nameless(RSA_1).toPublicJWK());
            endpoint.serve(nameless(RSA_2));
            endpoint.advance(Duration.ofSeconds(5));
            assertThat(decoder.getSigningKey(withoutKid(RSA_2)).jwk())
                    .isEqualTo(nameless(RSA_2).toPublicJWK());
        }

        @Test
        void is_accepted_where_the_old_set_had_none_of_its_type() {
            endpoint.serve(EC_1);
            decoder.decode(KeyEndpoint.token(EC_1));
            endpoint.serve(EC_1, nameless(RSA_2));
            endpoint.advance(Duration.ofSeconds(5));
            assertThat(decoder.decode(withoutKid(RSA_2))).isNotNull();
        }

        @Test
        void is_unavailable_in_an_outage_and_the_old_key_goes_on() {
            endpoint.serve(nameless(RSA_1));
            decoder.decode(withoutKid(RSA_1));
            endpoint.down();
            endpoint.advance(Duration.ofSeconds(5));
            refused(withoutKid(RSA_2), Reason.BAD_SIGNATURE); // the keys were just confirmed
            endpoint.advance(Duration.ofMinutes(50));
            unavailable(withoutKid(RSA_2));
            assertThat(decoder.decode(withoutKid(RSA_1))).isNotNull();
            endpoint.serve(nameless(RSA_2));
            endpoint.advance(Duration.ofMinutes(1));
            assertThat(decoder.decode(withoutKid(RSA_2))).isNotNull();
            refused(withoutKid(RSA_1), Reason.BAD_SIGNATURE);
        }

        @Test
        void is_unavailable_in_an_outage_if_no_key_fits() {
            endpoint.serve(EC_1);
            decoder.decode(KeyEndpoint.token(EC_1));
            endpoint.down();
            endpoint.advance(Duration.ofMinutes(50));
            unavailable(withoutKid(RSA_2));
        }

        private void unavailable(String token) {
            assertThatThrownBy(() -> decoder.decode(token)).isInstanceOf(JWKSUnavailableException.class);
            assertThatThrownBy(decoder.decodeAsync(token)::join).hasCauseInstanceOf(JWKSUnavailableException.class);
        }

        @Test
        void is_unknown_if_no_key_fits() {
            endpoint.serve(EC_1);
            refused(withoutKid(RSA_2), Reason.UNKNOWN_KEY);
        }
    }
}
