package dev.hardening.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DeclarationTest {

    private static final Setting<Secret> KEY =
            Setting.secret("API_KEY").minLength(8).noPlaceholder();

    private static final Setting<?> URL = Setting.uri("URL", "https", "http")
            .describedAs("Where it is.\n\n  Two lines | and a bar.")
            .example("https://x");

    private static final SecretValidator VALIDATOR = SecretValidator.of(
                    KEY,
                    URL,
                    Setting.text("REGION").optional().example("one\n two"),
                    Setting.uri("ANY"),
                    Setting.secret("LATER").requiredWhen(s -> true).minLength(3).describedAs("For later."))
            .exactlyOne(Setting.secret("A"), Setting.secret("B"))
            .atLeastOne(Setting.secret("B"), Setting.text("C"));

    private static Map<String, String> dotenv(String text) {
        Map<String, String> values = new LinkedHashMap<>();
        text.lines()
                .filter(line -> !line.startsWith("#") && line.contains("="))
                .forEach(line ->
                        values.put(line.substring(0, line.indexOf('=')), line.substring(line.indexOf('=') + 1)));
        return values;
    }

    @Nested
    class AnExampleFile {

        @Test
        void namesEverySettingAndReadBackIsAllMissing() {
            Map<String, String> values = dotenv(VALIDATOR.envExample());
            assertThat(values.keySet()).containsExactly("API_KEY", "URL", "REGION", "ANY", "LATER", "A", "B", "C");
            assertThat(values.values()).containsOnly("");
            assertThat(VALIDATOR.check(SecretSource.of(values)).problems())
                    .extracting(Problem::name)
                    .containsExactly("API_KEY", "URL", "ANY", "LATER", "A, B", "B, C");
            assertThat(FocusSquad.VALIDATOR
                            .check(SecretSource.of(dotenv(FocusSquad.VALIDATOR.envExample())))
                            .problems())
                    .extracting(Problem::name)
                    .containsExactlyElementsOf(FocusSquad.REQUIRED);
        }

        @Test
        void isAnExactText() {
            assertThat(VALIDATOR.envExample()).isEqualTo("""
                            #: secret
                            #: minLength 8
                            #: noPlaceholder
                            API_KEY=

                            # Where it is.
                            #
                            #   Two lines | and a bar.
                            #: uri https http
                            #: example https://x
                            URL=

                            #: text
                            #: optional
                            #: example one
                            #: example+  two
                            REGION=

                            #: uri
                            ANY=

                            # For later.
                            # Required under a condition that only the application knows.
                            #: secret
                            #: optional
                            #: minLength 3
                            LATER=

                            #: secret
                            A=

                            #: secret
                            B=

                            #: text
                            C=

                            #: exactlyOne A B

                            #: atLeastOne B C
                            """);
        }

        @Test
        void isReadAndWrittenAgainAsTheSameText() {
            SecretValidator read = DeclarationReader.read(VALIDATOR.envExample());
            assertThat(read.envExample()).isEqualTo(VALIDATOR.envExample());
            assertThat(read.toString()).isEqualTo(VALIDATOR.toString());
        }

        @Test
        void hasTheSameRulesWhenItIsRead() {
            SecretValidator read = DeclarationReader.read(VALIDATOR.envExample());
            Map<String, String> values = new LinkedHashMap<>(Map.of(
                    "API_KEY", "changeme",
                    "URL", "https://x",
                    "REGION", "one\n two",
                    "ANY", "nothing",
                    "LATER", "x",
                    "A", "1",
                    "B", "2"));
            assertThat(read.check(SecretSource.of(values)))
                    .isEqualTo(VALIDATOR.check(SecretSource.of(values)))
                    .satisfies(report -> assertThat(report.problems())
                            .extracting(Problem::name)
                            .containsExactly("API_KEY", "URL", "REGION", "ANY", "LATER", "A, B"));
        }

        @Test
        void saysWhichMemberOfAGroupIsRequired() {
            SecretValidator validator = SecretValidator.of(Setting.secret("A").minLength(2))
                    .and(SecretValidator.of(Setting.text("C").optional())
                            .atLeastOne(Setting.secret("A"), Setting.secret("B")));
            assertThat(validator.envExample()).isEqualTo("""
                    #: secret
                    #: required
                    #: minLength 2
                    A=

                    #: text
                    #: optional
                    C=

                    #: secret
                    B=

                    #: atLeastOne A B
                    """);
            SecretValidator read = DeclarationReader.read(validator.envExample());
            assertThat(read.envExample()).isEqualTo(validator.envExample());
            assertThat(read.markdown()).isEqualTo(validator.markdown());
            for (SecretValidator either : List.of(validator, read)) {
                assertThat(either.check(SecretSource.of(Map.of("B", "x"))).problems())
                        .extracting(Problem::name)
                        .containsExactly("A");
            }
        }

        @ParameterizedTest
        @ValueSource(ints = {1, 999_999_999})
        void keepsEveryLengthThatMakesSense(int characters) {
            String text = SecretValidator.of(Setting.secret("X").minLength(characters))
                    .envExample();
            assertThat(DeclarationReader.read(text).envExample()).isEqualTo(text);
        }

        @Test
        void cannotBeForgedByADescription() {
            SecretValidator hostile = SecretValidator.of(Setting.secret("X")
                    .describedAs("one\r\ntwo\rEVIL=1\n: optional\u2028EVIL=2\u0085\tEVIL=3\u001b[2J")
                    .example("a\nEVIL=4"));
            assertThat(hostile.envExample()).isEqualTo("""
                            # one
                            # two
                            # EVIL=1
                            # : optional\\u{2028}EVIL=2\\u{85} EVIL=3\\u{1b}[2J
                            #: secret
                            #: example a
                            #: example+ EVIL=4
                            X=
                            """);
            assertThat(DeclarationReader.read(hostile.envExample()).envExample())
                    .isEqualTo(hostile.envExample());
        }

        @Test
        void keepsAnyLeastLength() {
            for (int length : new int[] {1, 1_000_000_000, Integer.MAX_VALUE}) {
                String text = SecretValidator.of(Setting.secret("X").minLength(length))
                        .envExample();
                assertThat(DeclarationReader.read(text).envExample()).isEqualTo(text);
            }
        }

        @Test
        void keepsEachExampleAndWhatIsVerbatimOrParsed() {
            SecretValidator validator = SecretValidator.of(
                    Setting.parsed("PORT", "a port from 1 to 65535", Integer::valueOf)
                            .example("80")
                            .example("443"),
                    Setting.secret("PEM").verbatim().example("BEGIN\n END\n").example("\nx"));
            assertThat(validator.envExample()).isEqualTo("""
                    #: parsed a port from 1 to 65535
                    #: example 80
                    #: example 443
                    PORT=

                    #: secret
                    #: verbatim
                    #: example BEGIN
                    #: example+  END
                    #: example
                    #: example+ x
                    PEM=
                    """);
            SecretValidator read = DeclarationReader.read(validator.envExample());
            assertThat(read.envExample()).isEqualTo(validator.envExample());
            assertThat(read.check(SecretSource.of(Map.of("PORT", "443", "PEM", "\"x\"")))
                            .problems())
                    .extracting(Problem::reason)
                    .containsExactly("is the example from its documentation");
            assertThat(read.check(SecretSource.of(Map.of("PORT", "not tried", "PEM", "BEGIN\n END")))
                            .problems())
                    .extracting(Problem::name)
                    .containsExactly("PEM");
        }
    }

    @Nested
    class AFileOfNames {

        @Test
        void declaresRequiredSecrets() {
            assertThat(DeclarationReader.read(
                                    "# Names:\r\n\r\n  A\r\nB=\r\n#a note\nC = \n#:optional\n\nD".replace(" = ", "="))
                            .envExample())
                    .isEqualTo("""
                            #: secret
                            A=

                            #: secret
                            B=

                            # a note
                            #: secret
                            C=

                            #: secret
                            #: optional
                            D=
                            """);
        }

        @Test
        void describesTheNextNameOnly() {
            assertThat(DeclarationReader.read(
                                    "# Heading.\n\n# Of A.\n#: example x\nA=\nB=\n#: example y\nC=\n# The end.")
                            .envExample())
                    .isEqualTo("""
                            # Of A.
                            #: secret
                            #: example x
                            A=

                            #: secret
                            B=

                            #: secret
                            #: example y
                            C=
                            """);
        }

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                value = {
                    "A=;X=canary|line 2: holds a value: a declaration is NAME= and nothing after it",
                    "canary canary|line 1: neither a comment nor NAME=",
                    "export canary=|line 1: neither a comment nor NAME=",
                    "=|line 1: neither a comment nor NAME=",
                    "A=;#: canary;X=|line 2: no such rule: see secret, text, uri, parsed, required, optional,"
                            + " minLength, noPlaceholder, verbatim, example, exactlyOne and atLeastOne",
                    "#:;X=|line 1: no such rule: see secret, text, uri, parsed, required, optional, minLength,"
                            + " noPlaceholder, verbatim, example, exactlyOne and atLeastOne",
                    "#: Optional;X=|line 1: no such rule: see secret, text, uri, parsed, required, optional,"
                            + " minLength, noPlaceholder, verbatim, example, exactlyOne and atLeastOne",
                    "#: optional canary;X=|line 1: this rule stands alone",
                    "#: required canary;X=|line 1: this rule stands alone",
                    "#: required;#: optional;X=|line 2: a setting is either required or optional",
                    "#: optional;#: required;X=|line 2: a setting is either required or optional",
                    "#: secret canary;X=|line 1: this rule stands alone",
                    "#: text;#: uri https;X=|line 2: this rule is given twice",
                    "#: minLength 3;#: minLength 4;X=|line 2: this rule is given twice",
                    "#: minLength canary;X=|line 1: minLength has one positive number",
                    "#: minLength;X=|line 1: minLength has one positive number",
                    "#: minLength 0;X=|line 1: minLength has one positive number",
                    "#: minLength 2147483648;X=|line 1: minLength has one positive number",
                    "#: minLength 3 4;X=|line 1: minLength has one positive number",
                    "#: minLength 99999999999;X=|line 1: minLength has one positive number",
                    "#: uri canary://;X=|line 1: a scheme is a name such as https, without ://",
                    "#: example+ x;X=|line 1: no example comes before this line",
                    "#: parsed;X=|line 1: parsed has to say what the value must be",
                    "#: verbatim now;X=|line 1: this rule stands alone",
                    "#: verbatim;#: verbatim;X=|line 2: this rule is given twice",
                    "#: uri jdbc;X=|line 1: a JDBC URL has no host of its own: declare it as a secret",
                    "X=;#: example x|line 2: no name follows the last rule",
                    "X=;;#: text;X=|line 4: declares a name twice",
                    "X=;#: optional;# the end|line 3: no name follows the last rule",
                    "#: example;X=|line 2: its example is blank",
                    "# only a comment|line 1: the file declares no name",
                    "''|line 0: the file declares no name",
                    "#: exactlyOne X canary;X=;Y=|line 1: a group has a name that is not declared",
                    "X=;#: exactlyOne X|line 2: a group has at least two names",
                    "X=;#: exactlyOne X X|line 2: a group has at least two names",
                    "X=;#: atLeastOne|line 2: a group has at least two names"
                })
        void thatIsWrongNamesItsLineAndShowsNothing(String text, String message) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> DeclarationReader.read(text.replace(';', '\n')))
                    .withMessage(message)
                    .withNoCause();
        }
    }

    @Nested
    class ATable {

        @Test
        void hasARowForEachSetting() {
            assertThat(VALIDATOR.markdown()).isEqualTo("""
                            | Name | Type | Required | Rules | Description |
                            | --- | --- | --- | --- | --- |
                            | `API_KEY` | secret | yes | minLength 8, noPlaceholder |  |
                            | `URL` | uri https http | yes |  | Where it is.    Two lines \\| and a bar. |
                            | `REGION` | text | no |  |  |
                            | `ANY` | uri | yes |  |  |
                            | `LATER` | secret | under a condition | minLength 3 | For later. |
                            | `A` | secret | in a group | exactlyOne of A, B |  |
                            | `B` | secret | in a group | exactlyOne of A, B, atLeastOne of B, C |  |
                            | `C` | text | in a group | atLeastOne of B, C |  |
                            """);
        }

        @Test
        void keepsAnExpectationInItsCell() {
            assertThat(SecretValidator.of(Setting.parsed("MODE", "dev|prod", text -> text))
                            .markdown())
                    .endsWith("| `MODE` | parsed dev\\|prod | yes |  |  |\n");
        }

        @Test
        void keepsADescriptionInItsCell() {
            assertThat(SecretValidator.of(Setting.secret("X").describedAs("a | b \\| <script>\r\n| c\u2028d"))
                            .markdown())
                    .endsWith("| `X` | secret | yes |  | a \\| b \\\\\\| &lt;script> \\| c\\\\u{2028}d |\n");
        }
    }
}
