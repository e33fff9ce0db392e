package dev.hardening.springboot;

import dev.hardening.redis.Attempt;
import dev.hardening.redis.ConnectListener;
import dev.hardening.redis.ConnectReport;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The application's listeners, for what happens after the start. What one throws is logged, and the others are told all
 * the same.
 */
record Listeners(List<ConnectListener> all) {

    private static final Logger LOG = LoggerFactory.getLogger(Listeners.class);

    /**
     * The same for the connection that only checks Redis at the start. They do not get its end, because the application
     * never uses it.
     */
    List<ConnectListener> duringStart() {
        return all.stream().map(Listeners::duringStart).toList();
    }

    private static ConnectListener duringStart(ConnectListener listener) {
        return new ConnectListener() {
            @Override
            public void attemptFailed(Attempt attempt) {
                listener.attemptFailed(attempt);
            }

            @Override
            public void connected(ConnectReport report) {
                listener.connected(report);
            }
        };
    }

    void tell(Consumer<ConnectListener> event) {
        for (ConnectListener listener : all) {
            try {
                event.accept(listener);
            } catch (Throwable thrown) { // also an Error, or what Kotlin throws unchecked
                LOG.warn("A connect listener threw {}", thrown.getClass().getName());
            }
        }
    }
}
