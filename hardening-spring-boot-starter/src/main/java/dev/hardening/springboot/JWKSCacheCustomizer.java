package dev.hardening.springboot;

import dev.hardening.jwks.JWKSCache;

/**
 * Changes the key cache before it is built. Make it a bean, for options that are not among the {@code hardening.jwks}
 * properties, such as a transport, a listener or a store for the keys over a restart.
 */
@FunctionalInterface
public interface JWKSCacheCustomizer {

    /**
     * Changes the options of a cache. The properties are set already.
     *
     * @param builder the builder to change
     */
    void customize(JWKSCache.Builder builder);
}
