package dev.hardening.config;

import static dev.hardening.config.FocusSquad.TAIL;
import static dev.hardening.config.FocusSquad.VALIDATOR;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SecretValidatorTest {

    private static SecretValidationException failure(SecretValidator validator, Map<String, String> environment) {
        return catchThrowableOfType(
                SecretValidationException.class,
                () -> validator.validate(SecretSource.of(environment).withFiles()));
    }

    private static String message(SecretValidator validator, Map<String, String> environment) {
        return failure(validator, environment).getMessage();
    }

    private static List<String> reasons(Setting<?> setting, String value) {
        return SecretValidator.of(setting).check(SecretSource.of(Map.of(setting.name(), value))).problems().stream()
                .map(Problem::reason)
                .toList();
    }

    @Test
    void readmeExample() {
        SecretSource environment = SecretSource.of(FocusSquad.environment());
        // example: config
        Setting<URI> supabaseUrl = Setting.uri("SUPABASE_URL", "https");
        Setting<Secret> anonKey = Setting.secret("SUPABASE_ANON_KEY").noPlaceholder();
        Setting<Secret> jwtSecret = Setting.secret("JWT_SECRET").minLength(32).optional();

        Settings settings = SecretValidator.of(supabaseUrl, anonKey, jwtSecret).validate(environment);
        URI url = settings.get(supabaseUrl);
        Optional<Secret> jwt = settings.find(jwtSecret);
        // example: end
        assertThat(url).hasHost("abc.supabase.co");
        assertThat(jwt).isEmpty();
    }

    @Test
    void allSixSetIsSuccessAndAnAbsentOptionalSecretIsEmpty() {
        Settings settings = VALIDATOR.validate(SecretSource.of(FocusSquad.environment()));
        assertThat(settings.get(FocusSquad.SUPABASE_URL)).isEqualTo(URI.create("https://abc.supabase.co"));
        assertThat(settings.get(FocusSquad.ANON_KEY).reveal()).isEqualTo("value-of-SUPABASE_ANON_KEY");
        assertThat(settings.find(FocusSquad.JWT_SECRET)).isEmpty();
        assertThatThrownBy(() -> settings.get(FocusSquad.JWT_SECRET))
                .isInstanceOf(NoSuchElementException.class)
                .hasMessageContaining("JWT_SECRET");
        assertThat(settings.toString()).contains("LIVEKIT_URL").doesNotContain("livekit.cloud", "value-of", "JWT");
    }

    @Test
    void theMessageNamesAllThatIsMissingByteForByte() {
        SecretValidationException failure =
                failure(VALIDATOR, FocusSquad.environmentWithout("SUPABASE_URL", "LIVEKIT_API_KEY"));
        assertThat(failure)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("Missing required secrets: SUPABASE_URL, LIVEKIT_API_KEY\n"
                        + "Set these environment variables before starting the application.")
                .hasNoCause();
        assertThat(failure.missing()).containsExactly("SUPABASE_URL", "LIVEKIT_API_KEY");
        assertThat(failure.problems()).extracting(Problem::kind).containsOnly(Problem.Kind.MISSING);
    }

    @Test
    void noneSetNamesAllSixInTheOrderOfDeclaration() {
        assertThat(message(VALIDATOR, Map.of()))
                .isEqualTo("Missing required secrets: " + String.join(", ", FocusSquad.REQUIRED) + TAIL);
        assertThat(message(SecretValidator.requiring("B", "A"), Map.of()))
                .isEqualTo("Missing required secrets: B, A" + TAIL);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " \t\n",
                "\u00a0",
                "\u202f",
                "\u2007",
                "\u0085",
                "\ufeff",
                "\u200b",
                "\u3000",
                "\u2060\u200d",
                "\0"
            })
    void blankIsMissing(String blank) {
        assertThat(message(SecretValidator.requiring("X"), Map.of("X", blank)))
                .isEqualTo("Missing required secrets: X" + TAIL);
    }

    @Test
    void missingAndInvalidStandInOneMessageMissingFirst() {
        SecretValidator validator = SecretValidator.of(
                Setting.secret("B").minLength(32), Setting.uri("U", "wss", "ws"), Setting.secret("A"));
        assertThat(message(validator, Map.of("B", "hunter2", "U", "http://canary")))
                .isEqualTo("Missing required secrets: A" + TAIL + "\nInvalid secrets:"
                        + "\n  B: is shorter than 32 characters (map)"
                        + "\n  U: must be a URL that starts with wss:// or ws:// (map)");
        assertThat(message(validator, Map.of("A", "x", "B", "hunter2", "U", "ws://x")))
                .isEqualTo("Invalid secrets:\n  B: is shorter than 32 characters (map)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"wss://", "http://x", "wss:x", "://", "wss://a b", "x", "wss:///path", "wss://x:port^"})
    void whatIsNoUrlOfTheSchemesIsRefused(String value) {
        assertThat(reasons(Setting.uri("U", "wss", "ws"), value))
                .containsExactly("must be a URL that starts with wss:// or ws://");
    }

    @ParameterizedTest
    @ValueSource(strings = {"wss://x", "WS://x:7880/path?q=1", "ws://[::1]:1"})
    void anUrlOfTheSchemesIsAccepted(String value) {
        assertThat(reasons(Setting.uri("U", "wss", "ws"), value)).isEmpty();
        assertThat(reasons(Setting.uri("U"), value)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "changeme",
                "CHANGE_ME",
                "your-key-here",
                "<REPLACE_ME>",
                "${X}",
                "xxxxxxxx",
                "{{ key }}",
                "TODO",
                "****",
                "your_api_key",
                "insert-token-here",
                "%TOKEN%",
                " changeme ",
                "change-me-in-production",
                "Change This Key",
                "my-secret-key",
                "your-super-secret-jwt-token-with-at-least-32-characters-long",
                "<>",
                "$(SUPABASE_URL)",
                "$SUPABASE_ANON_KEY",
                "#{TOKEN}#",
                "__TOKEN__",
                "sk-xxxxxxxxxxxx",
                "sb_secret_xxxx",
                "...",
                "none",
                "Null"
            })
    void aPlaceholderIsRefused(String value) {
        assertThat(reasons(Setting.secret("X").noPlaceholder(), value)).containsExactly("is a placeholder");
        assertThat(reasons(Setting.secret("X").verbatim(), value)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "test-anon-key",
                "sb_secret_abc",
                "eyJhbGciOi",
                "mykey",
                "yourselfkey",
                "todo-list-9f3",
                "a",
                "ab",
                "aab",
                "your",
                "change",
                "change-of-9f3",
                "exchange-metal",
                "my-9f3a-key",
                "insert-9f3a-here",
                "my-garden",
                "<a>b",
                "a${X}",
                "$ABC",
                "$2b$10$abcdefghijklmnopqrstuv",
                "sk-xxx",
                "sk-9fxxxxxxx",
                "axxxxxxxx",
                "none-of-that"
            })
    void aValueThatOnlyLooksABitLikeOneIsAccepted(String value) {
        assertThat(reasons(Setting.secret("X").noPlaceholder(), value)).isEmpty();
    }

    @Test
    void aUrlThatIsAlmostOneIsToldWhatKeepsItFromThat() {
        Setting<?> setting = Setting.uri("U", "http");
        assertThat(reasons(setting, "http://x\n"))
                .containsExactly("has white space at its edges (a line break at its end): remove it");
        assertThat(reasons(setting, " http://x")).containsExactly("has white space at its edges: remove it");
        assertThat(reasons(setting, "http://my_service:80/"))
                .containsExactly(
                        "must be a URL that starts with http://, with a host of letters, digits, - and . only");
        assertThat(reasons(setting, "http://a:1,b:2/"))
                .containsExactly("must be a URL that starts with http://, with one host: declare a URL of several hosts"
                        + " as a secret");
        assertThat(reasons(Setting.uri("U"), "x")).containsExactly("must be a URL");
        assertThat(reasons(Setting.uri("U"), "jdbc:postgresql://x/y"))
                .containsExactly("must be a URL, and is a JDBC URL: declare it as a secret");
        assertThat(reasons(setting, "ftp://x")).containsExactly("must be a URL that starts with http://");
        assertThat(reasons(setting, "https://x")).containsExactly("must be a URL that starts with http://");
    }

    @Test
    void charactersThatWereLostInDecodingAreRefused() {
        assertThat(reasons(Setting.secret("X"), "p\ufffdss"))
                .containsExactly("has characters that were lost in decoding: run with a UTF-8 locale, such as C.UTF-8");
        assertThat(reasons(Setting.secret("X"), "päss")).isEmpty();
    }

    @Test
    void theRulesOfASettingAreTriedInTheOrderOfTheDocumentation() {
        Setting<?> setting =
                Setting.uri("U", "https").noPlaceholder().minLength(20).example("<\ufffd>");
        assertThat(reasons(setting, "<\ufffd>")).containsExactly("is the example from its documentation");
        assertThat(reasons(setting, "<\ufffd->").get(0)).startsWith("has characters that were lost");
        assertThat(reasons(setting, "<x>")).containsExactly("is a placeholder");
        assertThat(reasons(setting, "x")).containsExactly("is shorter than 20 characters");
        assertThat(reasons(setting, "x".repeat(19) + "y")).containsExactly("must be a URL that starts with https://");
    }

    @Test
    void theExampleItselfIsRefused() {
        assertThat(reasons(Setting.text("X").example("eu-west"), "eu-west"))
                .containsExactly("is the example from its documentation");
        assertThat(reasons(Setting.text("X").example("eu-west"), "eu-west-2")).isEmpty();
    }

    @Test
    void lengthCountsCharactersNotUnits() {
        assertThat(reasons(Setting.secret("X").minLength(2), "🎓")).containsExactly("is shorter than 2 characters");
        assertThat(reasons(Setting.secret("X").minLength(2), "🎓📚")).isEmpty();
    }

    @Test
    void aConditionDecidesWhetherASettingIsRequired() {
        Predicate<SecretSource> production = source -> source.find("MODE")
                .map(found -> found.value().equals("production"))
                .orElse(false);
        SecretValidator validator = SecretValidator.of(Setting.secret("KEY").requiredWhen(production));
        assertThat(validator
                        .check(SecretSource.of(Map.of("MODE", "development")))
                        .valid())
                .isTrue();
        assertThat(message(validator, Map.of("MODE", "production"))).isEqualTo("Missing required secrets: KEY" + TAIL);
    }

    @Test
    void exactlyOneOfAGroupWithNeitherOrBothIsOneProblemThatNamesBoth() {
        Setting<Secret> a = Setting.secret("A");
        Setting<Secret> b = Setting.secret("B");
        SecretValidator validator = SecretValidator.of(a, b).exactlyOne(a, b);
        assertThat(message(validator, Map.of()))
                .isEqualTo("Invalid secrets:\n  A, B: exactly one of them must be set, but none is");
        assertThat(message(validator, Map.of("A", "1", "B", "2")))
                .isEqualTo("Invalid secrets:\n  A, B: exactly one of them must be set, but A and B are");
        assertThat(validator.validate(SecretSource.of(Map.of("B", "2"))).find(a))
                .isEmpty();
        SecretValidator any = SecretValidator.requiring("C").atLeastOne(a, b);
        assertThat(any.check(SecretSource.of(Map.of("A", "1", "B", "2", "C", "3")))
                        .valid())
                .isTrue();
        assertThat(any.check(SecretSource.of(Map.of("C", "3"))).problems())
                .extracting(Problem::name)
                .containsExactly("A, B");
    }

    @Test
    void aMemberOfAGroupThatHasAProblemOfItsOwnCountsAsSet() {
        SecretValidator validator =
                SecretValidator.requiring("C").exactlyOne(Setting.secret("A").minLength(9), Setting.secret("B"));
        assertThat(message(validator, Map.of("A", "short", "C", "c")))
                .isEqualTo("Invalid secrets:\n  A: is shorter than 9 characters (map)");
        assertThat(message(validator, Map.of("A_FILE", "/absent/file", "C", "c")))
                .isEqualTo("Missing required secrets: A" + TAIL + "\n  A: A_FILE names a file that does not exist");
        assertThat(message(validator, Map.of("A_FILE", "/absent/file", "B", "b", "C", "c")))
                .endsWith("\nInvalid secrets:\n  A, B: exactly one of them must be set, but A and B are");
    }

    @Test
    void aGroupsRuleComesAfterWhatIsWrongWithSingleSettings() {
        SecretValidator validator = SecretValidator.of(
                        Setting.secret("A"), Setting.secret("B"), Setting.text("M"), Setting.uri("U"))
                .atLeastOne(Setting.secret("A"), Setting.secret("B"))
                .exactlyOne(Setting.secret("P"), Setting.secret("Q"), Setting.secret("R"));
        assertThat(message(validator, Map.of("U", "x", "P", "1", "Q", "2", "R", "3")))
                .isEqualTo("Missing required secrets: M" + TAIL + "\nInvalid secrets:"
                        + "\n  U: must be a URL (map)"
                        + "\n  A, B: at least one of them must be set, but none is"
                        + "\n  P, Q, R: exactly one of them must be set, but P and Q and R are");
    }

    @Test
    void aSettingOfAGroupMayBeDeclaredBeforeButNotAsAnotherType() {
        SecretValidator validator = SecretValidator.of(Setting.secret("A").minLength(3));
        assertThat(validator
                        .exactlyOne(Setting.secret("A"), Setting.secret("B"))
                        .check(SecretSource.of(Map.of("A", "x")))
                        .problems())
                .extracting(Problem::reason)
                .containsExactly("is shorter than 3 characters");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> validator.atLeastOne(Setting.text("A"), Setting.secret("B")))
                .withMessage("A is declared as secret");
    }

    static Stream<Throwable> whatASourceMayThrow() {
        return Stream.of(
                new IllegalStateException("canary"),
                new IOException("canary"),
                new AssertionError("canary"),
                new NoClassDefFoundError("canary"),
                new StackOverflowError("canary"),
                new OutOfMemoryError("canary"));
    }

    @SuppressWarnings("unchecked")
    private static <X extends Throwable> RuntimeException sneaky(Throwable thrown) throws X {
        throw (X) thrown;
    }

    @ParameterizedTest
    @MethodSource("whatASourceMayThrow")
    void checkNeverThrowsWhateverASourceOrAConditionThrows(Throwable thrown) {
        SecretSource broken = new SecretSource() {
            @Override
            public Optional<Found> find(String name) {
                if (name.equals("ABSENT_NAME") || name.equals("MAYBE")) {
                    return Optional.empty();
                }
                throw SecretValidatorTest.<RuntimeException>sneaky(thrown);
            }

            @Override
            public Set<String> names() {
                return Set.of("absent_name");
            }
        };
        Setting<Secret> maybe = Setting.secret("MAYBE").requiredWhen(source -> {
            throw SecretValidatorTest.<RuntimeException>sneaky(thrown);
        });
        ValidationReport report = SecretValidator.of(Setting.secret("X"), maybe, Setting.secret("ABSENT_NAME"))
                .check(broken);
        assertThat(report.problems())
                .containsExactly(
                        new Problem("ABSENT_NAME", Problem.Kind.MISSING, "is not set", null),
                        new Problem("X", Problem.Kind.INVALID, "could not be looked up: its source failed", null),
                        new Problem("MAYBE", Problem.Kind.INVALID, "may be required: its condition failed", null));
    }

    @Test
    void aSourceThatAnswersNullIsASourceThatFails() {
        SecretSource broken = new SecretSource() {
            @Override
            public Optional<Found> find(String name) {
                return name.equals("X") ? null : Optional.empty();
            }

            @Override
            public Set<String> names() {
                return null;
            }
        };
        assertThat(SecretValidator.requiring("X", "Y").check(broken).problems())
                .extracting(Problem::reason)
                .containsExactly("is not set", "could not be looked up: its source failed");
    }

    @Test
    void aConditionIsAskedOnlyWhereThereIsNoValue() {
        SecretValidator validator = SecretValidator.of(Setting.secret("X").requiredWhen(source -> {
            throw new IllegalStateException("canary");
        }));
        assertThat(validator.check(SecretSource.of(Map.of("X", "x"))).valid()).isTrue();
        assertThat(validator.check(SecretSource.of(Map.of())).valid()).isFalse();
    }

    @Test
    void aSourceThatThrowsIsReportedWithoutItsMessage() {
        SecretSource broken = new SecretSource() {
            @Override
            public Optional<Found> find(String name) {
                throw new IllegalStateException("canary");
            }

            @Override
            public Set<String> names() {
                throw new IllegalStateException("canary");
            }
        };
        ValidationReport report = SecretValidator.requiring("X").check(broken);
        assertThat(report.problems()).hasSize(1);
        assertThat(report.toJson()).doesNotContain("canary");
        assertThatThrownBy(() -> SecretValidator.requiring("X").validate(broken))
                .hasNoCause()
                .hasMessageNotContaining("canary");
    }

    @Test
    void withNothingWrongNobodyExits() {
        Settings settings = SecretValidator.requiring("X")
                .validateOrExit(SecretSource.of(Map.of("X", "x")), System.err, exit -> {
                    throw new AssertionError("exited with " + exit);
                });
        assertThat(settings).hasToString("Settings[X]");
    }

    @Test
    void exitingPrintsTheMessageAloneAndTheCodeIs78() {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int[] code = {0};
        assertThatThrownBy(() -> SecretValidator.requiring("X")
                        .validateOrExit(
                                SecretSource.of(Map.of()),
                                new PrintStream(err, true, StandardCharsets.UTF_8),
                                exit -> code[0] = exit))
                .isInstanceOf(SecretValidationException.class);
        assertThat(code[0]).isEqualTo(78);
        assertThat(err.toString(StandardCharsets.UTF_8)).isEqualTo("Missing required secrets: X" + TAIL + "\n");
    }

    @Test
    void aWrongDeclarationFailsAtOnce() {
        assertThatIllegalArgumentException().isThrownBy(SecretValidator::of);
        assertThatIllegalArgumentException().isThrownBy(() -> SecretValidator.requiring("A", "A"));
        for (String noName : List.of(
                "A B", "", " ", "A=B", "Ä", "A\n", "/A", "A/", "A//B", "\u0130", "..data", "a/../b", ".", "-")) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> SecretValidator.requiring(noName))
                    .withMessage("a setting's name has letters, digits, _, . and - only, and / between the parts of a"
                            + " path; no part begins with ..");
        }
        assertThatNullPointerException().isThrownBy(() -> SecretValidator.requiring((String) null));
        assertThatIllegalArgumentException().isThrownBy(() -> Setting.uri("U", "https://"));
        assertThatIllegalArgumentException().isThrownBy(() -> Setting.text("X").minLength(0));
        assertThatIllegalArgumentException().isThrownBy(() -> Setting.text("X").example(" "));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SecretValidator.requiring("A").exactlyOne(Setting.secret("A")));
    }

    @Test
    void askingForWhatWasNotDeclaredSaysSo() {
        Settings settings = SecretValidator.requiring("X").validate(SecretSource.of(Map.of("X", "canary")));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> settings.get(Setting.secret("Y")))
                .withMessageContaining("Y was not declared");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> settings.get(Setting.text("X")))
                .withMessage("X was declared as secret");
    }

    @Test
    void theLastOfOptionalAndRequiredWhenCounts() {
        assertThat(SecretValidator.of(
                                Setting.secret("A").requiredWhen(s -> true).optional(),
                                Setting.secret("B").optional().requiredWhen(s -> true))
                        .check(SecretSource.of(Map.of()))
                        .problems())
                .extracting(Problem::name)
                .containsExactly("B");
    }

    @Test
    void refinementsKeepOneAnother() {
        Setting<?> setting = Setting.secret("X")
                .minLength(3)
                .noPlaceholder()
                .example("abcd")
                .describedAs("An X.")
                .optional()
                .requiredWhen(source -> true)
                .minLength(4)
                .describedAs("Another X.");
        assertThat(SecretValidator.of(setting).envExample()).isEqualTo("""
                        # Another X.
                        # Required under a condition that only the application knows.
                        #: secret
                        #: optional
                        #: minLength 4
                        #: noPlaceholder
                        #: example abcd
                        X=
                        """);
        assertThat(setting).hasToString("Setting[X, secret]");
        assertThat(Setting.text("T")).hasToString("Setting[T, text]");
        assertThat(Setting.uri("U")).hasToString("Setting[U, uri]");
        assertThat(SecretValidator.of(setting)).hasToString("SecretValidator[X]");
    }

    @Test
    void theLocaleChangesNothing() {
        Locale before = Locale.getDefault();
        Locale.setDefault(Locale.forLanguageTag("tr-TR"));
        try {
            assertThat(reasons(Setting.secret("X").noPlaceholder(), "FILLMEIN")).containsExactly("is a placeholder");
            assertThat(reasons(Setting.uri("U", "FILE", "https"), "FILE://x")).isEmpty();
            assertThat(message(SecretValidator.requiring("LIVEKIT_API_ID"), Map.of("livekit_api_id", "x")))
                    .endsWith("found livekit_api_id, which looks like LIVEKIT_API_ID");
            assertThat(SecretValidator.of(Setting.uri("U")).envExample()).isEqualTo("#: uri\nU=\n");
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    void refiningLeavesTheOriginalAsItWas() {
        Setting<Secret> plain = Setting.secret("X");
        assertThat(plain.optional()).isNotSameAs(plain);
        assertThat(SecretValidator.of(plain).check(SecretSource.of(Map.of())).valid())
                .isFalse();
    }

    @Test
    void aThousandSettingsAreValidatedInOnePass() {
        String[] names = new String[1000];
        Map<String, String> environment = new HashMap<>();
        for (int i = 0; i < names.length; i++) {
            names[i] = "SETTING_" + i;
            environment.put(names[i], "x");
        }
        int[] lookUps = {0};
        SecretSource counting = new SecretSource() {
            @Override
            public Optional<Found> find(String name) {
                lookUps[0]++;
                return Optional.ofNullable(environment.get(name)).map(value -> new Found(value, "map"));
            }

            @Override
            public Set<String> names() {
                throw new AssertionError("names are asked for only when something is missing");
            }
        };
        assertThat(SecretValidator.requiring(names).check(counting).valid()).isTrue();
        assertThat(lookUps[0]).isEqualTo(1000);
    }
}
