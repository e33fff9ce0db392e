package dev.hardening.jwks;

import static dev.hardening.jwks.KeyEndpoint.EC_1;
import static dev.hardening.jwks.KeyEndpoint.EC_2;
import static dev.hardening.jwks.KeyEndpoint.ISSUER;
import static dev.hardening.jwks.KeyEndpoint.RSA_1;
import static dev.hardening.jwks.KeyEndpoint.RSA_2;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import dev.hardening.jwks.InvalidTokenException.Reason;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.math.BigInteger;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Provider;
import java.security.Security;
import java.security.Signature;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.RSAKeyGenParameterSpec;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

class TokenDecoderTest {

    private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");
    private static final String SUBJECT = "4c6b1c5e-9f5b-4a51-8d5a-6e1f7f3c2a10";
    private static final String CLAIMS = "{\"iss\":\"" + ISSUER + "\",\"aud\":\"authenticated\",\"sub\":\"" + SUBJECT
            + "\",\"exp\":" + NOON.plusSeconds(600).getEpochSecond() + "}";

    private final KeyEndpoint endpoint = new KeyEndpoint();
    private final JWKSCache cache = endpoint.open(endpoint.inline());
    private final AtomicReference<Instant> time = new AtomicReference<>(NOON);
    private final Clock clock = new Clock() {
        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return time.get();
        }
    };
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private final Logger logger = (Logger) LoggerFactory.getLogger("dev.hardening.jwks");
    private final TokenDecoder decoder;

    TokenDecoderTest() {
        log.start();
        logger.addAppender(log);
        decoder = builder().build();
    }

    @BeforeEach
    void listenToEverything() {
        logger.setLevel(Level.TRACE);
    }

    @AfterEach
    void stop() {
        logger.setLevel(null);
        logger.detachAppender(log);
        endpoint.close();
    }

    private TokenDecoder.Builder builder() {
        return TokenDecoder.builder(cache)
                .issuer(ISSUER)
                .audience("authenticated")
                .clock(clock);
    }

    private static JWTClaimsSet.Builder claims() {
        return KeyEndpoint.claims().expirationTime(Date.from(NOON.plusSeconds(600)));
    }

    private static String token(JWK key) {
        return KeyEndpoint.token(key, claims().build());
    }

    private static String encode(String json) {
        return Base64URL.encode(json).toString();
    }

    /** Signs whatever header and payload by RS256, well-formed or not. */
    private static String rawToken(String header, String payload, RSAKey key) {
        try {
            Signature signature = Signature.getInstance("SHA256withRSA");
            signature.initSign(key.toPrivateKey());
            String input = encode(header) + '.' + encode(payload);
            signature.update(input.getBytes(StandardCharsets.US_ASCII));
            return input + '.' + Base64URL.encode(signature.sign());
        } catch (GeneralSecurityException | JOSEException failed) {
            throw new IllegalStateException(failed);
        }
    }

    private void refused(String token, Reason reason) {
        refused(decoder, token, reason);
    }

    private static void refused(TokenDecoder decoder, String token, Reason reason) {
        assertThatThrownBy(() -> decoder.decode(token))
                .isInstanceOfSatisfying(
                        InvalidTokenException.class,
                        refused -> assertThat(refused.reason()).isEqualTo(reason));
    }

    @Nested
    class Accepts {

        @Test
        void the_example_of_the_readme() {
            URI jwksUri = endpoint.uri();
            String issuer = ISSUER;
            String token = KeyEndpoint.token(EC_1);
            // example: jwks
            try (JWKSCache cache = JWKSCache.builder(jwksUri).build()) {
                TokenDecoder decoder = TokenDecoder.builder(cache)
                        .issuer(issuer)
                        .audience("authenticated")
                        .build();
                JWTClaimsSet claims = decoder.decode(token);
                String user = claims.getSubject();
                // example: end
                assertThat(user).isEqualTo(SUBJECT);
            }
        }

        @Test
        void rs256_and_es256_by_default_and_no_other() throws Exception {
            assertThat(decoder.decode(token(RSA_1)).getSubject()).isEqualTo(SUBJECT);
            assertThat(decoder.decode(token(EC_1)).getSubject()).isEqualTo(SUBJECT);
            for (JWSAlgorithm other : List.of(JWSAlgorithm.RS384, JWSAlgorithm.RS512, JWSAlgorithm.PS256)) {
                JWSHeader header = new JWSHeader.Builder(other).keyID("rsa-1").build();
                refused(KeyEndpoint.token(RSA_1, header, claims().build()), Reason.UNSUPPORTED_ALGORITHM);
            }
            assertThat(decoder.getSigningKey(token(EC_1)).publicKey()).isEqualTo(EC_1.toECPublicKey());
        }

        @ParameterizedTest
        @CsvSource({
            "RS256, jdk",
            "RS384, jdk",
            "RS512, jdk",
            "PS256, jdk",
            "PS384, jdk",
            "PS512, jdk",
            "ES256, jdk",
            "ES384, jdk",
            "ES512, jdk",
            "RS256, fast",
            "RS384, fast",
            "RS512, fast",
            "PS256, fast",
            "PS384, fast",
            "PS512, fast",
            "ES256, fast",
            "ES384, fast",
            "ES512, fast"
        })
        void every_algorithm_that_is_allowed_and_no_forgery(String name, String provider) throws Exception {
            JWSAlgorithm algorithm = JWSAlgorithm.parse(name);
            boolean ec = JWSAlgorithm.Family.EC.contains(algorithm);
            JWK key = ec
                    ? new ECKeyGenerator(
                                    Curve.forJWSAlgorithm(algorithm).iterator().next())
                            .keyID("k")
                            .generate()
                    : new RSAKey.Builder(RSA_1).keyID("k").build();
            endpoint.serve(key.toPublicJWK());
            TokenDecoder.Builder options = builder().algorithms(algorithm);
            if (provider.equals("jdk")) {
                options.provider(Security.getProvider(ec ? "SunEC" : "SunRsaSign"));
            }
            TokenDecoder configured = options.build();
            JWSHeader header = new JWSHeader.Builder(algorithm).keyID("k").build();
            String token = KeyEndpoint.token(key, header, claims().build());
            assertThat(configured.decode(token).getSubject()).isEqualTo(SUBJECT);
            String forged = token.substring(0, token.indexOf('.'))
                    + '.'
                    + encode(CLAIMS.replace(SUBJECT, "admin"))
                    + token.substring(token.lastIndexOf('.'));
            refused(configured, forged, Reason.BAD_SIGNATURE);
        }

        @Test
        void tokens_of_a_supabase_project() {
            for (String project : List.of("https://abc.supabase.co", "https://abc.supabase.co/")) {
                TokenDecoder supabase = TokenDecoder.forSupabase(cache, URI.create(project));
                assertThat(supabase.decode(KeyEndpoint.token(EC_1)).getIssuer()).isEqualTo(ISSUER);
                refused(
                        supabase,
                        KeyEndpoint.token(
                                EC_1,
                                KeyEndpoint.claims()
                                        .issuer("https://abd.supabase.co/auth/v1")
                                        .build()),
                        Reason.WRONG_ISSUER);
                refused(
                        supabase,
                        KeyEndpoint.token(
                                EC_1, KeyEndpoint.claims().audience("anon").build()),
                        Reason.WRONG_AUDIENCE);
            }
        }

        @Test
        void a_token_without_a_key_id_by_each_key_that_fits() {
            String token = rawToken("{\"alg\":\"RS256\"}", CLAIMS, RSA_1);
            assertThat(decoder.decode(token).getSubject()).isEqualTo(SUBJECT);
            endpoint.serve(RSA_2, RSA_1, EC_1);
            cache.invalidate();
            assertThat(decoder.decode(token).getSubject()).isEqualTo(SUBJECT);
            assertThat(decoder.getSigningKey(token).kid()).isEqualTo("rsa-1");
            assertThat(endpoint.gets).hasValue(2);
        }

        @Test
        void rsa_and_ec_under_one_key_id_by_the_algorithm() {
            RSAKey rsa = new RSAKey.Builder(RSA_1).keyID("same").build();
            ECKey ec = new ECKey.Builder(EC_1).keyID("same").build();
            endpoint.serve(rsa, ec);
            assertThat(decoder.decode(token(rsa)).getSubject()).isEqualTo(SUBJECT);
            assertThat(decoder.decode(token(ec)).getSubject()).isEqualTo(SUBJECT);
            assertThat(decoder.getSigningKey(token(ec)).jwk()).isInstanceOf(ECKey.class);
        }

        @Test
        void up_to_four_keys_under_one_key_id() {
            List<RSAKey> alike = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                alike.add(new RSAKey.Builder(KeyEndpoint.rsa("same"))
                        .keyID("same")
                        .build());
            }
            endpoint.serve(alike.toArray(new JWK[0]));
            TokenDecoder remembering = builder().cacheVerified(10).build();
            for (int i = 0; i < 5; i++) {
                for (TokenDecoder each : List.of(decoder, remembering, remembering)) {
                    if (i < 4) {
                        assertThat(each.decode(token(alike.get(i))).getSubject())
                                .isEqualTo(SUBJECT);
                    } else {
                        refused(each, token(alike.get(i)), Reason.BAD_SIGNATURE);
                    }
                }
            }
            assertThat(endpoint.gets)
                    .as("one for the signatures that none verified")
                    .hasValue(2);
        }

        @Test
        void nothing_else_and_the_first_wrong_is_the_reason() {
            JWTClaimsSet.Builder wrong = claims().expirationTime(Date.from(NOON.minusSeconds(100)))
                    .notBeforeTime(Date.from(NOON.plusSeconds(100)))
                    .issuer("other")
                    .audience("other")
                    .subject(null);
            String forged =
                    KeyEndpoint.token(new RSAKey.Builder(RSA_2).keyID("rsa-1").build(), wrong.build());
            refused("!" + forged, Reason.MALFORMED);
            refused(
                    encode("{\"alg\":\"HS256\",\"kid\":\"unknown\"}") + forged.substring(forged.indexOf('.')),
                    Reason.UNSUPPORTED_ALGORITHM);
            refused(KeyEndpoint.token(RSA_2, wrong.build()), Reason.UNKNOWN_KEY);
            refused(forged, Reason.BAD_SIGNATURE);
            refused(KeyEndpoint.token(RSA_1, wrong.build()), Reason.EXPIRED);
            wrong.expirationTime(Date.from(NOON.plusSeconds(600)));
            refused(KeyEndpoint.token(RSA_1, wrong.build()), Reason.NOT_YET_VALID);
            wrong.notBeforeTime(null);
            refused(KeyEndpoint.token(RSA_1, wrong.build()), Reason.WRONG_ISSUER);
            wrong.issuer(ISSUER);
            refused(KeyEndpoint.token(RSA_1, wrong.build()), Reason.WRONG_AUDIENCE);
            wrong.audience("authenticated");
            refused(KeyEndpoint.token(RSA_1, wrong.build()), Reason.MISSING_SUBJECT);
        }

        @Test
        void a_known_header_by_a_set_that_changed() {
            decoder.decode(token(RSA_1));
            decoder.decode(token(EC_1));
            endpoint.serve(new RSAKey.Builder(RSA_2).keyID("rsa-1").build(), EC_1);
            cache.invalidate();
            refused(token(RSA_1), Reason.BAD_SIGNATURE);
            assertThat(decoder.decode(token(
                                    new RSAKey.Builder(RSA_2).keyID("rsa-1").build()))
                            .getSubject())
                    .isEqualTo(SUBJECT);
            assertThat(decoder.decode(token(EC_1)).getSubject()).isEqualTo(SUBJECT);
            endpoint.serve(EC_1);
            cache.invalidate();
            refused(token(RSA_1), Reason.UNKNOWN_KEY);
        }

        @Test
        void headers_that_differ_from_token_to_token() throws Exception {
            for (int i = 0; i < 300; i++) {
                JWSHeader header = new JWSHeader.Builder(JWSAlgorithm.RS256)
                        .keyID("rsa-1")
                        .customParam("n", i)
                        .build();
                assertThat(decoder.decode(KeyEndpoint.token(RSA_1, header, claims().build())))
                        .isNotNull();
            }
            assertThat(decoder.decode(token(RSA_1))).isNotNull();
        }
    }

    @Nested
    class TimesAndNames {

        @ParameterizedTest
        @CsvSource({"0, 0, true", "0, 599, true", "0, 600, false", "60, 659, true", "60, 660, false", "0, 9999, false"})
        void it_is_accepted_until_its_exp_and_the_skew(long skew, long at, boolean accepted) {
            TokenDecoder skewed = builder().clockSkew(Duration.ofSeconds(skew)).build();
            time.set(NOON.plusSeconds(at));
            if (accepted) {
                assertThat(skewed.decode(token(EC_1)).getSubject()).isEqualTo(SUBJECT);
            } else {
                refused(skewed, token(EC_1), Reason.EXPIRED);
            }
        }

        @ParameterizedTest
        @CsvSource({"0, 0, true", "0, -1, false", "60, -60, true", "60, -61, false"})
        void it_is_accepted_from_its_nbf_less_the_skew(long skew, long at, boolean accepted) {
            TokenDecoder skewed = builder().clockSkew(Duration.ofSeconds(skew)).build();
            String token = KeyEndpoint.token(
                    EC_1, claims().notBeforeTime(Date.from(NOON)).build());
            time.set(NOON.plusSeconds(at));
            if (accepted) {
                assertThat(skewed.decode(token).getSubject()).isEqualTo(SUBJECT);
            } else {
                refused(skewed, token, Reason.NOT_YET_VALID);
            }
        }

        @Test
        void it_is_refused_if_it_would_never_expire() {
            refused(KeyEndpoint.token(EC_1, claims().expirationTime(null).build()), Reason.EXPIRED);
        }

        @Test
        void the_issuer_has_to_be_the_one_exactly() {
            for (String other : Arrays.asList(
                    "https://evil.example/auth/v1", ISSUER + "/", ISSUER.toUpperCase(Locale.ROOT), "", null)) {
                refused(KeyEndpoint.token(EC_1, claims().issuer(other).build()), Reason.WRONG_ISSUER);
            }
        }

        @Test
        void the_audience_has_to_name_the_service() {
            List<String> both = List.of("other", "authenticated");
            assertThat(decoder.decode(KeyEndpoint.token(
                                    EC_1, claims().audience(both).build()))
                            .getAudience())
                    .isEqualTo(both);
            for (List<String> other : List.of(List.of("anon"), List.of("Authenticated"), List.<String>of())) {
                refused(KeyEndpoint.token(EC_1, claims().audience(other).build()), Reason.WRONG_AUDIENCE);
            }
            refused(KeyEndpoint.token(EC_1, claims().audience((String) null).build()), Reason.WRONG_AUDIENCE);
        }

        @Test
        void it_is_refused_without_a_subject() {
            for (String blank : Arrays.asList(null, "", "  ")) {
                refused(KeyEndpoint.token(EC_1, claims().subject(blank).build()), Reason.MISSING_SUBJECT);
            }
        }

        @Test
        void a_decoder_that_checks_no_issuer_says_so() {
            assertThat(TokenDecoder.builder(cache).clock(clock).build().decode(token(EC_1)))
                    .isNotNull();
            assertThat(log.list)
                    .filteredOn(event -> event.getLevel() == Level.WARN)
                    .extracting(ILoggingEvent::getFormattedMessage)
                    .anyMatch(text -> text.contains("issuer"));
        }
    }

    @Nested
    class Malformed {

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "",
                    " ",
                    ".",
                    "..",
                    "a",
                    "a.b",
                    "a.b.c.d",
                    "a.b.c.d.e",
                    ".b.c",
                    "a..c",
                    "eyJhbGciOiJSUzI1NiJ9",
                    "eyJhbGciOiJSUzI1NiJ9.e30.AA==",
                    "eyJhbGciOiJSUzI1NiJ9.e30.A A",
                    "eyJhbGciOiJSUzI1NiJ9 .e30.AA",
                    "eyJhbGciOiJSUzI1NiJ9\n.e30.AA",
                    "eyJhbGciOiJSUzI1NiJ9.e30.A+/A",
                    "Bearer eyJhbGciOiJSUzI1NiJ9.e30.AA",
                    "a.e30.AA",
                    "\u00e9yJhbGciOiJSUzI1NiJ9.e30.AA"
                })
        void what_is_no_compact_jws(String token) {
            refused(token, Reason.MALFORMED);
            assertThat(endpoint.gets).hasValue(0);
        }

        @Test
        void null_instead_of_a_token() {
            refused(null, Reason.MALFORMED);
            assertThatThrownBy(() -> decoder.getSigningKey(null)).isInstanceOf(InvalidTokenException.class);
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "",
                    "null",
                    "[]",
                    "1",
                    "\"RS256\"",
                    "{",
                    "{}",
                    "not json",
                    "{\"alg\":null}",
                    "{\"alg\":1}",
                    "{\"alg\":[\"RS256\"]}",
                    "{\"alg\":\"RS256\",\"kid\":1}",
                    "{\"alg\":\"RS256\",\"kid\":{}}",
                    "{\"alg\":\"RS256\",\"alg\":\"none\"}",
                    "{\"alg\":\"RS256\",\"kid\":\"rsa-1\",\"kid\":\"rsa-2\"}",
                    "{\"alg\":\"RS256\",\"kid\":\"rsa-1\",\"crit\":[\"exp\"],\"exp\":1}",
                    "{\"alg\":\"RS256\",\"kid\":\"rsa-1\",\"crit\":[\"b64\"],\"b64\":false}",
                    "{\"alg\":\"RS256\",\"kid\":\"rsa-1\",\"crit\":[]}",
                    "{\"alg\":\"RS256\",\"kid\":\"rsa-1\",\"crit\":null}"
                })
        void a_header_that_cannot_be_read_or_extends(String header) {
            refused(rawToken(header, CLAIMS, RSA_1), Reason.MALFORMED);
            assertThat(endpoint.gets).hasValue(0);
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "",
                    "null",
                    "[]",
                    "[[\"sub\",\"a\"]]",
                    "1",
                    "not json",
                    "{\"exp\":\"tomorrow\"}",
                    "{\"exp\":{}}",
                    "{\"iss\":1}",
                    "{\"aud\":{}}",
                    "{\"sub\":[]}",
                    "{\"sub\":\"a\",\"sub\":\"b\"}"
                })
        void claims_that_cannot_be_read_even_if_signed(String payload) {
            String token = rawToken("{\"alg\":\"RS256\",\"kid\":\"rsa-1\"}", payload.isEmpty() ? " " : payload, RSA_1);
            refused(token, Reason.MALFORMED);
        }

        @Test
        void deep_nesting_which_overflows_no_stack() {
            String deep = "{\"alg\":\"RS256\",\"x\":" + "[".repeat(5_000) + "]".repeat(5_000) + "}";
            refused(encode(deep) + ".e30.AA", Reason.MALFORMED);
            refused(rawToken("{\"alg\":\"RS256\",\"kid\":\"rsa-1\"}", deep, RSA_1), Reason.MALFORMED);
        }

        @Test
        void more_than_16384_characters() {
            String filler = "x".repeat(11_000);
            String fits = KeyEndpoint.token(RSA_1, claims().claim("f", filler).build());
            assertThat(fits.length()).isBetween(14_000, 16 * 1024);
            assertThat(decoder.decode(fits).getClaim("f")).isEqualTo(filler);
            refused(
                    KeyEndpoint.token(
                            RSA_1, claims().claim("f", "x".repeat(12_500)).build()),
                    Reason.MALFORMED);
            refused("a".repeat(50_000_000), Reason.MALFORMED);
        }
    }

    @Nested
    class Attacks {

        @ParameterizedTest
        @ValueSource(
                strings = {"none", "None", "NONE", "nOnE", "HS256", "HS384", "HS512", "RS1", "rs256", "ES256K", "EdDSA"
                })
        void an_algorithm_off_the_list_costs_no_get(String algorithm) {
            String header = encode("{\"alg\":\"" + algorithm + "\",\"kid\":\"rsa-1\"}");
            refused(header + '.' + encode(CLAIMS) + '.', Reason.UNSUPPORTED_ALGORITHM);
            refused(header + '.' + encode(CLAIMS) + ".AAAA", Reason.UNSUPPORTED_ALGORITHM);
            assertThat(endpoint.gets).hasValue(0);
        }

        @Test
        void a_public_key_is_never_a_secret_for_hs256() throws Exception {
            byte[] der = RSA_1.toRSAPublicKey().getEncoded();
            String pem = "-----BEGIN PUBLIC KEY-----\n"
                    + java.util.Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
                    + "\n-----END PUBLIC KEY-----\n";
            for (byte[] secret : List.of(
                    der,
                    pem.getBytes(StandardCharsets.US_ASCII),
                    RSA_1.toPublicJWK().toJSONString().getBytes(StandardCharsets.UTF_8))) {
                SignedJWT jwt = new SignedJWT(
                        new JWSHeader.Builder(JWSAlgorithm.HS256).keyID("rsa-1").build(), claims().build());
                jwt.sign(new MACSigner(secret));
                refused(jwt.serialize(), Reason.UNSUPPORTED_ALGORITHM);
            }
        }

        @Test
        void a_wrong_algorithm_for_a_known_key_costs_no_get() {
            cache.getKeys();
            String token = rawToken("{\"alg\":\"ES256\",\"kid\":\"rsa-1\"}", CLAIMS, RSA_1);
            for (int i = 0; i < 1_000; i++) {
                refused(token, Reason.UNSUPPORTED_ALGORITHM);
            }
            assertThat(endpoint.gets).hasValue(1);
        }

        @Test
        void a_key_that_names_its_algorithm_verifies_no_other() {
            endpoint.serve(
                    new RSAKey.Builder(RSA_1).algorithm(JWSAlgorithm.RS256).build());
            TokenDecoder both =
                    builder().algorithms(JWSAlgorithm.RS256, JWSAlgorithm.PS256).build();
            assertThat(both.decode(token(RSA_1)).getSubject()).isEqualTo(SUBJECT);
            JWSHeader ps =
                    new JWSHeader.Builder(JWSAlgorithm.PS256).keyID("rsa-1").build();
            refused(both, KeyEndpoint.token(RSA_1, ps, claims().build()), Reason.UNSUPPORTED_ALGORITHM);
        }

        @Test
        void a_key_that_a_token_brings_is_never_looked_at() throws Exception {
            try (KeyEndpoint attacker = new KeyEndpoint()) {
                RSAKey own = new RSAKey.Builder(RSA_2).keyID("rsa-1").build();
                attacker.serve(own);
                JWSHeader header = new JWSHeader.Builder(JWSAlgorithm.RS256)
                        .keyID("rsa-1")
                        .jwk(own.toPublicJWK())
                        .jwkURL(attacker.uri())
                        .x509CertURL(attacker.uri())
                        .build();
                refused(KeyEndpoint.token(own, header, claims().build()), Reason.BAD_SIGNATURE);
                JWSHeader unknown =
                        new JWSHeader.Builder(header).keyID("theirs").build();
                refused(KeyEndpoint.token(own, unknown, claims().build()), Reason.UNKNOWN_KEY);
                assertThat(attacker.gets).hasValue(0);
                assertThat(decoder.decode(KeyEndpoint.token(RSA_1, header, claims().build())))
                        .as("they do no harm in a token that verifies")
                        .isNotNull();
            }
        }

        @Test
        void any_other_signature_is_refused() throws Exception {
            String rsa = token(RSA_1);
            String ec = token(EC_1);
            for (String token : List.of(rsa, ec)) {
                String input = token.substring(0, token.lastIndexOf('.') + 1);
                byte[] signature = new Base64URL(token.substring(input.length())).decode();
                refused(input, Reason.BAD_SIGNATURE);
                refused(input + Base64URL.encode(new byte[signature.length]), Reason.BAD_SIGNATURE);
                refused(input + Base64URL.encode(Arrays.copyOf(signature, signature.length + 1)), Reason.BAD_SIGNATURE);
                refused(input + Base64URL.encode(Arrays.copyOf(signature, signature.length - 1)), Reason.BAD_SIGNATURE);
                signature[5] ^= 1;
                refused(input + Base64URL.encode(signature), Reason.BAD_SIGNATURE);
            }
            refused(
                    KeyEndpoint.token(new RSAKey.Builder(RSA_2).keyID("rsa-1").build(), claims().build()),
                    Reason.BAD_SIGNATURE);
            String input = ec.substring(0, ec.lastIndexOf('.') + 1);
            Signature der = Signature.getInstance("SHA256withECDSA");
            der.initSign(EC_1.toPrivateKey());
            der.update(input.substring(0, input.length() - 1).getBytes(StandardCharsets.US_ASCII));
            refused(input + Base64URL.encode(der.sign()), Reason.BAD_SIGNATURE);
        }

        @Test
        void a_signature_has_one_encoding_only() {
            String alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            for (String token : List.of(token(RSA_1), token(EC_1))) {
                String start = token.substring(0, token.length() - 1);
                long accepted = alphabet.chars()
                        .filter(last -> catchThrowable(() -> decoder.decode(start + (char) last)) == null)
                        .count();
                assertThat(accepted).isEqualTo(1);
            }
        }

        @Test
        void a_key_for_encryption_never_verifies() {
            endpoint.serve(new RSAKey.Builder(RSA_1).keyUse(KeyUse.ENCRYPTION).build(), EC_1);
            refused(token(RSA_1), Reason.UNKNOWN_KEY);
            refused(rawToken("{\"alg\":\"RS256\"}", CLAIMS, RSA_1), Reason.UNKNOWN_KEY);
        }
    }

    @Nested
    class KeysThatComeAndGo {

        @Test
        void a_rotated_key_is_accepted_within_its_request() {
            decoder.decode(token(RSA_1));
            endpoint.serve(RSA_1, RSA_2);
            endpoint.advance(Duration.ofSeconds(5));
            assertThat(decoder.decode(token(RSA_2)).getSubject()).isEqualTo(SUBJECT);
            assertThat(endpoint.gets).hasValue(2);
        }

        @Test
        void an_unknown_key_is_never_replaced_by_another() {
            RSAKey stranger = new RSAKey.Builder(RSA_1).keyID("stranger").build();
            endpoint.serve(RSA_1);
            refused(token(stranger), Reason.UNKNOWN_KEY);
            assertThatThrownBy(() -> decoder.getSigningKey(token(stranger)))
                    .isInstanceOfSatisfying(
                            InvalidTokenException.class,
                            refused -> assertThat(refused.reason()).isEqualTo(Reason.UNKNOWN_KEY));
        }

        @Test
        void an_outage_without_keys_is_unavailable() {
            endpoint.down();
            assertThatThrownBy(() -> decoder.decode(token(EC_1)))
                    .isInstanceOf(JWKSUnavailableException.class)
                    .isNotInstanceOf(InvalidTokenException.class);
            assertThatThrownBy(() -> decoder.getSigningKey(token(EC_1))).isInstanceOf(JWKSUnavailableException.class);
            refused("nonsense", Reason.MALFORMED);
        }

        @Test
        void in_an_outage_only_known_keys_verify() {
            decoder.decode(token(EC_1));
            endpoint.down();
            endpoint.advance(Duration.ofHours(5));
            assertThat(decoder.decode(token(EC_1)).getSubject()).isEqualTo(SUBJECT);
            assertThatThrownBy(() -> decoder.decode(token(EC_2))).isInstanceOf(JWKSUnavailableException.class);
        }
    }

    @Nested
    class ASetThatIsWrittenOddly {

        @Test
        void may_list_one_key_many_times_before_the_signing_one() {
            List<JWK> keys = new ArrayList<>();
            for (int copy = 1; copy <= 6; copy++) {
                keys.add(new RSAKey.Builder(RSA_1).keyID("copy-" + copy).build());
            }
            keys.add(RSA_2);
            endpoint.serve(keys.toArray(new JWK[0]));
            String token = RawTokens.rs256("{\"alg\":\"RS256\"}", CLAIMS, RSA_2);
            assertThat(decoder.decode(token).getSubject()).isEqualTo(SUBJECT);
        }
    }

    @Nested
    class RememberedTokens {

        @Test
        void are_remembered_only_if_asked() {
            String token = token(EC_1);
            assertThat(decoder.decode(token)).isNotSameAs(decoder.decode(token));
            TokenDecoder remembering = builder().cacheVerified(100).build();
            assertThat(remembering.decode(token)).isSameAs(remembering.decode(token));
            refused(remembering, token.substring(0, token.length() - 4) + "AAAA", Reason.BAD_SIGNATURE);
        }

        @Test
        @SuppressWarnings("JavaUtilDate") // the claims hold one, and it is mutable
        void expire_and_are_never_accepted_too_early() {
            TokenDecoder remembering =
                    builder().clockSkew(Duration.ZERO).cacheVerified(100).build();
            String token = KeyEndpoint.token(
                    EC_1, claims().notBeforeTime(Date.from(NOON)).build());
            JWTClaimsSet claims = remembering.decode(token);
            claims.getExpirationTime().setTime(Long.MAX_VALUE); // no caller prolongs it
            time.set(NOON.plusSeconds(599));
            assertThat(remembering.decode(token)).isNotNull();
            time.set(NOON.plusSeconds(600));
            refused(remembering, token, Reason.EXPIRED);
            time.set(NOON.minusSeconds(1));
            refused(remembering, token, Reason.NOT_YET_VALID);
        }

        @Test
        void go_with_their_key() {
            TokenDecoder remembering = builder().cacheVerified(100).build();
            String token = token(EC_1);
            remembering.decode(token);
            endpoint.serve(RSA_1);
            cache.invalidate();
            refused(remembering, token, Reason.UNKNOWN_KEY);
        }

        @Test
        void go_when_their_key_id_gets_another_key() {
            TokenDecoder remembering = builder().cacheVerified(100).build();
            String token = token(EC_1);
            remembering.decode(token);
            endpoint.serve(new ECKey.Builder(EC_2).keyID("ec-1").build());
            cache.invalidate();
            refused(remembering, token, Reason.BAD_SIGNATURE);
        }

        @Test
        void are_unavailable_without_usable_keys() {
            TokenDecoder remembering = builder().cacheVerified(100).build();
            String token = token(EC_1);
            remembering.decode(token);
            endpoint.down();
            endpoint.advance(Duration.ofHours(25));
            assertThatThrownBy(() -> remembering.decode(token)).isInstanceOf(JWKSUnavailableException.class);
        }

        @Test
        void hold_claims_that_no_caller_can_change() {
            TokenDecoder remembering = builder().cacheVerified(100).build();
            String token = KeyEndpoint.token(
                    EC_1,
                    claims().claim(
                                    "app",
                                    Map.of(
                                            "roles", List.of("user"),
                                            "nested", Map.of("a", 1),
                                            "teams", List.of(Map.of("b", 2))))
                            .build());
            JWTClaimsSet claims = remembering.decode(token);
            assertThatThrownBy(claims.getAudience()::clear).isInstanceOf(UnsupportedOperationException.class);
            assertThatThrownBy(() -> ((List<?>) claims.getClaim("aud")).clear())
                    .isInstanceOf(UnsupportedOperationException.class);
            Map<?, ?> app = (Map<?, ?>) claims.getClaim("app");
            assertThatThrownBy(app::clear).isInstanceOf(UnsupportedOperationException.class);
            assertThatThrownBy(() -> ((List<?>) app.get("roles")).clear())
                    .isInstanceOf(UnsupportedOperationException.class);
            assertThatThrownBy(() -> ((Map<?, ?>) app.get("nested")).clear())
                    .isInstanceOf(UnsupportedOperationException.class);
            assertThatThrownBy(() -> ((Map<?, ?>) ((List<?>) app.get("teams")).get(0)).clear())
                    .isInstanceOf(UnsupportedOperationException.class);
            assertThat(remembering.decode(token).getClaims())
                    .isEqualTo(decoder.decode(token).getClaims());
        }
    }

    @Nested
    class TheProvider {

        @ParameterizedTest
        @ValueSource(ints = {33, 34, 48, 64, 65})
        void verifies_by_a_key_with_a_long_exponent(int bits) throws Exception {
            BigInteger exponent = BigInteger.TWO.pow(bits).subtract(BigInteger.ONE);
            KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(new RSAKeyGenParameterSpec(2048, exponent));
            KeyPair pair = generator.generateKeyPair();
            RSAKey key = new RSAKey.Builder((RSAPublicKey) pair.getPublic())
                    .privateKey(pair.getPrivate())
                    .keyID("long")
                    .build();
            endpoint.serve(key);
            assertThat(decoder.decode(token(key)).getSubject()).isNotNull();
            String token = token(key);
            assertThatThrownBy(() -> decoder.decode(token.substring(0, token.length() - 4) + "AAAA"))
                    .hasMessageContaining("signature");
        }

        @Test
        void is_named_by_its_artifacts_version() {
            assertThat(FastProvider.description(FastProvider.find(), Set.of(SigningAlgorithm.ES256)))
                    .matches("Signatures are verified by Conscrypt 2\\.\\d+\\.\\d+");
            assertThat(Security.getProvider("Conscrypt"))
                    .as("nothing is registered for the whole JVM")
                    .isNull();
        }

        @Test
        void that_is_chosen_verifies() {
            List<String> asked = new ArrayList<>();
            Provider sun = Security.getProvider("SunRsaSign");
            Provider watched = new Provider("Watched", "1", "asks SunRsaSign") {
                private static final long serialVersionUID = 1;

                @Override
                public Service getService(String type, String algorithm) {
                    asked.add(type + " " + algorithm);
                    return sun.getService(type, algorithm);
                }
            };
            TokenDecoder chosen =
                    builder().algorithms(JWSAlgorithm.RS256).provider(watched).build();
            asked.clear();
            assertThat(chosen.decode(token(RSA_1)).getSubject()).isEqualTo(SUBJECT);
            assertThat(asked).contains("Signature SHA256withRSA");
        }
    }

    @Nested
    class TheMessage {

        private void says(String token, Reason reason, String what) {
            assertThatThrownBy(() -> decoder.decode(token))
                    .hasMessage(new InvalidTokenException(reason).getMessage() + what);
        }

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                value = {
                    "''           | it has to have 3 parts, and has 1",
                    "opaque       | it has to have 3 parts, and has 1",
                    "a.b          | it has to have 3 parts, and has 2",
                    "a.b.c.d      | it has to have 3 parts, and has 4",
                    "a.b.c.d.e    | it has 5 parts, as one that is encrypted",
                    "a..c.d.e     | it has 5 parts, as one that is encrypted",
                    "a.b.c.d.e.f  | it has to have 3 parts, and has 6",
                    "Bearer a.b.c | the word Bearer before it is no part of it",
                    "bearer ab    | the word Bearer before it is no part of it",
                    ".b.c         | its parts have to be in base64url, without padding, and with nothing around them",
                    "a..c         | its parts have to be in base64url, without padding, and with nothing around them",
                    "a.b.c=       | its parts have to be in base64url, without padding, and with nothing around them"
                })
        void says_in_what_form_a_token_has_to_be(String token, String what) {
            says(token, Reason.MALFORMED, ": " + what);
        }

        @Test
        void says_how_long_a_token_may_be() {
            says("a".repeat(16_384), Reason.MALFORMED, ": it has to have 3 parts, and has 1");
            says("a".repeat(16_385), Reason.MALFORMED, ": it is longer than maxTokenLength, 16384");
            assertThatThrownBy(() -> decoder.decode(null))
                    .hasMessage(new InvalidTokenException(Reason.MALFORMED).getMessage());
        }

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                value = {
                    "{}                          | its header has no alg",
                    "{'alg':7}                   | its alg is not text",
                    "{'alg':'RS256','kid':7}     | its kid is not text",
                    "{'alg':'RS256','typ':[]}    | its typ is not text",
                    "{'alg':'RS256','crit':[]}   | its header has crit or b64",
                    "{'alg':'RS256','b64':false} | its header has crit or b64"
                })
        void names_what_is_wrong_in_a_header(String header, String what) {
            says(rawToken(header.replace('\'', '"'), CLAIMS, RSA_1), Reason.MALFORMED, ": " + what);
        }

        @ParameterizedTest
        @ValueSource(strings = {"none", "HS256", "RS512", "PS256", "other"})
        void names_the_algorithms_that_are_accepted(String algorithm) {
            says(
                    rawToken("{\"alg\":\"" + algorithm + "\",\"kid\":\"rsa-1\"}", CLAIMS, RSA_1),
                    Reason.UNSUPPORTED_ALGORITHM,
                    ": it has to be RS256 or ES256");
        }

        @Test
        void says_that_it_is_the_keys_algorithm_that_differs() {
            says(
                    rawToken("{\"alg\":\"RS256\",\"kid\":\"ec-1\"}", CLAIMS, RSA_1),
                    Reason.UNSUPPORTED_ALGORITHM,
                    ": its key is for another");
        }

        @Test
        void says_that_a_key_without_a_key_id_is_no_named_key() {
            RSAKey nameless = new RSAKey.Builder(RSA_1).keyID(null).build();
            endpoint.serve(nameless, EC_1);
            says(token(RSA_1), Reason.UNKNOWN_KEY, ": it has a kid, and a key without one is not used for it");
            says(token(EC_2), Reason.UNKNOWN_KEY, "");
            assertThat(decoder.decode(token(nameless)).getSubject()).isEqualTo(SUBJECT);
        }

        @Test
        void says_that_not_every_key_was_tried() {
            String tried = ": more than 4 keys may be its key, and only the first 4 were tried";
            ECKey nameless = new ECKey.Builder(EC_2).keyID(null).build();
            JWK[] five = {EC_1, KeyEndpoint.ec("a"), KeyEndpoint.ec("b"), KeyEndpoint.ec("c"), EC_2};
            endpoint.serve(five);
            says(token(nameless), Reason.BAD_SIGNATURE, tried);
            endpoint.serve(Arrays.copyOf(five, 4));
            cache.invalidate();
            says(token(nameless), Reason.BAD_SIGNATURE, "");
        }

        @Test
        void says_that_a_token_has_no_exp() {
            says(KeyEndpoint.token(EC_1, claims().expirationTime(null).build()), Reason.EXPIRED, ": it has no exp");
            time.set(NOON.plusSeconds(660));
            says(token(EC_1), Reason.EXPIRED, "");
        }
    }

    @Nested
    class NothingLeaks {

        @Test
        void of_a_token_into_an_exception_or_a_log_line() throws Exception {
            String canary = "Can4ryK1d";
            RSAKey known = RSA_1;
            RSAKey unknown = new RSAKey.Builder(RSA_2).keyID(canary).build();
            List<String> tokens = new ArrayList<>();
            JWTClaimsSet.Builder marked = claims().claim("secret", canary);
            tokens.add(KeyEndpoint.token(unknown, marked.build()));
            tokens.add(KeyEndpoint.token(known, marked.issuer(canary).build()));
            tokens.add(KeyEndpoint.token(known, claims().audience(canary).build()));
            tokens.add(KeyEndpoint.token(
                    known, claims().claim("x", canary).subject(null).build()));
            tokens.add(KeyEndpoint.token(
                    known,
                    claims().claim("x", canary)
                            .expirationTime(Date.from(Instant.EPOCH))
                            .build()));
            tokens.add(KeyEndpoint.token(
                    known,
                    claims().claim("x", canary)
                            .notBeforeTime(Date.from(NOON.plusSeconds(500)))
                            .build()));
            tokens.add(rawToken("{\"alg\":\"RS256\",\"kid\":\"rsa-1\"}", "{\"exp\":\"" + canary + "\"}", known));
            tokens.add(rawToken("{\"alg\":\"RS256\",\"kid\":\"rsa-1\"}", "{" + canary, known));
            tokens.add(rawToken("{\"alg\":\"" + canary + "\"}", CLAIMS, known));
            tokens.add(rawToken("{\"alg\":\"RS256\",\"crit\":[\"" + canary + "\"]}", CLAIMS, known));
            tokens.add(rawToken("{\"alg\":\"RS256\",\"typ\":[\"" + canary + "\"]}", CLAIMS, known));
            tokens.add(canary);
            tokens.add(canary + "." + canary + "." + canary);
            tokens.add(KeyEndpoint.token(known, marked.build()) + canary);
            for (boolean down : new boolean[] {false, true}) {
                if (down) {
                    endpoint.down();
                    endpoint.advance(Duration.ofHours(30));
                }
                for (String token : tokens) {
                    for (TokenDecoder tried :
                            List.of(decoder, builder().cacheVerified(10).build())) {
                        Throwable thrown = catchThrowable(() -> tried.decode(token));
                        assertThat(thrown).isInstanceOf(RuntimeException.class);
                        StringWriter printed = new StringWriter();
                        thrown.printStackTrace(new PrintWriter(printed));
                        assertThat(printed.toString()).doesNotContain(canary, token);
                        for (String part : token.split("\\.", -1)) {
                            assertThat(part.isEmpty() || !printed.toString().contains(part))
                                    .isTrue();
                        }
                        assertThat(tried.toString()).doesNotContain(canary);
                    }
                }
            }
            assertThat(log.list).isNotEmpty();
            for (ILoggingEvent event : log.list) {
                assertThat(event.getFormattedMessage()).doesNotContain(canary, "eyJ");
                assertThat(event.getThrowableProxy()).isNull();
            }
        }

        @ParameterizedTest
        @EnumSource(Reason.class)
        void because_every_reason_has_words_of_its_own(Reason reason) {
            assertThat(new InvalidTokenException(reason))
                    .hasMessageStartingWith("The token ")
                    .hasNoCause();
            assertThat(Arrays.stream(Reason.values()).map(each -> new InvalidTokenException(each).getMessage()))
                    .doesNotHaveDuplicates();
        }
    }

    @Nested
    class TheBuilder {

        @Test
        void names_the_option_that_does_not_fit() {
            assertThatThrownBy(() -> builder().algorithms().build()).hasMessage("algorithms has to name one at least");
            for (JWSAlgorithm other : List.of(JWSAlgorithm.HS256, JWSAlgorithm.parse("Ed448"), JWSAlgorithm.ES256K)) {
                assertThatThrownBy(() -> builder().algorithms(other).build())
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage(
                                other
                                        + " is not supported: only RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, Ed25519 are");
            }
            assertThatThrownBy(() -> builder().issuer(" ").build()).hasMessage("the issuer may not be blank");
            assertThatThrownBy(() -> builder().audience("").build()).hasMessage("the audience may not be blank");
            assertThatThrownBy(() -> builder().clockSkew(Duration.ofSeconds(-1)).build())
                    .hasMessage("clockSkew has to be between 0 and 10 minutes");
            assertThatThrownBy(
                            () -> builder().clockSkew(Duration.ofSeconds(601)).build())
                    .hasMessage("clockSkew has to be between 0 and 10 minutes");
            assertThatThrownBy(() -> builder().cacheVerified(-1).build())
                    .hasMessage("cacheVerified may not be negative");
            assertThatThrownBy(() ->
                            builder().provider(Security.getProvider("SunEC")).build())
                    .hasMessage("the provider SunEC does not verify RS256");
            assertThat(builder()
                            .clockSkew(Duration.ofMinutes(10))
                            .cacheVerified(1)
                            .build())
                    .hasToString(builder().build().toString());
        }
    }
}
