package dev.hardening.springboot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hardening.springboot.app.RatingsApplication;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.Banner;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

/** Properties that turn parts on and off, and those that are half there: never silently off. */
@ExtendWith(OutputCaptureExtension.class)
class PropertiesTest {

    private static final String KEYS = "spring.security.oauth2.resourceserver.jwt.jwk-set-uri=https://127.0.0.1:1/keys";

    private static SpringApplicationBuilder application(String... properties) {
        return new SpringApplicationBuilder(RatingsApplication.class)
                .web(Stack.SERVLET.type)
                .bannerMode(Banner.Mode.OFF)
                .properties("server.port=0", "server.address=127.0.0.1", "spring.data.redis.port=1")
                .properties(properties);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "hardening.config.enabled",
                "hardening.jwks.enabled",
                "hardening.redis.enabled",
                "hardening.redis.fail-fast"
            })
    void a_switch_that_is_no_boolean_ends_the_start(String property, CapturedOutput output) {
        assertThatThrownBy(application(KEYS, property + "=ture")::run).isInstanceOf(Exception.class);
        assertThat(output)
                .contains("APPLICATION FAILED TO START", "Property: " + property, "Value: \"ture\"")
                .doesNotContain("\tat ");
    }

    @Test
    void each_word_that_spring_has_for_false_turns_a_part_off(CapturedOutput output) {
        try (ConfigurableApplicationContext context = application(
                        KEYS, "hardening.config.enabled=0", "hardening.jwks.enabled=off", "hardening.redis.enabled=no")
                .run()) {
            assertThat(context.containsBean("hardeningKeySources")).isFalse();
            assertThat(context.containsBean("hardeningRedisStartUp")).isFalse();
        }
        assertThat(output)
                .contains("secrets off: hardening.config.enabled=false; keys off: hardening.jwks.enabled=false;"
                        + " redis off: hardening.redis.enabled=false");
    }

    @Test
    void each_word_that_spring_has_for_true_leaves_a_part_on() {
        try (ConfigurableApplicationContext context = application(
                        KEYS, "hardening.jwks.enabled=yes", "hardening.redis.enabled=on", "hardening.redis.required=no")
                .run()) {
            assertThat(context.containsBean("hardeningKeySources")).isTrue();
            assertThat(context.containsBean("hardeningRedisStartUp")).isTrue();
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    hardening.jwks.issuers[0].name=staff                   | hardening.jwks.issuers[0].issuer-uri: is not set
                    hardening.jwks.issuers[0].jwk-set-uri=https://a.test/k | hardening.jwks.issuers[0].issuer-uri: is not set
                    hardening.jwks.issuers[1].issuer-uri=https://a.test    | hardening.jwks.issuers[1]
                    """)
    void an_issuer_that_is_half_declared_is_named(String property, String description, CapturedOutput output) {
        assertThatThrownBy(application(property)::run).isInstanceOf(Exception.class);
        assertThat(output).contains("APPLICATION FAILED TO START", description).doesNotContain("\tat ");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    issuer-uri=https://a.test   | name=           | issuer-uri: is that of an earlier issuer, too
                    issuer-uri=https://a.test   | name=partner    | issuer-uri: is that of an earlier issuer, too
                    issuer-uri=https://b.test   | name=a.test     | name: is that of an earlier issuer, too
                    """)
    void an_issuer_that_is_there_twice_is_named(String uri, String name, String reason, CapturedOutput output) {
        String issuers = "hardening.jwks.issuers";
        List<String> properties =
                new ArrayList<>(List.of(issuers + "[0].issuer-uri=https://a.test", issuers + "[1]." + uri));
        if (!name.endsWith("=")) {
            properties.add(issuers + "[1]." + name);
        }
        assertThatThrownBy(application(properties.toArray(String[]::new))::run).isInstanceOf(Exception.class);
        assertThat(output)
                .contains("APPLICATION FAILED TO START", issuers + "[1]." + reason)
                .doesNotContain("\tat ");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    audiences=other                  | audiences: applies to no issuer of hardening.jwks.issuers: set hardening.jwks.issuers[0].audiences
                    jws-algorithms=ES256             | jws-algorithms: applies to no issuer of hardening.jwks.issuers: set hardening.jwks.issuers[0].jws-algorithms
                    public-key-location=classpath:k  | public-key-location: cannot be combined with hardening.jwks.issuers
                    """)
    void springs_own_properties_beside_issuers_are_refused(String property, String description, CapturedOutput output) {
        String prefix = "spring.security.oauth2.resourceserver.jwt.";
        assertThatThrownBy(application("hardening.jwks.issuers[0].issuer-uri=https://a.test", prefix + property)::run)
                .isInstanceOf(Exception.class);
        assertThat(output)
                .contains("APPLICATION FAILED TO START", prefix + description)
                .doesNotContain("\tat ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "hardening.jwks.issuers.issuer-uri",
                "hardening.jwks.issuers",
                "HARDENING_JWKS_ISSUERS",
                "HARDENING_JWKS_ISSUERS_ISSUERURI"
            })
    void issuers_without_an_index_are_refused(String property, CapturedOutput output) {
        StandardEnvironment environment = new StandardEnvironment();
        environment
                .getPropertySources()
                .addFirst(new SystemEnvironmentPropertySource(
                        "test-systemEnvironment", Map.of(property, "https://a.test")));
        assertThatThrownBy(application(KEYS).environment(environment)::run).isInstanceOf(Exception.class);
        assertThat(output)
                .contains(
                        "APPLICATION FAILED TO START",
                        "hardening.jwks.issuers: is a list, and an index is missing: write"
                                + " hardening.jwks.issuers[0].issuer-uri")
                .doesNotContain("\tat ");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    hardening.redis.attempts=0     | hardening.redis.jitter=7
                    hardening.redis.backoff=-1s    | hardening.redis.deadline=0s
                    hardening.jwks.time-to-live=0  | hardening.jwks.fetch-timeout=0
                    """)
    void two_bad_properties_are_both_named(String one, String other, CapturedOutput output) {
        assertThatThrownBy(application(KEYS, one, other)::run).isInstanceOf(Exception.class);
        String first = one.substring(0, one.indexOf('='));
        String second = other.substring(0, other.indexOf('='));
        assertThat(output)
                .contains(
                        "APPLICATION FAILED TO START",
                        "\n" + first + ": ",
                        "\n" + second + ": ",
                        "Correct " + first + " and " + second + ", or set ")
                .doesNotContain("\tat ");
    }
}
