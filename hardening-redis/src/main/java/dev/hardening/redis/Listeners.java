package dev.hardening.redis;

import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The log and the caller's listeners, in their order. What one throws is logged, and the others are told all the same. */
record Listeners(List<ConnectListener> callers) implements ConnectListener {

    private static final Logger LOG = LoggerFactory.getLogger(RedisConnector.class);

    @Override
    public void attemptFailed(Attempt attempt) {
        tell(listener -> listener.attemptFailed(attempt));
    }

    @Override
    public void connected(ConnectReport report) {
        tell(listener -> listener.connected(report));
    }

    @Override
    public void disconnected(String reason) {
        tell(listener -> listener.disconnected(reason));
    }

    @Override
    public void reconnectFailed(String reason) {
        tell(listener -> listener.reconnectFailed(reason));
    }

    @Override
    public void reconnected() {
        tell(ConnectListener::reconnected);
    }

    @Override
    public void closed() {
        tell(ConnectListener::closed);
    }

    private void tell(Consumer<ConnectListener> event) {
        for (ConnectListener listener : callers) {
            try {
                event.accept(listener);
            } catch (RuntimeException thrown) {
                LOG.warn("A connect listener threw {}", thrown.getClass().getName());
            }
        }
    }
}
