package dev.hardening.jwks;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.crypto.impl.ECDSA;
import com.nimbusds.jose.jwk.JWK;
import java.security.GeneralSecurityException;
import java.security.NoSuchAlgorithmException;
import java.security.Provider;
import java.security.Signature;
import java.security.spec.AlgorithmParameterSpec;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PSSParameterSpec;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The algorithms that a decoder can allow, a row for each: the names in a token's {@code alg}, the type of key, the form of
 * the signature, and what the JCA calls it. Sources: RFC 7518, section 3; RFC 8037, section 3.1; RFC 9864.
 *
 * <p>ES256K is not among them: the JDK has had no curve secp256k1 since 16.
 */
@SuppressWarnings("ImmutableEnumChecker") // its lists and parameters are
enum SigningAlgorithm {
    RS256(List.of("RS256"), KeyType.RSA, SignatureForm.AS_IS, null, "SHA256withRSA"),
    RS384(List.of("RS384"), KeyType.RSA, SignatureForm.AS_IS, null, "SHA384withRSA"),
    RS512(List.of("RS512"), KeyType.RSA, SignatureForm.AS_IS, null, "SHA512withRSA"),
    // Providers do not agree on the name of PSS.
    PS256(
            List.of("PS256"),
            KeyType.RSA,
            SignatureForm.AS_IS,
            pss(256),
            "RSASSA-PSS",
            "SHA256withRSA/PSS",
            "SHA256withRSAandMGF1"),
    PS384(
            List.of("PS384"),
            KeyType.RSA,
            SignatureForm.AS_IS,
            pss(384),
            "RSASSA-PSS",
            "SHA384withRSA/PSS",
            "SHA384withRSAandMGF1"),
    PS512(
            List.of("PS512"),
            KeyType.RSA,
            SignatureForm.AS_IS,
            pss(512),
            "RSASSA-PSS",
            "SHA512withRSA/PSS",
            "SHA512withRSAandMGF1"),
    ES256(List.of("ES256"), KeyType.P_256, SignatureForm.R_AND_S, null, "SHA256withECDSA"),
    ES384(List.of("ES384"), KeyType.P_384, SignatureForm.R_AND_S, null, "SHA384withECDSA"),
    ES512(List.of("ES512"), KeyType.P_521, SignatureForm.R_AND_S, null, "SHA512withECDSA"),
    ED25519(List.of("Ed25519", "EdDSA"), KeyType.ED25519, SignatureForm.AS_IS, null, "Ed25519");

    /** How a signature is encoded in a JWS, compared with the JCA's encoding. */
    private enum SignatureForm {
        AS_IS,
        /** Two numbers of a fixed length, which the JCA expects as DER. */
        R_AND_S
    }

    private static final Map<String, SigningAlgorithm> BY_NAME = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);

    static {
        for (SigningAlgorithm algorithm : values()) {
            algorithm.names.forEach(name -> BY_NAME.put(name, algorithm));
        }
    }

    private final List<String> names;
    private final KeyType keyType;
    private final SignatureForm form;
    private final @Nullable AlgorithmParameterSpec parameters;
    private final List<String> jcaNames;
    private final JWSAlgorithm jws;

    SigningAlgorithm(
            List<String> names,
            KeyType keyType,
            SignatureForm form,
            @Nullable AlgorithmParameterSpec parameters,
            String... jcaNames) {
        this.names = names;
        this.keyType = keyType;
        this.form = form;
        this.parameters = parameters;
        this.jcaNames = List.of(jcaNames);
        jws = JWSAlgorithm.parse(names.get(0));
    }

    private static PSSParameterSpec pss(int bits) {
        String hash = "SHA-" + bits;
        return new PSSParameterSpec(hash, "MGF1", new MGF1ParameterSpec(hash), bits / 8, 1);
    }

    /** The algorithm of exactly this name, or null. */
    static @Nullable SigningAlgorithm named(String name) {
        SigningAlgorithm algorithm = BY_NAME.get(name);
        return algorithm != null && algorithm.names.contains(name) ? algorithm : null;
    }

    /** An algorithm's registered name, if the name is known in any case; otherwise the name as it is. */
    static String registeredName(String name) {
        SigningAlgorithm algorithm = BY_NAME.get(name);
        return algorithm == null
                ? name
                : algorithm.names.stream()
                        .filter(name::equalsIgnoreCase)
                        .findFirst()
                        .orElse(name);
    }

    /** Whether a key is of this algorithm's type, and has this algorithm as its {@code alg} or none. */
    boolean fits(JWK jwk) {
        return keyType.matches(jwk)
                && (jwk.getAlgorithm() == null
                        || names.contains(jwk.getAlgorithm().getName()));
    }

    /** Whether a provider has this algorithm. Null means the JDK's choice among the registered ones. */
    boolean isOfferedBy(@Nullable Provider provider) {
        try {
            return newSignature(provider) != null;
        } catch (GeneralSecurityException | RuntimeException unsupported) {
            return false;
        }
    }

    /** A verifier that still needs a key. */
    Signature newSignature(@Nullable Provider provider) throws GeneralSecurityException {
        NoSuchAlgorithmException unknown = null;
        for (String name : jcaNames) {
            try {
                Signature signature =
                        provider == null ? Signature.getInstance(name) : Signature.getInstance(name, provider);
                if (parameters != null) {
                    signature.setParameter(parameters);
                }
                return signature;
            } catch (NoSuchAlgorithmException another) {
                unknown = another;
            }
        }
        throw unknown == null ? new NoSuchAlgorithmException(names.get(0)) : unknown;
    }

    /** A JWS's signature in the JCA's encoding. Null if it cannot be a signature, for example if a number is out of range. */
    byte @Nullable [] toJcaForm(byte[] signature) {
        if (form == SignatureForm.AS_IS) {
            return signature;
        }
        try {
            if (signature.length != ECDSA.getSignatureByteArrayLength(jws)) {
                return null;
            }
            ECDSA.ensureLegalSignature(signature, jws); // neither number is 0 or beyond the order: CVE-2022-21449
            return ECDSA.transcodeSignatureToDER(signature);
        } catch (JOSEException illegal) {
            return null;
        }
    }

    /** Prints the name as it is registered. */
    @Override
    public String toString() {
        return names.get(0);
    }

    /** All names that can be allowed, for a message. */
    static String allNames() {
        return String.join(
                ", ", Arrays.stream(values()).map(SigningAlgorithm::toString).toList());
    }
}
