package dev.hardening.springboot;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.context.properties.ConfigurationPropertiesBinding;
import org.springframework.context.annotation.Bean;

/** Binds a value that YAML takes for a number or a boolean to a {@code Secret} of a {@code @ConfigurationProperties} class. */
@AutoConfiguration
public final class HardeningBindingAutoConfiguration {

    HardeningBindingAutoConfiguration() {}

    @Bean
    @ConfigurationPropertiesBinding
    static SecretConverter hardeningSecretConverter() {
        return new SecretConverter();
    }
}
