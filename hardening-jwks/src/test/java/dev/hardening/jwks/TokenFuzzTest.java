package dev.hardening.jwks;

import static dev.hardening.jwks.KeyEndpoint.EC_1;
import static dev.hardening.jwks.KeyEndpoint.ISSUER;
import static dev.hardening.jwks.KeyEndpoint.RSA_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.util.Base64URL;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever a token looks like, it is accepted or refused with a reason. A failure names its seed. */
class TokenFuzzTest {

    private final String claims = "{\"iss\":\"" + ISSUER + "\",\"sub\":\"a\",\"exp\":"
            + Instant.now().plusSeconds(600).getEpochSecond() + "}";
    private static final List<String> PIECES = List.of(
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "\"",
            "\\",
            "\\u0000",
            "\\ud800",
            "null",
            "true",
            "1e999",
            "-0",
            "1E400",
            "9223372036854775808",
            "\"alg\"",
            "\"RS256\"",
            "\"kid\"",
            "\"rsa-1\"",
            "\"typ\"",
            "\"crit\"",
            "\"b64\"",
            "\"exp\"",
            "\"nbf\"",
            "\"iat\"",
            "\"aud\"",
            "\"iss\"",
            "\"sub\"",
            "\"\"",
            " ",
            "\n",
            "/*",
            "#",
            "NaN",
            "\u0000",
            "\uFEFF",
            "\u00e9",
            "\ud83d\ude00",
            "'",
            "=");

    private final KeyEndpoint endpoint = new KeyEndpoint();
    private final JWKSCache cache = endpoint.open(endpoint.inline());
    private final List<TokenDecoder> decoders = List.of(
            TokenDecoder.builder(cache).build(),
            TokenDecoder.builder(cache)
                    .issuer(ISSUER)
                    .audience("a", "b")
                    .type("at+jwt")
                    .optionalSubject()
                    .requireClaim("sub", "a")
                    .check(claims -> claims.getClaims().size() < 9)
                    .cacheVerified(10)
                    .build());

    @AfterEach
    void stop() {
        endpoint.close();
    }

    private void survives(String token, String origin) {
        for (TokenDecoder decoder : decoders) {
            try {
                decoder.decode(token);
            } catch (InvalidTokenException refused) {
                assertThat(refused.reason()).isNotNull();
            } catch (Throwable other) {
                throw new AssertionError(origin + " threw " + other.getClass().getName(), other);
            }
            try {
                decoder.getSigningKey(token);
            } catch (InvalidTokenException refused) {
                assertThat(refused.reason()).isNotNull();
            }
            assertThat(decoder.decodeAsync(token)).isNotNull();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void tokens_of_random_characters(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < 2_000; i++) {
            StringBuilder token = new StringBuilder();
            int length = random.nextInt(60);
            for (int n = 0; n < length; n++) {
                switch (random.nextInt(6)) {
                    case 0 -> token.append('.');
                    case 1 -> token.append((char) random.nextInt(0x10000));
                    default -> token.append("Aa0-_eyJhbGciOiJSUzI1NiJ9".charAt(random.nextInt(25)));
                }
            }
            survives(token.toString(), "seed " + seed + ", token " + i);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {5, 6})
    void tokens_that_were_changed_at_a_few_places(long seed) {
        Random random = new Random(seed);
        List<String> valid = List.of(KeyEndpoint.token(RSA_1), KeyEndpoint.token(EC_1));
        for (int i = 0; i < 500; i++) {
            StringBuilder token = new StringBuilder(valid.get(i % 2));
            for (int n = random.nextInt(4); n >= 0; n--) {
                int at = random.nextInt(token.length());
                switch (random.nextInt(3)) {
                    case 0 -> token.setCharAt(at, (char) (32 + random.nextInt(96)));
                    case 1 -> token.deleteCharAt(at);
                    default -> token.insert(at, token.charAt(random.nextInt(token.length())));
                }
            }
            survives(token.toString(), "seed " + seed + ", token " + i);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {7, 8})
    void signed_tokens_of_random_json(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < 300; i++) {
            String origin = "seed " + seed + ", token " + i;
            survives(RawTokens.rs256("{\"alg\":\"RS256\",\"kid\":\"rsa-1\"}", json(random), RSA_1), origin);
            survives(RawTokens.encode(json(random)) + '.' + RawTokens.encode(claims) + ".AAAA", origin);
        }
    }

    private static String json(Random random) {
        StringBuilder json = new StringBuilder("{");
        int pieces = 1 + random.nextInt(12);
        for (int i = 0; i < pieces; i++) {
            json.append(PIECES.get(random.nextInt(PIECES.size())));
            if (random.nextInt(3) == 0) {
                json.append(':');
            }
        }
        return json.append(random.nextBoolean() ? "}" : "").toString();
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 100, 250, 500, 900, 2_000, 8_000, 60_000})
    void signed_tokens_nested_deep(int depth) {
        String deep = "[".repeat(depth) + "]".repeat(depth);
        String objects = "{\"a\":".repeat(depth) + "1" + "}".repeat(depth);
        TokenDecoder roomy = TokenDecoder.builder(cache)
                .maxTokenLength(2_000_000)
                .cacheVerified(10)
                .build();
        for (String value : List.of(deep, objects)) {
            String token = RawTokens.rs256(
                    "{\"alg\":\"RS256\",\"kid\":\"rsa-1\"}", claims.replace("{", "{\"x\":" + value + ","), RSA_1);
            survives(token, "depth " + depth);
            try {
                assertThat(roomy.decode(token).getClaim("x")).isNotNull();
            } catch (InvalidTokenException refused) {
                assertThat(depth).isGreaterThan(100);
            }
        }
    }

    @Test
    void tokens_in_other_charsets() {
        for (byte[] bytes : List.of(
                claims.getBytes(StandardCharsets.UTF_16),
                claims.getBytes(StandardCharsets.UTF_16LE),
                new byte[] {(byte) 0xff, (byte) 0xfe},
                new byte[] {'{', '"', (byte) 0xc3, '"', ':', '1', '}'},
                new byte[] {(byte) 0xef, (byte) 0xbb, (byte) 0xbf, '{', '}'})) {
            String part = Base64URL.encode(bytes).toString();
            survives(part + "." + part + "." + part, "bytes");
            survives(RawTokens.encode("{\"alg\":\"RS256\"}") + "." + part + ".AAAA", "bytes");
        }
    }

    @Test
    void tokens_of_every_length_around_the_limit() {
        for (int length : new int[] {16_382, 16_383, 16_384, 16_385, 1_000_000}) {
            survives("a".repeat(length), "length " + length);
            survives("a." + "b".repeat(length - 4) + ".c", "length " + length);
        }
    }
}
