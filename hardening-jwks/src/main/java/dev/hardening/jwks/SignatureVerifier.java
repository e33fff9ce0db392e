package dev.hardening.jwks;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.crypto.impl.ECDSA;
import java.security.GeneralSecurityException;
import java.security.NoSuchAlgorithmException;
import java.security.Provider;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PSSParameterSpec;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * Verifies signatures by one key and one algorithm (RFC 7518, sections 3.3 to 3.5). What verifies is costly to build and
 * serves one thread at a time: it is kept, and as many are kept as ever verified at once. Safe for use by several threads.
 */
final class SignatureVerifier {

    private final PublicKey key;
    private final JWSAlgorithm algorithm;
    private final @Nullable Provider provider;
    private final Queue<Signature> idle = new ConcurrentLinkedQueue<>();

    /**
     * Builds nothing yet.
     *
     * @param algorithm one of RS, PS and ES, which has to be the key's
     * @param provider who verifies, or null for the JDK's choice
     */
    SignatureVerifier(PublicKey key, JWSAlgorithm algorithm, @Nullable Provider provider) {
        this.key = key;
        this.algorithm = algorithm;
        this.provider = provider;
    }

    /** Whether a provider has what an algorithm needs. */
    static boolean isPossible(JWSAlgorithm algorithm, @Nullable Provider provider) {
        try {
            return signature(algorithm, provider) != null;
        } catch (GeneralSecurityException | RuntimeException unsupported) {
            return false;
        }
    }

    /**
     * Whether a signature is the key's over the first bytes of a token.
     *
     * @param length how many of them were signed
     * @param signed the signature as in a JWS; anything at all may be in it
     */
    boolean verifies(byte[] token, int length, byte[] signed) {
        try {
            byte[] encoded = signed;
            if (JWSAlgorithm.Family.EC.contains(algorithm)) {
                if (signed.length != ECDSA.getSignatureByteArrayLength(algorithm)) {
                    return false;
                }
                ECDSA.ensureLegalSignature(
                        signed, algorithm); // neither number is 0 or beyond the order: CVE-2022-21449
                encoded = ECDSA.transcodeSignatureToDER(signed);
            }
            Signature verifier = idle.poll();
            if (verifier == null) {
                verifier = signature(algorithm, provider);
                verifier.initVerify(key);
            }
            verifier.update(token, 0, length);
            boolean valid = verifier.verify(encoded);
            idle.add(verifier); // not after an exception: nothing says what state it is in then
            return valid;
        } catch (GeneralSecurityException | JOSEException | RuntimeException unverifiable) {
            return false;
        }
    }

    private static Signature signature(JWSAlgorithm algorithm, @Nullable Provider provider)
            throws GeneralSecurityException {
        String bits = algorithm.getName().substring(2);
        return switch (algorithm.getName().substring(0, 2)) {
            case "RS" -> named("SHA" + bits + "withRSA", provider);
            case "PS" -> {
                Signature pss = pss(bits, provider);
                MGF1ParameterSpec mask = new MGF1ParameterSpec("SHA-" + bits);
                pss.setParameter(new PSSParameterSpec("SHA-" + bits, "MGF1", mask, Integer.parseInt(bits) / 8, 1));
                yield pss;
            }
            default -> named("SHA" + bits + "withECDSA", provider);
        };
    }

    /** Providers do not agree on its name. */
    private static Signature pss(String bits, @Nullable Provider provider) throws NoSuchAlgorithmException {
        for (String name : List.of("RSASSA-PSS", "SHA" + bits + "withRSA/PSS")) {
            try {
                return named(name, provider);
            } catch (NoSuchAlgorithmException another) {
                // The next one.
            }
        }
        return named("SHA" + bits + "withRSAandMGF1", provider);
    }

    private static Signature named(String name, @Nullable Provider provider) throws NoSuchAlgorithmException {
        return provider == null ? Signature.getInstance(name) : Signature.getInstance(name, provider);
    }
}
