package dev.hardening.redis;

import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.StaticCredentialsProvider;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.models.partitions.RedisClusterNode;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.resource.SocketAddressResolver;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the connector connects to: one server or a cluster. Everything that differs between the two is here. */
interface Target<C extends StatefulConnection<String, String>> {

    Logger LOG = LoggerFactory.getLogger(RedisConnector.class);

    AbstractRedisClient client();

    /** What the client runs on; null if it is the caller's. */
    @Nullable
    ClientRuntime runtime();

    /** The endpoint, without user and password. */
    String endpoint();

    /** The URI whose user, password and TLS are used. */
    RedisURI uri();

    /** What {@link #connect()} is doing at the moment, in words that follow "while". */
    String phase();

    /** Whether {@link #resolve()}, the credentials or {@link #connect()} may block the thread that asks for them. */
    default boolean mayBlock() {
        return true;
    }

    /** Resolves names, on a thread that may block. */
    void resolve() throws UnknownHostException;

    CompletionStage<C> connect();

    /** What the server reported in the handshake of {@link #connect()}; null to ask it. */
    Requirement.@Nullable Server handshake();

    /** The role and state that the server has to have. */
    Requirement requirement();

    /** Whether the server closes the connection after an unknown command. Then only PING is sent to it. */
    boolean isBare();

    /** Sets the commands' timeout, once the connection has answered. */
    void commandTimeout(C connection, Duration each);

    /** Looks once, without waiting, for what the start could not see. */
    default void watch(C connection) {}

    /** Ends when the connections that {@link #watch} opens are open, or have failed. */
    default CompletableFuture<?> opening() {
        return CompletableFuture.completedFuture(null);
    }

    /** Takes note of the server that is connected to at the start. */
    default void connectedTo(Requirement.Server server) {}

    /**
     * What a failure means.
     *
     * @param worked whether a connection has worked before
     */
    default Diagnosis diagnose(Throwable failure, boolean worked) {
        ClientRuntime ours = runtime();
        return Diagnosis.of(
                failure,
                new Failure.Context(
                        uri().isSsl(),
                        SafeUri.addresses(uri().getSentinels()),
                        ours == null ? null : ours.channels().lastError(),
                        ours == null ? null : ours.channels().lastPeer(),
                        ours == null ? null : ours.channels().refused(),
                        SafeUri.hasPassword(uri()),
                        worked));
    }

    /** One server, by its host, its Unix socket, or its Sentinels. */
    final class Standalone implements Target<StatefulRedisConnection<String, String>> {

        private final RedisClient client;
        private final @Nullable ClientRuntime runtime;
        private final RedisConnector.Builder options;
        private final RedisURI given;
        private final RedisURI uri;
        private volatile boolean clusterNode;

        Standalone(RedisConnector.Builder options) {
            this.options = options;
            clusterNode = options.clusterNode;
            given = options.uris.get(0);
            uri = copy(given, options.attemptTimeout);
            if (options.client != null) {
                client = options.client;
                runtime = null;
            } else {
                runtime = new ClientRuntime(options);
                client = new SentinelClient(runtime.resources(), uri(), runtime::isFreed);
                client.addListener(runtime.channels().connections());
                client.setOptions(options.clientOptions());
            }
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
        public boolean mayBlock() {
            return runtime == null
                    || options.socketAddressResolver != null
                    || hasSentinels()
                    || uri.isSsl()
                    || !(uri.getCredentialsProvider() instanceof StaticCredentialsProvider)
                    || (uri.getSocket() == null && !Addresses.isAddress(uri.getHost()));
        }

        /** The caller's resolver may lead to another name. */
        @Override
        public void resolve() throws UnknownHostException {
            if (runtime != null
                    && options.socketAddressResolver == null
                    && !hasSentinels()
                    && uri.getSocket() == null) {
                var unused = options.names.lookUp(uri.getHost());
            }
        }

        /**
         * Some proxies close the connection after an unknown command. If the last attempt ended so at HELLO, and this one
         * does too, it connects once more, without HELLO and CLIENT. A server that closed once for another reason is asked
         * as usual.
         */
        @Override
        public CompletionStage<StatefulRedisConnection<String, String>> connect() {
            ClientRuntime ours = runtime;
            if (ours == null) {
                return client.connectAsync(StringCodec.UTF8, uri);
            }
            Channels channels = ours.channels();
            boolean closedBefore = (channels.closedUponHello() || channels.isBare())
                    && client.getOptions().getConfiguredProtocolVersion() == null
                    && !hasSentinels();
            CompletionStage<StatefulRedisConnection<String, String>> first = open(channels, false);
            if (!closedBefore) {
                return first;
            }
            return first.toCompletableFuture()
                    .exceptionallyComposeAsync(
                            failure -> channels.closedUponHello() && !ours.isFreed()
                                    ? open(channels, true)
                                    : CompletableFuture.failedFuture(failure),
                            Workers::run);
        }

        private CompletionStage<StatefulRedisConnection<String, String>> open(Channels channels, boolean bare) {
            channels.reset(bare);
            return client.connectAsync(StringCodec.UTF8, uri);
        }

        @Override
        public Diagnosis diagnose(Throwable failure, boolean worked) {
            Diagnosis diagnosis = Target.super.diagnose(failure, worked);
            boolean isAddressOld = worked && client instanceof SentinelClient sentinels && sentinels.foundNone();
            return isAddressOld && !Failure.addresses(failure).isEmpty()
                    ? diagnosis.after("no Sentinel names the primary; ")
                    : diagnosis;
        }

        /** With Sentinels there are several handshakes. */
        @Override
        public Requirement.@Nullable Server handshake() {
            if (isBare()) {
                return Requirement.Server.UNKNOWN;
            }
            return runtime != null && !hasSentinels() ? runtime.channels().handshake() : null;
        }

        /** Sentinels are asked for the primary, and one that is out of date may name a replica. */
        @Override
        public Requirement requirement() {
            boolean anyRole = options.requiredRole == null;
            Role required = anyRole && hasSentinels() ? Role.PRIMARY : options.requiredRole;
            return new Requirement(required, anyRole, false, clusterNode);
        }

        /** A server that is no node of a cluster may not be one after a reconnect either. */
        @Override
        public void connectedTo(Requirement.Server server) {
            clusterNode = clusterNode && server.mode().equals("cluster");
        }

        @Override
        public boolean isBare() {
            return runtime != null && runtime.channels().isBare();
        }

        @Override
        public void commandTimeout(StatefulRedisConnection<String, String> connection, Duration each) {
            connection.setTimeout(each);
        }
    }

    /**
     * A cluster, from some of its nodes. Lettuce asks all of these and waits for the slowest, then asks all other nodes
     * that they know, and then connects. Each of these steps has a sixth of the attempt's timeout, so that silent nodes
     * do not use up the attempt. For each later connection to a node Lettuce reads the first seed's timeout again. So
     * the seeds are copies, and get the commands' timeout once the start is over.
     */
    final class Cluster implements Target<StatefulRedisClusterConnection<String, String>> {

        private static final int PHASES = 6;

        private final RedisClusterClient client;
        private final ClientRuntime runtime;
        private final String endpoint;
        private final List<RedisURI> seeds;
        private final boolean isMapped;
        private volatile CompletableFuture<?> opening = CompletableFuture.completedFuture(null);

        Cluster(RedisConnector.Builder options) {
            Duration each = share(options.attemptTimeout);
            endpoint = SafeUri.endpoint(options.uris);
            seeds = options.uris.stream().map(seed -> copy(seed, each)).toList();
            for (RedisURI seed : seeds) {
                if (Credentials.areSame(seed.getCredentialsProvider(), uri().getCredentialsProvider())) {
                    seed.setCredentialsProvider(uri().getCredentialsProvider()); // asked once for all of them
                }
            }
            // Lettuce's own leaves the addresses as they are.
            isMapped = options.socketAddressResolver != null
                    && options.socketAddressResolver.getClass() != SocketAddressResolver.class;
            runtime = new ClientRuntime(options);
            client = RedisClusterClient.create(runtime.resources(), seeds);
            client.setOptions(options.clusterClientOptions());
        }

        /** How long each step of a connect may take. */
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

        /** Lettuce resolves the names on its own threads, and needs only one of them. */
        @Override
        public void resolve() {}

        @Override
        public CompletionStage<StatefulRedisClusterConnection<String, String>> connect() {
            return client.refreshPartitionsAsync().thenCompose(found -> client.connectAsync(StringCodec.UTF8));
        }

        @Override
        public Diagnosis diagnose(Throwable failure, boolean worked) {
            Requirement.Server met = runtime.channels().handshake();
            if (met != null && met.role() == Role.SENTINEL) {
                return Target.super.diagnose(new Diagnosis.WrongServer(Requirement.IS_A_SENTINEL), worked);
            }
            Diagnosis diagnosis = Target.super.diagnose(failure, worked);
            List<String> known = SafeUri.addresses(seeds);
            return Failure.addresses(failure).stream()
                    .filter(address -> !known.contains(address))
                    .findFirst()
                    .map(address ->
                            diagnosis.with(" [" + address + (isMapped ? "]" : ", as the cluster announces it]")))
                    .orElse(diagnosis);
        }

        /**
         * Connects to the primaries, and warns of those that cannot be reached. Behind a NAT the nodes may announce
         * addresses that mean nothing here; then the cluster says that it is well, and the commands for some keys fail.
         */
        @Override
        public void watch(StatefulRedisClusterConnection<String, String> connection) {
            List<CompletableFuture<?>> all = new ArrayList<>();
            for (RedisClusterNode node : connection.getPartitions()) {
                if (node.is(RedisClusterNode.NodeFlag.UPSTREAM)
                        && !node.getSlots().isEmpty()) {
                    RedisURI at = node.getUri();
                    all.add(connection
                            .getConnectionAsync(at.getHost(), at.getPort())
                            .whenComplete((open, failure) -> {
                                if (failure != null && connection.isOpen()) {
                                    LOG.warn(
                                            "The primary {} of the Redis cluster cannot be reached; it has {} of the slots: {}",
                                            at.getHost() + ":" + at.getPort(),
                                            node.getSlots().size(),
                                            diagnose(failure, true).reason());
                                }
                            }));
                }
            }
            opening = CompletableFuture.allOf(all.toArray(CompletableFuture[]::new));
        }

        @Override
        public CompletableFuture<?> opening() {
            return opening;
        }

        /** A cluster has several handshakes. */
        @Override
        public Requirement.@Nullable Server handshake() {
            return null;
        }

        @Override
        public Requirement requirement() {
            return new Requirement(null, true, true, true);
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

    /** A copy with another timeout, which is also that of handshakes. Lettuce's default would be a minute. */
    static RedisURI copy(RedisURI uri, Duration timeout) {
        RedisURI.Builder builder = RedisURI.builder(uri).withTimeout(timeout);
        List<RedisURI> sentinels = uri.getSentinels();
        if (!sentinels.isEmpty()) {
            builder.withSentinelMasterId(uri.getSentinelMasterId());
            sentinels.forEach(
                    sentinel -> builder.withSentinel(RedisURI.builder(sentinel).build()));
        }
        RedisURI copy = builder.build();
        copy.setStartTls(false); // Redis has no STARTTLS: the password would be sent before TLS begins
        copy.setCredentialsProvider(Credentials.of(uri.getCredentialsProvider()));
        for (int i = 0; i < sentinels.size(); i++) {
            RedisURI sentinel = copy.getSentinels().get(i);
            sentinel.applySsl(sentinels.get(i)); // build() gave it that of the primary, and its timeout
            sentinel.setStartTls(false);
            sentinel.setTimeout(sentinelShare(uri, timeout));
        }
        return copy;
    }

    /**
     * How long each of several Sentinels may take. Lettuce asks them one after the other, and silent ones must not use
     * up the attempt.
     */
    static Duration sentinelShare(RedisURI uri, Duration attemptTimeout) {
        int sentinels = uri.getSentinels().size();
        return sentinels == 0 ? attemptTimeout : attemptTimeout.dividedBy(sentinels + 2);
    }
}
