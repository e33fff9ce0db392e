package dev.hardening.redis;

/**
 * Is told what happens to a connection. The start is told on the thread that connects. An outage is told on a daemon
 * thread: each event once, in order, and one at a time. So a method may call {@code check()} or {@code close()}. A method
 * that blocks during the start or in {@link #closed()} delays that start or that close. During an outage, it delays only
 * what this listener is told next. An exception that a method throws is logged and changes nothing.
 */
public interface ConnectListener {

    /**
     * Hears that an attempt to start failed.
     *
     * @param attempt the failed attempt
     */
    default void attemptFailed(Attempt attempt) {}

    /**
     * Hears that the start succeeded.
     *
     * @param report how the connection came about
     */
    default void connected(ConnectReport report) {}

    /**
     * Hears that an outage began: the connection, or one of several, was lost after the start. It is being connected
     * again. By default this calls {@link #disconnected()}.
     *
     * @param reason why, in one line, without a password
     */
    default void disconnected(String reason) {
        disconnected();
    }

    /** Hears that an outage began, for a listener that does not need the reason. */
    default void disconnected() {}

    /**
     * Hears that an attempt to reconnect failed, for another reason than was told before in this outage, such as {@code
     * WRONGPASS} once the password has been changed.
     *
     * @param reason why, in one line, without a password
     */
    default void reconnectFailed(String reason) {}

    /** Hears that the outage is over: everything is connected again. */
    default void reconnected() {}

    /**
     * Hears that the application closed the connection, on the thread that did; nothing is told after that. If the listener
     * is being told something else at that moment, it hears of the close afterwards, on that thread. If the application
     * closes only {@link Connected#connection()}, or the client, it hears of that on a daemon thread.
     */
    default void closed() {}
}
