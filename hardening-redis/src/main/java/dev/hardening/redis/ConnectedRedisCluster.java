package dev.hardening.redis;

import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.api.async.RedisAdvancedClusterAsyncCommands;
import io.lettuce.core.cluster.api.sync.RedisAdvancedClusterCommands;

/**
 * A connection to a Redis Cluster of which a node answered PING, and whose slots were all served. Lettuce reconnects to
 * lost nodes and follows the cluster's changes; meanwhile commands for a lost node wait in a bounded queue, and fail at their timeout. Safe
 * for use by several threads.
 */
public final class ConnectedRedisCluster implements AutoCloseable {

    private final RedisClusterClient client;
    private final Lease<StatefulRedisClusterConnection<String, String>> lease;

    ConnectedRedisCluster(
            RedisClusterClient client, Attempts.Connected<StatefulRedisClusterConnection<String, String>> connected) {
        this.client = client;
        lease = new Lease<>(connected);
    }

    /** The connection itself, for several threads at once, as Lettuce's are. */
    public StatefulRedisClusterConnection<String, String> connection() {
        return lease.connection();
    }

    /** Commands that wait for their answer, within the URI's timeout, or 5 s if it names none. */
    public RedisAdvancedClusterCommands<String, String> sync() {
        return connection().sync();
    }

    /** Commands that do not wait. */
    public RedisAdvancedClusterAsyncCommands<String, String> async() {
        return connection().async();
    }

    /** The client, for further connections. It ends with this one. */
    public RedisClusterClient client() {
        return client;
    }

    /** How the connection came about; role and version are those of the node that answered. */
    public ConnectReport report() {
        return lease.report();
    }

    /**
     * Whether a node of the cluster answers PING now, within a second: for a health check. It never throws. When three
     * in a row are not answered, the connection is dropped and Lettuce makes another, unless the client is the caller's:
     * a peer that is gone without a word would else be waited for.
     *
     * @return false also if the thread is interrupted, whose flag stays set
     */
    public boolean ping() {
        return lease.ping();
    }

    /** Closes the connection and frees every thread and socket. A second call does nothing. */
    @Override
    public void close() {
        lease.close();
    }

    /** Prints the report. */
    @Override
    public String toString() {
        return "ConnectedRedisCluster[" + report() + "]";
    }
}
