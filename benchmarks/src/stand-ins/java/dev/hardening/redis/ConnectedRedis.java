package dev.hardening.redis;

import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.api.sync.RedisCommands;
import java.time.Duration;

/** Lettuce's own connection, under the hardening's name. See the other stand-ins. */
public final class ConnectedRedis implements Connected {

    private final RedisClient client;
    private final StatefulRedisConnection<String, String> connection;

    ConnectedRedis(RedisClient client, StatefulRedisConnection<String, String> connection) {
        this.client = client;
        this.connection = connection;
    }

    public StatefulRedisConnection<String, String> connection() {
        return connection;
    }

    @Override
    public RedisCommands<String, String> sync() {
        return connection.sync();
    }

    public RedisAsyncCommands<String, String> async() {
        return connection.async();
    }

    public RedisClient client() {
        return client;
    }

    /** Lettuce alone does not ask. */
    @Override
    public ConnectReport report() {
        return new ConnectReport("", "", Role.UNKNOWN, "standalone", 1, Duration.ZERO, Duration.ZERO, Duration.ZERO);
    }

    @Override
    public boolean ping() {
        return connection.sync().ping().equals("PONG");
    }

    @Override
    public void close() {
        client.shutdown();
    }
}
