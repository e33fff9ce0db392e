package dev.hardening.redis;

import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
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

    private final List<Notifier> notifiers;
    private final IdentityHashMap<Object, String> down = new IdentityHashMap<>();
    private final Set<String> told = new HashSet<>();
    private volatile boolean closed;

    /** Takes who is told, of each event in their order. */
    Supervisor(List<Notifier> notifiers) {
        this.notifiers = notifiers;
    }

    /** A connection was lost that should be there. For one that is down already the reason that is known stays. */
    synchronized void lost(Object connection, String reason) {
        if (closed) {
            return;
        }
        boolean begins = down.isEmpty();
        if (down.putIfAbsent(connection, reason) == null && begins) {
            told.clear();
            told.add(reason);
            tell(listener -> listener.disconnected(reason));
        }
    }

    /** A connection is there, again or for the first time. */
    synchronized void returned(Object connection) {
        if (down.remove(connection) != null && down.isEmpty() && !closed) {
            tell(ConnectListener::reconnected);
        }
    }

    /** An attempt to reconnect failed, of whichever connection. */
    synchronized void reconnectFailed(String reason) {
        if (closed || down.isEmpty()) {
            return;
        }
        down.replaceAll((connection, before) -> reason);
        if (told.add(reason)) {
            tell(listener -> listener.reconnectFailed(reason));
        }
    }

    /** A connection is there, and cannot be used for what it was used for. */
    synchronized void useRefused(Object connection, String reason) {
        lost(connection, reason);
        if (!closed && told.add(reason)) { // others are still lost
            tell(listener -> listener.reconnectFailed(reason));
        }
    }

    /**
     * Ends the supervision. {@link #deliver()} tells the listeners of the close, and they are told nothing after it.
     * Returns false if it had ended before.
     */
    synchronized boolean close() {
        if (closed) {
            return false;
        }
        closed = true;
        down.clear();
        notifiers.forEach(notifier -> notifier.add(ConnectListener::closed));
        return true;
    }

    /** Tells what is not told yet, on this thread. */
    void deliver() {
        notifiers.forEach(Notifier::deliver);
    }

    private void tell(Consumer<ConnectListener> event) {
        notifiers.forEach(notifier -> notifier.tell(event));
    }

    boolean isClosed() {
        return closed;
    }

    /** Why a connection is down; null if it is up. */
    synchronized @Nullable String whyDown(Object connection) {
        return closed ? CLOSED : down.get(connection);
    }
}
