package dev.hardening.example;

import static org.awaitility.Awaitility.await;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisException;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A Redis Cluster of real servers, all of them primaries. */
final class RedisCluster implements AutoCloseable {

    private static final int SLOTS = 16_384;
    /** A node's second port is 10,000 above its first, whose highest is therefore this. */
    private static final int HIGHEST_PORT = 55_535;

    final List<DemoRedis> nodes = new ArrayList<>();

    RedisCluster(int number) throws IOException {
        while (nodes.size() < number) {
            DemoRedis node = new DemoRedis(
                    "--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--cluster-announce-ip", "127.0.0.1");
            if (node.port() <= HIGHEST_PORT) {
                nodes.add(node);
            } else {
                node.close();
            }
        }
        for (int place = 0; place < number; place++) {
            int[] slots = IntStream.range(place * SLOTS / number, (place + 1) * SLOTS / number)
                    .toArray();
            String epoch = String.valueOf(place + 1);
            asking(nodes.get(place), commands -> {
                commands.clusterSetConfigEpoch(Long.parseLong(epoch));
                commands.clusterAddSlots(slots);
                return commands.clusterMeet("127.0.0.1", nodes.get(0).port());
            });
        }
        awaitWell();
    }

    void awaitWell() {
        await().atMost(Duration.ofSeconds(60)).until(() -> nodes.stream().allMatch(RedisCluster::isWell));
    }

    private static boolean isWell(DemoRedis node) {
        try {
            return asking(node, commands -> commands.clusterInfo()).contains("cluster_state:ok");
        } catch (RedisException notYet) {
            return false;
        }
    }

    /** How many keys each node holds. */
    List<Long> sizes() {
        return nodes.stream().map(node -> asking(node, RedisCommands::dbsize)).toList();
    }

    DemoRedis nodeOf(String key) {
        for (DemoRedis node : nodes) {
            try {
                asking(node, commands -> commands.exists(key));
                return node;
            } catch (RedisException moved) {
                // Another's.
            }
        }
        throw new IllegalStateException("no node serves the key");
    }

    /** Asks one node, itself and no other; a server that has just been started is waited for. */
    private static <T> T asking(DemoRedis node, Function<RedisCommands<String, String>, T> question) {
        try (RedisClient client = RedisClient.create(node.url());
                StatefulRedisConnection<String, String> connection = await().atMost(Duration.ofSeconds(30))
                        .ignoreExceptionsInstanceOf(RedisException.class)
                        .until(client::connect, any -> true)) {
            return question.apply(connection.sync());
        }
    }

    /** All nodes as seeds. */
    String url() {
        return "redis://"
                + nodes.stream().map(node -> "127.0.0.1:" + node.port()).collect(Collectors.joining(","));
    }

    @Override
    public void close() {
        nodes.forEach(DemoRedis::close);
    }
}
