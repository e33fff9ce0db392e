package dev.hardening.springboot;

import dev.hardening.jwks.JWKSCache;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.AnyNestedCondition;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.security.autoconfigure.web.servlet.SecurityFilterProperties;
import org.springframework.boot.security.oauth2.server.resource.autoconfigure.OAuth2ResourceServerProperties;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.core.env.Environment;
import org.springframework.security.oauth2.core.OAuth2TokenValidator;
import org.springframework.security.oauth2.jose.jws.SignatureAlgorithm;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtClaimNames;
import org.springframework.security.oauth2.jwt.JwtClaimValidator;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.JwtIssuerValidator;
import org.springframework.security.oauth2.jwt.JwtValidators;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;
import org.springframework.security.oauth2.server.resource.authentication.BearerTokenAuthenticationToken;
import org.springframework.util.StringUtils;

/**
 * A {@code JwtDecoder} on a {@link JWKSCache}, configured by {@code spring.security.oauth2.resourceserver.jwt} as Spring
 * Boot's own is, and an answer of 503 while there are no keys. It leaves the field to a {@code JwtDecoder} of the
 * application, and to a {@code JwkSetUriJwtDecoderBuilderCustomizer}, which could not be obeyed.
 */
@AutoConfiguration(
        beforeName = {
            HardeningJwtAutoConfiguration.RESOURCE_SERVER + "OAuth2ResourceServerAutoConfiguration",
            HardeningJwtAutoConfiguration.RESOURCE_SERVER + "servlet.OAuth2ResourceServerAutoConfiguration"
        })
@ConditionalOnClass({
    BearerTokenAuthenticationToken.class,
    JWKSCache.class,
    NimbusJwtDecoder.class,
    OAuth2ResourceServerProperties.class
})
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
@ConditionalOnBooleanProperty(name = "hardening.jwks.enabled", matchIfMissing = true)
@Conditional(HardeningJwtAutoConfiguration.OnKeyEndpoint.class)
@ConditionalOnMissingBean(
        value = JwtDecoder.class,
        type = {
            HardeningJwtAutoConfiguration.RESOURCE_SERVER + "JwkSetUriJwtDecoderBuilderCustomizer",
            HardeningJwtAutoConfiguration.RESOURCE_SERVER + "servlet.JwkSetUriJwtDecoderBuilderCustomizer"
        })
@EnableConfigurationProperties({
    JwksProperties.class,
    OAuth2ResourceServerProperties.class,
    SecurityFilterProperties.class
})
public final class HardeningJwtAutoConfiguration {

    /** Boot's package; 4.0 has some of its types in the one below it. */
    static final String RESOURCE_SERVER = "org.springframework.boot.security.oauth2.server.resource.autoconfigure.";

    static final String SPRINGS = "spring.security.oauth2.resourceserver.jwt.";

    private final OAuth2ResourceServerProperties.Jwt jwt;

    HardeningJwtAutoConfiguration(OAuth2ResourceServerProperties springs) {
        jwt = springs.getJwt();
    }

    /** It fetches in the background right away; the start does not wait for it. */
    @Bean
    @ConditionalOnMissingBean
    JWKSCache hardeningJwksCache(JwksProperties ours, ObjectProvider<JWKSCacheCustomizer> customizers) {
        boolean discovered = !StringUtils.hasText(jwt.getJwkSetUri());
        String property = SPRINGS + (discovered ? "issuer-uri" : "jwk-set-uri");
        String given = discovered ? jwt.getIssuerUri() : jwt.getJwkSetUri();
        try {
            URI uri = new URI(String.valueOf(given));
            JWKSCache.Builder builder = JWKSCache.builder(uri)
                    .timeToLive(ours.timeToLive())
                    .refreshBefore(ours.refreshBefore())
                    .staleFor(ours.staleFor())
                    .unknownKeyCooldown(ours.unknownKeyCooldown())
                    .fetchTimeout(ours.fetchTimeout());
            if (discovered) {
                builder.fetcher(new IssuerFetcher(uri));
            }
            customizers.orderedStream().forEach(customizer -> customizer.customize(builder));
            JWKSCache cache = builder.build();
            var unused = cache.getKeysAsync();
            return cache;
        } catch (URISyntaxException notShown) {
            throw new UnusablePropertyException(property, "is not a URL");
        } catch (IllegalArgumentException unusable) {
            String reason = String.valueOf(unusable.getMessage());
            throw new UnusablePropertyException(
                    reason.startsWith("the key endpoint") ? property : "hardening.jwks", reason);
        }
    }

    @Bean
    JwtDecoder hardeningJwtDecoder(
            JWKSCache cache, Environment environment, ObjectProvider<OAuth2TokenValidator<Jwt>> additional) {
        NimbusJwtDecoder decoder = NimbusJwtDecoder.withJwkSource(cache.asJWKSource())
                .jwsAlgorithms(accepted -> accepted.addAll(algorithms(environment)))
                .build();
        decoder.setJwtValidator(validator(additional.orderedStream().toList()));
        return decoder;
    }

    /**
     * Those of {@code jws-algorithms}. Where Spring would ask the issuer for them, all: each is tried with keys of its own
     * kind only, and none of them is symmetric.
     */
    private List<SignatureAlgorithm> algorithms(Environment environment) {
        boolean named = Binder.get(environment)
                .bind(SPRINGS + "jws-algorithms", String[].class)
                .isBound();
        if (!named && !StringUtils.hasText(jwt.getJwkSetUri())) {
            return List.of(SignatureAlgorithm.values());
        }
        List<SignatureAlgorithm> accepted = new ArrayList<>();
        for (String name : jwt.getJwsAlgorithms()) {
            SignatureAlgorithm algorithm = SignatureAlgorithm.from(name);
            if (algorithm == null) {
                throw new UnusablePropertyException(
                        SPRINGS + "jws-algorithms", "only RS, PS and ES with 256, 384 or 512 are algorithms for it");
            }
            accepted.add(algorithm);
        }
        return accepted;
    }

    private OAuth2TokenValidator<Jwt> validator(List<OAuth2TokenValidator<Jwt>> additional) {
        List<OAuth2TokenValidator<Jwt>> validators = new ArrayList<>();
        String issuer = jwt.getIssuerUri();
        if (StringUtils.hasText(issuer)) {
            validators.add(new JwtIssuerValidator(issuer));
        }
        List<String> audiences = jwt.getAudiences();
        if (!audiences.isEmpty()) {
            validators.add(new JwtClaimValidator<List<String>>(
                    JwtClaimNames.AUD, named -> named != null && !Collections.disjoint(named, Set.copyOf(audiences))));
        }
        validators.addAll(additional);
        return validators.isEmpty()
                ? JwtValidators.createDefault()
                : JwtValidators.createDefaultWithValidators(validators);
    }

    /** Around Spring Security's own filter, whose exception it answers. */
    @Bean
    FilterRegistrationBean<KeysUnavailableFilter> hardeningKeysUnavailableFilter(
            JWKSCache cache, SecurityFilterProperties security) {
        var registration = new FilterRegistrationBean<>(new KeysUnavailableFilter(cache));
        registration.setOrder(security.getOrder() - 1);
        return registration;
    }

    static final class OnKeyEndpoint extends AnyNestedCondition {

        OnKeyEndpoint() {
            super(ConfigurationPhase.PARSE_CONFIGURATION);
        }

        @ConditionalOnProperty(SPRINGS + "jwk-set-uri")
        static final class JwkSetUri {}

        @ConditionalOnProperty(SPRINGS + "issuer-uri")
        static final class IssuerUri {}
    }
}
