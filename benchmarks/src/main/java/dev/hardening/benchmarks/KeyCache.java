package dev.hardening.benchmarks;

/**
 * The decisions of one instance's key cache in simulated time: when it fetches. It has no clock, thread or transport: its
 * caller tells it the time, in nanoseconds, and the outcome of each fetch. Keys are numbered, and a key set has all keys up
 * to its newest.
 */
public interface KeyCache {

    /** A moment that never comes. */
    long NEVER = Long.MAX_VALUE;

    /** A number that no key has: the key id is forged. */
    int FORGED = Integer.MAX_VALUE;

    /**
     * A request arrives with a token of this key.
     *
     * @return whether a fetch begins
     */
    boolean read(long now, int key);

    /** When its timer rings next, or {@link #NEVER}; in the past if it is due. By default it has no timer. */
    default long timerAt(long now) {
        return NEVER;
    }

    /**
     * Its timer rings.
     *
     * @return whether a fetch begins
     */
    default boolean timer(long now) {
        return false;
    }

    /** Until when no request with a token of a known key begins a fetch. */
    long quietUntil();

    /** Until when its keys may be used. */
    long usableUntil();

    /** The newest key that it has, or 0. */
    int newest();

    /** The fetch that began succeeded. */
    void succeeded(long now, int newest);

    /** The fetch that began failed. */
    void failed(long now);
}
