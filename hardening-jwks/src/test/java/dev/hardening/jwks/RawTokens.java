package dev.hardening.jwks;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64URL;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Signature;
import java.util.Arrays;

/** Tokens of any header and payload, signed by the JDK. */
final class RawTokens {

    private RawTokens() {}

    static String encode(String json) {
        return Base64URL.encode(json).toString();
    }

    static String rs256(String header, String payload, RSAKey key) {
        try {
            return sign(header, payload, key.toPrivateKey(), "SHA256withRSA");
        } catch (JOSEException failed) {
            throw new IllegalStateException(failed);
        }
    }

    static String ed25519(String header, String payload, KeyPair pair) {
        return sign(header, payload, pair.getPrivate(), "Ed25519");
    }

    private static String sign(String header, String payload, PrivateKey key, String algorithm) {
        try {
            Signature signature = Signature.getInstance(algorithm);
            signature.initSign(key);
            String input = encode(header) + '.' + encode(payload);
            signature.update(input.getBytes(StandardCharsets.US_ASCII));
            return input + '.' + Base64URL.encode(signature.sign());
        } catch (GeneralSecurityException failed) {
            throw new IllegalStateException(failed);
        }
    }

    static KeyPair ed25519Pair() {
        try {
            return KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        } catch (GeneralSecurityException failed) {
            throw new IllegalStateException(failed);
        }
    }

    /** The public key as it is published: its encoding ends with the 32 bytes of x. */
    static OctetKeyPair published(KeyPair pair, String kid) {
        byte[] encoded = pair.getPublic().getEncoded();
        byte[] x = Arrays.copyOfRange(encoded, encoded.length - 32, encoded.length);
        return new OctetKeyPair.Builder(Curve.Ed25519, Base64URL.encode(x))
                .keyID(kid)
                .build();
    }
}
