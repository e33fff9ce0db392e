package dev.hardening.jwks;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyOperation;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.JSONObjectUtils;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.PublicKey;
import java.security.interfaces.RSAPublicKey;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Parses a key set key by key, so that one malformed key does not take the others with it (RFC 7517, section 5). */
final class KeySetParser {

    private static final int MIN_RSA_BITS = 2048; // RFC 7518, section 3.3
    private static final int MAX_RSA_BITS = 16384; // beyond it, one verification is a denial of service
    private static final Set<Curve> CURVES = Set.of(Curve.P_256, Curve.P_384, Curve.P_521);

    /** Told of keys that are not used, and what tells each from others, which may have the same id or none. */
    @FunctionalInterface
    interface Rejections {
        void rejected(@Nullable String kid, String reason, int fingerprint);
    }

    private KeySetParser() {}

    /**
     * Parses a key set.
     *
     * @param previous whose keys are used again where they are the same, so that verifiers built on them stay
     * @throws IOException if it is no key set, or has no key that verifies; the message holds nothing of the body
     */
    static KeySet parse(byte[] body, @Nullable KeySet previous, Rejections rejections) throws IOException {
        Object keys;
        try {
            keys = JSONObjectUtils.parse(new String(body, StandardCharsets.UTF_8))
                    .get("keys");
        } catch (ParseException | RuntimeException notJson) {
            throw new IOException("the answer is not a JSON object");
        }
        if (!(keys instanceof List<?> list)) {
            throw new IOException("the answer has no \"keys\"");
        }
        Map<JWK, SigningKey> known = new HashMap<>();
        if (previous != null) {
            previous.keys().forEach(key -> known.put(key.jwk(), key));
        }
        List<JWK> jwks = new ArrayList<>();
        List<SigningKey> signing = new ArrayList<>();
        for (Object entry : list) {
            JWK jwk = publicKey(entry, rejections);
            if (jwk == null) {
                continue;
            }
            if (isForVerifying(jwk)) {
                SigningKey key = known.get(jwk);
                if (key == null) {
                    key = signingKey(jwk, rejections);
                }
                if (key == null) {
                    continue;
                }
                signing.add(key);
            }
            jwks.add(jwk);
        }
        if (signing.isEmpty()) {
            throw new IOException("the answer has no key that verifies signatures");
        }
        return new KeySet(new JWKSet(jwks), signing);
    }

    private static @Nullable JWK publicKey(@Nullable Object entry, Rejections rejections) {
        String kid = null;
        int fingerprint = String.valueOf(entry).hashCode();
        try {
            if (entry instanceof Map<?, ?> members) {
                kid = members.get("kid") instanceof String text ? text : null;
                @SuppressWarnings("unchecked") // an object that was parsed from JSON
                JWK jwk = JWK.parse((Map<String, Object>) members);
                JWK shared = jwk.toPublicJWK();
                if (shared == null) {
                    rejections.rejected(kid, "symmetric", fingerprint);
                } else if (jwk.isPrivate()) {
                    rejections.rejected(kid, "published with its private part, which is dropped", fingerprint);
                }
                return shared;
            }
        } catch (ParseException | RuntimeException malformed) {
            // Reported below, without its message: that may show a part of the key.
        }
        rejections.rejected(kid, "malformed", fingerprint);
        return null;
    }

    private static boolean isForVerifying(JWK jwk) {
        return (jwk.getKeyUse() == null || jwk.getKeyUse().equals(KeyUse.SIGNATURE))
                && (jwk.getKeyOperations() == null || jwk.getKeyOperations().contains(KeyOperation.VERIFY));
    }

    private static @Nullable SigningKey signingKey(JWK jwk, Rejections rejections) {
        try {
            PublicKey key = null;
            if (jwk instanceof RSAKey rsa && rsa.size() == 0) {
                rejections.rejected(
                        jwk.getKeyID(),
                        "malformed",
                        jwk.hashCode()); // Nimbus reads a modulus that is no Base64 as none
                return null;
            }
            if (jwk instanceof RSAKey rsa && rsa.size() >= MIN_RSA_BITS && rsa.size() <= MAX_RSA_BITS) {
                RSAPublicKey candidate = rsa.toRSAPublicKey();
                BigInteger exponent = candidate.getPublicExponent();
                // With the exponent 1, anything is its own signature; an even one is no RSA key.
                key = exponent.testBit(0) && exponent.bitLength() > 1 ? candidate : null;
            } else if (jwk instanceof ECKey ec && CURVES.contains(ec.getCurve())) {
                key = ec.toECPublicKey();
            }
            if (key != null) {
                return new SigningKey(jwk.getKeyID(), key, jwk);
            }
            rejections.rejected(jwk.getKeyID(), "of a type, curve or size that is not supported", jwk.hashCode());
        } catch (JOSEException | RuntimeException unusable) {
            rejections.rejected(jwk.getKeyID(), "malformed", jwk.hashCode());
        }
        return null;
    }
}
