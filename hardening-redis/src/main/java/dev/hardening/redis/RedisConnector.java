package dev.hardening.redis;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.cluster.ClusterTopologyRefreshOptions;
import io.lettuce.core.resource.SocketAddressResolver;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Connects to Redis at start-up, with backoff and within a deadline for everything. The server has to answer PING. If
 * it cannot be reached, the start fails with the reason.
 *
 * <p>By default there are three attempts, with waits of 1 s, 2 s, 4 s, …, within seven seconds. Each of these is an
 * option. The deadline's clock starts once the client's classes are loaded. A failure that another attempt cannot
 * change, such as a wrong password, ends the start at once.
 *
 * <p>Immutable and safe for use by several threads; each {@link #connect()} makes a connection of its own.
 */
public final class RedisConnector {

    private static final int QUEUED_COMMANDS = 10_000;
    private static final Duration ATTEMPT_TIMEOUT = Duration.ofSeconds(3);
    private static final Duration TOPOLOGY_PERIOD = Duration.ofMinutes(1);

    /** Lettuce's is 30 s, for which a node that took over would stay unknown. */
    private static final Duration TOPOLOGY_PAUSE = Duration.ofSeconds(2);

    private static final SocketOptions.KeepAliveOptions KEEP_ALIVE = SocketOptions.KeepAliveOptions.builder()
            .enable()
            .idle(Duration.ofSeconds(10))
            .interval(Duration.ofSeconds(5))
            .count(3)
            .build();

    private final Builder options;
    private final String endpoint;

    private RedisConnector(Builder builder) {
        options = builder;
        endpoint = SafeUri.endpoint(builder.uris.get(0));
    }

    /**
     * The options that a connector uses if it is given none, to start from: commands fail at once while disconnected, at
     * most 10,000 are queued, each has a timeout, connecting takes at most 3 s, and TCP connections are kept alive.
     *
     * @return a new builder
     */
    public static ClientOptions.Builder defaultClientOptions() {
        return clientOptions(ATTEMPT_TIMEOUT);
    }

    /**
     * The same for a cluster. Commands wait for their node, within the same bounds, because Lettuce would refuse the
     * first command to each node if it rejected commands while disconnected. The topology is asked for every minute,
     * and after each sign of a change, such as a lost node, at most every 2 seconds.
     *
     * @return a new builder
     */
    public static ClusterClientOptions.Builder defaultClusterClientOptions() {
        return clusterClientOptions(clientOptions(Target.Cluster.share(ATTEMPT_TIMEOUT))
                .disconnectedBehavior(ClientOptions.DisconnectedBehavior.DEFAULT)
                .build());
    }

    private static ClientOptions.Builder clientOptions(Duration connectTimeout) {
        return ClientOptions.builder()
                .disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
                .requestQueueSize(QUEUED_COMMANDS)
                .timeoutOptions(TimeoutOptions.enabled())
                .socketOptions(SocketOptions.builder()
                        .connectTimeout(connectTimeout)
                        .keepAlive(KEEP_ALIVE)
                        .build());
    }

    /** Lettuce 7 asks again after each sign of a change by itself; Lettuce 6 has to be configured to. */
    @SuppressWarnings("deprecation")
    private static ClusterClientOptions.Builder clusterClientOptions(ClientOptions options) {
        return ClusterClientOptions.builder(options)
                .topologyRefreshOptions(ClusterTopologyRefreshOptions.builder()
                        .enableAllAdaptiveRefreshTriggers()
                        .refreshTriggersReconnectAttempts(1)
                        .adaptiveRefreshTriggersTimeout(TOPOLOGY_PAUSE)
                        .enablePeriodicRefresh(TOPOLOGY_PERIOD)
                        .build());
    }

    /**
     * Begins a connector.
     *
     * @param uri {@code redis://}, {@code rediss://}, {@code redis-socket://} or {@code redis-sentinel://}, as Lettuce
     *     reads it; for a cluster {@code redis://} or {@code rediss://} with one or several hosts, separated by commas
     * @return a builder
     * @throws IllegalArgumentException if it is none, if a part of it cannot be read, or if its user or password holds
     *     a sign that has to be encoded; the message names the part and the place, and shows no part of the password
     */
    public static Builder builder(String uri) {
        Builder builder = new Builder(SafeUri.parse(Objects.requireNonNull(uri, "uri")));
        builder.timeoutGiven = SafeUri.hasTimeout(uri);
        return builder;
    }

    /**
     * Begins a connector for a URI that is built already.
     *
     * @param uri where to connect to
     * @return a builder
     * @throws IllegalArgumentException if a host in it is not valid, which happens if the password was not encoded
     */
    public static Builder builder(RedisURI uri) {
        return new Builder(List.of(Objects.requireNonNull(uri, "uri")));
    }

    /**
     * Begins a connector for a cluster, from some of its nodes; see {@link Builder#buildCluster()}.
     *
     * @param seeds at least one node
     * @return a builder
     * @throws IllegalArgumentException if there is none, or a host in it is none
     */
    public static Builder builder(List<RedisURI> seeds) {
        if (seeds.isEmpty()) {
            throw new IllegalArgumentException("a cluster needs at least one seed");
        }
        return new Builder(seeds);
    }

    /**
     * Connects, and waits until the server has answered PING.
     *
     * @return the connection
     * @throws RedisConnectException if that fails, or the thread is interrupted, whose flag stays set
     */
    public ConnectedRedis connect() {
        return new ConnectedRedis(ConnectLoop.connect(options, () -> new Target.Standalone(options)));
    }

    /**
     * Connects on a thread of its own. Cancelling the future, or completing it in another way such as by its {@code
     * orTimeout}, ends the attempts, and a connection that completes after that is closed.
     *
     * @return the connection; it fails with {@link RedisConnectException}
     */
    public CompletableFuture<ConnectedRedis> connectAsync() {
        return Workers.supply(this::connect, ConnectedRedis::close);
    }

    /** Prints where it connects to, without user and password. */
    @Override
    public String toString() {
        return "RedisConnector[" + endpoint + "]";
    }

    /** The options of a connector. Not safe for use by several threads. */
    public static final class Builder {

        private static final Duration COMMAND_TIMEOUT = Duration.ofSeconds(5);

        final List<RedisURI> uris;
        int attempts = 3;
        Backoff backoff = Backoff.exponential(Duration.ofSeconds(1));
        Duration deadline = Duration.ofSeconds(7);
        Duration attemptTimeout = ATTEMPT_TIMEOUT;
        double jitter;

        @Nullable
        Role requiredRole;

        Predicate<Attempt> retryOn = attempt -> false;

        @Nullable
        RedisClient client;

        private @Nullable ClientOptions clientOptions;

        @Nullable
        SocketAddressResolver socketAddressResolver;

        Duration heartbeat = Duration.ofSeconds(5);
        Duration maxReconnectDelay = Duration.ofSeconds(5);
        Listeners listeners = new Listeners(List.of());
        boolean clusterNode;
        Sleeper sleeper = duration -> TimeUnit.NANOSECONDS.sleep(duration.toNanos());
        LongSupplier nanoTime = System::nanoTime;
        DoubleSupplier random = () -> ThreadLocalRandom.current().nextDouble();
        Addresses.Names names = InetAddress::getAllByName;

        /** Whether the URI names a timeout. For one that is built already, that can be told only if it is not Lettuce's default. */
        private boolean timeoutGiven;

        private Builder(List<RedisURI> uris) {
            this.uris = SafeUri.check(uris);
            timeoutGiven = !uris.get(0).getTimeout().equals(RedisURI.DEFAULT_TIMEOUT_DURATION);
        }

        Builder(Builder other) {
            uris = other.uris;
            timeoutGiven = other.timeoutGiven;
            attempts = other.attempts;
            backoff = other.backoff;
            deadline = other.deadline;
            attemptTimeout = other.attemptTimeout;
            jitter = other.jitter;
            requiredRole = other.requiredRole;
            retryOn = other.retryOn;
            client = other.client;
            clientOptions = other.clientOptions;
            socketAddressResolver = other.socketAddressResolver;
            heartbeat = other.heartbeat;
            maxReconnectDelay = other.maxReconnectDelay;
            listeners = other.listeners;
            clusterNode = other.clusterNode;
            sleeper = other.sleeper;
            nanoTime = other.nanoTime;
            random = other.random;
            names = other.names;
        }

        /**
         * Sets how many attempts are made at the most.
         *
         * @param number at least 1; 3 by default
         * @return this builder
         */
        public Builder attempts(int number) {
            attempts = number;
            return this;
        }

        /**
         * Sets the waits between attempts.
         *
         * @param waits by default 1 s, 2 s, 4 s, and so on
         * @return this builder
         */
        public Builder backoff(Backoff waits) {
            backoff = Objects.requireNonNull(waits, "waits");
            return this;
        }

        /**
         * Sets how long the start may take in all: names, credentials, TLS, handshake, PING and waits.
         *
         * @param total positive, and no longer than a day; 7 seconds by default
         * @return this builder
         */
        public Builder deadline(Duration total) {
            deadline = Objects.requireNonNull(total, "total");
            return this;
        }

        /**
         * Sets how long one attempt may take, within the deadline, and each later reconnect.
         *
         * @param timeout positive, and no longer than a day; 3 seconds by default
         * @return this builder
         */
        public Builder attemptTimeout(Duration timeout) {
            attemptTimeout = Objects.requireNonNull(timeout, "timeout");
            return this;
        }

        /**
         * Sets by which part of its length a wait may be shorter or longer, so that many instances do not connect at
         * once.
         *
         * @param part from 0, the default, to 1
         * @return this builder
         */
        public Builder jitter(double part) {
            jitter = part;
            return this;
        }

        /**
         * Connects only to a server of this role, and stays connected only while it has it.
         *
         * @param role any but {@link Role#UNKNOWN}; by default any role is accepted, but with Sentinels a server that says
         *     that it is a replica is refused, because they are asked for the primary
         * @return this builder
         */
        public Builder requireRole(Role role) {
            requiredRole = Objects.requireNonNull(role, "role");
            return this;
        }

        /**
         * Tries again after a permanent failure where the predicate says true, such as while a password is being rotated.
         * By default a permanent failure ends the start.
         *
         * @param predicate is handed the failed attempt
         * @return this builder
         */
        public Builder retryOn(Predicate<Attempt> predicate) {
            retryOn = Objects.requireNonNull(predicate, "predicate");
            return this;
        }

        /**
         * Uses this client, with its own options and resources. It is never shut down here, and it reconnects in its
         * own way: {@link #heartbeat} and {@link #maxReconnectDelay} are only for a client that the connector makes.
         *
         * @param callers the client; by default the connector makes one
         * @return this builder
         */
        public Builder client(RedisClient callers) {
            client = Objects.requireNonNull(callers, "callers");
            return this;
        }

        /**
         * Sets Lettuce's options in place of the default ones. Start from {@link #defaultClientOptions()} to keep their
         * bounds and timeouts; for a cluster from {@link #defaultClusterClientOptions()}.
         *
         * @param options used for every connection
         * @return this builder
         */
        public Builder clientOptions(ClientOptions options) {
            clientOptions = Objects.requireNonNull(options, "options");
            return this;
        }

        /**
         * Sets what turns the address of a server into that of a socket, such as Lettuce's {@code
         * MappingSocketAddressResolver} for a cluster behind a NAT. It gets the addresses in the URI, and those that a
         * cluster or a Sentinel announces.
         *
         * @param resolver asked in each connect and reconnect; it should not block, because a reconnect asks it on one of
         *     Lettuce's threads. By default an address is used as it is
         * @return this builder
         */
        public Builder socketAddressResolver(SocketAddressResolver resolver) {
            socketAddressResolver = Objects.requireNonNull(resolver, "resolver");
            return this;
        }

        /**
         * Sets the silence after which a connected server is asked PING. If it does not answer for as long again, and
         * at least for 3 s, the connection is replaced. This goes for each connection of the client.
         *
         * @param period zero for no heartbeat, and no longer than a day; 5 seconds by default
         * @return this builder
         */
        public Builder heartbeat(Duration period) {
            heartbeat = Objects.requireNonNull(period, "period");
            return this;
        }

        /**
         * Sets the longest wait before a reconnect after the start. The waits double up to it, with jitter.
         *
         * @param delay positive, and no longer than a day; 5 seconds by default
         * @return this builder
         */
        public Builder maxReconnectDelay(Duration delay) {
            maxReconnectDelay = Objects.requireNonNull(delay, "delay");
            return this;
        }

        /**
         * Adds a listener; each call adds one. By default there is none.
         *
         * @param listener hears about the start and about outages
         * @return this builder
         */
        public Builder listener(ConnectListener listener) {
            List<ConnectListener> all = new ArrayList<>(listeners.callers());
            all.add(Objects.requireNonNull(listener, "listener"));
            listeners = new Listeners(List.copyOf(all));
            return this;
        }

        /**
         * Sets what waits between two attempts.
         *
         * @param waiter by default the thread sleeps
         * @return this builder
         */
        public Builder sleeper(Sleeper waiter) {
            sleeper = Objects.requireNonNull(waiter, "waiter");
            return this;
        }

        Builder nanoTime(LongSupplier clock) {
            nanoTime = clock;
            return this;
        }

        Builder random(DoubleSupplier zeroToOne) {
            random = zeroToOne;
            return this;
        }

        Builder names(Addresses.Names looksUp) {
            names = looksUp;
            return this;
        }

        Schedule.Policy policy() {
            return new Schedule.Policy(attempts, backoff, deadline, attemptTimeout, jitter);
        }

        ClientOptions clientOptions() {
            return clientOptions != null
                    ? clientOptions
                    : RedisConnector.clientOptions(Target.sentinelShare(uris.get(0), attemptTimeout))
                            .build();
        }

        /** The options for one server, applied to the cluster's nodes. */
        ClusterClientOptions clusterClientOptions() {
            if (clientOptions instanceof ClusterClientOptions callers) {
                return callers;
            }
            ClientOptions base = clientOptions();
            return RedisConnector.clusterClientOptions(base.mutate()
                            .disconnectedBehavior(ClientOptions.DisconnectedBehavior.DEFAULT)
                            .socketOptions(base.getSocketOptions()
                                    .mutate()
                                    .connectTimeout(Target.Cluster.share(attemptTimeout))
                                    .build())
                            .build())
                    .build();
        }

        /** The URI's timeout. If it has none, 5 s, or Lettuce's own default of a minute for the caller's client. */
        Duration commandTimeout() {
            return client == null && !timeoutGiven
                    ? COMMAND_TIMEOUT
                    : uris.get(0).getTimeout();
        }

        /**
         * Builds the connector. Nothing is connected yet.
         *
         * @return the connector
         * @throws IllegalArgumentException if the options do not fit together; the message says which
         */
        public RedisConnector build() {
            check();
            require(uris.size() == 1, "several hosts are the seeds of a cluster: use buildCluster()");
            require(client == null || clientOptions == null, "clientOptions are for our own client: set them on yours");
            require(
                    client == null || socketAddressResolver == null,
                    "socketAddressResolver is for our own client: set it in the resources of yours");
            return new RedisConnector(new Builder(this));
        }

        /**
         * Builds the connector to a Redis Cluster, of which the URI names one or more nodes. Nothing is connected yet.
         *
         * @return the connector
         * @throws IllegalArgumentException if the options do not fit together; the message says which
         */
        public RedisClusterConnector buildCluster() {
            check();
            for (RedisURI uri : uris) {
                require(
                        uri.getSentinels().isEmpty() && uri.getSocket() == null,
                        "a cluster's seeds are hosts: use redis:// or rediss://");
                require(uri.getDatabase() == 0, "a cluster has no other database than 0");
                require(
                        uri.isSsl() == uris.get(0).isSsl()
                                && uri.isStartTls() == uris.get(0).isStartTls()
                                && uri.isVerifyPeer() == uris.get(0).isVerifyPeer(),
                        "a cluster's seeds need the same TLS settings: use redis:// or rediss:// for all of them, with the"
                                + " same startTls and verifyPeer");
            }
            require(requiredRole == null, "a cluster has primaries and replicas: requireRole is for build()");
            require(client == null, "client is of one Redis: buildCluster() makes one of its own");
            return new RedisClusterConnector(new Builder(this));
        }

        /**
         * Connects to a cluster if the URI names several hosts, or one that is a node of a cluster. If not, connects to
         * one server. The deadline is for all of it. A listener hears of failed attempts, and of the connection that is
         * returned.
         *
         * @return the connection
         * @throws IllegalArgumentException if the options do not fit together; the message says which
         * @throws RedisConnectException if it fails, or the thread is interrupted, whose flag stays set
         */
        public Connected connectAny() {
            if (uris.size() > 1) {
                return buildCluster().connect();
            }
            Builder any = new Builder(this);
            any.clusterNode = true;
            long from = nanoTime.getAsLong();
            ConnectedRedis one = any.build().connect();
            if (!one.report().mode().equals("cluster")) {
                return one;
            }
            one.close();
            Duration spent = Duration.ofNanos(nanoTime.getAsLong() - from)
                    .minus(one.report().warmUp());
            Duration rest = deadline.minus(spent);
            Builder cluster = new Builder(this);
            cluster.deadline = isPositive(rest) ? rest : Duration.ofMillis(1);
            return cluster.buildCluster().connect();
        }

        private void check() {
            require(attempts >= 1, "attempts has to be at least 1");
            require(isPositive(deadline), "deadline has to be positive");
            require(isPositive(attemptTimeout), "attemptTimeout has to be positive");
            requireAtMostADay("deadline", deadline);
            requireAtMostADay("attemptTimeout", attemptTimeout);
            requireAtMostADay("heartbeat", heartbeat);
            requireAtMostADay("maxReconnectDelay", maxReconnectDelay);
            require(requiredRole != Role.UNKNOWN, "requireRole may not be UNKNOWN");
            require(jitter >= 0 && jitter <= 1, "jitter has to be between 0 and 1");
            require(!heartbeat.isNegative(), "heartbeat may not be negative: zero is none");
            require(isPositive(maxReconnectDelay), "maxReconnectDelay has to be positive");
            SafeUri.warnOfUncheckedPeers(uris);
        }

        private static void requireAtMostADay(String name, Duration duration) {
            require(duration.compareTo(Duration.ofDays(1)) <= 0, name + " may not be longer than a day");
        }

        private static boolean isPositive(Duration duration) {
            return !duration.isNegative() && !duration.isZero();
        }

        private static void require(boolean condition, String reason) {
            if (!condition) {
                throw new IllegalArgumentException(reason);
            }
        }
    }
}
