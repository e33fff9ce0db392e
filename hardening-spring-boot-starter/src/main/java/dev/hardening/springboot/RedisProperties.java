package dev.hardening.springboot;

import dev.hardening.redis.Role;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How Redis is connected to at start-up, and watched afterwards. Its address comes from Spring Boot's own
 * {@code spring.data.redis} properties.
 *
 * @param enabled Whether Redis is connected to before the web server listens, and watched afterwards.
 * @param required Whether the application needs Redis to start; if not, it is tried once, and health says what is missing.
 * @param attempts How many times it is tried at the most.
 * @param backoff The first wait between two attempts; each next one is twice as long.
 * @param deadline How long it may take in all.
 * @param attemptTimeout How long one attempt may take.
 * @param jitter How much shorter or longer a wait may be, as a fraction of it from 0 to 1.
 * @param requireRole The role that the server has to have; any if it is not set.
 * @param failFast Whether commands are refused while Redis is away, and end after 5 s unless spring.data.redis.timeout is set.
 * @param heartbeat How often the connection that the application uses is tried, so that a dead one is replaced; 0 for never.
 */
@ConfigurationProperties(RedisProperties.PREFIX)
record RedisProperties(
        @DefaultValue("true") boolean enabled,
        @DefaultValue("true") boolean required,
        @DefaultValue("3") int attempts,
        @DefaultValue("1s") Duration backoff,
        @DefaultValue("7s") Duration deadline,
        @DefaultValue("3s") Duration attemptTimeout,
        @DefaultValue("0") double jitter,
        @Nullable RequiredRole requireRole,
        @DefaultValue("true") boolean failFast,
        @DefaultValue("5s") Duration heartbeat) {

    static final String PREFIX = "hardening.redis";

    /** What may be required. */
    enum RequiredRole {
        ANY,
        PRIMARY,
        REPLICA
    }

    /** The role that is required; null for any. */
    @Nullable
    Role role() {
        return requireRole == null || requireRole == RequiredRole.ANY ? null : Role.valueOf(requireRole.name());
    }
}
