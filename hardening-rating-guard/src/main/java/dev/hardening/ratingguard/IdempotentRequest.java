package dev.hardening.ratingguard;

import java.util.Objects;
import java.util.regex.Pattern;

/**
 * A request with an {@code Idempotency-Key}. Its text holds none of its parts.
 *
 * @param userId the caller that the token names; one caller's keys say nothing about another's
 * @param key the header's value: a quoted string, as the draft has it (RFC 8941, section 3.3.3), or the bare key; both are
 *     the same key; parameters after the quoted string, such as {@code ;v=1}, are no part of the key
 * @param target what is asked for, such as the method and the path
 * @param body the body as it came
 * @see <a href="https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/">The Idempotency-Key HTTP header
 *     field</a>
 */
public record IdempotentRequest(String userId, String key, String target, String body) {

    private static final String STRING = "\"((?:[^\"\\\\]|\\\\[\"\\\\])*+)\"";
    private static final String PARAMETER = ";\\x20*+[a-z*][a-z0-9_.*-]*+(?:=(?:" + STRING + "|[^\\s\",;]++))?+";

    /** Possessive, because a header may be long and have any number of parameters. */
    private static final Pattern QUOTED = Pattern.compile(STRING + "(?:" + PARAMETER + ")*+");

    private static final Pattern KEY = Pattern.compile("[\\x20-\\x7e]{1,255}");

    /**
     * Takes the quotes and the parameters off the key.
     *
     * @param userId the caller that the token names; not null
     * @param target what is asked for; not null
     * @param body the body as it came; not null
     * @param key the header's value; not null
     * @throws IllegalArgumentException if the key is not 1 to 255 printable ASCII characters: HTTP 400
     */
    public IdempotentRequest {
        Objects.requireNonNull(userId, "userId");
        Objects.requireNonNull(target, "target");
        Objects.requireNonNull(body, "body");
        key = unquoted(key.strip());
        if (!KEY.matcher(key).matches()) {
            throw new IllegalArgumentException("Idempotency-Key must be 1 to 255 printable ASCII characters");
        }
    }

    private static String unquoted(String header) {
        var quoted = QUOTED.matcher(header);
        return quoted.matches() ? quoted.group(1).replaceAll("\\\\(.)", "$1") : header;
    }

    @Override
    public String toString() {
        return "IdempotentRequest[]";
    }
}
