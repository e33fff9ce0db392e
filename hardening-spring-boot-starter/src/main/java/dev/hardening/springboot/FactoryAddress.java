package dev.hardening.springboot;

import io.lettuce.core.RedisCredentials;
import io.lettuce.core.RedisCredentialsProvider;
import io.lettuce.core.RedisURI;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.DirectFieldAccessor;
import org.springframework.data.redis.connection.NamedNode;
import org.springframework.data.redis.connection.RedisClusterConfiguration;
import org.springframework.data.redis.connection.RedisConfiguration;
import org.springframework.data.redis.connection.RedisConfiguration.WithAuthentication;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.RedisNode;
import org.springframework.data.redis.connection.RedisPassword;
import org.springframework.data.redis.connection.RedisSentinelConfiguration;
import org.springframework.data.redis.connection.RedisSocketConfiguration;
import org.springframework.data.redis.connection.RedisStaticMasterReplicaConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.util.StringUtils;

/** The address of a connection factory as Lettuce's {@code RedisURI}, because the factory does not give it. */
final class FactoryAddress {

    private final LettuceConnectionFactory factory;
    private final LettuceClientConfiguration client;

    FactoryAddress(LettuceConnectionFactory factory) {
        this.factory = factory;
        client = factory.getClientConfiguration();
    }

    /** Whether its nodes are listed one by one, a primary and its replicas. The factory does not say which is which. */
    boolean isListOfNodes() {
        return new DirectFieldAccessor(factory).getPropertyValue("configuration")
                instanceof RedisStaticMasterReplicaConfiguration;
    }

    /** Where it is, for messages: hosts and ports, without credentials. */
    static String place(RedisConnectionFactory factory) {
        if (!(factory instanceof LettuceConnectionFactory lettuce)) {
            return factory.getClass().getSimpleName();
        }
        FactoryAddress address = new FactoryAddress(lettuce);
        if (address.isListOfNodes()) {
            return "nodes that are listed one by one";
        }
        List<RedisURI> uris = lettuce.isClusterAware() ? address.seeds() : List.of(address.uri());
        return uris.stream().map(FactoryAddress::place).collect(Collectors.joining(", "));
    }

    private static String place(RedisURI uri) {
        if (uri.getSocket() != null) {
            return uri.getSocket();
        }
        if (!uri.getSentinels().isEmpty()) {
            return uri.getSentinelMasterId() + " by "
                    + uri.getSentinels().stream().map(FactoryAddress::place).collect(Collectors.joining(", "));
        }
        return uri.getHost() + ":" + uri.getPort();
    }

    /** One Redis: by host, by Unix socket, or by its Sentinels. */
    RedisURI uri() {
        RedisSentinelConfiguration sentinel = factory.getSentinelConfiguration();
        if (sentinel != null) {
            return sentinels(sentinel);
        }
        RedisSocketConfiguration socket = factory.getSocketConfiguration();
        if (socket != null) {
            RedisURI.Builder builder =
                    RedisURI.Builder.socket(socket.getSocket()).withDatabase(factory.getDatabase());
            return authenticated(builder, socket, socket).build();
        }
        RedisURI.Builder builder =
                RedisURI.Builder.redis(factory.getHostName(), factory.getPort()).withDatabase(factory.getDatabase());
        return configured(
                authenticated(builder, factory.getStandaloneConfiguration(), factory.getStandaloneConfiguration())
                        .build());
    }

    /** Some nodes of a cluster. */
    List<RedisURI> seeds() {
        RedisClusterConfiguration cluster = factory.getClusterConfiguration();
        List<RedisURI> seeds = new ArrayList<>();
        if (cluster != null) {
            for (RedisNode node : cluster.getClusterNodes()) {
                RedisURI.Builder builder = at(node);
                seeds.add(configured(authenticated(builder, cluster, cluster).build()));
            }
        }
        return seeds;
    }

    private static RedisURI.Builder at(RedisNode node) {
        return RedisURI.Builder.redis(
                Objects.requireNonNull(node.getHost(), "host"), Objects.requireNonNull(node.getPort(), "port"));
    }

    private RedisURI sentinels(RedisSentinelConfiguration sentinel) {
        NamedNode primary = sentinel.getMaster();
        RedisURI.Builder builder = RedisURI.builder()
                .withSentinelMasterId(primary == null ? "" : String.valueOf(primary.getName()))
                .withDatabase(factory.getDatabase());
        authenticated(builder, sentinel, sentinel);
        for (RedisNode node : sentinel.getSentinels()) {
            RedisURI each = configured(at(node).build());
            credentials(sentinel.getSentinelUsername(), sentinel.getSentinelPassword(), each);
            client.getRedisCredentialsProviderFactory()
                    .ifPresent(credentials ->
                            each.setCredentialsProvider(credentials.createSentinelCredentialsProvider(sentinel)));
            builder.withSentinel(each);
        }
        return configured(builder.build());
    }

    private static void credentials(@Nullable String user, RedisPassword password, RedisURI uri) {
        if (password.isPresent()) {
            uri.setCredentialsProvider(
                    RedisCredentialsProvider.from(() -> RedisCredentials.just(user, password.get())));
        }
    }

    private RedisURI.Builder authenticated(
            RedisURI.Builder builder, WithAuthentication plain, RedisConfiguration configuration) {
        var provider = client.getRedisCredentialsProviderFactory()
                .map(credentials -> credentials.createCredentialsProvider(configuration));
        if (provider.isPresent()) {
            return builder.withAuthentication(provider.get());
        }
        char[] password = plain.getPassword().toOptional().orElse(new char[0]);
        String user = plain.getUsername();
        if (StringUtils.hasText(user)) {
            return builder.withAuthentication(user, password); // a user may have no password
        }
        return password.length == 0 ? builder : builder.withPassword(password);
    }

    private RedisURI configured(RedisURI uri) {
        client.getClientName().ifPresent(uri::setClientName);
        uri.setSsl(client.isUseSsl());
        uri.setVerifyPeer(client.getVerifyMode());
        uri.setStartTls(client.isStartTls());
        return uri;
    }
}
