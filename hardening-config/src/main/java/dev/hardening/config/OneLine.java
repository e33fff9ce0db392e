package dev.hardening.config;

/**
 * Keeps a text on one line: a character that could look like a new line of a message, or be invisible in it, is shown
 * as an escape.
 */
final class OneLine {

    private OneLine() {}

    static String of(String text) {
        StringBuilder line = new StringBuilder(text.length());
        int codePoint;
        for (int i = 0; i < text.length(); i += Character.charCount(codePoint)) {
            codePoint = text.codePointAt(i);
            if (isUnsafe(codePoint)) {
                line.append("\\u{").append(Integer.toHexString(codePoint)).append('}');
            } else {
                line.appendCodePoint(codePoint);
            }
        }
        return line.toString();
    }

    /** Line breaks, terminal escapes, marks that change the direction of writing, and lone surrogates. */
    private static boolean isUnsafe(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE -> true;
            default -> false;
        };
    }
}
