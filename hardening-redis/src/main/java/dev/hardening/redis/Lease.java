package dev.hardening.redis;

import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.api.StatefulConnection;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/** A connection until it is closed. Safe for use by several threads. */
final class Lease<C extends StatefulConnection<String, String>> {

    private static final Duration PING_BOUND = Duration.ofSeconds(1);
    private static final int UNANSWERED_BOUND = 3;

    private final Attempts.Connected<C> connected;
    private final AtomicBoolean closed = new AtomicBoolean();
    private final AtomicInteger unanswered = new AtomicInteger();

    Lease(Attempts.Connected<C> connected) {
        this.connected = connected;
    }

    C connection() {
        return connected.connection();
    }

    ConnectReport report() {
        return connected.report();
    }

    /** False if it is not answered in time; so many in a row, and the connection is given up for another. */
    boolean ping() {
        if (closed.get()) {
            return false;
        }
        Probe probe = new Probe();
        try {
            boolean answered =
                    "PONG".equals(probe.sendOn(connection()).get(PING_BOUND.toMillis(), TimeUnit.MILLISECONDS));
            unanswered.set(0);
            return answered;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return false;
        } catch (TimeoutException silent) {
            giveUpAfterSeveral(probe);
            return false;
        } catch (ExecutionException refused) {
            if (refused.getCause() instanceof RedisCommandTimeoutException) {
                giveUpAfterSeveral(probe); // the URI's own timeout is shorter than ours
            }
            return false;
        } catch (RuntimeException down) {
            return false;
        }
    }

    private void giveUpAfterSeveral(Probe probe) {
        if (unanswered.incrementAndGet() >= UNANSWERED_BOUND) {
            unanswered.set(0);
            probe.dropChannel();
        }
    }

    void close() {
        if (closed.compareAndSet(false, true)) {
            connected.free().run();
        }
    }
}
