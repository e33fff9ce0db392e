package dev.hardening.jwks;

import static dev.hardening.jwks.KeyEndpoint.EC_1;
import static dev.hardening.jwks.KeyEndpoint.EC_2;
import static dev.hardening.jwks.KeyEndpoint.RSA_1;
import static dev.hardening.jwks.KeyEndpoint.RSA_2;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jose.util.JSONObjectUtils;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a published key set may hold beside good keys. */
class KeySetParserTest {

    private static final String GOOD = EC_1.toPublicJWK().toJSONString();

    private final List<String> reported = new ArrayList<>();

    private KeySet parse(String... keys) throws IOException {
        String body = "{\"keys\":[" + String.join(",", keys) + "]}";
        return KeySetParser.parse(
                body.getBytes(StandardCharsets.UTF_8),
                null,
                (kid, reason, fingerprint) -> reported.add(kid + " is " + reason));
    }

    private static List<String> kids(KeySet set) {
        return set.keys().stream().map(SigningKey::kid).toList();
    }

    /** A good key with one more member, or another value of one. */
    private static String with(JWK key, String member, @Nullable Object value) {
        Map<String, Object> members = new LinkedHashMap<>(key.toPublicJWK().toJSONObject());
        members.put(member, value);
        return JSONObjectUtils.toJSONString(members);
    }

    private static String rsa(byte[] modulus) {
        return "{\"kty\":\"RSA\",\"kid\":\"r\",\"e\":\"AQAB\",\"n\":\"" + Base64URL.encode(modulus) + "\"}";
    }

    @Nested
    class AnRsaModulus {

        @ParameterizedTest
        @CsvSource({"1024, 0", "1024, 128", "1024, 1000", "2040, 0", "2040, 1", "2047, 1", "512, 200"})
        void below_2048_significant_bits_is_refused(int bits, int zerosInFront) throws Exception {
            byte[] number = BigInteger.ONE.shiftLeft(bits - 1).setBit(0).toByteArray();
            byte[] padded = new byte[zerosInFront + number.length];
            System.arraycopy(number, 0, padded, zerosInFront, number.length);
            assertThat(kids(parse(rsa(padded), GOOD))).containsExactly("ec-1");
            assertThat(reported)
                    .containsExactly("r is of " + bits + " bits, which is not supported: an RSA key has 2048 to 16384");
        }

        @ParameterizedTest
        @ValueSource(ints = {0, 1, 3, 300})
        void of_2048_bits_is_accepted_whatever_its_padding(int zerosInFront) throws Exception {
            byte[] number = RSA_1.getModulus().decode();
            byte[] padded = new byte[zerosInFront + number.length];
            System.arraycopy(number, 0, padded, zerosInFront, number.length);
            KeySet set = parse(rsa(padded));
            assertThat(set.keys().get(0).publicKey()).isEqualTo(RSA_1.toRSAPublicKey());
            assertThat(reported).isEmpty();
        }

        @Test
        void with_an_exponent_of_1_or_an_even_one_is_malformed() throws Exception {
            for (int exponent : new int[] {1, 2, 65_536}) {
                String key = with(
                        RSA_1,
                        "e",
                        Base64URL.encode(BigInteger.valueOf(exponent)).toString());
                assertThat(kids(parse(key, GOOD))).containsExactly("ec-1");
            }
            assertThat(reported).hasSize(3).containsOnly("rsa-1 is malformed");
        }
    }

    @Nested
    class AMemberThatVerifyingDoesNotNeed {

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                value = {
                    "x5c | [\"not a certificate\"]",
                    "x5c | \"text\"",
                    "x5c | []",
                    "x5t | 7",
                    "x5t#S256 | {}",
                    "x5u | \"no uri at all %%\"",
                    "x5u | 1",
                    "exp | \"tomorrow\"",
                    "nbf | []",
                    "iat | {}"
                })
        void is_left_out_if_malformed_and_the_key_works(String member, String json) throws Exception {
            for (JWK key : List.of(RSA_1, EC_1)) {
                reported.clear();
                Object value = JSONObjectUtils.parse("{\"v\":" + json + "}").get("v");
                KeySet set = parse(with(key, member, value));
                assertThat(kids(set)).containsExactly(key.getKeyID());
                assertThat(set.jwkSet().toString(true)).doesNotContain("not a certificate");
                assertThat(reported)
                        .hasSizeLessThanOrEqualTo(1)
                        .allMatch(line -> line.equals(key.getKeyID() + " is used without its " + member
                                + ", which cannot be read or is not this key's"));
            }
        }

        @Test
        void is_said_of_each_that_is_left_out() throws Exception {
            Map<String, Object> members =
                    new LinkedHashMap<>(RSA_1.toPublicJWK().toJSONObject());
            members.put("x5c", List.of("AAAA"));
            members.put("iat", "never");
            members.put("x5t#S256", "abcd");
            members.put("unknown", Map.of("a", 1));
            KeySet set = parse(JSONObjectUtils.toJSONString(members));
            assertThat(kids(set)).containsExactly("rsa-1");
            assertThat(set.jwkSet().getKeys().get(0).getX509CertSHA256Thumbprint())
                    .hasToString("abcd");
            assertThat(reported)
                    .containsExactly(
                            "rsa-1 is used without its x5c, which cannot be read or is not this key's",
                            "rsa-1 is used without its iat, which cannot be read or is not this key's");
        }

        @ParameterizedTest
        @ValueSource(strings = {"[\"verify\",\"frobnicate\"]", "[\"frobnicate\"]", "[\"verify\",7]", "{}", "7"})
        void such_as_an_unknown_operation_does_not_cost_the_key(String operations) throws Exception {
            Object value = JSONObjectUtils.parse("{\"v\":" + operations + "}").get("v");
            assertThat(kids(parse(with(RSA_1, "key_ops", value)))).containsExactly("rsa-1");
            assertThat(reported)
                    .containsExactly(
                            "rsa-1 is used without some of its key_ops, which are unknown or contradict its use");
        }

        @ParameterizedTest
        @ValueSource(strings = {"[]", "[\"verify\"]", "[\"Verify\"]", "\"verify\"", "[\"verify\",\"verify\"]", "null"})
        void such_as_key_ops_in_another_form_is_understood(String operations) throws Exception {
            Object value = JSONObjectUtils.parse("{\"v\":" + operations + "}").get("v");
            assertThat(kids(parse(with(RSA_1, "key_ops", value)))).containsExactly("rsa-1");
            assertThat(reported).isEmpty();
        }

        @Test
        void such_as_a_private_part_is_dropped_even_if_malformed() throws Exception {
            Map<String, Object> members =
                    new LinkedHashMap<>(RSA_1.toPublicJWK().toJSONObject());
            members.put("d", "***");
            members.put("p", 7);
            KeySet set = parse(JSONObjectUtils.toJSONString(members));
            assertThat(set.keys().get(0).jwk().isPrivate()).isFalse();
            assertThat(reported).containsExactly("rsa-1 is published with its private part, which is dropped");
        }
    }

    @Nested
    class BesideAGoodKey {

        @ParameterizedTest
        @CsvSource({"SIG", "Sig", "sIG"})
        void a_use_in_another_case_is_understood(String use) throws Exception {
            KeySet set = parse(with(RSA_1, "use", use));
            assertThat(set.keys().get(0).jwk().getKeyUse()).isEqualTo(KeyUse.SIGNATURE);
            assertThat(reported).isEmpty();
        }

        @Test
        void an_alg_in_another_case_is_understood() throws Exception {
            KeySet set = parse(with(RSA_1, "alg", "rs256"));
            assertThat(set.fitting("rsa-1", SigningAlgorithm.RS256)).hasSize(1);
            assertThat(set.fitting("rsa-1", SigningAlgorithm.RS512)).isEmpty();
        }

        @Test
        void a_key_for_encryption_is_kept_and_never_verifies() throws Exception {
            KeySet set = parse(with(RSA_1, "use", "ENC"), GOOD);
            assertThat(kids(set)).containsExactly("ec-1");
            assertThat(set.jwkSet().getKeys()).hasSize(2);
            assertThat(reported).isEmpty();
        }

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                value = {
                    "{'kty':'EC','crv':'secp256k1','x':'79BE','y':'483A'} | malformed",
                    "{'kty':'EC','crv':'secp256k1','x':'eb5mfvncu6xVoGKVzocLBwKb_NstzijZWfKBWxb4F5g',"
                            + "'y':'SDradyajxGVdpPv8DhEIqP0XtEimhVQZnEfQj_sQ1Lg'}"
                            + " | of the curve secp256k1, which is not supported",
                    "{'kty':'OKP','crv':'X25519','x':'11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'}"
                            + " | of the curve X25519, which is not supported",
                    "{'kty':'OKP','crv':'Ed448','x':'X9dEm1m0Yf0s54fsYWrUah2hNCSFpw4fig6nXYDpZ3jt8SR2m0bHBhvWeD3x5Q9s0foavq_oJWGA'}"
                            + " | of the curve Ed448, which is not supported",
                    "{'kty':'OKP','crv':'Ed25519','x':'AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'} | malformed",
                    "{'kty':'OKP','crv':'Ed25519','x':'AAAA'} | malformed",
                    "{'kty':'OKP','crv':'Ed25519','x':'AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'} | malformed",
                    "{'kty':'OKP','crv':'Ed25519','x':'7v_______________________________________38'} | malformed",
                    "{'kty':'OKP','crv':'P-256','x':'AAAA'} | malformed",
                    "{'kty':'EC','crv':'P-999','x':'AA','y':'AA'} | of a curve that is not supported",
                    "{'kty':'AKP','alg':'ML-DSA-44','pub':'AAAA'} | of a type that is not supported",
                    "{'kty':7} | malformed",
                    "{'kty':'oct','k':'AAAA'} | symmetric"
                })
        void a_key_that_cannot_verify_is_told_with_its_reason(String key, String reason) throws Exception {
            String json = key.replace('\'', '"').replace("{", "{\"kid\":\"other\",");
            assertThat(kids(parse(json, GOOD))).containsExactly("ec-1");
            assertThat(reported).containsExactly("other is " + reason);
        }

        @ParameterizedTest
        @CsvSource({
            "RSA_1, n, , it has no n",
            "RSA_1, e, , it has no e",
            "RSA_1, e, 65537, its e is not text",
            "EC_2, crv, , it has no crv",
            "EC_2, x, , it has no x",
            "EC_2, y, 7, its y is not text"
        })
        void a_key_without_a_member_that_it_needs_names_it(
                String key, String member, @Nullable Long value, String reason) throws Exception {
            JWK jwk = key.equals("EC_2") ? EC_2 : RSA_1;
            assertThat(kids(parse(with(jwk, member, value), GOOD))).containsExactly("ec-1");
            assertThat(reported).containsExactly(jwk.getKeyID() + " is malformed: " + reason);
        }

        @Test
        void an_octet_key_pair_without_its_point_names_it() throws Exception {
            for (String members : List.of("\"crv\":\"Ed25519\"", "\"x\":\"AAAA\"")) {
                assertThat(kids(parse("{\"kty\":\"OKP\",\"kid\":\"o\"," + members + "}", GOOD)))
                        .containsExactly("ec-1");
            }
            assertThat(reported).containsExactly("o is malformed: it has no x", "o is malformed: it has no crv");
        }

        @ParameterizedTest
        @CsvSource({
            "use, tls, for another use than signatures",
            "alg, ES256, 'for an algorithm that is not supported, or not its type''s'",
            "alg, RSA-OAEP, 'for an algorithm that is not supported, or not its type''s'",
            "key_ops, sign, for other operations than verifying",
            "key_ops, encrypt, for other operations than verifying"
        })
        void a_key_for_something_else_is_told_with_its_reason(String member, String value, String reason)
                throws Exception {
            assertThat(kids(parse(with(RSA_1, member, value), GOOD))).containsExactly("ec-1");
            assertThat(reported).containsExactly("rsa-1 is " + reason);
        }

        @Test
        void a_key_that_is_revoked_never_verifies() throws Exception {
            String revoked = with(RSA_1, "revoked", Map.of("revoked_at", 1_700_000_000));
            assertThat(kids(parse(revoked, GOOD))).containsExactly("ec-1");
            assertThat(reported).containsExactly("rsa-1 is revoked");
        }

        @Test
        void an_entry_that_is_no_key_is_malformed() throws Exception {
            assertThat(kids(parse("null", "7", "\"text\"", "[]", "{}", GOOD))).containsExactly("ec-1");
            assertThat(reported).hasSize(5).containsOnly("null is malformed");
        }
    }

    @Nested
    class AProviderThatWritesItInItsOwnWay {

        @Test
        void may_write_members_that_a_key_does_not_have() throws Exception {
            String json =
                    "{\"use\":\"\",\"alg\":\"\",\"crv\":\"\",\"x\":\"\",\"y\":\"\",\"d\":\"\",\"x5u\":\"\",\"x5t\":\"\",\"x5c\":[],"
                            + "\"key_ops\":null,"
                            + RSA_1.toPublicJWK().toJSONString().substring(1);
            assertThat(kids(parse(json))).containsExactly("rsa-1");
            assertThat(reported).isEmpty();
        }

        @ParameterizedTest
        @CsvSource({"RSA_1, kty, rsa", "EC_1, kty, ec", "EC_1, crv, p-256"})
        void may_write_a_type_or_a_curve_in_another_case(String key, String member, String value) throws Exception {
            JWK jwk = key.equals("EC_1") ? EC_1 : RSA_1;
            assertThat(kids(parse(with(jwk, member, value)))).containsExactly(jwk.getKeyID());
            assertThat(reported).isEmpty();
        }

        @Test
        void may_write_a_key_id_as_a_number() throws Exception {
            assertThat(kids(parse(with(RSA_1, "kid", 42)))).containsExactly("42");
            BigInteger large = new BigInteger("12345678901234567891");
            assertThat(kids(parse(with(RSA_1, "kid", large)))).containsExactly("12345678901234567891");
            assertThat(reported).isEmpty();
        }

        @Test
        void may_write_a_key_id_that_is_none() throws Exception {
            KeySet set = parse(with(RSA_1, "kid", List.of("a")), GOOD);
            assertThat(set.fitting(null, SigningAlgorithm.RS256)).hasSize(1);
            assertThat(reported)
                    .containsExactly("null is used without its kid, which cannot be read or is not this key's");
        }

        @Test
        void may_write_a_member_twice_and_the_last_counts() throws Exception {
            String twice =
                    "{\"kid\":\"first\"," + RSA_1.toPublicJWK().toJSONString().substring(1);
            assertThat(kids(parse(twice, GOOD))).containsExactly("rsa-1", "ec-1");
        }

        @Test
        void may_begin_with_a_byte_order_mark() throws Exception {
            byte[] body = ("\uFEFF{\"keys\":[" + GOOD + "]}").getBytes(StandardCharsets.UTF_8);
            KeySet set = KeySetParser.parse(body, null, (kid, reason, fingerprint) -> reported.add(reason));
            assertThat(kids(set)).containsExactly("ec-1");
        }

        @Test
        void may_pad_numbers_and_use_the_other_base64() throws Exception {
            byte[] modulus = RSA_1.getModulus().decode();
            byte[] signed = new java.math.BigInteger(1, modulus).toByteArray(); // with a zero in front
            String padded = java.util.Base64.getEncoder().encodeToString(signed);
            KeySet set = parse(with(RSA_1, "n", padded), with(EC_1, "x", longer(EC_1.getX())));
            assertThat(set.keys().get(0).publicKey()).isEqualTo(RSA_1.toRSAPublicKey());
            assertThat(set.keys().get(1).publicKey()).isEqualTo(EC_1.toECPublicKey());
        }

        private static String longer(Base64URL number) {
            byte[] bytes = number.decode();
            byte[] longer = new byte[bytes.length + 1];
            System.arraycopy(bytes, 0, longer, 1, bytes.length);
            return java.util.Base64.getEncoder().encodeToString(longer);
        }
    }

    @Nested
    class TheSet {

        @Test
        void keeps_the_same_keys_from_one_fetch_to_the_next() throws Exception {
            String body = "{\"keys\":[" + GOOD + "," + with(RSA_1, "x5c", List.of("AAAA")) + "]}";
            KeySet first = KeySetParser.parse(body.getBytes(StandardCharsets.UTF_8), null, (kid, reason, f) -> {});
            KeySet second = KeySetParser.parse(body.getBytes(StandardCharsets.UTF_8), first, (kid, reason, f) -> {});
            assertThat(second.keys()).hasSize(2);
            for (int i = 0; i < 2; i++) {
                assertThat(second.keys().get(i)).isSameAs(first.keys().get(i));
            }
        }

        @Test
        void with_one_key_has_it_for_a_token_without_a_key_id() throws Exception {
            assertThat(parse(GOOD).first(null))
                    .hasValueSatisfying(key -> assertThat(key.kid()).isEqualTo("ec-1"));
            assertThat(parse(GOOD, RSA_1.toPublicJWK().toJSONString()).first(null))
                    .isEmpty();
        }

        @Test
        void tries_no_more_than_four_keys() throws Exception {
            List<String> alike = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                alike.add(KeyEndpoint.ec("k" + i).toPublicJWK().toJSONString());
            }
            KeySet set = parse(alike.toArray(new String[0]));
            assertThat(set.fitting(null, SigningAlgorithm.ES256)).hasSize(4);
            assertThat(set.fitting("k5", SigningAlgorithm.ES256)).hasSize(1);
        }

        @Test
        void tries_the_copies_of_a_key_once() throws Exception {
            List<String> copies = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                copies.add(new RSAKey.Builder(RSA_2)
                        .keyID("k" + i)
                        .build()
                        .toPublicJWK()
                        .toJSONString());
            }
            KeySet set = parse(copies.toArray(new String[0]));
            assertThat(set.fitting(null, SigningAlgorithm.RS256)).hasSize(1);
            assertThat(set.fitting("k5", SigningAlgorithm.RS256)).hasSize(1);
        }

        @Test
        void that_is_something_else_is_refused_and_told() {
            String certificate = "\"-----BEGIN CERTIFICATE-----\\nMIIC\\n-----END CERTIFICATE-----\\n\"";
            isToldToBe(GOOD, ": it is a single key, which has to be in a set");
            isToldToBe(
                    "{\"issuer\":\"https://idp\",\"jwks_uri\":\"https://idp/keys\"}",
                    ": it is an issuer's metadata, whose jwks_uri is the address of the keys; JWKSCache.discover reads it");
            isToldToBe(
                    "{\"k1\":" + certificate + ",\"k2\":" + certificate + "}",
                    ": it has certificates, and no JSON Web Keys");
            for (String unknown : List.of(
                    "{}",
                    "{\"k1\":\"text\"}",
                    "{\"k1\":" + certificate + ",\"k2\":1}",
                    "{\"keys\":{\"kty\":\"RSA\"}}")) {
                isToldToBe(unknown, "");
            }
        }

        private void isToldToBe(String body, String what) {
            assertThatThrownBy(() -> KeySetParser.parse(
                            body.getBytes(StandardCharsets.UTF_8), null, (kid, reason, fingerprint) -> {}))
                    .isInstanceOf(IOException.class)
                    .hasMessage("the answer has no \"keys\"" + what);
        }

        @Test
        void without_a_key_that_verifies_is_refused() {
            assertThatThrownBy(() -> parse(with(RSA_1, "use", "enc"))).isInstanceOf(IOException.class);
            assertThatThrownBy(() -> parse()).isInstanceOf(IOException.class);
        }
    }
}
