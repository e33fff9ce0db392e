package dev.hardening.config;

/**
 * Keeps a text on one line: a character that could look like a new line of a message, or be invisible in it, is shown
 * as an escape.
 */
final class OneLine {

    private OneLine() {}

    static String of(String text) {
        if (text.codePoints().noneMatch(OneLine::isUnsafe)) {
            return text;
        }
        StringBuilder line = new StringBuilder();
        text.codePoints().forEach(c -> {
            if (isUnsafe(c)) {
                line.append("\\u{").append(Integer.toHexString(c)).append('}');
            } else {
                line.appendCodePoint(c);
            }
        });
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
