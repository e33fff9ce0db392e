package dev.hardening.springboot;

import dev.hardening.jwks.JWKSCache;
import dev.hardening.jwks.TokenDecoder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One issuer: its keys, and what verifies with them.
 *
 * @param name its name in health and meters
 * @param issuer what {@code iss} has to be, or null if anything
 * @param audiences of which {@code aud} has to name one; empty if anything
 * @param decoder verifies signatures only: the claims are Spring's to check
 */
record KeySource(String name, @Nullable String issuer, List<String> audiences, JWKSCache cache, TokenDecoder decoder) {}
