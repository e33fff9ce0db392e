package dev.hardening.springboot;

import java.lang.reflect.RecordComponent;
import java.util.Locale;

/** A property says what the hardening cannot do. Its value is not shown: it may hold a password. */
final class UnusablePropertyException extends IllegalArgumentException {

    private static final long serialVersionUID = 1;

    private final String property;

    UnusablePropertyException(String property, String reason) {
        super(property + ": " + reason);
        this.property = property;
    }

    /**
     * What a library's builder refused. Its message begins with the option, and the property has the option's name.
     *
     * @param properties the options that there are properties for, as components
     */
    static UnusablePropertyException of(
            Class<? extends Record> properties, String prefix, IllegalArgumentException refused) {
        return of(properties, prefix, refused, prefix);
    }

    /** The same, with the property that it is about where the message begins with none. */
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
