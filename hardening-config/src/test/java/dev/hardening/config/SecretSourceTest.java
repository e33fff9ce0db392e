package dev.hardening.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SecretSourceTest {

    private static final String IN_UTF_8 = "run with a UTF-8 locale, such as C.UTF-8";

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

    private static Problem problemOf(SecretSource source) {
        return problemOf(source, Setting.secret("X"));
    }

    private static Problem problemOf(SecretSource source, Setting<?> setting) {
        List<Problem> problems = SecretValidator.of(setting).check(source).problems();
        assertThat(problems).hasSize(1);
        return problems.get(0);
    }

    private Problem problemOfX() {
        return problemOf(SecretSource.of(environment).withFiles());
    }

    private static String unescape(String text) {
        return text.replace("\\n", "\n").replace("\\r", "\r");
    }

    /** A source that throws whatever it is asked. */
    private static SecretSource broken() {
        return new SecretSource() {
            @Override
            public Optional<Found> find(String name) {
                throw new IllegalStateException();
            }

            @Override
            public Set<String> names() {
                throw new StackOverflowError();
            }

            @Override
            public List<String> places() {
                throw new IllegalStateException();
            }
        };
    }

    private void assertMissing(Path path, String hint) {
        environment.put("X_FILE", path.toString());
        assertThat(problemOfX()).isEqualTo(new Problem("X", Problem.Kind.MISSING, hint, "file named by X_FILE"));
        assertThat(new SecretValidationException(new ValidationReport(List.of(problemOfX()), List.of())))
                .hasMessage("Missing required secrets: X" + FocusSquad.TAIL + "\n  X: " + hint);
    }

    private void assertInvalid(String path, String reason) {
        environment.put("X_FILE", path);
        assertThat(problemOfX().kind()).isEqualTo(Problem.Kind.INVALID);
        assertThat(problemOfX().reason()).isEqualTo(reason);
    }

    @Nested
    class AFileThatIsNamed {

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                value = {"abc\\n|abc", "abc\\r\\n|abc", "abc|abc", "' abc '|' abc '", "abc\\n\\n|abc\\n"})
        void givesItsTextLessOneLastLineBreak(String content, String value) throws IOException {
            environment.put("X_FILE", file("x", unescape(content)).toString());
            assertThat(valueOfX()).isEqualTo(unescape(value));
        }

        @Test
        void keepsTheInnerLineBreaksOfAPem() throws IOException {
            environment.put("X_FILE", file("x", PEM + "\n").toString());
            assertThat(valueOfX()).isEqualTo(PEM);
        }

        @Test
        void givesNoByteOrderMark() throws IOException {
            environment.put("X_FILE", file("x", "\ufeffäbc🎓\r\n").toString());
            assertThat(valueOfX()).isEqualTo("äbc🎓");
        }

        @Test
        void isReadInsteadOfABlankVariable() throws IOException {
            environment.put("X", "");
            environment.put("X_FILE", file("x", "abc").toString());
            assertThat(valueOfX()).isEqualTo("abc");
        }

        @Test
        void isInvalidTogetherWithItsVariable() throws IOException {
            environment.put("X", "abc");
            environment.put("X_FILE", file("x", "abc").toString());
            assertThat(problemOfX().kind()).isEqualTo(Problem.Kind.INVALID);
            assertThat(problemOfX().reason()).isEqualTo("X and X_FILE are both set: unset one of them");
            assertThat(problemOfX().origin()).isEqualTo("map");
        }

        @Test
        void isNoneWhereTheNameIsBlank() {
            environment.put("X_FILE", " ");
            assertThat(problemOfX().reason()).isEqualTo("is not set");
        }

        @Test
        void mayBeALink() throws IOException {
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
        void isReadAnewByEachValidation() throws IOException {
            environment.put("X_FILE", file("x", "abc").toString());
            SecretSource source = SecretSource.of(environment).withFiles();
            assertThat(source.find("X").orElseThrow().value()).isEqualTo("abc");
            file("x", "def");
            assertThat(source.find("X").orElseThrow().value()).isEqualTo("def");
        }

        @Test
        void mayBeNamedByAnotherSource() throws IOException {
            environment.put("X", "abc");
            SecretSource both = SecretSource.of(environment)
                    .orElse(SecretSource.of(Map.of("X_FILE", file("x", "def").toString())));
            assertThat(problemOf(both.withFiles()).reason()).isEqualTo("X and X_FILE are both set: unset one of them");
            assertThat(both.withFiles().withFiles()).isEqualTo(both.withFiles());
        }

        @Test
        void isNotSetTwiceWhereTheConventionIsAddedTwice() throws IOException {
            environment.put("X_FILE", file("x", "abc").toString());
            SecretSource second = SecretSource.of(Map.of("Y", "def"));
            SecretSource twice = SecretSource.of(environment)
                    .withFiles()
                    .orElse(second.withFiles())
                    .withFiles();
            assertThat(SecretValidator.requiring("X", "Y").check(twice).valid()).isTrue();
            environment.put("X", "abc");
            SecretSource both = SecretSource.of(environment).withFiles().orElse(second);
            assertThat(problemOf(both.withFiles()).reason()).isEqualTo("X and X_FILE are both set: unset one of them");
        }

        @Test
        void isNoneWhereItsNameIsASettingOfItsOwn() throws IOException {
            environment.put("LOG_FILE", directory.resolve("absent").toString());
            environment.put("KEY_FILE", file("key", "abc").toString());
            SecretValidator validator = SecretValidator.of(Setting.text("LOG").optional(), Setting.text("LOG_FILE"))
                    .exactlyOne(Setting.secret("KEY"), Setting.text("KEY_FILE"));
            SecretSource source = SecretSource.of(environment).withFiles().orElse(SecretSource.directory(directory));
            Settings settings = validator.validate(source);
            assertThat(settings).hasToString("Settings[LOG_FILE, KEY_FILE]");
            assertThat(settings.get(Setting.text("KEY_FILE"))).isEqualTo(environment.get("KEY_FILE"));
            environment.put("LOG", "info");
            SecretSource more = SecretSource.of(environment).withFiles();
            assertThat(validator.validate(more)).hasToString("Settings[LOG, LOG_FILE, KEY_FILE]");
            assertThat(SecretValidator.requiring("KEY").validate(more)).hasToString("Settings[KEY]");
        }
    }

    @Nested
    class AFileThatCannotBeUsed {

        @Test
        void isMissingAndTheHintSaysWhatItIs() throws IOException {
            assertMissing(directory.resolve("absent"), "X_FILE names a file that does not exist");
            assertMissing(file("empty", ""), "X_FILE names an empty file");
            assertMissing(file("blank", " \n"), "X_FILE names an empty file");
            // A link that leads to itself cannot be read by anybody, also not by root, who may read every ordinary
            // file.
            Path loop = directory.resolve("loop");
            assertMissing(Files.createSymbolicLink(loop, loop), "X_FILE names a file that cannot be read");
        }

        @Test
        void doesNotExistBelowAnotherFile() throws IOException {
            assertMissing(file("x", "abc").resolve("y").resolve("z"), "X_FILE names a file that does not exist");
        }

        @Test
        void isMissingAndTheHintSaysThatTheValueIsNoPath() {
            for (String value : List.of(
                    "canary".repeat(50),
                    directory.resolve("x".repeat(5_000)).toString(),
                    PEM,
                    PEM + "\n",
                    "canary\nx",
                    "{\"type\":\"service_account\"}",
                    "{ \"private_key\":\"-----BEGIN PRIVATE KEY-----\\n" + "x".repeat(64) + "\\n\"}",
                    "ab+/".repeat(1_400),
                    "ä".repeat(130))) {
                environment.put("X_FILE", value);
                assertThat(problemOfX())
                        .isEqualTo(new Problem(
                                "X",
                                Problem.Kind.MISSING,
                                "X_FILE is not a path: if it is the value itself, set X instead",
                                "map"));
            }
        }

        @ParameterizedTest
        @ValueSource(strings = {"hunter2", "ghp_abcdefghijklmnop", "postgres://u:canary@db/x", "secrets/x", "./x"})
        void isMissingAndTheHintSaysThatItsPathMayBeTheValue(String path) {
            assertMissing(
                    Path.of(path),
                    "X_FILE names a file that does not exist: write its whole path, or set X if it is the value itself");
        }

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                quoteCharacter = '\0',
                value = {
                    "\"/run/secrets/x\"|has literal quotes around it: remove them",
                    "'/run/secrets/x'|has literal quotes around it: remove them",
                    "/run/secrets/x\\r|has white space at its edges (a line break at its end): remove it",
                    "X_FILE=/run/secrets/x|begins with its own name and =: remove them",
                    "undefined|is a word for no value, such as undefined or null: set the value",
                    "file:///run/secrets/x|is a URL: write the path alone",
                    "~/x|has ~ or $ in it, which only a shell replaces: write the whole path",
                    "/absent/$HOME/x|has ~ or $ in it, which only a shell replaces: write the whole path",
                    "'/run/\\0'|has literal quotes around it: remove them",
                    "/run/secrets/absent|names a file that does not exist"
                })
        void isMissingAndTheHintSaysWhatSlipItsPathIs(String path, String slip) {
            environment.put("X_FILE", unescape(path));
            assertThat(problemOfX().kind()).isEqualTo(Problem.Kind.MISSING);
            assertThat(problemOfX().reason()).isEqualTo("X_FILE " + slip);
        }

        @Test
        void isMissingAndTheHintSaysThatItsPathLostCharacters() {
            environment.put("X_FILE", "/run/p\ufffdss");
            assertThat(problemOfX().kind()).isEqualTo(Problem.Kind.MISSING);
            assertThat(problemOfX().reason())
                    .isEqualTo("X_FILE has characters that were lost in decoding (U+FFFD): set it again in UTF-8, and "
                            + IN_UTF_8);
        }

        @Test
        void isNoPathInTheLocale() {
            // A lone surrogate is in no locale.
            assertInvalid("/run/canary\ud800", "X_FILE is not a path in the process's locale: " + IN_UTF_8);
        }

        @Test
        void isNoSlipWhereTheFileIsThere() throws IOException {
            environment.put("X_FILE", file("a$b'", "abc").toString());
            assertThat(valueOfX()).isEqualTo("abc");
            assertMissing(file("a$empty", ""), "X_FILE names an empty file");
            Path loop = directory.resolve("a$loop");
            assertMissing(Files.createSymbolicLink(loop, loop), "X_FILE names a file that cannot be read");
        }

        @Test
        void isMissingWhereReadingItFails() {
            assumeTrue(
                    Files.exists(Path.of("/proc/self/mem")), "only Linux has a file whose first byte cannot be read");
            assertMissing(Path.of("/proc/self/mem"), "X_FILE names a file that cannot be read");
        }

        @Test
        void isMissingWhereItMayNotBeRead() throws IOException {
            Path file = file("x", "abc");
            Files.setPosixFilePermissions(file, Set.of());
            assumeFalse(Files.isReadable(file), "root may read it; the packaged jar is tried as another user");
            assertMissing(file, "X_FILE names a file that cannot be read");
        }

        @Test
        void isNotPassedOverForAnOptionalSetting() {
            environment.put("X_FILE", directory.resolve("absent").toString());
            SecretValidator validator = SecretValidator.of(Setting.secret("X").optional());
            assertThat(validator.check(SecretSource.of(environment).withFiles()).problems())
                    .containsExactly(problemOfX());
        }

        @Test
        void isADirectory() {
            assertInvalid(directory.toString(), "X_FILE names a directory");
        }

        @Test
        void isNoPathAndNotShown() {
            assertInvalid("canary\0x", "X_FILE is not a path");
            assertThat(problemOfX().origin()).isEqualTo("map");
        }

        @Test
        void isLargeAndNotReadIntoMemory() throws IOException {
            assertInvalid(
                    file("large", "x".repeat(TextFile.MAX_BYTES + 1)).toString(),
                    "X_FILE names a file of more than 1 MiB");
            Path huge = directory.resolve("huge");
            try (RandomAccessFile sparse = new RandomAccessFile(huge.toFile(), "rw")) {
                sparse.setLength(3L << 30); // no array could hold it
            }
            assertInvalid(huge.toString(), "X_FILE names a file of more than 1 MiB");
            environment.put(
                    "X_FILE", file("full", "x".repeat(TextFile.MAX_BYTES)).toString());
            assertThat(valueOfX()).hasSize(TextFile.MAX_BYTES);
        }

        @Test
        void isLongerThanItSaysAndReadNoFurther() throws IOException {
            Path symbols = Path.of("/proc/kallsyms");
            assumeTrue(Files.isReadable(symbols), "only Linux has a file that is longer than it says");
            assertThat(Files.size(symbols)).isZero();
            assertThatThrownBy(() -> TextFile.read(symbols)).isInstanceOf(TextFile.TooLargeException.class);
        }

        @ParameterizedTest
        @ValueSource(strings = {"61ff", "c0af", "eda080", "fffe6100", "61006200", "610a00"})
        void isNotUtf8Text(String bytes) throws IOException {
            Path file = Files.write(directory.resolve("x"), HexFormat.of().parseHex(bytes));
            assertInvalid(file.toString(), "X_FILE names a file that is not UTF-8 text");
        }

        @Test
        void isAPipeOrADeviceAndNotOpened() throws IOException, InterruptedException {
            Path pipe = directory.resolve("pipe");
            assumeTrue(Files.exists(Path.of("/dev/zero")), "only Unix has pipes and devices in its file system");
            assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                    .isZero();
            // To open it would wait for ever for somebody who writes.
            assertInvalid(pipe.toString(), "X_FILE names something that is not a regular file");
            assertInvalid("/dev/zero", "X_FILE names something that is not a regular file");
        }
    }

    @Nested
    class ADirectory {

        @Test
        void isReadAsKubernetesMountsIt() throws IOException {
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
        @ValueSource(
                strings = {"..data", "..data/X", "../x/X", ".", "..", "", "/etc/hostname", "a\0", "a\\\\b", "a\nb"})
        void isLeftByNoName(String name) throws IOException {
            Files.createDirectory(directory.resolve("..data"));
            Files.writeString(directory.resolve("..data").resolve("X"), "abc");
            assertThat(SecretSource.directory(directory).find(name)).isEmpty();
            assertThat(SecretSource.directory(directory).names()).isEmpty();
        }

        @Test
        void hasNamesBesideWhatCannotBeRead() throws IOException {
            file("SUPBASE_URL", "abc");
            Files.createSymbolicLink(directory.resolve("loop"), directory);
            Files.createSymbolicLink(directory.resolve("dangling"), Path.of("nowhere"));
            Files.setPosixFilePermissions(Files.createDirectory(directory.resolve("lost+found")), Set.of());
            SecretSource source = SecretSource.directory(directory);
            assertThat(source.names()).containsExactly("SUPBASE_URL");
            assertThat(problemOf(source, Setting.secret("SUPABASE_URL")).reason())
                    .isEqualTo("found SUPBASE_URL, which looks like SUPABASE_URL");
        }

        @Test
        void hasNamesAsALinkWithinItLeadsToThem() throws IOException {
            Path outside = Files.createDirectories(directory.resolve("outside/more"));
            Files.writeString(outside.resolve("Y"), "abc");
            Path inside = Files.createDirectories(directory.resolve("inside/nested"));
            Files.writeString(inside.resolve("X"), "abc");
            Files.createSymbolicLink(inside.resolve("link"), inside.getParent());
            Files.createSymbolicLink(inside.resolveSibling("out"), outside.getParent());
            Files.createSymbolicLink(inside.resolveSibling("Y"), outside.resolve("Y"));
            Files.createSymbolicLink(inside.resolveSibling("again"), Path.of("nested"));
            SecretSource source =
                    SecretSource.directory(Files.createSymbolicLink(directory.resolve("alias"), inside.getParent()));
            assertThat(source.names()).containsExactlyInAnyOrder("nested/X", "again/X");
            assertThat(source.find("Y").orElseThrow().value()).isEqualTo("abc");
        }

        @Test
        void hasNoNamesIfItHasVeryManyEntries() throws IOException {
            for (int i = 0; i < DirectoryNames.MAX_ENTRIES; i++) {
                file("X" + i, "");
            }
            assertThat(DirectoryNames.of(directory)).hasSize(DirectoryNames.MAX_ENTRIES);
            file("Y", "");
            assertThat(DirectoryNames.of(directory)).isEmpty();
        }

        @Test
        void isSearchedForNamesUntilTheSearchIsGivenUp() throws IOException {
            file("X", "abc");
            Thread.currentThread().interrupt();
            try {
                assertThat(DirectoryNames.of(directory)).isEmpty();
            } finally {
                assertThat(Thread.interrupted()).isTrue();
            }
        }

        @ParameterizedTest
        @ValueSource(strings = {"SUPABASE_URL ", "\ufeffSUPABASE_URL", "SUPABASE_URL\r"})
        void hasAHintWhereAnEntryHasMoreAtItsEdges(String name) throws IOException {
            assumeTrue(
                    Charset.forName(System.getProperty("sun.jnu.encoding"))
                            .newEncoder()
                            .canEncode(name),
                    "the locale has no such file name");
            file(name, "https://x");
            assertThat(problemOf(SecretSource.directory(directory), Setting.secret("SUPABASE_URL"))
                            .reason())
                    .isEqualTo("found SUPABASE_URL with white space or a byte order mark around it, which looks like"
                            + " SUPABASE_URL");
        }

        @ParameterizedTest
        @ValueSource(strings = {"", "\n", " \t\n"})
        void countsABlankEntryAsNone(String blank) throws IOException {
            file("X", blank);
            SecretSource source = SecretSource.directory(directory);
            assertThat(SecretValidator.of(Setting.secret("X").optional())
                            .check(source)
                            .problems())
                    .isEmpty();
            assertThat(problemOf(source).reason()).isEqualTo("is not set");
            SecretSource map = SecretSource.of(Map.of("X", "abc"));
            assertThat(source.orElse(map).find("X").orElseThrow().origin()).isEqualTo("map");
            environment.put("X_FILE", file("elsewhere", "abc").toString());
            assertThat(source.orElse(SecretSource.of(environment))
                            .withFiles()
                            .find("X")
                            .orElseThrow()
                            .value())
                    .isEqualTo("abc");
        }

        @Test
        void hasNoEntryBelowAFileNorUnderAnOverlongName() throws IOException {
            file("db", "abc");
            SecretSource source = SecretSource.directory(directory);
            assertThat(source.find("db/password")).isEmpty();
            assertThat(source.find("x".repeat(300))).isEmpty();
            assertThat(problemOf(source, Setting.secret("db/password")).reason())
                    .isEqualTo("is not set");
        }

        @Test
        void hasAProblemForEachEntryThatCannotBeRead() throws IOException {
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
                            "directory " + directory.resolve("plain"),
                            Problem.Kind.INVALID,
                            "is not a directory",
                            null));
            assertThat(noDirectory.names()).isEmpty();
        }

        @Test
        void thatIsAbsentIsAProblem() {
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

        private void assertCannotBeRead(Path unreadable) {
            SecretSource source = SecretSource.directory(unreadable);
            assertThat(source.names()).isEmpty();
            SecretValidator validator =
                    SecretValidator.of(Setting.secret("X").optional(), Setting.secret("Y"), Setting.secret("Z"));
            assertThat(validator
                            .check(source.withFiles().orElse(SecretSource.of(Map.of("Y", "abc", "Z", "def"))))
                            .problems())
                    .containsExactly(
                            new Problem("directory " + unreadable, Problem.Kind.INVALID, "cannot be read", null));
            SecretSource map = SecretSource.of(Map.of("X", "abc", "Y", "def", "Z", "ghi"));
            assertThat(validator.check(source.orElse(map)).valid()).isTrue();
        }

        /** A link that leads to itself cannot be read by anybody. */
        @Test
        void thatCannotBeReadIsOneProblem() throws IOException {
            Path loop = directory.resolve("loop");
            assertCannotBeRead(Files.createSymbolicLink(loop, loop));
        }

        @ParameterizedTest
        @ValueSource(strings = {"r--r--r--", "---------"})
        void thatMayNotBeReadIsOneProblem(String permissions) throws IOException {
            Path closed = Files.createDirectories(directory.resolve("closed/secrets"));
            Files.writeString(closed.resolve("X"), "abc");
            for (Path unreadable : List.of(closed, closed.getParent())) {
                Files.setPosixFilePermissions(unreadable, PosixFilePermissions.fromString(permissions));
                try {
                    assumeFalse(
                            Files.isExecutable(unreadable),
                            "root may read it; the packaged jar is tried as another user");
                    assertCannotBeRead(closed);
                } finally {
                    Files.setPosixFilePermissions(unreadable, PosixFilePermissions.fromString("rwx------"));
                }
            }
        }

        private void assertNestedCannotBeRead() {
            SecretSource source = SecretSource.directory(directory);
            SecretValidator validator = SecretValidator.of(
                    Setting.secret("db/X"), Setting.secret("db/Y").optional(), Setting.secret("Z"));
            assertThat(validator.check(source).problems())
                    .containsExactly(
                            new Problem("db/X", Problem.Kind.MISSING, "is not set", null),
                            new Problem(
                                    "directory " + directory,
                                    Problem.Kind.INVALID,
                                    "its directory db cannot be read",
                                    null));
            SecretSource map = SecretSource.of(Map.of("db/X", "abc", "db/Y", "def"));
            assertThat(validator.check(source.orElse(map)).valid()).isTrue();
        }

        @Test
        void withANestedOneThatCannotBeReadIsOneProblem() throws IOException {
            file("Z", "abc");
            Files.createSymbolicLink(directory.resolve("db"), Path.of("db"));
            assertNestedCannotBeRead();
        }

        @ParameterizedTest
        @ValueSource(strings = {"r--r--r--", "---------"})
        void withANestedOneThatMayNotBeReadIsOneProblem(String permissions) throws IOException {
            file("Z", "abc");
            Path closed = Files.createDirectory(directory.resolve("db"));
            Files.writeString(closed.resolve("X"), "abc");
            Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString(permissions));
            try {
                assumeFalse(Files.isExecutable(closed), "root may read it; a link that leads to itself stands for it");
                assertNestedCannotBeRead();
            } finally {
                Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwx------"));
            }
        }

        @Test
        void mayHoldFileNamesToo() throws IOException {
            SecretSource source = SecretSource.directory(directory).withFiles();
            file("X_FILE", file("elsewhere", "abc") + "\n");
            assertThat(source.find("X").orElseThrow().value()).isEqualTo("abc");
            Files.delete(directory.resolve("X_FILE"));
            Files.createDirectory(directory.resolve("X_FILE"));
            assertThat(problemOf(source).reason()).isEqualTo("its entry in the directory leads to a directory");
        }

        @Test
        void withALineBreakInItsNameForgesNoLine() throws IOException {
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
        void mayBeAProjectedVolumeWithNestedPaths() throws IOException {
            Path version = Files.createDirectories(directory.resolve("..2026_11_24/db"));
            Files.writeString(version.resolve("password"), "abc\n");
            Files.writeString(version.resolveSibling(".dockerconfigjson"), "{}");
            Files.writeString(version.resolveSibling("1st"), "first");
            Files.createSymbolicLink(directory.resolve("..data"), Path.of("..2026_11_24"));
            for (String entry : List.of("db", ".dockerconfigjson", "1st")) {
                Files.createSymbolicLink(directory.resolve(entry), Path.of("..data", entry));
            }
            SecretSource source = SecretSource.directory(directory);
            assertThat(source.names()).containsExactlyInAnyOrder("db/password", ".dockerconfigjson", "1st");
            Setting<Secret> password = Setting.secret("db/password");
            Settings settings = SecretValidator.of(password, Setting.secret(".dockerconfigjson"), Setting.secret("1st"))
                    .validate(source);
            assertThat(settings.get(password).reveal()).isEqualTo("abc");
            assertThat(problemOf(source, Setting.secret("db")).reason())
                    .isEqualTo("its entry in the directory leads to a directory");
        }

        @Test
        void thatIsAbsentIsOneProblemForAllOptionalSettings() {
            Path absent = directory.resolve("absent");
            SecretValidator optional = SecretValidator.of(
                    Setting.secret("X").optional(), Setting.secret("Y").optional());
            SecretSource source = SecretSource.of(Map.of("Z", "z")).withFiles().orElse(SecretSource.directory(absent));
            assertThat(optional.check(source).problems())
                    .containsExactly(new Problem("directory " + absent, Problem.Kind.INVALID, "does not exist", null));
            assertThat(new SecretValidationException(optional.check(source)))
                    .hasMessage("Invalid secrets:\n  directory " + absent + ": does not exist");
        }

        @Test
        void thatIsAbsentIsNoProblemWhereAllIsFoundElsewhere() {
            SecretSource absent = SecretSource.directory(directory.resolve("absent"));
            SecretSource map = SecretSource.of(Map.of("X", "abc"));
            for (SecretSource source : List.of(
                    map.orElse(absent), absent.orElse(map), absent.withFiles().orElse(map))) {
                assertThat(SecretValidator.requiring("X").check(source).problems())
                        .isEmpty();
            }
            assertThat(SecretValidator.requiring("X")
                            .check(absent.orElse(SecretSource.of(Map.of())))
                            .problems())
                    .extracting(Problem::reason)
                    .containsExactly("is not set", "does not exist");
        }
    }

    @Nested
    class TheCredentialsOfSystemd {

        @Test
        void areFoundWithTheirOrigin() throws IOException {
            file("X", "abc");
            SecretSource credentials = DirectorySource.systemdCredentials(directory.toString());
            assertThat(credentials.find("X")).hasValueSatisfying(found -> {
                assertThat(found.value()).isEqualTo("abc");
                assertThat(found.origin()).isEqualTo("$CREDENTIALS_DIRECTORY");
            });
        }

        @Test
        void areNoneOutsideOfAService() {
            for (String none : Arrays.asList(null, "", " ")) {
                SecretSource credentials = DirectorySource.systemdCredentials(none);
                assertThat(credentials.names()).isEmpty();
                assertThat(problemOf(credentials).reason()).isEqualTo("is not set");
            }
            assertThat(SecretSource.systemdCredentials()).hasToString("SecretSource[$CREDENTIALS_DIRECTORY (not set)]");
        }

        @Test
        void thatWereNotPassedAreAProblemThatNamesTheDirectory() {
            Path absent = directory.resolve("absent");
            SecretValidator optional = SecretValidator.of(Setting.secret("X").optional());
            assertThat(optional.check(DirectorySource.systemdCredentials(absent.toString()))
                            .problems())
                    .containsExactly(new Problem(
                            "$CREDENTIALS_DIRECTORY",
                            Problem.Kind.INVALID,
                            "names " + absent + ", which does not exist",
                            null));
            assertThat(optional.check(DirectorySource.systemdCredentials("/a\ud800"))
                            .problems())
                    .containsExactly(new Problem(
                            "$CREDENTIALS_DIRECTORY",
                            Problem.Kind.INVALID,
                            "is not a path in the process's locale: " + IN_UTF_8,
                            null));
            SecretSource noPath = DirectorySource.systemdCredentials("a\0");
            assertThat(noPath.names()).isEmpty();
            assertThat(noPath.places()).containsExactly("$CREDENTIALS_DIRECTORY");
            assertThat(optional.check(noPath).problems())
                    .containsExactly(
                            new Problem("$CREDENTIALS_DIRECTORY", Problem.Kind.INVALID, "is not a path", null));
        }
    }

    @Nested
    class TwoSources {

        @Test
        void areAskedInTurn() throws IOException {
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
        void doNotPassOverWhatCannotBeRead() {
            environment.put("X_FILE", directory.resolve("absent").toString());
            SecretSource both = SecretSource.of(environment).withFiles().orElse(SecretSource.of(Map.of("X", "abc")));
            assertThat(problemOf(both).reason()).isEqualTo("X_FILE names a file that does not exist");
        }

        @Test
        void areEachNamedWhereTheyCannotBeRead() {
            Path absent = directory.resolve("absent");
            SecretSource both = SecretSource.of(Map.of("X", " "))
                    .orElse(SecretSource.directory(absent))
                    .orElse(DirectorySource.systemdCredentials(absent.toString()));
            Problem first = new Problem("directory " + absent, Problem.Kind.INVALID, "does not exist", null);
            Problem second = new Problem(
                    "$CREDENTIALS_DIRECTORY", Problem.Kind.INVALID, "names " + absent + ", which does not exist", null);
            SecretValidator validator = SecretValidator.of(
                    Setting.secret("X").optional(), Setting.secret("Y").optional());
            for (SecretSource source : List.of(both, both.orElse(SecretSource.of(Map.of())))) {
                assertThat(validator.check(source).problems()).containsExactly(first, second);
            }
            assertThat(validator
                            .check(both.orElse(SecretSource.of(Map.of("X", "abc", "Y", "def"))))
                            .problems())
                    .isEmpty();
        }

        @Test
        void giveTheHintsOfOneIfTheOtherFails() {
            SecretSource misspelt = SecretSource.of(Map.of("SUPBASE_URL", "abc"));
            for (SecretSource both : List.of(misspelt.orElse(broken()), broken().orElse(misspelt))) {
                assertThat(both.names()).containsExactly("SUPBASE_URL");
                assertThat(both.places()).containsExactly("map");
                assertThat(both.withFiles().places()).containsExactly("map", "files that NAME_FILE names");
            }
        }

        @Test
        void giveTheOtherHintsIfACandidateCannotBeAsked() {
            SecretSource vault = new SecretSource() {
                @Override
                public Optional<Found> find(String name) {
                    if (name.equals("LIVEKT_URL")) {
                        throw new IllegalStateException();
                    }
                    return Optional.empty();
                }

                @Override
                public Set<String> names() {
                    return Set.of("LIVEKT_URL");
                }
            };
            SecretSource both = SecretSource.of(Map.of("SUPBASE_URL", "abc")).orElse(vault);
            assertThat(SecretValidator.requiring("SUPABASE_URL", "LIVEKIT_URL")
                            .check(both)
                            .problems())
                    .extracting(Problem::reason)
                    .containsExactly("found SUPBASE_URL, which looks like SUPABASE_URL", "is not set");
        }

        @Test
        void keepABlankValueWhereThereIsNoOther() {
            SecretSource both = SecretSource.of(Map.of("X", " ")).orElse(SecretSource.of(Map.of()));
            assertThat(both.find("X").orElseThrow().origin()).isEqualTo("map");
            assertThat(problemOf(both).reason()).isEqualTo("is not set");
        }
    }

    @Nested
    class AnySource {

        @Test
        void printsWhereItLooksAndNoValue() {
            environment.put("X", "canary");
            SecretSource map = SecretSource.of(environment);
            assertThat(map.withFiles().orElse(SecretSource.directory(Path.of("/run/secrets"))))
                    .hasToString("SecretSource[map] with files, then SecretSource[directory " + Path.of("/run/secrets")
                            + "]");
            assertThat(map.find("X").orElseThrow()).hasToString("Found[redacted, origin=map]");
        }

        @Test
        void ofAMapIsACopy() {
            environment.put("X", "abc");
            SecretSource source = SecretSource.of(environment);
            environment.clear();
            assertThat(source.names()).containsExactly("X");
            assertThat(source.find("X").orElseThrow().value()).isEqualTo("abc");
        }

        @Test
        void ofTheEnvironmentIsTheProcesssOwn() {
            assertThat(SecretSource.environment().names())
                    .containsAll(System.getenv().keySet());
            assertThat(SecretSource.environment().find("PATH").orElseThrow().origin())
                    .isEqualTo("environment");
        }

        @Test
        void saysItsPlacesInTheOrderInWhichItLooks() {
            assertThat(SecretSource.environment()
                            .withFiles()
                            .orElse(SecretSource.directory(Path.of("/a\nb")))
                            .orElse(DirectorySource.systemdCredentials(null))
                            .orElse(SecretSource.environment())
                            .places())
                    .containsExactly(
                            "environment",
                            "files that NAME_FILE names",
                            "directory " + OneLine.of(Path.of("/a\nb").toString()),
                            "$CREDENTIALS_DIRECTORY (not set)");
        }

        @Test
        void thatReportsNoReasonHasFailed() {
            SecretSource source = new SecretSource() {
                @Override
                public Optional<Found> find(String name) {
                    return Optional.of(Found.missing(null, "vault"));
                }

                @Override
                public Set<String> names() {
                    return Set.of();
                }
            };
            assertThat(SecretValidator.requiring("X").check(source).problems())
                    .extracting(Problem::reason)
                    .containsExactly("could not be looked up: its source failed");
        }

        @Test
        void ofTheApplicationMaySayWhyItHasNoValue() {
            Map<String, SecretSource.Found> answers = Map.of(
                    "X", SecretSource.Found.missing("is in no version of the vault", "vault"),
                    "Y", SecretSource.Found.invalid("was revoked", "vault"));
            SecretSource vault = new SecretSource() {
                @Override
                public Optional<Found> find(String name) {
                    return Optional.ofNullable(answers.get(name));
                }

                @Override
                public Set<String> names() {
                    return answers.keySet();
                }
            };
            SecretValidator validator = SecretValidator.of(
                    Setting.secret("X").optional(), Setting.secret("Y").optional());
            assertThat(validator.check(vault))
                    .isEqualTo(new ValidationReport(
                            List.of(
                                    new Problem("X", Problem.Kind.MISSING, "is in no version of the vault", "vault"),
                                    new Problem("Y", Problem.Kind.INVALID, "was revoked", "vault")),
                            List.of()));
        }
    }
}
