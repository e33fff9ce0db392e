package dev.hardening.springboot;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How the keys are cached. Where they come from, and what a token has to be, is said by Spring's own
 * {@code spring.security.oauth2.resourceserver.jwt} properties.
 *
 * @param enabled Whether the JwtDecoder is built on the cache; false leaves it to Spring Boot.
 * @param timeToLive How long keys are used without being confirmed.
 * @param refreshBefore How long before the end of the time to live a refresh begins in the background.
 * @param staleFor For how long after they were fetched keys go on being used while fetching fails.
 * @param unknownKeyCooldown The least time between two fetches for unknown key ids.
 * @param fetchTimeout The deadline of one fetch, from connecting to the last byte.
 */
@ConfigurationProperties("hardening.jwks")
record JwksProperties(
        @DefaultValue("true") boolean enabled,
        @DefaultValue("1h") Duration timeToLive,
        @DefaultValue("5m") Duration refreshBefore,
        @DefaultValue("24h") Duration staleFor,
        @DefaultValue("30s") Duration unknownKeyCooldown,
        @DefaultValue("10s") Duration fetchTimeout) {}
