package dev.hardening.springboot;

import dev.hardening.config.SecretSource;
import dev.hardening.config.Setting;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
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
 * the whole value is one reference to what may be the name of a property. A verbatim setting may be that, too. A secret
 * with a reference that another tool resolves is refused, because Spring would take a part of it for a default.
 */
final class EnvironmentSource implements SecretSource {

    private static final Pattern REFERENCE = Pattern.compile("\\$\\{\\s*([A-Za-z0-9_.\\-\\[\\]]+)\\s*}");

    /**
     * What other tools resolve, and Spring takes for a name and its default: {@code ${sm://x}}, {@code ${K:-x}}, {@code
     * ${ENC::x}}, {@code ${env:K}}. The second group is an operator that no default of Spring's begins with.
     */
    private static final Pattern WITH_DEFAULT = Pattern.compile("\\$\\{\\s*([A-Za-z0-9_.\\-\\[\\]]+):(//|[-?=+:])?");

    /** Names that other tools have for a place where they look values up. */
    private static final Set<String> PLACES = Set.of(
            "akv",
            "aws",
            "azure",
            "directory",
            "enc",
            "env",
            "file",
            "gcp",
            "op",
            "param",
            "secret",
            "secrets",
            "secretsmanager",
            "securestring",
            "sm",
            "sops",
            "ssm",
            "sys",
            "vault");

    private static final String FILE = "_FILE";

    private final ConfigurableEnvironment environment;

    private final Map<String, Setting<?>> declared;

    private final Set<String> missing;

    /** The environment's property sources, and before them the declared names that have a file. */
    private final MutablePropertySources withFiles;

    private final PropertyResolver resolverWithFiles;

    /**
     * Makes a source.
     *
     * @param declared the settings: a reference to one of them is resolved from its file, too
     * @param missing the names of those that are known to be missing: a reference to a blank value is then a fault
     */
    EnvironmentSource(ConfigurableEnvironment environment, List<Setting<?>> declared, Set<String> missing) {
        this.environment = environment;
        this.missing = missing;
        this.declared = declared.stream().collect(Collectors.toMap(Setting::name, setting -> setting));
        withFiles = new MutablePropertySources(environment.getPropertySources());
        withFiles.addFirst(new DeclaredFiles());
        resolverWithFiles = new PropertySourcesPropertyResolver(withFiles);
    }

    /** What the files of the declared names hold. */
    private final class DeclaredFiles extends PropertySource<Object> {

        DeclaredFiles() {
            super("hardeningDeclaredFiles", new Object());
        }

        @Override
        public @Nullable Object getProperty(String name) {
            return declared.containsKey(name) ? ofFile(name) : null;
        }
    }

    /** Whether what would name the file of another setting is declared itself: then it is a setting of its own. */
    private boolean fileIsASetting(String name) {
        return declared.containsKey(name + FILE);
    }

    /** Null if it has no file, or if Spring would take a part of it for a placeholder. */
    private @Nullable String ofFile(String name) {
        if (fileIsASetting(name)) {
            return null;
        }
        String path = find(name + FILE).map(Found::value).orElse("");
        return SecretSource.of(Map.of(name + FILE, path))
                .withFiles()
                .find(name)
                .map(Found::value)
                .filter(value -> !value.isEmpty() && !value.contains("${"))
                .orElse(null);
    }

    /** The file of a property is named in messages as its variable is. */
    @Override
    public SecretSource withFiles() {
        SecretSource withFiles = SecretSource.super.withFiles();
        return new SecretSource() {
            @Override
            public Optional<Found> find(String name) {
                if (fileIsASetting(name)) {
                    return EnvironmentSource.this.find(name);
                }
                return ConfigurationPropertyName.isValid(name)
                        ? new PropertyAsVariable(name).withFiles().find(variable(name))
                        : withFiles.find(name);
            }

            @Override
            public Set<String> names() {
                return EnvironmentSource.this.names();
            }
        };
    }

    /** A property, by the names of its variable and of the variable for its file. */
    private final class PropertyAsVariable implements SecretSource {

        private final String property;

        PropertyAsVariable(String property) {
            this.property = property;
        }

        @Override
        public Optional<Found> find(String name) {
            return EnvironmentSource.this.find(name.equals(variable(property)) ? property : property + FILE);
        }

        @Override
        public Set<String> names() {
            return Set.of();
        }
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
                    return Optional.of(found(name, spelling, value.toString(), origin(source, spelling)));
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
                        property,
                        property,
                        found.getValue().toString(),
                        origin == null ? "environment" : origin.toString()));
            }
        }
        return Optional.empty();
    }

    /** The variable of a property, as Boot's manual says it: dots become underscores, dashes are removed. */
    private static String variable(String property) {
        return property.replace("-", "").replaceAll("[.\\[\\]]+", "_").toUpperCase(Locale.ROOT);
    }

    private Found found(String name, String spelling, String value, String origin) {
        if (!value.contains("${")) {
            return new Found(value, origin);
        }
        Setting<?> setting = declared.get(name);
        if (setting == null || !setting.isVerbatim()) {
            boolean isPath = setting == null && name.endsWith(FILE);
            String fault = fault(value, isPath, setting != null && setting.isSecret(), new HashSet<>());
            if (fault != null) {
                return Found.invalid(isPath ? spelling + " " + fault : fault, origin);
            }
        }
        // A path is in no file.
        String resolved = resolved(name.endsWith(FILE) ? environment : resolverWithFiles, value);
        Matcher reference = REFERENCE.matcher(value.strip());
        if (resolved != null && resolved.isBlank() && missing.contains(name) && reference.matches()) {
            return Found.missing("refers to " + reference.group(1) + ", which is blank", origin);
        }
        return new Found(resolved == null ? value : resolved, origin);
    }

    /** Why a text is a reference that leads to no value; null if it is none. */
    private @Nullable String fault(String text, boolean isPath, boolean isSecret, Set<String> seen) {
        if (isSecret && isForeign(text.strip())) {
            return "is a reference that another tool resolves, and Spring would take a part of it for the value: set the"
                    + " value that it stands for";
        }
        Matcher reference = REFERENCE.matcher(text.strip());
        if (!reference.matches() || !seen.add(reference.group(1))) {
            return null;
        }
        String name = reference.group(1);
        String raw = raw(name, isPath ? environment.getPropertySources() : withFiles);
        String fault = raw == null ? "is not set" : fault(raw, isPath, isSecret, seen);
        return fault == null ? null : "refers to " + name + ", which " + fault;
    }

    /** A property's text, with its references. */
    private static @Nullable String raw(String name, MutablePropertySources sources) {
        for (PropertySource<?> source : sources) {
            Object value = source.getProperty(name);
            if (value != null) {
                return value.toString();
            }
        }
        return null;
    }

    private boolean isForeign(String text) {
        Matcher reference = WITH_DEFAULT.matcher(text);
        while (reference.find()) {
            String name = reference.group(1);
            boolean isWhole = reference.start() == 0 && text.indexOf('}') == text.length() - 1;
            if ((reference.group(2) != null || (isWhole && PLACES.contains(name.toLowerCase(Locale.ROOT))))
                    && !resolverWithFiles.containsProperty(name)) {
                return true;
            }
        }
        return false;
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
