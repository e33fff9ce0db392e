package dev.hardening.jwks;

import static dev.hardening.jwks.KeyEndpoint.EC_1;
import static dev.hardening.jwks.KeyEndpoint.ISSUER;
import static dev.hardening.jwks.RawTokens.ed25519;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.JWKMatcher;
import com.nimbusds.jose.jwk.JWKSelector;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.Base64URL;
import dev.hardening.jwks.InvalidTokenException.Reason;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.Security;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ed25519 (RFC 8037, RFC 9864) with the JDK alone: Nimbus would need Tink. */
class Ed25519Test {

    private static final KeyPair PAIR = RawTokens.ed25519Pair();
    private final String claims = "{\"iss\":\"" + ISSUER + "\",\"sub\":\"a-user\",\"exp\":"
            + Instant.now().plusSeconds(600).getEpochSecond() + "}";

    private final KeyEndpoint endpoint = new KeyEndpoint();
    private final JWKSCache cache = endpoint.open(endpoint.inline());

    @AfterEach
    void stop() {
        endpoint.close();
    }

    private static JWSAlgorithm algorithm(String name) {
        return JWSAlgorithm.parse(name); // Nimbus 9.37.4 has no constant for Ed25519
    }

    @Nested
    class TheVectorOfRfc8037 {

        private static final String TOKEN = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
                + ".hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

        private final OctetKeyPair jwk = new OctetKeyPair.Builder(
                        Curve.Ed25519, new Base64URL("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"))
                .build();

        @Test
        void verifies() throws Exception {
            SigningKey key = new SigningKey(null, KeyType.publicKey(jwk), jwk);
            SignatureVerifier verifier = new SignatureVerifier(key, SigningAlgorithm.ED25519, null);
            byte[] ascii = TOKEN.getBytes(StandardCharsets.US_ASCII);
            int signed = TOKEN.lastIndexOf('.');
            byte[] signature = new Base64URL(TOKEN.substring(signed + 1)).decode();
            assertThat(verifier.verifies(ascii, signed, signature)).isTrue();
            ascii[30] ^= 1;
            assertThat(verifier.verifies(ascii, signed, signature)).isFalse();
        }

        @Test
        void is_refused_only_for_its_payload_which_is_no_claims_set() {
            endpoint.serve(jwk);
            TokenDecoder decoder =
                    TokenDecoder.builder(cache).algorithms(algorithm("EdDSA")).build();
            refused(decoder, TOKEN, Reason.MALFORMED);
            refused(decoder, TOKEN.replace(".hg", ".hh"), Reason.BAD_SIGNATURE);
        }
    }

    @Nested
    class AToken {

        @ParameterizedTest
        @CsvSource({"Ed25519, Ed25519", "Ed25519, EdDSA", "EdDSA, Ed25519", "EdDSA, EdDSA"})
        void is_accepted_under_both_names(String allowed, String named) {
            for (String ofKey : new String[] {null, "Ed25519", "EdDSA"}) {
                OctetKeyPair jwk = new OctetKeyPair.Builder(RawTokens.published(PAIR, "ed-1"))
                        .algorithm(ofKey == null ? null : algorithm(ofKey))
                        .build();
                endpoint.serve(jwk, EC_1);
                cache.invalidate();
                TokenDecoder decoder = TokenDecoder.builder(cache)
                        .issuer(ISSUER)
                        .algorithms(algorithm(allowed))
                        .build();
                String token = ed25519("{\"alg\":\"" + named + "\",\"kid\":\"ed-1\"}", claims, PAIR);
                assertThat(decoder.decode(token).getSubject()).isEqualTo("a-user");
                assertThat(decoder.getSigningKey(token).publicKey()).isEqualTo(PAIR.getPublic());
            }
        }

        @Test
        void is_refused_unless_the_algorithm_is_allowed() {
            endpoint.serve(RawTokens.published(PAIR, "ed-1"));
            String token = ed25519("{\"alg\":\"Ed25519\",\"kid\":\"ed-1\"}", claims, PAIR);
            refused(TokenDecoder.builder(cache).build(), token, Reason.UNSUPPORTED_ALGORITHM);
        }

        @Test
        void of_another_key_is_refused() {
            endpoint.serve(RawTokens.published(PAIR, "ed-1"));
            TokenDecoder decoder =
                    TokenDecoder.builder(cache).algorithms(algorithm("Ed25519")).build();
            String header = "{\"alg\":\"Ed25519\",\"kid\":\"ed-1\"}";
            refused(decoder, ed25519(header, claims, RawTokens.ed25519Pair()), Reason.BAD_SIGNATURE);
        }

        @Test
        void is_verified_by_the_provider_that_is_chosen() {
            endpoint.serve(RawTokens.published(PAIR, "ed-1"));
            TokenDecoder decoder = TokenDecoder.builder(cache)
                    .algorithms(algorithm("Ed25519"))
                    .provider(Security.getProvider("SunEC"))
                    .build();
            String token = ed25519("{\"alg\":\"Ed25519\",\"kid\":\"ed-1\"}", claims, PAIR);
            assertThat(decoder.decode(token).getSubject()).isEqualTo("a-user");
        }
    }

    /** RFC 7748, section 4.1: with a key of small order, one signature fits many messages. */
    @Nested
    class AKeyOfSmallOrder {

        private static final BigInteger P = BigInteger.TWO.pow(255).subtract(BigInteger.valueOf(19));
        private static final BigInteger L =
                BigInteger.TWO.pow(252).add(new BigInteger("27742317777372353535851937790883648493"));
        private static final BigInteger D = BigInteger.valueOf(-121_665)
                .multiply(BigInteger.valueOf(121_666).modInverse(P))
                .mod(P);
        private static final Point ZERO = new Point(BigInteger.ZERO, BigInteger.ONE);

        /** A point of -x² + y² = 1 + d x² y². */
        private record Point(BigInteger x, BigInteger y) {

            Point plus(Point other) {
                BigInteger product = D.multiply(x).multiply(other.x).multiply(y).multiply(other.y);
                return new Point(
                        x.multiply(other.y).add(y.multiply(other.x)).multiply(inverse(BigInteger.ONE.add(product))),
                        y.multiply(other.y)
                                .add(x.multiply(other.x))
                                .multiply(inverse(BigInteger.ONE.subtract(product))));
            }

            Point {
                x = x.mod(P);
                y = y.mod(P);
            }

            Point times(BigInteger factor) {
                Point sum = ZERO;
                for (int bit = factor.bitLength() - 1; bit >= 0; bit--) {
                    sum = sum.plus(sum);
                    sum = factor.testBit(bit) ? sum.plus(this) : sum;
                }
                return sum;
            }

            private static BigInteger inverse(BigInteger value) {
                return value.modInverse(P);
            }
        }

        /** The points of a y: none, or two. */
        private static List<Point> at(BigInteger y) {
            BigInteger square = y.multiply(y);
            BigInteger xSquare = square.subtract(BigInteger.ONE)
                    .multiply(D.multiply(square).add(BigInteger.ONE).modInverse(P))
                    .mod(P);
            BigInteger root = xSquare.modPow(P.add(BigInteger.valueOf(3)).shiftRight(3), P);
            BigInteger rootOfMinusOne = BigInteger.TWO.modPow(P.shiftRight(2), P);
            return Stream.of(root, root.multiply(rootOfMinusOne).mod(P))
                    .filter(x -> x.multiply(x).mod(P).equals(xSquare))
                    .flatMap(x -> Stream.of(new Point(x, y), new Point(x.negate(), y)))
                    .toList();
        }

        private static Set<Point> pointsOfSmallOrder() {
            Set<Point> points = new HashSet<>();
            for (int y = 2; points.size() < 8; y++) {
                for (Point point : at(BigInteger.valueOf(y))) {
                    Point small = point.times(L);
                    for (Point multiple = small; points.add(multiple); multiple = multiple.plus(small)) {
                        assertThat(multiple.times(BigInteger.valueOf(8))).isEqualTo(ZERO);
                    }
                }
            }
            return points;
        }

        private static OctetKeyPair jwk(BigInteger y, boolean xIsOdd) {
            byte[] littleEndian = new byte[32];
            BigInteger bits = xIsOdd ? y.setBit(255) : y;
            for (int i = 0; i < 32; i++) {
                littleEndian[i] = bits.shiftRight(8 * i).byteValue();
            }
            return new OctetKeyPair.Builder(Curve.Ed25519, Base64URL.encode(littleEndian)).build();
        }

        @Test
        void is_refused_in_each_of_its_encodings() {
            Set<Point> points = pointsOfSmallOrder();
            assertThat(points).hasSize(8);
            for (Point point : points) {
                for (BigInteger y : List.of(point.y(), point.y().add(P))) { // the second is not canonical
                    if (y.bitLength() <= 255) {
                        for (boolean xIsOdd : new boolean[] {false, true}) {
                            assertThatThrownBy(() -> KeyType.publicKey(jwk(y, xIsOdd)))
                                    .as("y = %s", y.toString(16))
                                    .hasMessage("malformed");
                        }
                    }
                }
            }
        }

        @Test
        void is_told_from_a_good_one() throws Exception {
            Point good = at(BigInteger.valueOf(4)).stream().findFirst().orElseThrow();
            assertThat(good.times(BigInteger.valueOf(8))).isNotEqualTo(ZERO);
            assertThat(KeyType.publicKey(jwk(good.y(), good.x().testBit(0)))).isNotNull();
        }
    }

    @Test
    void keys_are_in_the_key_set_and_in_the_source() throws Exception {
        endpoint.serve(RawTokens.published(PAIR, "ed-1"), EC_1);
        assertThat(cache.getKeys().getKeyByKeyId("ed-1")).isInstanceOf(OctetKeyPair.class);
        assertThat(cache.findKey("ed-1"))
                .hasValueSatisfying(key -> assertThat(key.publicKey()).isEqualTo(PAIR.getPublic()));
        JWKSelector selector =
                new JWKSelector(new JWKMatcher.Builder().keyID("ed-1").build());
        assertThat(cache.<SecurityContext>asJWKSource().get(selector, null)).hasSize(1);
    }

    private static void refused(TokenDecoder decoder, String token, Reason reason) {
        assertThatThrownBy(() -> decoder.decode(token))
                .isInstanceOfSatisfying(
                        InvalidTokenException.class,
                        refused -> assertThat(refused.reason()).isEqualTo(reason));
    }
}
