package dev.hardening.springboot;

import dev.hardening.redis.Backoff;
import dev.hardening.redis.ConnectListener;
import dev.hardening.redis.ConnectReport;
import dev.hardening.redis.ConnectedRedis;
import dev.hardening.redis.ConnectedRedisCluster;
import dev.hardening.redis.RedisConnectException;
import dev.hardening.redis.RedisConnector;
import dev.hardening.redis.Role;
import io.lettuce.core.RedisClient;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * Connects to what each {@code LettuceConnectionFactory} connects to, once all singletons are there and before anything is
 * started: the web server listens after that. Afterwards it watches the connections that the application uses.
 */
final class RedisStartUp implements SmartInitializingSingleton, DisposableBean {

    /** What Boot's properties for the address of Redis begin with. */
    static final String ADDRESS = "spring.data.redis";

    /** What the meters call the connection of an application that has one factory. */
    private static final String ONLY = "spring";

    private static final Logger LOG = LoggerFactory.getLogger(RedisStartUp.class);

    private final RedisProperties properties;
    private final ObjectProvider<RedisConnectorCustomizer> customizers;
    private final Listeners listeners;
    private final ExecutorService threads = Executors.newCachedThreadPool(daemons("hardening-redis"));
    private final ScheduledExecutorService heartbeat =
            Executors.newSingleThreadScheduledExecutor(daemons("hardening-heart"));
    private final Map<String, ConnectReport> reports = new ConcurrentHashMap<>();
    private final List<WatchedRedis> watched;

    RedisStartUp(
            Map<String, RedisConnectionFactory> factories,
            RedisProperties properties,
            ObjectProvider<RedisConnectorCustomizer> customizers,
            ObjectProvider<ConnectListener> listeners,
            ObjectProvider<EachRedis> meters) {
        this.properties = properties;
        this.customizers = customizers;
        this.listeners = new Listeners(listeners.orderedStream().toList(), daemons("hardening-listener"));
        watched = factories.entrySet().stream()
                .map(each -> new WatchedRedis(
                        each.getKey(),
                        each.getValue(),
                        properties.role(),
                        properties.attemptTimeout(),
                        this.listeners,
                        own(factories.size() == 1 ? ONLY : each.getKey(), meters),
                        threads))
                .toList();
    }

    private static ConnectListener own(String connection, ObjectProvider<EachRedis> meters) {
        EachRedis all = meters.getIfAvailable();
        return all == null ? new ConnectListener() {} : all.listener(connection);
    }

    private static ThreadFactory daemons(String name) {
        return task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        };
    }

    @Override
    public void afterSingletonsInstantiated() {
        if (BuildTime.reason() != null) {
            return;
        }
        Duration beat = properties.heartbeat();
        if (beat.isNegative()) {
            throw new UnusablePropertyException(
                    RedisProperties.PREFIX + ".heartbeat", "may not be negative; 0 turns it off");
        }
        for (WatchedRedis redis : watched) {
            ConnectReport report =
                    redis.factory() instanceof LettuceConnectionFactory lettuce ? connected(redis, lettuce) : null;
            if (report != null) {
                reports.put(redis.name(), report);
            }
            redis.started(report == null ? "not connected to at the start" : null);
        }
        if (!beat.isZero()) {
            long nanos = TimeUnit.NANOSECONDS.convert(beat); // the longest there is, if it is longer than that
            var unused = heartbeat.scheduleWithFixedDelay(
                    () -> watched.forEach(WatchedRedis::beat), nanos, nanos, TimeUnit.NANOSECONDS);
        }
    }

    private @Nullable ConnectReport connected(WatchedRedis redis, LettuceConnectionFactory factory) {
        FactoryAddress address = new FactoryAddress(factory);
        if (address.isListOfNodes()) {
            LOG.info(
                    "Redis behind {} is not connected to before the start: its nodes are listed one by one",
                    redis.name());
            return null;
        }
        try {
            return connect(redis, factory, address);
        } catch (RedisConnectException failed) {
            if (properties.required()) {
                throw failed;
            }
            LOG.warn(
                    "The application starts without the Redis behind {}, because hardening.redis.required=false: {} ({})",
                    redis.name(),
                    failed.getMessage(),
                    failed.endpoint());
            return null;
        }
    }

    private ConnectReport connect(WatchedRedis watched, LettuceConnectionFactory factory, FactoryAddress address) {
        if (factory.isClusterAware()) {
            try (ConnectedRedisCluster cluster = connector(
                            watched, () -> clusterBuilder(factory, address), RedisConnector.Builder::buildCluster)
                    .connect()) {
                return cluster.report();
            }
        }
        try (ConnectedRedis redis = connector(watched, () -> builder(factory, address), RedisConnector.Builder::build)
                .connect()) {
            return redis.report();
        }
    }

    private static RedisConnector.Builder clusterBuilder(LettuceConnectionFactory factory, FactoryAddress address) {
        RedisConnector.Builder builder = RedisConnector.builder(address.seeds());
        configure(builder, factory.getClientConfiguration());
        return builder;
    }

    /**
     * With the factory's own client, so that what is checked is what will be used: its TLS, its resolver, its options. A
     * factory that starts later has no client yet: then with its options.
     */
    private static RedisConnector.Builder builder(LettuceConnectionFactory factory, FactoryAddress address) {
        RedisConnector.Builder builder = RedisConnector.builder(address.uri());
        if (!factory.isRunning()) {
            configure(builder, factory.getClientConfiguration());
        } else if (factory.getNativeClient() instanceof RedisClient client) {
            builder.client(client);
        }
        return builder;
    }

    /** The options of a client that connects as the factory's own, and its addresses, which may be behind a NAT. */
    private static void configure(RedisConnector.Builder builder, LettuceClientConfiguration client) {
        client.getClientOptions().ifPresent(builder::clientOptions);
        client.getClientResources()
                .ifPresent(resources -> builder.socketAddressResolver(resources.socketAddressResolver()));
    }

    private <C> C connector(
            WatchedRedis watched,
            Supplier<RedisConnector.Builder> builders,
            Function<RedisConnector.Builder, C> build) {
        Consumer<RedisConnector.Builder> trial = builder -> {
            var unused = build.apply(builder);
        };
        var options = new BuilderOptions<>(RedisProperties.PREFIX, builders, trial)
                .add("attempts", builder -> builder.attempts(attempts()))
                .add("backoff", builder -> builder.backoff(Backoff.exponential(properties.backoff())))
                .add("deadline", builder -> builder.deadline(properties.deadline()))
                .add("attempt-timeout", builder -> builder.attemptTimeout(properties.attemptTimeout()))
                .add("jitter", builder -> builder.jitter(properties.jitter()));
        Role role = properties.role();
        if (role != null) {
            options.add("require-role", builder -> builder.requireRole(role));
        }
        try {
            RedisConnector.Builder builder = options.builder();
            listeners.duringStart().forEach(builder::listener);
            builder.listener(Listeners.duringStart(watched.listener()));
            customizers.orderedStream().forEach(customizer -> customizer.customize(builder));
            return build.apply(builder);
        } catch (IllegalArgumentException refused) {
            Map<String, String> misfits = options.misfits(refused);
            throw new UnusablePropertyException(
                    misfits.isEmpty() ? Map.of(ADDRESS, String.valueOf(refused.getMessage())) : misfits);
        }
    }

    private int attempts() {
        return properties.required() ? properties.attempts() : Math.min(properties.attempts(), 1);
    }

    /** The report of the connection that was made at the start; null if there was none. */
    @Nullable
    ConnectReport report(String name) {
        return reports.get(name);
    }

    /** Every Redis of the application. */
    List<WatchedRedis> watched() {
        return watched;
    }

    @Override
    public void destroy() {
        heartbeat.shutdownNow();
        threads.shutdownNow();
        watched.forEach(redis -> redis.listener().closed());
        listeners.close();
    }
}
