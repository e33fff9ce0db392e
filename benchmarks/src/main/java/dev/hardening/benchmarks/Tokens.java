package dev.hardening.benchmarks;

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
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.UUID;

/** Keys, and tokens as Supabase issues them. */
final class Tokens {

    static final String AUDIENCE = "authenticated";

    private static final List<JWK> KEYS = new ArrayList<>();

    private Tokens() {}

    private static RSAKey rsa(String kid) {
        try {
            return new RSAKeyGenerator(2048)
                    .keyID(kid)
                    .algorithm(JWSAlgorithm.RS256)
                    .generate();
        } catch (JOSEException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static ECKey ec(String kid) {
        try {
            return new ECKeyGenerator(Curve.P_256)
                    .keyID(kid)
                    .algorithm(JWSAlgorithm.ES256)
                    .generate();
        } catch (JOSEException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** A few RSA and as many EC keys, the same ones in one JVM. */
    static synchronized List<JWK> keys(int ofEach) {
        for (int i = KEYS.size() / 2 + 1; i <= ofEach; i++) {
            KEYS.add(rsa("rsa-" + i));
            KEYS.add(ec("ec-" + i));
        }
        return List.copyOf(KEYS.subList(0, 2 * ofEach));
    }

    static List<String> kids(List<JWK> keys) {
        return keys.stream().map(JWK::getKeyID).toList();
    }

    static String sign(JWK key, String issuer, String subject) {
        try {
            boolean rsa = key instanceof RSAKey;
            JWTClaimsSet claims = new JWTClaimsSet.Builder()
                    .issuer(issuer)
                    .audience(AUDIENCE)
                    .subject(subject)
                    .claim("role", "authenticated")
                    .claim("email", subject.substring(0, 8) + "@focus-squad.example")
                    .claim("session_id", UUID.randomUUID().toString())
                    .issueTime(Date.from(Instant.now()))
                    .expirationTime(Date.from(Instant.now().plusSeconds(3_600)))
                    .build();
            SignedJWT jwt = new SignedJWT(
                    new JWSHeader.Builder(rsa ? JWSAlgorithm.RS256 : JWSAlgorithm.ES256)
                            .keyID(key.getKeyID())
                            .build(),
                    claims);
            jwt.sign(rsa ? new RSASSASigner((RSAKey) key) : new ECDSASigner((ECKey) key));
            return jwt.serialize();
        } catch (JOSEException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** A key under another key id, as a forger has it. */
    static JWK withKid(JWK key, String kid) {
        return new RSAKey.Builder(key.toRSAKey()).keyID(kid).build();
    }

    static String subject() {
        return UUID.randomUUID().toString();
    }
}
