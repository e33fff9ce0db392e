package dev.hardening.springboot;

/** A property has a value that the starter cannot use. The value is not shown, because it may hold a password. */
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
