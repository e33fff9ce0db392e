package dev.hardening.jwks;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads a JSON object (RFC 8259) from UTF-8: objects as maps, arrays as lists, whole numbers as Long, or as BigInteger if
 * they are too large for it, and numbers with a fraction or an exponent as Double. Nimbus's parser needs 3 KB more for each
 * token, is not as strict, and rounds large numbers.
 */
final class Json {

    private static final int MAX_DEPTH = 255;

    private final byte[] utf8;
    private final boolean lastWins;
    private int at;
    private int depth;

    private Json(byte[] utf8, boolean lastWins) {
        this.utf8 = utf8;
        this.lastWins = lastWins;
    }

    /**
     * Reads an object.
     *
     * @throws ParseException if it is anything else, names a member twice or is nested too deep; its message holds nothing
     *     of it
     */
    static Map<String, Object> object(byte[] utf8) throws ParseException {
        return new Json(utf8, false).whole();
    }

    /**
     * Reads an object that a provider publishes, such as a key set: past a byte order mark (RFC 8259, section 8.1), and of
     * members with the same name the last one counts (RFC 7517, section 4).
     *
     * @throws ParseException if it is anything else or is nested too deep; its message holds nothing of it
     */
    static Map<String, Object> document(byte[] utf8) throws ParseException {
        Json json = new Json(utf8, true);
        if (utf8.length > 2 && utf8[0] == (byte) 0xEF && utf8[1] == (byte) 0xBB && utf8[2] == (byte) 0xBF) {
            json.at = 3;
        }
        return json.whole();
    }

    private Map<String, Object> whole() throws ParseException {
        skipSpace();
        expect('{');
        Map<String, Object> object = members();
        skipSpace();
        if (at < utf8.length) {
            throw malformed();
        }
        return object;
    }

    private ParseException malformed() {
        return new ParseException("not a JSON object", at);
    }

    private int peek() throws ParseException {
        if (at == utf8.length) {
            throw malformed();
        }
        return utf8[at];
    }

    private void expect(char expected) throws ParseException {
        if (peek() != expected) {
            throw malformed();
        }
        at++;
    }

    /** Moves past a character, if it comes next. */
    private boolean skip(char next) throws ParseException {
        if (peek() != next) {
            return false;
        }
        at++;
        return true;
    }

    private void skipSpace() {
        while (at < utf8.length && (utf8[at] == ' ' || utf8[at] == '\n' || utf8[at] == '\r' || utf8[at] == '\t')) {
            at++;
        }
    }

    private void descend() throws ParseException {
        if (++depth > MAX_DEPTH) {
            throw malformed();
        }
    }

    /** The members of an object, after its brace. */
    @SuppressWarnings("NullAway") // a member may be null
    private Map<String, Object> members() throws ParseException {
        descend();
        Map<String, Object> members = new LinkedHashMap<>();
        skipSpace();
        if (!skip('}')) {
            do {
                skipSpace();
                expect('"');
                String name = string();
                skipSpace();
                expect(':');
                Object value = value();
                if (!lastWins && members.containsKey(name)) {
                    throw malformed();
                }
                members.put(name, value);
            } while (skip(','));
            expect('}');
        }
        depth--;
        return members;
    }

    /** The elements of an array, after its bracket. */
    private List<@Nullable Object> elements() throws ParseException {
        descend();
        List<@Nullable Object> elements = new ArrayList<>();
        skipSpace();
        if (!skip(']')) {
            do {
                elements.add(value());
            } while (skip(','));
            expect(']');
        }
        depth--;
        return elements;
    }

    /** A value, with the space around it. */
    private @Nullable Object value() throws ParseException {
        skipSpace();
        Object value = switch (peek()) {
            case '{' -> {
                at++;
                yield members();
            }
            case '[' -> {
                at++;
                yield elements();
            }
            case '"' -> {
                at++;
                yield string();
            }
            case 't' -> literal("true", true);
            case 'f' -> literal("false", false);
            case 'n' -> literal("null", null);
            default -> number();
        };
        skipSpace();
        return value;
    }

    private @Nullable Object literal(String text, @Nullable Boolean value) throws ParseException {
        for (int i = 0; i < text.length(); i++) {
            expect(text.charAt(i));
        }
        return value;
    }

    private Number number() throws ParseException {
        int start = at;
        boolean whole = true;
        skip('-');
        if (!skip('0')) {
            digits();
        }
        if (at < utf8.length && utf8[at] == '.') {
            whole = false;
            at++;
            digits();
        }
        if (at < utf8.length && (utf8[at] == 'e' || utf8[at] == 'E')) {
            whole = false;
            at++;
            if (!skip('-')) {
                skip('+');
            }
            digits();
        }
        String text = new String(utf8, start, at - start, StandardCharsets.ISO_8859_1);
        if (whole) {
            try {
                return Long.parseLong(text);
            } catch (NumberFormatException tooLarge) {
                // Read below.
            }
        }
        double rough = Double.parseDouble(text);
        if (Double.isInfinite(rough)) {
            throw malformed(); // also because a number of many thousand digits takes long to read
        }
        if (whole) {
            return new BigInteger(text);
        }
        return rough;
    }

    /** One digit at least. */
    private void digits() throws ParseException {
        int start = at;
        while (at < utf8.length && utf8[at] >= '0' && utf8[at] <= '9') {
            at++;
        }
        if (at == start) {
            throw malformed();
        }
    }

    /** A string, after its quotation mark. */
    private String string() throws ParseException {
        int start = at;
        boolean ascii = true;
        while (peek() != '"') {
            if (utf8[at] == '\\') {
                return escapedString(start);
            }
            ascii &= utf8[at] > 0;
            checkControl();
            at++;
        }
        String text = new String(utf8, start, at - start, ascii ? StandardCharsets.ISO_8859_1 : StandardCharsets.UTF_8);
        at++;
        return text;
    }

    private void checkControl() throws ParseException {
        if (utf8[at] >= 0 && utf8[at] < ' ') {
            throw malformed();
        }
    }

    private String escapedString(int start) throws ParseException {
        StringBuilder text = new StringBuilder();
        int from = start;
        while (peek() != '"') {
            checkControl();
            if (utf8[at] == '\\') {
                text.append(new String(utf8, from, at - from, StandardCharsets.UTF_8));
                at++;
                text.append(escape());
                from = at;
            } else {
                at++;
            }
        }
        text.append(new String(utf8, from, at - from, StandardCharsets.UTF_8));
        at++;
        return text.toString();
    }

    /** What stands after a backslash. */
    private char escape() throws ParseException {
        int escaped = peek();
        at++;
        return switch (escaped) {
            case '"', '\\', '/' -> (char) escaped;
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> {
                int code = 0;
                for (int i = 0; i < 4; i++) {
                    int digit = Character.digit(peek(), 16);
                    if (digit < 0) {
                        throw malformed();
                    }
                    code = code << 4 | digit;
                    at++;
                }
                yield (char) code;
            }
            default -> throw malformed();
        };
    }
}
