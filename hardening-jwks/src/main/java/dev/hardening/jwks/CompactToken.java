package dev.hardening.jwks;

import dev.hardening.jwks.InvalidTokenException.Reason;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.util.Arrays;
import java.util.Base64;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A compact JWS (RFC 7515, section 7.1): its header, and its payload and signature, still encoded. */
final class CompactToken {

    /**
     * What a token's header says about how it is verified (RFC 7515, section 4). Everything else in it is ignored, and so
     * is a key that it brings or points to ({@code jwk}, {@code jku}, {@code x5u}, {@code x5c}).
     *
     * @param kid the key id, or null
     */
    record Header(SigningAlgorithm algorithm, @Nullable String kid) {

        // Written out: a record's own cost a cold start a method handle each.
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Header header && header.algorithm == algorithm && Objects.equals(header.kid, kid);
        }

        @Override
        public int hashCode() {
            return 31 * Objects.hashCode(kid) + algorithm.hashCode();
        }

        private static Header parse(byte[] json, Set<SigningAlgorithm> allowed, Set<String> types) {
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
                throw malformed(name == null ? "its header has no alg" : "its header has crit or b64");
            }
            String kid = text(members, "kid");
            String type = text(members, "typ");
            SigningAlgorithm algorithm = SigningAlgorithm.named(name);
            if (algorithm == null || !allowed.contains(algorithm)) {
                throw new InvalidTokenException(Reason.UNSUPPORTED_ALGORITHM, ": it has to be " + names(allowed));
            }
            if (!types.isEmpty() && (type == null || !types.contains(type(type)))) {
                throw new InvalidTokenException(Reason.WRONG_TYPE, " than " + String.join(" or ", types));
            }
            return new Header(algorithm, kid);
        }

        private static String names(Set<SigningAlgorithm> algorithms) {
            return algorithms.stream().map(SigningAlgorithm::toString).collect(Collectors.joining(" or "));
        }

        private static @Nullable String text(Map<String, Object> members, String name) {
            Object value = members.get(name);
            if (value != null && !(value instanceof String)) {
                throw malformed("its " + name + " is not text");
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

    private static final String BEARER = "Bearer ";
    private static final int SIGNED_PARTS = 3;
    private static final int ENCRYPTED_PARTS = 5; // RFC 7516, section 7.1

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
        if (token == null) {
            throw new InvalidTokenException(Reason.MALFORMED);
        }
        if (token.length() > maxLength) {
            throw malformed("it is longer than maxTokenLength, " + maxLength);
        }
        int firstDot = token.indexOf('.');
        int secondDot = token.indexOf('.', firstDot + 1);
        if (firstDot < 1 || secondDot < firstDot + 2) {
            throw malformed(whatFormItNeeds(token));
        }
        byte[] ascii = token.getBytes(StandardCharsets.ISO_8859_1); // any other character becomes a '?'
        for (int i = 0; i < ascii.length; i++) {
            if (BASE64_URL[ascii[i] & 0xff] == NO_DIGIT && i != firstDot && i != secondDot) {
                throw malformed(whatFormItNeeds(token));
            }
        }
        return new CompactToken(token.substring(0, firstDot), ascii, firstDot, secondDot);
    }

    /** What a text needs to be a compact JWS. Of the text it says only how many parts it has. */
    private static String whatFormItNeeds(String text) {
        if (text.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
            return "the word Bearer before it is no part of it";
        }
        long parts = text.chars().filter(character -> character == '.').count() + 1;
        if (parts == ENCRYPTED_PARTS) {
            return "it has 5 parts, as one that is encrypted";
        }
        return parts == SIGNED_PARTS
                ? "its parts have to be in base64url, without padding, and with nothing around them"
                : "it has to have 3 parts, and has " + parts;
    }

    private static InvalidTokenException malformed(String why) {
        return new InvalidTokenException(Reason.MALFORMED, ": " + why);
    }

    /** The header as it is, for a look-up. */
    String encodedHeader() {
        return encodedHeader;
    }

    /**
     * Reads the header.
     *
     * @param allowed the algorithms that are accepted
     * @param types the types that are accepted, as {@link Header#type} writes them; empty for any, or none
     * @throws InvalidTokenException if it is malformed, or its algorithm or type is not accepted
     */
    Header header(Set<SigningAlgorithm> allowed, Set<String> types) {
        return Header.parse(decode(0, firstDot), allowed, types);
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
