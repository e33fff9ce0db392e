package consumer;

import dev.hardening.config.Problem;
import dev.hardening.config.Secret;
import dev.hardening.config.SecretSource;
import dev.hardening.config.SecretValidationException;
import dev.hardening.config.SecretValidator;
import dev.hardening.config.Setting;
import dev.hardening.config.Settings;
import java.net.URI;
import java.util.List;
import java.util.Map;

/** Uses what API.md promises of hardening-config, and nothing else. */
public final class Main {

    static final Setting<URI> SUPABASE_URL = Setting.uri("SUPABASE_URL", "https", "http");
    static final Setting<Secret> ANON_KEY = Setting.secret("SUPABASE_ANON_KEY");
    static final Setting<Secret> JWT_SECRET = Setting.secret("JWT_SECRET").optional();
    static final Setting<Integer> PORT =
            Setting.parsed("PORT", "a port", Integer::valueOf).example("80").example("443");

    public static void main(String[] arguments) {
        SecretValidator validator = SecretValidator.of(SUPABASE_URL, ANON_KEY, JWT_SECRET);
        Settings settings = validator.validate(
                SecretSource.of(Map.of("SUPABASE_URL", "https://abc.supabase.co", "SUPABASE_ANON_KEY", "a-key")));
        check(settings.get(SUPABASE_URL).getHost().equals("abc.supabase.co"));
        check(settings.get(ANON_KEY).toString().equals("Secret[redacted]"));
        check(settings.find(JWT_SECRET).isEmpty());
        check(!validator.check(SecretSource.of(Map.of())).valid());
        check(Secret.valueOf("a-key").equals(settings.get(ANON_KEY)));
        SecretValidator both = validator.and(SecretValidator.of(PORT.verbatim())).atLeastOne(ANON_KEY, JWT_SECRET);
        Map<String, String> quoted =
                Map.of("SUPABASE_URL", "https://abc.supabase.co", "SUPABASE_ANON_KEY", "'a-key'", "PORT", "8080");
        check(both.check(SecretSource.of(quoted)).problems().get(0).name().equals("SUPABASE_ANON_KEY"));
        SecretValidator verbatim = SecretValidator.of(ANON_KEY.verbatim(), PORT);
        check(verbatim.validateOrExit(SecretSource.of(quoted)).get(PORT) == 8080);
        try {
            SecretValidator.requiring("SUPABASE_URL", "LIVEKIT_API_KEY").validate(SecretSource.of(Map.of()));
            throw new AssertionError("it has to throw");
        } catch (SecretValidationException missing) {
            check(missing.getMessage()
                    .equals("Missing required secrets: SUPABASE_URL, LIVEKIT_API_KEY\n"
                            + "Set these environment variables before starting the application."));
            check(missing.missing().equals(List.of("SUPABASE_URL", "LIVEKIT_API_KEY")));
            check(missing.problems().get(0).kind() == Problem.Kind.MISSING);
        }
    }

    private static void check(boolean expected) {
        if (!expected) {
            throw new AssertionError();
        }
    }
}
