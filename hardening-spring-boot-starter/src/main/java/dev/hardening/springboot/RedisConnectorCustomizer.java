package dev.hardening.springboot;

import dev.hardening.redis.RedisConnector;

/**
 * Changes how Redis is connected to at start-up. Make it a bean, for options that are not among the {@code
 * hardening.redis} properties.
 */
@FunctionalInterface
public interface RedisConnectorCustomizer {

    /**
     * Changes the options of the connector. The properties are set already.
     *
     * @param builder the builder to change
     */
    void customize(RedisConnector.Builder builder);
}
