package dev.hardening.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CheckCommandTest {

    private static final String USAGE = "usage: java -jar hardening-config.jar check NAMES_FILE [--json]\n";

    @TempDir
    Path directory;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int run(Map<String, String> environment, String... arguments) {
        return run(SecretSource.of(environment), arguments);
    }

    private int run(SecretSource source, String... arguments) {
        return CheckCommand.run(
                List.of(arguments),
                source,
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8));
    }

    private String file(String text) throws IOException {
        return Files.writeString(directory.resolve("names"), text).toString();
    }

    private void assertPrinted(String standardOutput, String standardError) {
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo(standardOutput);
        assertThat(err.toString(StandardCharsets.UTF_8)).isEqualTo(standardError);
    }

    @Nested
    class TheExitCode {

        @Test
        void is0WhenAllIsSet() throws IOException {
            assertThat(run(Map.of("X", "canary", "Y", "canary"), "check", file("#: minLength 3\nX=\nY\n")))
                    .isZero();
            assertPrinted("All required secrets are set.\n", "");
        }

        @Test
        void is78WithTheMessageOnStandardError() throws IOException {
            assertThat(run(Map.of("X", "ca"), "check", file("#: minLength 3\nX=\nY\n")))
                    .isEqualTo(78);
            assertPrinted(
                    "",
                    "Missing required secrets: Y" + FocusSquad.TAIL
                            + "\nInvalid secrets:\n  X: is shorter than 3 characters (map)\n");
        }

        @ParameterizedTest
        @CsvSource({"''", "check", "check a b", "chek a", "check --json", "check a --jsn", "check --help"})
        void is64ForWrongArguments(String arguments) {
            assertThat(run(Map.of(), arguments.split(" "))).isEqualTo(64);
            assertPrinted("", USAGE);
        }

        @Test
        void is0ForHelp() {
            assertThat(run(Map.of(), "--help")).isZero();
            assertPrinted(USAGE, "");
        }
    }

    @Nested
    class TheDeclaration {

        @Test
        void isWrongAndItsLineIsNamed() throws IOException {
            String names = file("A=\nX=canary\n");
            assertThat(run(Map.of(), "check", names)).isEqualTo(65);
            assertPrinted("", names + ": line 2: holds a value: a declaration is NAME= and nothing after it\n");
        }

        @Test
        void isNoTextOrTooLarge() throws IOException {
            String names = Files.write(directory.resolve("binary"), new byte[] {'X', (byte) 0xe9})
                    .toString();
            assertThat(run(Map.of(), "check", names)).isEqualTo(65);
            String large = file("X\n".repeat(TextFile.MAX_BYTES));
            assertThat(run(Map.of(), "check", large)).isEqualTo(65);
            assertPrinted("", names + ": not UTF-8 text\n" + large + ": more than 1 MiB\n");
        }

        @Test
        void isNotThere() {
            String absent = directory.resolve("absent").toString();
            assertThat(run(Map.of(), "check", absent)).isEqualTo(66);
            assertThat(run(Map.of(), "check", directory.toString())).isEqualTo(66);
            assertThat(run(Map.of(), "check", "a\0\nb")).isEqualTo(66);
            assertPrinted(
                    "",
                    absent + ": cannot be read\n" + directory + ": cannot be read\na\\u{0}\\u{a}b: cannot be read\n");
        }

        @Test
        void comesFromAnotherSystem() throws IOException {
            assertThat(run(Map.of("Y", "y"), "check", file("\ufeff# für alle\r\n#: optional\r\nX=\r\nY=\r\n")))
                    .isZero();
        }

        @Test
        void isAPipeOrADeviceAndNotOpened() throws Exception {
            assumeTrue(Files.exists(Path.of("/dev/zero")), "only Unix has pipes and devices in its file system");
            Path pipe = directory.resolve("pipe");
            assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                    .isZero();
            assertThat(run(Map.of(), "check", pipe.toString())).isEqualTo(66);
            assertThat(run(Map.of(), "check", "/dev/zero")).isEqualTo(66);
            assertPrinted("", pipe + ": is not a regular file\n/dev/zero: is not a regular file\n");
        }

        @Test
        void isInADirectoryThatDoesNotAnswer() throws Exception {
            String names = file("X");
            try (StuckRead ignored = new StuckRead(directory)) {
                assertThat(run(Map.of("X", "x"), "check", names)).isEqualTo(66);
            }
            assertPrinted("", names + ": does not answer\n");
        }
    }

    @Nested
    class TheReport {

        @Test
        void isJsonOnStandardOutput() throws IOException {
            assertThat(run(Map.of("X", "canary"), "check", file("X"), "--json")).isZero();
            assertThat(run(Map.of(), "--json", "check", file("X"))).isEqualTo(78);
            assertPrinted(
                    "{\"version\":1,\"valid\":true,\"problems\":[],\"lookedIn\":[\"map\"]}\n"
                            + "{\"version\":1,\"valid\":false,\"problems\":[{\"name\":\"X\",\"kind\":\"MISSING\","
                            + "\"reason\":\"is not set\",\"origin\":null}],\"lookedIn\":[\"map\"]}\n",
                    "");
        }

        @Test
        void saysWhereItLookedBeyondTheEnvironment() throws IOException {
            SecretSource source =
                    SecretSource.of(Map.of()).withFiles().orElse(DirectorySource.systemdCredentials(null));
            assertThat(run(source, "check", file("X"))).isEqualTo(78);
            assertPrinted(
                    "",
                    "Missing required secrets: X" + FocusSquad.TAIL
                            + "\nLooked in: map, files that NAME_FILE names, $CREDENTIALS_DIRECTORY (not set)\n");
        }
    }
}
