package dev.hardening.jwks;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.crypto.impl.ECDSA;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.Signature;
import java.text.ParseException;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.conscrypt.Conscrypt;

/**
 * What a service writes that has no hardening: the keys are fetched once into a map, and the JDK's {@link Signature}
 * verifies, by the same provider as the hardening's. It has the real class's name, and stands before it on the class path
 * when the app runs without its hardenings; it has of its members what the app calls.
 */
public final class TokenDecoder {

    private static final java.security.Provider PROVIDER = Conscrypt.newProvider();

    private final JWKSCache cache;
    private final String issuer;
    private volatile Map<String, PublicKey> keys;

    private TokenDecoder(JWKSCache cache, String issuer) {
        this.cache = cache;
        this.issuer = issuer;
    }

    public static TokenDecoder forSupabase(JWKSCache cache, URI projectUrl) {
        return new TokenDecoder(cache, projectUrl + "/auth/v1");
    }

    public JWTClaimsSet decode(String token) {
        try {
            SignedJWT jwt = SignedJWT.parse(token);
            PublicKey key = keys().get(jwt.getHeader().getKeyID());
            boolean ec = key.getAlgorithm().equals("EC");
            Signature signature = Signature.getInstance(ec ? "SHA256withECDSA" : "SHA256withRSA", PROVIDER);
            signature.initVerify(key);
            signature.update(jwt.getSigningInput());
            byte[] signed = jwt.getSignature().decode();
            JWTClaimsSet claims = jwt.getJWTClaimsSet();
            if (!signature.verify(ec ? ECDSA.transcodeSignatureToDER(signed) : signed)
                    || !issuer.equals(claims.getIssuer())
                    || !claims.getAudience().contains("authenticated")
                    || !claims.getExpirationTime().toInstant().isAfter(Instant.now())) {
                throw new IllegalArgumentException("the token is refused");
            }
            return claims;
        } catch (ParseException | GeneralSecurityException | JOSEException refused) {
            throw new IllegalArgumentException("the token is refused", refused);
        }
    }

    private Map<String, PublicKey> keys() throws JOSEException {
        Map<String, PublicKey> held = keys;
        if (held == null) {
            held = new HashMap<>();
            for (JWK key : cache.getKeys().getKeys()) {
                held.put(
                        key.getKeyID(),
                        key instanceof ECKey ec ? ec.toPublicKey() : key.toRSAKey().toPublicKey());
            }
            keys = held;
        }
        return held;
    }
}
