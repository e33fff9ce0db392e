package dev.hardening.springboot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.hardening.config.Secret;
import dev.hardening.config.SecretSource;
import dev.hardening.config.SecretValidationException;
import dev.hardening.config.SecretValidator;
import dev.hardening.config.Setting;
import dev.hardening.config.Settings;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.Banner;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;
import org.springframework.core.io.DefaultResourceLoader;

@ExtendWith(OutputCaptureExtension.class)
class SecretsTest {

    private static final String CANARY = "canary-5c1f-value";

    /** An application whose only bean says that it was made. */
    @Configuration(proxyBeanMethods = false)
    static class Application {

        Application() {
            System.out.println("a bean was made");
        }
    }

    private static SpringApplicationBuilder application(String... properties) {
        return new SpringApplicationBuilder(Application.class)
                .web(WebApplicationType.NONE)
                .bannerMode(Banner.Mode.OFF)
                .properties(properties);
    }

    @Test
    void a_missing_secret_ends_the_start_before_any_bean_is_made(CapturedOutput output) {
        SpringApplicationBuilder application =
                application("hardening.config.required=SUPABASE_URL, LIVEKIT_API_KEY, SET", "SET=" + CANARY);

        InvalidSecretsException thrown = catchThrowableOfType(InvalidSecretsException.class, application::run);

        assertThat(thrown)
                .hasMessage("Missing required secrets: SUPABASE_URL, LIVEKIT_API_KEY\n"
                        + "Set these environment variables before starting the application.")
                .hasCauseInstanceOf(SecretValidationException.class);
        assertThat(thrown.getExitCode()).isEqualTo(78);
        assertThat(output)
                .contains("APPLICATION FAILED TO START", """
                        Description:

                        Missing required secrets: SUPABASE_URL, LIVEKIT_API_KEY

                        Action:

                        Set these environment variables before starting the application.
                        """)
                .doesNotContain("a bean was made", CANARY, "\tat ");
    }

    @Test
    void validated_secrets_are_a_bean_and_stay_spring_properties() {
        try (ConfigurableApplicationContext context = application(
                        "hardening.config.required=API_KEY", "API_KEY=" + CANARY)
                .run()) {
            assertThat(context.getBean(Settings.class).get(Setting.secret("API_KEY")))
                    .isEqualTo(Secret.of(CANARY))
                    .hasToString("Secret[redacted]");
            assertThat(context.getEnvironment().getProperty("API_KEY")).isEqualTo(CANARY);
        }
    }

    @Test
    void a_secret_in_a_file_becomes_the_spring_property_of_its_name(@TempDir Path directory) throws IOException {
        Path file = Files.writeString(directory.resolve("key"), CANARY + "\n");
        try (ConfigurableApplicationContext context = application(
                        "hardening.config.required=API_KEY", "API_KEY=", "API_KEY_FILE=" + file)
                .run()) {
            assertThat(context.getEnvironment().getProperty("API_KEY")).isEqualTo(CANARY);
            assertThat(context.getEnvironment().resolvePlaceholders("${API_KEY}"))
                    .isEqualTo(CANARY);
        }
    }

    @Test
    void what_overrides_a_variable_overrides_its_file_too(@TempDir Path directory) throws IOException {
        Path file = Files.writeString(directory.resolve("password"), CANARY + "\n");
        try (ConfigurableApplicationContext context = application(
                        "hardening.config.required=SPRING_DATASOURCE_PASSWORD",
                        "SPRING_DATASOURCE_PASSWORD_FILE=" + file,
                        "spring.datasource.password=from-a-properties-file")
                .run("--spring.datasource.password=from-the-command-line")) {
            assertThat(context.getEnvironment().getProperty("spring.datasource.password"))
                    .isEqualTo("from-the-command-line");
        }
    }

    @Test
    void a_blank_argument_leaves_the_value_to_the_file(@TempDir Path directory) throws IOException {
        Path file = Files.writeString(directory.resolve("key"), CANARY + "\n");
        try (ConfigurableApplicationContext context = application(
                        "hardening.config.required=API_KEY", "API_KEY_FILE=" + file)
                .run("--API_KEY=")) {
            assertThat(context.getEnvironment().getProperty("API_KEY")).isEqualTo(CANARY);
        }
    }

    @Test
    void a_secret_in_a_file_is_bound_as_its_variable_would_be(@TempDir Path directory) throws IOException {
        Path file = Files.writeString(directory.resolve("password"), CANARY + "\n");
        try (ConfigurableApplicationContext context = application(
                        "hardening.config.required=SPRING_DATASOURCE_PASSWORD",
                        "SPRING_DATASOURCE_PASSWORD_FILE=" + file)
                .run()) {
            ConfigurableEnvironment environment = context.getEnvironment();
            assertThat(environment.getProperty("spring.datasource.password")).isEqualTo(CANARY);
            assertThat(Binder.get(environment)
                            .bind("spring.datasource.password", String.class)
                            .get())
                    .isEqualTo(CANARY);
            assertThat(Binder.get(environment)
                            .bind("spring.datasource", Bindable.mapOf(String.class, String.class))
                            .get())
                    .containsEntry("password", CANARY);
            assertThat(environment.getPropertySources().get(SecretsInitializer.FROM_FILES))
                    .hasToString("FromFiles[SPRING_DATASOURCE_PASSWORD]");
        }
    }

    @ParameterizedTest
    @CsvSource({"A_KEY, A_KEY_FILE", "a.key, A_KEY_FILE", "a.key, a.key_FILE"})
    void a_declared_name_that_ends_in_file_is_a_setting_of_its_own(String name, String other) {
        try (ConfigurableApplicationContext context = application(
                        "hardening.config.required=" + name + ", " + name + "_FILE",
                        name + "=" + CANARY,
                        other + "=another-" + CANARY)
                .run()) {
            Settings settings = context.getBean(Settings.class);
            assertThat(settings.get(Setting.secret(name))).isEqualTo(Secret.of(CANARY));
            assertThat(settings.get(Setting.secret(name + "_FILE"))).isEqualTo(Secret.of("another-" + CANARY));
        }
    }

    @Test
    void a_mounted_directory_is_imported_as_a_tree(@TempDir Path directory) throws IOException {
        Files.writeString(directory.resolve("API_KEY"), CANARY + "\n");
        try (ConfigurableApplicationContext context = application(
                        "hardening.config.required=API_KEY", "spring.config.import=configtree:" + directory + "/")
                .run()) {
            assertThat(context.getBean(Settings.class).get(Setting.secret("API_KEY")))
                    .isEqualTo(Secret.of(CANARY));
        }
    }

    @Test
    void a_secret_in_a_file_that_spring_would_take_for_a_template_is_no_property_and_not_shown(
            @TempDir Path directory, CapturedOutput output) throws IOException {
        Path file = Files.writeString(directory.resolve("key"), CANARY + "${x:y}");
        try (ConfigurableApplicationContext context = application(
                        "hardening.config.required=API_KEY", "API_KEY=", "API_KEY_FILE=" + file)
                .run()) {
            assertThat(context.getEnvironment().getProperty("API_KEY")).isEmpty();
            assertThat(context.getBean(Settings.class)
                            .get(Setting.secret("API_KEY"))
                            .reveal())
                    .isEqualTo(CANARY + "${x:y}");
        }
        assertThat(output)
                .contains("API_KEY was read from its file but is not set as a property")
                .doesNotContain(CANARY);
    }

    @Test
    void a_near_miss_in_the_environment_is_hinted_at_and_never_bound() {
        assertThatExceptionOfType(InvalidSecretsException.class)
                .isThrownBy(() -> application("hardening.config.required=SUPABASE_URL", "SUPBASE_URL=" + CANARY)
                        .run())
                .withMessageContaining("  SUPABASE_URL: found SUPBASE_URL, which looks like SUPABASE_URL")
                .satisfies(thrown -> assertThat(trace(thrown)).doesNotContain(CANARY));
    }

    @Test
    void a_source_with_a_name_twice_or_without_one_takes_no_hint_away() {
        EnumerablePropertySource<Object> odd = new EnumerablePropertySource<>("odd", new Object()) {
            @Override
            public String[] getPropertyNames() {
                return new String[] {"SUPBASE_URL", null, "SUPBASE_URL"};
            }

            @Override
            public Object getProperty(String name) {
                return "SUPBASE_URL".equals(name) ? CANARY : null;
            }
        };
        ConfigurableEnvironment environment = new StandardEnvironment();
        environment.getPropertySources().addLast(odd);
        assertThatExceptionOfType(InvalidSecretsException.class)
                .isThrownBy(() -> application("hardening.config.required=SUPABASE_URL")
                        .environment(environment)
                        .run())
                .withMessageContaining("  SUPABASE_URL: found SUPBASE_URL, which looks like SUPABASE_URL");
    }

    @Test
    void only_the_exact_name_counts() {
        assertThatExceptionOfType(InvalidSecretsException.class)
                .isThrownBy(() -> application("hardening.config.required=SUPABASE_URL", "supabase.url=" + CANARY)
                        .run())
                .withMessageContaining("Missing required secrets: SUPABASE_URL\n");
    }

    /** An environment whose variables are these. */
    private static ConfigurableEnvironment variables(Map<String, Object> variables) {
        StandardEnvironment environment = new StandardEnvironment();
        environment
                .getPropertySources()
                .addFirst(new SystemEnvironmentPropertySource("test-systemEnvironment", variables));
        return environment;
    }

    @Test
    void a_property_is_found_in_each_spelling_of_boots() {
        for (Map<String, Object> spelling : List.<Map<String, Object>>of(
                Map.of("MY_APIKEY", CANARY), Map.of("MY_API_KEY", CANARY), Map.of("my.apiKey", CANARY))) {
            try (ConfigurableApplicationContext context = application("hardening.config.required=my.api-key")
                    .environment(variables(spelling))
                    .run()) {
                assertThat(context.getBean(Settings.class).get(Setting.secret("my.api-key")))
                        .isEqualTo(Secret.of(CANARY));
            }
        }
    }

    @Test
    void the_file_of_a_property_is_found_by_its_variable(@TempDir Path directory) throws IOException {
        Path file = Files.writeString(directory.resolve("key"), CANARY + "\n");
        for (String variable : List.of("MY_APIKEY_FILE", "MY_API_KEY_FILE")) {
            try (ConfigurableApplicationContext context = application("hardening.config.required=my.api-key")
                    .environment(variables(Map.of(variable, file.toString())))
                    .run()) {
                assertThat(context.getBean(Settings.class).get(Setting.secret("my.api-key")))
                        .isEqualTo(Secret.of(CANARY));
                assertThat(context.getEnvironment().getProperty("my.api-key")).isEqualTo(CANARY);
            }
        }
    }

    @Test
    void a_property_in_another_spelling_keeps_its_origin() {
        assertThatExceptionOfType(InvalidSecretsException.class)
                .isThrownBy(() -> application("hardening.config.required=my.api-key")
                        .environment(variables(Map.of("MY_APIKEY", "null")))
                        .run())
                .withMessageContaining("my.api-key: is a word for no value", "System Environment Property")
                .withMessageContaining("\"MY_APIKEY\"");
    }

    @Test
    void a_reference_to_nothing_is_said_as_one(CapturedOutput output) {
        assertThatExceptionOfType(InvalidSecretsException.class)
                .isThrownBy(() -> application("hardening.config.required=API_KEY", "API_KEY=${NOT_SET}")
                        .run())
                .withMessageStartingWith("Invalid secrets:\n  API_KEY: refers to NOT_SET, which is not set");
        assertThat(output).contains("Description:\n\nInvalid secrets:", "Action:\n\nCorrect these values");
    }

    @Test
    void a_secret_that_only_looks_like_a_reference_is_not_shown() {
        assertThatExceptionOfType(InvalidSecretsException.class)
                .isThrownBy(() -> application("hardening.config.required=API_KEY", "API_KEY=${" + CANARY + " word!}")
                        .run())
                .withMessageStartingWith(
                        "Invalid secrets:\n  API_KEY: is a reference that was not resolved, ${...}: set the value")
                .satisfies(thrown -> assertThat(trace(thrown)).doesNotContain(CANARY));
    }

    /** Declares a secret that may be anything. */
    static final class Verbatim implements SecretDeclaration {

        @Override
        public SecretValidator secrets() {
            return SecretValidator.of(Setting.secret("API_KEY").verbatim());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"${NOT_SET}", "${p@ss word!}", "'quoted'", "null"})
    void a_verbatim_secret_stays_so_if_the_property_names_it_too(String value, @TempDir Path directory)
            throws Exception {
        try (URLClassLoader loader = declaring(directory, Verbatim.class);
                ConfigurableApplicationContext context = application(
                                "hardening.config.required=API_KEY, OTHER", "API_KEY=" + value, "OTHER=" + CANARY)
                        .resourceLoader(new DefaultResourceLoader(loader))
                        .run()) {
            assertThat(context.getBean(Settings.class)
                            .get(Setting.secret("API_KEY"))
                            .reveal())
                    .isEqualTo(value);
        }
    }

    @Test
    void a_reference_to_something_is_resolved() {
        try (ConfigurableApplicationContext context = application(
                        "hardening.config.required=API_KEY", "API_KEY=${OTHER}", "OTHER=" + CANARY)
                .run()) {
            assertThat(context.getBean(Settings.class).get(Setting.secret("API_KEY")))
                    .isEqualTo(Secret.of(CANARY));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"${B_KEY}", "redis://:${B_KEY}@redis"})
    void a_reference_to_what_is_in_a_file_is_resolved(String value, @TempDir Path directory) throws IOException {
        Path file = Files.writeString(directory.resolve("key"), CANARY + "\n");
        try (ConfigurableApplicationContext context = application(
                        "hardening.config.required=A_KEY, B_KEY",
                        "A_KEY=" + value,
                        "B_KEY_FILE=${DIRECTORY}/key",
                        "DIRECTORY=" + file.getParent())
                .run()) {
            String expected = value.replace("${B_KEY}", CANARY);
            assertThat(context.getBean(Settings.class).get(Setting.secret("A_KEY")))
                    .isEqualTo(Secret.of(expected));
            assertThat(context.getEnvironment().getProperty("A_KEY")).isEqualTo(expected);
        }
    }

    @Test
    void the_last_of_several_references_is_named() {
        assertThatExceptionOfType(InvalidSecretsException.class)
                .isThrownBy(() -> application("hardening.config.required=API_KEY", "API_KEY=${K}", "K=${L}")
                        .run())
                .withMessageContaining("API_KEY: refers to K, which refers to L, which is not set");
    }

    @Test
    void a_reference_to_a_blank_value_is_a_hint() {
        assertThatExceptionOfType(InvalidSecretsException.class)
                .isThrownBy(() -> application("hardening.config.required=API_KEY", "API_KEY=${K}", "K=")
                        .run())
                .withMessage("""
                        Missing required secrets: API_KEY
                        Set these environment variables before starting the application.
                          API_KEY: refers to K, which is blank""");
    }

    @ParameterizedTest
    @CsvSource({
        "A_KEY, A_KEY_FILE=${NOT_SET}, A_KEY: A_KEY_FILE refers to NOT_SET",
        "my.key, MY_KEY_FILE=${NOT_SET}, my.key: MY_KEY_FILE refers to NOT_SET",
        "my.key, MY_KEY_FILE=/not/there, my.key: MY_KEY_FILE names a file that does not exist"
    })
    void the_variable_of_a_file_is_named(String name, String file, String reason) {
        assertThatExceptionOfType(InvalidSecretsException.class)
                .isThrownBy(() ->
                        application("hardening.config.required=" + name, file).run())
                .withMessageContaining(reason);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "${sm://canary-5c1f-value}",
                "${vault:canary-5c1f-value#y}",
                "${env:CANARY}",
                "${K:-canary-5c1f-value}",
                "${K:?canary-5c1f-value}",
                "${ENC::canary-5c1f-value}",
                "redis://:${K:-canary-5c1f-value}@redis"
            })
    void a_reference_of_another_tool_is_refused(String value) {
        for (String[] properties : new String[][] {{"API_KEY=" + value}, {"API_KEY=${OTHER}", "OTHER=" + value}}) {
            if (properties.length == 1 || value.startsWith("$")) {
                assertThatExceptionOfType(InvalidSecretsException.class)
                        .isThrownBy(() -> application(properties)
                                .properties("hardening.config.required=API_KEY")
                                .run())
                        .withMessageContaining("is a reference that another tool resolves")
                        .satisfies(thrown -> assertThat(trace(thrown)).doesNotContain(CANARY));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "${K:canary}, canary",
        "${K:https://host}, https://host",
        "${SET:-canary}, other",
        "pass${env:word}, password"
    })
    void a_default_of_springs_is_taken(String value, String expected) {
        try (ConfigurableApplicationContext context = application(
                        "hardening.config.required=API_KEY", "API_KEY=" + value, "SET=other")
                .run()) {
            assertThat(context.getBean(Settings.class)
                            .get(Setting.secret("API_KEY"))
                            .reveal())
                    .isEqualTo(expected);
        }
    }

    @Test
    void a_reference_in_a_circle_is_no_value() {
        assertThatExceptionOfType(InvalidSecretsException.class)
                .isThrownBy(() -> application(
                                "hardening.config.required=A_KEY, B_KEY", "A_KEY=${B_KEY}", "B_KEY_FILE=${B_KEY}")
                        .run())
                .withMessageContaining("A_KEY: refers to B_KEY, which is not set");
    }

    @Test
    void a_value_that_only_looks_like_a_template_is_taken_as_it_is(CapturedOutput output) {
        String value = CANARY + "$" + "{x";
        try (ConfigurableApplicationContext context = application(
                        "hardening.config.required=API_KEY", "API_KEY=" + value)
                .run()) {
            assertThat(context.getBean(Settings.class)
                            .get(Setting.secret("API_KEY"))
                            .reveal())
                    .isEqualTo(value);
        }
        assertThat(output).doesNotContain(CANARY);
    }

    @Test
    void nothing_is_asked_for_where_nothing_is_declared_or_it_is_turned_off_or_at_build_time() {
        application().run().close();
        application("hardening.config.required=API_KEY", "hardening.config.enabled=false")
                .run()
                .close();
        System.setProperty("spring.aot.processing", "true");
        try {
            application("hardening.config.required=API_KEY").run().close();
        } finally {
            System.clearProperty("spring.aot.processing");
        }
    }

    @Test
    void nothing_is_asked_for_in_a_bootstrap_context_of_spring_cloud() {
        StandardEnvironment bootstrap = new StandardEnvironment();
        bootstrap.getPropertySources().addFirst(new MapPropertySource("bootstrap", Map.of()));
        try (ConfigurableApplicationContext parent = application("hardening.config.required=API_KEY")
                .environment(bootstrap)
                .run()) {
            assertThat(parent.getBeanProvider(Settings.class).getIfAvailable()).isNull();
            bootstrap.getPropertySources().remove("bootstrap"); // as Spring Cloud does before the application's context
            try (ConfigurableApplicationContext context = application(
                            "hardening.config.required=API_KEY", "API_KEY=" + CANARY)
                    .parent(parent)
                    .run()) {
                assertThat(context.getBean(Settings.class).get(Setting.secret("API_KEY")))
                        .isEqualTo(Secret.of(CANARY));
                assertThat(context.getBean(DeclaredSecrets.class).count()).isEqualTo(1);
            }
        }
    }

    /** What an application binds. */
    @ConfigurationProperties("app")
    record Bound(Secret digits, Secret flag, Secret text) {}

    /** An application that binds it. */
    @Configuration(proxyBeanMethods = false)
    @EnableConfigurationProperties(Bound.class)
    @ImportAutoConfiguration(HardeningBindingAutoConfiguration.class)
    static class Binding {}

    @Test
    void a_value_that_yaml_takes_for_a_number_is_bound_as_a_secret(@TempDir Path directory) throws IOException {
        Files.writeString(
                directory.resolve("application.yaml"), "app:\n  digits: 12345678\n  flag: true\n  text: abc\n");
        try (ConfigurableApplicationContext context = new SpringApplicationBuilder(Binding.class)
                .web(WebApplicationType.NONE)
                .bannerMode(Banner.Mode.OFF)
                .properties("spring.config.location=" + directory + "/")
                .run()) {
            assertThat(context.getBean(Bound.class))
                    .isEqualTo(new Bound(Secret.of("12345678"), Secret.of("true"), Secret.of("abc")));
        }
    }

    /** A declaration as an application has it in its spring.factories. */
    static final class Declared implements SecretDeclaration {

        // example: declaration
        static final Setting<URI> URL = Setting.uri("SUPABASE_URL", "https");
        static final Setting<Secret> SIGNING =
                Setting.secret("JWT_SECRET").minLength(32).optional();

        @Override
        public SecretValidator secrets() {
            return SecretValidator.of(URL, SIGNING);
        }
        // example: end
    }

    @Test
    void a_declaration_in_spring_factories_gives_types_and_rules(@TempDir Path directory) throws Exception {
        try (URLClassLoader loader = declaring(directory, Declared.class)) {
            SpringApplicationBuilder good = application("SUPABASE_URL=https://abc.supabase.co")
                    .resourceLoader(new DefaultResourceLoader(loader));
            try (ConfigurableApplicationContext context = good.run()) {
                assertThat(context.getBean(Settings.class).get(Declared.URL)).hasHost("abc.supabase.co");
                assertThat(context.getBean(Settings.class).find(Declared.SIGNING))
                        .isEmpty();
            }
            SpringApplicationBuilder bad = application("SUPABASE_URL=ftp://" + CANARY, "JWT_SECRET=" + CANARY)
                    .resourceLoader(new DefaultResourceLoader(loader));
            assertThatExceptionOfType(InvalidSecretsException.class)
                    .isThrownBy(bad::run)
                    .withMessageContaining("SUPABASE_URL: must be a URL that starts with https://")
                    .withMessageContaining("JWT_SECRET: is shorter than 32 characters")
                    .satisfies(thrown -> assertThat(trace(thrown)).doesNotContain(CANARY));
        }
    }

    /** What another part of the application declares. */
    static final class OfAnotherPart implements SecretDeclaration {

        @Override
        public SecretValidator secrets() {
            return SecretValidator.requiring("LIVEKIT_API_KEY");
        }
    }

    @Test
    void several_declarations_and_the_property_are_checked_as_one(@TempDir Path directory) throws Exception {
        try (URLClassLoader loader = declaring(directory, Declared.class, OfAnotherPart.class)) {
            SpringApplicationBuilder all =
                    application("hardening.config.required=API_KEY").resourceLoader(new DefaultResourceLoader(loader));
            assertThatExceptionOfType(InvalidSecretsException.class)
                    .isThrownBy(all::run)
                    .withMessageContaining("Missing required secrets: SUPABASE_URL, LIVEKIT_API_KEY, API_KEY\n");
        }
    }

    @Test
    void the_property_requires_a_declared_setting_and_keeps_its_type(@TempDir Path directory) throws Exception {
        try (URLClassLoader loader = declaring(directory, Declared.class)) {
            String required = "hardening.config.required=SUPABASE_URL, JWT_SECRET";
            SpringApplicationBuilder bad = application(required, "SUPABASE_URL=https://abc.supabase.co")
                    .resourceLoader(new DefaultResourceLoader(loader));
            assertThatExceptionOfType(InvalidSecretsException.class)
                    .isThrownBy(bad::run)
                    .withMessageStartingWith("Missing required secrets: JWT_SECRET\n");
            try (ConfigurableApplicationContext context = application(
                            required, "SUPABASE_URL=https://abc.supabase.co", "JWT_SECRET=" + CANARY + CANARY)
                    .resourceLoader(new DefaultResourceLoader(loader))
                    .run()) {
                assertThat(context.getBean(Settings.class).get(Declared.URL)).hasHost("abc.supabase.co");
            }
        }
    }

    /** A declaration that declares nothing, not even that. */
    static final class Undeclared implements SecretDeclaration {

        @Override
        @SuppressWarnings("NullAway")
        public SecretValidator secrets() {
            return null;
        }
    }

    @Test
    void a_declaration_that_returns_null_is_named(@TempDir Path directory, CapturedOutput output) throws Exception {
        try (URLClassLoader loader = declaring(directory, Undeclared.class)) {
            SpringApplicationBuilder application = application().resourceLoader(new DefaultResourceLoader(loader));
            assertThatExceptionOfType(UnusablePropertyException.class).isThrownBy(application::run);
        }
        assertThat(output)
                .contains(
                        "APPLICATION FAILED TO START",
                        SecretDeclaration.class.getName() + ": " + Undeclared.class.getName() + " returns null",
                        "or set hardening.config.enabled=false")
                .doesNotContain("\tat ");
    }

    /** A declaration that gives a name of {@link Declared} another type. */
    static final class Contradicting implements SecretDeclaration {

        @Override
        public SecretValidator secrets() {
            return SecretValidator.of(Setting.secret("SUPABASE_URL"));
        }
    }

    @Test
    void declarations_that_contradict_each_other_are_named(@TempDir Path directory) throws Exception {
        try (URLClassLoader loader = declaring(directory, Declared.class, Contradicting.class)) {
            SpringApplicationBuilder application = application().resourceLoader(new DefaultResourceLoader(loader));
            assertThatExceptionOfType(UnusablePropertyException.class)
                    .isThrownBy(application::run)
                    .withMessageStartingWith(SecretDeclaration.class.getName()
                            + ": two declarations of the secrets contradict each other: SUPABASE_URL");
        }
    }

    @Test
    void a_slice_starts_without_secrets_and_has_them_where_they_are() {
        application("hardening.config.required=API_KEY", "spring.boot.enableautoconfiguration=false")
                .run()
                .close();
        try (ConfigurableApplicationContext context = application(
                        "hardening.config.required=API_KEY",
                        "spring.boot.enableautoconfiguration=false",
                        "API_KEY=" + CANARY)
                .run()) {
            assertThat(context.getBean(Settings.class).find(Setting.secret("API_KEY")))
                    .isPresent();
        }
    }

    @Test
    void the_failure_keeps_hints_with_the_action_and_invalid_values_with_the_description() {
        SecretValidationException both = catchThrowableOfType(
                SecretValidationException.class,
                () -> SecretValidator.of(
                                Setting.secret("SUPABASE_URL"),
                                Setting.secret("JWT_SECRET").minLength(32))
                        .validate(SecretSource.of(Map.of("SUPBASE_URL", "x", "JWT_SECRET", CANARY))));

        FailureAnalysis analysis = new SecretsFailureAnalyzer().analyze(both);

        assertThat(analysis.getDescription())
                .isEqualTo("Missing required secrets: SUPABASE_URL\n"
                        + "Invalid secrets:\n  JWT_SECRET: is shorter than 32 characters (map)");
        assertThat(analysis.getAction())
                .isEqualTo("Set these environment variables before starting the application.\n"
                        + "  SUPABASE_URL: found SUPBASE_URL, which looks like SUPABASE_URL");
    }

    private static URLClassLoader declaring(Path directory, Class<?>... declarations) throws IOException {
        Path factories = Files.createDirectories(directory.resolve("META-INF")).resolve("spring.factories");
        Files.writeString(
                factories,
                SecretDeclaration.class.getName() + "="
                        + Stream.of(declarations).map(Class::getName).collect(Collectors.joining(",")));
        return new URLClassLoader(new URL[] {directory.toUri().toURL()}, SecretsTest.class.getClassLoader());
    }

    private static String trace(Throwable thrown) {
        StringWriter text = new StringWriter();
        thrown.printStackTrace(new PrintWriter(text, true));
        return text.toString();
    }
}
