package dev.hardening.springboot;

import dev.hardening.config.SecretSource;
import dev.hardening.config.SecretValidationException;
import dev.hardening.config.SecretValidator;
import dev.hardening.config.Settings;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.aot.AbstractAotProcessor;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.io.support.SpringFactoriesLoader;

/**
 * Validates the secrets once the environment is complete and before the context refreshes. The {@link Settings} become a
 * bean, and what was read from a {@code NAME_FILE} becomes the property {@code NAME}, unless it
 * would be taken for a placeholder.
 */
final class SecretsInitializer implements ApplicationContextInitializer<ConfigurableApplicationContext>, Ordered {

    private static final Logger LOG = LoggerFactory.getLogger(SecretsInitializer.class);

    static final String PREFIX = "hardening.config";
    static final String FROM_FILES = "hardeningSecretFiles";

    /** Last, because other initializers may add property sources. */
    @Override
    public int getOrder() {
        return LOWEST_PRECEDENCE;
    }

    @Override
    public void initialize(ConfigurableApplicationContext context) {
        ConfigurableEnvironment environment = context.getEnvironment();
        boolean enabled = environment.getProperty(PREFIX + ".enabled", Boolean.class, true);
        if (!enabled || isBuildTime()) {
            return;
        }
        SecretValidator validator = validator(environment, context.getClassLoader());
        if (validator == null) {
            return;
        }
        EnvironmentSource plain = new EnvironmentSource(environment);
        Recorded recorded = new Recorded(plain, plain.withFiles());
        try {
            Settings settings = validator.validate(recorded);
            context.getBeanFactory().registerSingleton("hardeningSettings", settings);
        } catch (SecretValidationException invalid) {
            throw new InvalidSecretsException(invalid);
        }
        if (!recorded.fromFiles.isEmpty()) {
            environment.getPropertySources().addFirst(new MapPropertySource(FROM_FILES, recorded.fromFiles));
        }
    }

    /** A build that prepares an application ahead of time has no secrets, and needs none. */
    private static boolean isBuildTime() {
        return Boolean.getBoolean(AbstractAotProcessor.AOT_PROCESSING);
    }

    private static @Nullable SecretValidator validator(
            ConfigurableEnvironment environment, @Nullable ClassLoader loader) {
        List<SecretDeclaration> declarations =
                SpringFactoriesLoader.forDefaultResourceLocation(loader).load(SecretDeclaration.class);
        String[] required = Binder.get(environment)
                .bind(PREFIX + ".required", String[].class)
                .orElse(new String[0]);
        if (declarations.size() + (required.length > 0 ? 1 : 0) > 1) {
            throw new IllegalStateException("Secrets are declared more than once: use one SecretDeclaration, or "
                    + PREFIX + ".required; found "
                    + declarations.stream()
                            .map(found -> found.getClass().getName())
                            .toList()
                    + (required.length > 0 ? " and the property" : ""));
        }
        if (!declarations.isEmpty()) {
            return declarations.get(0).secrets();
        }
        return required.length == 0 ? null : SecretValidator.requiring(required);
    }

    /** A source that remembers what it took from files. */
    private static final class Recorded implements SecretSource {

        final Map<String, Object> fromFiles = new LinkedHashMap<>();
        private final SecretSource plain;
        private final SecretSource withFiles;

        Recorded(SecretSource plain, SecretSource withFiles) {
            this.plain = plain;
            this.withFiles = withFiles;
        }

        @Override
        public Optional<Found> find(String name) {
            Optional<Found> found = withFiles.find(name);
            String value = found.map(Found::value).orElse("");
            if (!value.isEmpty() && !plain.find(name).map(Found::value).equals(Optional.of(value))) {
                if (value.contains("${")) {
                    LOG.warn("{} from its file is no property: Spring would take a part of it for a placeholder", name);
                } else {
                    fromFiles.put(name, value);
                }
            }
            return found;
        }

        @Override
        public Set<String> names() {
            return withFiles.names();
        }
    }
}
