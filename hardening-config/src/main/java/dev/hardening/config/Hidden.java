package dev.hardening.config;

import java.util.Collections;
import java.util.Map;
import java.util.WeakHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a value where no field leads to it. Libraries that write an object read its fields, private and transient ones
 * too; this object has none. The value is in a table, and is freed with this object.
 *
 * <p>The value must not refer to its own {@code Hidden}, or neither is ever freed.
 */
@SuppressWarnings("UnusedTypeParameter") // it is the type of what reveal() gives
final class Hidden<T> {

    private static final Map<Hidden<?>, Object> VALUES = Collections.synchronizedMap(new WeakHashMap<>());

    private Hidden() {}

    static <T> Hidden<T> of(T value) {
        Hidden<T> hidden = new Hidden<>();
        VALUES.put(hidden, value);
        return hidden;
    }

    /**
     * The value.
     *
     * @param hidden null where a library made its owner without the owner's constructor
     * @throws IllegalStateException if there is no value, because a library copied the owner field by field
     */
    @SuppressWarnings("unchecked") // only of() adds to the table
    static <T> T reveal(@Nullable Hidden<T> hidden) {
        Object value = hidden == null ? null : VALUES.get(hidden);
        if (value == null) {
            throw new IllegalStateException("its value is not here: a library copied or read it field by field");
        }
        return (T) value;
    }
}
