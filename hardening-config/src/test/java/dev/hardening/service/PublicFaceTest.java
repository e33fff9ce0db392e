package dev.hardening.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.hardening.config.Problem;
import dev.hardening.config.Secret;
import dev.hardening.config.SecretSource;
import dev.hardening.config.SecretValidationException;
import dev.hardening.config.SecretValidator;
import dev.hardening.config.Setting;
import dev.hardening.config.Settings;
import dev.hardening.config.ValidationReport;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** A service's own code, outside of the package: that every public member can be used as it is documented. */
class PublicFaceTest {

    private static final Setting<URI> SUPABASE_URL = Setting.uri("SUPABASE_URL", "https", "http");
    private static final Setting<Secret> ANON_KEY = Setting.secret("SUPABASE_ANON_KEY");
    private static final Setting<Secret> JWT_SECRET =
            Setting.secret("JWT_SECRET").optional();
    private static final Setting<String> REGION = Setting.text("REGION")
            .describedAs("Where it runs.")
            .minLength(2)
            .noPlaceholder()
            .example("xx-nowhere-1")
            .requiredWhen(PublicFaceTest::isProduction);

    private static final Setting<Duration> TIMEOUT = Setting.parsed(
                    "TIMEOUT", "a duration such as PT5S", Duration::parse)
            .verbatim()
            .optional();

    private static final SecretValidator VALIDATOR =
            SecretValidator.of(SUPABASE_URL, ANON_KEY).and(SecretValidator.of(JWT_SECRET, REGION, TIMEOUT));

    private final SecretSource source =
            SecretSource.of(Map.of("SUPABASE_URL", "https://abc.supabase.co", "SUPABASE_ANON_KEY", "anon"));

    private static boolean isProduction(SecretSource source) {
        return source.find("MODE")
                .map(SecretSource.Found::value)
                .filter("production"::equals)
                .isPresent();
    }

    @Test
    void settingsAreRead() {
        Settings settings = VALIDATOR.validate(source);
        URI url = settings.get(SUPABASE_URL);
        Secret key = settings.get(ANON_KEY);
        Optional<Secret> jwt = settings.find(JWT_SECRET);
        Optional<String> region = settings.find(REGION);
        assertThat(url).hasHost("abc.supabase.co");
        assertThat(key).isEqualTo(Secret.of("anon")).isEqualTo(Secret.valueOf("anon"));
        assertThat(settings.find(TIMEOUT)).isEmpty();
        assertThat(key.reveal()).isEqualTo("anon");
        assertThat(jwt).isEmpty();
        assertThat(region).isEmpty();
        assertThat(settings).hasToString("Settings[SUPABASE_URL, SUPABASE_ANON_KEY]");
        assertThat(SUPABASE_URL.name()).isEqualTo("SUPABASE_URL");
        assertThat(TIMEOUT.isVerbatim()).isTrue();
        assertThat(REGION.isVerbatim()).isFalse();
    }

    @Test
    void failuresAreTold() {
        assertThatIllegalStateException()
                .isThrownBy(() -> SecretValidator.requiring("NO_SUCH_VARIABLE_1", "NO_SUCH_VARIABLE_2")
                        .validate())
                .withMessage("Missing required secrets: NO_SUCH_VARIABLE_1, NO_SUCH_VARIABLE_2\n"
                        + "Set these environment variables before starting the application.");
        SecretValidationException failure = catchThrowableOfType(
                SecretValidationException.class,
                () -> VALIDATOR.validate(SecretSource.of(
                        Map.of("MODE", "production", "SUPABASE_ANON_KEY", "anon", "SUPABASE_URL", "x"))));
        List<String> missing = failure.missing();
        List<Problem> problems = failure.problems();
        assertThat(missing).containsExactly("REGION");
        assertThat(problems)
                .containsExactly(
                        new Problem("REGION", Problem.Kind.MISSING, "is not set", null),
                        new Problem(
                                "SUPABASE_URL",
                                Problem.Kind.INVALID,
                                "must be a URL that starts with https:// or http://",
                                "map"));
        assertThat(problems.get(1).name()
                        + problems.get(1).kind()
                        + problems.get(1).reason()
                        + problems.get(1).origin())
                .startsWith("SUPABASE_URLINVALIDmust be a URL")
                .endsWith("map");
    }

    @Test
    void reportsAndTextsAreMade() {
        ValidationReport report = VALIDATOR.check(source);
        assertThat(report.valid()).isTrue();
        assertThat(report.problems()).isEmpty();
        assertThat(report.toJson()).isEqualTo("{\"version\":1,\"valid\":true,\"problems\":[],\"lookedIn\":[\"map\"]}");
        SecretValidator grouped = VALIDATOR
                .exactlyOne(Setting.secret("A"), Setting.secret("B"))
                .atLeastOne(Setting.secret("C"), Setting.secret("D"));
        assertThat(grouped.check(source).problems()).hasSize(2);
        assertThat(grouped.settings()).hasSize(9).filteredOn(Setting::isSecret).hasSize(6);
        assertThat(report.lookedIn()).containsExactly("map");
        assertThat(grouped.envExample()).contains("SUPABASE_URL=\n");
        assertThat(grouped.markdown()).contains("| `SUPABASE_URL` |");
        assertThat(SecretValidator.EXIT_CODE).isEqualTo(78);
        Supplier<Settings> orExit = VALIDATOR::validateOrExit;
        assertThat(orExit).isNotNull();
        assertThat(VALIDATOR.validateOrExit(source).get(ANON_KEY).reveal()).isEqualTo("anon");
    }

    @Test
    void sourcesAreCombined() {
        SecretSource all = SecretSource.environment()
                .withFiles()
                .orElse(SecretSource.directory(Path.of("/no/such/directory")))
                .orElse(SecretSource.systemdCredentials())
                .orElse(source);
        Optional<SecretSource.Found> found = all.find("SUPABASE_ANON_KEY");
        assertThat(found).hasValueSatisfying(f -> {
            assertThat(f.value()).isEqualTo("anon");
            assertThat(f.origin()).isEqualTo("map");
        });
        Set<String> names = all.names();
        assertThat(names).contains("SUPABASE_URL");
    }

    @Test
    void aSourceOfOnesOwnIsASourceLikeAnother() {
        SecretSource vault = new SecretSource() {
            @Override
            public Optional<Found> find(String name) {
                return switch (name) {
                    case "TOKEN" -> Optional.of(new Found("abc", "vault"));
                    case "OLD" -> Optional.of(Found.invalid("was revoked", "vault"));
                    case "NEW" -> Optional.of(Found.missing("is not there yet", "vault"));
                    default -> Optional.empty();
                };
            }

            @Override
            public List<String> places() {
                return List.of("vault");
            }

            @Override
            public Set<String> names() {
                return Set.of();
            }
        };
        Setting<Secret> token = Setting.secret("TOKEN");
        assertThat(SecretValidator.of(token)
                        .validate(SecretSource.of(Map.of()).withFiles().orElse(vault))
                        .get(token)
                        .reveal())
                .isEqualTo("abc");
        assertThat(SecretValidator.of(token.minLength(9)).check(vault).problems())
                .containsExactly(new Problem("TOKEN", Problem.Kind.INVALID, "is shorter than 9 characters", "vault"));
        assertThat(SecretValidator.requiring("NEW", "OLD").check(vault))
                .isEqualTo(new ValidationReport(
                        List.of(
                                new Problem("NEW", Problem.Kind.MISSING, "is not there yet", "vault"),
                                new Problem("OLD", Problem.Kind.INVALID, "was revoked", "vault")),
                        List.of("vault")));
    }
}
