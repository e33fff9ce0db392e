package dev.hardening.redis;

import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The caller's listeners, in their order. What one throws is logged, and the others are told all the same. */
record Listeners(List<ConnectListener> callers) {

    private static final Logger LOG = LoggerFactory.getLogger(RedisConnector.class);

    void tell(Consumer<ConnectListener> event) {
        callers.forEach(listener -> tell(listener, event));
    }

    static void tell(ConnectListener listener, Consumer<ConnectListener> event) {
        try {
            event.accept(listener);
        } catch (Throwable thrown) { // also an Error, or what Kotlin throws unchecked
            LOG.warn("A connect listener threw {}", thrown.getClass().getName());
        }
    }
}
