package dev.hardening.config;

/** What counts as blank: also what {@link String#isBlank} leaves out, such as U+00A0, U+FEFF and U+200B. */
final class Blank {

    private Blank() {}

    static boolean isBlank(String text) {
        return text.codePoints().allMatch(Blank::isBlank);
    }

    private static boolean isBlank(int codePoint) {
        return Character.isWhitespace(codePoint)
                || Character.isSpaceChar(codePoint)
                || Character.getType(codePoint) == Character.CONTROL
                || Character.getType(codePoint) == Character.FORMAT;
    }
}
