package dev.hardening.jwks;

import com.nimbusds.jwt.JWTClaimsSet;
import dev.hardening.jwks.InvalidTokenException.Reason;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The claims of a token, and its times separately, because a caller could change the dates in the claims.
 *
 * @param expires {@code exp} in milliseconds of the wall clock; {@link #NONE} if there is none
 * @param notBefore {@code nbf} in the same way
 */
record TokenClaims(JWTClaimsSet set, long expires, long notBefore) {

    static final long NONE = Long.MIN_VALUE; // before any time

    private static final long MAX_SECONDS = Long.MAX_VALUE / 1000; // so that milliseconds fit into a long

    /**
     * Reads the claims.
     *
     * @param shared whether several callers will get them: objects and arrays in them are unmodifiable then
     * @throws InvalidTokenException if they are malformed, a time is beyond what a date can hold, or {@code sub} is a number
     *     that is not whole
     */
    static TokenClaims parse(byte[] json, boolean shared) {
        try {
            Map<String, Object> members = Json.object(json);
            long expires = millis(members, "exp", Reason.EXPIRED, Reason.EXPIRED);
            long notBefore = millis(members, "nbf", Reason.MALFORMED, Reason.NOT_YET_VALID);
            millis(members, "iat", Reason.MALFORMED, Reason.MALFORMED);
            refuseUnlessText(members, "iss");
            refuseUnlessText(members, "jti");
            if (members.get("sub") instanceof Double) { // it may have lost digits, and two users would be one
                throw malformed("sub", "text or a whole number");
            }
            if (shared) {
                members.replaceAll((name, value) -> unmodifiable(value));
            }
            JWTClaimsSet set = JWTClaimsSet.parse(members);
            return new TokenClaims(shared ? withUnmodifiableAudience(set) : set, expires, notBefore);
        } catch (InvalidTokenException refused) {
            throw refused;
        } catch (ParseException | RuntimeException | StackOverflowError malformed) {
            throw new InvalidTokenException(Reason.MALFORMED); // Not chained: it may hold a part of the token.
        }
    }

    /**
     * A NumericDate (RFC 7519, section 2). A number that does not fit into a date is refused here, before it could
     * overflow.
     */
    private static long millis(Map<String, Object> members, String name, Reason tooEarly, Reason tooLate) {
        Object date = members.get(name);
        if (date == null) {
            return NONE;
        }
        if (!(date instanceof Number seconds)) {
            throw malformed(name, "a number");
        }
        double rough = seconds.doubleValue();
        if (rough <= -MAX_SECONDS || rough >= MAX_SECONDS) {
            throw new InvalidTokenException(rough < 0 ? tooEarly : tooLate);
        }
        return seconds.longValue() * 1000;
    }

    private static void refuseUnlessText(Map<String, Object> members, String name) {
        Object value = members.get(name);
        if (value != null && !(value instanceof String)) {
            throw malformed(name, "text");
        }
    }

    private static InvalidTokenException malformed(String name, String expected) {
        return new InvalidTokenException(Reason.MALFORMED, ": its " + name + " is not " + expected);
    }

    /** Nimbus makes a list of its own for {@code aud}. */
    private static JWTClaimsSet withUnmodifiableAudience(JWTClaimsSet set) {
        return set.getClaim("aud") instanceof List<?> audience
                ? new JWTClaimsSet.Builder(set)
                        .claim("aud", Collections.unmodifiableList(audience))
                        .build()
                : set;
    }

    private static @Nullable Object unmodifiable(@Nullable Object value) {
        if (value instanceof Map<?, ?> object) {
            Map<Object, @Nullable Object> copy = new LinkedHashMap<>(object);
            copy.replaceAll((name, member) -> unmodifiable(member));
            return Collections.unmodifiableMap(copy);
        }
        if (value instanceof List<?> array) {
            List<@Nullable Object> copy = new ArrayList<>(array);
            copy.replaceAll(TokenClaims::unmodifiable);
            return Collections.unmodifiableList(copy);
        }
        return value;
    }
}
