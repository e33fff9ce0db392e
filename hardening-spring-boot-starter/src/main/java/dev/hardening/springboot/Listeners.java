package dev.hardening.springboot;

import dev.hardening.redis.Attempt;
import dev.hardening.redis.ConnectListener;
import dev.hardening.redis.ConnectReport;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The application's listeners as one. */
final class Listeners implements ConnectListener {

    private static final Logger LOG = LoggerFactory.getLogger(Listeners.class);

    private final List<ConnectListener> listeners;

    Listeners(List<ConnectListener> listeners) {
        this.listeners = listeners;
    }

    /**
     * The application's listeners for the connection that only checks Redis at the start. They do not get its end,
     * because the application never uses it.
     */
    ConnectListener duringStart() {
        return new ConnectListener() {
            @Override
            public void attemptFailed(Attempt attempt) {
                Listeners.this.attemptFailed(attempt);
            }

            @Override
            public void connected(ConnectReport report) {
                Listeners.this.connected(report);
            }
        };
    }

    @Override
    public void attemptFailed(Attempt attempt) {
        each(listener -> listener.attemptFailed(attempt));
    }

    @Override
    public void connected(ConnectReport report) {
        each(listener -> listener.connected(report));
    }

    @Override
    public void disconnected(String reason) {
        each(listener -> listener.disconnected(reason));
    }

    @Override
    public void reconnectFailed(String reason) {
        each(listener -> listener.reconnectFailed(reason));
    }

    @Override
    public void closed() {
        each(ConnectListener::closed);
    }

    @Override
    public void reconnected() {
        each(ConnectListener::reconnected);
    }

    private void each(Consumer<ConnectListener> event) {
        for (ConnectListener listener : listeners) {
            try {
                event.accept(listener);
            } catch (RuntimeException failed) {
                LOG.warn("A ConnectListener failed", failed);
            }
        }
    }
}
