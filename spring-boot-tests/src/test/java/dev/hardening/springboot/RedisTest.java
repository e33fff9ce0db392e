package dev.hardening.springboot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hardening.redis.Attempt;
import dev.hardening.redis.ConnectListener;
import dev.hardening.redis.RedisConnectException;
import dev.hardening.redis.RedisConnector;
import dev.hardening.testing.FaultyProxy;
import dev.hardening.testing.Ports;
import dev.hardening.testing.RedisCluster;
import dev.hardening.testing.RedisServer;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.ReadFrom;
import io.lettuce.core.RedisClient;
import io.lettuce.core.internal.HostAndPort;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.MappingSocketAddressResolver;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.beans.DirectFieldAccessor;
import org.springframework.beans.factory.support.AbstractBeanDefinition;
import org.springframework.boot.LazyInitializationBeanFactoryPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.RedisStaticMasterReplicaConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.mock.env.MockEnvironment;

class RedisTest {

    /** A silence is noticed soon, and a new connection is not waited for long. */
    private static final String[] SILENT_SOON = {
        "hardening.redis.heartbeat=50ms", "hardening.redis.attempt-timeout=200ms", "spring.data.redis.timeout=5s"
    };

    private static RedisServer server;
    private static RedisServer locked;

    private final List<Duration> waits = new ArrayList<>();
    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(
                    Boot.type("DataRedisAutoConfiguration", "RedisAutoConfiguration"),
                    Boot.type("DataRedisHealthContributorAutoConfiguration", "RedisHealthContributorAutoConfiguration"),
                    HardeningRedisAutoConfiguration.class,
                    HardeningHealthAutoConfiguration.class,
                    HardeningMetricsAutoConfiguration.class))
            .withBean(RedisConnectorCustomizer.class, () -> builder -> builder.sleeper(waits::add));

    @BeforeAll
    static void start() throws Exception {
        server = RedisServer.start();
        locked = RedisServer.start("--requirepass", "hunter2 @/#%");
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
        locked.close();
    }

    private ApplicationContextRunner at(int port, String... more) {
        return runner.withPropertyValues("spring.data.redis.host=127.0.0.1", "spring.data.redis.port=" + port)
                .withPropertyValues(more);
    }

    /** What a start with these properties says of a failure. */
    private static FailureAnalysis analysis(Throwable failure, String... properties) {
        MockEnvironment environment = new MockEnvironment();
        for (String property : properties) {
            int end = property.indexOf('=');
            environment.setProperty(property.substring(0, end), property.substring(end + 1));
        }
        return new RedisFailureAnalyzer(environment).analyze(failure);
    }

    private static WatchedRedis watched(ApplicationContext context) {
        return context.getBean(RedisStartUp.class).watched().get(0);
    }

    private static HealthAnswer health(ApplicationContext context) {
        return HealthAnswer.of(watched(context), Duration.ofSeconds(30));
    }

    @Nested
    class Start {

        @Test
        void a_redis_that_answers_is_connected_to_before_the_context_is_up() {
            at(server.port()).run(context -> {
                assertThat(context.getBean(RedisStartUp.class).report("redisConnectionFactory"))
                        .satisfies(report -> {
                            assertThat(report.attempts()).isEqualTo(1);
                            assertThat(report.endpoint()).contains("127.0.0.1:" + server.port());
                        });
                StringRedisTemplate redis = context.getBean(StringRedisTemplate.class);
                redis.opsForValue().set("k", "v");
                assertThat(redis.opsForValue().get("k")).isEqualTo("v");
            });
            assertThat(waits).isEmpty();
        }

        @Test
        void a_redis_that_is_away_ends_the_start_with_reason_and_place() {
            int port = Ports.refusing();
            at(port).run(context -> {
                assertThat(context).hasFailed();
                assertThat(context.getStartupFailure())
                        .isInstanceOf(RedisConnectException.class)
                        .hasMessage("Redis connection failed after 3 attempts: Connection refused");
                FailureAnalysis analysis = analysis(context.getStartupFailure());
                assertThat(analysis.getDescription())
                        .isEqualTo("Redis connection failed after 3 attempts: Connection refused\n"
                                + "It was looked for at redis://127.0.0.1:" + port);
                assertThat(analysis.getAction()).startsWith("Start Redis there, or correct spring.data.redis.host");
            });
            assertThat(waits).containsExactly(Duration.ofSeconds(1), Duration.ofSeconds(2));
        }

        /** As Testcontainers and Docker Compose give them: a bean says where Redis is, and no property does. */
        @Test
        void connection_details_say_where_it_is() {
            withDetails(locked.port(), "hunter2 @/#%").run(context -> {
                assertThat(context).hasNotFailed();
                assertThat(watched(context).place()).isEqualTo("127.0.0.1:" + locked.port());
                assertThat(health(context).status()).isEqualTo("UP");
            });
            int port = Ports.refusing();
            withDetails(port, "canary-password")
                    .run(context -> assertThat(context.getStartupFailure())
                            .isInstanceOfSatisfying(
                                    RedisConnectException.class,
                                    failed -> assertThat(failed.endpoint()).isEqualTo("redis://127.0.0.1:" + port)));
        }

        private <T> ApplicationContextRunner withDetails(int port, String password) {
            @SuppressWarnings("unchecked")
            Class<T> type = (Class<T>) Boot.type("DataRedisConnectionDetails", "RedisConnectionDetails");
            return at(Ports.refusing())
                    .withBean(
                            "details",
                            type,
                            () -> type.cast(Proxy.newProxyInstance(
                                    type.getClassLoader(),
                                    new Class<?>[] {type},
                                    (proxy, method, arguments) -> switch (method.getName()) {
                                        case "getStandalone" -> Boot.standalone(type, "127.0.0.1", port);
                                        case "getPassword" -> password;
                                        default -> InvocationHandler.invokeDefault(proxy, method, arguments);
                                    })));
        }

        @Test
        void a_lazy_context_is_checked_all_the_same() {
            at(Ports.refusing())
                    .withInitializer(context ->
                            context.addBeanFactoryPostProcessor(new LazyInitializationBeanFactoryPostProcessor()))
                    .run(context -> assertThat(context.getStartupFailure()).isInstanceOf(RedisConnectException.class));
        }

        @Test
        void the_properties_say_how_it_is_waited_for() {
            at(
                            Ports.refusing(),
                            "hardening.redis.attempts=4",
                            "hardening.redis.backoff=500ms",
                            "hardening.redis.deadline=1m")
                    .run(context -> assertThat(context.getStartupFailure())
                            .hasMessage("Redis connection failed after 4 attempts: Connection refused"));
            assertThat(waits).containsExactly(Duration.ofMillis(500), Duration.ofSeconds(1), Duration.ofSeconds(2));
        }

        @Test
        void every_listener_bean_is_told() {
            List<String> told = new ArrayList<>();
            at(Ports.refusing())
                    .withBean("one", ConnectListener.class, () -> telling(told, "one"))
                    .withBean("two", ConnectListener.class, () -> telling(told, "two"))
                    .run(context ->
                            assertThat(told).containsExactly("one 1", "two 1", "one 2", "two 2", "one 3", "two 3"));
        }

        @Test
        void a_listener_that_throws_keeps_none_of_the_others_from_it() {
            List<String> told = new ArrayList<>();
            ConnectListener broken = new ConnectListener() {
                @Override
                public void attemptFailed(Attempt attempt) {
                    throw new AssertionError("canary");
                }

                @Override
                public void closed() {
                    throw new AssertionError("canary");
                }
            };
            ConnectListener other = new ConnectListener() {
                @Override
                public void attemptFailed(Attempt attempt) {
                    told.add("failed");
                }

                @Override
                public void closed() {
                    told.add("closed");
                }
            };
            at(Ports.refusing(), "hardening.redis.required=false")
                    .withBean("one", ConnectListener.class, () -> broken)
                    .withBean("two", ConnectListener.class, () -> other)
                    .run(context -> assertThat(context).hasNotFailed());
            assertThat(told).containsExactly("failed", "closed");
        }

        private ConnectListener telling(List<String> told, String name) {
            return new ConnectListener() {
                @Override
                public void attemptFailed(Attempt attempt) {
                    told.add(name + " " + attempt.number());
                }
            };
        }

        @Test
        void a_factory_that_starts_later_is_checked_all_the_same() {
            for (int port : new int[] {server.port(), Ports.refusing()}) {
                runner.withBean(LettuceConnectionFactory.class, () -> {
                            LettuceConnectionFactory factory = new LettuceConnectionFactory("127.0.0.1", port);
                            factory.setEarlyStartup(false);
                            return factory;
                        })
                        .run(context -> {
                            if (port == server.port()) {
                                assertThat(context).hasNotFailed();
                                assertThat(health(context).status()).isEqualTo("UP");
                            } else {
                                assertThat(context.getStartupFailure()).isInstanceOf(RedisConnectException.class);
                            }
                        });
            }
        }

        @Test
        void any_role_and_the_longest_heartbeat_are_accepted() {
            at(server.port(), "hardening.redis.require-role=any", "hardening.redis.heartbeat=200000d")
                    .run(context -> assertThat(context).hasNotFailed());
        }

        @Test
        void nodes_that_are_away_are_looked_for_in_their_own_property() {
            String node = "127.0.0.1:" + Ports.refusing();
            for (List<String> properties : List.of(
                    List.of("spring.data.redis.cluster.nodes=" + node),
                    List.of("spring.data.redis.sentinel.nodes=" + node, "spring.data.redis.sentinel.master=ratings"))) {
                String[] all = properties.toArray(String[]::new);
                String property = all[0].substring(0, all[0].indexOf('='));
                runner.withPropertyValues(all)
                        .run(context -> assertThat(analysis(context.getStartupFailure(), all)
                                        .getAction())
                                .startsWith("Start Redis there, or correct " + property + "."));
            }
        }

        @Test
        void a_redis_that_is_no_node_is_told_in_words_of_spring() {
            String node = "127.0.0.1:" + server.port();
            for (List<String> properties : List.of(
                    List.of("spring.data.redis.cluster.nodes=" + node),
                    List.of("spring.data.redis.sentinel.nodes=" + node, "spring.data.redis.sentinel.master=ratings"))) {
                String[] all = properties.toArray(String[]::new);
                String property = all[0].substring(0, all[0].indexOf('='));
                runner.withPropertyValues(all).run(context -> {
                    FailureAnalysis analysis = analysis(context.getStartupFailure(), all);
                    assertThat(analysis.getDescription())
                            .contains("set spring.data.redis.host and port instead of " + property + "\n");
                    assertThat(analysis.getAction()).startsWith("Correct " + property + ":");
                });
            }
        }

        @Test
        void a_node_that_is_no_single_redis_is_told_in_words_of_spring() throws Exception {
            try (RedisServer node = RedisServer.start("--cluster-enabled", "yes")) {
                at(node.port())
                        .run(context -> assertThat(
                                        analysis(context.getStartupFailure()).getDescription())
                                .contains("a node of a cluster: set spring.data.redis.cluster.nodes\n"));
            }
        }

        @Test
        void a_server_of_another_kind_is_told_in_words_of_spring() throws Exception {
            try (ServerSocket other = saying("SSH-2.0-OpenSSH_9.6\r\n")) {
                at(other.getLocalPort())
                        .run(context -> assertThat(
                                        analysis(context.getStartupFailure()).getAction())
                                .startsWith("Correct spring.data.redis.host and port, or url:"));
            }
            try (ServerSocket closing = saying("")) {
                at(closing.getLocalPort())
                        .run(context -> assertThat(
                                        analysis(context.getStartupFailure()).getDescription())
                                .contains("(if the port wants TLS, set spring.data.redis.ssl.enabled=true)"));
            }
        }

        /** A server that says this, whatever is asked, and hangs up. */
        private ServerSocket saying(String text) throws IOException {
            ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
            Thread thread = new Thread(() -> {
                while (!server.isClosed()) {
                    try (Socket client = server.accept()) {
                        client.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
                        var unused = client.getInputStream().read(new byte[8192]);
                    } catch (IOException hungUp) {
                        // The next one, until the server is closed.
                    }
                }
            });
            thread.setDaemon(true);
            thread.start();
            return server;
        }

        @Test
        void one_that_is_not_required_is_tried_once_and_without_waiting() {
            at(Ports.refusing(), "hardening.redis.required=false").run(context -> {
                assertThat(context).hasNotFailed();
                assertThat(health(context).status()).isEqualTo("DOWN");
                assertThat(health(context).details().get("reason")).asString().contains("Connection refused");
            });
            assertThat(waits).isEmpty();
        }
    }

    @Nested
    class Credentials {

        @Test
        void the_password_of_the_properties_is_used_and_a_wrong_one_is_told_at_once() {
            at(locked.port(), "spring.data.redis.password=hunter2 @/#%")
                    .run(context -> assertThat(context).hasNotFailed());
            at(locked.port(), "spring.data.redis.password=hunter3-canary").run(context -> {
                RedisConnectException failure = (RedisConnectException) context.getStartupFailure();
                assertThat(failure.attempts())
                        .singleElement()
                        .satisfies(attempt -> assertThat(attempt.verdict()).isEqualTo(Attempt.Verdict.PERMANENT));
                assertThat(analysis(failure).getAction()).startsWith("Correct spring.data.redis.username, password");
                assertThat(failure).hasStackTraceContaining("WRONGPASS");
                StringWriter trace = new StringWriter();
                failure.printStackTrace(new PrintWriter(trace, true));
                assertThat(trace.toString()).doesNotContain("hunter3-canary");
            });
            at(1, "spring.data.redis.url=redis://:hunter2%20%40%2F%23%25@127.0.0.1:" + locked.port() + "/3")
                    .run(context -> assertThat(context).hasNotFailed());
            assertThat(waits).isEmpty();
        }

        @Test
        void a_user_without_a_password_is_connected_with() throws Exception {
            try (RedisServer server = RedisServer.start(
                    "--user", "default", "off", "--user", "app", "on", "nopass", "~*", "&*", "+@all")) {
                at(server.port(), "spring.data.redis.username=app")
                        .run(context -> assertThat(health(context).status()).isEqualTo("UP"));
            }
        }

        @Test
        void users_of_an_access_list_are_connected_with() throws Exception {
            try (RedisServer server = RedisServer.start("--user", "ratings", "on", ">s3cret", "~*", "+@all")) {
                at(server.port(), "spring.data.redis.username=ratings", "spring.data.redis.password=s3cret")
                        .run(context -> assertThat(context).hasNotFailed());
                at(server.port(), "spring.data.redis.username=ratings", "spring.data.redis.password=other")
                        .run(context ->
                                assertThat(context.getStartupFailure()).isInstanceOf(RedisConnectException.class));
            }
        }
    }

    @Nested
    class Topology {

        private void patient(RedisConnector.Builder builder) {
            builder.attempts(300)
                    .deadline(Duration.ofMinutes(2))
                    .backoff(failed -> Duration.ofMillis(200))
                    .sleeper(wait -> TimeUnit.NANOSECONDS.sleep(wait.toNanos()));
        }

        private ApplicationContextRunner patient() {
            return runner.withBean("patient", RedisConnectorCustomizer.class, () -> this::patient);
        }

        @Test
        void a_required_role_is_demanded_at_the_start_and_afterwards() throws Exception {
            try (RedisServer replica = RedisServer.start("--replicaof", "127.0.0.1", String.valueOf(server.port()))) {
                at(replica.port()).run(context -> assertThat(context).hasNotFailed());
                at(replica.port(), "hardening.redis.require-role=primary")
                        .run(
                                context -> assertThat(context.getStartupFailure())
                                        .isInstanceOf(RedisConnectException.class)
                                        .hasMessageContaining("replica")
                                        .satisfies(
                                                failure -> assertThat(analysis(failure)
                                                                .getAction())
                                                        .startsWith(
                                                                "Correct hardening.redis.require-role, or spring.data.redis.host")));
            }
            try (RedisServer demoted = RedisServer.start()) {
                at(demoted.port(), "hardening.redis.require-role=primary").run(context -> {
                    assertThat(health(context).status()).isEqualTo("UP");
                    demoted.command("REPLICAOF 127.0.0.1 " + server.port());
                    assertThat(health(context).details())
                            .containsEntry("reason", "it is a replica, and has to be a primary");
                    demoted.command("REPLICAOF NO ONE");
                    assertThat(health(context).status()).isEqualTo("UP");
                });
            }
        }

        @Test
        void the_primary_behind_sentinels_is_connected_to() throws Exception {
            try (RedisServer sentinel = RedisServer.sentinel("ratings", server)) {
                // Its first answers may come before it is ready: that is what attempts are for.
                patient()
                        .withPropertyValues(
                                "spring.data.redis.sentinel.master=ratings",
                                "spring.data.redis.sentinel.nodes=127.0.0.1:" + sentinel.port())
                        .run(context -> assertThat(health(context).status()).isEqualTo("UP"));
            }
        }

        @Test
        void a_cluster_says_why_it_is_down_and_heals() throws Exception {
            try (RedisCluster cluster = RedisCluster.start(3, "--cluster-node-timeout", "2000")) {
                patient()
                        .withPropertyValues("spring.data.redis.cluster.nodes=127.0.0.1:"
                                + cluster.nodes().get(0).port())
                        .run(context -> {
                            context.getBean(StringRedisTemplate.class)
                                    .opsForValue()
                                    .set("k", "v");
                            assertThat(health(context).status()).isEqualTo("UP");
                            cluster.nodes().get(2).stop();
                            awaitHealth(context, "CLUSTERDOWN");
                            cluster.nodes().get(2).restart();
                            awaitHealth(context, "status=UP");
                        });
            }
        }

        @Test
        void a_cluster_that_lost_slots_is_down_with_their_number() throws Exception {
            try (RedisCluster cluster = RedisCluster.start(1, "--cluster-require-full-coverage", "no")) {
                RedisServer node = cluster.nodes().get(0);
                clusterOf(node).run(context -> {
                    assertThat(health(context).status()).isEqualTo("UP");
                    node.command("CLUSTER DELSLOTS 1 2 3");
                    awaitHealth(context, "only 16381 of 16384 slots are served");
                });
            }
        }

        @Test
        void a_user_who_may_not_ask_about_the_cluster_is_no_outage() throws Exception {
            try (RedisCluster cluster = RedisCluster.start(1)) {
                RedisServer node = cluster.nodes().get(0);
                node.command("ACL SETUSER app on >s3cret ~* &* +@all -cluster +cluster|nodes");
                clusterOf(node)
                        .withPropertyValues("spring.data.redis.username=app", "spring.data.redis.password=s3cret")
                        .run(context -> assertThat(health(context).status()).isEqualTo("UP"));
            }
        }

        private ApplicationContextRunner clusterOf(RedisServer node) {
            return patient().withPropertyValues("spring.data.redis.cluster.nodes=127.0.0.1:" + node.port());
        }

        @Test
        void a_cluster_is_reached_by_the_addresses_that_the_factory_knows() throws Exception {
            try (RedisCluster hidden =
                    RedisCluster.start(1, "--cluster-announce-port", String.valueOf(Ports.refusing()))) {
                int real = hidden.nodes().get(0).port();
                ClientResources resources = ClientResources.builder()
                        .socketAddressResolver(MappingSocketAddressResolver.create(
                                (HostAndPort announced) -> HostAndPort.of("127.0.0.1", real)))
                        .build();
                patient()
                        .withBean(ClientResources.class, () -> resources, bean -> bean.setDestroyMethodName("shutdown"))
                        .withPropertyValues("spring.data.redis.cluster.nodes=redis.example:7000")
                        .run(context -> assertThat(health(context).status()).isEqualTo("UP"));
            }
        }

        @Test
        void a_primary_is_one_whatever_is_read_from() throws Exception {
            try (RedisServer replica = RedisServer.start("--replicaof", "127.0.0.1", String.valueOf(server.port()))) {
                var nodes = new RedisStaticMasterReplicaConfiguration("127.0.0.1", server.port());
                nodes.addNode("127.0.0.1", replica.port());
                LettuceClientConfiguration client = LettuceClientConfiguration.builder()
                        .readFrom(ReadFrom.REPLICA)
                        .build();
                runner.withBean(LettuceConnectionFactory.class, () -> new LettuceConnectionFactory(nodes, client))
                        .withPropertyValues("hardening.redis.require-role=primary")
                        .run(context -> assertThat(health(context).details()).containsEntry("role", "primary"));
            }
        }

        private void awaitHealth(ApplicationContext context, String status) {
            org.awaitility.Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> health(context).toString().contains(status));
        }

        @Test
        void nodes_that_are_listed_one_by_one_are_not_tried_and_yet_watched() {
            RedisStaticMasterReplicaConfiguration nodes =
                    new RedisStaticMasterReplicaConfiguration("127.0.0.1", server.port());
            runner.withBean(LettuceConnectionFactory.class, () -> new LettuceConnectionFactory(nodes))
                    .run(context -> {
                        assertThat(context).hasNotFailed();
                        assertThat(context.getBean(RedisStartUp.class).report("lettuceConnectionFactory"))
                                .isNull();
                        assertThat(health(context).status()).isEqualTo("UP");
                    });
        }
    }

    @Nested
    class Watching {

        @Test
        void health_asks_the_connection_that_the_application_uses() throws Exception {
            try (RedisServer asked = RedisServer.start()) {
                at(asked.port(), "hardening.redis.heartbeat=0").run(context -> {
                    context.getBean(StringRedisTemplate.class).hasKey("k");
                    assertThat(health(context).status()).isEqualTo("UP");
                    assertThat(asked.command("CLIENT LIST").lines().filter(line -> line.contains("addr=")))
                            .hasSize(2); // the application's, and this command's
                });
            }
        }

        @Test
        void no_caller_has_to_connect_while_redis_is_silent() throws Exception {
            try (FaultyProxy proxy = new FaultyProxy(server.port())) {
                at(proxy.port(), SILENT_SOON).run(context -> {
                    StringRedisTemplate redis = context.getBean(StringRedisTemplate.class);
                    redis.hasKey("k");
                    LettuceConnectionFactory factory = context.getBean(LettuceConnectionFactory.class);
                    Object connection = connection(factory);
                    proxy.set(FaultyProxy.Fault.BLACK_HOLE);
                    awaitNewConnections(proxy, 3);
                    assertThat(health(context).toString()).contains("DOWN", "127.0.0.1:" + proxy.port());
                    assertThat(connection(factory)).isSameAs(connection);

                    proxy.set(FaultyProxy.Fault.NONE);
                    org.awaitility.Awaitility.await()
                            .atMost(Duration.ofSeconds(60))
                            .until(() -> health(context).status().equals("UP"));
                    assertThat(redis.hasKey("k")).isFalse();
                    assertThat(connection(factory)).isNotSameAs(connection);
                });
            }
        }

        private void awaitNewConnections(FaultyProxy proxy, int number) {
            int before = proxy.accepted();
            org.awaitility.Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> proxy.accepted() >= before + number);
        }

        private static Object connection(LettuceConnectionFactory factory) {
            try (RedisConnection connection = factory.getConnection()) {
                return connection.getNativeConnection();
            }
        }

        @Test
        void a_service_without_a_connection_gets_none_before_redis_answers() throws Exception {
            try (FaultyProxy proxy = new FaultyProxy(server.port())) {
                proxy.set(FaultyProxy.Fault.BLACK_HOLE);
                at(proxy.port(), SILENT_SOON)
                        .withPropertyValues("hardening.redis.required=false")
                        .run(context -> {
                            awaitNewConnections(proxy, 3);
                            assertThat(health(context).toString()).contains("DOWN", "no answer within 200 ms");
                            assertThat(new DirectFieldAccessor(context.getBean(LettuceConnectionFactory.class))
                                            .getPropertyValue("connection"))
                                    .isNull();
                            proxy.set(FaultyProxy.Fault.NONE);
                            org.awaitility.Awaitility.await()
                                    .atMost(Duration.ofSeconds(60))
                                    .until(() -> health(context).status().equals("UP"));
                        });
            }
        }

        @Test
        void a_reactive_connection_that_fell_silent_is_replaced_too() throws Exception {
            try (FaultyProxy proxy = new FaultyProxy(server.port())) {
                at(proxy.port(), SILENT_SOON)
                        .withPropertyValues("hardening.redis.heartbeat=0")
                        .run(context -> {
                            var reactive =
                                    new ReactiveStringRedisTemplate(context.getBean(LettuceConnectionFactory.class));
                            Duration patience = Duration.ofSeconds(60);
                            assertThat(reactive.hasKey("k").block(patience)).isFalse();
                            proxy.forget();
                            // This one is made after that, and answers.
                            assertThat(context.getBean(StringRedisTemplate.class)
                                            .hasKey("k"))
                                    .isFalse();
                            assertThat(health(context).status()).isEqualTo("UP");
                            assertThat(reactive.hasKey("k").block(patience)).isFalse();
                        });
            }
        }

        @Test
        void lettuce_refuses_commands_while_redis_is_away_unless_the_application_says_otherwise() {
            at(server.port()).run(context -> {
                LettuceConnectionFactory factory = context.getBean(LettuceConnectionFactory.class);
                assertThat(factory.getClientConfiguration().getCommandTimeout()).isEqualTo(Duration.ofSeconds(5));
                assertThat(options(factory).getDisconnectedBehavior())
                        .isEqualTo(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS);
                assertThat(options(factory).getRequestQueueSize()).isEqualTo(10_000);
            });
            at(server.port(), "spring.data.redis.timeout=9s")
                    .run(context -> assertThat(context.getBean(LettuceConnectionFactory.class)
                                    .getClientConfiguration()
                                    .getCommandTimeout())
                            .isEqualTo(Duration.ofSeconds(9)));
            at(server.port(), "spring.data.redis.timeout=")
                    .run(context -> assertThat(context.getBean(LettuceConnectionFactory.class)
                                    .getClientConfiguration()
                                    .getCommandTimeout())
                            .isEqualTo(Duration.ofSeconds(5)));
            at(server.port(), "hardening.redis.fail-fast=false")
                    .run(context -> assertThat(options(context.getBean(LettuceConnectionFactory.class))
                                    .getDisconnectedBehavior())
                            .isEqualTo(ClientOptions.DisconnectedBehavior.DEFAULT));
        }

        @Test
        void a_listener_that_blocks_holds_up_nothing() throws Exception {
            CountDownLatch blocked = new CountDownLatch(1);
            CountDownLatch released = new CountDownLatch(1);
            CountDownLatch returned = new CountDownLatch(1);
            ConnectListener blocking = new ConnectListener() {
                @Override
                public void disconnected(String reason) {
                    blocked.countDown();
                    awaitLatch(released);
                }

                @Override
                public void reconnected() {
                    returned.countDown();
                }
            };
            try (RedisServer away = RedisServer.start()) {
                at(away.port(), "hardening.redis.heartbeat=100ms")
                        .withBean(ConnectListener.class, () -> blocking)
                        .run(context -> {
                            away.stop();
                            awaitLatch(blocked);
                            assertThat(health(context).status()).isEqualTo("DOWN");
                            away.restart();
                            org.awaitility.Awaitility.await()
                                    .atMost(Duration.ofSeconds(60))
                                    .until(() -> health(context).status().equals("UP"));
                            released.countDown();
                            awaitLatch(returned);
                        });
            }
        }

        private void awaitLatch(CountDownLatch latch) {
            try {
                assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }

        @Test
        void a_factory_that_is_injected_by_its_qualifier_only_is_tried_too() {
            int port = Ports.refusing();
            at(server.port())
                    .withBean(
                            "second",
                            LettuceConnectionFactory.class,
                            () -> new LettuceConnectionFactory("127.0.0.1", port),
                            definition -> ((AbstractBeanDefinition) definition).setDefaultCandidate(false))
                    .run(context -> assertThat(context.getStartupFailure())
                            .isInstanceOfSatisfying(
                                    RedisConnectException.class,
                                    failed -> assertThat(failed.endpoint()).isEqualTo("redis://127.0.0.1:" + port)));
        }

        private ClientOptions options(LettuceConnectionFactory factory) {
            return factory.getClientConfiguration().getClientOptions().orElseThrow();
        }

        @Test
        void a_factory_of_the_application_is_watched_with_its_own_address() {
            runner.withBean(
                            LettuceConnectionFactory.class,
                            () -> new LettuceConnectionFactory(
                                    new RedisStandaloneConfiguration("127.0.0.1", server.port()),
                                    LettuceClientConfiguration.defaultConfiguration()))
                    .run(context -> assertThat(context.getBean(RedisStartUp.class)
                                    .report("lettuceConnectionFactory")
                                    .endpoint())
                            .contains("127.0.0.1:" + server.port()));
        }

        @Test
        void meters_count_the_attempts() {
            at(server.port()).run(context -> {
                assertThat(context).hasBean("redisHealthContributor");
                var registry = new SimpleMeterRegistry();
                context.getBean("hardeningRedisMetrics", MeterBinder.class).bindTo(registry);
                assertThat(registry.get("redis.connect.attempts")
                                .tag("outcome", "success")
                                .functionCounter()
                                .count())
                        .isEqualTo(1);
                assertThat(registry.get("redis.connection.up").gauge().value()).isEqualTo(1);
            });
        }
    }

    @Test
    void each_of_two_factories_has_its_own_meters() throws Exception {
        try (RedisServer other = RedisServer.start()) {
            int port = other.port();
            at(server.port(), "hardening.redis.heartbeat=50ms")
                    .withBean("other", LettuceConnectionFactory.class, () -> factory(port))
                    .withBean("redisConnectionFactory", LettuceConnectionFactory.class, () -> factory(server.port()))
                    .run(context -> {
                        var registry = new SimpleMeterRegistry();
                        context.getBean("hardeningRedisMetrics", MeterBinder.class)
                                .bindTo(registry);
                        other.stop();
                        org.awaitility.Awaitility.await()
                                .atMost(Duration.ofSeconds(60))
                                .until(() -> up(registry, "other") == 0);
                        assertThat(up(registry, "redisConnectionFactory")).isEqualTo(1);
                    });
        }
    }

    private static LettuceConnectionFactory factory(int port) {
        return new LettuceConnectionFactory("127.0.0.1", port);
    }

    private static double up(SimpleMeterRegistry registry, String connection) {
        return registry.get("redis.connection.up")
                .tag("connection", connection)
                .gauge()
                .value();
    }

    @Test
    void it_stays_away_when_turned_off_and_where_a_library_is_absent() {
        at(Ports.refusing(), "hardening.redis.enabled=false")
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(RedisStartUp.class));
        for (Class<?> absent : List.of(LettuceConnectionFactory.class, RedisClient.class, RedisConnector.class)) {
            new ApplicationContextRunner()
                    .withConfiguration(AutoConfigurations.of(
                            HardeningRedisAutoConfiguration.class,
                            HardeningHealthAutoConfiguration.class,
                            HardeningMetricsAutoConfiguration.class))
                    .withClassLoader(new FilteredClassLoader(absent))
                    .run(context -> assertThat(context)
                            .as("without " + absent.getSimpleName())
                            .hasNotFailed()
                            .doesNotHaveBean("hardeningRedisStartUp")
                            .doesNotHaveBean("redisHealthContributor"));
        }
        at(server.port())
                .withClassLoader(new FilteredClassLoader(MeterBinder.class))
                .run(context -> assertThat(context)
                        .hasNotFailed()
                        .hasSingleBean(RedisStartUp.class)
                        .doesNotHaveBean("hardeningRedisMetrics"));
        at(server.port())
                .withClassLoader(new FilteredClassLoader(Boot.type("HealthIndicator")))
                .run(context -> assertThat(context).hasNotFailed().hasSingleBean(RedisStartUp.class));
    }
}
