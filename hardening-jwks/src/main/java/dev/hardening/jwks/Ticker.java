package dev.hardening.jwks;

/** A monotonic clock for durations; the wall clock's changes do not move it. Safe for use by several threads. */
@FunctionalInterface
public interface Ticker {

    /** {@return nanoseconds since an arbitrary origin} Only differences mean something. */
    long read();

    /** {@return the ticker that reads {@link System#nanoTime()}} */
    static Ticker system() {
        return System::nanoTime;
    }
}
