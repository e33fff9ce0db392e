package dev.hardening.jwks;

import java.security.GeneralSecurityException;
import java.security.Provider;
import java.security.Signature;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * Verifies signatures by one key and one algorithm. A {@link Signature} is expensive to build, and only one thread at a
 * time can use it. So as many are kept as were ever used at once. Safe for use by several threads.
 */
final class SignatureVerifier {

    private final SigningKey key;
    private final SigningAlgorithm algorithm;
    private final @Nullable Provider provider;
    private final Queue<Signature> idle = new ConcurrentLinkedQueue<>();

    /**
     * Builds nothing yet.
     *
     * @param algorithm one that fits the key
     * @param provider the security provider, or null for the JDK's choice
     */
    SignatureVerifier(SigningKey key, SigningAlgorithm algorithm, @Nullable Provider provider) {
        this.key = key;
        this.algorithm = algorithm;
        this.provider = provider;
    }

    SigningKey key() {
        return key;
    }

    /**
     * Whether the key made a signature over the first bytes of a token.
     *
     * @param length how many of them were signed
     * @param signature as in a JWS; it may be any bytes
     */
    boolean verifies(byte[] token, int length, byte[] signature) {
        try {
            byte[] encoded = algorithm.toJcaForm(signature);
            if (encoded == null) {
                return false;
            }
            Signature verifier = idle.poll();
            if (verifier == null) {
                verifier = algorithm.newSignature(provider);
                verifier.initVerify(key.publicKey());
            }
            verifier.update(token, 0, length);
            boolean valid = verifier.verify(encoded);
            idle.add(verifier); // not after an exception: its state is unknown then
            return valid;
        } catch (GeneralSecurityException | RuntimeException unverifiable) {
            return false;
        }
    }
}
