package dev.hardening.jwks;

/** A token is refused: answer 401. The message may say what was expected; it holds nothing of the token. */
public final class InvalidTokenException extends RuntimeException {

    private static final long serialVersionUID = 1;

    /** Why a token is refused. */
    public enum Reason {
        /** It is no compact JWS (RFC 7515, section 7.1) with a claims set, is too long, or asks for an extension. */
        MALFORMED("is not a signed JWT that can be read"),
        /** Its {@code alg} is not allowed, or not the key's. */
        UNSUPPORTED_ALGORITHM("has an algorithm that is not allowed, or not its key's"),
        /** No key of the current set has its {@code kid}; or it has none, and no key fits its {@code alg}. */
        UNKNOWN_KEY("is signed with a key that is not in the key set"),
        /** The signature does not verify. */
        BAD_SIGNATURE("has a signature that does not verify"),
        /** Its {@code exp} has passed, or it has no usable {@code exp}. */
        EXPIRED("has expired, or never would"),
        /** Its {@code nbf} is in the future. */
        NOT_YET_VALID("is not valid yet"),
        /** Its {@code iss} is not the one that is accepted. */
        WRONG_ISSUER("is of another issuer"),
        /** Its {@code aud} names no audience that is accepted. */
        WRONG_AUDIENCE("is for another audience"),
        /** It has no {@code sub}. */
        MISSING_SUBJECT("names no subject"),
        /** Its header's {@code typ} is not one that is accepted. */
        WRONG_TYPE("is of another type"),
        /** A claim that is required is missing or has another value, or a check refused the claims. */
        WRONG_CLAIM("has a claim that is wrong or missing");

        private final String text;

        Reason(String text) {
            this.text = text;
        }
    }

    /** Why the token is refused. */
    private final Reason reason;

    InvalidTokenException(Reason reason) {
        super("The token " + reason.text);
        this.reason = reason;
    }

    /** @param expected the end of the message: what was expected, and nothing of the token's text */
    InvalidTokenException(Reason reason, String expected) {
        super("The token " + reason.text + expected);
        this.reason = reason;
    }

    /** {@return why the token is refused; not null} */
    public Reason reason() {
        return reason;
    }
}
