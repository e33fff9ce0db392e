package dev.hardening.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SecretSourceTest {

    private static final String PEM = "-----BEGIN KEY-----\nabc\n-----END KEY-----";

    @TempDir
    Path directory;

    private final Map<String, String> environment = new HashMap<>();

    private Path file(String name, String content) throws IOException {
        return Files.writeString(directory.resolve(name), content);
    }

    private String valueOfX() {
        Setting<Secret> x = Setting.secret("X");
        return SecretValidator.of(x)
                .validate(SecretSource.of(environment).withFiles())
                .get(x)
                .reveal();
    }

    private Problem problemOf(SecretSource source) {
        List<Problem> problems = SecretValidator.requiring("X").check(source).problems();
        assertThat(problems).hasSize(1);
        return problems.get(0);
    }

    private Problem problemOfX() {
        return problemOf(SecretSource.of(environment).withFiles());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"abc\\n|abc", "abc\\r\\n|abc", "abc|abc", "' abc '|' abc '", "abc\\n\\n|abc\\n"})
    void aFileGivesItsTextLessOneLastLineBreak(String content, String value) throws IOException {
        environment.put("X_FILE", file("x", unescape(content)).toString());
        assertThat(valueOfX()).isEqualTo(unescape(value));
    }

    private static String unescape(String text) {
        return text.replace("\\n", "\n").replace("\\r", "\r");
    }

    @Test
    void aPemKeepsItsInnerLineBreaks() throws IOException {
        environment.put("X_FILE", file("x", PEM + "\n").toString());
        assertThat(valueOfX()).isEqualTo(PEM);
    }

    @Test
    void aBlankVariableGivesWayToAGoodFile() throws IOException {
        environment.put("X", "");
        environment.put("X_FILE", file("x", "abc").toString());
        assertThat(valueOfX()).isEqualTo("abc");
    }

    @Test
    void bothSetIsInvalid() throws IOException {
        environment.put("X", "abc");
        environment.put("X_FILE", file("x", "abc").toString());
        assertThat(problemOfX().kind()).isEqualTo(Problem.Kind.INVALID);
        assertThat(problemOfX().reason()).isEqualTo("X and X_FILE are both set: unset one of them");
    }

    @Test
    void aFileThatIsAbsentEmptyOrUnreadableIsMissingAndTheHintSaysWhich() throws IOException {
        environment.put("X_FILE", directory.resolve("absent").toString());
        assertThat(problemOfX().kind()).isEqualTo(Problem.Kind.MISSING);
        assertThat(problemOfX().reason()).isEqualTo("X_FILE names a file that does not exist");
        environment.put("X_FILE", file("empty", " \n").toString());
        assertThat(problemOfX().reason()).isEqualTo("X_FILE names an empty file");
        assertThat(new SecretValidationException(List.of(problemOfX())))
                .hasMessage("Missing required secrets: X" + FocusSquad.TAIL + "\n  X: X_FILE names an empty file");
    }

    @Test
    void aFileThatCannotBeReadIsMissing() {
        // Reading its first byte fails for everybody, also for root, who may read every ordinary file.
        Path unreadable = Path.of("/proc/self/mem");
        assertThat(SecretFile.read(unreadable, "X_FILE names", "file").fault())
                .hasValueSatisfying(fault -> assertThat(fault.reason())
                        .isEqualTo(
                                Files.exists(unreadable)
                                        ? "X_FILE names a file that cannot be read"
                                        : "X_FILE names a file that does not exist"));
    }

    @Test
    void aDirectoryALargeFileAndWhatIsNoTextAreInvalid() throws IOException {
        environment.put("X_FILE", directory.toString());
        assertThat(problemOfX().reason()).isEqualTo("X_FILE names a directory");
        environment.put(
                "X_FILE", file("large", "x".repeat(SecretFile.MAX_BYTES + 1)).toString());
        assertThat(problemOfX().reason()).isEqualTo("X_FILE names a file of more than 1 MiB");
        Path binary = Files.write(directory.resolve("binary"), new byte[] {'a', (byte) 0xff});
        environment.put("X_FILE", binary.toString());
        assertThat(problemOfX().reason()).isEqualTo("X_FILE names a file that is not UTF-8 text");
        environment.put("X_FILE", "canary\0");
        assertThat(problemOfX().reason()).isEqualTo("X_FILE is not a path");
        assertThat(problemOfX().kind()).isEqualTo(Problem.Kind.INVALID);
        environment.put("X_FILE", file("full", "x".repeat(SecretFile.MAX_BYTES)).toString());
        assertThat(valueOfX()).hasSize(SecretFile.MAX_BYTES);
    }

    @Test
    void aSecretsDirectoryAsKubernetesMountsItIsRead() throws IOException {
        Path version = Files.createDirectory(directory.resolve("..2026_11_24_00_00_00"));
        Files.writeString(version.resolve("X"), "abc\n");
        Files.createSymbolicLink(directory.resolve("..data"), version.getFileName());
        Files.createSymbolicLink(directory.resolve("X"), Path.of("..data", "X"));
        SecretSource source = SecretSource.directory(directory);
        assertThat(source.names()).containsExactly("X");
        assertThat(source.find("X").orElseThrow().value()).isEqualTo("abc");
        assertThat(source.find("..data")).isEmpty();
        assertThat(source.find("../x")).isEmpty();
    }

    @Test
    void aDirectorysFaultsAreProblemsAndAnAbsentDirectoryIsEmpty() throws IOException {
        Files.createDirectory(directory.resolve("X"));
        assertThat(problemOf(SecretSource.directory(directory)).kind()).isEqualTo(Problem.Kind.INVALID);
        SecretSource absent = SecretSource.directory(directory.resolve("absent"));
        assertThat(absent.names()).isEmpty();
        assertThat(problemOf(absent).reason()).isEqualTo("is not set");
    }

    @Test
    void aSystemdCredentialIsFoundWithItsOrigin() throws IOException {
        file("X", "abc");
        SecretSource credentials = DirectorySource.systemdCredentials(directory.toString());
        assertThat(credentials.find("X"))
                .hasValueSatisfying(found -> assertThat(found.origin()).isEqualTo("$CREDENTIALS_DIRECTORY"));
        assertThat(DirectorySource.systemdCredentials(null).names()).isEmpty();
        assertThat(DirectorySource.systemdCredentials("\0").names()).isEmpty();
    }

    @Test
    void theSecondSourceIsAskedWhereTheFirstHasNoneOrABlank() throws IOException {
        file("X", "from the directory");
        environment.put("X", " ");
        environment.put("Y", "from the map");
        SecretSource both = SecretSource.of(environment).orElse(SecretSource.directory(directory));
        assertThat(both.find("X").orElseThrow().value()).isEqualTo("from the directory");
        assertThat(both.find("Y").orElseThrow().value()).isEqualTo("from the map");
        assertThat(both.find("Z")).isEmpty();
        assertThat(both.names()).containsExactlyInAnyOrder("X", "Y");
    }

    @Test
    void theEnvironmentIsTheProcesssOwn() {
        assertThat(SecretSource.environment().names())
                .containsAll(System.getenv().keySet());
        assertThat(SecretSource.environment().find("PATH").orElseThrow().origin())
                .isEqualTo("environment");
    }
}
