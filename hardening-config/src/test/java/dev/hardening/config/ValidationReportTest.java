package dev.hardening.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ValidationReportTest {

    private static final String SCHEMA = "/META-INF/hardening/validation-report.schema.json";

    private static Schema schema() throws IOException {
        try (InputStream in = ValidationReportTest.class.getResourceAsStream(SCHEMA)) {
            return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                    .getSchema(new String(in.readAllBytes(), StandardCharsets.UTF_8), InputFormat.JSON);
        }
    }

    private static boolean isValid(String json) throws IOException {
        return schema().validate(json, InputFormat.JSON).isEmpty();
    }

    @Test
    void aReportIsOneLineOfJson() {
        SecretValidator validator = SecretValidator.of(
                Setting.secret("X").minLength(3), Setting.secret("Y"), Setting.secret("SUPABASE_URL"));
        assertThat(validator
                        .check(SecretSource.of(Map.of("X", "ca", "SUPBASE_URL", "x")))
                        .toJson())
                .isEqualTo("{\"version\":1,\"valid\":false,\"problems\":["
                        + "{\"name\":\"Y\",\"kind\":\"MISSING\",\"reason\":\"is not set\",\"origin\":null},"
                        + "{\"name\":\"SUPABASE_URL\",\"kind\":\"MISSING\",\"reason\":"
                        + "\"found SUPBASE_URL, which looks like SUPABASE_URL\",\"origin\":null},"
                        + "{\"name\":\"X\",\"kind\":\"INVALID\",\"reason\":\"is shorter than 3 characters\","
                        + "\"origin\":\"map\"}],\"lookedIn\":[\"map\"]}");
    }

    @Test
    void everyReportIsWhatThePublishedSchemaSays() throws IOException {
        SecretValidator validator = SecretValidator.of(
                        Setting.secret("X").minLength(3), Setting.secret("Y"), Setting.uri("Z", "https"))
                .exactlyOne(Setting.secret("A"), Setting.secret("B"));
        for (Map<String, String> environment : List.of(
                Map.<String, String>of(),
                Map.of("X", "ca", "A", "1", "B", "2"),
                Map.of("X", "long", "Y", "y", "Z", "https://x", "A", "1"))) {
            ValidationReport report = validator.check(SecretSource.of(environment));
            assertThat(schema().validate(report.toJson(), InputFormat.JSON)).isEmpty();
            assertThat(new ObjectMapper().readTree(report.toJson()).get("valid").booleanValue())
                    .isEqualTo(report.valid());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"version\":2,\"valid\":true,\"problems\":[],\"lookedIn\":[]}",
                "{\"version\":1,\"valid\":true,\"lookedIn\":[]}",
                "{\"version\":1,\"valid\":true,\"problems\":[],\"lookedIn\":[],\"value\":\"x\"}",
                "{\"version\":1,\"valid\":false,\"problems\":[],\"lookedIn\":[]}",
                "{\"version\":1,\"valid\":true,\"problems\":[{\"name\":\"X\",\"kind\":\"MISSING\",\"reason\":\"r\",\"origin\":null}],\"lookedIn\":[]}",
                "{\"version\":1,\"valid\":false,\"problems\":[{\"name\":\"X\",\"kind\":\"WRONG\",\"reason\":\"r\",\"origin\":null}],\"lookedIn\":[]}",
                "{\"version\":1,\"valid\":false,\"problems\":[{\"name\":\"X\",\"kind\":\"MISSING\",\"reason\":\"r\",\"origin\":null,\"value\":\"x\"}],\"lookedIn\":[]}"
            })
    void theSchemaRefusesWhatIsNoReport(String json) throws IOException {
        assertThat(isValid(json)).isFalse();
    }

    @Test
    void jsonEscapesEveryCharacterThatIsNotPlain() throws IOException {
        Random random = new Random(20261125);
        for (int run = 0; run < 500; run++) {
            String text = "\"\\/"
                    + random.ints(20, 0, run % 2 == 0 ? 0x100 : Character.MAX_CODE_POINT + 1)
                            .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append);
            Problem problem = new Problem(text, Problem.Kind.INVALID, text, text);
            String json = new ValidationReport(List.of(problem), List.of(problem.reason())).toJson();
            assertThat(json).matches("[ -~]+"); // one line, whatever encoding it is printed in
            assertThat(new ObjectMapper()
                            .readTree(json)
                            .at("/problems/0/reason")
                            .textValue())
                    .isEqualTo(problem.reason());
        }
    }

    @Test
    void aProblemIsAlwaysASingleLine() {
        Problem problem = new Problem(
                "X\n",
                Problem.Kind.INVALID,
                "a\r\nMissing required secrets: Y\u2028\u001b[31m\u202eé🎓\ud800",
                "/run\n\t/x");
        assertThat(problem.name()).isEqualTo("X\\u{a}");
        assertThat(problem.reason())
                .isEqualTo("a\\u{d}\\u{a}Missing required secrets: Y\\u{2028}\\u{1b}[31m\\u{202e}é🎓\\u{d800}");
        assertThat(problem.origin()).isEqualTo("/run\\u{a}\\u{9}/x");
    }
}
