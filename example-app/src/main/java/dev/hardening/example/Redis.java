package dev.hardening.example;

import dev.hardening.redis.ConnectReport;
import dev.hardening.redis.Connected;
import dev.hardening.redis.RedisConnector;
import io.lettuce.core.cluster.api.sync.RedisClusterCommands;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** What the app needs of its Redis, which is one server or a cluster. */
record Redis(
        Supplier<RedisClusterCommands<String, String>> commands,
        BooleanSupplier isUp,
        ConnectReport report,
        Runnable closing)
        implements AutoCloseable {

    /** Several hosts are the seeds of a cluster, and so is one that says of itself that it belongs to one. */
    static Redis connect(String url, UnaryOperator<RedisConnector.Builder> listening) {
        Connected redis = listening.apply(RedisConnector.builder(url)).connectAny();
        return new Redis(redis::sync, redis::ping, redis.report(), redis::close);
    }

    @Override
    public void close() {
        closing.run();
    }
}
