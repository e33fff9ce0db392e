package dev.hardening.jwks;

import com.nimbusds.jose.util.JSONObjectUtils;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.util.Map;

/** Reads JSON objects. */
final class Json {

    private Json() {}

    /**
     * Reads an object.
     *
     * @throws ParseException if it is anything else, or names a member twice; its message may hold a part of it
     */
    static Map<String, Object> object(byte[] utf8) throws ParseException {
        String text = new String(utf8, StandardCharsets.UTF_8);
        if (!text.stripLeading().startsWith("{")) {
            throw new ParseException("not a JSON object", 0); // Nimbus's parser takes an array of pairs for one
        }
        try {
            return JSONObjectUtils.parse(text);
        } catch (RuntimeException malformed) {
            throw new ParseException("not a JSON object", 0);
        }
    }
}
