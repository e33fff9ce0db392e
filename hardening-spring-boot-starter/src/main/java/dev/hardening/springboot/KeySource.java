package dev.hardening.springboot;

import dev.hardening.jwks.JWKSCache;
import dev.hardening.jwks.TokenDecoder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One issuer: its keys, and the decoder that verifies with them.
 *
 * @param name its name in health and meters
 * @param issuer what {@code iss} has to be, or null for any
 * @param audiences the accepted ones: {@code aud} has to name one of them; empty for any
 * @param decoder verifies only signatures; Spring checks the claims
 */
record KeySource(String name, @Nullable String issuer, List<String> audiences, JWKSCache cache, TokenDecoder decoder) {}
