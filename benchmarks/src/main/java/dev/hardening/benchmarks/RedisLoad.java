package dev.hardening.benchmarks;

import dev.hardening.redis.ConnectedRedis;
import dev.hardening.redis.RedisConnector;
import dev.hardening.testing.RedisServer;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import java.io.IOException;

/** SET and GET on a connection with its heartbeat and supervision, and on one of Lettuce alone, in pairs whose order is drawn. */
final class RedisLoad {

    private static final double LEAST = 0.98;

    private RedisLoad() {}

    static Section section(Budget budget) throws IOException {
        Section section = new Section(
                Section.whole(budget.commands()) + " times SET and GET",
                "pairs",
                "`ConnectedRedis`, commands a second",
                "Lettuce alone",
                "ratio (95 % interval)");
        try (RedisServer server = RedisServer.start();
                ConnectedRedis ours =
                        RedisConnector.builder(server.uri()).build().connect()) {
            RedisClient client = RedisClient.create(server.uri());
            try (StatefulRedisConnection<String, String> theirs = client.connect()) {
                rate(ours.sync(), budget.commands());
                rate(theirs.sync(), budget.commands());
                Paired pairs = Paired.measure(
                        budget.commandPairs(),
                        23,
                        () -> rate(ours.sync(), budget.commands()),
                        () -> rate(theirs.sync(), budget.commands()));
                section.row("one thread", budget.commandPairs(), pairs.ours(), pairs.theirs(), pairs.text());
                section.targets()
                        .add(Section.Target.of(
                                "SET and GET under heartbeat and supervision, against Lettuce alone",
                                "≥ 0.98×",
                                pairs.text(),
                                pairs.ratio() >= LEAST));
            } finally {
                client.shutdown();
            }
        }
        return section;
    }

    private static double rate(RedisCommands<String, String> commands, int times) {
        long start = System.nanoTime();
        for (int i = 0; i < times; i++) {
            String key = "key-" + i % 100;
            commands.set(key, "value");
            commands.get(key);
        }
        return 2 * times / ((System.nanoTime() - start) / 1e9);
    }
}
