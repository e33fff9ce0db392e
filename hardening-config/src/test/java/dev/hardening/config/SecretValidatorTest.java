package dev.hardening.config;

import static dev.hardening.config.FocusSquad.TAIL;
import static dev.hardening.config.FocusSquad.VALIDATOR;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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

    @ParameterizedTest
    @CsvSource({
        "SUPABASE_URL, SUPBASE_URL",
        "SUPABASE_URL, SUPABSAE_URL",
        "SUPABASE_URL, supabase_url",
        "SUPABASE_URL, supabase.url",
        "SUPABASE_URL, VITE_SUPABASE_URL",
        "SUPABASE_URL, NEXT_PUBLIC_SUPABASE_URL",
        "LIVEKIT_API_KEY, LIVE_KIT_API_KEY"
    })
    void aNearMissIsSuggestedAndNeverBound(String declared, String found) {
        assertThat(message(SecretValidator.requiring(declared), Map.of(found, "https://x", "PATH", "/bin")))
                .isEqualTo("Missing required secrets: " + declared + TAIL + "\n  " + declared + ": did you mean "
                        + declared + "? found " + found);
    }

    @ParameterizedTest
    @CsvSource({
        "LIVEKIT_API_KEY, LIVEKIT_API_SECRET",
        "DB_HOST, DB_PORT",
        "REPLICA_1_URL, REPLICA_2_URL",
        "KEY, KEYS",
        "JWT_SECRET, UNRELATED",
        "SUPABASE_URL, SUPABASE_URL_FILE_OLD"
    })
    void withoutEvidenceThereIsNoHint(String declared, String found) {
        assertThat(message(SecretValidator.requiring(declared), Map.of(found, "x")))
                .isEqualTo("Missing required secrets: " + declared + TAIL);
    }

    @Test
    void aDeclaredNameABlankOneAndTwoEquallyNearOnesAreNoCandidates() {
        SecretValidator keys = SecretValidator.requiring("LIVEKIT_API_KEY", "LIVEKIT_API_KEYS");
        assertThat(message(keys, Map.of("LIVEKIT_API_KEYS", "x")))
                .isEqualTo("Missing required secrets: LIVEKIT_API_KEY" + TAIL);
        SecretValidator url = SecretValidator.requiring("SUPABASE_URL");
        assertThat(message(url, Map.of("SUPBASE_URL", " "))).endsWith(TAIL);
        assertThat(message(url, Map.of("SUPBASE_URL", "x", "SUPABASE_UR", "x"))).endsWith(TAIL);
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
                "%TOKEN%"
            })
    void aPlaceholderIsRefused(String value) {
        assertThat(reasons(Setting.secret("X").noPlaceholder(), value)).containsExactly("is a placeholder");
        assertThat(reasons(Setting.secret("X"), value)).isEmpty();
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
                "ab"
            })
    void aValueThatOnlyLooksABitLikeOneIsAccepted(String value) {
        assertThat(reasons(Setting.secret("X").noPlaceholder(), value)).isEmpty();
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
        assertThat(err.toString(StandardCharsets.UTF_8).strip()).isEqualTo("Missing required secrets: X" + TAIL);
    }

    @Test
    void aWrongDeclarationFailsAtOnce() {
        assertThatIllegalArgumentException().isThrownBy(SecretValidator::of);
        assertThatIllegalArgumentException().isThrownBy(() -> SecretValidator.requiring("A", "A"));
        assertThatIllegalArgumentException().isThrownBy(() -> SecretValidator.requiring("A B"));
        assertThatIllegalArgumentException().isThrownBy(() -> SecretValidator.requiring(""));
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
