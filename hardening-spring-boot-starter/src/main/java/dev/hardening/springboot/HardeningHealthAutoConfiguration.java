package dev.hardening.springboot;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Adds the health of the keys, {@code jwks}, and of Redis, {@code redis}. It replaces Boot's own, which may wait for a
 * minute. If there are several issuers or several connections, each has its own entry below that name.
 */
@AutoConfiguration(
        after = {HardeningJwtAutoConfiguration.class, HardeningRedisAutoConfiguration.class},
        beforeName = {
            "org.springframework.boot.data.redis.autoconfigure.health.DataRedisHealthContributorAutoConfiguration",
            "org.springframework.boot.data.redis.autoconfigure.health.DataRedisReactiveHealthContributorAutoConfiguration",
            "org.springframework.boot.actuate.autoconfigure.data.redis.RedisHealthContributorAutoConfiguration",
            "org.springframework.boot.actuate.autoconfigure.data.redis.RedisReactiveHealthContributorAutoConfiguration"
        })
public final class HardeningHealthAutoConfiguration {

    private static final Duration TIMEOUT = Duration.ofSeconds(1);

    HardeningHealthAutoConfiguration() {}

    private static Map<String, Supplier<HealthAnswer>> keys(KeySources keys) {
        Map<String, Supplier<HealthAnswer>> questions = new LinkedHashMap<>();
        keys.all().forEach(source -> questions.put(source.name(), () -> HealthAnswer.of(source)));
        return questions;
    }

    private static Map<String, Supplier<HealthAnswer>> redis(RedisStartUp startUp) {
        Map<String, Supplier<HealthAnswer>> questions = new LinkedHashMap<>();
        startUp.watched().forEach(redis -> questions.put(redis.name(), () -> HealthAnswer.of(redis, TIMEOUT)));
        return questions;
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass({
        org.springframework.boot.actuate.health.HealthIndicator.class,
        org.springframework.boot.actuate.autoconfigure.health.ConditionalOnEnabledHealthIndicator.class
    })
    static class Boot3 {

        @Bean
        @ConditionalOnBean(KeySources.class)
        @ConditionalOnMissingBean(name = {"jwksHealthIndicator", "jwksHealthContributor"})
        @org.springframework.boot.actuate.autoconfigure.health.ConditionalOnEnabledHealthIndicator("jwks")
        org.springframework.boot.actuate.health.HealthContributor jwksHealthContributor(KeySources keys) {
            return contributor(keys(keys));
        }

        @Bean
        @ConditionalOnBean(RedisStartUp.class)
        @ConditionalOnMissingBean(name = {"redisHealthIndicator", "redisHealthContributor"})
        @org.springframework.boot.actuate.autoconfigure.health.ConditionalOnEnabledHealthIndicator("redis")
        org.springframework.boot.actuate.health.HealthContributor redisHealthContributor(RedisStartUp startUp) {
            return contributor(redis(startUp));
        }

        private static org.springframework.boot.actuate.health.HealthContributor contributor(
                Map<String, Supplier<HealthAnswer>> questions) {
            return questions.size() == 1
                    ? indicator(questions.values().iterator().next())
                    : org.springframework.boot.actuate.health.CompositeHealthContributor.fromMap(
                            questions, Boot3::indicator);
        }

        private static org.springframework.boot.actuate.health.HealthIndicator indicator(
                Supplier<HealthAnswer> question) {
            return () -> {
                HealthAnswer answer = question.get();
                return org.springframework.boot.actuate.health.Health.status(answer.status())
                        .withDetails(answer.details())
                        .build();
            };
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass({
        org.springframework.boot.health.contributor.HealthIndicator.class,
        org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator.class
    })
    static class Boot4 {

        @Bean
        @ConditionalOnBean(KeySources.class)
        @ConditionalOnMissingBean(name = {"jwksHealthIndicator", "jwksHealthContributor"})
        @org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator("jwks")
        org.springframework.boot.health.contributor.HealthContributor jwksHealthContributor(KeySources keys) {
            return contributor(keys(keys));
        }

        @Bean
        @ConditionalOnBean(RedisStartUp.class)
        @ConditionalOnMissingBean(name = {"redisHealthIndicator", "redisHealthContributor"})
        @org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator("redis")
        org.springframework.boot.health.contributor.HealthContributor redisHealthContributor(RedisStartUp startUp) {
            return contributor(redis(startUp));
        }

        private static org.springframework.boot.health.contributor.HealthContributor contributor(
                Map<String, Supplier<HealthAnswer>> questions) {
            return questions.size() == 1
                    ? indicator(questions.values().iterator().next())
                    : org.springframework.boot.health.contributor.CompositeHealthContributor.fromMap(
                            questions, Boot4::indicator);
        }

        private static org.springframework.boot.health.contributor.HealthIndicator indicator(
                Supplier<HealthAnswer> question) {
            return () -> {
                HealthAnswer answer = question.get();
                return org.springframework.boot.health.contributor.Health.status(answer.status())
                        .withDetails(answer.details())
                        .build();
            };
        }
    }
}
