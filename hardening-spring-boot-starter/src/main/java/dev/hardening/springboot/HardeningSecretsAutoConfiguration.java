package dev.hardening.springboot;

import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.endpoint.SanitizableData;
import org.springframework.boot.actuate.endpoint.SanitizingFunction;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.PropertySource;

/**
 * Hides the declared secrets in Actuator's answers, and every property that refers to or holds one of them, even if {@code
 * management.endpoint.env.show-values} says to show it. {@link SecretsInitializer} validates them.
 */
@AutoConfiguration
@ConditionalOnClass(SanitizingFunction.class)
@EnableConfigurationProperties(ConfigProperties.class)
public final class HardeningSecretsAutoConfiguration {

    /** How {@code hardening.jwks.request-header} begins, also as a variable or in camel case. */
    private static final String HEADERS = "hardeningjwksrequestheader";

    private static final Pattern NOT_COMPARED = Pattern.compile("[^a-z0-9]");

    HardeningSecretsAutoConfiguration() {}

    @Bean
    SanitizingFunction hardeningSanitizingFunction(ObjectProvider<DeclaredSecrets> declared) {
        return data ->
                isHidden(data, declared.getIfAvailable()) ? data.withValue(SanitizableData.SANITIZED_VALUE) : data;
    }

    private static boolean isHidden(SanitizableData data, @Nullable DeclaredSecrets declared) {
        PropertySource<?> source = data.getPropertySource();
        return isHeader(data.getKey())
                || (declared != null
                        && (declared.hides(data.getKey(), data.getValue())
                                || (source != null && declared.isReferredToBy(source.getProperty(data.getKey())))));
    }

    private static boolean isHeader(String property) {
        return NOT_COMPARED
                .matcher(property.toLowerCase(Locale.ROOT))
                .replaceAll("")
                .startsWith(HEADERS);
    }
}
