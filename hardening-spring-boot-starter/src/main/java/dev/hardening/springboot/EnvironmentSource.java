package dev.hardening.springboot;

import dev.hardening.config.SecretSource;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.origin.Origin;
import org.springframework.boot.origin.OriginLookup;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;

/** Spring's {@code Environment} as it resolves {@code ${NAME}}: by the exact name, from the first property source that has it. */
final class EnvironmentSource implements SecretSource {

    private final ConfigurableEnvironment environment;

    EnvironmentSource(ConfigurableEnvironment environment) {
        this.environment = environment;
    }

    @Override
    public Optional<Found> find(String name) {
        String value = environment.getProperty(name);
        return value == null ? Optional.empty() : Optional.of(new Found(value, origin(name)));
    }

    /** Where it came from, as Boot says it: a file with line and column, or the name of an environment variable. */
    private String origin(String name) {
        for (PropertySource<?> source : environment.getPropertySources()) {
            if (!ConfigurationPropertySources.isAttachedConfigurationPropertySource(source)
                    && source.containsProperty(name)) {
                Origin origin = OriginLookup.getOrigin(source, name);
                return origin == null ? source.getName() : origin.toString();
            }
        }
        return "environment";
    }

    @Override
    public Set<String> names() {
        Set<String> names = new LinkedHashSet<>();
        for (PropertySource<?> source : environment.getPropertySources()) {
            if (source instanceof EnumerablePropertySource<?> enumerable) {
                names.addAll(Set.of(enumerable.getPropertyNames()));
            }
        }
        return names;
    }
}
