package dev.hardening.redis;

import io.lettuce.core.cluster.api.sync.RedisClusterCommands;

/** What the example uses of a connection. See the other stand-ins. */
public interface Connected extends AutoCloseable {

    RedisClusterCommands<String, String> sync();

    ConnectReport report();

    boolean ping();

    @Override
    void close();
}
