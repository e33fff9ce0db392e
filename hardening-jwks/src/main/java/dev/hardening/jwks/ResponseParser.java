package dev.hardening.jwks;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/** Makes what the endpoint answered by HTTP into the transport's response. */
final class ResponseParser {

    static final String ACCEPT = "application/jwk-set+json, application/json, */*;q=0.1";
    static final String ACCEPT_ENCODING = "identity";

    private static final Pattern MAX_AGE = Pattern.compile("(?:^|[\\s,])max-age=\"?(\\d{1,10})");
    private static final Pattern SECONDS = Pattern.compile("\\d{1,10}");
    private static final Set<String> GZIP = Set.of("gzip", "x-gzip");
    private static final Set<String> NONE = Set.of("", "identity");
    private static final byte[] GZIP_MAGIC = {0x1F, (byte) 0x8B};
    private static final Pattern SECRET_END = Pattern.compile("(?s)[?#;].*");
    private static final int MAX_SHOWN = 100;
    private static final int CHUNK = 8 * 1024;

    /** Opens the body of a response. */
    @FunctionalInterface
    interface Body {
        InputStream open() throws IOException;
    }

    private ResponseParser() {}

    /**
     * Reads a response.
     *
     * @param headers the values of a header, by its name
     * @param body opened only if it is needed, read up to the limit, and closed
     * @throws IOException if it is neither a body nor "not modified"
     */
    static JWKSFetcher.Response parse(int status, Function<String, List<String>> headers, Body body, int maxBytes)
            throws IOException {
        Duration maxAge = maxAge(headers);
        if (status == 304) {
            return JWKSFetcher.Response.notModified(maxAge);
        }
        if (status != 200 && status != 203) { // 203: a proxy has changed the answer (RFC 9110, section 15.3.4)
            String redirect = status >= 300 && status < 400 ? ", and redirects are refused" + target(headers) : "";
            Duration wait = status >= 400 ? retryAfter(headers) : Duration.ZERO;
            String message = "the endpoint answered HTTP " + status + redirect;
            if (wait.isZero()) {
                throw new IOException(message);
            }
            throw new RetryAfterException(
                    message + ", and asks to wait " + wait.toSeconds() + " s", wait, status, null);
        }
        return JWKSFetcher.Response.of(
                decoded(headers, body, maxBytes), first(headers, "ETag"), first(headers, "Last-Modified"), maxAge);
    }

    /** Where a redirect leads, as the end of a message: without a query, a fragment or a user, which may be secret. */
    private static String target(Function<String, List<String>> headers) {
        String location = first(headers, "Location");
        if (location == null || location.contains("@")) {
            return "";
        }
        return ": it leads to " + LogText.shortLine(SECRET_END.matcher(location).replaceFirst(""));
    }

    /**
     * The body, decompressed if need be. Some caches on the way compress it, although the request asks for no compression.
     * Other servers name a coding that is none, such as {@code UTF-8} or {@code aws-chunked}, and send plain JSON. So the
     * bytes decide (RFC 9110, section 8.4; RFC 1952, section 2.3.1).
     */
    private static byte[] decoded(Function<String, List<String>> headers, Body body, int maxBytes) throws IOException {
        String header = String.join(", ", headers.apply("Content-Encoding"));
        boolean namesGzip = codings(header).anyMatch(GZIP::contains);
        byte[] bytes;
        try (PushbackInputStream raw = new PushbackInputStream(body.open(), GZIP_MAGIC.length);
                InputStream in = namesGzip && isGzip(raw) ? new GZIPInputStream(raw) : raw) {
            bytes = limited(in, maxBytes);
        }
        if (!codings(header).allMatch(NONE::contains) && !beginsAsObject(bytes)) {
            String shown = header.length() <= MAX_SHOWN ? header : header.substring(0, MAX_SHOWN) + "…";
            throw new IOException("the answer is not a JSON object; its content encoding is " + LogText.oneLine(shown));
        }
        return bytes;
    }

    private static Stream<String> codings(String header) {
        return Arrays.stream(header.toLowerCase(Locale.ROOT).split(",", -1)).map(String::strip);
    }

    private static boolean isGzip(PushbackInputStream body) throws IOException {
        byte[] start = body.readNBytes(GZIP_MAGIC.length);
        body.unread(start);
        return Arrays.equals(start, GZIP_MAGIC);
    }

    /** Whether the first character is a brace, after a byte order mark and spaces. */
    private static boolean beginsAsObject(byte[] bytes) {
        String start = new String(bytes, StandardCharsets.UTF_8);
        return (start.startsWith("\uFEFF") ? start.substring(1) : start)
                .stripLeading()
                .startsWith("{");
    }

    private static byte[] limited(InputStream body, int maxBytes) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        byte[] chunk = new byte[CHUNK];
        for (int read = body.read(chunk); read >= 0; read = body.read(chunk)) {
            if (bytes.size() + read > maxBytes) {
                throw tooLarge(maxBytes);
            }
            bytes.write(chunk, 0, read);
        }
        return bytes.toByteArray();
    }

    static IOException tooLarge(int maxBytes) {
        return new IOException("the answer is larger than " + maxBytes + " bytes");
    }

    static @Nullable String first(Function<String, List<String>> headers, String name) {
        List<String> values = headers.apply(name);
        return values.isEmpty() || values.get(0).isBlank() ? null : values.get(0);
    }

    /** RFC 9111, sections 4.2.1 and 5.1: what is left of max-age after the time in other caches. */
    private static @Nullable Duration maxAge(Function<String, List<String>> headers) {
        Matcher maxAge =
                MAX_AGE.matcher(String.join(",", headers.apply("Cache-Control")).toLowerCase(Locale.ROOT));
        if (!maxAge.find()) {
            return null;
        }
        String age = first(headers, "Age");
        boolean hasAge = age != null && SECONDS.matcher(age.strip()).matches();
        long passed = hasAge && age != null ? Long.parseLong(age.strip()) : 0;
        return Duration.ofSeconds(Math.max(0, Long.parseLong(maxAge.group(1)) - passed));
    }

    /** RFC 9110, section 10.2.3: seconds, or a date, which is compared with the server's own clock if it says its time. */
    private static Duration retryAfter(Function<String, List<String>> headers) {
        String value = first(headers, "Retry-After");
        if (value == null) {
            return Duration.ZERO;
        }
        if (SECONDS.matcher(value.strip()).matches()) {
            return Duration.ofSeconds(Long.parseLong(value.strip()));
        }
        Instant until = date(value);
        Instant now = date(first(headers, "Date"));
        Duration wait = until == null ? Duration.ZERO : Duration.between(now == null ? Instant.now() : now, until);
        return wait.isNegative() ? Duration.ZERO : wait;
    }

    private static @Nullable Instant date(@Nullable String value) {
        try {
            return value == null ? null : DateTimeFormatter.RFC_1123_DATE_TIME.parse(value.strip(), Instant::from);
        } catch (DateTimeException malformed) {
            return null;
        }
    }
}
