package dev.hardening.springboot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hardening.config.SecretSource;
import dev.hardening.config.SecretValidator;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.support.StaticListableBeanFactory;
import org.springframework.boot.actuate.endpoint.SanitizableData;
import org.springframework.core.env.MapPropertySource;

class DeclaredSecretsTest {

    private static final String SECRET = "p@ss w+rd/\u00fc%?~>";
    private static final String SHORT = "h@t";

    private final DeclaredSecrets secrets = declared(Map.of("LONG", SECRET, "SHORT", SHORT));

    private static DeclaredSecrets declared(Map<String, String> values) {
        SecretValidator validator = SecretValidator.requiring(values.keySet().toArray(String[]::new));
        return DeclaredSecrets.of(validator, validator.validate(SecretSource.of(values)));
    }

    private boolean hides(String value) {
        return secrets.hides("other", value);
    }

    @Nested
    class AValueIsHiddenIfItHolds {

        @Test
        void the_secret_itself() {
            assertThat(hides(SECRET)).isTrue();
            assertThat(hides("a" + SECRET + "b")).isTrue();
            assertThat(secrets.hides("LONG", "other")).isTrue();
        }

        @Test
        void the_secret_as_a_url_or_a_form_has_it() {
            String form = URLEncoder.encode(SECRET, StandardCharsets.UTF_8);
            String percent = form.replace("+", "%20");
            assertThat(hides("postgres://app:" + percent + "@db/app?x=%zz")).isTrue();
            assertThat(hides("postgres://app:" + percent.toLowerCase(Locale.ROOT) + "@db/app"))
                    .isTrue();
            assertThat(hides("grant_type=password&password=" + form)).isTrue();
            assertThat(hides(URLEncoder.encode(SHORT, StandardCharsets.UTF_8))).isTrue();
        }

        @Test
        void the_secret_as_json_has_it() {
            DeclaredSecrets pem = declared(Map.of("PEM", "-----BEGIN\nline\t\"two\" / \\ \u00fc\n-----END"));
            assertThat(pem.hides(
                            "SPRING_APPLICATION_JSON",
                            "{\"pem\":\"-----BEGIN\\nline\\t\\\"two\\\" \\/ \\\\ \\u00fc\\n-----END\"}"))
                    .isTrue();
        }

        @ParameterizedTest
        @ValueSource(strings = {"redis://:h@t@host:6379", "redis://user:h%40t@host", "https://h@t@host/"})
        void a_short_secret_as_the_password_of_a_url(String url) {
            assertThat(hides(url)).isTrue();
        }

        @Test
        void a_short_secret_as_a_text_of_json() {
            assertThat(hides("{\"password\": \"h@t\"}")).isTrue();
            assertThat(hides("{\"password\": \"what h@t\"}")).isFalse();
        }

        @Test
        void a_reference_to_a_secret() {
            assertThat(secrets.isReferredToBy("redis://:${SHORT}@host")).isTrue();
            assertThat(secrets.isReferredToBy("${ LONG:default}")).isTrue();
            assertThat(secrets.isReferredToBy("${OTHER:${SHORT}}")).isTrue();
            assertThat(secrets.isReferredToBy("${OTHER} SHORT")).isFalse();
            assertThat(secrets.isReferredToBy(null)).isFalse();
        }

        @Test
        void what_actuator_resolved_from_a_reference_to_a_secret() {
            SanitizableData data = new SanitizableData(
                    new MapPropertySource("test", Map.of("what", "${SHORT}-suffix")), "what", SHORT + "-suffix");
            ObjectProvider<DeclaredSecrets> provider =
                    new StaticListableBeanFactory(Map.of("declared", secrets)).getBeanProvider(DeclaredSecrets.class);
            assertThat(new HardeningSecretsAutoConfiguration()
                            .hardeningSanitizingFunction(provider)
                            .apply(data)
                            .getValue())
                    .isEqualTo(SanitizableData.SANITIZED_VALUE);
        }

        @ParameterizedTest
        @ValueSource(strings = {"", "u:", "us:", "use:", "user:"})
        void base64_of_the_secret_and_what_is_before_it(String user) {
            byte[] text = (user + SECRET).getBytes(StandardCharsets.UTF_8);
            byte[] more = (user + SECRET + "@host").getBytes(StandardCharsets.UTF_8);
            for (Base64.Encoder encoder : new Base64.Encoder[] {
                Base64.getEncoder(),
                Base64.getEncoder().withoutPadding(),
                Base64.getUrlEncoder(),
                Base64.getUrlEncoder().withoutPadding()
            }) {
                String encoded = encoder.encodeToString(text);
                assertThat(hides(encoded)).isTrue();
                assertThat(hides("Basic " + encoded)).isTrue();
                assertThat(hides("https://" + encoded + "@host/")).isTrue();
                assertThat(hides(URLEncoder.encode(encoded, StandardCharsets.UTF_8)))
                        .isTrue();
                assertThat(hides(encoder.encodeToString(more))).isTrue();
            }
        }

        @Test
        void only_a_short_secret_in_base64() {
            assertThat(hides("aEB0")).isTrue();
        }
    }

    @Nested
    class AValueIsShownIfItHolds {

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "",
                    "%",
                    "100%",
                    "%zz",
                    "\\",
                    "\\q \\u12",
                    "http://what/h@t",
                    "http://h@th.example/",
                    "h@",
                    "what h@t",
                    "aEB0IQ",
                    "p@ss w+rd",
                    "other"
                })
        void anything_else(String value) {
            assertThat(hides(value)).isFalse();
        }

        @Test
        void nothing() {
            assertThat(secrets.hides("other", null)).isFalse();
        }
    }
}
