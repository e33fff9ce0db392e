package dev.hardening.jwks;

import static dev.hardening.jwks.KeyEndpoint.EC_1;
import static dev.hardening.jwks.KeyEndpoint.RSA_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.util.Base64URL;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.PublicKey;
import java.security.Security;
import java.security.SignatureException;
import java.security.SignatureSpi;
import java.security.spec.ECParameterSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Signatures as a forger would make them, and what verifies them under many threads. */
class SignatureVerifierTest {

    private static final SigningKey RSA = key(RSA_1);
    private static final SigningKey EC = key(EC_1);
    private static final AtomicInteger ASKED = new AtomicInteger();

    /** Takes any signature, as the JDK's of early 2022 took some, and throws where one begins with two sevens. */
    public static final class Gullible extends SignatureSpi {

        @Override
        protected void engineInitVerify(PublicKey key) {}

        @Override
        protected void engineInitSign(PrivateKey key) {}

        @Override
        protected void engineUpdate(byte signed) {}

        @Override
        protected void engineUpdate(byte[] signed, int offset, int length) {}

        @Override
        protected byte[] engineSign() {
            throw new UnsupportedOperationException();
        }

        @Override
        protected boolean engineVerify(byte[] signature) throws SignatureException {
            ASKED.incrementAndGet();
            if (Arrays.equals(signature, 0, 2, new byte[] {7, 7}, 0, 2)) {
                throw new SignatureException("as asked");
            }
            return true;
        }

        @Override
        @Deprecated
        protected void engineSetParameter(String name, Object value) {}

        @Override
        @Deprecated
        @SuppressWarnings("InlineMeSuggester")
        protected @Nullable Object engineGetParameter(String name) {
            return null;
        }
    }

    private static final class GullibleProvider extends Provider {

        final AtomicInteger built = new AtomicInteger();

        GullibleProvider() {
            super("Gullible", "1", "accepts anything");
            for (String name : List.of("SHA256withECDSA", "SHA384withECDSA", "SHA512withECDSA", "SHA256withRSA")) {
                putService(new Service(this, "Signature", name, Gullible.class.getName(), null, null) {
                    @Override
                    public Object newInstance(Object parameter) {
                        built.incrementAndGet();
                        return new Gullible();
                    }
                });
            }
        }
    }

    private static SigningKey key(JWK jwk) {
        try {
            return new SigningKey(jwk.getKeyID(), KeyType.publicKey(jwk), jwk);
        } catch (KeyType.UnusableKeyException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static byte[] concat(byte[] r, byte[] s) {
        byte[] both = Arrays.copyOf(r, r.length + s.length);
        System.arraycopy(s, 0, both, r.length, s.length);
        return both;
    }

    private static byte[] number(BigInteger value) {
        byte[] bytes = value.toByteArray();
        byte[] fixed = new byte[32];
        int length = Math.min(32, bytes.length);
        System.arraycopy(bytes, bytes.length - length, fixed, 32 - length, length);
        return fixed;
    }

    @Test
    void ecdsa_numbers_out_of_range_reach_no_provider() throws Exception {
        ECParameterSpec curve = EC_1.toECPublicKey().getParams();
        byte[] zero = number(BigInteger.ZERO);
        byte[] one = number(BigInteger.ONE);
        byte[] order = number(curve.getOrder());
        byte[] beyond = number(curve.getOrder().add(BigInteger.ONE));
        SignatureVerifier verifier = new SignatureVerifier(EC, SigningAlgorithm.ES256, new GullibleProvider());
        ASKED.set(0);
        for (byte[] bad : List.of(zero, order, beyond)) {
            assertThat(verifier.verifies(new byte[3], 3, concat(bad, one))).isFalse();
            assertThat(verifier.verifies(new byte[3], 3, concat(one, bad))).isFalse();
            assertThat(verifier.verifies(new byte[3], 3, concat(bad, bad))).isFalse();
        }
        assertThat(ASKED).as("the provider was not asked").hasValue(0);
        assertThat(verifier.verifies(new byte[3], 3, concat(one, one)))
                .as("it would have said yes")
                .isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 32, 63, 65, 70, 72, 96, 128, 132})
    void ecdsa_signatures_of_another_length_reach_no_provider(int length) throws Exception {
        byte[] signature = new byte[length];
        Arrays.fill(signature, (byte) 1);
        ASKED.set(0);
        assertThat(new SignatureVerifier(EC, SigningAlgorithm.ES256, new GullibleProvider())
                        .verifies(new byte[3], 3, signature))
                .isFalse();
        assertThat(ASKED).hasValue(0);
    }

    @Test
    void a_signature_is_built_again_only_after_it_threw() throws Exception {
        GullibleProvider provider = new GullibleProvider();
        SignatureVerifier verifier = new SignatureVerifier(RSA, SigningAlgorithm.RS256, provider);
        for (int i = 0; i < 100; i++) {
            assertThat(verifier.verifies(new byte[3], 3, new byte[256])).isTrue();
        }
        assertThat(provider.built).hasValue(1);
        assertThat(verifier.verifies(new byte[3], 3, new byte[] {7, 7})).isFalse();
        assertThat(verifier.verifies(new byte[3], 3, new byte[256])).isTrue();
        assertThat(provider.built).hasValue(2);
    }

    @ParameterizedTest
    @CsvSource({"rsa, fast", "rsa, jdk", "ec, fast", "ec, jdk"})
    void many_threads_share_one_verifier(String type, String who) throws Exception {
        JWK key = type.equals("rsa") ? RSA_1 : EC_1;
        Provider provider = who.equals("fast")
                ? FastProvider.find()
                : Security.getProvider(type.equals("rsa") ? "SunRsaSign" : "SunEC");
        SignatureVerifier verifier = new SignatureVerifier(
                type.equals("rsa") ? RSA : EC,
                type.equals("rsa") ? SigningAlgorithm.RS256 : SigningAlgorithm.ES256,
                provider);
        List<String> tokens = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            tokens.add(KeyEndpoint.token(
                    key, KeyEndpoint.claims().subject("user-" + i).build()));
        }
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            List<Future<Integer>> results = new ArrayList<>();
            for (int thread = 0; thread < 8; thread++) {
                int own = thread;
                results.add(threads.submit(() -> {
                    int wrong = 0;
                    for (int round = 0; round < 20; round++) {
                        String token = tokens.get(own);
                        String other = tokens.get((own + 1 + round) % 8);
                        byte[] ascii = token.getBytes(StandardCharsets.US_ASCII);
                        wrong += verifier.verifies(ascii, token.lastIndexOf('.'), signature(token)) ? 0 : 1;
                        boolean same = token.equals(other);
                        wrong += verifier.verifies(ascii, token.lastIndexOf('.'), signature(other)) == same ? 0 : 1;
                    }
                    return wrong;
                }));
            }
            for (Future<Integer> wrong : results) {
                assertThat(wrong.get()).isZero();
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private static byte[] signature(String token) {
        return new Base64URL(token.substring(token.lastIndexOf('.') + 1)).decode();
    }

    @Test
    void a_provider_is_asked_what_it_offers() {
        assertThat(SigningAlgorithm.ES256.isOfferedBy(Security.getProvider("SunEC")))
                .isTrue();
        assertThat(SigningAlgorithm.RS256.isOfferedBy(Security.getProvider("SunEC")))
                .isFalse();
        assertThat(SigningAlgorithm.PS256.isOfferedBy(Security.getProvider("SunRsaSign")))
                .isTrue();
        assertThat(SigningAlgorithm.PS256.isOfferedBy(new GullibleProvider())).isFalse();
        assertThat(SigningAlgorithm.PS512.isOfferedBy(null)).isTrue();
    }
}
