package dev.hardening.springboot;

import java.util.Map;
import java.util.stream.Collectors;

/** A property has a value that the starter cannot use. The value is not shown, because it may hold a password. */
final class UnusablePropertyException extends IllegalArgumentException {

    private static final long serialVersionUID = 1;

    private final String property;

    UnusablePropertyException(String property, String reason) {
        super(property + ": " + reason);
        this.property = property;
    }

    /** Several properties, each with what is wrong with it. */
    UnusablePropertyException(Map<String, String> reasons) {
        super(reasons.entrySet().stream()
                .map(each -> each.getKey() + ": " + each.getValue())
                .collect(Collectors.joining("\n")));
        property = String.join(" and ", reasons.keySet());
    }

    /** The property, or several with {@code and} between them. */
    String property() {
        return property;
    }
}
