package dev.hardening.redis;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.TimeoutOptions;
import java.net.InetAddress;
import java.time.Duration;
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
 * Connects to Redis at start-up: with a PING that has to be answered, with backoff, and within a deadline that bounds
 * everything, or fails with the reason.
 *
 * <p>Three attempts, waits of 1 s, 2 s, 4 s, …, and seven seconds in all; each is an option. The deadline's clock starts
 * once the client's classes are loaded. A failure that another attempt cannot mend, such as a wrong password, ends it at
 * once.
 *
 * <p>Immutable and safe for use by several threads; each {@link #connect()} makes a connection of its own.
 */
public final class RedisConnector {

    private final Builder options;
    private final RedisURI uri;
    private final String endpoint;

    private RedisConnector(Builder builder) {
        options = builder;
        uri = builder.uris.get(0);
        endpoint = SafeUri.endpoint(uri);
    }

    /**
     * Begins a connector.
     *
     * @param uri {@code redis://}, {@code rediss://}, {@code redis-socket://} or {@code redis-sentinel://}, as Lettuce
     *     reads it; for a cluster {@code redis://} or {@code rediss://} with one or several hosts, separated by commas
     * @throws IllegalArgumentException if it is none, or its password holds a raw {@code @}, {@code #}, {@code /} or
     *     {@code %}; the message does not show it
     */
    public static Builder builder(String uri) {
        return new Builder(SafeUri.parse(Objects.requireNonNull(uri, "uri")));
    }

    /** Begins a connector for a URI that is built already. */
    public static Builder builder(RedisURI uri) {
        return new Builder(List.of(Objects.requireNonNull(uri, "uri")));
    }

    /**
     * Begins a connector for a cluster, some of whose nodes these are; see {@link Builder#buildCluster()}.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static Builder builder(List<RedisURI> seeds) {
        if (seeds.isEmpty()) {
            throw new IllegalArgumentException("a cluster needs at least one seed");
        }
        return new Builder(List.copyOf(seeds));
    }

    /**
     * Connects, and returns a connection that answered PING.
     *
     * @throws RedisConnectException if that fails, or the thread is interrupted, whose flag stays set
     */
    public ConnectedRedis connect() {
        Duration warmUp = Attempts.warmUp(options, endpoint);
        RedisClient client = options.client;
        OwnResources own = null;
        if (client == null) {
            own = new OwnResources(options);
            client = RedisClient.create(own.resources());
            client.setOptions(options.clientOptions());
        }
        Dialing.Standalone dialing = new Dialing.Standalone(client, uri, options.attemptTimeout, options.names, own);
        return new ConnectedRedis(client, new Attempts<>(options, endpoint, dialing, own, warmUp).connect());
    }

    /**
     * Connects on a thread of its own. Cancelling the future, or completing it in another way such as by its {@code
     * orTimeout}, ends the attempts, and a connection that completes after that is closed.
     *
     * @return it fails with {@link RedisConnectException}
     */
    public CompletableFuture<ConnectedRedis> connectAsync() {
        return Attempts.async(this::connect, ConnectedRedis::close);
    }

    /** Prints where it connects to, without user and password. */
    @Override
    public String toString() {
        return "RedisConnector[" + endpoint + "]";
    }

    /** The options of a connector. Not safe for use by several threads. */
    public static final class Builder {

        static final Duration COMMAND_TIMEOUT = Duration.ofSeconds(5);
        private static final int QUEUED_COMMANDS = 10_000;
        private static final SocketOptions.KeepAliveOptions KEEP_ALIVE = SocketOptions.KeepAliveOptions.builder()
                .enable()
                .idle(Duration.ofSeconds(10))
                .interval(Duration.ofSeconds(5))
                .count(3)
                .build();

        final List<RedisURI> uris;
        int attempts = 3;
        Backoff backoff = Backoff.exponential(Duration.ofSeconds(1));
        Duration deadline = Duration.ofSeconds(7);
        Duration attemptTimeout = Duration.ofSeconds(3);
        double jitter;

        @Nullable
        Role requiredRole;

        Predicate<Attempt> retryOn = attempt -> false;

        @Nullable
        RedisClient client;

        private @Nullable ClientOptions clientOptions;

        @Nullable
        ConnectListener listener;

        Sleeper sleeper = duration -> TimeUnit.NANOSECONDS.sleep(duration.toNanos());
        LongSupplier nanoTime = System::nanoTime;
        DoubleSupplier random = () -> ThreadLocalRandom.current().nextDouble();
        Addresses.Names names = InetAddress::getAllByName;

        private Builder(List<RedisURI> uris) {
            this.uris = uris;
        }

        private Builder(Builder other) {
            uris = other.uris;
            attempts = other.attempts;
            backoff = other.backoff;
            deadline = other.deadline;
            attemptTimeout = other.attemptTimeout;
            jitter = other.jitter;
            requiredRole = other.requiredRole;
            retryOn = other.retryOn;
            client = other.client;
            clientOptions = other.clientOptions;
            listener = other.listener;
            sleeper = other.sleeper;
            nanoTime = other.nanoTime;
            random = other.random;
            names = other.names;
        }

        /** How many times it is tried at the most; 3. */
        public Builder attempts(int number) {
            attempts = number;
            return this;
        }

        /** The waits between attempts; 1 s, 2 s, 4 s, …. */
        public Builder backoff(Backoff waits) {
            backoff = Objects.requireNonNull(waits);
            return this;
        }

        /** How long it may take in all: names, credentials, TLS, handshake, PING and waits; 7 s. */
        public Builder deadline(Duration inAll) {
            deadline = Objects.requireNonNull(inAll);
            return this;
        }

        /** How long one attempt may take, within the deadline; 3 s. */
        public Builder attemptTimeout(Duration each) {
            attemptTimeout = Objects.requireNonNull(each);
            return this;
        }

        /** By which part of it a wait may be shorter or longer, from 0, which is the default, to 1. */
        public Builder jitter(double part) {
            jitter = part;
            return this;
        }

        /** Connects only to a server of this role; by default to any. */
        public Builder requireRole(Role role) {
            requiredRole = Objects.requireNonNull(role);
            return this;
        }

        /** Overrules a permanent verdict: tries again where it says true, such as while a password is being rotated. */
        public Builder retryOn(Predicate<Attempt> again) {
            retryOn = Objects.requireNonNull(again);
            return this;
        }

        /** The caller's client, with the caller's options; it is never shut down here. */
        public Builder client(RedisClient callers) {
            client = Objects.requireNonNull(callers);
            return this;
        }

        /**
         * Lettuce's options, instead of a bounded queue, timeouts, TCP keep-alive, and commands that fail while
         * disconnected; for a cluster they may be {@link io.lettuce.core.cluster.ClusterClientOptions}.
         */
        public Builder clientOptions(ClientOptions lettuces) {
            clientOptions = Objects.requireNonNull(lettuces);
            return this;
        }

        /** Who is told what becomes of the connection; by default nobody. */
        public Builder listener(ConnectListener told) {
            listener = Objects.requireNonNull(told);
            return this;
        }

        /** What waits between attempts; by default the thread sleeps. */
        public Builder sleeper(Sleeper waits) {
            sleeper = Objects.requireNonNull(waits);
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

        /** The caller's, or ours: nothing that waits for a Redis that is away may wait long, or pile up. */
        ClientOptions clientOptions() {
            return clientOptions != null
                    ? clientOptions
                    : ClientOptions.builder()
                            .disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
                            .requestQueueSize(QUEUED_COMMANDS)
                            .timeoutOptions(TimeoutOptions.enabled())
                            .socketOptions(SocketOptions.builder()
                                    .connectTimeout(Dialing.share(uris.get(0), attemptTimeout))
                                    .keepAlive(KEEP_ALIVE)
                                    .build())
                            .build();
        }

        /**
         * The connector.
         *
         * @throws IllegalArgumentException if the options do not fit together; the message says which
         */
        public RedisConnector build() {
            check();
            require(uris.size() == 1, "several hosts are the seeds of a cluster: use buildCluster()");
            require(client == null || clientOptions == null, "clientOptions are for our own client: set them on yours");
            return new RedisConnector(new Builder(this));
        }

        /**
         * The connector to a Redis Cluster, of whose nodes the URI names one or some.
         *
         * @throws IllegalArgumentException if the options do not fit together; the message says which
         */
        public RedisClusterConnector buildCluster() {
            check();
            for (RedisURI uri : uris) {
                require(
                        uri.getSentinels().isEmpty() && uri.getSocket() == null,
                        "a cluster's seeds are hosts: use redis:// or rediss://");
                require(uri.getDatabase() == 0, "a cluster has no other database than 0");
            }
            require(requiredRole == null, "a cluster has primaries and replicas: requireRole is for build()");
            require(client == null, "client is of one Redis: buildCluster() makes one of its own");
            return new RedisClusterConnector(new Builder(this));
        }

        private void check() {
            require(attempts >= 1, "attempts has to be at least 1");
            require(isPositive(deadline), "deadline has to be positive");
            require(deadline.compareTo(Duration.ofDays(1)) <= 0, "deadline may not be longer than a day");
            require(isPositive(attemptTimeout), "attemptTimeout has to be positive");
            require(jitter >= 0 && jitter <= 1, "jitter has to be between 0 and 1");
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
