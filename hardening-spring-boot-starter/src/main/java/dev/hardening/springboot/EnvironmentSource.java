package dev.hardening.springboot;

import dev.hardening.config.SecretSource;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.origin.Origin;
import org.springframework.boot.origin.OriginLookup;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.env.PropertyResolver;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.PropertySourcesPropertyResolver;

/**
 * Spring's {@code Environment}, by the exact name, from the first property source that has it. A name in Boot's form for
 * properties, such as {@code my.api-key}, is found in each spelling that Boot accepts. A reference to another property is
 * resolved as Spring does. If a value has references that cannot be resolved, it is taken as it is, unless
 * the whole value is one reference to what may be the name of a property. A verbatim setting may be that, too.
 */
final class EnvironmentSource implements SecretSource {

    private static final Pattern REFERENCE = Pattern.compile("\\$\\{\\s*([A-Za-z0-9_.\\-\\[\\]]+)\\s*}");

    private static final String FILE = "_FILE";

    private final ConfigurableEnvironment environment;

    private final Set<String> declared;

    private final Set<String> verbatim;

    /** The environment, and before it the declared names that have a file. */
    private final PropertyResolver withFiles;

    /**
     * Makes a source.
     *
     * @param declared the names of the settings: a reference to one of them is resolved from its file, too
     * @param verbatim the names of the settings whose value may look like a reference
     */
    EnvironmentSource(ConfigurableEnvironment environment, Set<String> declared, Set<String> verbatim) {
        this.environment = environment;
        this.declared = declared;
        this.verbatim = verbatim;
        MutablePropertySources sources = new MutablePropertySources(environment.getPropertySources());
        sources.addFirst(new DeclaredFiles());
        withFiles = new PropertySourcesPropertyResolver(sources);
    }

    /** What the files of the declared names hold. */
    private final class DeclaredFiles extends PropertySource<Object> {

        DeclaredFiles() {
            super("hardeningDeclaredFiles", new Object());
        }

        @Override
        public @Nullable Object getProperty(String name) {
            return declared.contains(name) ? ofFile(name) : null;
        }
    }

    /** Null if it has no file, or if Spring would take a part of it for a placeholder. */
    private @Nullable String ofFile(String name) {
        String path = find(name + FILE).map(Found::value).orElse("");
        return SecretSource.of(Map.of(name + FILE, path))
                .withFiles()
                .find(name)
                .map(Found::value)
                .filter(value -> !value.isEmpty() && !value.contains("${"))
                .orElse(null);
    }

    @Override
    public Optional<Found> find(String name) {
        Optional<Found> exact = exact(name, name);
        if (exact.isPresent()) {
            return exact;
        }
        if (ConfigurationPropertyName.isValid(name)) {
            return relaxed(name);
        }
        String property = name.endsWith(FILE) ? name.substring(0, name.length() - FILE.length()) : name;
        return ConfigurationPropertyName.isValid(property) ? exact(name, variable(property) + FILE) : Optional.empty();
    }

    private Optional<Found> exact(String name, String spelling) {
        for (PropertySource<?> source : environment.getPropertySources()) {
            if (!ConfigurationPropertySources.isAttachedConfigurationPropertySource(source)) {
                Object value = source.getProperty(spelling);
                if (value != null) {
                    return Optional.of(found(name, value.toString(), origin(source, spelling)));
                }
            }
        }
        return Optional.empty();
    }

    /** As Boot finds a property: {@code my.api-key} is also {@code MY_APIKEY} and {@code my.apiKey}. */
    private Optional<Found> relaxed(String property) {
        ConfigurationPropertyName name = ConfigurationPropertyName.of(property);
        for (ConfigurationPropertySource source : ConfigurationPropertySources.get(environment)) {
            ConfigurationProperty found = source.getConfigurationProperty(name);
            if (found != null && found.getValue() != null) {
                Origin origin = found.getOrigin();
                return Optional.of(found(
                        property, found.getValue().toString(), origin == null ? "environment" : origin.toString()));
            }
        }
        return Optional.empty();
    }

    /** The variable of a property, as Boot's manual says it: dots become underscores, dashes are removed. */
    private static String variable(String property) {
        return property.replace("-", "").replaceAll("[.\\[\\]]+", "_").toUpperCase(Locale.ROOT);
    }

    private Found found(String name, String value, String origin) {
        if (!value.contains("${")) {
            return new Found(value, origin);
        }
        Matcher reference = REFERENCE.matcher(value.strip());
        PropertyResolver resolver = name.endsWith(FILE) ? environment : withFiles; // a path is in no file
        if (!verbatim.contains(name) && reference.matches() && !resolver.containsProperty(reference.group(1))) {
            return Found.invalid("refers to " + reference.group(1) + ", which is not set", origin);
        }
        String resolved = resolved(resolver, value);
        return new Found(resolved == null ? value : resolved, origin);
    }

    private static @Nullable String resolved(PropertyResolver resolver, String value) {
        try {
            return resolver.resolveRequiredPlaceholders(value);
        } catch (IllegalArgumentException notAReference) {
            // Its message holds the value.
            return null;
        }
    }

    /** Where the value came from, in Boot's words: a file with line and column, or the name of an environment variable. */
    private static String origin(PropertySource<?> source, String name) {
        Origin origin = OriginLookup.getOrigin(source, name);
        return origin == null ? source.getName() : origin.toString();
    }

    @Override
    public Set<String> names() {
        Set<String> names = new LinkedHashSet<>();
        for (PropertySource<?> source : environment.getPropertySources()) {
            if (source instanceof EnumerablePropertySource<?> enumerable) {
                for (String name : enumerable.getPropertyNames()) { // may have one twice, or null
                    if (name != null) {
                        names.add(name);
                    }
                }
            }
        }
        return names;
    }
}
