package dev.hardening.jwks;

import dev.hardening.jwks.InvalidTokenException.Reason;
import java.text.ParseException;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a token's header says about how it is verified (RFC 7515, section 4). Everything else in it is ignored, and so
 * is a key that it brings or points to ({@code jwk}, {@code jku}, {@code x5u}, {@code x5c}).
 *
 * @param kid the key id, or null
 */
record TokenHeader(SigningAlgorithm algorithm, @Nullable String kid) {

    // Written out: a record's own cost a cold start a method handle each.
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof TokenHeader header && header.algorithm == algorithm && Objects.equals(header.kid, kid);
    }

    @Override
    public int hashCode() {
        return 31 * Objects.hashCode(kid) + algorithm.hashCode();
    }

    /**
     * Reads a header.
     *
     * @param allowed the algorithms that are accepted
     * @param types the types that are accepted, as {@link #type} writes them; empty for any, or none
     * @throws InvalidTokenException if it is malformed, or its algorithm or type is not accepted
     */
    static TokenHeader parse(byte[] json, Set<SigningAlgorithm> allowed, Set<String> types) {
        Map<String, Object> members;
        try {
            members = Json.object(json);
        } catch (ParseException malformed) {
            throw new InvalidTokenException(Reason.MALFORMED);
        }
        String name = text(members, "alg");
        // An extension that has to be understood (section 4.1.11), or a payload that is not encoded (RFC 7797).
        boolean extended = members.containsKey("crit") || !Boolean.TRUE.equals(members.getOrDefault("b64", true));
        if (name == null || extended) {
            throw new InvalidTokenException(Reason.MALFORMED);
        }
        String kid = text(members, "kid");
        String type = text(members, "typ");
        SigningAlgorithm algorithm = SigningAlgorithm.named(name);
        if (algorithm == null || !allowed.contains(algorithm)) {
            throw new InvalidTokenException(Reason.UNSUPPORTED_ALGORITHM);
        }
        if (!types.isEmpty() && (type == null || !types.contains(type(type)))) {
            throw new InvalidTokenException(Reason.WRONG_TYPE, " than " + String.join(" or ", types));
        }
        return new TokenHeader(algorithm, kid);
    }

    private static @Nullable String text(Map<String, Object> members, String name) {
        Object value = members.get(name);
        if (value != null && !(value instanceof String)) {
            throw new InvalidTokenException(Reason.MALFORMED);
        }
        return (String) value;
    }

    /** A media type as it is compared (RFC 7515, section 4.1.9): in lower case, without a leading {@code application/}. */
    static String type(String typ) {
        String lower = typ.toLowerCase(Locale.ROOT);
        String rest = lower.startsWith("application/") ? lower.substring("application/".length()) : lower;
        return rest.contains("/") ? lower : rest;
    }
}
