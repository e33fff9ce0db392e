package dev.hardening.config;

import dev.hardening.config.SecretSource.Found;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads one secret from one file, bounded, and says why it cannot without showing a path or a value. */
final class SecretFile {

    static final int MAX_BYTES = 1 << 20;

    private SecretFile() {}

    /**
     * Reads a file.
     *
     * @param what how a reason begins, such as {@code X_FILE names}
     */
    static Found read(Path file, String what, String origin) {
        if (!Files.exists(file)) {
            return missing(what + " a file that does not exist", origin);
        }
        if (Files.isDirectory(file)) {
            return invalid(what + " a directory", origin);
        }
        if (!Files.isRegularFile(file)) {
            return invalid(what + " something that is not a regular file", origin);
        }
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(MAX_BYTES + 1);
        } catch (IOException | SecurityException unreadable) {
            return missing(what + " a file that cannot be read", origin);
        }
        if (bytes.length > MAX_BYTES) {
            return invalid(what + " a file of more than 1 MiB", origin);
        }
        String text;
        try {
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException notText) {
            return invalid(what + " a file that is not UTF-8 text", origin);
        }
        String value = withoutLastLineBreak(text);
        return Blank.isBlank(value) ? missing(what + " an empty file", origin) : new Found(value, origin);
    }

    private static String withoutLastLineBreak(String text) {
        int end = text.length();
        if (text.endsWith("\r\n")) {
            end -= 2;
        } else if (text.endsWith("\n")) {
            end -= 1;
        }
        return text.substring(0, end);
    }

    private static Found missing(String reason, String origin) {
        return Found.unusable(Problem.Kind.MISSING, reason, origin);
    }

    private static Found invalid(String reason, String origin) {
        return Found.unusable(Problem.Kind.INVALID, reason, origin);
    }
}
