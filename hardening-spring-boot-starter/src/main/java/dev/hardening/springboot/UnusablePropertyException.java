package dev.hardening.springboot;

/** A property says what the hardening cannot do. Its value is not shown: it may hold a password. */
final class UnusablePropertyException extends IllegalArgumentException {

    private static final long serialVersionUID = 1;

    private final String property;

    UnusablePropertyException(String property, String reason) {
        super(property + ": " + reason);
        this.property = property;
    }

    String property() {
        return property;
    }
}
