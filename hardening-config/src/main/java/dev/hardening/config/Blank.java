package dev.hardening.config;

/**
 * Says what is blank. This includes characters that {@link String#isBlank} does not count, such as U+00A0, U+FEFF and
 * U+200B.
 */
final class Blank {

    private Blank() {}

    static boolean isBlank(String text) {
        int i = 0;
        while (i < text.length() && isBlank(text.codePointAt(i))) {
            i += Character.charCount(text.codePointAt(i));
        }
        return i == text.length();
    }

    /** A text without the blank characters at its edges. */
    static String strip(String text) {
        int start = 0;
        int end = text.length();
        while (start < end && isBlank(text.codePointAt(start))) {
            start += Character.charCount(text.codePointAt(start));
        }
        while (start < end && isBlank(text.codePointBefore(end))) {
            end -= Character.charCount(text.codePointBefore(end));
        }
        return text.substring(start, end);
    }

    private static boolean isBlank(int codePoint) {
        return Character.isWhitespace(codePoint)
                || Character.isSpaceChar(codePoint)
                || Character.getType(codePoint) == Character.CONTROL
                || Character.getType(codePoint) == Character.FORMAT;
    }
}
