package dev.hardening.redis;

import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.api.sync.RedisCommands;

/**
 * A connection that answered PING. Lettuce reconnects it when it is lost; meanwhile commands fail at once instead of
 * queueing. Safe for use by several threads.
 */
public final class ConnectedRedis implements AutoCloseable {

    private final RedisClient client;
    private final Lease<StatefulRedisConnection<String, String>> lease;

    ConnectedRedis(RedisClient client, Attempts.Connected<StatefulRedisConnection<String, String>> connected) {
        this.client = client;
        lease = new Lease<>(connected);
    }

    /** The connection itself, for several threads at once, as Lettuce's are. */
    public StatefulRedisConnection<String, String> connection() {
        return lease.connection();
    }

    /** Commands that wait for their answer, within the URI's timeout. */
    public RedisCommands<String, String> sync() {
        return connection().sync();
    }

    /** Commands that do not wait. */
    public RedisAsyncCommands<String, String> async() {
        return connection().async();
    }

    /** The client, for further connections. It ends with this one, unless the caller supplied it. */
    public RedisClient client() {
        return client;
    }

    /** How the connection came about. */
    public ConnectReport report() {
        return lease.report();
    }

    /**
     * Whether Redis answers PING now, within a second: for a health check. It never throws. When three
     * in a row are not answered, the connection is dropped and Lettuce makes another, unless the client is the caller's:
     * a peer that is gone without a word would else be waited for.
     *
     * @return false also if the thread is interrupted, whose flag stays set
     */
    public boolean ping() {
        return lease.ping();
    }

    /** Closes the connection and frees every thread and socket that is not the caller's own. A second call does nothing. */
    @Override
    public void close() {
        lease.close();
    }

    /** Prints the report. */
    @Override
    public String toString() {
        return "ConnectedRedis[" + report() + "]";
    }
}
