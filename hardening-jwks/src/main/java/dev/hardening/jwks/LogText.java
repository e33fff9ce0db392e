package dev.hardening.jwks;

import java.util.regex.Pattern;

/** Text of others, such as a part of an answer, made fit for logs and messages. */
final class LogText {

    // Line breaks could forge a line of a log, and ESC rules a terminal.
    private static final Pattern CONTROL = Pattern.compile("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]+");

    private LogText() {}

    /** In one line without control characters: each run of them becomes a space. */
    static String oneLine(String text) {
        return CONTROL.matcher(text).replaceAll(" ");
    }
}
