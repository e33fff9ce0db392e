package dev.hardening.jwks;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads one HTTP/1.1 answer (RFC 9112). Whatever does not follow the grammar is an {@link IOException}, except for headers
 * that other clients read or ignore.
 */
final class HttpReader {

    private static final int MAX_HEAD_BYTES = 64 * 1024;
    private static final Pattern STATUS = Pattern.compile("HTTP/1\\.\\d ([1-9]\\d\\d)([ \\t][^\\r]*)?");
    private static final Pattern FRAMING = Pattern.compile("(?i)content-length|transfer-encoding");
    private static final Pattern LIKE_FRAMING = Pattern.compile("(?i)\\s+(" + FRAMING + ")\\s*:|:?(" + FRAMING + ")");
    private static final Pattern NO_TOKEN = Pattern.compile("[^!#$%&'*+.^_`|~0-9a-z-]+"); // RFC 9110, section 5.6.2
    private static final Pattern LENGTH = Pattern.compile("\\d{1,18}");
    private static final Pattern CHUNK_SIZE = Pattern.compile("([0-9A-Fa-f]{1,15})[ \\t]*(;[^\\r]*)?");

    private final InputStream in;
    private final Map<String, List<String>> headers = new HashMap<>();
    private int headBytes;

    HttpReader(InputStream in) {
        this.in = new BufferedInputStream(in);
    }

    /** Reads up to the end of the headers, past interim answers, and returns the status. */
    int readHead() throws IOException {
        int status;
        do {
            headers.clear();
            Matcher line = STATUS.matcher(line());
            if (!line.matches()) {
                throw new IOException("the endpoint does not answer in HTTP/1.1");
            }
            status = Integer.parseInt(line.group(1));
            readHeaders();
        } while (status < 200 && status != 101);
        return status;
    }

    /**
     * Reads the headers. A folded line continues the one before it (RFC 9112, section 5.2). A line without a colon is no
     * header, and is left out. Neither may say where the body ends: other readers could understand it in another way.
     */
    private void readHeaders() throws IOException {
        String name = "";
        for (String line = line(); !line.isEmpty(); line = line()) {
            boolean isFolded = line.startsWith(" ") || line.startsWith("\t");
            int colon = isFolded ? -1 : line.indexOf(':');
            if (!isFolded) {
                name = colon > 0 ? line.substring(0, colon).toLowerCase(Locale.ROOT) : "";
            }
            if (colon > 0 && !isLikeFraming(name)) {
                headers.computeIfAbsent(name, first -> new ArrayList<>(1))
                        .add(line.substring(colon + 1).strip());
            } else if (colon > 0
                    || FRAMING.matcher(name).matches()
                    || LIKE_FRAMING.matcher(line).lookingAt()) {
                throw new IOException("the answer has a malformed header");
            } else if (isFolded && !name.isEmpty()) {
                List<String> values = header(name);
                int last = values.size() - 1;
                values.set(last, (values.get(last) + " " + line.strip()).strip());
            }
        }
    }

    /** Whether a name would say where the body ends, but for spaces or other characters that no name may have. */
    private static boolean isLikeFraming(String name) {
        return !FRAMING.matcher(name).matches()
                && FRAMING.matcher(NO_TOKEN.matcher(name).replaceAll("")).matches();
    }

    /** The values of a header. */
    List<String> header(String name) {
        return headers.getOrDefault(name.toLowerCase(Locale.ROOT), List.of());
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next = in.read(); next != '\n'; next = in.read()) {
            if (next < 0) {
                throw new IOException("the answer ends too early");
            }
            if (++headBytes > MAX_HEAD_BYTES) {
                throw new IOException("the answer has more than " + MAX_HEAD_BYTES + " bytes of headers");
            }
            line.append((char) next);
        }
        int length = line.length();
        return length > 0 && line.charAt(length - 1) == '\r' ? line.substring(0, length - 1) : line.toString();
    }

    /**
     * The body (RFC 9112, section 6.3).
     *
     * @throws IOException if it says that it is longer than the limit, or its length or encoding cannot be understood
     */
    InputStream body(int maxBytes) throws IOException {
        List<String> codings = transferCodings();
        if (!codings.isEmpty()) {
            if (codings.size() > 1 || !codings.get(0).equalsIgnoreCase("chunked")) {
                throw new IOException("the answer has a transfer encoding other than chunked");
            }
            return new Chunked();
        }
        if (header("Content-Length").isEmpty()) {
            return in;
        }
        List<String> lengths = elements("Content-Length");
        String length = lengths.isEmpty() ? "" : lengths.get(0);
        if (!LENGTH.matcher(length).matches() || !lengths.stream().allMatch(length::equals)) {
            throw new IOException("the answer has a malformed length");
        }
        if (Long.parseLong(length) > maxBytes) {
            throw ResponseParser.tooLarge(maxBytes);
        }
        return new Part(Long.parseLong(length));
    }

    /** Without {@code identity}, which is none, and which RFC 2616 still had. */
    private List<String> transferCodings() {
        List<String> codings = elements("Transfer-Encoding");
        codings.removeIf("identity"::equalsIgnoreCase);
        return codings;
    }

    /** The elements of a list, in one header or in several, without the empty ones (RFC 9110, sections 5.3 and 5.6.1). */
    private List<String> elements(String name) {
        List<String> elements = new ArrayList<>();
        for (String value : header(name)) {
            for (String element : value.split(",", -1)) {
                elements.add(element.strip());
            }
        }
        elements.removeIf(String::isEmpty);
        return elements;
    }

    /** So many bytes; an end before that is an error. */
    private final class Part extends InputStream {

        private long left;

        Part(long length) {
            left = length;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            if (left == 0) {
                return -1;
            }
            int read = in.read(bytes, offset, (int) Math.min(length, left));
            if (read < 0) {
                throw new IOException("the answer ends too early");
            }
            left -= read;
            return read;
        }
    }

    /** RFC 9112, section 7.1; the trailer is not read. */
    private final class Chunked extends InputStream {

        private Part chunk = new Part(0);
        private boolean begun;
        private boolean ended;

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            if (!ended && chunk.left == 0) {
                nextChunk();
            }
            return ended ? -1 : chunk.read(bytes, offset, length);
        }

        private void nextChunk() throws IOException {
            if (begun && !line().isEmpty()) {
                throw new IOException("the answer has a malformed chunk");
            }
            begun = true;
            headBytes = 0; // the limit is for each line between two chunks, however many there are
            Matcher size = CHUNK_SIZE.matcher(line());
            if (!size.matches()) {
                throw new IOException("the answer has a malformed chunk");
            }
            chunk = new Part(Long.parseLong(size.group(1), 16));
            ended = chunk.left == 0;
        }
    }
}
