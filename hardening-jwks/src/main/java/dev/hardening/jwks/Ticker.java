package dev.hardening.jwks;

/** A monotonic clock for durations; the wall clock's changes do not move it. Safe for use by several threads. */
@FunctionalInterface
public interface Ticker {

    /** Nanoseconds since an arbitrary origin; only differences mean something. */
    long read();

    /** {@link System#nanoTime()}. */
    static Ticker system() {
        return System::nanoTime;
    }
}
