package dev.hardening.jwks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.nimbusds.jwt.JWTClaimsSet;
import java.time.Instant;
import java.util.Date;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A decoder for a framework that checks the claims itself. */
class SignatureOnlyTest {

    private final KeyEndpoint endpoint = new KeyEndpoint();
    private final JWKSCache cache = endpoint.open(endpoint.inline());

    @AfterEach
    void stop() {
        endpoint.close();
    }

    private static String token(UnaryOperator<JWTClaimsSet.Builder> change) {
        return KeyEndpoint.token(
                KeyEndpoint.RSA_1, change.apply(KeyEndpoint.claims()).build());
    }

    @Test
    void a_good_signature_is_enough_whatever_the_claims_say() {
        TokenDecoder decoder = TokenDecoder.builder(cache).signatureOnly().build();
        String expired =
                token(claims -> claims.expirationTime(Date.from(Instant.EPOCH)).subject(null));
        assertThat(decoder.decode(expired).getExpirationTime()).isEqualTo(Date.from(Instant.EPOCH));
        assertThat(decoder.decodeAsync(expired).join().getSubject()).isNull();
        assertThat(decoder.decode(token(claims -> claims.expirationTime(null))).getExpirationTime())
                .isNull();
    }

    @Test
    void a_bad_signature_is_refused_and_an_issuer_is_only_a_name() {
        TokenDecoder decoder = TokenDecoder.builder(cache)
                .signatureOnly()
                .issuer("https://another.example")
                .build();
        String good = token(claims -> claims);
        assertThat(decoder.decode(good)).isNotNull();
        String forged = good.substring(0, good.lastIndexOf('.') + 1) + "A".repeat(342);
        assertThatExceptionOfType(InvalidTokenException.class)
                .isThrownBy(() -> decoder.decode(forged))
                .extracting(InvalidTokenException::reason)
                .isEqualTo(InvalidTokenException.Reason.BAD_SIGNATURE);
    }

    @Test
    void options_about_claims_contradict_it() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TokenDecoder.builder(cache)
                        .signatureOnly()
                        .audience("authenticated")
                        .build())
                .withMessageContaining("signatureOnly");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TokenDecoder.builder(cache)
                        .signatureOnly()
                        .cacheVerified(10)
                        .build())
                .withMessageContaining("cacheVerified");
    }
}
