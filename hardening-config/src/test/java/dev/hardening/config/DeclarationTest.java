package dev.hardening.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DeclarationTest {

    private static final Setting<Secret> KEY =
            Setting.secret("API_KEY").minLength(8).noPlaceholder();
    private static final Setting<?> URL = Setting.uri("URL", "https", "http")
            .describedAs("Where it is.\nTwo lines | and a bar.")
            .example("https://x");
    private static final SecretValidator VALIDATOR = SecretValidator.of(
                    KEY,
                    URL,
                    Setting.text("REGION").optional(),
                    Setting.secret("LATER").requiredWhen(s -> true))
            .exactlyOne(Setting.secret("A"), Setting.secret("B"));

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int run(Map<String, String> environment, String... arguments) {
        return CheckCommand.run(
                List.of(arguments),
                SecretSource.of(environment),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8));
    }

    private static Map<String, String> dotenv(String text) {
        Map<String, String> values = new LinkedHashMap<>();
        text.lines()
                .filter(line -> !line.startsWith("#") && line.contains("="))
                .forEach(line ->
                        values.put(line.substring(0, line.indexOf('=')), line.substring(line.indexOf('=') + 1)));
        return values;
    }

    @Test
    void theExampleFileNamesEverySettingAndReadBackIsAllMissing() {
        Map<String, String> values = dotenv(VALIDATOR.envExample());
        assertThat(values.keySet()).containsExactly("API_KEY", "URL", "REGION", "LATER", "A", "B");
        assertThat(values.values()).containsOnly("");
        assertThat(VALIDATOR.check(SecretSource.of(values)).problems())
                .extracting(Problem::name)
                .containsExactly("API_KEY", "URL", "LATER", "A, B");
    }

    @Test
    void theExampleFileIsAnExactText() {
        assertThat(SecretValidator.of(KEY, URL).envExample()).isEqualTo("""
                        #: secret
                        #: minLength 8
                        #: noPlaceholder
                        API_KEY=

                        # Where it is.
                        # Two lines | and a bar.
                        #: uri https http
                        #: example https://x
                        URL=
                        """);
    }

    @Test
    void theTableHasARowForEachSetting() {
        assertThat(VALIDATOR.markdown())
                .contains("| `API_KEY` | secret | yes | minLength 8, noPlaceholder |  |\n")
                .contains("| `URL` | uri https http | yes |  | Where it is. Two lines \\| and a bar. |\n")
                .contains("| `REGION` | text | no |  |  |\n")
                .contains("| `LATER` | secret | under a condition |  |  |\n")
                .contains("| `A` | secret | yes | exactlyOne of A, B |  |\n");
    }

    @Test
    void whatIsWrittenCanBeReadAndWrittenAgain() {
        SecretValidator plain = SecretValidator.of(
                        KEY, URL, Setting.text("REGION").optional(), Setting.uri("ANY"))
                .atLeastOne(Setting.secret("A"), Setting.secret("B"));
        assertThat(Declaration.read(plain.envExample())
                        .envExample()
                        .replace("# Where it is.\n# Two lines | and a bar.\n", ""))
                .isEqualTo(plain.envExample().replace("# Where it is.\n# Two lines | and a bar.\n", ""));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "X=canary",
                "canary canary",
                "#: canary\nX=",
                "#: minLength canary\nX=",
                "#: minLength 99999999999\nX=",
                "#: uri canary://\nX=",
                "X=\nX=",
                "#: optional",
                "",
                "X=\n#: exactlyOne X canary",
                "X=\n#: exactlyOne X"
            })
    void aWrongDeclarationIsAnErrorThatShowsNothingOfIt(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Declaration.read(text))
                .withMessageNotContaining("canary");
    }

    @Test
    void theCommandAnswersWithItsExitCode(@TempDir Path directory) throws IOException {
        String names = Files.writeString(directory.resolve("names"), "#: minLength 3\nX=\nY\n")
                .toString();
        assertThat(run(Map.of("X", "canary", "Y", "canary"), "check", names)).isZero();
        assertThat(run(Map.of("X", "ca"), "check", names)).isEqualTo(78);
        assertThat(err.toString(StandardCharsets.UTF_8).replace("\r", ""))
                .isEqualTo("Missing required secrets: Y" + FocusSquad.TAIL
                        + "\nInvalid secrets:\n  X: is shorter than 3 characters (map)\n");
        assertThat(run(Map.of(), "check", directory.resolve("absent").toString()))
                .isEqualTo(66);
        assertThat(run(
                        Map.of(),
                        "check",
                        Files.writeString(directory.resolve("bad"), "X=1").toString()))
                .isEqualTo(65);
        assertThat(run(Map.of())).isEqualTo(64);
        assertThat(run(Map.of(), "check", "a", "b")).isEqualTo(64);
        assertThat(out.toString(StandardCharsets.UTF_8) + err).doesNotContain("canary");
    }

    @Test
    void theJsonReportIsWhatItsSchemaSays(@TempDir Path directory) throws IOException {
        String names = Files.writeString(directory.resolve("names"), "#: minLength 3\nX=\nY\n")
                .toString();
        assertThat(run(Map.of("X", "ca"), "check", names, "--json")).isEqualTo(78);
        ObjectMapper mapper = new ObjectMapper();
        JsonNode report = mapper.readTree(out.toByteArray());
        JsonNode schema =
                mapper.readTree(getClass().getResourceAsStream("/META-INF/hardening/validation-report.schema.json"));
        assertThat(report.get("version")).isEqualTo(schema.at("/properties/version/const"));
        assertThat(report.get("valid").booleanValue()).isFalse();
        assertThat(report.fieldNames())
                .toIterable()
                .containsExactlyElementsOf(() -> schema.get("properties").fieldNames());
        JsonNode item = schema.at("/properties/problems/items");
        for (JsonNode problem : report.get("problems")) {
            assertThat(problem.fieldNames())
                    .toIterable()
                    .containsExactlyElementsOf(() -> item.get("properties").fieldNames());
            assertThat(item.at("/properties/kind/enum")).contains(problem.get("kind"));
        }
        assertThat(report.get("problems")).hasSize(2);
    }

    @Test
    void jsonEscapesWhatIsNotPlain() throws IOException {
        ValidationReport report =
                new ValidationReport(List.of(new Problem("X", Problem.Kind.INVALID, "\"\\\n\u2028é🎓", "a\tb")));
        assertThat(new ObjectMapper()
                        .readTree(report.toJson())
                        .at("/problems/0/reason")
                        .textValue())
                .isEqualTo("\"\\\n\u2028é🎓");
    }
}
