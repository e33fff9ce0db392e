package dev.hardening.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.hardening.redis.Attempt.Verdict;
import dev.hardening.testing.FaultyProxy;
import dev.hardening.testing.FaultyProxy.Fault;
import dev.hardening.testing.RedisServer;
import io.lettuce.core.RedisException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is promised for each fault of a network, while connecting and afterwards. */
class FaultsTest {

    private static RedisServer server;
    private FaultyProxy proxy;

    @BeforeAll
    static void startRedis() throws Exception {
        server = RedisServer.start();
    }

    @AfterAll
    static void stopRedis() throws Exception {
        server.close();
    }

    @BeforeEach
    void startProxy() throws Exception {
        proxy = new FaultyProxy(server.port());
    }

    @AfterEach
    void stopProxy() throws Exception {
        proxy.close();
    }

    @Nested
    class WhileConnecting {

        @ParameterizedTest
        @EnumSource(names = {"REFUSE", "BLACK_HOLE", "RESET", "CUT", "HALF_OPEN"})
        void aFaultThatEndsWhileItIsTriedAgainIsSurvived(Fault fault) {
            proxy.set(fault);
            List<Attempt> failed = new CopyOnWriteArrayList<>();
            try (ConnectedRedis redis = RedisConnector.builder(proxy.uri())
                    .attempts(5)
                    .attemptTimeout(Duration.ofSeconds(1))
                    .deadline(Duration.ofMinutes(1))
                    .sleeper(wait -> proxy.set(Fault.NONE))
                    .listener(new ConnectListener() {
                        @Override
                        public void attemptFailed(Attempt attempt) {
                            failed.add(attempt);
                        }
                    })
                    .build()
                    .connect()) {
                assertThat(redis.report().attempts()).isGreaterThan(1);
                assertThat(redis.ping()).isTrue();
            }
            assertThat(failed).isNotEmpty();
            assertThat(failed.get(0).verdict()).isEqualTo(Verdict.TRANSIENT);
            assertThat(failed.get(0).reason())
                    .contains(
                            switch (fault) {
                                case REFUSE -> "Connection refused";
                                case BLACK_HOLE -> "timed out after";
                                case HALF_OPEN -> "timed out after";
                                default -> "onnection";
                            });
            Traces.awaitNoThreads();
        }

        @ParameterizedTest
        @EnumSource(names = {"REFUSE", "BLACK_HOLE", "RESET", "CUT", "HALF_OPEN"})
        void aFaultThatLastsEndsWithinTheDeadlineWithEachAttemptsReason(Fault fault) {
            proxy.set(fault);
            RedisConnectException failure = catchThrowableOfType(
                    RedisConnectException.class,
                    () -> RedisConnector.builder(proxy.uri())
                            .attemptTimeout(Duration.ofMillis(300))
                            .sleeper(wait -> {})
                            .build()
                            .connect()
                            .close());
            assertThat(failure.attempts()).hasSize(3);
            assertThat(failure.attempts())
                    .allSatisfy(attempt -> assertThat(attempt.reason()).isNotBlank());
            Traces.awaitNoThreads();
        }

        @ParameterizedTest
        @EnumSource(names = {"DELAY", "SLOW"})
        void aSlowNetworkIsConnectedOverAtTheFirstAttempt(Fault fault) {
            proxy.set(fault);
            try (ConnectedRedis redis = RedisConnector.builder(proxy.uri())
                    .attemptTimeout(Duration.ofMinutes(1))
                    .deadline(Duration.ofMinutes(1))
                    .build()
                    .connect()) {
                assertThat(redis.report().attempts()).isEqualTo(1);
                redis.sync().set("k", "slow");
                assertThat(redis.sync().get("k")).isEqualTo("slow");
            }
        }

        @Test
        void aServerThatHangsUpOnceIsAskedAsUsual() {
            proxy.set(Fault.HANG_UP);
            try (ConnectedRedis redis = RedisConnector.builder(proxy.uri() + "?clientName=orders")
                    .requireRole(Role.PRIMARY)
                    .sleeper(wait -> proxy.set(Fault.NONE))
                    .build()
                    .connect()) {
                assertThat(redis.report().attempts()).isEqualTo(2);
                assertThat(redis.report().version()).isNotEmpty();
                assertThat(redis.report().role()).isEqualTo(Role.PRIMARY);
                assertThat(redis.sync().clientGetname()).isEqualTo("orders");
            }
        }

        @Test
        void aResolverThatHangsIsGivenUpAtTheDeadline() {
            CountDownLatch never = new CountDownLatch(1);
            RedisConnectException failure = catchThrowableOfType(
                    RedisConnectException.class,
                    () -> RedisConnector.builder("redis://redis.example")
                            .attempts(2)
                            .attemptTimeout(Duration.ofMillis(200))
                            .sleeper(wait -> {})
                            .names(host -> {
                                boolean interrupted = false;
                                while (never.getCount() > 0) {
                                    try {
                                        never.await();
                                    } catch (InterruptedException deaf) {
                                        interrupted = true; // as the JVM's own resolver is
                                    }
                                }
                                if (interrupted) {
                                    Thread.currentThread().interrupt();
                                }
                                throw new UnknownHostException(host);
                            })
                            .build()
                            .connect()
                            .close());
            assertThat(failure.attempts()).hasSize(2);
            assertThat(failure).hasMessageContaining("while resolving the host's name");
            never.countDown();
            Traces.awaitNoThreads();
        }
    }

    @Nested
    class AfterTheStart {

        @ParameterizedTest
        @EnumSource(names = {"REFUSE", "BLACK_HOLE", "RESET", "CUT", "HALF_OPEN"})
        void aFaultGivesErrorsInBoundedTimeUntilTheNetworkIsBack(Fault fault) {
            try (ConnectedRedis redis = RedisConnector.builder(proxy.uri() + "?timeout=500ms")
                    .build()
                    .connect()) {
                proxy.set(fault);
                Awaitility.await()
                        .atMost(Duration.ofSeconds(60))
                        .untilAsserted(() ->
                                assertThatThrownBy(() -> redis.sync().get("k")).isInstanceOf(RedisException.class));
                assertThat(redis.ping()).isFalse();
                // What is asked meanwhile is refused or ends at its timeout: nothing is left waiting.
                var asked = redis.async().get("k").toCompletableFuture();
                Awaitility.await().atMost(Duration.ofSeconds(60)).until(asked::isDone);
                proxy.set(Fault.NONE);
                Awaitility.await().atMost(Duration.ofSeconds(90)).until(redis::ping);
                assertThat(redis.sync().set("k", "back")).isEqualTo("OK");
            }
            Traces.awaitNoThreads();
        }

        @ParameterizedTest
        @EnumSource(names = {"DELAY", "SLOW"})
        void aSlowNetworkIsOnlySlow(Fault fault) {
            try (ConnectedRedis redis =
                    RedisConnector.builder(proxy.uri() + "?timeout=60s").build().connect()) {
                proxy.set(fault);
                assertThat(redis.sync().set("k", "x".repeat(500))).isEqualTo("OK");
                assertThat(redis.sync().get("k")).hasSize(500);
            }
        }

        @Test
        void aLongValueMayTakeLongerThanTheHeartbeatWaits() {
            try (ConnectedRedis redis =
                    RedisConnector.builder(proxy.uri() + "?timeout=5m").build().connect()) {
                proxy.set(Fault.SLOW_UPLOAD);
                assertThat(redis.sync().set("long", "x".repeat(36_000_000))).isEqualTo("OK");
            }
        }

        @Test
        void aServerThatStandsStillIsGivenUpAndUsedAgainWhenItGoesOn() throws Exception {
            try (RedisServer still = RedisServer.start();
                    ConnectedRedis redis = RedisConnector.builder(still.uri() + "?timeout=500ms")
                            .build()
                            .connect()) {
                still.signal("STOP");
                assertThat(redis.ping()).isFalse();
                still.signal("CONT");
                Awaitility.await().atMost(Duration.ofSeconds(60)).until(redis::ping);
            }
        }
    }
}
