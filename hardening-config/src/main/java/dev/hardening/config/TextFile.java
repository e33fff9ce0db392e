package dev.hardening.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads a file of UTF-8 text of at most 1 MiB, whatever the file turns out to be. */
final class TextFile {

    static final int MAX_BYTES = 1 << 20;

    private static final char BYTE_ORDER_MARK = '\ufeff';

    /** There is more than we read. */
    static final class TooLargeException extends IOException {

        private static final long serialVersionUID = 1;
    }

    private TextFile() {}

    /**
     * The text of a file, without a byte order mark.
     *
     * @throws TooLargeException if it has more than {@link #MAX_BYTES}; no more than those are ever read
     * @throws CharacterCodingException if it is not UTF-8, or has a NUL, as text in UTF-16 does
     * @throws IOException if it cannot be read
     */
    static String read(Path file) throws IOException {
        if (Files.size(file) > MAX_BYTES) {
            throw new TooLargeException();
        }
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(MAX_BYTES + 1); // what is no regular file, or grows, has another size than it says
        }
        if (bytes.length > MAX_BYTES) {
            throw new TooLargeException();
        }
        String text = StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(bytes))
                .toString();
        if (text.indexOf('\0') >= 0) {
            throw new MalformedInputException(1);
        }
        return !text.isEmpty() && text.charAt(0) == BYTE_ORDER_MARK ? text.substring(1) : text;
    }
}
