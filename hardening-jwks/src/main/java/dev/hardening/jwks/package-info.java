/**
 * Verifies tokens with the keys of an endpoint, through key rotations and outages. Begin with {@link
 * dev.hardening.jwks.JWKSCache} and {@link dev.hardening.jwks.TokenDecoder}.
 */
@NullMarked
package dev.hardening.jwks;

import org.jspecify.annotations.NullMarked;
