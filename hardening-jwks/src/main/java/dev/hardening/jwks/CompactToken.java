package dev.hardening.jwks;

import dev.hardening.jwks.InvalidTokenException.Reason;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/** The three parts of a compact JWS (RFC 7515, section 7.1), still encoded. */
final class CompactToken {

    private static final byte NO_DIGIT = -1;
    private static final byte[] BASE64_URL = new byte[256];

    static {
        Arrays.fill(BASE64_URL, NO_DIGIT);
        byte value = 0;
        for (byte digit : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
                .getBytes(StandardCharsets.US_ASCII)) {
            BASE64_URL[digit] = value++;
        }
    }

    private final String encodedHeader;
    private final byte[] ascii;
    private final int firstDot;
    private final int secondDot;

    private CompactToken(String encodedHeader, byte[] ascii, int firstDot, int secondDot) {
        this.encodedHeader = encodedHeader;
        this.ascii = ascii;
        this.firstDot = firstDot;
        this.secondDot = secondDot;
    }

    /**
     * Finds the parts.
     *
     * @param maxLength in characters
     * @throws InvalidTokenException if there are not exactly three of the right characters, of which the last may be empty
     */
    static CompactToken parse(@Nullable String token, int maxLength) {
        if (token == null || token.length() > maxLength) {
            throw new InvalidTokenException(Reason.MALFORMED);
        }
        int firstDot = token.indexOf('.');
        int secondDot = token.indexOf('.', firstDot + 1);
        if (firstDot < 1 || secondDot < firstDot + 2) {
            throw new InvalidTokenException(Reason.MALFORMED);
        }
        byte[] ascii = token.getBytes(StandardCharsets.ISO_8859_1); // any other character becomes a '?'
        for (int i = 0; i < ascii.length; i++) {
            if (BASE64_URL[ascii[i] & 0xff] == NO_DIGIT && i != firstDot && i != secondDot) {
                throw new InvalidTokenException(Reason.MALFORMED);
            }
        }
        return new CompactToken(token.substring(0, firstDot), ascii, firstDot, secondDot);
    }

    /** The header as it is, for a look-up. */
    String encodedHeader() {
        return encodedHeader;
    }

    /**
     * The header's bytes.
     *
     * @throws InvalidTokenException if they are not well encoded
     */
    byte[] header() {
        return decode(0, firstDot);
    }

    /**
     * The claims set's bytes.
     *
     * @throws InvalidTokenException if they are not well encoded
     */
    byte[] payload() {
        return decode(firstDot + 1, secondDot);
    }

    private byte[] decode(int start, int end) {
        try {
            ByteBuffer decoded = Base64.getUrlDecoder().decode(ByteBuffer.wrap(ascii, start, end - start));
            return decoded.limit() == decoded.capacity()
                    ? decoded.array()
                    : Arrays.copyOf(decoded.array(), decoded.limit());
        } catch (IllegalArgumentException badlyEncoded) {
            throw new InvalidTokenException(Reason.MALFORMED);
        }
    }

    /** The whole token, whose first {@link #signedLength()} bytes are signed. */
    byte[] ascii() {
        return ascii;
    }

    int signedLength() {
        return secondDot;
    }

    /** The signature. Null if there is none, or if it is not encoded in the only valid way, with 0 in the unused bits. */
    byte @Nullable [] signature() {
        int start = secondDot + 1;
        int length = ascii.length - start;
        // The last character of an incomplete group has 4 or 2 bits that are not used.
        int unused = switch (length % 4) {
            case 2 -> 0b1111;
            case 3 -> 0b11;
            default -> 0;
        };
        if (length == 0 || length % 4 == 1 || (BASE64_URL[ascii[ascii.length - 1]] & unused) != 0) {
            return null;
        }
        return decode(start, ascii.length);
    }
}
