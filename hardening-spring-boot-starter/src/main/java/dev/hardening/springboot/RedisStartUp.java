package dev.hardening.springboot;

import dev.hardening.redis.Backoff;
import dev.hardening.redis.ConnectListener;
import dev.hardening.redis.ConnectReport;
import dev.hardening.redis.ConnectedRedis;
import dev.hardening.redis.ConnectedRedisCluster;
import dev.hardening.redis.RedisConnectException;
import dev.hardening.redis.RedisConnector;
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
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * Connects to what each {@code LettuceConnectionFactory} connects to, once all singletons are there and before anything is
 * started: the web server listens after that. Afterwards it watches the connections that the application uses.
 */
final class RedisStartUp implements SmartInitializingSingleton, DisposableBean {

    private static final Logger LOG = LoggerFactory.getLogger(RedisStartUp.class);

    private final RedisProperties properties;
    private final ObjectProvider<RedisConnectorCustomizer> customizers;
    private final Told listeners;
    private final ExecutorService threads = Executors.newCachedThreadPool(daemons("hardening-redis"));
    private final ScheduledExecutorService heart =
            Executors.newSingleThreadScheduledExecutor(daemons("hardening-heart"));
    private final Map<String, ConnectReport> reports = new ConcurrentHashMap<>();
    private final List<WatchedRedis> watched;

    RedisStartUp(
            Map<String, RedisConnectionFactory> factories,
            RedisProperties properties,
            ObjectProvider<RedisConnectorCustomizer> customizers,
            ObjectProvider<ConnectListener> listeners) {
        this.properties = properties;
        this.customizers = customizers;
        this.listeners = new Told(listeners.orderedStream().toList());
        watched = factories.entrySet().stream()
                .map(each -> new WatchedRedis(
                        each.getKey(), each.getValue(), properties.requireRole(), this.listeners, threads))
                .toList();
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
        for (WatchedRedis redis : watched) {
            ConnectReport report = redis.factory() instanceof LettuceConnectionFactory lettuce
                    ? connected(redis.name(), lettuce)
                    : null;
            if (report != null) {
                reports.put(redis.name(), report);
            }
            redis.started(report == null ? "not connected to at the start" : null);
        }
        Duration beat = properties.heartbeat();
        if (!beat.isZero()) {
            var unused = heart.scheduleWithFixedDelay(
                    () -> watched.forEach(WatchedRedis::beat), beat.toNanos(), beat.toNanos(), TimeUnit.NANOSECONDS);
        }
    }

    private @Nullable ConnectReport connected(String name, LettuceConnectionFactory factory) {
        FactoryAddress address = new FactoryAddress(factory);
        if (address.isListOfNodes()) {
            LOG.info("Redis behind {} is not connected to before the start: its nodes are listed one by one", name);
            return null;
        }
        try {
            return connect(factory, address);
        } catch (RedisConnectException failed) {
            if (properties.required()) {
                throw failed;
            }
            LOG.warn(
                    "The application starts without the Redis behind {}, because hardening.redis.required=false: {} ({})",
                    name,
                    failed.getMessage(),
                    failed.endpoint());
            return null;
        }
    }

    private ConnectReport connect(LettuceConnectionFactory factory, FactoryAddress address) {
        if (factory.isClusterAware()) {
            RedisConnector.Builder builder = configured(RedisConnector.builder(address.seeds()));
            factory.getClientConfiguration().getClientOptions().ifPresent(builder::clientOptions);
            try (ConnectedRedisCluster cluster = built(builder::buildCluster).connect()) {
                return cluster.report();
            }
        }
        RedisConnector.Builder builder = configured(RedisConnector.builder(address.uri()));
        // The factory's own client, so that what is checked is what will be used: its TLS, its resolver, its options.
        if (factory.getNativeClient() instanceof RedisClient client) {
            builder.client(client);
        }
        try (ConnectedRedis redis = built(builder::build).connect()) {
            return redis.report();
        }
    }

    private RedisConnector.Builder configured(RedisConnector.Builder builder) {
        builder.attempts(properties.required() ? properties.attempts() : Math.min(properties.attempts(), 1))
                .backoff(built(() -> Backoff.exponential(properties.backoff())))
                .deadline(properties.deadline())
                .attemptTimeout(properties.attemptTimeout())
                .jitter(properties.jitter())
                .listener(listeners.ofTheStart());
        if (properties.requireRole() != null) {
            builder.requireRole(properties.requireRole());
        }
        customizers.orderedStream().forEach(customizer -> customizer.customize(builder));
        return builder;
    }

    private static <T> T built(Supplier<T> build) {
        try {
            return build.get();
        } catch (IllegalArgumentException unusable) {
            throw UnusablePropertyException.of(RedisProperties.class, RedisProperties.PREFIX, unusable);
        }
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
        heart.shutdownNow();
        threads.shutdownNow();
        listeners.closed();
    }
}
