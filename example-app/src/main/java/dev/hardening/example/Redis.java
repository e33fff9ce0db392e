package dev.hardening.example;

import dev.hardening.redis.ConnectListener;
import dev.hardening.redis.ConnectReport;
import dev.hardening.redis.ConnectedRedis;
import dev.hardening.redis.ConnectedRedisCluster;
import dev.hardening.redis.RedisConnector;
import io.lettuce.core.cluster.api.sync.RedisClusterCommands;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** What the app needs of its Redis, which is one server or a cluster. */
record Redis(
        Supplier<RedisClusterCommands<String, String>> commands,
        BooleanSupplier isUp,
        ConnectReport report,
        Runnable closing)
        implements AutoCloseable {

    /** Several hosts are the seeds of a cluster, and so is one that says of itself that it belongs to one. */
    static Redis connect(String url, ConnectListener listener) {
        RedisConnector.Builder connector = RedisConnector.builder(url).listener(listener);
        boolean seeds = !url.startsWith("redis-sentinel:")
                && url.substring(url.lastIndexOf('@') + 1).contains(",");
        if (!seeds) {
            ConnectedRedis one = connector.build().connect();
            if (!one.report().mode().equals("cluster")) {
                return new Redis(one::sync, one::ping, one.report(), one::close);
            }
            one.close();
        }
        ConnectedRedisCluster cluster = connector.buildCluster().connect();
        return new Redis(cluster::sync, cluster::ping, cluster.report(), cluster::close);
    }

    @Override
    public void close() {
        closing.run();
    }
}
