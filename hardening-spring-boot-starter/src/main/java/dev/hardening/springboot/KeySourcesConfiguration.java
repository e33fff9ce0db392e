package dev.hardening.springboot;

import dev.hardening.jwks.JWKSCache;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionMessage;
import org.springframework.boot.autoconfigure.condition.ConditionOutcome;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.SpringBootCondition;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Lazy;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotatedTypeMetadata;

/** The caches, for servlet and WebFlux; only if a decoder of this starter uses them. */
@Configuration(proxyBeanMethods = false)
class KeySourcesConfiguration {

    /** The cache of the only issuer; this bean does not exist if several are configured. */
    @Bean
    @ConditionalOnMissingBean
    @Conditional(OnOneIssuer.class)
    JWKSCache hardeningJwksCache(
            Environment environment,
            JwksProperties properties,
            ObjectProvider<JWKSCacheCustomizer> customizers,
            ObjectProvider<SslBundles> bundles) {
        return new KeySourcesFactory(environment, properties, customizers, bundles).cache();
    }

    /** Fetches in the background at once, also in a lazy context. The start does not wait for it. */
    @Bean
    @Lazy(false)
    KeySources hardeningKeySources(
            Environment environment,
            JwksProperties properties,
            ObjectProvider<JWKSCache> one,
            ObjectProvider<JWKSCacheCustomizer> customizers,
            ObjectProvider<SslBundles> bundles) {
        KeySourcesFactory factory = new KeySourcesFactory(environment, properties, customizers, bundles);
        KeySources keys = properties.issuers().isEmpty() ? factory.one(one.getObject()) : factory.several();
        keys.prefetch();
        return keys;
    }

    static final class OnOneIssuer extends SpringBootCondition {

        @Override
        public ConditionOutcome getMatchOutcome(ConditionContext context, AnnotatedTypeMetadata metadata) {
            return new ConditionOutcome(
                    !HardeningJwtAutoConfiguration.hasIssuers(context.getEnvironment()),
                    ConditionMessage.of("hardening.jwks.issuers lists several"));
        }
    }
}
