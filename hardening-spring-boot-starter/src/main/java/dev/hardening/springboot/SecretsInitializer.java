package dev.hardening.springboot;

import dev.hardening.config.SecretSource;
import dev.hardening.config.SecretValidationException;
import dev.hardening.config.SecretValidator;
import dev.hardening.config.Setting;
import dev.hardening.config.Settings;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;
import org.springframework.core.io.support.SpringFactoriesLoader;
import org.springframework.util.StringUtils;

/**
 * Validates the secrets once the environment is complete and before the context refreshes. The {@link Settings} become a
 * bean. What was read from a {@code NAME_FILE} becomes a property, as the variable {@code NAME} would, unless Spring
 * would take a part of it for a placeholder.
 */
final class SecretsInitializer implements ApplicationContextInitializer<ConfigurableApplicationContext>, Ordered {

    private static final Logger LOG = LoggerFactory.getLogger(SecretsInitializer.class);

    static final String PREFIX = "hardening.config";

    /** Boot takes a source with this ending for variables: {@code A_B} is the property {@code a.b}, too. */
    static final String FROM_FILES = "hardeningSecretFiles-systemEnvironment";

    /** The same for names that are blank in a source of a higher order. */
    private static final String INSTEAD_OF_BLANK = "hardeningInsteadOfBlank-systemEnvironment";

    private static final String VARIABLES = StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME;

    private static final String REQUIRED = PREFIX + ".required";

    /** The property of {@code META-INF/spring.factories} that lists the declarations. */
    static final String DECLARATION = SecretDeclaration.class.getName();

    /**
     * The property source that marks the environment of Spring Cloud's bootstrap context. It fetches remote properties for
     * the application's own context, which is the one that is checked.
     */
    private static final String BOOTSTRAP = "bootstrap";

    /** Last, because other initializers may add property sources. */
    @Override
    public int getOrder() {
        return LOWEST_PRECEDENCE;
    }

    @Override
    public void initialize(ConfigurableApplicationContext context) {
        DeclaredSecrets declared = validate(context);
        context.getBeanFactory().registerSingleton("hardeningDeclaredSecrets", declared);
    }

    private static DeclaredSecrets validate(ConfigurableApplicationContext context) {
        ConfigurableEnvironment environment = context.getEnvironment();
        if (!OnSwitch.isOn(environment, PREFIX + ".enabled")) {
            return DeclaredSecrets.off(PREFIX + ".enabled=false");
        }
        if (environment.getPropertySources().contains(BOOTSTRAP)) {
            return DeclaredSecrets.off("this is Spring Cloud's bootstrap context");
        }
        String build = BuildTime.reason();
        if (build != null) {
            return DeclaredSecrets.off(build);
        }
        SecretValidator validator = validator(environment, context.getClassLoader());
        if (validator == null) {
            return DeclaredSecrets.off("no name is declared, neither in " + REQUIRED + " nor by a "
                    + SecretDeclaration.class.getSimpleName());
        }
        EnvironmentSource plain = new EnvironmentSource(environment, validator.settings(), Set.of());
        RecordingSource source = new RecordingSource(plain, plain.withFiles());
        if (isSlice(environment) && !validator.check(source).valid()) {
            return DeclaredSecrets.off("this is a slice of the application, and its environment lacks some");
        }
        try {
            Settings settings = validator.validate(source);
            context.getBeanFactory().registerSingleton("hardeningSettings", settings);
            if (!source.fromFiles.isEmpty()) {
                addAsVariables(environment, source.fromFiles);
            }
            return DeclaredSecrets.of(validator, settings);
        } catch (SecretValidationException invalid) {
            throw new InvalidSecretsException(explained(invalid, validator, environment));
        }
    }

    /**
     * Directly before the variables, so that what overrides a variable overrides these, too. A name that is blank in a
     * source before that has its value first of all.
     */
    private static void addAsVariables(ConfigurableEnvironment environment, Map<String, Object> values) {
        MutablePropertySources sources = environment.getPropertySources();
        if (!sources.contains(VARIABLES)) {
            sources.addFirst(new FromFiles(FROM_FILES, values));
            return;
        }
        sources.addBefore(VARIABLES, new FromFiles(FROM_FILES, values));
        Map<String, Object> blank = new LinkedHashMap<>();
        values.forEach((name, value) -> {
            if (!StringUtils.hasText(environment.getProperty(name))) {
                blank.put(name, value);
            }
        });
        if (!blank.isEmpty()) {
            sources.addFirst(new FromFiles(INSTEAD_OF_BLANK, blank));
        }
    }

    /** The same failure, which also says what is missing because it refers to a blank value. */
    private static SecretValidationException explained(
            SecretValidationException invalid, SecretValidator validator, ConfigurableEnvironment environment) {
        try {
            validator.validate(new EnvironmentSource(environment, validator.settings(), Set.copyOf(invalid.missing()))
                    .withFiles());
            return invalid;
        } catch (SecretValidationException explained) {
            return explained;
        }
    }

    /** A test slice, such as {@code @WebMvcTest}, turns auto-configuration off and needs few secrets. */
    private static boolean isSlice(ConfigurableEnvironment environment) {
        return !environment.getProperty(EnableAutoConfiguration.ENABLED_OVERRIDE_PROPERTY, Boolean.class, true);
    }

    /** Everything that is declared, as one: by classes, in their order, then by the property. */
    private static @Nullable SecretValidator validator(
            ConfigurableEnvironment environment, @Nullable ClassLoader loader) {
        List<SecretValidator> validators = new ArrayList<>();
        for (SecretDeclaration declaration :
                SpringFactoriesLoader.forDefaultResourceLocation(loader).load(SecretDeclaration.class)) {
            SecretValidator secrets = declaration.secrets();
            if (secrets == null) { // the application's class may not keep to the contract
                throw new UnusablePropertyException(
                        DECLARATION, declaration.getClass().getName() + " returns null and no SecretValidator");
            }
            validators.add(secrets);
        }
        String[] required =
                Binder.get(environment).bind(REQUIRED, String[].class).orElse(new String[0]);
        SecretValidator declared = validators.stream()
                .reduce((one, other) -> and(one, other, DECLARATION))
                .orElse(null);
        if (required.length == 0) {
            return declared;
        }
        SecretValidator named = required(declared, required);
        return declared == null ? named : and(declared, named, REQUIRED);
    }

    private static SecretValidator and(SecretValidator one, SecretValidator other, String property) {
        try {
            return one.and(other);
        } catch (IllegalArgumentException conflict) {
            throw new UnusablePropertyException(
                    property, "two declarations of the secrets contradict each other: " + conflict.getMessage());
        }
    }

    /** The property only names a setting and requires it: what a declaration says about its type and rules stays. */
    private static SecretValidator required(@Nullable SecretValidator declared, String... names) {
        Set<String> seen = new LinkedHashSet<>();
        for (int i = 0; i < names.length; i++) {
            if (names[i].isBlank()) {
                throw new UnusablePropertyException(REQUIRED, "name " + (i + 1) + " of " + names.length + " is empty");
            }
            if (!seen.add(names[i])) {
                throw new UnusablePropertyException(REQUIRED, "name " + (i + 1) + " is there twice");
            }
        }
        try {
            Map<String, Setting<?>> known = declared == null
                    ? Map.of()
                    : declared.settings().stream().collect(Collectors.toMap(Setting::name, setting -> setting));
            return SecretValidator.of(seen.stream()
                    .map(name -> known.containsKey(name)
                            ? known.get(name).requiredWhen(always -> true)
                            : Setting.secret(name))
                    .toArray(Setting<?>[]::new));
        } catch (IllegalArgumentException unusable) {
            throw new UnusablePropertyException(REQUIRED, String.valueOf(unusable.getMessage()));
        }
    }

    /** The secrets from files, as if they were variables. */
    private static final class FromFiles extends SystemEnvironmentPropertySource {

        FromFiles(String name, Map<String, Object> values) {
            super(name, values);
        }

        /** Without Spring's own, which shows the values where its log is at debug level. */
        @Override
        public String toString() {
            return "FromFiles" + getSource().keySet();
        }
    }

    /** A source that records what it took from files. */
    private static final class RecordingSource implements SecretSource {

        final Map<String, Object> fromFiles = new LinkedHashMap<>();
        private final SecretSource plain;
        private final SecretSource withFiles;

        RecordingSource(SecretSource plain, SecretSource withFiles) {
            this.plain = plain;
            this.withFiles = withFiles;
        }

        @Override
        public Optional<Found> find(String name) {
            Optional<Found> found = withFiles.find(name);
            String value = found.map(Found::value).orElse("");
            if (!value.isEmpty() && !plain.find(name).map(Found::value).equals(Optional.of(value))) {
                if (value.contains("${")) {
                    LOG.warn(
                            "{} was read from its file but is not set as a property, because Spring would take a part of"
                                    + " it for a placeholder",
                            name);
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
