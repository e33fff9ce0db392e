package dev.hardening.redis;

/**
 * Told what becomes of a connection. The methods should not block, as those of an outage run on a thread of Lettuce's. What
 * they throw is logged and changes nothing.
 */
public interface ConnectListener {

    /** An attempt to start failed. */
    default void attemptFailed(Attempt attempt) {}

    /** The start succeeded. */
    default void connected(ConnectReport report) {}

    /**
     * An outage began: the connection, or one of several, was lost after the start. It is being connected again. By
     * default this calls {@link #disconnected()}.
     *
     * @param reason why, in one line, without a password
     */
    default void disconnected(String reason) {
        disconnected();
    }

    /** An outage began, for a listener that does not need the reason. */
    default void disconnected() {}

    /**
     * An attempt to reconnect failed, for another reason than was told before in this outage, such as {@code WRONGPASS}
     * once the password has been changed.
     *
     * @param reason why, in one line, without a password
     */
    default void reconnectFailed(String reason) {}

    /** The outage is over: everything is connected again. */
    default void reconnected() {}

    /** The connection was closed by the application; nothing is told after that. */
    default void closed() {}
}
