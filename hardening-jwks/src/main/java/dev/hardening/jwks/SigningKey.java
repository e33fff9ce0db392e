package dev.hardening.jwks;

import com.nimbusds.jose.jwk.JWK;
import java.security.PublicKey;
import org.jspecify.annotations.Nullable;

/**
 * A key of the set that verifies signatures.
 *
 * @param kid the key id (RFC 7517, section 4.5); null if the key has none
 * @param publicKey built once for each key, not for each token
 * @param jwk the key as it was published, without any private part
 */
public record SigningKey(@Nullable String kid, PublicKey publicKey, JWK jwk) {}
