package dev.hardening.springboot;

import dev.hardening.redis.Attempt;
import dev.hardening.redis.Backoff;
import dev.hardening.redis.ConnectListener;
import dev.hardening.redis.ConnectReport;
import dev.hardening.redis.ConnectedRedis;
import dev.hardening.redis.ConnectedRedisCluster;
import dev.hardening.redis.RedisConnector;
import io.lettuce.core.RedisClient;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * Connects to what each {@code LettuceConnectionFactory} connects to, once all singletons are there and before anything
 * is started: the web server listens after that. The connections stay open for the health check.
 */
final class RedisStartUp implements SmartInitializingSingleton, DisposableBean {

    private static final Logger LOG = LoggerFactory.getLogger(RedisStartUp.class);

    /** One connection that was made, whatever its kind. */
    record Connected(ConnectReport report, BooleanSupplier ping, Runnable close) {}

    private final ListableBeanFactory beans;
    private final RedisProperties properties;
    private final ObjectProvider<DataRedisConnectionDetails> details;
    private final ObjectProvider<RedisConnectorCustomizer> customizers;
    private final ObjectProvider<ConnectListener> listeners;
    private final Map<String, Connected> connections = new LinkedHashMap<>();

    RedisStartUp(
            ListableBeanFactory beans,
            RedisProperties properties,
            ObjectProvider<DataRedisConnectionDetails> details,
            ObjectProvider<RedisConnectorCustomizer> customizers,
            ObjectProvider<ConnectListener> listeners) {
        this.beans = beans;
        this.properties = properties;
        this.details = details;
        this.customizers = customizers;
        this.listeners = listeners;
    }

    @Override
    public void afterSingletonsInstantiated() {
        beans.getBeansOfType(LettuceConnectionFactory.class).forEach((name, factory) -> {
            if (isStaticPrimaryAndReplicas(factory)) {
                LOG.info("Redis behind {} is not connected to before the start: its nodes are listed one by one", name);
                return;
            }
            Connected connected = connect(factory);
            synchronized (connections) {
                connections.put(name, connected);
            }
            LOG.info("Redis behind {} answers: {}", name, connected.report());
        });
    }

    /** The factory does not tell its nodes in that case; only Boot's own details do that. */
    private boolean isStaticPrimaryAndReplicas(LettuceConnectionFactory factory) {
        DataRedisConnectionDetails springs = details.getIfAvailable();
        return springs != null
                && springs.getMasterReplica() != null
                && !factory.isClusterAware()
                && !factory.isRedisSentinelAware();
    }

    private Connected connect(LettuceConnectionFactory factory) {
        FactoryAddress address = new FactoryAddress(factory);
        if (factory.isClusterAware()) {
            RedisConnector.Builder builder = configure(RedisConnector.builder(address.seeds()));
            factory.getClientConfiguration().getClientOptions().ifPresent(builder::clientOptions);
            ConnectedRedisCluster cluster = builder.buildCluster().connect();
            return new Connected(cluster.report(), cluster::ping, cluster::close);
        }
        RedisConnector.Builder builder = configure(RedisConnector.builder(address.uri()));
        // The factory's own client, so that what is checked is what will be used: its TLS, its resolver, its options.
        if (factory.getNativeClient() instanceof RedisClient client) {
            builder.client(client);
        }
        ConnectedRedis redis = builder.build().connect();
        return new Connected(redis.report(), redis::ping, redis::close);
    }

    private RedisConnector.Builder configure(RedisConnector.Builder builder) {
        builder.attempts(properties.attempts())
                .backoff(Backoff.exponential(properties.backoff()))
                .deadline(properties.deadline())
                .attemptTimeout(properties.attemptTimeout())
                .jitter(properties.jitter())
                .listener(new All(listeners.orderedStream().toList()));
        if (properties.requireRole() != null) {
            builder.requireRole(properties.requireRole());
        }
        customizers.orderedStream().forEach(customizer -> customizer.customize(builder));
        return builder;
    }

    /** What is connected, by the name of its factory. */
    Map<String, Connected> connections() {
        synchronized (connections) {
            return new LinkedHashMap<>(connections);
        }
    }

    /** Those that the start did not connect to: Jedis's, and primaries and replicas that are listed one by one. */
    Map<String, RedisConnectionFactory> others() {
        Map<String, RedisConnectionFactory> others =
                new LinkedHashMap<>(beans.getBeansOfType(RedisConnectionFactory.class));
        others.keySet().removeAll(connections().keySet());
        return others;
    }

    @Override
    public void destroy() {
        connections().values().forEach(connected -> connected.close().run());
    }

    /** Several listeners as one. */
    private record All(List<ConnectListener> told) implements ConnectListener {

        @Override
        public void attemptFailed(Attempt attempt) {
            told.forEach(each -> each.attemptFailed(attempt));
        }

        @Override
        public void connected(ConnectReport report) {
            told.forEach(each -> each.connected(report));
        }

        @Override
        public void disconnected(String reason) {
            told.forEach(each -> each.disconnected(reason));
        }

        @Override
        public void reconnectFailed(String reason) {
            told.forEach(each -> each.reconnectFailed(reason));
        }

        @Override
        public void closed() {
            told.forEach(ConnectListener::closed);
        }

        @Override
        public void reconnected() {
            told.forEach(ConnectListener::reconnected);
        }
    }
}
