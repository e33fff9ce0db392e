package dev.hardening.springboot;

import dev.hardening.config.Secret;
import dev.hardening.config.SecretValidator;
import dev.hardening.config.Setting;
import dev.hardening.config.Settings;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The declared secrets, for the code that has to hide them; or why nothing was validated. Immutable. */
final class DeclaredSecrets {

    /** A shorter secret is hidden only if it is the whole value of a property. As a part of values it would hide too much. */
    private static final int MIN_SEARCHED_LENGTH = 8;

    private final int count;
    private final Map<String, Secret> secrets;
    private final @Nullable String off;

    private DeclaredSecrets(int count, Map<String, Secret> secrets, @Nullable String off) {
        this.count = count;
        this.secrets = secrets;
        this.off = off;
    }

    static DeclaredSecrets of(SecretValidator validator, Settings settings) {
        Map<String, Secret> secrets = new LinkedHashMap<>();
        for (Setting<?> setting : validator.settings()) {
            String name = setting.name();
            try {
                secrets.put(name, settings.find(Setting.secret(name)).orElse(Secret.of("")));
            } catch (IllegalArgumentException notASecret) {
                // A URL or a text is validated, but is not a secret.
            }
        }
        return new DeclaredSecrets(validator.settings().size(), secrets, null);
    }

    static DeclaredSecrets off(String reason) {
        return new DeclaredSecrets(0, Map.of(), reason);
    }

    /** How many names were validated. */
    int count() {
        return count;
    }

    /** Why nothing was validated, or null if something was. */
    @Nullable
    String off() {
        return off;
    }

    /** Whether a property is a declared secret, or holds the value of one. */
    boolean hides(String property, @Nullable Object value) {
        if (secrets.containsKey(property)) {
            return true;
        }
        String text = value == null ? "" : value.toString();
        return secrets.values().stream().map(Secret::reveal).anyMatch(secret -> isIn(text, secret));
    }

    private static boolean isIn(String text, String secret) {
        return !secret.isEmpty()
                && (text.equals(secret) || (secret.length() >= MIN_SEARCHED_LENGTH && text.contains(secret)));
    }

    /** Prints how many there are, and no value. */
    @Override
    public String toString() {
        return "DeclaredSecrets[" + count + "]";
    }
}
