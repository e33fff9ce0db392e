package dev.hardening.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SecretSourceTest {

    private static final String PEM = "-----BEGIN KEY-----\nabc\n-----END KEY-----";

    @TempDir
    Path directory;

    private final Map<String, String> environment = new HashMap<>();

    private Path file(String name, String content) throws IOException {
        return Files.writeString(directory.resolve(name), content);
    }

    private String valueOfX() {
        Setting<Secret> x = Setting.secret("X").verbatim();
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
    void aVariableAndItsFileAreInvalidTogether() throws IOException {
        environment.put("X", "abc");
        environment.put("X_FILE", file("x", "abc").toString());
        assertThat(problemOfX().kind()).isEqualTo(Problem.Kind.INVALID);
        assertThat(problemOfX().reason()).isEqualTo("X and X_FILE are both set: unset one of them");
        assertThat(problemOfX().origin()).isEqualTo("map");
    }

    @Test
    void aFileThatIsAbsentEmptyOrUnreadableIsMissingAndTheHintSaysWhich() throws IOException {
        assertMissing(directory.resolve("absent"), "X_FILE names a file that does not exist");
        assertMissing(file("empty", ""), "X_FILE names an empty file");
        assertMissing(file("blank", " \n"), "X_FILE names an empty file");
        // A link that leads to itself cannot be read by anybody, also not by root, who may read every ordinary file.
        Path loop = directory.resolve("loop");
        assertMissing(Files.createSymbolicLink(loop, loop), "X_FILE names a file that cannot be read");
        assertMissing(directory.resolve("x".repeat(5_000)), "X_FILE names a file that cannot be read");
    }

    private void assertMissing(Path path, String hint) {
        environment.put("X_FILE", path.toString());
        assertThat(problemOfX()).isEqualTo(new Problem("X", Problem.Kind.MISSING, hint, "file named by X_FILE"));
        assertThat(new SecretValidationException(new ValidationReport(List.of(problemOfX()), List.of())))
                .hasMessage("Missing required secrets: X" + FocusSquad.TAIL + "\n  X: " + hint);
    }

    @Test
    void aFileThatFailsWhileItIsReadCannotBeRead() {
        assumeTrue(Files.exists(Path.of("/proc/self/mem")), "only Linux has a file whose first byte cannot be read");
        assertMissing(Path.of("/proc/self/mem"), "X_FILE names a file that cannot be read");
    }

    @Test
    void aFileThatNobodyMayReadCannotBeRead() throws IOException {
        Path file = file("x", "abc");
        Files.setPosixFilePermissions(file, Set.of());
        assumeFalse(Files.isReadable(file), "root may read it; the packaged jar is tried as another user");
        assertMissing(file, "X_FILE names a file that cannot be read");
    }

    @Test
    void anOptionalSettingWhoseFileIsAbsentIsNotPassedOver() {
        environment.put("X_FILE", directory.resolve("absent").toString());
        SecretValidator validator = SecretValidator.of(Setting.secret("X").optional());
        assertThat(validator.check(SecretSource.of(environment).withFiles()).problems())
                .containsExactly(problemOfX());
    }

    private void assertInvalid(String path, String reason) {
        environment.put("X_FILE", path);
        assertThat(problemOfX().kind()).isEqualTo(Problem.Kind.INVALID);
        assertThat(problemOfX().reason()).isEqualTo(reason);
    }

    @Test
    void aDirectoryIsInvalid() {
        assertInvalid(directory.toString(), "X_FILE names a directory");
    }

    @Test
    void whatIsNoPathIsInvalidAndNotShown() {
        assertInvalid("canary\0", "X_FILE is not a path");
        assertThat(problemOfX().origin()).isEqualTo("map");
    }

    @Test
    void aFileOfMoreThanOneMebibyteIsInvalidAndNotReadIntoMemory() throws IOException {
        assertInvalid(
                file("large", "x".repeat(TextFile.MAX_BYTES + 1)).toString(), "X_FILE names a file of more than 1 MiB");
        Path huge = directory.resolve("huge");
        try (RandomAccessFile sparse = new RandomAccessFile(huge.toFile(), "rw")) {
            sparse.setLength(3L << 30); // no array could hold it
        }
        assertInvalid(huge.toString(), "X_FILE names a file of more than 1 MiB");
        environment.put("X_FILE", file("full", "x".repeat(TextFile.MAX_BYTES)).toString());
        assertThat(valueOfX()).hasSize(TextFile.MAX_BYTES);
    }

    @Test
    void aFileThatHasMoreThanItSaysIsReadNoFurther() throws IOException {
        Path symbols = Path.of("/proc/kallsyms");
        assumeTrue(Files.isReadable(symbols), "only Linux has a file that is longer than it says");
        assertThat(Files.size(symbols)).isZero();
        assertThatThrownBy(() -> TextFile.read(symbols)).isInstanceOf(TextFile.TooLargeException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"61ff", "c0af", "eda080", "fffe6100", "61006200", "610a00"})
    void whatIsNotUtf8TextIsInvalid(String bytes) throws IOException {
        Path file = Files.write(directory.resolve("x"), HexFormat.of().parseHex(bytes));
        assertInvalid(file.toString(), "X_FILE names a file that is not UTF-8 text");
    }

    @Test
    void aByteOrderMarkIsNoPartOfTheValue() throws IOException {
        environment.put("X_FILE", file("x", "\ufeffäbc🎓\r\n").toString());
        assertThat(valueOfX()).isEqualTo("äbc🎓");
    }

    @Test
    void aPipeOrADeviceIsInvalidAndNotOpened() throws IOException, InterruptedException {
        Path pipe = directory.resolve("pipe");
        assumeTrue(Files.exists(Path.of("/dev/zero")), "only Unix has pipes and devices in its file system");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        // To open it would wait for ever for somebody who writes.
        assertInvalid(pipe.toString(), "X_FILE names something that is not a regular file");
        assertInvalid("/dev/zero", "X_FILE names something that is not a regular file");
    }

    @Test
    void aLinkIsFollowed() throws IOException {
        environment.put(
                "X_FILE",
                Files.createSymbolicLink(directory.resolve("link"), file("x", "abc"))
                        .toString());
        assertThat(valueOfX()).isEqualTo("abc");
        assertMissing(
                Files.createSymbolicLink(directory.resolve("dangling"), Path.of("nowhere")),
                "X_FILE names a file that does not exist");
    }

    @Test
    void aFileThatChangesIsReadAnewByEachValidation() throws IOException {
        environment.put("X_FILE", file("x", "abc").toString());
        SecretSource source = SecretSource.of(environment).withFiles();
        assertThat(source.find("X").orElseThrow().value()).isEqualTo("abc");
        file("x", "def");
        assertThat(source.find("X").orElseThrow().value()).isEqualTo("def");
    }

    @Test
    void aBlankFileNameIsNone() {
        environment.put("X_FILE", " ");
        assertThat(problemOfX().reason()).isEqualTo("is not set");
    }

    @Test
    void aSecretsDirectoryAsKubernetesMountsItIsRead() throws IOException {
        Path version = Files.createDirectory(directory.resolve("..2026_11_24_00_00_00"));
        Files.writeString(version.resolve("X"), "abc\n");
        Files.writeString(version.resolve("tls.crt"), "def\n");
        Files.createSymbolicLink(directory.resolve("..data"), version.getFileName());
        Files.createSymbolicLink(directory.resolve("X"), Path.of("..data", "X"));
        Files.createDirectory(directory.resolve("folder"));
        Files.createSymbolicLink(directory.resolve("tls.crt"), Path.of("..data", "tls.crt"));
        SecretSource source = SecretSource.directory(directory);
        assertThat(source.names()).containsExactlyInAnyOrder("X", "tls.crt");
        assertThat(source.find("X").orElseThrow().value()).isEqualTo("abc");
        assertThat(source.find("X").orElseThrow().origin()).isEqualTo("directory " + directory);
        assertThat(source.find("tls.crt").orElseThrow().value()).isEqualTo("def");
    }

    @ParameterizedTest
    @ValueSource(strings = {"..data", "..data/X", "../x/X", ".", "..", "", "/etc/hostname", "a\0", "a\\\\b", "a\nb"})
    void aNameNeverLeadsOutOfTheDirectory(String name) throws IOException {
        Files.createDirectory(directory.resolve("..data"));
        Files.writeString(directory.resolve("..data").resolve("X"), "abc");
        assertThat(SecretSource.directory(directory).find(name)).isEmpty();
        assertThat(SecretSource.directory(directory).names()).isEmpty();
    }

    @Test
    void anEntryOfADirectoryThatCannotBeReadIsAProblem() throws IOException {
        Files.createDirectory(directory.resolve("X"));
        assertThat(problemOf(SecretSource.directory(directory)))
                .isEqualTo(new Problem(
                        "X",
                        Problem.Kind.INVALID,
                        "its entry in the directory leads to a directory",
                        "directory " + directory));
        Files.delete(directory.resolve("X"));
        Files.createSymbolicLink(directory.resolve("X"), Path.of("..data", "X"));
        assertThat(problemOf(SecretSource.directory(directory)).reason())
                .isEqualTo("its entry in the directory leads to a file that does not exist");
        SecretSource noDirectory = SecretSource.directory(file("plain", "x"));
        assertThat(SecretValidator.of(Setting.secret("X").optional())
                        .check(noDirectory)
                        .problems())
                .containsExactly(new Problem(
                        "directory " + directory.resolve("plain"), Problem.Kind.INVALID, "is not a directory", null));
        assertThat(noDirectory.names()).isEmpty();
    }

    @Test
    void anAbsentDirectoryIsAProblem() {
        SecretSource absent = SecretSource.directory(directory.resolve("absent"));
        assertThat(absent.names()).isEmpty();
        assertThat(SecretValidator.requiring("X").check(absent).problems())
                .containsExactly(
                        new Problem("X", Problem.Kind.MISSING, "is not set", null),
                        new Problem(
                                "directory " + directory.resolve("absent"),
                                Problem.Kind.INVALID,
                                "does not exist",
                                null));
    }

    @Test
    void aDirectoryMayHoldFileNamesToo() throws IOException {
        SecretSource source = SecretSource.directory(directory).withFiles();
        file("X_FILE", file("elsewhere", "abc") + "\n");
        assertThat(source.find("X").orElseThrow().value()).isEqualTo("abc");
        Files.delete(directory.resolve("X_FILE"));
        Files.createDirectory(directory.resolve("X_FILE"));
        assertThat(problemOf(source).reason()).isEqualTo("its entry in the directory leads to a directory");
    }

    @Test
    void aDirectoryWithALineBreakInItsNameForgesNoLine() throws IOException {
        Path odd = Files.createDirectory(directory.resolve("a\nMissing required secrets: Y\u001b[2J"));
        Files.writeString(odd.resolve("X"), "ca");
        SecretSource source = SecretSource.directory(odd);
        ValidationReport report =
                SecretValidator.of(Setting.secret("X").minLength(3)).check(source);
        assertThat(new SecretValidationException(report))
                .hasMessage("Invalid secrets:\n  X: is shorter than 3 characters (directory " + directory
                        + "/a\\u{a}Missing required secrets: Y\\u{1b}[2J)");
        assertThat(source.toString() + source.find("X").orElseThrow()).doesNotContain("\n", "\u001b");
    }

    @Test
    void aSystemdCredentialIsFoundWithItsOrigin() throws IOException {
        file("X", "abc");
        SecretSource credentials = DirectorySource.systemdCredentials(directory.toString());
        assertThat(credentials.find("X")).hasValueSatisfying(found -> {
            assertThat(found.value()).isEqualTo("abc");
            assertThat(found.origin()).isEqualTo("$CREDENTIALS_DIRECTORY");
        });
    }

    @Test
    void outsideOfAServiceThereAreNoCredentials() {
        for (String none : Arrays.asList(null, "", " ")) {
            SecretSource credentials = DirectorySource.systemdCredentials(none);
            assertThat(credentials.names()).isEmpty();
            assertThat(problemOf(credentials).reason()).isEqualTo("is not set");
        }
        assertThat(SecretSource.systemdCredentials()).hasToString("SecretSource[$CREDENTIALS_DIRECTORY (not set)]");
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
    void aValueThatCannotBeReadIsNotPassedOverForTheSecondSource() {
        environment.put("X_FILE", directory.resolve("absent").toString());
        SecretSource both = SecretSource.of(environment).withFiles().orElse(SecretSource.of(Map.of("X", "abc")));
        assertThat(problemOf(both).reason()).isEqualTo("X_FILE names a file that does not exist");
    }

    @Test
    void aBlankOneIsLeftWhereTheSecondSourceHasNone() {
        SecretSource both = SecretSource.of(Map.of("X", " ")).orElse(SecretSource.of(Map.of()));
        assertThat(both.find("X").orElseThrow().origin()).isEqualTo("map");
        assertThat(problemOf(both).reason()).isEqualTo("is not set");
    }

    @Test
    void theFileConventionHoldsAcrossSources() throws IOException {
        environment.put("X", "abc");
        SecretSource both = SecretSource.of(environment)
                .orElse(SecretSource.of(Map.of("X_FILE", file("x", "def").toString())));
        assertThat(problemOf(both.withFiles()).reason()).isEqualTo("X and X_FILE are both set: unset one of them");
        assertThat(both.withFiles().withFiles()).isEqualTo(both.withFiles());
    }

    @Test
    void aSourcePrintsWhereItLooksAndNoValue() {
        environment.put("X", "canary");
        SecretSource map = SecretSource.of(environment);
        assertThat(map.withFiles().orElse(SecretSource.directory(Path.of("/run/secrets"))))
                .hasToString(
                        "SecretSource[map] with files, else SecretSource[directory " + Path.of("/run/secrets") + "]");
        assertThat(map.find("X").orElseThrow()).hasToString("Found[redacted, origin=map]");
    }

    @Test
    void aMapIsCopied() {
        environment.put("X", "abc");
        SecretSource source = SecretSource.of(environment);
        environment.clear();
        assertThat(source.names()).containsExactly("X");
        assertThat(source.find("X").orElseThrow().value()).isEqualTo("abc");
    }

    @Test
    void theEnvironmentIsTheProcesssOwn() {
        assertThat(SecretSource.environment().names())
                .containsAll(System.getenv().keySet());
        assertThat(SecretSource.environment().find("PATH").orElseThrow().origin())
                .isEqualTo("environment");
    }
}
