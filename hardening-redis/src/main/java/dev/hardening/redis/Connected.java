package dev.hardening.redis;

import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.cluster.api.sync.RedisClusterCommands;
import java.util.concurrent.CompletableFuture;

/**
 * A connection to Redis, for code that works with one server and with a cluster. Safe for use by several threads.
 */
public sealed interface Connected extends AutoCloseable permits ConnectedRedis, ConnectedRedisCluster {

    /** {@return the connection itself} As with every connection of Lettuce, several threads may use it at once. */
    StatefulConnection<String, String> connection();

    /** {@return commands that wait for their answer, within the URI's timeout, or 5 s if it names none} */
    RedisClusterCommands<String, String> sync();

    /** {@return commands that do not wait} */
    RedisClusterAsyncCommands<String, String> async();

    /** {@return how the connection came about} */
    ConnectReport report();

    /**
     * Checks whether Redis can be used now: it answers PING, has the required role, and as a cluster serves all its slots.
     * It never waits, may be called on any thread and by many at once, and leaves the connection as it is.
     *
     * @return completes within 2 s, and never with an exception; while disconnected at once, with the reason
     */
    CompletableFuture<RedisCheck> check();

    /**
     * Whether {@link #check()} says up, within a second: for a health check. It never throws. On an event loop, which
     * must not wait, it returns the last known state.
     *
     * @return false also if the thread is interrupted; its interrupt flag stays set
     */
    boolean ping();

    /** Closes every connection and frees every thread and socket that is not the caller's own. A second call does nothing. */
    @Override
    void close();
}
