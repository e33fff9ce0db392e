package dev.hardening.springboot;

import org.springframework.boot.actuate.autoconfigure.web.ManagementContextConfiguration;
import org.springframework.boot.actuate.autoconfigure.web.ManagementContextType;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;
import org.springframework.security.oauth2.server.resource.authentication.BearerTokenAuthenticationToken;

/**
 * The answer of 503 on a management port of its own, too: Boot gives that port the application's security filter, and none
 * of its other filters.
 */
@ManagementContextConfiguration(value = ManagementContextType.CHILD, proxyBeanMethods = false)
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
@ConditionalOnClass(BearerTokenAuthenticationToken.class)
final class HardeningManagementConfiguration {

    HardeningManagementConfiguration() {}

    @Bean
    @ConditionalOnBean(KeySources.class)
    FilterRegistrationBean<KeysUnavailableFilter> hardeningKeysUnavailableFilter(
            KeySources keys, Environment environment) {
        return KeysUnavailableFilter.registration(keys, environment);
    }
}
