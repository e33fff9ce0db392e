package dev.hardening.springboot;

import dev.hardening.jwks.JWKSCache;

/**
 * A bean that changes the key cache before it is built: what the {@code hardening.jwks} properties do not say, such as a
 * transport, a listener or a store for the keys over a restart.
 */
@FunctionalInterface
public interface JWKSCacheCustomizer {

    /** Changes the builder, on which the properties are set already. */
    void customize(JWKSCache.Builder builder);
}
