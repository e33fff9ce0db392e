package dev.hardening.springboot;

import dev.hardening.redis.ConnectListener;
import dev.hardening.redis.RedisConnector;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.cluster.ClusterClientOptions;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.springframework.aop.scope.ScopedProxyUtils;
import org.springframework.beans.factory.BeanFactoryUtils;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Lazy;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.Environment;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.util.StringUtils;

/**
 * Connects to Redis as the application's own {@code LettuceConnectionFactory} does, before the web server listens, with
 * backoff and within a deadline, or fails the start with the reason.
 */
@AutoConfiguration(
        afterName = {
            "org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration",
            "org.springframework.boot.autoconfigure.data.redis.RedisAutoConfiguration"
        })
@ConditionalOnClass({LettuceConnectionFactory.class, RedisClient.class, RedisConnector.class})
@ConditionalOnSwitch("hardening.redis.enabled")
@EnableConfigurationProperties(RedisProperties.class)
public final class HardeningRedisAutoConfiguration {

    private static final Duration COMMAND_TIMEOUT = Duration.ofSeconds(5);
    private static final int QUEUED_COMMANDS = 10_000;

    HardeningRedisAutoConfiguration() {}

    @Bean
    @Lazy(false)
    @ConditionalOnBean(RedisConnectionFactory.class)
    RedisStartUp hardeningRedisStartUp(
            ListableBeanFactory beans,
            RedisProperties properties,
            ObjectProvider<RedisConnectorCustomizer> customizers,
            ObjectProvider<ConnectListener> listeners,
            ObjectProvider<EachRedis> meters) {
        // Not as a parameter: it would leave out a factory that is only injected by its qualifier.
        Map<String, RedisConnectionFactory> factories = new LinkedHashMap<>();
        for (String name : BeanFactoryUtils.beanNamesForTypeIncludingAncestors(beans, RedisConnectionFactory.class)) {
            if (!ScopedProxyUtils.isScopedTarget(name)) {
                factories.put(name, beans.getBean(name, RedisConnectionFactory.class));
            }
        }
        return new RedisStartUp(factories, properties, customizers, listeners, meters);
    }

    /** Lettuce's defaults queue commands without a bound while Redis is down. */
    private static void failFast(ClientOptions.Builder options) {
        options.requestQueueSize(QUEUED_COMMANDS);
        if (!(options instanceof ClusterClientOptions.Builder)) {
            // In a cluster Lettuce would refuse the first command to each node, too.
            options.disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS);
        }
    }

    /** Lettuce's default lets each command wait for a minute. */
    private static void failFast(
            LettuceClientConfiguration.LettuceClientConfigurationBuilder client, Environment environment) {
        if (!StringUtils.hasText(environment.getProperty("spring.data.redis.timeout"))) {
            client.commandTimeout(COMMAND_TIMEOUT);
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnSwitch("hardening.redis.fail-fast")
    @ConditionalOnClass(
            org.springframework.boot.autoconfigure.data.redis.LettuceClientConfigurationBuilderCustomizer.class)
    static class Boot3 {

        /** First, so that the application's own customizers have the last word. */
        @Bean
        @Order(Ordered.HIGHEST_PRECEDENCE)
        org.springframework.boot.autoconfigure.data.redis.LettuceClientOptionsBuilderCustomizer
                hardeningLettuceClientOptions() {
            return HardeningRedisAutoConfiguration::failFast;
        }

        @Bean
        @Order(Ordered.HIGHEST_PRECEDENCE)
        org.springframework.boot.autoconfigure.data.redis.LettuceClientConfigurationBuilderCustomizer
                hardeningLettuceClientConfiguration(Environment environment) {
            return client -> failFast(client, environment);
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnSwitch("hardening.redis.fail-fast")
    @ConditionalOnClass(
            org.springframework.boot.data.redis.autoconfigure.LettuceClientConfigurationBuilderCustomizer.class)
    static class Boot4 {

        /** First, so that the application's own customizers have the last word. */
        @Bean
        @Order(Ordered.HIGHEST_PRECEDENCE)
        org.springframework.boot.data.redis.autoconfigure.LettuceClientOptionsBuilderCustomizer
                hardeningLettuceClientOptions() {
            return HardeningRedisAutoConfiguration::failFast;
        }

        @Bean
        @Order(Ordered.HIGHEST_PRECEDENCE)
        org.springframework.boot.data.redis.autoconfigure.LettuceClientConfigurationBuilderCustomizer
                hardeningLettuceClientConfiguration(Environment environment) {
            return client -> failFast(client, environment);
        }
    }
}
