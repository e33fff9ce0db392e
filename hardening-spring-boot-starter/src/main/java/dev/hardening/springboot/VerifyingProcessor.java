package dev.hardening.springboot;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.RemoteKeySourceException;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.BadJWSException;
import com.nimbusds.jose.proc.JOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.EncryptedJWT;
import com.nimbusds.jwt.JWT;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.JWTParser;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.jwt.proc.BadJWTException;
import com.nimbusds.jwt.proc.ConfigurableJWTProcessor;
import com.nimbusds.jwt.proc.JWTProcessor;
import dev.hardening.jwks.InvalidTokenException;
import dev.hardening.jwks.JWKSUnavailableException;
import java.text.ParseException;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;

/**
 * Verifies with a {@code TokenDecoder} inside Spring's {@link NimbusJwtDecoder}, which converts and validates the
 * claims as it does by itself. Each refusal is the exception that Nimbus's own processor throws, so that Spring gives
 * the same answer.
 */
final class VerifyingProcessor implements JWTProcessor<SecurityContext> {

    static final String INVALID_SIGNATURE = "Signed JWT rejected: Invalid signature";
    static final String NO_KEY = "Signed JWT rejected: Another algorithm expected, or no matching key(s) found";

    private final KeySources keys;
    private final JOSEObjectTypeVerifier<SecurityContext> types = typesOfSpring();

    VerifyingProcessor(KeySources keys) {
        this.keys = keys;
    }

    /** What {@code typ} may be is Spring's decision, and differs by its version; the address is never asked. */
    private static JOSEObjectTypeVerifier<SecurityContext> typesOfSpring() {
        AtomicReference<ConfigurableJWTProcessor<SecurityContext>> springs = new AtomicReference<>();
        NimbusJwtDecoder.withJwkSetUri("https://localhost/")
                .jwtProcessorCustomizer(springs::set)
                .build();
        return Objects.requireNonNull(springs.get()).getJWSTypeVerifier();
    }

    @Override
    public JWTClaimsSet process(String token, @Nullable SecurityContext context)
            throws ParseException, BadJOSEException, JOSEException {
        return process(JWTParser.parse(token), context);
    }

    @Override
    public JWTClaimsSet process(JWT token, @Nullable SecurityContext context) throws BadJOSEException, JOSEException {
        if (token instanceof SignedJWT signed) {
            return process(signed, context);
        }
        throw new BadJOSEException(
                token instanceof EncryptedJWT
                        ? "Encrypted JWT rejected: No JWE key selector is configured"
                        : "Unsecured (plain) JWTs are rejected, extend class to handle");
    }

    @Override
    public JWTClaimsSet process(PlainJWT token, @Nullable SecurityContext context)
            throws BadJOSEException, JOSEException {
        return process((JWT) token, context);
    }

    @Override
    public JWTClaimsSet process(EncryptedJWT token, @Nullable SecurityContext context)
            throws BadJOSEException, JOSEException {
        return process((JWT) token, context);
    }

    @Override
    public JWTClaimsSet process(SignedJWT token, @Nullable SecurityContext context)
            throws BadJOSEException, JOSEException {
        types.verify(token.getHeader().getType(), context);
        try {
            return keys.decode(token.getParsedString());
        } catch (InvalidTokenException refused) {
            throw refusal(refused);
        } catch (JWKSUnavailableException outage) {
            throw new RemoteKeySourceException(outage.getMessage(), outage);
        }
    }

    /** Nimbus's message in this case. */
    static BadJOSEException refusal(InvalidTokenException refused) {
        return switch (refused.reason()) {
            case BAD_SIGNATURE -> new BadJWSException(INVALID_SIGNATURE, refused);
            case UNKNOWN_KEY, UNSUPPORTED_ALGORITHM -> new BadJOSEException(NO_KEY, refused);
            case WRONG_ISSUER -> new BadJOSEException("Invalid issuer", refused);
            default ->
                new BadJWTException(
                        "Payload of JWS object is not a valid JSON object",
                        new ParseException("Payload of JWS object is not a valid JSON object", 0));
        };
    }
}
