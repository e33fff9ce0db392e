package dev.hardening.jwks;

import static dev.hardening.jwks.KeyEndpoint.ISSUER;
import static dev.hardening.jwks.KeyEndpoint.RSA_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jwt.JWTClaimsSet;
import dev.hardening.jwks.InvalidTokenException.Reason;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a decoder can ask of a token beyond its signature, with tokens as real providers make them. */
class ClaimsPolicyTest {

    private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");
    private static final long EXP = NOON.plusSeconds(600).getEpochSecond();

    private final KeyEndpoint endpoint = new KeyEndpoint();
    private final JWKSCache cache = endpoint.open(endpoint.inline());

    @AfterEach
    void stop() {
        endpoint.close();
    }

    private TokenDecoder decoder(UnaryOperator<TokenDecoder.Builder> options) {
        return options.apply(TokenDecoder.builder(cache).clock(Clock.fixed(NOON, ZoneOffset.UTC)))
                .build();
    }

    /** Claims with an expiry, and more that may be left out. */
    private static String claims(String more) {
        return "{\"exp\":" + EXP + (more.isEmpty() ? "" : "," + more.replace('\'', '"')) + "}";
    }

    private static String token(String claims) {
        return RawTokens.rs256("{\"alg\":\"RS256\",\"kid\":\"rsa-1\"}", claims, RSA_1);
    }

    private static String typed(String type) {
        return RawTokens.rs256(
                "{\"alg\":\"RS256\",\"kid\":\"rsa-1\"" + type.replace('\'', '"') + "}", claims("'sub':'a'"), RSA_1);
    }

    private static void accepted(TokenDecoder decoder, String token) {
        assertThat(decoder.decode(token)).isNotNull();
    }

    private static InvalidTokenException refused(TokenDecoder decoder, String token, Reason reason) {
        try {
            decoder.decode(token);
        } catch (InvalidTokenException refused) {
            assertThat(refused.reason()).isEqualTo(reason);
            return refused;
        }
        throw new AssertionError("it was accepted");
    }

    @Nested
    class Audiences {

        private final TokenDecoder decoder = decoder(options -> options.audience("api", "admin"));

        @ParameterizedTest
        @ValueSource(strings = {"'api'", "'admin'", "['other','admin']", "['api']"})
        void one_of_which_is_named_are_accepted(String audience) {
            accepted(decoder, token(claims("'sub':'a','aud':" + audience)));
        }

        @ParameterizedTest
        @ValueSource(strings = {"'aud':'other'", "'aud':[]", "'aud':['API']", "'aud':null", "'nothing':1"})
        void none_of_which_is_named_are_refused(String audience) {
            InvalidTokenException refused =
                    refused(decoder, token(claims("'sub':'a'," + audience)), Reason.WRONG_AUDIENCE);
            assertThat(refused).hasMessage("The token is for another audience than api or admin");
        }
    }

    @Nested
    class TheIssuer {

        @Test
        void that_was_expected_is_in_the_message_and_the_tokens_is_not() {
            TokenDecoder decoder = decoder(options -> options.issuer(ISSUER).audience("api"));
            InvalidTokenException refused =
                    refused(decoder, token(claims("'sub':'a','iss':'https://canary.example'")), Reason.WRONG_ISSUER);
            assertThat(refused).hasMessage("The token is of another issuer than " + ISSUER);
        }
    }

    @Nested
    class TheType {

        private final TokenDecoder decoder = decoder(options -> options.type("at+jwt", "JWT"));

        @ParameterizedTest
        @ValueSource(strings = {"at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt", "jwt", "JWT"})
        void that_is_named_is_accepted_in_each_spelling(String type) {
            accepted(decoder, typed(",'typ':'" + type + "'"));
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "",
                    ",'typ':'logout+jwt'",
                    ",'typ':''",
                    ",'typ':null",
                    ",'typ':'text/at+jwt'",
                    ",'typ':'application/x/at+jwt'",
                    ",'typ':'at+jwt '"
                })
        void that_is_another_or_missing_is_refused(String type) {
            assertThat(refused(decoder, typed(type), Reason.WRONG_TYPE).getMessage())
                    .startsWith("The token is of another type than ")
                    .contains("at+jwt", "jwt")
                    .doesNotContain("logout");
            assertThat(endpoint.gets).as("it costs no request").hasValue(0);
        }

        @Test
        void is_not_looked_at_by_default() {
            accepted(decoder(options -> options), typed(",'typ':'logout+jwt'"));
            refused(decoder(options -> options), typed(",'typ':7"), Reason.MALFORMED);
        }
    }

    @Nested
    class TheSubject {

        @ParameterizedTest
        @ValueSource(strings = {"'sub':''", "'sub':'  '", "'sub':null", "'other':1"})
        void may_be_missing_only_where_it_is_optional(String subject) {
            refused(decoder(options -> options), token(claims(subject)), Reason.MISSING_SUBJECT);
            accepted(decoder(TokenDecoder.Builder::optionalSubject), token(claims(subject)));
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "7",
                    "9007199254740993",
                    "9223372036854775807",
                    "12345678901234567890",
                    "12345678901234567891",
                    "-12345678901234567890"
                })
        void that_is_a_whole_number_keeps_each_digit(String number) {
            String token = token(claims("'sub':" + number + ",'tid':" + number));
            JWTClaimsSet claims = decoder(options -> options).decode(token);
            assertThat(claims.getSubject()).isEqualTo(number);
            assertThat(claims.getClaim("tid")).hasToString(number);
        }

        @ParameterizedTest
        @ValueSource(strings = {"1.5", "1e3", "12345678901234567890.0", "1.2345678901234567890e19"})
        void that_is_another_number_is_refused(String number) {
            refused(decoder(options -> options), token(claims("'sub':" + number)), Reason.MALFORMED);
        }

        @Test
        void has_to_be_text_even_where_it_is_optional() {
            refused(decoder(TokenDecoder.Builder::optionalSubject), token(claims("'sub':{}")), Reason.MALFORMED);
        }
    }

    @Nested
    class ARequiredClaim {

        private final TokenDecoder cognito = decoder(
                options -> options.requireClaim("client_id", "app-1", "app-2").requireClaim("token_use", "access"));

        @ParameterizedTest
        @ValueSource(strings = {"'app-1'", "'app-2'", "['x','app-2']"})
        void is_accepted_with_one_of_its_values(String client) {
            accepted(cognito, token(claims("'sub':'a','token_use':'access','client_id':" + client)));
        }

        @ParameterizedTest
        @ValueSource(strings = {"'app-3'", "'APP-1'", "null", "{'app-1':'app-1'}", "[]", "[['app-1']]", "7"})
        void is_refused_with_another_value(String client) {
            InvalidTokenException refused = refused(
                    cognito, token(claims("'sub':'a','token_use':'access','client_id':" + client)), Reason.WRONG_CLAIM);
            assertThat(refused)
                    .hasMessage("The token has a claim that is wrong or missing: client_id has to be app-1 or app-2");
        }

        @Test
        void makes_up_for_an_audience_that_cognito_does_not_name() {
            String issuer = ISSUER;
            // example: cognito
            TokenDecoder decoder = TokenDecoder.builder(cache)
                    .issuer(issuer)
                    .requireClaim("client_id", "app-1", "app-2")
                    .requireClaim("token_use", "access")
                    .build();
            // example: end
            String claims =
                    "{\"iss\":\"" + ISSUER + "\",\"sub\":\"a\",\"client_id\":\"app-1\",\"token_use\":\"%s\",\"exp\":"
                            + Instant.now().plusSeconds(60).getEpochSecond() + "}";
            accepted(decoder, token(claims.formatted("access")));
            refused(decoder, token(claims.formatted("id")), Reason.WRONG_CLAIM);
        }

        @Test
        void each_has_to_hold() {
            refused(cognito, token(claims("'sub':'a','client_id':'app-1'")), Reason.WRONG_CLAIM);
            refused(cognito, token(claims("'sub':'a','client_id':'app-1','token_use':'id'")), Reason.WRONG_CLAIM);
        }

        @Test
        void without_values_only_has_to_be_there() {
            TokenDecoder decoder = decoder(options -> options.requireClaim("tenant"));
            accepted(decoder, token(claims("'sub':'a','tenant':7")));
            accepted(decoder, token(claims("'sub':'a','tenant':{}")));
            refused(decoder, token(claims("'sub':'a','tenant':null")), Reason.WRONG_CLAIM);
            assertThat(refused(decoder, token(claims("'sub':'a'")), Reason.WRONG_CLAIM))
                    .hasMessage("The token has a claim that is wrong or missing: tenant is required");
        }

        @Test
        void may_be_a_boolean_or_a_whole_number() {
            TokenDecoder decoder = decoder(
                    options -> options.requireClaim("email_verified", "true").requireClaim("level", "3"));
            accepted(decoder, token(claims("'sub':'a','email_verified':true,'level':3")));
            accepted(decoder, token(claims("'sub':'a','email_verified':'true','level':'3'")));
            refused(decoder, token(claims("'sub':'a','email_verified':false,'level':3")), Reason.WRONG_CLAIM);
            refused(decoder, token(claims("'sub':'a','email_verified':true,'level':3.5")), Reason.WRONG_CLAIM);
        }

        @Test
        void may_be_a_number_beyond_a_long_to_the_last_digit() {
            TokenDecoder decoder = decoder(options -> options.requireClaim("tid", "12345678901234567890"));
            accepted(decoder, token(claims("'sub':'a','tid':12345678901234567890")));
            accepted(decoder, token(claims("'sub':'a','tid':[1,12345678901234567890]")));
            refused(decoder, token(claims("'sub':'a','tid':12345678901234567891")), Reason.WRONG_CLAIM);
        }
    }

    @Nested
    class ACheck {

        @Test
        void can_refuse() {
            TokenDecoder decoder = decoder(options -> options.check(claims -> claims.getClaim("banned") == null));
            accepted(decoder, token(claims("'sub':'a'")));
            assertThat(refused(decoder, token(claims("'sub':'a','banned':true")), Reason.WRONG_CLAIM))
                    .hasMessage("The token has a claim that is wrong or missing: a check refuses it");
        }

        @Test
        void cannot_accept_what_is_refused_otherwise() {
            TokenDecoder decoder = decoder(options -> options.issuer(ISSUER).check(claims -> true));
            refused(decoder, token(claims("'sub':'a','iss':'other'")), Reason.WRONG_ISSUER);
            refused(decoder, token("{\"exp\":1,\"iss\":\"" + ISSUER + "\",\"sub\":\"a\"}"), Reason.EXPIRED);
        }

        @Test
        void refuses_by_throwing_and_what_it_throws_is_not_shown() {
            for (RuntimeException thrown : List.of(
                    new IllegalStateException("canary"),
                    new InvalidTokenException(Reason.EXPIRED),
                    new JWKSUnavailableException("canary", null))) {
                TokenDecoder decoder = decoder(options -> options.check(claims -> {
                    throw thrown;
                }));
                InvalidTokenException refused = refused(decoder, token(claims("'sub':'a'")), Reason.WRONG_CLAIM);
                assertThat(refused).hasNoCause().hasMessageNotContaining("canary");
            }
            TokenDecoder erring = decoder(options -> options.check(claims -> {
                throw new AssertionError("canary");
            }));
            refused(erring, token(claims("'sub':'a'")), Reason.WRONG_CLAIM);
        }

        @Test
        void runs_again_for_a_token_that_is_remembered() {
            AtomicBoolean revoked = new AtomicBoolean();
            TokenDecoder decoder = decoder(options -> options.cacheVerified(10).check(claims -> !revoked.get()));
            String token = token(claims("'sub':'a'"));
            assertThat(decoder.decode(token)).isSameAs(decoder.decode(token));
            revoked.set(true);
            refused(decoder, token, Reason.WRONG_CLAIM);
        }
    }

    @Nested
    class Times {

        private final TokenDecoder decoder = decoder(options -> options.clockSkew(Duration.ofMinutes(10)));

        @ParameterizedTest
        @CsvSource({
            "exp, 9223372036854775807, EXPIRED",
            "exp, 9223372036854775808, EXPIRED",
            "exp, 9223372036854776, EXPIRED",
            "exp, -9223372036854775808, EXPIRED",
            "exp, 1e300, EXPIRED",
            "exp, -1e300, EXPIRED",
            "nbf, 9223372036854775807, NOT_YET_VALID",
            "nbf, 9223372036854775000, NOT_YET_VALID",
            "nbf, 9223372036854774, NOT_YET_VALID",
            "nbf, 1e18, NOT_YET_VALID",
            "nbf, -9223372036854775808, MALFORMED",
            "iat, 9223372036854775807, MALFORMED",
            "iat, -9223372036854775808, MALFORMED"
        })
        void at_the_ends_of_a_long_are_refused(String claim, String value, Reason reason) {
            String exp = claim.equals("exp") ? "" : ",\"exp\":" + EXP;
            refused(decoder, token("{\"sub\":\"a\",\"" + claim + "\":" + value + exp + "}"), reason);
        }

        @ParameterizedTest
        @ValueSource(longs = {1L << 54, 1L << 55, (1L << 61) + 1_767_269_400L, 18_446_744_073_709_551L / 2})
        void that_would_wrap_into_the_future_or_the_past_do_not(long shift) {
            refused(decoder, token("{\"sub\":\"a\",\"exp\":" + shift + "}"), Reason.EXPIRED);
            refused(decoder, token("{\"sub\":\"a\",\"exp\":" + EXP + ",\"nbf\":" + shift + "}"), Reason.NOT_YET_VALID);
        }

        @ParameterizedTest
        @ValueSource(strings = {"253402300799", "9223372036854774", "1767270000.5", "1.7672700e9"})
        void that_a_date_can_hold_are_accepted(String exp) {
            accepted(decoder, token("{\"sub\":\"a\",\"exp\":" + exp + "}"));
        }

        @ParameterizedTest
        @ValueSource(strings = {"'1767270000'", "true", "[]", "{}"})
        void that_are_no_numbers_are_malformed(String time) {
            for (String claim : List.of("exp", "nbf", "iat")) {
                String json = "{\"sub\":\"a\",\"exp2\":1,\"" + claim + "\":" + time.replace('\'', '"') + "}";
                refused(decoder, token(json), Reason.MALFORMED);
            }
        }
    }

    @Nested
    class AClaimOfTheWrongType {

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                quoteCharacter = '"',
                value = {
                    "'iat':'1800000000' | iat is not a number",
                    "'nbf':true         | nbf is not a number",
                    "'jti':7            | jti is not text",
                    "'iss':['a']        | iss is not text",
                    "'sub':1.5          | sub is not text or a whole number"
                })
        void is_named(String claim, String what) {
            InvalidTokenException refused =
                    refused(decoder(options -> options.optionalSubject()), token(claims(claim)), Reason.MALFORMED);
            assertThat(refused).hasMessage("The token is not a signed JWT that can be read: its " + what);
        }

        @Test
        void is_named_if_it_is_the_expiry() {
            InvalidTokenException refused = refused(
                    decoder(options -> options), token("{'sub':'a','exp':'1'}".replace('\'', '"')), Reason.MALFORMED);
            assertThat(refused).hasMessageEndingWith(": its exp is not a number");
        }
    }

    @Nested
    class TheLengthOfAToken {

        private final String long25 = token(claims("'sub':'a','f':'" + "x".repeat(18_500) + "'"));

        @Test
        void is_16384_characters_at_the_most_by_default() {
            assertThat(long25.length()).isGreaterThan(25_000);
            refused(decoder(options -> options), long25, Reason.MALFORMED);
        }

        @Test
        void can_be_raised_and_lowered() {
            accepted(decoder(options -> options.maxTokenLength(long25.length())), long25);
            refused(decoder(options -> options.maxTokenLength(long25.length() - 1)), long25, Reason.MALFORMED);
            assertThatThrownBy(() ->
                            decoder(options -> options.maxTokenLength(100)).getSigningKey(long25))
                    .isInstanceOf(InvalidTokenException.class);
        }
    }

    @Nested
    class TheBuilder {

        private void fails(UnaryOperator<TokenDecoder.Builder> options, String message) {
            assertThatThrownBy(() -> decoder(options))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(message);
        }

        @Test
        void names_each_option_that_does_not_fit() {
            fails(options -> options.audience(), "audience has to name one at least");
            fails(options -> options.audience("api", " "), "the audience may not be blank");
            fails(options -> options.type(), "type has to name one at least");
            fails(options -> options.type(""), "the type may not be blank");
            fails(options -> options.requireClaim(" "), "requireClaim has to name a claim");
            fails(options -> options.maxTokenLength(0), "maxTokenLength has to be positive");
            fails(options -> options.maxTokenLength(-1), "maxTokenLength has to be positive");
        }

        @Test
        void prints_what_is_expected() {
            assertThat(decoder(options -> options.issuer(ISSUER).audience("a", "b")))
                    .hasToString("TokenDecoder[issuer=" + ISSUER + ", audience=[a, b], algorithms=[RS256, ES256]]");
        }

        @Test
        void compares_times_with_the_systems_clock_by_default() {
            TokenDecoder decoder = TokenDecoder.builder(cache).build();
            String fresh =
                    "{\"sub\":\"a\",\"exp\":" + Instant.now().plusSeconds(60).getEpochSecond() + "}";
            accepted(decoder, token(fresh));
            refused(decoder, token(claims("'sub':'a'")), Reason.EXPIRED);
            assertThat(Set.of(Reason.values())).contains(Reason.WRONG_TYPE, Reason.WRONG_CLAIM);
        }
    }
}
