package dev.hardening.jwks;

/** A token is refused: answer 401. Nothing of the token is in its message. */
public final class InvalidTokenException extends RuntimeException {

    private static final long serialVersionUID = 1;

    /** Why a token is refused. */
    public enum Reason {
        /** It is no compact JWS (RFC 7515, section 7.1) with a claims set, is too long, or asks for an extension. */
        MALFORMED("is not a signed JWT that can be read"),
        /** Its {@code alg} is not allowed, or not the key's. */
        UNSUPPORTED_ALGORITHM("has an algorithm that is not allowed, or not its key's"),
        /** No key of the current set has its {@code kid}. */
        UNKNOWN_KEY("is signed with a key that is not in the key set"),
        /** The signature does not verify. */
        BAD_SIGNATURE("has a signature that does not verify"),
        /** Its {@code exp} has passed, or it has none. */
        EXPIRED("has expired, or never would"),
        /** Its {@code nbf} is yet to come. */
        NOT_YET_VALID("is not valid yet"),
        /** Its {@code iss} is another. */
        WRONG_ISSUER("is of another issuer"),
        /** Its {@code aud} does not name the audience. */
        WRONG_AUDIENCE("is for another audience"),
        /** It has no {@code sub}. */
        MISSING_SUBJECT("names no subject");

        private final String text;

        Reason(String text) {
            this.text = text;
        }
    }

    private final Reason reason;

    InvalidTokenException(Reason reason) {
        super("The token " + reason.text);
        this.reason = reason;
    }

    /** Why it is refused. */
    public Reason reason() {
        return reason;
    }
}
