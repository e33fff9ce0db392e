package dev.hardening.example;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.javalin.http.Context;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A request's JSON object and the text that it came as, read with bounds on size and time. */
record RequestBody(String text, JsonNode json) {

    static final int MAX_BYTES = 16 * 1024;
    static final Duration TIME_LIMIT = Duration.ofSeconds(10);

    private static final Set<String> UTF_8 = Set.of("charset=utf-8", "charset=utf8");
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    static RequestBody read(Context context) {
        if (!isJsonInUtf8(context.req().getHeader("Content-Type"))
                || !isPlain(context.req().getHeader("Content-Encoding"))) {
            throw Problem.UNSUPPORTED_MEDIA_TYPE.thrown();
        }
        try {
            // A decoder of its own throws where the bytes are no UTF-8; String would put U+FFFD there.
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(readAll(context.req().getInputStream())))
                    .toString();
            JsonNode body = JSON.readTree(text);
            if (!body.isObject() || !isWellFormed(body)) {
                throw Problem.MALFORMED_REQUEST.thrown();
            }
            return new RequestBody(text, body);
        } catch (IOException unreadable) {
            throw Problem.MALFORMED_REQUEST.thrown();
        }
    }

    private static boolean isJsonInUtf8(@Nullable String type) {
        if (type == null) {
            return false;
        }
        String[] parts = type.toLowerCase(Locale.ROOT).split(";", -1);
        boolean accepted = parts[0].strip().equals("application/json");
        for (int at = 1; at < parts.length; at++) {
            String parameter = parts[at].replaceAll("[\\s\"]", "");
            accepted &= !parameter.startsWith("charset=") || UTF_8.contains(parameter);
        }
        return accepted;
    }

    private static boolean isPlain(@Nullable String encoding) {
        return encoding == null || encoding.strip().equalsIgnoreCase("identity");
    }

    private static byte[] readAll(InputStream in) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] part = new byte[4096];
        long started = System.nanoTime();
        for (int length = in.read(part); length >= 0; length = in.read(part)) {
            all.write(part, 0, length);
            if (all.size() > MAX_BYTES) {
                throw Problem.PAYLOAD_TOO_LARGE.thrown();
            }
            if (System.nanoTime() - started > TIME_LIMIT.toNanos()) {
                throw Problem.REQUEST_TIMEOUT.thrown();
            }
        }
        return all.toByteArray();
    }

    /** Whether no text holds half of a surrogate pair, which UTF-8 cannot keep: two such texts would become the same. */
    private static boolean isWellFormed(JsonNode node) {
        if (node.isTextual()) {
            return StandardCharsets.UTF_8.newEncoder().canEncode(node.textValue());
        }
        for (JsonNode child : node) {
            if (!isWellFormed(child)) {
                return false;
            }
        }
        return true;
    }
}
