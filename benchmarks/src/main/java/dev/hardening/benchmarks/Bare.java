package dev.hardening.benchmarks;

import com.nimbusds.jose.crypto.impl.ECDSA;
import java.nio.charset.StandardCharsets;
import java.security.PublicKey;
import java.security.Signature;
import java.util.Base64;
import java.util.Map;
import java.util.NoSuchElementException;

/**
 * The floor: keys in a map that is never refreshed, and the JDK's {@link Signature}, made anew for each token as threads
 * that share nothing have to. It reads no claim and no header: only the signature is verified.
 */
record Bare(Map<String, PublicKey> keys) implements Peer {

    @Override
    public PublicKey find(String kid) {
        PublicKey key = keys.get(kid);
        if (key == null) {
            throw new NoSuchElementException();
        }
        return key;
    }

    /** Returns the encoded payload, because it reads none. */
    @Override
    public String verify(String token) throws Exception {
        int second = token.lastIndexOf('.');
        byte[] signed = Base64.getUrlDecoder().decode(token.substring(second + 1));
        boolean rsa = signed.length > 64;
        Signature signature = Signature.getInstance(rsa ? "SHA256withRSA" : "SHA256withECDSA");
        signature.initVerify(find(rsa ? "rsa-1" : "ec-1"));
        signature.update(token.substring(0, second).getBytes(StandardCharsets.US_ASCII));
        if (!signature.verify(rsa ? signed : ECDSA.transcodeSignatureToDER(signed))) {
            throw new IllegalArgumentException("the signature is not valid");
        }
        return token.substring(token.indexOf('.') + 1, second);
    }
}
