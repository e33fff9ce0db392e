package dev.hardening.redis;

/** Told what becomes of a connection. It should not block; what it throws is logged and changes nothing. */
public interface ConnectListener {

    /** An attempt failed. */
    default void attemptFailed(Attempt attempt) {}

    /** An attempt succeeded. */
    default void connected(ConnectReport report) {}

    /** The connection was lost after the start; Lettuce reconnects. */
    default void disconnected() {}

    /** The connection is back. */
    default void reconnected() {}
}
