package dev.hardening.testing;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.time.Instant;
import java.util.Date;

/** Keys, and tokens that they sign (RFC 7515, RFC 7519). */
public final class Tokens {

    /** Keys that are made once for each JVM, because an RSA key takes a while. */
    public static final RSAKey RSA_1 = rsa("rsa-1");

    public static final RSAKey RSA_2 = rsa("rsa-2");
    public static final ECKey EC_1 = ec("ec-1");
    public static final ECKey EC_2 = ec("ec-2");

    /** The audience of Supabase's tokens. */
    public static final String AUDIENCE = "authenticated";

    private Tokens() {}

    /** A fresh RSA key of 2,048 bits. */
    public static RSAKey rsa(String kid) {
        try {
            return new RSAKeyGenerator(2048).keyID(kid).generate();
        } catch (JOSEException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** A fresh key on the curve P-256. */
    public static ECKey ec(String kid) {
        try {
            return new ECKeyGenerator(Curve.P_256).keyID(kid).generate();
        } catch (JOSEException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** Claims as Supabase writes them, valid for ten minutes; a test changes what it is about. */
    public static JWTClaimsSet.Builder claims(String issuer) {
        return new JWTClaimsSet.Builder()
                .issuer(issuer)
                .audience(AUDIENCE)
                .subject("4c6b1c5e-9f5b-4a51-8d5a-6e1f7f3c2a10")
                .expirationTime(Date.from(Instant.now().plusSeconds(600)));
    }

    /** A token with the key's own id, signed with RS256 or ES256. */
    public static String sign(JWK key, JWTClaimsSet claims) {
        JWSAlgorithm algorithm = key instanceof RSAKey ? JWSAlgorithm.RS256 : JWSAlgorithm.ES256;
        return sign(key, new JWSHeader.Builder(algorithm).keyID(key.getKeyID()).build(), claims);
    }

    /** A token with any header. */
    public static String sign(JWK key, JWSHeader header, JWTClaimsSet claims) {
        try {
            SignedJWT jwt = new SignedJWT(header, claims);
            jwt.sign(key instanceof RSAKey rsa ? new RSASSASigner(rsa) : new ECDSASigner((ECKey) key));
            return jwt.serialize();
        } catch (JOSEException failed) {
            throw new IllegalStateException(failed);
        }
    }
}
