package dev.hardening.springboot;

import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.endpoint.SanitizableData;
import org.springframework.boot.actuate.endpoint.SanitizingFunction;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;

/**
 * Hides the declared secrets in Actuator's answers, and every property whose value is one of them, even if {@code
 * management.endpoint.env.show-values} says to show it. {@link SecretsInitializer} validates them.
 */
@AutoConfiguration
@ConditionalOnClass(SanitizingFunction.class)
@EnableConfigurationProperties(ConfigProperties.class)
public final class HardeningSecretsAutoConfiguration {

    private static final String HEADERS = "hardening.jwks.request-header.";

    HardeningSecretsAutoConfiguration() {}

    @Bean
    SanitizingFunction hardeningSanitizingFunction(ObjectProvider<DeclaredSecrets> declared) {
        return data ->
                isHidden(data, declared.getIfAvailable()) ? data.withValue(SanitizableData.SANITIZED_VALUE) : data;
    }

    private static boolean isHidden(SanitizableData data, @Nullable DeclaredSecrets declared) {
        return data.getKey().startsWith(HEADERS)
                || (declared != null && declared.hides(data.getKey(), data.getValue()));
    }
}
