package dev.hardening.springboot;

import dev.hardening.jwks.JWKSCacheMetrics;
import dev.hardening.redis.RedisConnectionMetrics;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.List;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Makes the meters of the keys, for each issuer, and of each Redis. Boot binds them to the application's
 * registry.
 */
@AutoConfiguration(after = {HardeningJwtAutoConfiguration.class, HardeningRedisAutoConfiguration.class})
@ConditionalOnClass(MeterBinder.class)
public final class HardeningMetricsAutoConfiguration {

    HardeningMetricsAutoConfiguration() {}

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnBean(KeySources.class)
    static class Jwks {

        @Bean
        @ConditionalOnMissingBean(JWKSCacheMetrics.class)
        MeterBinder hardeningJwksMetrics(KeySources keys) {
            List<JWKSCacheMetrics> metrics = keys.all().stream()
                    .map(source -> new JWKSCacheMetrics(source.cache(), source.name()))
                    .toList();
            return registry -> metrics.forEach(each -> each.bindTo(registry));
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnBean(RedisStartUp.class)
    static class Redis {

        @Bean
        @ConditionalOnMissingBean(RedisConnectionMetrics.class)
        RedisMeters hardeningRedisMetrics() {
            return new RedisMeters();
        }
    }
}
