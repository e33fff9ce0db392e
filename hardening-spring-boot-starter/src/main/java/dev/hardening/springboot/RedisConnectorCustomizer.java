package dev.hardening.springboot;

import dev.hardening.redis.RedisConnector;

/** A bean that changes how Redis is connected to at start-up, where the {@code hardening.redis} properties do not say it. */
@FunctionalInterface
public interface RedisConnectorCustomizer {

    /** Changes the builder, on which the properties are set already. */
    void customize(RedisConnector.Builder builder);
}
