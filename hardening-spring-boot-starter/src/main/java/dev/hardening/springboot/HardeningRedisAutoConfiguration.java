package dev.hardening.springboot;

import dev.hardening.redis.ConnectListener;
import dev.hardening.redis.RedisConnector;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import java.time.Duration;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails;
import org.springframework.boot.data.redis.autoconfigure.DataRedisProperties;
import org.springframework.boot.data.redis.autoconfigure.LettuceClientConfigurationBuilderCustomizer;
import org.springframework.boot.data.redis.autoconfigure.LettuceClientOptionsBuilderCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * Connects to Redis as the application's own {@code LettuceConnectionFactory} does, before the web server listens, with
 * backoff and within a deadline, or fails the start with the reason.
 */
@AutoConfiguration(after = DataRedisAutoConfiguration.class)
@ConditionalOnClass({DataRedisProperties.class, LettuceConnectionFactory.class, RedisClient.class, RedisConnector.class
})
@ConditionalOnBooleanProperty(name = "hardening.redis.enabled", matchIfMissing = true)
@EnableConfigurationProperties(RedisProperties.class)
public final class HardeningRedisAutoConfiguration {

    HardeningRedisAutoConfiguration() {}

    @Bean
    @ConditionalOnBean(RedisConnectionFactory.class)
    RedisStartUp hardeningRedisStartUp(
            ListableBeanFactory beans,
            RedisProperties properties,
            ObjectProvider<DataRedisConnectionDetails> details,
            ObjectProvider<RedisConnectorCustomizer> customizers,
            ObjectProvider<ConnectListener> listeners) {
        return new RedisStartUp(beans, properties, details, customizers, listeners);
    }

    /** Lettuce's defaults queue commands without a bound while Redis is away, and let each wait for a minute. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnBooleanProperty(name = "hardening.redis.fail-fast", matchIfMissing = true)
    static class FailFast {

        private static final Duration COMMAND_TIMEOUT = Duration.ofSeconds(5);
        private static final int QUEUED_COMMANDS = 10_000;

        /** First, so that the application's own customizers have the last word. */
        @Bean
        @Order(Ordered.HIGHEST_PRECEDENCE)
        LettuceClientOptionsBuilderCustomizer hardeningLettuceClientOptions(DataRedisConnectionDetails details) {
            return options -> {
                options.requestQueueSize(QUEUED_COMMANDS);
                if (details.getCluster() == null) {
                    // In a cluster Lettuce would refuse the first command to each node, too.
                    options.disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS);
                }
            };
        }

        @Bean
        @Order(Ordered.HIGHEST_PRECEDENCE)
        LettuceClientConfigurationBuilderCustomizer hardeningLettuceClientConfiguration(DataRedisProperties springs) {
            return client -> {
                if (springs.getTimeout() == null) {
                    client.commandTimeout(COMMAND_TIMEOUT);
                }
            };
        }
    }
}
