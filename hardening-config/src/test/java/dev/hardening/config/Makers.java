package dev.hardening.config;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Made-up secrets in the shapes of those who issue them. They are made anew from a seed, so that no scanner finds one in
 * this repository.
 */
final class Makers {

    private static final int EACH = 12;
    private static final String DIGITS = "0123456789";
    private static final String LOWER = "abcdefghijklmnopqrstuvwxyz";
    private static final String UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    private static final String ALPHANUMERIC = DIGITS + LOWER + UPPER;
    private static final String HEX = "0123456789abcdef";
    private static final String SYMBOLS = "!#$%&()*+,-./:;<=>?@[]^_{|}~\"'`\\";

    private static final Map<String, Function<Random, String>> SHAPES = new LinkedHashMap<>();

    static {
        SHAPES.put("Stripe", random -> "sk_live_51" + text(random, 97, ALPHANUMERIC));
        SHAPES.put("Stripe webhook", random -> "whsec_" + text(random, 32, ALPHANUMERIC));
        SHAPES.put("AWS access key", random -> "AKIA" + text(random, 16, UPPER + "234567"));
        SHAPES.put("AWS secret key", random -> text(random, 40, ALPHANUMERIC + "/+"));
        SHAPES.put("GitHub", random -> "ghp_" + text(random, 36, ALPHANUMERIC));
        SHAPES.put(
                "GitHub fine-grained",
                random -> "github_pat_" + text(random, 22, ALPHANUMERIC) + "_" + text(random, 59, ALPHANUMERIC));
        SHAPES.put("GitLab", random -> "glpat-" + text(random, 20, ALPHANUMERIC + "-_"));
        SHAPES.put(
                "Slack",
                random -> "xoxb-" + text(random, 12, DIGITS) + "-" + text(random, 12, DIGITS) + "-"
                        + text(random, 24, ALPHANUMERIC));
        SHAPES.put(
                "Slack webhook",
                random -> "https://hooks.slack.com/services/T" + text(random, 8, UPPER) + "/B" + text(random, 8, UPPER)
                        + "/" + text(random, 24, ALPHANUMERIC));
        SHAPES.put("Google API key", random -> "AIza" + text(random, 35, ALPHANUMERIC + "-_"));
        SHAPES.put("Google service account", Makers::serviceAccount);
        SHAPES.put("OpenAI", random -> "sk-proj-" + text(random, 48, ALPHANUMERIC + "-_"));
        SHAPES.put("Anthropic", random -> "sk-ant-api03-" + text(random, 93, ALPHANUMERIC + "-_") + "AA");
        SHAPES.put(
                "SendGrid",
                random -> "SG." + text(random, 22, ALPHANUMERIC + "-_") + "." + text(random, 43, ALPHANUMERIC + "-_"));
        SHAPES.put("Mailgun", random -> "key-" + text(random, 32, HEX));
        SHAPES.put("Twilio", random -> "SK" + text(random, 32, HEX));
        SHAPES.put("Telegram", random -> text(random, 10, DIGITS) + ":AA" + text(random, 33, ALPHANUMERIC + "-_"));
        SHAPES.put(
                "Discord",
                random -> "M" + text(random, 25, ALPHANUMERIC) + "." + text(random, 6, ALPHANUMERIC) + "."
                        + text(random, 38, ALPHANUMERIC + "-_"));
        SHAPES.put("npm", random -> "npm_" + text(random, 36, ALPHANUMERIC));
        SHAPES.put("PyPI", random -> "pypi-AgEIcHlwaS5vcmc" + text(random, 150, ALPHANUMERIC + "-_"));
        SHAPES.put("Supabase", random -> "sb_secret_" + text(random, 22, ALPHANUMERIC) + "_" + text(random, 8, HEX));
        SHAPES.put("LiveKit", random -> "API" + text(random, 12, ALPHANUMERIC));
        SHAPES.put("Shopify", random -> "shpat_" + text(random, 32, HEX));
        SHAPES.put("DigitalOcean", random -> "dop_v1_" + text(random, 64, HEX));
        SHAPES.put("HashiCorp Vault token", random -> "hvs." + text(random, 90, ALPHANUMERIC + "-_"));
        SHAPES.put("Doppler token", random -> "dp.st.prd." + text(random, 40, ALPHANUMERIC));
        SHAPES.put("1Password token", random -> "ops_" + base64(random, 200));
        SHAPES.put("New Relic", random -> text(random, 36, HEX) + "NRAL");
        SHAPES.put("Datadog", random -> text(random, 32, HEX));
        SHAPES.put(
                "Azure storage",
                random -> "DefaultEndpointsProtocol=https;AccountName=" + text(random, 12, LOWER) + ";AccountKey="
                        + base64(random, 64) + ";EndpointSuffix=core.windows.net");
        SHAPES.put(
                "Azure client secret",
                random -> text(random, 3, ALPHANUMERIC) + "8Q~" + text(random, 34, ALPHANUMERIC + "-_.~"));
        SHAPES.put(
                "Azure Service Bus",
                random -> "Endpoint=sb://" + text(random, 9, LOWER)
                        + ".servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=" + base64(random, 32));
        SHAPES.put("a JWT", Makers::jwt);
        SHAPES.put("a private key", random -> pem("PRIVATE KEY", random));
        SHAPES.put("a certificate", random -> pem("CERTIFICATE", random) + "\n" + pem("CERTIFICATE", random) + "\n");
        SHAPES.put("an OpenSSH key", random -> pem("OPENSSH PRIVATE KEY", random));
        SHAPES.put(
                "PostgreSQL",
                random -> "postgresql://app:" + text(random, 24, ALPHANUMERIC + "-_.~")
                        + "@db.internal:5432/app?sslmode=require");
        SHAPES.put("JDBC", random -> "jdbc:postgresql://db/app?user=app&password=" + text(random, 24, ALPHANUMERIC));
        SHAPES.put(
                "MongoDB",
                random -> "mongodb+srv://app:" + text(random, 20, ALPHANUMERIC)
                        + "@cluster0.x1y2z.mongodb.net/?w=majority");
        SHAPES.put("Redis", random -> "rediss://:" + text(random, 64, HEX) + "@cache:6379/0");
        SHAPES.put("AMQP", random -> "amqps://app:" + text(random, 20, ALPHANUMERIC) + "@a:5671,b:5671/v");
        SHAPES.put("Sentry", random -> "https://" + text(random, 32, HEX) + "@o1.ingest.sentry.io/42");
        SHAPES.put("bcrypt", random -> "$2b$10$" + text(random, 53, ALPHANUMERIC + "./"));
        SHAPES.put(
                "argon2", random -> "$argon2id$v=19$m=65536,t=3,p=4$" + base64(random, 16) + "$" + base64(random, 32));
        SHAPES.put(
                "htpasswd",
                random -> "admin:$apr1$" + text(random, 8, ALPHANUMERIC) + "$" + text(random, 22, ALPHANUMERIC));
        SHAPES.put("openssl rand -base64", random -> base64(random, 32));
        SHAPES.put("openssl rand -hex", random -> text(random, 64, HEX));
        SHAPES.put("a UUID", random -> new java.util.UUID(random.nextLong(), random.nextLong()).toString());
        SHAPES.put("a password with symbols", Makers::password);
        SHAPES.put(
                "a passphrase",
                random -> IntStream.range(0, 5)
                        .mapToObj(i -> text(random, 4 + random.nextInt(4), LOWER))
                        .collect(Collectors.joining(" ")));
        SHAPES.put(
                "a Docker login", random -> "{\"auths\":{\"registry\":{\"auth\":\"" + base64(random, 24) + "\"}}}\n");
        SHAPES.put("a JWK", random -> "{\"kty\":\"oct\",\"k\":\"" + base64(random, 32) + "\"}");
        SHAPES.put("an age key", random -> "AGE-SECRET-KEY-1" + text(random, 58, UPPER + DIGITS));
        SHAPES.put("a PIN", random -> text(random, 6, DIGITS));
    }

    private Makers() {}

    /** Some secrets of each maker, under the maker's name. */
    static Map<String, List<String>> secrets() {
        Random random = new Random(20261126);
        Map<String, List<String>> secrets = new LinkedHashMap<>();
        SHAPES.forEach((maker, shape) -> {
            List<String> some = new ArrayList<>();
            for (int i = 0; i < EACH; i++) {
                some.add(shape.apply(random));
            }
            secrets.put(maker, some);
        });
        return secrets;
    }

    /** As password managers make them: any printable letter, but not the same quote at both ends. */
    private static String password(Random random) {
        String inside = text(random, 22, ALPHANUMERIC + SYMBOLS);
        String first = text(random, 1, ALPHANUMERIC + SYMBOLS);
        return first + inside + text(random, 1, ALPHANUMERIC + SYMBOLS.replace(first, ""));
    }

    private static String jwt(Random random) {
        Base64.Encoder encoder = Base64.getUrlEncoder().withoutPadding();
        String header = encoder.encodeToString("{\"alg\":\"HS256\",\"typ\":\"JWT\"}".getBytes(StandardCharsets.UTF_8));
        String claims = encoder.encodeToString(
                ("{\"role\":\"" + text(random, 9, LOWER) + "\"}").getBytes(StandardCharsets.UTF_8));
        return header + "." + claims + "." + text(random, 43, ALPHANUMERIC + "-_");
    }

    private static String pem(String what, Random random) {
        String lines = IntStream.range(0, 4)
                .mapToObj(i -> text(random, 64, ALPHANUMERIC + "+/"))
                .collect(Collectors.joining("\n"));
        return "-----BEGIN " + what + "-----\n" + lines + "\n-----END " + what + "-----";
    }

    private static String serviceAccount(Random random) {
        return "{\n  \"type\": \"service_account\",\n  \"private_key\": \""
                + pem("PRIVATE KEY", random).replace("\n", "\\n") + "\\n\"\n}\n";
    }

    private static String base64(Random random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return Base64.getEncoder().encodeToString(bytes);
    }

    private static String text(Random random, int length, String letters) {
        return random.ints(length, 0, letters.length())
                .mapToObj(i -> String.valueOf(letters.charAt(i)))
                .collect(Collectors.joining());
    }
}
