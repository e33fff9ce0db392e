package dev.hardening.jwks;

import java.util.regex.Pattern;
import org.slf4j.Logger;

/** Text of others, such as a part of an answer, made fit for logs and messages. */
final class LogText {

    // Line breaks could forge a line of a log, and ESC rules a terminal.
    private static final Pattern CONTROL = Pattern.compile("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]+");

    private static final int LONGEST = 500;

    private LogText() {}

    /** Logs a warning. What a broken log throws is dropped: no token and no fetch may fail by it. */
    static void warn(Logger log, String line) {
        try {
            log.warn(line);
        } catch (RuntimeException | Error broken) {
            // There is no other place to say it.
        }
    }

    /** {@link #oneLine}, cut at 500 characters. */
    static String shortLine(String text) {
        return oneLine(text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "…");
    }

    /** In one line without control characters: each run of them becomes a space. */
    static String oneLine(String text) {
        return CONTROL.matcher(text).replaceAll(" ");
    }
}
