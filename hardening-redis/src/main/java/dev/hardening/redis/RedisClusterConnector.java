package dev.hardening.redis;

import java.util.concurrent.CompletableFuture;

/**
 * Connects to a Redis Cluster at start-up, with the policy, the report and the exceptions of {@link RedisConnector}. At
 * least one of the seeds has to answer, and the cluster's state has to be ok.
 *
 * <p>Immutable and safe for use by several threads; each {@link #connect()} makes a connection of its own.
 */
public final class RedisClusterConnector {

    private final RedisConnector.Builder options;
    private final String endpoint;

    RedisClusterConnector(RedisConnector.Builder options) {
        this.options = options;
        endpoint = SafeUri.endpoint(options.uris);
    }

    /**
     * Connects, and waits until a node has answered PING.
     *
     * @return the connection
     * @throws RedisConnectException if that fails, or the thread is interrupted, whose flag stays set
     */
    public ConnectedRedisCluster connect() {
        return new ConnectedRedisCluster(ConnectLoop.connect(options, () -> new Target.Cluster(options)));
    }

    /**
     * Connects on a thread of its own. Cancelling the future, or completing it in another way such as by its {@code
     * orTimeout}, ends the attempts, and a connection that completes after that is closed.
     *
     * @return the connection; it fails with {@link RedisConnectException}
     */
    public CompletableFuture<ConnectedRedisCluster> connectAsync() {
        return Workers.supply(this::connect, ConnectedRedisCluster::close);
    }

    /** Prints where it connects to, without user and password. */
    @Override
    public String toString() {
        return "RedisClusterConnector[" + endpoint + "]";
    }
}
