package dev.hardening.redis;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;

/** A Redis Cluster of real servers, all of them primaries. */
final class RedisCluster implements AutoCloseable {

    private static final int SLOTS = 16_384;

    final List<RedisServer> nodes = new ArrayList<>();

    /** Starts the nodes, which know nothing of one another, and own no slots. */
    static RedisCluster startNodes(int number, String... arguments) throws Exception {
        RedisCluster cluster = new RedisCluster();
        List<String> all = new ArrayList<>(List.of(
                "--cluster-enabled", "yes", "--cluster-node-timeout", "5000", "--cluster-allow-reads-when-down", "no"));
        all.addAll(List.of(arguments));
        try {
            for (int i = 0; i < number; i++) {
                cluster.nodes.add(RedisServer.start(all.toArray(String[]::new)));
            }
        } catch (Exception failed) {
            cluster.close();
            throw failed;
        }
        return cluster;
    }

    /** Starts the nodes, deals out the slots, and waits until they agree that all is well. */
    static RedisCluster start(int number) throws Exception {
        RedisCluster cluster = startNodes(number);
        try {
            cluster.form();
        } catch (Exception failed) {
            cluster.close();
            throw failed;
        }
        return cluster;
    }

    void form() throws Exception {
        for (int i = 0; i < nodes.size(); i++) {
            RedisServer node = nodes.get(i);
            String slots = IntStream.range(i * SLOTS / nodes.size(), (i + 1) * SLOTS / nodes.size())
                    .mapToObj(String::valueOf)
                    .collect(Collectors.joining(" "));
            node.command(
                    "CLUSTER SET-CONFIG-EPOCH " + (i + 1),
                    "CLUSTER ADDSLOTS " + slots,
                    "CLUSTER MEET 127.0.0.1 " + nodes.get(0).port());
        }
        Awaitility.await()
                .atMost(java.time.Duration.ofSeconds(60))
                .until(() -> nodes.stream().allMatch(RedisCluster::isWell));
    }

    static boolean isWell(RedisServer node) {
        try {
            return node.command("CLUSTER INFO").contains("cluster_state:ok");
        } catch (java.io.IOException down) {
            return false;
        }
    }

    /** All nodes as seeds. */
    String uri() {
        return "redis://"
                + nodes.stream().map(node -> "127.0.0.1:" + node.port()).collect(Collectors.joining(","));
    }

    @Override
    public void close() throws Exception {
        for (RedisServer node : nodes) {
            node.close();
        }
    }
}
