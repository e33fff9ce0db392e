package dev.hardening.springboot;

import dev.hardening.config.Secret;
import dev.hardening.config.SecretValidator;
import dev.hardening.config.Setting;
import dev.hardening.config.Settings;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The declared secrets, for the code that has to hide them; or why nothing was validated. Immutable. */
final class DeclaredSecrets {

    /** A shorter secret is hidden only where it stands alone. As a part of values it would hide too much. */
    private static final int MIN_SEARCHED_LENGTH = 8;

    private static final Pattern ESCAPES = Pattern.compile("(?:%[0-9A-Fa-f]{2})++");

    private static final Pattern JSON_ESCAPE = Pattern.compile("\\\\([\"\\\\/bfnrt]|u[0-9A-Fa-f]{4})");

    private static final Pattern REFERENCE = Pattern.compile("\\$\\{\\s*([^\\s${}:]+)\\s*[:}]");

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

    /**
     * Whether a property is a declared secret, or holds the value of one: as it is, percent-encoded as in a URL or a form,
     * escaped as in JSON, or in Base64, also together with a user's name.
     */
    boolean hides(String property, @Nullable Object value) {
        if (secrets.containsKey(property)) {
            return true;
        }
        String text = value == null ? "" : value.toString();
        Set<String> readings = Set.copyOf(
                List.of(text, percentDecoded(text), percentDecoded(text.replace('+', ' ')), jsonDecoded(text)));
        return secrets.values().stream()
                .map(Secret::reveal)
                .filter(secret -> !secret.isEmpty())
                .anyMatch(secret -> readings.stream().anyMatch(reading -> isIn(reading, secret)));
    }

    /** Whether a property's text refers to a declared secret by its name, such as <code>redis://:${RP}@host</code>. */
    boolean isReferredToBy(@Nullable Object raw) {
        return raw != null
                && REFERENCE
                        .matcher(raw.toString())
                        .results()
                        .anyMatch(reference -> secrets.containsKey(reference.group(1)));
    }

    private static boolean isIn(String text, String secret) {
        if (text.equals(secret) || isBase64Of(text, secret) || isPasswordIn(text, secret) || isTextIn(text, secret)) {
            return true;
        }
        return secret.length() >= MIN_SEARCHED_LENGTH && (text.contains(secret) || hasBase64Of(text, secret));
    }

    /** Whether a URL has the secret as its password, or alone before its host. */
    private static boolean isPasswordIn(String text, String secret) {
        return text.contains("://") && (text.contains(":" + secret + "@") || text.contains("://" + secret + "@"));
    }

    /** Whether an object of JSON has the secret as a whole text. */
    private static boolean isTextIn(String json, String secret) {
        return json.startsWith("{") && json.contains('"' + secret + '"');
    }

    private static boolean isBase64Of(String text, String secret) {
        return inStandardAlphabet(text).replace("=", "").equals(encoded(secret.getBytes(StandardCharsets.UTF_8)));
    }

    /**
     * Whether a Base64 text has the secret anywhere in it. Three bytes become four letters, so what the secret becomes
     * depends on how many bytes of the last three come before it. The letters at its edges belong to its neighbours, too.
     */
    private static boolean hasBase64Of(String text, String secret) {
        byte[] bytes = secret.getBytes(StandardCharsets.UTF_8);
        String standard = inStandardAlphabet(text);
        for (int before = 0; before < 3; before++) {
            byte[] shifted = new byte[before + bytes.length];
            System.arraycopy(bytes, 0, shifted, before, bytes.length);
            String letters = encoded(shifted);
            int start = (before * 8 + 5) / 6;
            int end = shifted.length * 8 / 6;
            if (standard.contains(letters.substring(start, end))) {
                return true;
            }
        }
        return false;
    }

    private static String encoded(byte... bytes) {
        return Base64.getEncoder().withoutPadding().encodeToString(bytes);
    }

    private static String inStandardAlphabet(String text) {
        return text.replace('-', '+').replace('_', '/');
    }

    /** The text with each run of {@code %XX} as the UTF-8 that it stands for; anything else stays. */
    private static String percentDecoded(String text) {
        return ESCAPES.matcher(text)
                .replaceAll(escapes -> Matcher.quoteReplacement(
                        new String(HexFormat.of().parseHex(escapes.group().replace("%", "")), StandardCharsets.UTF_8)));
    }

    /** The text with each escape of JSON as what it stands for; anything else stays. */
    private static String jsonDecoded(String text) {
        return text.indexOf('\\') < 0
                ? text
                : JSON_ESCAPE.matcher(text).replaceAll(escape -> Matcher.quoteReplacement(unescaped(escape.group(1))));
    }

    private static String unescaped(String escape) {
        return switch (escape.charAt(0)) {
            case 'b' -> "\b";
            case 'f' -> "\f";
            case 'n' -> "\n";
            case 'r' -> "\r";
            case 't' -> "\t";
            case 'u' -> String.valueOf((char) Integer.parseInt(escape.substring(1), 16));
            default -> escape;
        };
    }

    /** Prints how many there are, and no value. */
    @Override
    public String toString() {
        return "DeclaredSecrets[" + count + "]";
    }
}
