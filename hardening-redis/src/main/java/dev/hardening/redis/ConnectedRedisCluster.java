package dev.hardening.redis;

import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.api.async.RedisAdvancedClusterAsyncCommands;
import io.lettuce.core.cluster.api.sync.RedisAdvancedClusterCommands;
import io.lettuce.core.cluster.pubsub.StatefulRedisClusterPubSubConnection;
import io.lettuce.core.codec.RedisCodec;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;

/**
 * A connection to a Redis Cluster. A node has answered PING, and all slots were served. A heartbeat notices each node
 * that no longer answers. Lettuce reconnects to lost nodes and follows the cluster's changes. Until then, commands for
 * a lost node wait in a bounded queue, and fail at their timeout. Safe for use by several threads.
 */
public final class ConnectedRedisCluster implements Connected {

    private final Session<StatefulRedisClusterConnection<String, String>> session;
    private final RedisClusterClient client;

    ConnectedRedisCluster(Session<StatefulRedisClusterConnection<String, String>> session) {
        this.session = session;
        client = (RedisClusterClient) session.target().client();
    }

    @Override
    public StatefulRedisClusterConnection<String, String> connection() {
        return session.connection();
    }

    @Override
    public RedisAdvancedClusterCommands<String, String> sync() {
        return connection().sync();
    }

    @Override
    public RedisAdvancedClusterAsyncCommands<String, String> async() {
        return connection().async();
    }

    /** {@return the client} It ends with this connection. */
    public RedisClusterClient client() {
        return client;
    }

    /**
     * Opens a further connection with the same nodes, credentials, timeouts and supervision, such as one with another
     * codec. It is closed with this one, unless it was closed before.
     *
     * @param <K> the type of the keys
     * @param <V> the type of the values
     * @param codec turns both into bytes and back
     * @return the connection; close it when it is not needed
     * @throws RedisConnectException if that fails; it is tried once
     * @throws IllegalStateException if this connection has been closed, or on an event loop, which must not wait
     */
    public <K, V> StatefulRedisClusterConnection<K, V> open(RedisCodec<K, V> codec) {
        Objects.requireNonNull(codec, "codec");
        return session.open(() -> client.connectAsync(codec));
    }

    /**
     * Opens a further connection for publish and subscribe, as {@link #open} does.
     *
     * @param <K> the type of the keys
     * @param <V> the type of the values
     * @param codec turns both into bytes and back
     * @return the connection; close it when it is not needed
     * @throws RedisConnectException if that fails; it is tried once
     * @throws IllegalStateException if this connection has been closed, or on an event loop, which must not wait
     */
    public <K, V> StatefulRedisClusterPubSubConnection<K, V> openPubSub(RedisCodec<K, V> codec) {
        Objects.requireNonNull(codec, "codec");
        return session.open(() -> client.connectPubSubAsync(codec));
    }

    /** {@return how the connection came about} Role and version are those of the node that answered. */
    @Override
    public ConnectReport report() {
        return session.report();
    }

    @Override
    public CompletableFuture<RedisCheck> check() {
        return session.check();
    }

    @Override
    public boolean ping() {
        return session.ping();
    }

    @Override
    public void close() {
        session.close();
    }

    /** Prints the report. */
    @Override
    public String toString() {
        return "ConnectedRedisCluster[" + report() + "]";
    }
}
