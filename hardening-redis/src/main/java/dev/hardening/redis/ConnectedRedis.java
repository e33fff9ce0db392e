package dev.hardening.redis;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;

/**
 * A connection that answered PING. A heartbeat notices if the server no longer answers, or has another role than the
 * required one. A lost connection is made again; until then, commands fail at once and are not queued. Safe for use by
 * several threads.
 */
public final class ConnectedRedis implements Connected {

    private final Session<StatefulRedisConnection<String, String>> session;
    private final RedisClient client;

    ConnectedRedis(Session<StatefulRedisConnection<String, String>> session) {
        this.session = session;
        client = (RedisClient) session.target().client();
    }

    @Override
    public StatefulRedisConnection<String, String> connection() {
        return session.connection();
    }

    @Override
    public RedisCommands<String, String> sync() {
        return connection().sync();
    }

    @Override
    public RedisAsyncCommands<String, String> async() {
        return connection().async();
    }

    /** {@return the client} It ends with this connection, unless the caller supplied it. */
    public RedisClient client() {
        return client;
    }

    /**
     * Gets the address, with credentials and the command timeout, for code that makes connections by itself.
     *
     * @return a copy
     */
    public RedisURI uri() {
        return session.uri();
    }

    /**
     * Opens a further connection with the same address, credentials, timeouts and supervision, such as one with another
     * codec or one for blocking commands. It is closed with this one, unless it was closed before.
     *
     * @param <K> the type of the keys
     * @param <V> the type of the values
     * @param codec turns both into bytes and back
     * @return the connection; close it when it is not needed
     * @throws RedisConnectException if that fails; it is tried once
     * @throws IllegalStateException if this connection has been closed, or on an event loop, which must not wait
     */
    public <K, V> StatefulRedisConnection<K, V> open(RedisCodec<K, V> codec) {
        Objects.requireNonNull(codec, "codec");
        return session.open(() -> client.connectAsync(codec, session.target().uri()));
    }

    /**
     * Opens a further connection for publish and subscribe, as {@link #open} does. Lettuce subscribes again after a
     * reconnect.
     *
     * @param <K> the type of the keys
     * @param <V> the type of the values
     * @param codec turns both into bytes and back
     * @return the connection; close it when it is not needed
     * @throws RedisConnectException if that fails; it is tried once
     * @throws IllegalStateException if this connection has been closed, or on an event loop, which must not wait
     */
    public <K, V> StatefulRedisPubSubConnection<K, V> openPubSub(RedisCodec<K, V> codec) {
        Objects.requireNonNull(codec, "codec");
        return session.open(
                () -> client.connectPubSubAsync(codec, session.target().uri()));
    }

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
        return "ConnectedRedis[" + report() + "]";
    }
}
