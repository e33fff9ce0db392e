package dev.hardening.jwks;

import java.util.regex.Pattern;

/** Text of others, such as a part of an answer, made fit for logs and messages. */
final class LogText {

    // Line breaks could forge a line of a log, and ESC rules a terminal.
    private static final Pattern CONTROL = Pattern.compile("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]+");

    private static final int LONGEST = 500;

    private LogText() {}

    /** {@link #oneLine}, cut at 500 characters. */
    static String shortLine(String text) {
        return oneLine(text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "…");
    }

    /** In one line without control characters: each run of them becomes a space. */
    static String oneLine(String text) {
        return CONTROL.matcher(text).replaceAll(" ");
    }
}
