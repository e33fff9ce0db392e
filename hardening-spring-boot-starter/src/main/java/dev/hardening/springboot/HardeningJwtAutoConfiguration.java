package dev.hardening.springboot;

import dev.hardening.jwks.JWKSCache;
import jakarta.servlet.http.HttpServletRequest;
import java.util.stream.StreamSupport;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionMessage;
import org.springframework.boot.autoconfigure.condition.ConditionOutcome;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.autoconfigure.condition.SpringBootCondition;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.ConfigurationPropertyState;
import org.springframework.boot.context.properties.source.IterableConfigurationPropertySource;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.convert.converter.Converter;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotatedTypeMetadata;
import org.springframework.security.authentication.AbstractAuthenticationToken;
import org.springframework.security.authentication.AuthenticationManagerResolver;
import org.springframework.security.authentication.ReactiveAuthenticationManagerResolver;
import org.springframework.security.oauth2.core.OAuth2TokenValidator;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;
import org.springframework.security.oauth2.jwt.NimbusReactiveJwtDecoder;
import org.springframework.security.oauth2.jwt.ReactiveJwtDecoder;
import org.springframework.security.oauth2.server.resource.authentication.BearerTokenAuthenticationToken;
import org.springframework.security.oauth2.server.resource.authentication.JwtAuthenticationProvider;
import org.springframework.security.oauth2.server.resource.authentication.JwtReactiveAuthenticationManager;
import org.springframework.util.StringUtils;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Makes a {@code JwtDecoder}, or in a reactive application a {@code ReactiveJwtDecoder}, on a {@link JWKSCache}. It is
 * configured by {@code spring.security.oauth2.resourceserver.jwt}, as Spring Boot's own is, or by {@code
 * hardening.jwks.issuers}. While there are no keys, the answer is 503.
 *
 * <p>It does nothing if the application has a decoder of its own, or a customizer of Spring's decoder, which could not
 * be applied.
 */
@AutoConfiguration(
        beforeName = {
            HardeningJwtAutoConfiguration.BOOT_4 + "OAuth2ResourceServerAutoConfiguration",
            HardeningJwtAutoConfiguration.BOOT_4 + "servlet.OAuth2ResourceServerAutoConfiguration",
            HardeningJwtAutoConfiguration.BOOT_4 + "reactive.ReactiveOAuth2ResourceServerAutoConfiguration",
            HardeningJwtAutoConfiguration.BOOT_3 + "servlet.OAuth2ResourceServerAutoConfiguration",
            HardeningJwtAutoConfiguration.BOOT_3 + "reactive.ReactiveOAuth2ResourceServerAutoConfiguration"
        })
@ConditionalOnClass({BearerTokenAuthenticationToken.class, JWKSCache.class, NimbusJwtDecoder.class})
@ConditionalOnSwitch("hardening.jwks.enabled")
@Conditional(HardeningJwtAutoConfiguration.OnKeyEndpoint.class)
@EnableConfigurationProperties(JwksProperties.class)
public final class HardeningJwtAutoConfiguration {

    /** Boot's package; 4.1 has some of its types there, 4.0 in the ones below it. */
    static final String BOOT_4 = "org.springframework.boot.security.oauth2.server.resource.autoconfigure.";

    static final String BOOT_3 = "org.springframework.boot.autoconfigure.security.oauth2.resource.";

    static final String FIRST_ISSUER = "hardening.jwks.issuers[0].issuer-uri";

    private static final ConfigurationPropertyName ISSUERS = ConfigurationPropertyName.of("hardening.jwks.issuers");

    HardeningJwtAutoConfiguration() {}

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
    @ConditionalOnMissingBean(
            value = JwtDecoder.class,
            type = {
                BOOT_4 + "JwkSetUriJwtDecoderBuilderCustomizer",
                BOOT_4 + "servlet.JwkSetUriJwtDecoderBuilderCustomizer",
                BOOT_3 + "servlet.JwkSetUriJwtDecoderBuilderCustomizer"
            })
    @Import(KeySourcesConfiguration.class)
    static class Servlet {

        @Bean
        JwtDecoder hardeningJwtDecoder(KeySources keys, ObjectProvider<OAuth2TokenValidator<Jwt>> additional) {
            NimbusJwtDecoder decoder = new NimbusJwtDecoder(new VerifyingProcessor(keys));
            decoder.setJwtValidator(
                    Claims.validator(keys, additional.orderedStream().toList()));
            return decoder;
        }

        @Bean
        FilterRegistrationBean<KeysUnavailableFilter> hardeningKeysUnavailableFilter(
                KeySources keys, Environment environment) {
            return KeysUnavailableFilter.registration(keys, environment);
        }

        /** For a filter chain that asks for one; the decoder alone serves all issuers, too. */
        @Bean
        @ConditionalOnMissingBean
        @ConditionalOnProperty(FIRST_ISSUER)
        AuthenticationManagerResolver<HttpServletRequest> hardeningAuthenticationManagerResolver(
                JwtDecoder decoder, ObjectProvider<Converter<Jwt, ? extends AbstractAuthenticationToken>> converters) {
            JwtAuthenticationProvider provider = new JwtAuthenticationProvider(decoder);
            converters.ifUnique(provider::setJwtAuthenticationConverter);
            return request -> provider::authenticate;
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
    @ConditionalOnMissingBean(
            value = ReactiveJwtDecoder.class,
            type = {
                BOOT_4 + "reactive.JwkSetUriReactiveJwtDecoderBuilderCustomizer",
                BOOT_3 + "reactive.JwkSetUriReactiveJwtDecoderBuilderCustomizer"
            })
    @Import(KeySourcesConfiguration.class)
    static class Reactive {

        @Bean
        ReactiveJwtDecoder hardeningReactiveJwtDecoder(
                KeySources keys, ObjectProvider<OAuth2TokenValidator<Jwt>> additional) {
            NimbusReactiveJwtDecoder decoder = new NimbusReactiveJwtDecoder(new ReactiveVerifier(keys));
            decoder.setJwtValidator(
                    Claims.validator(keys, additional.orderedStream().toList()));
            return decoder;
        }

        @Bean
        KeysUnavailableWebFilter hardeningKeysUnavailableFilter(KeySources keys) {
            return new KeysUnavailableWebFilter(keys);
        }

        /** For a filter chain that asks for one; the decoder alone serves all issuers, too. */
        @Bean
        @ConditionalOnMissingBean
        @ConditionalOnProperty(FIRST_ISSUER)
        ReactiveAuthenticationManagerResolver<ServerWebExchange> hardeningAuthenticationManagerResolver(
                ReactiveJwtDecoder decoder,
                ObjectProvider<Converter<Jwt, Mono<AbstractAuthenticationToken>>> converters) {
            JwtReactiveAuthenticationManager manager = new JwtReactiveAuthenticationManager(decoder);
            converters.ifUnique(manager::setJwtAuthenticationConverter);
            return exchange -> Mono.just(manager);
        }
    }

    static final class OnKeyEndpoint extends SpringBootCondition {

        @Override
        public ConditionOutcome getMatchOutcome(ConditionContext context, AnnotatedTypeMetadata metadata) {
            Environment environment = context.getEnvironment();
            requireIndex(environment);
            return new ConditionOutcome(
                    ResourceServer.of(environment).hasKeyEndpoint() || hasIssuers(environment),
                    ConditionMessage.of("a key endpoint is needed: jwk-set-uri, issuer-uri or hardening.jwks.issuers"));
        }
    }

    /** What is said about issuers without an index would be ignored, or could not be bound. */
    private static void requireIndex(Environment environment) {
        for (ConfigurationPropertySource source : ConfigurationPropertySources.get(environment)) {
            ConfigurationProperty list = source.getConfigurationProperty(ISSUERS);
            boolean isText = list != null && StringUtils.hasText(list.getValue().toString());
            boolean isWithoutIndex = source instanceof IterableConfigurationPropertySource names
                    && names.stream()
                            .anyMatch(name ->
                                    ISSUERS.isAncestorOf(name) && !name.isNumericIndex(ISSUERS.getNumberOfElements()));
            if (isText || isWithoutIndex) {
                throw new UnusablePropertyException(
                        ISSUERS.toString(), "is a list, and an index is missing: write " + FIRST_ISSUER);
            }
        }
    }

    /** Whether anything is said about issuers, even if it is not enough: then the start ends with what is missing. */
    static boolean hasIssuers(Environment environment) {
        return StreamSupport.stream(
                        ConfigurationPropertySources.get(environment).spliterator(), false)
                .anyMatch(source -> source.containsDescendantOf(ISSUERS) == ConfigurationPropertyState.PRESENT);
    }
}
