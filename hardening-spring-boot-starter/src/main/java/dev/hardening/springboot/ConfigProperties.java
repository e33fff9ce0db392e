package dev.hardening.springboot;

import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What is validated before the context refreshes; it is read by {@link SecretsInitializer}, before there are beans.
 *
 * @param enabled Whether secrets are validated before the context refreshes.
 * @param required The names of the secrets that the application does not start without, exactly as it reads them.
 */
@ConfigurationProperties(SecretsInitializer.PREFIX)
record ConfigProperties(
        @DefaultValue("true") boolean enabled, @DefaultValue List<String> required) {}
