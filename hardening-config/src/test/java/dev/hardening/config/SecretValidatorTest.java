package dev.hardening.config;

import static dev.hardening.config.FocusSquad.TAIL;
import static dev.hardening.config.FocusSquad.VALIDATOR;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.tuple;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
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

    private static String message(SecretValidator validator, SecretSource source) {
        return catchThrowableOfType(SecretValidationException.class, () -> validator.validate(source))
                .getMessage();
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
    static <X extends Throwable> RuntimeException sneaky(Throwable thrown) throws X {
        throw (X) thrown;
    }

    @Nested
    class TheSettings {

        @Test
        void areReadAsTheReadmeSays() {
            SecretSource environment = SecretSource.of(FocusSquad.environment());
            // example: config
            Setting<URI> supabaseUrl = Setting.uri("SUPABASE_URL", "https");
            Setting<Secret> anonKey = Setting.secret("SUPABASE_ANON_KEY").noPlaceholder();
            Setting<Secret> jwtSecret =
                    Setting.secret("JWT_SECRET").minLength(32).optional();

            Settings settings =
                    SecretValidator.of(supabaseUrl, anonKey, jwtSecret).validate(environment);
            URI url = settings.get(supabaseUrl);
            Optional<Secret> jwt = settings.find(jwtSecret);
            // example: end
            assertThat(url).hasHost("abc.supabase.co");
            assertThat(jwt).isEmpty();
        }

        @Test
        void haveAnEmptyOptionalWhereOneMayBeAbsent() {
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
        void thatWereNotDeclaredCannotBeRead() {
            Settings settings = SecretValidator.requiring("X").validate(SecretSource.of(Map.of("X", "canary")));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> settings.get(Setting.secret("Y")))
                    .withMessageContaining("Y was not declared");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> settings.get(Setting.text("X")))
                    .withMessage("X was declared as secret");
        }

        @Test
        void areEachLookedUpOnce() {
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

    @Nested
    class AMessage {

        @Test
        void namesAllThatIsMissingByteForByte() {
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
        void namesAllSixInTheOrderOfDeclaration() {
            assertThat(message(VALIDATOR, Map.of()))
                    .isEqualTo("Missing required secrets: " + String.join(", ", FocusSquad.REQUIRED) + TAIL);
            assertThat(message(SecretValidator.requiring("B", "A"), Map.of()))
                    .isEqualTo("Missing required secrets: B, A" + TAIL);
        }

        @Test
        void hasWhatIsMissingBeforeWhatIsInvalid() {
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
        void namesWhatIsBlankAsMissing(String blank) {
            assertThat(message(SecretValidator.requiring("X"), Map.of("X", blank)))
                    .isEqualTo("Missing required secrets: X" + TAIL);
        }

        @Test
        void saysWhereItLookedOnlyBeyondTheEnvironment(@TempDir Path directory) {
            SecretSource environment = SecretSource.of(Map.of());
            assertThat(message(SecretValidator.requiring("X"), environment.withFiles()))
                    .isEqualTo("Missing required secrets: X" + TAIL);
            assertThat(message(
                            SecretValidator.requiring("X"),
                            environment.withFiles().orElse(SecretSource.directory(directory))))
                    .isEqualTo("Missing required secrets: X" + TAIL
                            + "\nLooked in: map, files that NAME_FILE names, directory " + directory);
            SecretSource vault = new SecretSource() {
                @Override
                public Optional<Found> find(String name) {
                    return Optional.of(Found.invalid("refers to K, which is not set", "vault"));
                }

                @Override
                public Set<String> names() {
                    return Set.of();
                }

                @Override
                public List<String> places() {
                    throw new IllegalStateException("canary");
                }
            };
            assertThat(message(SecretValidator.of(Setting.secret("X").optional()), vault))
                    .isEqualTo("Invalid secrets:\n  X: refers to K, which is not set (vault)");
        }
    }

    @Nested
    class ACondition {

        @Test
        void decidesWhetherASettingIsRequired() {
            Predicate<SecretSource> production = source -> source.find("MODE")
                    .map(found -> found.value().equals("production"))
                    .orElse(false);
            SecretValidator validator = SecretValidator.of(Setting.secret("KEY").requiredWhen(production));
            assertThat(validator
                            .check(SecretSource.of(Map.of("MODE", "development")))
                            .valid())
                    .isTrue();
            assertThat(message(validator, Map.of("MODE", "production")))
                    .isEqualTo("Missing required secrets: KEY" + TAIL);
        }

        @Test
        void isAskedOnlyWhereThereIsNoValue() {
            SecretValidator validator = SecretValidator.of(Setting.secret("X").requiredWhen(source -> {
                throw new IllegalStateException("canary");
            }));
            assertThat(validator.check(SecretSource.of(Map.of("X", "x"))).valid())
                    .isTrue();
            assertThat(validator.check(SecretSource.of(Map.of())).valid()).isFalse();
        }

        @Test
        void mayBelongToOneOfTwoDeclarations() {
            SecretValidator sometimes = SecretValidator.of(Setting.secret("KEY")
                    .requiredWhen(source -> source.find("MODE").isPresent()));
            SecretValidator never = SecretValidator.of(Setting.secret("KEY").optional());
            for (SecretValidator both : List.of(sometimes.and(never), never.and(sometimes))) {
                assertThat(both.check(SecretSource.of(Map.of())).valid()).isTrue();
                assertThat(both.check(SecretSource.of(Map.of("MODE", "x"))).valid())
                        .isFalse();
            }
            SecretValidator always = SecretValidator.requiring("KEY");
            assertThat(sometimes.and(always).check(SecretSource.of(Map.of())).valid())
                    .isFalse();
            assertThat(sometimes
                            .and(sometimes.and(never))
                            .check(SecretSource.of(Map.of("MODE", "x")))
                            .valid())
                    .isFalse();
        }
    }

    @Nested
    class AGroup {

        @Test
        void withNeitherOrBothIsOneProblemThatNamesBoth() {
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
        void withNeitherSaysWhatWasFoundInstead() {
            SecretValidator validator = SecretValidator.requiring("C")
                    .exactlyOne(Setting.secret("DB_PASSWORD"), Setting.secret("DB_TOKEN"))
                    .atLeastOne(Setting.secret("SUPABASE_URL"), Setting.secret("LIVEKIT_URL"));
            assertThat(message(validator, Map.of("C", "c", "DB_PASWORD", "1", "SUPBASE_URL", "2", "livekit_url", "3")))
                    .isEqualTo("Invalid secrets:"
                            + "\n  DB_PASSWORD, DB_TOKEN: exactly one of them must be set, but none is:"
                            + " found DB_PASWORD, which looks like DB_PASSWORD"
                            + "\n  SUPABASE_URL, LIVEKIT_URL: at least one of them must be set, but none is:"
                            + " found SUPBASE_URL, which looks like SUPABASE_URL,"
                            + " and found livekit_url, which looks like LIVEKIT_URL");
            assertThat(validator
                            .check(SecretSource.of(
                                    Map.of("C", "c", "DB_PASWORD", "1", "DB_TOKEN", "2", "LIVEKIT_URL", "3")))
                            .valid())
                    .isTrue();
        }

        @Test
        void countsAMemberWithAProblemOfItsOwnAsSet() {
            SecretValidator validator = SecretValidator.requiring("C")
                    .exactlyOne(Setting.secret("A").minLength(9), Setting.secret("B"));
            assertThat(message(validator, Map.of("A", "short", "C", "c")))
                    .isEqualTo("Invalid secrets:\n  A: is shorter than 9 characters (map)");
            assertThat(message(validator, Map.of("A_FILE", "/absent/file", "C", "c")))
                    .isEqualTo("Missing required secrets: A" + TAIL + "\n  A: A_FILE names a file that does not exist");
            assertThat(message(validator, Map.of("A_FILE", "/absent/file", "B", "b", "C", "c")))
                    .endsWith("\nInvalid secrets:\n  A, B: exactly one of them must be set, but A and B are");
        }

        @Test
        void comesAfterWhatIsWrongWithSingleSettings() {
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
        void addsItsRulesToThoseOfADeclaredMember() {
            SecretValidator longer = SecretValidator.of(Setting.secret("A"))
                    .exactlyOne(Setting.secret("A").minLength(9), Setting.secret("B"));
            assertThat(message(longer, Map.of("A", "short")))
                    .isEqualTo("Invalid secrets:\n  A: is shorter than 9 characters (map)");
            SecretValidator verbatim = SecretValidator.of(Setting.secret("A").verbatim())
                    .atLeastOne(Setting.secret("A"), Setting.secret("B"));
            assertThat(verbatim.check(SecretSource.of(Map.of("A", "null"))).valid())
                    .isTrue();
            SecretValidator verbatimInAGroup = SecretValidator.of(Setting.secret("A"))
                    .atLeastOne(Setting.secret("A").verbatim(), Setting.secret("B"))
                    .atLeastOne(Setting.secret("A"), Setting.secret("C"));
            assertThat(verbatimInAGroup
                            .check(SecretSource.of(Map.of("A", "null")))
                            .valid())
                    .isTrue();
        }

        @Test
        void mayHaveADeclaredMemberButNotOfAnotherType() {
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
    }

    @Nested
    class TwoDeclarations {

        @Test
        void areOneInTheOrderOfBoth() {
            SecretValidator both = SecretValidator.requiring("B", "A")
                    .exactlyOne(Setting.secret("P"), Setting.secret("Q"))
                    .and(SecretValidator.requiring("A", "C").exactlyOne(Setting.secret("P"), Setting.secret("Q")));
            assertThat(message(both, Map.of()))
                    .isEqualTo("Missing required secrets: B, A, C" + TAIL
                            + "\nInvalid secrets:\n  P, Q: exactly one of them must be set, but none is");
            assertThat(both.settings()).extracting(Setting::name).containsExactly("B", "A", "P", "Q", "C");
            assertThat(both).hasToString("SecretValidator[B, A, P, Q, C]");
        }

        @Test
        void requireWhatOneOfThemRequiresAndTheOtherGroups() {
            SecretValidator required = SecretValidator.requiring("A");
            SecretValidator grouped = SecretValidator.of(Setting.secret("C").optional())
                    .atLeastOne(Setting.secret("A").optional(), Setting.secret("C"));
            for (SecretValidator both : List.of(required.and(grouped), grouped.and(required))) {
                assertThat(both.check(SecretSource.of(Map.of("C", "x"))).problems())
                        .extracting(Problem::name, Problem::reason)
                        .containsExactly(tuple("A", "is not set"));
                assertThat(both.markdown()).contains("| `A` | secret | yes |", "| `C` | secret | in a group |");
            }
            assertThat(required.atLeastOne(Setting.secret("A"), Setting.secret("B"))
                            .check(SecretSource.of(Map.of("B", "x")))
                            .valid())
                    .isTrue();
        }

        @Test
        void ofOneSettingHoldBoth() {
            Setting<Secret> key = Setting.secret("KEY");
            SecretValidator both = SecretValidator.of(key.optional()
                            .minLength(4)
                            .verbatim()
                            .describedAs("One.")
                            .example("abcdef"))
                    .and(SecretValidator.of(
                            key.minLength(3).noPlaceholder().describedAs("Two.").example("ghijkl")));
            assertThat(both.envExample()).isEqualTo("""
                    # One.
                    # Two.
                    #: secret
                    #: minLength 4
                    #: noPlaceholder
                    #: example abcdef
                    #: example ghijkl
                    KEY=
                    """);
            assertThat(both.validate(SecretSource.of(Map.of("KEY", "four")))
                            .get(key)
                            .reveal())
                    .isEqualTo("four");
            assertThat(both.and(both).envExample()).isEqualTo(both.envExample());
            Setting<Secret> exact = key.verbatim();
            assertThat(SecretValidator.of(exact)
                            .and(SecretValidator.of(exact.optional()))
                            .check(SecretSource.of(Map.of("KEY", " x ")))
                            .valid())
                    .isTrue();
        }

        @Test
        void ofOneUrlAllowTheSchemesThatBothAllow() {
            SecretValidator any = SecretValidator.of(Setting.uri("U"));
            SecretValidator web = SecretValidator.of(Setting.uri("U", "https", "http"));
            SecretValidator secure = SecretValidator.of(Setting.uri("U", "wss", "HTTPS"));
            assertThat(any.and(any).envExample()).isEqualTo("#: uri\nU=\n");
            assertThat(any.and(web).envExample()).isEqualTo("#: uri https http\nU=\n");
            assertThat(web.and(any).envExample()).isEqualTo("#: uri https http\nU=\n");
            assertThat(web.and(secure).envExample()).isEqualTo("#: uri https\nU=\n");
            assertThat(message(any.and(web), Map.of("U", "ftp://x")))
                    .isEqualTo("Invalid secrets:\n  U: must be a URL that starts with https:// or http:// (map)");
            SecretValidator ftp = SecretValidator.of(Setting.uri("U", "ftp"));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> web.and(ftp))
                    .withMessage("U is declared as uri https http and as uri ftp, which have no scheme in common");
        }

        @Test
        void ofOneNameMayNotDifferInType() {
            SecretValidator one = SecretValidator.requiring("X");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> one.and(SecretValidator.of(Setting.text("X"))))
                    .withMessage("X is declared as secret");
        }
    }

    @Nested
    class ASourceThatFails {

        @ParameterizedTest
        @MethodSource("dev.hardening.config.SecretValidatorTest#whatASourceMayThrow")
        void isReportedWhateverItThrows(Throwable thrown) {
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
        void isOneThatAnswersNull() {
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
        void isReportedWithoutItsMessage() {
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
    }

    @Nested
    class ExitingOnFailure {

        @Test
        void doesNotHappenWithNothingWrong() {
            Settings settings = SecretValidator.requiring("X")
                    .validateOrExit(SecretSource.of(Map.of("X", "x")), System.err, exit -> {
                        throw new AssertionError("exited with " + exit);
                    });
            assertThat(settings).hasToString("Settings[X]");
        }

        @Test
        void printsTheMessageAloneWithTheCode78() {
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
        void doesNotHappenWithASourceThatHasAll() {
            Settings settings = SecretValidator.requiring("X").validateOrExit(SecretSource.of(Map.of("X", "x")));
            assertThat(settings).hasToString("Settings[X]");
        }
    }
}
