package dev.hardening.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a value where no field leads to it. Libraries that write an object read its fields, private and transient ones
 * too; the fields of this object say only where in a table the value is.
 *
 * <p>A value must not refer to its own {@code Hidden}, or neither is ever freed.
 */
@SuppressWarnings("UnusedTypeParameter") // it is the type of what reveal() gives
final class Hidden<T> {

    /** The values of each batch. It is also the lock of those lists. */
    private static final Map<Object, List<Object>> VALUES = new WeakHashMap<>();

    /**
     * Values that are hidden together, and freed together: with the last {@code Hidden} of them. The table has one entry
     * for a batch, because an entry costs more than a value, above all when the garbage collector has to free it.
     */
    static final class Batch {

        private final Object key = new Object();

        <T> Hidden<T> hide(T value) {
            synchronized (VALUES) {
                List<Object> values = VALUES.computeIfAbsent(key, first -> new ArrayList<>(1));
                values.add(value);
                return new Hidden<>(key, values.size() - 1);
            }
        }
    }

    private final Object key;
    private final int index;

    private Hidden(Object key, int index) {
        this.key = key;
        this.index = index;
    }

    static <T> Hidden<T> of(T value) {
        return new Batch().hide(value);
    }

    /**
     * The value.
     *
     * @param hidden null where a library made its owner without the owner's constructor
     * @throws IllegalStateException if there is no value, because a library copied the owner field by field
     */
    @SuppressWarnings("unchecked") // only hide() adds to the table
    static <T> T reveal(@Nullable Hidden<T> hidden) {
        if (hidden != null) {
            synchronized (VALUES) {
                List<Object> values = VALUES.get(hidden.key);
                if (values != null) {
                    return (T) values.get(hidden.index);
                }
            }
        }
        throw new IllegalStateException("its value is not here: a library copied or read it field by field");
    }
}
