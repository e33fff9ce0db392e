package dev.hardening.redis;

import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.api.sync.RedisCommands;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A connection that answered PING. Lettuce reconnects it when it is lost; meanwhile commands fail at once instead of
 * queueing. Safe for use by several threads.
 */
public final class ConnectedRedis implements AutoCloseable {

    private static final Duration PING_BOUND = Duration.ofSeconds(1);

    private final RedisClient client;
    private final StatefulRedisConnection<String, String> connection;
    private final ConnectReport report;
    private final Runnable free;
    private final AtomicBoolean closed = new AtomicBoolean();

    ConnectedRedis(
            RedisClient client,
            StatefulRedisConnection<String, String> connection,
            ConnectReport report,
            Runnable free) {
        this.client = client;
        this.connection = connection;
        this.report = report;
        this.free = free;
    }

    /** The connection itself, for several threads at once, as Lettuce's are. */
    public StatefulRedisConnection<String, String> connection() {
        return connection;
    }

    /** Commands that wait for their answer, within the URI's timeout. */
    public RedisCommands<String, String> sync() {
        return connection.sync();
    }

    /** Commands that do not wait. */
    public RedisAsyncCommands<String, String> async() {
        return connection.async();
    }

    /** The client, for further connections. It ends with this one, unless the caller supplied it. */
    public RedisClient client() {
        return client;
    }

    /** How the connection came about. */
    public ConnectReport report() {
        return report;
    }

    /**
     * Whether Redis answers PING now, within a second: for a health check. It never throws.
     *
     * @return false also if the thread is interrupted, whose flag stays set
     */
    public boolean ping() {
        try {
            return !closed.get()
                    && "PONG".equals(connection.async().ping().get(PING_BOUND.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return false;
        } catch (ExecutionException | TimeoutException | RuntimeException down) {
            return false;
        }
    }

    /** Closes the connection and frees every thread and socket that is not the caller's own. A second call does nothing. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            free.run();
        }
    }

    /** Prints the report. */
    @Override
    public String toString() {
        return "ConnectedRedis[" + report + "]";
    }
}
