package dev.hardening.jwks;

import dev.hardening.jwks.InvalidTokenException.Reason;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/** The three parts of a compact JWS (RFC 7515, section 7.1), still encoded. */
final class CompactToken {

    private static final int MAX_LENGTH = 16 * 1024;
    private static final Base64.Encoder CANONICAL = Base64.getUrlEncoder().withoutPadding();
    private static final boolean[] BASE64_URL = new boolean[256];

    static {
        for (byte digit : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
                .getBytes(StandardCharsets.US_ASCII)) {
            BASE64_URL[digit] = true;
        }
    }

    private final byte[] ascii;
    private final int firstDot;
    private final int secondDot;

    private CompactToken(byte[] ascii, int firstDot, int secondDot) {
        this.ascii = ascii;
        this.firstDot = firstDot;
        this.secondDot = secondDot;
    }

    /**
     * Finds the parts.
     *
     * @throws InvalidTokenException if there are not exactly three of the right characters, of which the last may be empty
     */
    static CompactToken of(@Nullable String token) {
        if (token == null || token.length() > MAX_LENGTH) {
            throw new InvalidTokenException(Reason.MALFORMED);
        }
        int firstDot = token.indexOf('.');
        int secondDot = token.indexOf('.', firstDot + 1);
        if (firstDot < 1 || secondDot < firstDot + 2) {
            throw new InvalidTokenException(Reason.MALFORMED);
        }
        byte[] ascii = token.getBytes(StandardCharsets.ISO_8859_1); // what is not of it becomes a '?'
        for (int i = 0; i < ascii.length; i++) {
            if (!BASE64_URL[ascii[i] & 0xff] && i != firstDot && i != secondDot) {
                throw new InvalidTokenException(Reason.MALFORMED);
            }
        }
        return new CompactToken(ascii, firstDot, secondDot);
    }

    /** The header as it is, for a look-up. */
    String header() {
        return new String(ascii, 0, firstDot, StandardCharsets.ISO_8859_1);
    }

    /**
     * The claims set's bytes.
     *
     * @throws IllegalArgumentException if they are not well encoded
     */
    byte[] payload() {
        return Base64.getUrlDecoder().decode(Arrays.copyOfRange(ascii, firstDot + 1, secondDot));
    }

    /** The whole token, whose first {@link #signedLength()} bytes are signed. */
    byte[] ascii() {
        return ascii;
    }

    int signedLength() {
        return secondDot;
    }

    /** The signature; null unless it is encoded in the only way, with 0 in the bits that its last character has left. */
    byte @Nullable [] signature() {
        byte[] encoded = Arrays.copyOfRange(ascii, secondDot + 1, ascii.length);
        if (encoded.length % 4 == 1) {
            return null; // there is no such length
        }
        byte[] decoded = Base64.getUrlDecoder().decode(encoded);
        return Arrays.equals(CANONICAL.encode(decoded), encoded) ? decoded : null;
    }
}
