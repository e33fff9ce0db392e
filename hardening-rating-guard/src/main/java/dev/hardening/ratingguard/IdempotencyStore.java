package dev.hardening.ratingguard;

import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/**
 * Where an {@link IdempotencyGuard} keeps its entries: three of a {@link ConcurrentMap}'s methods, each one atomic step.
 * A key is a hash, and names neither the caller nor the header; an entry is text, and holds the answer's body.
 *
 * <p>An implementation forgets entries after a time of its choice: an entry that {@link #putIfAbsent} wrote after about a
 * minute, longer than any request takes, so that a crashed server does not block its callers; one that {@link #replace}
 * wrote after as long as a client may try again, such as a day. The guard passes on what it throws, and tries a
 * {@link #remove} or {@link #replace} that failed again on the common pool, for a minute at most.
 */
public interface IdempotencyStore {

    /**
     * Writes the entry unless the key has one. If it throws, the guard calls {@link #remove} with this entry on the common
     * pool, as often as needed.
     *
     * @param key the key, a hash
     * @param entry the entry to write
     * @return the entry that the key had; null if it had none
     */
    @Nullable
    String putIfAbsent(String key, String entry);

    /**
     * Replaces the entry if it is the expected one.
     *
     * @param key the key, a hash
     * @param expected the entry that has to be there
     * @param entry the entry to write
     * @return whether it was replaced
     */
    boolean replace(String key, String expected, String entry);

    /**
     * Removes the entry if it is the expected one.
     *
     * @param key the key, a hash
     * @param expected the entry that has to be there
     * @return whether it was removed
     */
    boolean remove(String key, String expected);

    /**
     * Makes a store of a map, for one instance of a server. A plain {@link java.util.concurrent.ConcurrentHashMap}
     * forgets nothing; use a cache's map view.
     *
     * @param map where the entries are kept
     * @return the store
     */
    static IdempotencyStore of(ConcurrentMap<String, String> map) {
        return new IdempotencyStore() {
            @Override
            public @Nullable String putIfAbsent(String key, String entry) {
                return map.putIfAbsent(key, entry);
            }

            @Override
            public boolean replace(String key, String expected, String entry) {
                return map.replace(key, expected, entry);
            }

            @Override
            public boolean remove(String key, String expected) {
                return map.remove(key, expected);
            }
        };
    }
}
