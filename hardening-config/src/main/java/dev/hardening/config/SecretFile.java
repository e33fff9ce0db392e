package dev.hardening.config;

import dev.hardening.config.SecretSource.Found;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/** Reads one secret from one file, and says why it cannot without showing a path or a value. */
final class SecretFile {

    private SecretFile() {}

    /**
     * Reads a file, less one last line break.
     *
     * @param what how a reason begins, such as {@code X_FILE names}
     */
    static Found read(Path file, String what, String origin) {
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            if (attributes.isDirectory()) {
                return invalid(what + " a directory", origin);
            }
            if (!attributes.isRegularFile()) {
                // To open a pipe could wait for ever.
                return invalid(what + " something that is not a regular file", origin);
            }
            String value = withoutLastLineBreak(TextFile.read(file));
            return Blank.isBlank(value) ? missing(what + " an empty file", origin) : new Found(value, origin);
        } catch (NoSuchFileException absent) {
            return missing(what + " a file that does not exist", origin);
        } catch (TextFile.TooLargeException tooLarge) {
            return invalid(what + " a file of more than 1 MiB", origin);
        } catch (CharacterCodingException notText) {
            return invalid(what + " a file that is not UTF-8 text", origin);
        } catch (IOException | SecurityException unreadable) {
            return missing(what + " a file that cannot be read", origin);
        }
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
