package dev.hardening.jwks;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.CurveBasedJWK;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.RSAKey;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.EdECPoint;
import java.security.spec.EdECPublicKeySpec;
import java.security.spec.NamedParameterSpec;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The types of key that verify signatures, and what makes a key of each type sound. */
@SuppressWarnings("ImmutableEnumChecker") // a curve is, and a conversion has no state
enum KeyType {
    RSA(RSAKey.class, null, jwk -> rsa((RSAKey) jwk)),
    P_256(ECKey.class, Curve.P_256, jwk -> ((ECKey) jwk).toECPublicKey()),
    P_384(ECKey.class, Curve.P_384, jwk -> ((ECKey) jwk).toECPublicKey()),
    P_521(ECKey.class, Curve.P_521, jwk -> ((ECKey) jwk).toECPublicKey()),
    ED25519(OctetKeyPair.class, Curve.Ed25519, jwk -> ed25519((OctetKeyPair) jwk));

    @FunctionalInterface
    private interface Conversion {
        PublicKey apply(JWK jwk) throws UnusableKeyException, GeneralSecurityException, JOSEException;
    }

    /** A key cannot be used. The message says why, as the end of "a key is …", and holds nothing of the key. */
    static final class UnusableKeyException extends Exception {

        private static final long serialVersionUID = 1;

        UnusableKeyException(String reason) {
            super(reason);
        }
    }

    private static final int MIN_RSA_BITS = 2048; // RFC 7518, section 3.3
    private static final int MAX_RSA_BITS = 16384; // beyond it, one verification takes too long

    private final Class<? extends JWK> jwkType;
    private final @Nullable Curve curve;
    private final Conversion conversion;

    KeyType(Class<? extends JWK> jwkType, @Nullable Curve curve, Conversion conversion) {
        this.jwkType = jwkType;
        this.curve = curve;
        this.conversion = conversion;
    }

    boolean matches(JWK jwk) {
        return jwkType.isInstance(jwk) && (curve == null || curve.equals(((CurveBasedJWK) jwk).getCurve()));
    }

    /** The public key of a JWK of any type. */
    static PublicKey publicKey(JWK jwk) throws UnusableKeyException {
        try {
            for (KeyType type : values()) {
                if (type.matches(jwk)) {
                    return type.conversion.apply(jwk);
                }
            }
        } catch (GeneralSecurityException | JOSEException | RuntimeException malformed) {
            throw new UnusableKeyException("malformed"); // Not chained: it may show a part of the key.
        }
        // Only the names of curves that Nimbus knows, so that no text of the endpoint gets into a message.
        throw new UnusableKeyException(
                jwk instanceof CurveBasedJWK curved
                        ? "of the curve " + curved.getCurve() + ", which is not supported"
                        : "of a type that is not supported");
    }

    private static PublicKey rsa(RSAKey jwk) throws UnusableKeyException, JOSEException {
        // Counts the significant bits. Zeros in front make only the encoding longer, not the key.
        int bits = jwk.getModulus().decodeToBigInteger().bitLength();
        if (bits == 0) {
            throw new UnusableKeyException("malformed"); // Nimbus reads text that is not Base64 as empty
        }
        if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS) {
            throw new UnusableKeyException("of " + bits + " bits, which is not supported: an RSA key has "
                    + MIN_RSA_BITS + " to " + MAX_RSA_BITS);
        }
        RSAPublicKey key = jwk.toRSAPublicKey();
        BigInteger exponent = key.getPublicExponent();
        // With the exponent 1, every message is its own signature. A key with an even exponent is not an RSA key.
        if (!exponent.testBit(0) || exponent.bitLength() < 2) {
            throw new UnusableKeyException("malformed");
        }
        return key;
    }

    /** RFC 8037, section 2: x holds the point's y, the least byte first, and the lowest bit of its x as the last bit. */
    private static PublicKey ed25519(OctetKeyPair jwk) throws UnusableKeyException, GeneralSecurityException {
        byte[] littleEndian = jwk.getX().decode();
        if (littleEndian.length != 32) {
            throw new UnusableKeyException("malformed");
        }
        byte[] bigEndian = new byte[32];
        for (int i = 0; i < 32; i++) {
            bigEndian[i] = littleEndian[31 - i];
        }
        boolean xIsOdd = bigEndian[0] < 0;
        bigEndian[0] &= 0x7f;
        BigInteger y = new BigInteger(1, bigEndian);
        if (y.compareTo(Ed25519Points.P) >= 0 || Ed25519Points.SMALL_ORDER.contains(y)) {
            throw new UnusableKeyException("malformed");
        }
        PublicKey key = KeyFactory.getInstance("Ed25519")
                .generatePublic(new EdECPublicKeySpec(NamedParameterSpec.ED25519, new EdECPoint(xIsOdd, y)));
        Signature.getInstance("Ed25519").initVerify(key); // throws if there is no such point
        return key;
    }

    /** Loaded only for a key of this curve. */
    private static final class Ed25519Points {

        static final BigInteger P = BigInteger.ONE.shiftLeft(255).subtract(BigInteger.valueOf(19));
        static final BigInteger ORDER_8 =
                new BigInteger("5fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826", 16);

        /** The y of the 8 points of small order: with such a key, one signature fits many messages. */
        static final Set<BigInteger> SMALL_ORDER =
                Set.of(BigInteger.ZERO, BigInteger.ONE, P.subtract(BigInteger.ONE), ORDER_8, P.subtract(ORDER_8));
    }
}
