package dev.hardening.config;

import java.util.Collections;
import java.util.Map;
import java.util.WeakHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A value that the fields of no object lead to. Libraries that write objects read their fields, private and transient
 * ones too; here they find an object without any. The value lives in a table beside it for as long as this object does.
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
     * @throws IllegalStateException if there is none, because a library copied the owner field by field
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
