package dev.hardening.springboot;

import java.lang.reflect.RecordComponent;
import java.util.Locale;

/** A property has a value that the starter cannot use. The value is not shown, because it may hold a password. */
final class UnusablePropertyException extends IllegalArgumentException {

    private static final long serialVersionUID = 1;

    private final String property;

    UnusablePropertyException(String property, String reason) {
        super(property + ": " + reason);
        this.property = property;
    }

    /**
     * Makes the exception for an option that a library's builder refused. The builder's message begins with the option,
     * and the property has the option's name.
     *
     * @param properties the record whose components are the options that have properties
     */
    static UnusablePropertyException of(
            Class<? extends Record> properties, String prefix, IllegalArgumentException refused) {
        return of(properties, prefix, refused, prefix);
    }

    /** The same, with the property to name if the message does not begin with an option. */
    static UnusablePropertyException of(
            Class<? extends Record> properties, String prefix, IllegalArgumentException refused, String otherwise) {
        String message =
                String.valueOf(refused.getMessage()).replace("allowPlainHttp()", "hardening.jwks.allow-plain-http");
        for (RecordComponent option : properties.getRecordComponents()) {
            if (message.startsWith(option.getName() + " ")) {
                String dashed = option.getName().replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
                return new UnusablePropertyException(prefix + "." + dashed, message);
            }
        }
        return new UnusablePropertyException(otherwise, message);
    }

    String property() {
        return property;
    }
}
