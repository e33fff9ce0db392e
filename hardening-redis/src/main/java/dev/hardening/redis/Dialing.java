package dev.hardening.redis;

import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.BaseRedisAsyncCommands;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.cluster.ClusterTopologyRefreshOptions;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.resource.ClientResources;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** What differs between one Redis and a cluster: Lettuce's client, its connection, and its commands. */
interface Dialing<C extends StatefulConnection<String, String>> {

    AbstractRedisClient client();

    /** Whose user, password and TLS count. */
    RedisURI uri();

    /** What {@link #connect()} is at, in words that follow "while". */
    String phase();

    /** Resolves names, on a thread that may block. */
    void resolve() throws UnknownHostException;

    CompletionStage<C> connect();

    /** What the server said of itself in the handshake of {@link #connect()}, as names and values; empty if not known. */
    List<Object> handshake();

    BaseRedisAsyncCommands<String, String> commands(C connection);

    /** Completes if the connection is of use beyond PING, and fails with the reason if not. */
    CompletionStage<?> check(C connection);

    /** The connection has answered: from now on commands have so much time. */
    void commandTimeout(C connection, Duration each);

    /** One Redis, by its host, its Unix socket, or its Sentinels. */
    final class Standalone implements Dialing<StatefulRedisConnection<String, String>> {

        private final RedisClient client;
        private final RedisURI uri;
        private final Addresses.Names names;
        private final @Nullable OwnResources own;

        /** Takes null for the resources of the caller's own client, which has a way of its own to resolve names. */
        Standalone(
                RedisClient client,
                RedisURI given,
                Duration attemptTimeout,
                Addresses.Names names,
                @Nullable OwnResources own) {
            this.client = client;
            this.names = names;
            this.own = own;
            uri = copy(given, attemptTimeout);
        }

        @Override
        public RedisClient client() {
            return client;
        }

        @Override
        public RedisURI uri() {
            return uri;
        }

        @Override
        public String phase() {
            if (!uri.getSentinels().isEmpty()) {
                return "asking the Sentinels and connecting";
            }
            return own != null && own.channels().connected() ? "waiting for the handshake" : "connecting";
        }

        @Override
        public void resolve() throws UnknownHostException {
            if (own != null && uri.getSentinels().isEmpty() && uri.getSocket() == null) {
                var unused = names.lookUp(uri.getHost());
            }
        }

        @Override
        public CompletionStage<StatefulRedisConnection<String, String>> connect() {
            if (own != null) {
                own.channels().reset();
            }
            return client.connectAsync(StringCodec.UTF8, uri);
        }

        /** With Sentinels there are several handshakes. */
        @Override
        public List<Object> handshake() {
            return own != null && uri.getSentinels().isEmpty() ? own.channels().handshake() : List.of();
        }

        @Override
        public BaseRedisAsyncCommands<String, String> commands(StatefulRedisConnection<String, String> connection) {
            return connection.async();
        }

        @Override
        public CompletionStage<?> check(StatefulRedisConnection<String, String> connection) {
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public void commandTimeout(StatefulRedisConnection<String, String> connection, Duration each) {
            connection.setTimeout(each);
        }
    }

    /**
     * A cluster, by some of its nodes. Lettuce asks them all and waits for the slowest, then for all others that they
     * know, and connects: the timeouts that it does so with are a sixth of the attempt's, so that silent nodes do not
     * use up the attempt. Commands are queued until their node is connected, within bounds and their timeout: told to
     * reject them while disconnected, Lettuce would refuse the first command to each node. Lettuce goes on to read the first seed's timeout for each further connection to a node, which
     * is why the seeds are copies, and change once the start is over.
     */
    final class Cluster implements Dialing<StatefulRedisClusterConnection<String, String>> {

        private static final int PHASES = 6;
        private static final Duration TOPOLOGY_PERIOD = Duration.ofMinutes(1);

        private final RedisClusterClient client;
        private final List<RedisURI> seeds;

        Cluster(ClientResources resources, List<RedisURI> given, ClientOptions options, Duration attemptTimeout) {
            Duration each = attemptTimeout.dividedBy(PHASES);
            seeds = given.stream().map(seed -> copy(seed, each)).toList();
            client = RedisClusterClient.create(resources, seeds);
            client.setOptions(
                    options instanceof ClusterClientOptions callers
                            ? callers
                            : ClusterClientOptions.builder(options)
                                    .disconnectedBehavior(ClientOptions.DisconnectedBehavior.DEFAULT)
                                    .socketOptions(options.getSocketOptions()
                                            .mutate()
                                            .connectTimeout(each)
                                            .build())
                                    .topologyRefreshOptions(topologyRefresh())
                                    .build());
        }

        /** Lettuce 7 asks again after each sign of a change by itself; 6 has to be told. */
        @SuppressWarnings("deprecation")
        private static ClusterTopologyRefreshOptions topologyRefresh() {
            return ClusterTopologyRefreshOptions.builder()
                    .enableAllAdaptiveRefreshTriggers()
                    .enablePeriodicRefresh(TOPOLOGY_PERIOD)
                    .build();
        }

        @Override
        public RedisClusterClient client() {
            return client;
        }

        @Override
        public RedisURI uri() {
            return seeds.get(0);
        }

        @Override
        public String phase() {
            return "asking for the cluster's nodes and connecting";
        }

        /** Lettuce does, on its own threads; one that resolves is enough. */
        @Override
        public void resolve() {}

        @Override
        public CompletionStage<StatefulRedisClusterConnection<String, String>> connect() {
            return client.refreshPartitionsAsync().thenCompose(found -> client.connectAsync(StringCodec.UTF8));
        }

        /** There are several. */
        @Override
        public List<Object> handshake() {
            return List.of();
        }

        @Override
        public BaseRedisAsyncCommands<String, String> commands(
                StatefulRedisClusterConnection<String, String> connection) {
            return connection.async();
        }

        /** A cluster that misses slots answers PING and refuses everything else. */
        @Override
        public CompletionStage<?> check(StatefulRedisClusterConnection<String, String> connection) {
            return connection
                    .async()
                    .clusterInfo()
                    .exceptionally(mayNotBeAsked -> "")
                    .thenApply(info -> {
                        if (info.contains("cluster_state:fail")) {
                            throw new Diagnosis.NotReady("CLUSTERDOWN: the cluster misses slots or a majority");
                        }
                        return info;
                    });
        }

        @Override
        public void commandTimeout(StatefulRedisClusterConnection<String, String> connection, Duration each) {
            seeds.forEach(seed -> seed.setTimeout(each));
            connection.getPartitions().forEach(node -> node.getUri().setTimeout(each));
            connection.setTimeout(each);
        }
    }

    /** With timeouts of its own, which are the handshakes' too: Lettuce's default is a minute. */
    private static RedisURI copy(RedisURI uri, Duration attemptTimeout) {
        RedisURI.Builder builder = RedisURI.builder(uri).withTimeout(attemptTimeout);
        List<RedisURI> sentinels = uri.getSentinels();
        if (!sentinels.isEmpty()) {
            builder.withSentinelMasterId(uri.getSentinelMasterId());
            sentinels.forEach(
                    sentinel -> builder.withSentinel(RedisURI.builder(sentinel).build()));
        }
        RedisURI copy = builder.build();
        for (int i = 0; i < sentinels.size(); i++) {
            RedisURI sentinel = copy.getSentinels().get(i);
            sentinel.applySsl(sentinels.get(i)); // build() gave it that of the primary, and its timeout
            sentinel.setTimeout(share(uri, attemptTimeout));
        }
        return copy;
    }

    /** What one of several Sentinels, which Lettuce asks in turn, may take of an attempt, so that silent ones do not use it up. */
    static Duration share(RedisURI uri, Duration attemptTimeout) {
        int sentinels = uri.getSentinels().size();
        return sentinels == 0 ? attemptTimeout : attemptTimeout.dividedBy(sentinels + 2);
    }
}
