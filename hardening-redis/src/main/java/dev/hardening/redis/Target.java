package dev.hardening.redis;

import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.protocol.ProtocolVersion;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** What is connected to, one server or a cluster: all that differs between the two is here. */
interface Target<C extends StatefulConnection<String, String>> {

    AbstractRedisClient client();

    /** What the client runs on; null if it is the caller's. */
    @Nullable
    ClientRuntime runtime();

    /** Where it leads, without user and password. */
    String endpoint();

    /** Whose user, password and TLS count. */
    RedisURI uri();

    /** What {@link #connect()} is at, in words that follow "while". */
    String phase();

    /** Resolves names, on a thread that may block. */
    void resolve() throws UnknownHostException;

    CompletionStage<C> connect();

    /** What the server said of itself in the handshake of {@link #connect()}; null to ask it. */
    ServerCheck.@Nullable Server handshake();

    /** What the server has to be. */
    ServerCheck check();

    /** Whether the server closes the connection upon what it does not know: then it is asked PING alone. */
    boolean isBare();

    /** The connection has answered: from now on commands have so much time. */
    void commandTimeout(C connection, Duration each);

    /** What a failure means. */
    default Diagnosis diagnose(Throwable failure) {
        ClientRuntime ours = runtime();
        return Diagnosis.of(
                failure,
                new Failure.Context(
                        uri().isSsl(),
                        SafeUri.addresses(uri().getSentinels()),
                        ours == null ? null : ours.channels().lastError(),
                        ours == null ? null : ours.channels().lastPeer()));
    }

    /** One server, by its host, its Unix socket, or its Sentinels. */
    final class Standalone implements Target<StatefulRedisConnection<String, String>> {

        private final RedisClient client;
        private final @Nullable ClientRuntime runtime;
        private final RedisConnector.Builder options;
        private final ClientOptions clientOptions;
        private final RedisURI given;
        private final RedisURI uri;
        private volatile boolean bare;

        Standalone(RedisConnector.Builder options) {
            this.options = options;
            given = options.uris.get(0);
            uri = copy(given, options.attemptTimeout);
            if (options.client != null) {
                client = options.client;
                runtime = null;
            } else {
                runtime = new ClientRuntime(options);
                client = RedisClient.create(runtime.resources(), uri());
                client.setOptions(options.clientOptions());
            }
            clientOptions = client.getOptions();
        }

        @Override
        public RedisClient client() {
            return client;
        }

        @Override
        public @Nullable ClientRuntime runtime() {
            return runtime;
        }

        @Override
        public String endpoint() {
            return SafeUri.endpoint(given);
        }

        @Override
        public RedisURI uri() {
            return uri;
        }

        private boolean hasSentinels() {
            return !uri.getSentinels().isEmpty();
        }

        @Override
        public String phase() {
            if (hasSentinels()) {
                return "asking the Sentinels and connecting";
            }
            return runtime != null && runtime.channels().connected() ? "waiting for the handshake" : "connecting";
        }

        @Override
        public void resolve() throws UnknownHostException {
            if (runtime != null && !hasSentinels() && uri.getSocket() == null) {
                var unused = options.names.lookUp(uri.getHost());
            }
        }

        @Override
        public CompletionStage<StatefulRedisConnection<String, String>> connect() {
            if (runtime != null) {
                speak(runtime.channels());
                runtime.channels().reset(bare);
            }
            return client.connectAsync(StringCodec.UTF8, uri);
        }

        /**
         * Some proxies close the connection upon a command that they do not know. If the last attempt ended so at HELLO,
         * this one is in RESP2 and without CLIENT.
         */
        private void speak(Channels channels) {
            bare = channels.closedUponHello()
                    && clientOptions.getConfiguredProtocolVersion() == null
                    && !hasSentinels();
            client.setOptions(
                    bare
                            ? clientOptions
                                    .mutate()
                                    .protocolVersion(ProtocolVersion.RESP2)
                                    .build()
                            : clientOptions);
        }

        /** With Sentinels there are several handshakes. */
        @Override
        public ServerCheck.@Nullable Server handshake() {
            if (isBare()) {
                return ServerCheck.Server.UNKNOWN;
            }
            return runtime != null && !hasSentinels() ? runtime.channels().handshake() : null;
        }

        @Override
        public ServerCheck check() {
            return new ServerCheck(options.requiredRole, false, options.clusterNode);
        }

        @Override
        public boolean isBare() {
            return bare && options.requiredRole == null;
        }

        @Override
        public void commandTimeout(StatefulRedisConnection<String, String> connection, Duration each) {
            connection.setTimeout(each);
        }
    }

    /**
     * A cluster, by some of its nodes. Lettuce asks them all and waits for the slowest, then for all others that they
     * know, and connects: the timeouts that it does so with are a sixth of the attempt's, so that silent nodes do not
     * use up the attempt. Lettuce goes on to read the first seed's timeout for each further connection to a node, which
     * is why the seeds are copies, and change once the start is over.
     */
    final class Cluster implements Target<StatefulRedisClusterConnection<String, String>> {

        private static final int PHASES = 6;

        private final RedisClusterClient client;
        private final ClientRuntime runtime;
        private final String endpoint;
        private final List<RedisURI> seeds;

        Cluster(RedisConnector.Builder options) {
            Duration each = share(options.attemptTimeout);
            endpoint = SafeUri.endpoint(options.uris);
            seeds = options.uris.stream().map(seed -> copy(seed, each)).toList();
            runtime = new ClientRuntime(options);
            client = RedisClusterClient.create(runtime.resources(), seeds);
            client.setOptions(options.clusterClientOptions());
        }

        /** What each of the steps of a connect may take. */
        static Duration share(Duration attemptTimeout) {
            return attemptTimeout.dividedBy(PHASES);
        }

        @Override
        public RedisClusterClient client() {
            return client;
        }

        @Override
        public ClientRuntime runtime() {
            return runtime;
        }

        @Override
        public String endpoint() {
            return endpoint;
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
        public ServerCheck.@Nullable Server handshake() {
            return null;
        }

        @Override
        public ServerCheck check() {
            return new ServerCheck(null, true, true);
        }

        @Override
        public boolean isBare() {
            return false;
        }

        @Override
        public void commandTimeout(StatefulRedisClusterConnection<String, String> connection, Duration each) {
            seeds.forEach(seed -> seed.setTimeout(each));
            connection.getPartitions().forEach(node -> node.getUri().setTimeout(each));
            connection.setTimeout(each);
        }
    }

    /** With a timeout of its own, which is the handshakes' too: Lettuce's default is a minute. */
    static RedisURI copy(RedisURI uri, Duration timeout) {
        RedisURI.Builder builder = RedisURI.builder(uri).withTimeout(timeout);
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
            sentinel.setTimeout(sentinelShare(uri, timeout));
        }
        return copy;
    }

    /** What one of several Sentinels, which Lettuce asks in turn, may take of an attempt, so that silent ones do not use it up. */
    static Duration sentinelShare(RedisURI uri, Duration attemptTimeout) {
        int sentinels = uri.getSentinels().size();
        return sentinels == 0 ? attemptTimeout : attemptTimeout.dividedBy(sentinels + 2);
    }
}
