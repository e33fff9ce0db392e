package dev.hardening.springboot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hardening.redis.Attempt;
import dev.hardening.redis.ConnectListener;
import dev.hardening.redis.RedisConnectException;
import dev.hardening.redis.RedisConnectionMetrics;
import dev.hardening.redis.RedisConnector;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.boot.LazyInitializationBeanFactoryPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.LettuceClientOptionsBuilderCustomizer;
import org.springframework.boot.data.redis.autoconfigure.health.DataRedisHealthContributorAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.health.DataRedisReactiveHealthContributorAutoConfiguration;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.core.StringRedisTemplate;

class HardeningRedisAutoConfigurationTest {

    private static RedisServer server;
    private static RedisServer locked;

    private final List<Duration> waits = new ArrayList<>();
    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(
                    DataRedisAutoConfiguration.class,
                    DataRedisHealthContributorAutoConfiguration.class,
                    DataRedisReactiveHealthContributorAutoConfiguration.class,
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

    @Test
    void a_redis_that_answers_is_connected_to_before_the_context_is_up() {
        at(server.port()).run(context -> {
            assertThat(context.getBean(RedisStartUp.class).connections())
                    .containsOnlyKeys("redisConnectionFactory")
                    .allSatisfy((name, connected) -> {
                        assertThat(connected.report().attempts()).isEqualTo(1);
                        assertThat(connected.report().endpoint()).contains("127.0.0.1:" + server.port());
                    });
            StringRedisTemplate redis = context.getBean(StringRedisTemplate.class);
            redis.opsForValue().set("k", "v");
            assertThat(redis.opsForValue().get("k")).isEqualTo("v");
        });
        assertThat(waits).isEmpty();
    }

    @Test
    void a_redis_that_is_away_ends_the_start_after_three_attempts_with_the_reason() {
        at(RedisServer.freePort()).run(context -> {
            assertThat(context).hasFailed();
            assertThat(context.getStartupFailure())
                    .isInstanceOf(RedisConnectException.class)
                    .hasMessage("Redis connection failed after 3 attempts: Connection refused");
            FailureAnalysis analysis = new RedisFailureAnalyzer().analyze(context.getStartupFailure());
            assertThat(analysis.getDescription())
                    .isEqualTo("Redis connection failed after 3 attempts: Connection refused");
            assertThat(analysis.getAction()).startsWith("Start Redis");
        });
        assertThat(waits).containsExactly(Duration.ofSeconds(1), Duration.ofSeconds(2));
    }

    @Test
    void a_lazy_context_is_checked_all_the_same() {
        at(RedisServer.freePort())
                .withInitializer(context ->
                        context.addBeanFactoryPostProcessor(new LazyInitializationBeanFactoryPostProcessor()))
                .run(context -> assertThat(context.getStartupFailure()).isInstanceOf(RedisConnectException.class));
    }

    @Test
    void the_properties_say_how_it_is_waited_for() {
        at(
                        RedisServer.freePort(),
                        "hardening.redis.attempts=4",
                        "hardening.redis.backoff=500ms",
                        "hardening.redis.deadline=1m")
                .run(context -> assertThat(context.getStartupFailure())
                        .hasMessage("Redis connection failed after 4 attempts: Connection refused"));
        assertThat(waits).containsExactly(Duration.ofMillis(500), Duration.ofSeconds(1), Duration.ofSeconds(2));
    }

    @Test
    void the_passwords_of_the_properties_are_used_and_a_wrong_one_is_told_at_once() {
        at(locked.port(), "spring.data.redis.password=hunter2 @/#%")
                .run(context -> assertThat(context).hasNotFailed());
        at(locked.port(), "spring.data.redis.password=hunter3-canary").run(context -> {
            RedisConnectException failure = (RedisConnectException) context.getStartupFailure();
            assertThat(failure.attempts())
                    .singleElement()
                    .satisfies(attempt -> assertThat(attempt.verdict()).isEqualTo(Attempt.Verdict.PERMANENT));
            assertThat(new RedisFailureAnalyzer().analyze(failure).getAction()).startsWith("Correct the");
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
    void users_of_an_access_list_are_connected_with() throws Exception {
        try (RedisServer server = RedisServer.start("--user", "ratings", "on", ">s3cret", "~*", "+@all")) {
            at(server.port(), "spring.data.redis.username=ratings", "spring.data.redis.password=s3cret")
                    .run(context -> assertThat(context).hasNotFailed());
            at(server.port(), "spring.data.redis.username=ratings", "spring.data.redis.password=other")
                    .run(context -> assertThat(context.getStartupFailure()).isInstanceOf(RedisConnectException.class));
        }
    }

    @Test
    void a_required_role_is_demanded() throws Exception {
        try (RedisServer replica = RedisServer.start("--replicaof", "127.0.0.1", String.valueOf(server.port()))) {
            at(replica.port()).run(context -> assertThat(context).hasNotFailed());
            at(replica.port(), "hardening.redis.require-role=primary")
                    .run(context -> assertThat(context.getStartupFailure())
                            .isInstanceOf(RedisConnectException.class)
                            .hasMessageContaining("replica"));
        }
    }

    private static void patient(RedisConnector.Builder builder) {
        builder.attempts(300)
                .deadline(Duration.ofMinutes(2))
                .backoff(failed -> Duration.ofMillis(200))
                .sleeper(wait -> TimeUnit.NANOSECONDS.sleep(wait.toNanos()));
    }

    @Test
    void the_primary_behind_sentinels_is_connected_to() throws Exception {
        Path file = Files.createTempFile("sentinel", ".conf");
        Files.writeString(file, "sentinel monitor ratings 127.0.0.1 " + server.port() + " 1\n");
        int port = RedisServer.freePort();
        Process sentinel = new ProcessBuilder(
                        "redis-server",
                        file.toString(),
                        "--sentinel",
                        "--port",
                        String.valueOf(port),
                        "--bind",
                        "127.0.0.1")
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            // Its first answers may come before it is ready: that is what attempts are for.
            runner.withPropertyValues(
                            "spring.data.redis.sentinel.master=ratings",
                            "spring.data.redis.sentinel.nodes=127.0.0.1:" + port)
                    .withBean(
                            "patient",
                            RedisConnectorCustomizer.class,
                            () -> HardeningRedisAutoConfigurationTest::patient)
                    .run(context -> assertThat(
                                    context.getBean(RedisStartUp.class).connections())
                            .hasSize(1));
        } finally {
            sentinel.destroyForcibly().waitFor();
            Files.deleteIfExists(file);
        }
    }

    @Test
    void a_cluster_is_connected_to_by_its_seeds() throws Exception {
        try (RedisServer node = RedisServer.start("--cluster-enabled", "yes", "--cluster-node-timeout", "2000")) {
            runner.withPropertyValues("spring.data.redis.cluster.nodes=127.0.0.1:" + node.port())
                    .run(context -> assertThat(context.getStartupFailure())
                            .isInstanceOf(RedisConnectException.class)
                            .hasMessageContaining("CLUSTERDOWN"));
            Process slots = new ProcessBuilder(
                            "redis-cli", "-p", String.valueOf(node.port()), "cluster", "addslotsrange", "0", "16383")
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            assertThat(slots.waitFor()).isZero();
            runner.withPropertyValues("spring.data.redis.cluster.nodes=127.0.0.1:" + node.port())
                    .withBean(
                            "patient",
                            RedisConnectorCustomizer.class,
                            () -> HardeningRedisAutoConfigurationTest::patient)
                    .run(context -> {
                        assertThat(context.getBean(RedisStartUp.class).connections())
                                .hasSize(1);
                        context.getBean(StringRedisTemplate.class).opsForValue().set("k", "v");
                        assertThat(context.getBean(RedisHealthIndicator.class)
                                        .health()
                                        .getStatus())
                                .isEqualTo(Status.UP);
                    });
        }
    }

    @Test
    void lettuce_refuses_commands_at_once_while_redis_is_away_unless_the_application_says_otherwise() {
        at(server.port()).run(context -> {
            LettuceConnectionFactory factory = context.getBean(LettuceConnectionFactory.class);
            assertThat(factory.getClientConfiguration().getCommandTimeout()).isEqualTo(Duration.ofSeconds(5));
            assertThat(options(factory).getDisconnectedBehavior())
                    .isEqualTo(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS);
            assertThat(options(factory).getRequestQueueSize()).isEqualTo(10_000);
        });
        at(server.port(), "spring.data.redis.timeout=9s")
                .withBean(
                        LettuceClientOptionsBuilderCustomizer.class,
                        () -> options ->
                                options.disconnectedBehavior(ClientOptions.DisconnectedBehavior.ACCEPT_COMMANDS))
                .run(context -> {
                    LettuceConnectionFactory factory = context.getBean(LettuceConnectionFactory.class);
                    assertThat(factory.getClientConfiguration().getCommandTimeout())
                            .isEqualTo(Duration.ofSeconds(9));
                    assertThat(options(factory).getDisconnectedBehavior())
                            .isEqualTo(ClientOptions.DisconnectedBehavior.ACCEPT_COMMANDS);
                });
        at(server.port(), "hardening.redis.fail-fast=false")
                .run(context -> assertThat(options(context.getBean(LettuceConnectionFactory.class))
                                .getDisconnectedBehavior())
                        .isEqualTo(ClientOptions.DisconnectedBehavior.DEFAULT));
    }

    private static ClientOptions options(LettuceConnectionFactory factory) {
        return factory.getClientConfiguration().getClientOptions().orElseThrow();
    }

    @Test
    void health_is_ours_and_meters_count_the_attempts() {
        at(server.port()).run(context -> {
            assertThat(context).hasBean("redisHealthIndicator").doesNotHaveBean("redisHealthContributor");
            Health health = context.getBean(RedisHealthIndicator.class).health();
            assertThat(health.getStatus()).isEqualTo(Status.UP);
            assertThat(health.getDetails()).containsKey("redisConnectionFactory");
            var registry = new SimpleMeterRegistry();
            context.getBean(RedisConnectionMetrics.class).bindTo(registry);
            assertThat(registry.get("redis.connect.attempts")
                            .tag("outcome", "success")
                            .functionCounter()
                            .count())
                    .isEqualTo(1);
        });
    }

    @Test
    void health_asks_a_redis_too_that_the_start_did_not_connect_to() {
        for (int port : List.of(server.port(), RedisServer.freePort())) {
            runner.withPropertyValues("spring.data.redis.masterreplica.nodes=127.0.0.1:" + port)
                    .run(context -> {
                        assertThat(context.getBean(RedisStartUp.class).connections())
                                .isEmpty();
                        Health health =
                                context.getBean(RedisHealthIndicator.class).health();
                        assertThat(health.getStatus()).isEqualTo(port == server.port() ? Status.UP : Status.DOWN);
                        assertThat(health.getDetails()).containsKey("redisConnectionFactory");
                    });
        }
    }

    @Test
    void every_listener_bean_is_told() {
        List<String> told = new ArrayList<>();
        at(RedisServer.freePort())
                .withBean("one", ConnectListener.class, () -> telling(told, "one"))
                .withBean("two", ConnectListener.class, () -> telling(told, "two"))
                .run(context -> assertThat(told).containsExactly("one 1", "two 1", "one 2", "two 2", "one 3", "two 3"));
    }

    private static ConnectListener telling(List<String> told, String name) {
        return new ConnectListener() {
            @Override
            public void attemptFailed(Attempt attempt) {
                told.add(name + " " + attempt.number());
            }
        };
    }

    @Test
    void it_stays_away_when_turned_off_and_where_a_library_is_absent() {
        at(RedisServer.freePort(), "hardening.redis.enabled=false")
                .run(context -> assertThat(context)
                        .hasNotFailed()
                        .hasBean("redisHealthContributor")
                        .doesNotHaveBean(RedisStartUp.class));
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
                            .doesNotHaveBean("redisHealthIndicator"));
        }
        at(server.port())
                .withClassLoader(new FilteredClassLoader(MeterBinder.class))
                .run(context -> assertThat(context)
                        .hasNotFailed()
                        .hasSingleBean(RedisStartUp.class)
                        .doesNotHaveBean("hardeningRedisMetrics"));
        at(server.port())
                .withClassLoader(new FilteredClassLoader(HealthIndicator.class))
                .run(context -> assertThat(context)
                        .hasNotFailed()
                        .hasSingleBean(RedisStartUp.class)
                        .doesNotHaveBean("redisHealthIndicator"));
    }
}
