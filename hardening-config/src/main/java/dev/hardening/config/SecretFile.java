package dev.hardening.config;

import dev.hardening.config.SecretSource.Found;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Reads one secret from one file. If it cannot, the reason shows neither a path nor a value. */
final class SecretFile {

    private SecretFile() {}

    /**
     * Reads a file without one line break at its end. The value may be blank.
     *
     * @param what how a reason begins, such as {@code X_FILE names}
     */
    static Found read(Path file, String what, String origin) {
        return read(file, what, origin, absent(what, origin));
    }

    /** What is found if there is no such file. */
    static Found absent(String what, String origin) {
        return Found.missing(what + " a file that does not exist", origin);
    }

    /**
     * Reads a file in the same way.
     *
     * @param absent the result if the file does not exist
     */
    static Found read(Path file, String what, String origin, Found absent) {
        try {
            return new Found(withoutLastLineBreak(TextFile.read(file)), origin);
        } catch (NoSuchFileException notThere) {
            return absent;
        } catch (TextFile.DirectoryException directory) {
            return Found.invalid(what + " a directory", origin);
        } catch (TextFile.NotRegularException pipeOrDevice) {
            return Found.invalid(what + " something that is not a regular file", origin);
        } catch (TextFile.TooLargeException tooLarge) {
            return Found.invalid(what + " a file of more than 1 MiB", origin);
        } catch (CharacterCodingException notText) {
            return Found.invalid(what + " a file that is not UTF-8 text", origin);
        } catch (BoundedRead.NoAnswerException stuck) {
            return Found.invalid(what + " a file that does not answer", origin);
        } catch (IOException | SecurityException unreadable) {
            return Found.missing(what + " a file that cannot be read", origin);
        }
    }

    /** Why a text is no path: the system cannot have it, or not in the process's locale. */
    static String noPath(String text) {
        boolean isOfTheLocale = text.indexOf('\0') < 0 && text.chars().anyMatch(c -> c > 0x7f);
        return isOfTheLocale
                ? "is not a path in the process's locale: run with a UTF-8 locale, such as C.UTF-8"
                : "is not a path";
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
}
