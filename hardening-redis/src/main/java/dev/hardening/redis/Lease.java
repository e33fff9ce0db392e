package dev.hardening.redis;

import io.lettuce.core.api.StatefulConnection;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/** A connection until it is closed. Safe for use by several threads. */
final class Lease<C extends StatefulConnection<String, String>> {

    private static final Duration PING_BOUND = Duration.ofSeconds(1);

    private final Attempts.Connected<C> connected;
    private final AtomicBoolean closed = new AtomicBoolean();

    Lease(Attempts.Connected<C> connected) {
        this.connected = connected;
    }

    C connection() {
        return connected.connection();
    }

    ConnectReport report() {
        return connected.report();
    }

    boolean ping(Supplier<? extends Future<String>> ping) {
        try {
            return !closed.get() && "PONG".equals(ping.get().get(PING_BOUND.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return false;
        } catch (ExecutionException | TimeoutException | RuntimeException down) {
            return false;
        }
    }

    void close() {
        if (closed.compareAndSet(false, true)) {
            connected.free().run();
        }
    }
}
