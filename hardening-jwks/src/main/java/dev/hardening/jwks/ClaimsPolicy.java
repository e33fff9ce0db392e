package dev.hardening.jwks;

import com.nimbusds.jwt.JWTClaimsSet;
import dev.hardening.jwks.InvalidTokenException.Reason;
import java.math.BigInteger;
import java.time.Clock;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the claims of a verified token have to be (RFC 7519, section 4.1), in the order in which they are checked.
 *
 * @param issuer the only {@code iss}, or null for any
 * @param audiences of which {@code aud} has to name one; empty for any
 * @param clockSkew in milliseconds
 */
record ClaimsPolicy(
        Clock clock,
        long clockSkew,
        @Nullable String issuer,
        Set<String> audiences,
        boolean needsSubject,
        List<RequiredClaim> required,
        List<Predicate<JWTClaimsSet>> checks) {

    private static final Logger LOG = LoggerFactory.getLogger(TokenDecoder.class);

    /** A claim that has to be there, with one of some values if any are given. */
    record RequiredClaim(String name, Set<String> anyOf) {

        boolean isIn(JWTClaimsSet claims) {
            Object value = claims.getClaim(name);
            if (value == null || anyOf.isEmpty()) {
                return value != null;
            }
            return value instanceof Collection<?> several ? several.stream().anyMatch(this::accepts) : accepts(value);
        }

        @Override
        public String toString() {
            return name + (anyOf.isEmpty() ? " is required" : " has to be " + String.join(" or ", anyOf));
        }

        private boolean accepts(@Nullable Object value) {
            return (value instanceof String
                            || value instanceof Boolean
                            || value instanceof Long
                            || value instanceof BigInteger)
                    && anyOf.contains(value.toString());
        }
    }

    /** Checks everything. */
    void check(TokenClaims claims) {
        checkTimes(claims);
        checkNames(claims.set());
        checkRequired(claims.set());
        runChecks(claims.set());
    }

    /** Checks claims that passed before again, as far as the result may have changed. */
    void recheck(TokenClaims claims) {
        checkTimes(claims);
        runChecks(claims.set());
    }

    private void checkTimes(TokenClaims claims) {
        long now = clock.millis();
        if (claims.expires() == TokenClaims.NONE) {
            throw new InvalidTokenException(Reason.EXPIRED, ": it has no exp");
        }
        if (now - clockSkew >= claims.expires()) {
            throw new InvalidTokenException(Reason.EXPIRED);
        }
        if (now + clockSkew < claims.notBefore()) {
            throw new InvalidTokenException(Reason.NOT_YET_VALID);
        }
    }

    private void checkNames(JWTClaimsSet claims) {
        if (issuer != null && !issuer.equals(claims.getIssuer())) {
            throw new InvalidTokenException(Reason.WRONG_ISSUER, " than " + issuer);
        }
        if (!audiences.isEmpty() && Collections.disjoint(claims.getAudience(), audiences)) {
            throw new InvalidTokenException(Reason.WRONG_AUDIENCE, " than " + String.join(" or ", audiences));
        }
        if (needsSubject && (claims.getSubject() == null || claims.getSubject().isBlank())) {
            throw new InvalidTokenException(Reason.MISSING_SUBJECT);
        }
    }

    private void checkRequired(JWTClaimsSet claims) {
        for (RequiredClaim claim : required) {
            if (!claim.isIn(claims)) {
                throw new InvalidTokenException(Reason.WRONG_CLAIM, ": " + claim);
            }
        }
    }

    private void runChecks(JWTClaimsSet claims) {
        for (Predicate<JWTClaimsSet> check : checks) {
            if (!passes(check, claims)) {
                throw new InvalidTokenException(Reason.WRONG_CLAIM, ": a check refuses it");
            }
        }
    }

    private static boolean passes(Predicate<JWTClaimsSet> check, JWTClaimsSet claims) {
        try {
            return check.test(claims);
        } catch (RuntimeException | Error thrown) {
            // Without its message, which may hold a part of the token.
            LOG.warn("A check of a token's claims threw {}", thrown.getClass().getName());
            return false;
        }
    }
}
