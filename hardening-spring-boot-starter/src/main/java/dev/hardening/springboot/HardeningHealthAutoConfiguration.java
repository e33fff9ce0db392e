package dev.hardening.springboot;

import dev.hardening.jwks.JWKSCache;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The health of the keys, {@code jwks}, and of Redis, {@code redis}, in place of Boot's own, which may wait for a minute. */
@AutoConfiguration(
        after = {HardeningJwtAutoConfiguration.class, HardeningRedisAutoConfiguration.class},
        beforeName = {
            "org.springframework.boot.data.redis.autoconfigure.health.DataRedisHealthContributorAutoConfiguration",
            "org.springframework.boot.data.redis.autoconfigure.health.DataRedisReactiveHealthContributorAutoConfiguration"
        })
@ConditionalOnClass({ConditionalOnEnabledHealthIndicator.class, HealthIndicator.class})
public final class HardeningHealthAutoConfiguration {

    HardeningHealthAutoConfiguration() {}

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(JWKSCache.class)
    @ConditionalOnBean(JWKSCache.class)
    @ConditionalOnEnabledHealthIndicator("jwks")
    static class Jwks {

        @Bean
        @ConditionalOnMissingBean(name = {"jwksHealthIndicator", "jwksHealthContributor"})
        JwksHealthIndicator jwksHealthIndicator(JWKSCache cache) {
            return new JwksHealthIndicator(cache);
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnBean(RedisStartUp.class)
    @ConditionalOnEnabledHealthIndicator("redis")
    static class Redis {

        @Bean
        @ConditionalOnMissingBean(name = {"redisHealthIndicator", "redisHealthContributor"})
        RedisHealthIndicator redisHealthIndicator(RedisStartUp startUp) {
            return new RedisHealthIndicator(startUp);
        }
    }
}
