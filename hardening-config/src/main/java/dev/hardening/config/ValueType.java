package dev.hardening.config;

/**
 * One type of value.
 *
 * @param key what makes two declarations of one name the same type
 * @param declaration how a declaration file names it, such as {@code uri https http}
 * @param refusesSlips whether a value that looks like a {@link Slip} is refused
 * @param parser what becomes of a text
 */
record ValueType<T>(Object key, String declaration, boolean refusesSlips, Parser<T> parser) {

    /** Makes a value of a text. What must not show is kept in the batch. */
    interface Parser<T> {
        T parse(String text, Hidden.Batch secrets) throws RefusedException;
    }

    /** The text is refused. The message is the reason, in words that follow the name, and does not hold the text. */
    static final class RefusedException extends Exception {

        private static final long serialVersionUID = 1;

        RefusedException(String reason) {
            super(reason);
        }
    }

    boolean isSameAs(ValueType<?> other) {
        return key.equals(other.key);
    }
}
