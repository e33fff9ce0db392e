package dev.hardening.redis;

import java.util.IdentityHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Which connections of one client are up, and what is told of that. It only decides: it has no clock, thread or I/O of its
 * own. Safe for use by several threads.
 *
 * <p>An outage begins with the first connection that is lost and ends when all are back: it is told once when it begins,
 * once for each new reason why a reconnect fails, and once when it ends.
 */
final class Supervisor {

    static final String CLOSED = "the connection has been closed";

    private final ConnectListener listener;
    private final IdentityHashMap<Object, String> down = new IdentityHashMap<>();
    private String lastReason = "";
    private volatile boolean closed;

    /** Takes who is told; in the order of the events, and one at a time. */
    Supervisor(ConnectListener listener) {
        this.listener = listener;
    }

    /** A connection was lost that should be there. For one that is down already the reason that is known stays. */
    synchronized void lost(Object connection, String reason) {
        if (closed) {
            return;
        }
        boolean begins = down.isEmpty();
        if (down.putIfAbsent(connection, reason) == null && begins) {
            lastReason = reason;
            listener.disconnected(reason);
        }
    }

    /** A connection is there, again or for the first time. */
    synchronized void returned(Object connection) {
        if (down.remove(connection) != null && down.isEmpty() && !closed) {
            listener.reconnected();
        }
    }

    /** An attempt to reconnect failed, of whichever connection. */
    synchronized void reconnectFailed(String reason) {
        if (closed || down.isEmpty()) {
            return;
        }
        down.replaceAll((connection, before) -> reason);
        if (!reason.equals(lastReason)) {
            lastReason = reason;
            listener.reconnectFailed(reason);
        }
    }

    /** All is over: nothing is told after that. False if it was over already. */
    synchronized boolean close() {
        if (closed) {
            return false;
        }
        closed = true;
        down.clear();
        listener.closed();
        return true;
    }

    boolean isClosed() {
        return closed;
    }

    /** Why a connection is down; null if it is up. */
    synchronized @Nullable String whyDown(Object connection) {
        return closed ? CLOSED : down.get(connection);
    }
}
