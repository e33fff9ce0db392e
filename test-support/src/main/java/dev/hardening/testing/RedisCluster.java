package dev.hardening.testing;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A Redis Cluster of real servers on loopback, all of them primaries. */
public final class RedisCluster implements AutoCloseable {

    private static final int SLOTS = 16_384;

    /** A server refuses a line of more than 64 KB. */
    private static final int SLOTS_A_LINE = 4_096;

    private final List<RedisServer> nodes = new ArrayList<>();

    private RedisCluster() {}

    /** Starts nodes that know nothing of one another and own no slots; {@link #form()} makes a cluster of them. */
    public static RedisCluster startNodes(int number, String... arguments) throws IOException {
        RedisCluster cluster = new RedisCluster();
        List<String> all = new ArrayList<>(List.of(
                "--cluster-enabled",
                "yes",
                "--cluster-node-timeout",
                "5000",
                "--cluster-allow-reads-when-down",
                "no",
                "--cluster-announce-ip",
                "127.0.0.1"));
        all.addAll(List.of(arguments));
        try {
            for (int i = 0; i < number; i++) {
                cluster.nodes.add(RedisServer.start(all.toArray(String[]::new)));
            }
        } catch (IOException | IllegalStateException failed) {
            cluster.close();
            throw failed;
        }
        return cluster;
    }

    /** Starts nodes, shares the slots among them, and waits until all of them say that the cluster is up. */
    public static RedisCluster start(int number, String... arguments) throws IOException {
        RedisCluster cluster = startNodes(number, arguments);
        try {
            cluster.form();
        } catch (IOException | IllegalStateException failed) {
            cluster.close();
            throw failed;
        }
        return cluster;
    }

    /** Shares the slots among the nodes, introduces them to one another, and waits until the cluster is up. */
    public void form() throws IOException {
        for (int i = 0; i < nodes.size(); i++) {
            List<String> commands = new ArrayList<>(List.of("CLUSTER SET-CONFIG-EPOCH " + (i + 1)));
            int end = (i + 1) * SLOTS / nodes.size();
            for (int slot = i * SLOTS / nodes.size(); slot < end; slot += SLOTS_A_LINE) {
                commands.add(IntStream.range(slot, Math.min(slot + SLOTS_A_LINE, end))
                        .mapToObj(String::valueOf)
                        .collect(Collectors.joining(" ", "CLUSTER ADDSLOTS ", "")));
            }
            commands.add("CLUSTER MEET 127.0.0.1 " + nodes.get(0).port());
            nodes.get(i).command(commands.toArray(String[]::new));
        }
        awaitUp();
    }

    /** Waits, for a minute at most, until each node says that the cluster is up. */
    public void awaitUp() throws IOException {
        for (int i = 0; i < 1_200; i++) {
            if (nodes.stream().allMatch(RedisCluster::isUp)) {
                return;
            }
            RedisServer.pause();
        }
        throw new IllegalStateException("the cluster is not up after a minute");
    }

    /** Whether a node answers and says that the cluster is up. */
    public static boolean isUp(RedisServer node) {
        try {
            return node.command("CLUSTER INFO").contains("cluster_state:ok");
        } catch (IOException down) {
            return false;
        }
    }

    /** The nodes, in the order of their slots. */
    public List<RedisServer> nodes() {
        return List.copyOf(nodes);
    }

    /** The node that owns a key's slot. */
    public RedisServer nodeOf(String key) throws IOException {
        for (RedisServer node : nodes) {
            if (node.command("EXISTS " + key).startsWith(":")) {
                return node;
            }
        }
        throw new IllegalStateException("no node owns the key");
    }

    /** How many keys each node holds, in the order of {@link #nodes()}. */
    public List<Long> sizes() throws IOException {
        List<Long> sizes = new ArrayList<>();
        for (RedisServer node : nodes) {
            String answer = node.command("DBSIZE");
            sizes.add(Long.parseLong(answer.substring(1, answer.indexOf('\r'))));
        }
        return sizes;
    }

    /** All nodes as seeds: {@code redis://127.0.0.1:7001,127.0.0.1:7002}. */
    public String uri() {
        return nodes.stream().map(node -> "127.0.0.1:" + node.port()).collect(Collectors.joining(",", "redis://", ""));
    }

    @Override
    public void close() throws IOException {
        for (RedisServer node : nodes) {
            node.close();
        }
    }
}
