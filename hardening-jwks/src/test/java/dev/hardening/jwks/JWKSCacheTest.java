package dev.hardening.jwks;

import static dev.hardening.jwks.KeyEndpoint.EC_1;
import static dev.hardening.jwks.KeyEndpoint.EC_2;
import static dev.hardening.jwks.KeyEndpoint.RSA_1;
import static dev.hardening.jwks.KeyEndpoint.RSA_2;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import dev.hardening.jwks.JWKSCacheStatus.State;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

class JWKSCacheTest {

    private final KeyEndpoint endpoint = new KeyEndpoint();
    private final ExecutorService readers = Executors.newCachedThreadPool();
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private final Logger logger = (Logger) LoggerFactory.getLogger(JWKSCache.class);

    @BeforeEach
    void listenToTheLog() {
        log.start();
        logger.addAppender(log);
    }

    @AfterEach
    void stop() {
        logger.detachAppender(log);
        readers.shutdownNow();
        endpoint.close();
    }

    private static List<String> kids(JWKSet set) {
        return set.getKeys().stream().map(JWK::getKeyID).toList();
    }

    private <T> List<Future<T>> concurrently(int count, Callable<T> task) throws InterruptedException {
        CountDownLatch ready = new CountDownLatch(count);
        List<Future<T>> futures = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            futures.add(readers.submit(() -> {
                ready.countDown();
                ready.await();
                return task.call();
            }));
        }
        assertThat(ready.await(30, TimeUnit.SECONDS)).isTrue();
        return futures;
    }

    private static void awaitWaiting(JWKSCache cache, int fetches) {
        Awaitility.await().until(() -> cache.status().fetches() == fetches);
    }

    private JWKSCache queueing(KeyEndpoint.FakeTimer timer, List<Runnable> queue, Duration call) {
        byte[] keys = new JWKSet(RSA_1).toString(true).getBytes(StandardCharsets.UTF_8);
        return endpoint.open(
                endpoint.inline().threads(timer).executor(queue::add).fetcher(request -> {
                    timer.pass(call);
                    return JWKSFetcher.Response.of(keys);
                }));
    }

    @Nested
    class NoKeysAreThereYet {

        @Test
        void a_thousand_readers_cost_one_get() throws Exception {
            JWKSCache cache = endpoint.open(endpoint.background());
            CountDownLatch gate = new CountDownLatch(1);
            endpoint.script(KeyEndpoint.held(gate, KeyEndpoint.serving(RSA_1)));
            List<Future<JWKSet>> reads = concurrently(1_000, cache::getKeys);
            awaitWaiting(cache, 1);
            gate.countDown();
            for (Future<JWKSet> read : reads) {
                assertThat(kids(read.get())).containsExactly("rsa-1");
            }
            assertThat(endpoint.gets).hasValue(1);
        }

        @Test
        void twenty_readers_share_one_failure() throws Exception {
            JWKSCache cache = endpoint.open(endpoint.background());
            CountDownLatch gate = new CountDownLatch(1);
            endpoint.script(KeyEndpoint.held(gate, KeyEndpoint.status(500)));
            List<Future<JWKSet>> reads = concurrently(20, cache::getKeys);
            awaitWaiting(cache, 1);
            gate.countDown();
            for (Future<JWKSet> read : reads) {
                assertThatThrownBy(read::get)
                        .isInstanceOf(ExecutionException.class)
                        .cause()
                        .isInstanceOf(JWKSUnavailableException.class)
                        .hasMessageContaining("HTTP 500");
            }
            assertThat(endpoint.gets).hasValue(1);
            assertThat(cache.status().state()).isEqualTo(State.UNAVAILABLE);
        }

        @ParameterizedTest
        @ValueSource(longs = {1, 2, 3})
        void five_seconds_of_outage_cost_at_most_five_gets(long seed) {
            Random random = new Random(seed);
            JWKSCache cache = endpoint.open(endpoint.inline().random(random::nextDouble));
            endpoint.down();
            for (int read = 0; read < 500; read++) {
                assertThatThrownBy(cache::getKeys).isInstanceOf(JWKSUnavailableException.class);
                endpoint.advance(Duration.ofMillis(10));
            }
            assertThat(endpoint.gets).hasValueLessThanOrEqualTo(5);
            endpoint.serve(RSA_1);
            endpoint.advance(Duration.ofSeconds(2));
            assertThat(kids(cache.getKeys())).containsExactly("rsa-1");
        }

        @Test
        void one_that_is_invalidated_in_an_outage_can_be_later_too() {
            JWKSCache cache = endpoint.open(endpoint.inline());
            endpoint.down();
            for (int second = 0; second < 60; second++) {
                assertThatThrownBy(cache::getKeys).isInstanceOf(JWKSUnavailableException.class);
                cache.invalidate();
                endpoint.advance(Duration.ofSeconds(1));
            }
            endpoint.serve(RSA_1, RSA_2);
            endpoint.advance(Duration.ofSeconds(10));
            assertThat(kids(cache.getKeys())).containsExactly("rsa-1", "rsa-2");
            endpoint.serve(RSA_1);
            endpoint.advance(Duration.ofSeconds(10));
            cache.invalidate();
            assertThat(kids(cache.getKeys())).containsExactly("rsa-1");
        }

        @Test
        void an_invalidation_hides_no_failure() {
            JWKSCache cache = endpoint.open(endpoint.background());
            endpoint.script(KeyEndpoint.status(500));
            assertThatThrownBy(cache::getKeys).isInstanceOf(JWKSUnavailableException.class);
            cache.invalidate();
            assertThat(cache.status().state()).isEqualTo(State.UNAVAILABLE);
        }

        @Test
        void a_flood_of_unknown_key_ids_costs_one_get() {
            JWKSCache cache = endpoint.open(endpoint.inline());
            Random random = new Random(2);
            for (int i = 0; i < 1_000; i++) {
                assertThat(cache.findKey(KeyEndpoint.randomKid(random))).isEmpty();
                endpoint.advance(Duration.ofMillis(10));
            }
            assertThat(endpoint.gets).hasValue(1);
            endpoint.serve(RSA_1, RSA_2);
            endpoint.advance(Duration.ofSeconds(20));
            assertThat(cache.findKey("rsa-2")).isPresent();
        }

        @Test
        void reading_asynchronously_never_waits() throws Exception {
            JWKSCache cache = endpoint.open(endpoint.background());
            CountDownLatch gate = new CountDownLatch(1);
            endpoint.script(KeyEndpoint.held(gate, KeyEndpoint.serving(RSA_1)));
            CompletableFuture<JWKSet> keys = cache.getKeysAsync();
            assertThat(keys).isNotDone();
            gate.countDown();
            assertThat(kids(keys.get(30, TimeUnit.SECONDS))).containsExactly("rsa-1");
            assertThat(cache.getKeysAsync()).isCompleted();
            endpoint.down();
            JWKSCache cold = endpoint.open(endpoint.background());
            assertThatThrownBy(() -> cold.getKeysAsync().get(30, TimeUnit.SECONDS))
                    .cause()
                    .isInstanceOf(JWKSUnavailableException.class);
        }

        @Test
        void a_fetch_runs_where_its_executor_runs_it() {
            List<String> threads = Collections.synchronizedList(new ArrayList<>());
            byte[] keys = new JWKSet(RSA_1).toString(true).getBytes(StandardCharsets.UTF_8);
            JWKSFetcher noting = request -> {
                threads.add(Thread.currentThread().getName());
                return JWKSFetcher.Response.of(keys);
            };
            endpoint.open(endpoint.background().fetcher(noting)).getKeys();
            endpoint.open(endpoint.inline().fetcher(noting)).getKeys();
            assertThat(threads)
                    .containsExactly(
                            "hardening-jwks-worker", Thread.currentThread().getName());
        }

        @ParameterizedTest
        @ValueSource(booleans = {true, false})
        void a_failure_is_told_without_what_futures_wrap_around_it(boolean ownExecutor) {
            endpoint.down();
            JWKSCache cache = endpoint.open(ownExecutor ? endpoint.inline() : endpoint.background());
            assertThatThrownBy(cache::getKeys)
                    .isInstanceOf(JWKSUnavailableException.class)
                    .hasMessageEndingWith("jwks.json: the endpoint answered HTTP 503")
                    .cause()
                    .isExactlyInstanceOf(IOException.class)
                    .hasMessage("the endpoint answered HTTP 503");
            assertThat(cache.status().lastError()).isEqualTo("the endpoint answered HTTP 503");

            JWKSCache joined = endpoint.open(endpoint.background()
                    .fetcher(request -> CompletableFuture.supplyAsync(
                                    (java.util.function.Supplier<JWKSFetcher.Response>) () -> {
                                        throw new CompletionException(new IOException("no route"));
                                    })
                            .join()));
            assertThatThrownBy(joined::getKeys).isInstanceOf(JWKSUnavailableException.class);
            assertThat(joined.status().lastError()).isEqualTo("no route");
        }

        @Test
        void an_endpoint_that_is_not_there_is_named() throws Exception {
            int port;
            try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                port = free.getLocalPort();
            }
            JWKSCache cache = endpoint.open(JWKSCache.builder(URI.create("http://127.0.0.1:" + port + "/jwks")));
            assertThatThrownBy(cache::getKeys).isInstanceOf(JWKSUnavailableException.class);
            assertThat(cache.status().lastError()).contains("127.0.0.1:" + port);
        }
    }

    @Nested
    class KeysAreFresh {

        @Test
        void a_read_costs_no_get() {
            JWKSCache cache = endpoint.open(endpoint.inline());
            assertThat(cache.status().state()).isEqualTo(State.EMPTY);
            assertThat(kids(cache.getKeys())).containsExactly("rsa-1", "ec-1");
            endpoint.advance(Duration.ofMinutes(55).minusNanos(1));
            cache.getKeys();
            assertThat(endpoint.gets).hasValue(1);
            assertThat(cache.status().state()).isEqualTo(State.FRESH);
        }

        @Test
        void a_known_key_is_found_while_the_lock_is_held() throws Exception {
            CountDownLatch holding = new CountDownLatch(1);
            CountDownLatch gate = new CountDownLatch(1);
            Thread test = Thread.currentThread();
            JWKSCache cache = endpoint.open(endpoint.inline().ticker(() -> {
                if (Thread.currentThread() != test) {
                    holding.countDown();
                    try {
                        gate.await();
                    } catch (InterruptedException closing) {
                        Thread.currentThread().interrupt();
                    }
                }
                return endpoint.now.get();
            }));
            cache.getKeys();
            Future<?> invalidation = readers.submit(cache::invalidate); // reads the ticker under the lock
            assertThat(holding.await(30, TimeUnit.SECONDS)).isTrue();
            assertThat(cache.findKey("rsa-1")).isPresent();
            assertThat(kids(cache.getKeys())).contains("rsa-1");
            assertThat(cache.getKeysAsync()).isCompleted();
            assertThat(invalidation).isNotDone();
            gate.countDown();
            invalidation.get();
        }

        @Test
        void a_key_that_stays_is_built_once() {
            JWKSCache cache = endpoint.open(endpoint.inline());
            SigningKey first = cache.findKey("rsa-1").orElseThrow();
            endpoint.serve(RSA_1, EC_2);
            endpoint.advance(Duration.ofMinutes(56));
            cache.getKeys();
            assertThat(cache.findKey("ec-2")).isPresent();
            assertThat(cache.findKey("rsa-1").orElseThrow()).isSameAs(first);
            assertThat(cache.findKey("rsa-1")).isSameAs(cache.findKey("rsa-1"));
            assertThat(EC_1.getKeyID()).isEqualTo("ec-1");
        }

        @ParameterizedTest
        @ValueSource(longs = {-2, 2})
        void a_wall_clock_that_moves_changes_no_schedule(long hours) {
            AtomicReference<Instant> wall = new AtomicReference<>(Instant.parse("2026-01-01T12:00:00Z"));
            KeyEndpoint.FakeTimer timer = endpoint.new FakeTimer();
            JWKSCache cache = endpoint.open(endpoint.inline().threads(timer).clock(new Clock() {
                @Override
                public ZoneId getZone() {
                    return ZoneOffset.UTC;
                }

                @Override
                public Clock withZone(ZoneId zone) {
                    return this;
                }

                @Override
                public Instant instant() {
                    return wall.get();
                }
            }));
            cache.getKeys();
            wall.updateAndGet(instant -> instant.plus(Duration.ofHours(hours)));
            assertThat(cache.status().state()).isEqualTo(State.FRESH);
            assertThat(cache.status().age()).isZero();
            timer.pass(Duration.ofMinutes(55).minusSeconds(1));
            cache.getKeys();
            assertThat(endpoint.gets).hasValue(1);
            timer.pass(Duration.ofSeconds(1));
            assertThat(endpoint.gets).hasValue(2);
            endpoint.down();
            wall.updateAndGet(instant -> instant.minus(Duration.ofHours(2 * hours)));
            timer.pass(Duration.ofMinutes(55).plusSeconds(1));
            assertThat(endpoint.gets.get())
                    .as("one attempt, and one a second later")
                    .isBetween(3, 4);
            assertThat(cache.findKey("rsa-1")).isPresent();
        }
    }

    @Nested
    class ARefreshIsDue {

        @Test
        void the_first_read_gets_the_old_keys_and_the_next_the_new() {
            JWKSCache cache = endpoint.open(endpoint.inline());
            cache.getKeys();
            endpoint.serve(RSA_2);
            endpoint.advance(Duration.ofMinutes(55));
            assertThat(cache.status().state()).isEqualTo(State.REFRESH_DUE);
            assertThat(kids(cache.getKeys())).containsExactly("rsa-1", "ec-1");
            assertThat(kids(cache.getKeys())).containsExactly("rsa-2");
            assertThat(endpoint.gets).hasValue(2);
        }

        @Test
        void no_read_waits_for_a_slow_refresh() throws Exception {
            JWKSCache cache = endpoint.open(endpoint.background());
            cache.getKeys();
            CountDownLatch gate = new CountDownLatch(1);
            endpoint.script(KeyEndpoint.held(gate, KeyEndpoint.serving(RSA_2)));
            endpoint.advance(Duration.ofMinutes(55));
            for (int read = 0; read < 100; read++) {
                assertThat(kids(cache.getKeys())).contains("rsa-1");
            }
            endpoint.advance(Duration.ofMinutes(6)); // also not when the keys expire meanwhile
            assertThat(kids(cache.getKeys())).contains("rsa-1");
            assertThat(cache.status().fetches()).isEqualTo(2);
            gate.countDown();
            Awaitility.await().until(() -> kids(cache.getKeys()).contains("rsa-2"));
            assertThat(endpoint.gets).hasValue(2);
        }

        @Test
        void expired_keys_are_waited_for_if_no_refresh_ran() {
            JWKSCache cache = endpoint.open(endpoint.background());
            cache.getKeys();
            endpoint.serve(RSA_2);
            endpoint.advance(Duration.ofHours(1));
            assertThat(cache.status().state()).isEqualTo(State.STALE);
            assertThat(kids(cache.getKeys())).containsExactly("rsa-2");
            assertThat(endpoint.gets).hasValue(2);
        }

        @Test
        void a_failure_is_logged_and_the_old_keys_stay() {
            JWKSCache cache = endpoint.open(endpoint.inline());
            cache.getKeys();
            endpoint.down();
            endpoint.advance(Duration.ofMinutes(55));
            cache.getKeys();
            assertThat(kids(cache.getKeys())).containsExactly("rsa-1", "ec-1");
            assertThat(cache.findKey("rsa-1")).isPresent();
            assertThat(log.list)
                    .filteredOn(event -> event.getLevel() == Level.WARN)
                    .hasSize(1);
            assertThat(log.list.get(log.list.size() - 1).getFormattedMessage())
                    .contains("HTTP 503", "the old keys stay");
            assertThat(cache.status().lastError()).isEqualTo("the endpoint answered HTTP 503");
        }

        @Test
        void an_executor_that_rejects_is_tried_again() {
            AtomicBoolean rejects = new AtomicBoolean();
            JWKSCache cache = endpoint.open(endpoint.background().executor(task -> {
                if (rejects.get()) {
                    throw new RejectedExecutionException("full");
                }
                task.run();
            }));
            cache.getKeys();
            rejects.set(true);
            endpoint.advance(Duration.ofMinutes(56));
            assertThat(kids(cache.getKeys())).contains("rsa-1");
            rejects.set(false);
            endpoint.advance(Duration.ofSeconds(2));
            cache.getKeys();
            assertThat(cache.status().state()).isEqualTo(State.FRESH);
        }

        @Test
        void an_idle_cache_is_refreshed_each_55_minutes() {
            KeyEndpoint.FakeTimer timer = endpoint.new FakeTimer();
            JWKSCache cache = endpoint.open(endpoint.inline().threads(timer));
            cache.getKeys();
            timer.pass(Duration.ofHours(3));
            assertThat(endpoint.gets).hasValue(4);
            assertThat(cache.status().state()).isEqualTo(State.FRESH);
            cache.getKeys();
            assertThat(endpoint.gets).hasValue(4);
        }

        @Test
        void an_idle_cache_recovers_from_a_failure_before_its_end() {
            KeyEndpoint.FakeTimer timer = endpoint.new FakeTimer();
            JWKSCache cache = endpoint.open(endpoint.inline().threads(timer));
            cache.getKeys();
            endpoint.down();
            timer.pass(Duration.ofMinutes(55).plusSeconds(30));
            assertThat(cache.status().failures()).isPositive();
            endpoint.serve(RSA_1);
            timer.pass(Duration.ofMinutes(4));
            assertThat(cache.status().state()).isEqualTo(State.FRESH);
        }

        @Test
        void a_removed_key_is_refused_by_the_end_of_its_time_to_live() {
            JWKSCache cache = endpoint.open(endpoint.inline());
            cache.getKeys();
            endpoint.serve(RSA_1);
            endpoint.advance(Duration.ofMinutes(55));
            cache.getKeys();
            endpoint.advance(Duration.ofMinutes(5));
            assertThat(cache.findKey("ec-1")).isEmpty();
            assertThat(cache.findKey("rsa-1")).isPresent();
        }
    }

    @Nested
    class TheEndpointIsDown {

        @Test
        void five_minutes_fail_no_read_and_cost_at_most_ten_gets() {
            JWKSCache cache = endpoint.open(endpoint.inline().random(() -> 1));
            cache.getKeys();
            endpoint.down();
            endpoint.advance(Duration.ofMinutes(55));
            int before = endpoint.gets.get();
            int found = 0;
            for (int read = 0; read < 300_000; read++) {
                found += cache.findKey("rsa-1").isPresent() ? 1 : 0;
                endpoint.advance(Duration.ofMillis(1));
            }
            assertThat(found).isEqualTo(300_000);
            assertThat(endpoint.gets.get() - before).isLessThanOrEqualTo(10);
        }

        @Test
        void known_keys_work_and_the_state_never_says_fresh() {
            JWKSCache cache = endpoint.open(endpoint.inline());
            cache.getKeys();
            endpoint.advance(Duration.ofMinutes(50));
            endpoint.down();
            for (int minute = 0; minute < 180; minute++) {
                endpoint.advance(Duration.ofMinutes(1));
                assertThat(cache.findKey("rsa-1")).isPresent();
                if (minute >= 5) {
                    assertThat(cache.status().state()).isNotIn(State.FRESH);
                }
                if (minute >= 10) {
                    assertThat(cache.status().state()).isEqualTo(State.STALE);
                }
            }
            endpoint.serve(RSA_1);
            endpoint.advance(Duration.ofSeconds(60));
            cache.getKeys();
            assertThat(cache.status().state()).isEqualTo(State.FRESH);
        }

        @Test
        void after_a_day_it_fails_closed() {
            JWKSCache cache = endpoint.open(endpoint.inline());
            cache.getKeys();
            endpoint.down();
            endpoint.advance(Duration.ofHours(24).minusSeconds(1));
            assertThat(cache.findKey("rsa-1")).isPresent();
            endpoint.advance(Duration.ofSeconds(2));
            assertThatThrownBy(() -> cache.findKey("rsa-1")).isInstanceOf(JWKSUnavailableException.class);
            assertThat(cache.status().state()).isEqualTo(State.UNAVAILABLE);
        }

        @ParameterizedTest
        @ValueSource(ints = {1, 4, 30, 120, 720})
        void its_return_is_noticed_within_a_minute(int minutesOfOutage) {
            KeyEndpoint.FakeTimer timer = endpoint.new FakeTimer();
            JWKSCache cache = endpoint.open(endpoint.inline().threads(timer));
            cache.getKeys();
            endpoint.advance(Duration.ofMinutes(54));
            endpoint.down();
            timer.pass(Duration.ofMinutes(1 + minutesOfOutage));
            assertThat(cache.status().failures()).isPositive();
            endpoint.serve(RSA_2);
            timer.pass(Duration.ofSeconds(60));
            assertThat(cache.status().state()).isEqualTo(State.FRESH);
        }

        @Test
        void a_failure_brings_no_refresh_forward() {
            JWKSCache cache = endpoint.open(endpoint.inline().clock(Clock.fixed(Instant.EPOCH, ZoneOffset.UTC)));
            cache.getKeys();
            endpoint.advance(Duration.ofMinutes(10));
            endpoint.script(KeyEndpoint.status(500));
            assertThatThrownBy(() -> cache.findKey("unknown")).isInstanceOf(JWKSUnavailableException.class);
            assertThat(cache.status().failures()).isEqualTo(1);
            assertThat(cache.status().nextAttempt()).isEqualTo(Instant.EPOCH.plus(Duration.ofMinutes(45)));
        }

        @Test
        void a_failure_loses_no_known_key() {
            JWKSCache cache = endpoint.open(endpoint.inline());
            cache.getKeys();
            endpoint.down();
            assertThat(cache.findKey("unknown")).isEmpty();
            assertThat(cache.findKey("ec-1"))
                    .hasValueSatisfying(key -> assertThat(key.kid()).isEqualTo("ec-1"));
            assertThat(cache.findKey("rsa-1")).isPresent();
        }

        @Test
        void a_flood_of_unknown_key_ids_costs_one_get_a_backoff_step() {
            JWKSCache cache = endpoint.open(endpoint.inline());
            cache.getKeys();
            endpoint.down();
            Random random = new Random(1);
            for (int i = 0; i < 10_000; i++) {
                assertThat(cache.findKey(KeyEndpoint.randomKid(random))).isEmpty();
                endpoint.advance(Duration.ofMillis(1));
            }
            assertThat(endpoint.gets.get() - 1).isLessThanOrEqualTo(3); // at 0 s, 1 s and 5 s
            assertThat(cache.findKey("rsa-1")).isPresent();
        }

        @Test
        void a_new_key_is_accepted_a_second_after_a_failure() {
            JWKSCache cache = endpoint.open(endpoint.inline());
            cache.getKeys();
            endpoint.down();
            assertThat(cache.findKey("rsa-2")).isEmpty();
            endpoint.serve(RSA_1, RSA_2);
            endpoint.advance(Duration.ofSeconds(1));
            assertThat(cache.findKey("rsa-2")).isPresent();
            assertThat(endpoint.gets).hasValue(3);
        }
    }

    @Nested
    class TheEndpointAsksToWait {

        @ParameterizedTest
        @ValueSource(ints = {429, 503})
        void a_cold_cache_costs_one_get_until_then(int status) {
            endpoint.script(exchange -> {
                exchange.getResponseHeaders().set("Retry-After", "30");
                KeyEndpoint.send(exchange, status, "{}");
            });
            KeyEndpoint.FakeTimer timer = endpoint.new FakeTimer();
            JWKSCache cache = endpoint.open(endpoint.inline().threads(timer));
            for (int second = 0; second < 30; second++) {
                assertThatThrownBy(cache::getKeys)
                        .isInstanceOf(JWKSUnavailableException.class)
                        .hasMessageEndingWith("the endpoint answered HTTP " + status + ", and asks to wait 30 s");
                assertThat(endpoint.gets).hasValue(1);
                if (second == 29) {
                    endpoint.serve(RSA_1);
                }
                timer.pass(Duration.ofSeconds(1));
            }
            assertThat(cache.getKeys().getKeys()).hasSize(1);
            assertThat(endpoint.gets).hasValue(2);
        }

        @Test
        void known_keys_go_on() {
            JWKSCache cache = endpoint.open(endpoint.inline());
            cache.getKeys();
            endpoint.script(exchange -> {
                exchange.getResponseHeaders().set("Retry-After", "30");
                KeyEndpoint.send(exchange, 429, "{}");
            });
            endpoint.advance(Duration.ofMinutes(61));
            for (int second = 0; second < 30; second++) {
                assertThat(cache.findKey("rsa-1")).isPresent();
                endpoint.advance(Duration.ofSeconds(1));
            }
            assertThat(endpoint.gets).hasValue(2);
        }

        @Test
        void discovery_asks_no_other_place_meanwhile() {
            endpoint.script(exchange -> {
                exchange.getResponseHeaders().set("Retry-After", "30");
                KeyEndpoint.send(exchange, 429, "{}");
            });
            JWKSCache cache = endpoint.open(JWKSCache.discover(endpoint.uri().resolve("/realm"))
                    .ticker(endpoint.now::get)
                    .executor(Runnable::run)
                    .threads(new KeyEndpoint.StillTimer(Runnable::run)));
            for (int second = 0; second < 30; second++) {
                assertThatThrownBy(cache::getKeys)
                        .hasMessageEndingWith("discovery at the issuer failed: the endpoint answered HTTP 429,"
                                + " and asks to wait 30 s");
                endpoint.advance(Duration.ofSeconds(1));
            }
            assertThat(endpoint.gets).hasValue(1);
        }
    }

    @Nested
    class AFetchIsUnderWay {

        @Test
        void its_deadline_begins_with_its_call() {
            KeyEndpoint.FakeTimer timer = endpoint.new FakeTimer();
            List<Runnable> queue = new ArrayList<>();
            CompletableFuture<JWKSet> keys =
                    queueing(timer, queue, Duration.ofSeconds(9)).getKeysAsync();
            timer.pass(Duration.ofSeconds(9));
            queue.forEach(Runnable::run);
            assertThat(keys).isCompletedWithValueMatching(set -> kids(set).equals(List.of("rsa-1")));
        }

        @Test
        void it_fails_if_its_call_takes_longer_than_its_deadline() {
            KeyEndpoint.FakeTimer timer = endpoint.new FakeTimer();
            List<Runnable> queue = new ArrayList<>();
            CompletableFuture<JWKSet> keys =
                    queueing(timer, queue, Duration.ofSeconds(10)).getKeysAsync();
            timer.pass(Duration.ofSeconds(9));
            queue.forEach(Runnable::run);
            assertThatThrownBy(keys::join).hasMessageEndingWith("no complete answer within 10000 ms");
        }

        @Test
        void it_fails_if_no_thread_begins_it_in_time() {
            KeyEndpoint.FakeTimer timer = endpoint.new FakeTimer();
            List<Runnable> queue = new ArrayList<>();
            JWKSCache cache = queueing(timer, queue, Duration.ZERO);
            CompletableFuture<JWKSet> keys = cache.getKeysAsync();
            timer.pass(Duration.ofSeconds(9));
            assertThat(keys).isNotDone();
            timer.pass(Duration.ofSeconds(1));
            assertThatThrownBy(keys::join).hasMessageEndingWith("no thread began it within 10000 ms");
            queue.forEach(Runnable::run);
            assertThat(cache.status().keyCount()).as("it is over").isZero();
        }

        @Test
        void it_goes_on_when_a_reader_is_interrupted() throws Exception {
            JWKSCache cache = endpoint.open(endpoint.background());
            CountDownLatch gate = new CountDownLatch(1);
            endpoint.script(KeyEndpoint.held(gate, KeyEndpoint.serving(RSA_1)));
            CompletableFuture<Boolean> flag = new CompletableFuture<>();
            Thread reader = new Thread(() -> {
                try {
                    cache.getKeys();
                } catch (JWKSUnavailableException interrupted) {
                    flag.complete(Thread.currentThread().isInterrupted());
                }
            });
            reader.start();
            Future<JWKSet> other = readers.submit(cache::getKeys);
            awaitWaiting(cache, 1);
            reader.interrupt();
            assertThat(flag.get(30, TimeUnit.SECONDS)).isTrue();
            gate.countDown();
            assertThat(kids(other.get())).containsExactly("rsa-1");
            assertThat(endpoint.gets).hasValue(1);
        }

        @Test
        void an_interrupted_look_up_never_says_that_there_is_none() throws Exception {
            JWKSCache cache = endpoint.open(endpoint.background());
            cache.getKeys();
            CountDownLatch gate = new CountDownLatch(1);
            endpoint.script(KeyEndpoint.held(gate, KeyEndpoint.serving(RSA_1, RSA_2)));
            CompletableFuture<Boolean> flag = new CompletableFuture<>();
            Thread reader = new Thread(() -> {
                try {
                    cache.findKey("rsa-2");
                } catch (JWKSUnavailableException interrupted) {
                    flag.complete(Thread.currentThread().isInterrupted());
                }
            });
            reader.start();
            awaitWaiting(cache, 2);
            reader.interrupt();
            assertThat(flag.get(30, TimeUnit.SECONDS)).isTrue();
            gate.countDown();
            Awaitility.await().until(() -> cache.findKey("rsa-2").isPresent());
            assertThat(endpoint.gets).hasValue(2);
        }

        @Test
        void its_interrupt_ends_with_its_transport() throws Exception {
            CountDownLatch fetching = new CountDownLatch(1);
            JWKSCache cache = endpoint.open(endpoint.inline().fetcher(request -> {
                fetching.countDown();
                while (!Thread.currentThread().isInterrupted()) {
                    Thread.onSpinWait();
                }
                throw new IOException("stopped, with the flag set");
            }));
            Future<Boolean> flag = readers.submit(() -> {
                assertThatThrownBy(cache::getKeys).isInstanceOf(JWKSUnavailableException.class);
                return Thread.currentThread().isInterrupted();
            });
            assertThat(fetching.await(30, TimeUnit.SECONDS)).isTrue();
            cache.close();
            assertThat(flag.get(30, TimeUnit.SECONDS)).isFalse();
        }

        @Test
        void the_interrupt_of_a_threads_owner_is_kept() throws Exception {
            JWKSCache cache = endpoint.open(endpoint.inline().fetcher(request -> {
                throw new InterruptedException("by the owner");
            }));
            Future<Boolean> flag = readers.submit(() -> {
                assertThatThrownBy(cache::getKeys).isInstanceOf(JWKSUnavailableException.class);
                return Thread.currentThread().isInterrupted();
            });
            assertThat(flag.get(30, TimeUnit.SECONDS)).isTrue();
        }

        @Test
        void closing_releases_its_reader_and_held_keys_stay() throws Exception {
            JWKSCache cache = endpoint.open(endpoint.background());
            CountDownLatch gate = new CountDownLatch(1);
            endpoint.script(KeyEndpoint.held(gate, KeyEndpoint.serving(RSA_1)));
            Future<JWKSet> read = readers.submit(cache::getKeys);
            awaitWaiting(cache, 1);
            cache.close();
            cache.close();
            assertThatThrownBy(read::get).cause().isInstanceOf(JWKSUnavailableException.class);
            gate.countDown();

            endpoint.serve(RSA_1);
            JWKSCache warm = endpoint.open(endpoint.inline());
            warm.getKeys();
            warm.close();
            endpoint.advance(Duration.ofHours(2));
            assertThat(warm.findKey("rsa-1")).isPresent();
            assertThat(warm.status().fetches()).isEqualTo(1);
        }

        @Test
        void its_answer_is_dropped_after_an_invalidation() throws Exception {
            JWKSCache cache = endpoint.open(endpoint.background());
            CountDownLatch gate = new CountDownLatch(1);
            endpoint.script(KeyEndpoint.held(gate, KeyEndpoint.serving(RSA_1)));
            Future<JWKSet> read = readers.submit(cache::getKeys);
            Awaitility.await().until(() -> endpoint.gets.get() == 1);
            cache.invalidate();
            endpoint.serve(RSA_2);
            gate.countDown();
            assertThat(kids(read.get())).containsExactly("rsa-2");
            assertThat(endpoint.gets).hasValue(2);
        }

        @Test
        void a_new_key_is_found_after_its_answer_was_dropped() throws Exception {
            JWKSCache cache = endpoint.open(endpoint.background());
            cache.getKeys();
            CountDownLatch gate = new CountDownLatch(1);
            endpoint.script(KeyEndpoint.held(gate, KeyEndpoint.serving(RSA_1)));
            Future<Boolean> found = readers.submit(() -> cache.findKey("rsa-2").isPresent());
            Awaitility.await().until(() -> endpoint.gets.get() == 2);
            cache.invalidate();
            endpoint.serve(RSA_1, RSA_2);
            gate.countDown();
            assertThat(found.get()).isTrue();
            assertThat(endpoint.gets).hasValue(3);
        }

        @Test
        void a_key_that_is_newer_than_it_is_fetched_once_more() throws Exception {
            JWKSCache cache = endpoint.open(endpoint.background());
            cache.getKeys();
            CountDownLatch gate = new CountDownLatch(1);
            endpoint.script(KeyEndpoint.held(gate, KeyEndpoint.serving(RSA_1)));
            endpoint.advance(Duration.ofMinutes(55));
            cache.getKeys();
            Awaitility.await().until(() -> endpoint.gets.get() == 2);
            Future<Boolean> found = readers.submit(() -> cache.findKey("rsa-2").isPresent());
            endpoint.serve(RSA_1, RSA_2);
            gate.countDown();
            assertThat(found.get()).isTrue();
            assertThat(endpoint.gets).hasValue(3);
        }
    }

    @Nested
    class WhyThereAreNoKeys {

        @Test
        void is_the_last_failure_only_while_fetching_fails() {
            AtomicBoolean queues = new AtomicBoolean();
            KeyEndpoint.FakeTimer timer = endpoint.new FakeTimer();
            JWKSCache cache = endpoint.open(endpoint.inline().threads(timer).executor(task -> {
                if (queues.get()) {
                    endpoint.queued.add(task);
                } else {
                    task.run();
                }
            }));
            endpoint.down();
            assertThatThrownBy(cache::getKeys)
                    .hasMessageStartingWith("No usable keys of ")
                    .hasMessageEndingWith(": the endpoint answered HTTP 503")
                    .hasCauseInstanceOf(IOException.class);
            endpoint.serve(RSA_1);
            endpoint.advance(Duration.ofSeconds(2));
            cache.getKeys();
            endpoint.advance(Duration.ofMinutes(1));
            queues.set(true);
            CompletableFuture<?> unknown = cache.findKeyAsync("rsa-2");
            assertThat(unknown).isNotDone();
            timer.pass(Duration.ofSeconds(1));
            assertThatThrownBy(unknown::join)
                    .cause()
                    .isInstanceOf(JWKSUnavailableException.class)
                    .hasMessageStartingWith("The key may be a new one of ")
                    .hasMessageEndingWith(": the endpoint has not answered yet")
                    .hasNoCause();
        }

        @ParameterizedTest
        @ValueSource(booleans = {true, false})
        void is_one_line_without_control_characters(boolean checked) {
            String text = "first\r\nsecond\u001b[31m\u0000\u0085third\u2028fourth\u202e";
            String shown = "first second [31m third fourth ";
            JWKSCache cache = endpoint.open(endpoint.inline().fetcher(request -> {
                if (checked) {
                    throw new IOException(text);
                }
                throw new UncheckedIOException(text, new IOException());
            }));
            assertThatThrownBy(cache::getKeys)
                    .isInstanceOf(JWKSUnavailableException.class)
                    .hasMessageEndingWith(": " + shown);
            assertThat(cache.status().lastError()).isEqualTo(checked ? shown : "UncheckedIOException: " + shown);
        }

        @Test
        void is_that_nothing_was_fetched_only_if_nothing_was() {
            JWKSCache cache = endpoint.open(endpoint.inline());
            cache.close();
            assertThatThrownBy(cache::getKeys).hasMessageEndingWith(": the cache is closed");
            KeyEndpoint.FakeTimer timer = endpoint.new FakeTimer();
            JWKSCache slow = endpoint.open(endpoint.inline().threads(timer).executor(endpoint.queued::add));
            CompletableFuture<?> keys = slow.getKeysAsync();
            timer.pass(Duration.ofSeconds(10));
            assertThatThrownBy(keys::join).hasMessageEndingWith("no thread began it within 10000 ms");
        }
    }

    @Nested
    class TheOnlyKeyOfASet {

        @Test
        void is_found_without_its_id_however_often_it_is_listed() {
            JWK copy = RSA_1.toPublicJWK();
            endpoint.script(KeyEndpoint.body("{\"keys\":[" + copy + "," + copy + "]}"));
            JWKSCache cache = endpoint.open(endpoint.inline());
            assertThat(cache.findKey(null)).map(SigningKey::kid).hasValue("rsa-1");
            endpoint.serve(RSA_1, RSA_2);
            cache.invalidate();
            assertThat(cache.findKey(null)).as("of two keys").isEmpty();
        }

        @Test
        void is_the_new_one_at_once_when_it_is_rotated() {
            endpoint.serve(RSA_1);
            JWKSCache cache = endpoint.open(endpoint.inline());
            assertThat(cache.findKey(null)).map(SigningKey::kid).hasValue("rsa-1");
            endpoint.serve(RSA_2);
            assertThat(cache.findKey("rsa-2")).isPresent();
            assertThat(cache.findKey(null)).map(SigningKey::kid).hasValue("rsa-2");
            assertThat(cache.findKey("rsa-1")).as("it is kept for a while").isPresent();
        }
    }

    @Nested
    class AProviderThatHangs {

        @ParameterizedTest
        @ValueSource(booleans = {false, true})
        void holds_up_no_held_key_for_longer_than_an_unknown_one(boolean isInvalidated) {
            AtomicBoolean hangs = new AtomicBoolean();
            KeyEndpoint.FakeTimer timer = endpoint.new FakeTimer();
            JWKSCache cache = endpoint.open(endpoint.inline().threads(timer).executor(task -> {
                if (hangs.get()) {
                    endpoint.queued.add(task);
                } else {
                    task.run();
                }
            }));
            cache.getKeys();
            hangs.set(true);
            if (isInvalidated) {
                cache.invalidate();
            } else {
                endpoint.advance(Duration.ofMinutes(61)); // the process was frozen
            }
            CompletableFuture<Optional<SigningKey>> held = cache.findKeyAsync("rsa-1");
            assertThat(held).isNotDone();
            assertThat(endpoint.queued).hasSize(1);
            timer.pass(Duration.ofMillis(500), Duration.ofMillis(100));
            assertThat(held).isCompletedWithValueMatching(Optional::isPresent);
            assertThat(cache.findKeyAsync("rsa-1"))
                    .as("while it is known to be slow")
                    .isDone();
        }

        @Test
        void holds_up_no_look_up_without_keys_for_longer_once_it_failed() {
            KeyEndpoint.FakeTimer timer = endpoint.new FakeTimer();
            JWKSCache cache = endpoint.open(endpoint.inline().threads(timer).executor(endpoint.queued::add));
            CompletableFuture<?> first = cache.findKeyAsync("rsa-1");
            timer.pass(Duration.ofSeconds(9));
            assertThat(first).as("the first fetch is waited for").isNotDone();
            timer.pass(Duration.ofSeconds(1));
            assertThat(first).isCompletedExceptionally();
            endpoint.advance(Duration.ofSeconds(1));
            CompletableFuture<?> second = cache.findKeyAsync("rsa-1");
            assertThat(cache.status().fetches()).isEqualTo(2);
            assertThat(second).isNotDone();
            timer.pass(Duration.ofMillis(500), Duration.ofMillis(100));
            assertThat(second).isCompletedExceptionally();
            assertThat(cache.findKeyAsync("forged"))
                    .as("while it is known to be slow")
                    .isCompletedExceptionally();
            endpoint.queued.get(1).run();
            assertThat(cache.findKeyAsync("rsa-1")).isCompletedWithValueMatching(Optional::isPresent);
        }
    }

    @Nested
    class ATickerThatThrows {

        @Test
        void fails_the_readers_and_leaves_none_waiting() {
            AtomicBoolean broken = new AtomicBoolean();
            JWKSCache cache = endpoint.open(
                    endpoint.inline().executor(endpoint.queued::add).ticker(() -> {
                        if (broken.get()) {
                            throw new IllegalStateException("the caller's");
                        }
                        return endpoint.now.get();
                    }));
            CompletableFuture<JWKSet> keys = cache.getKeysAsync();
            broken.set(true);
            endpoint.queued.get(0).run();
            assertThat(keys).isCompletedExceptionally();
            broken.set(false);
            CompletableFuture<JWKSet> later = cache.getKeysAsync();
            endpoint.queued.get(1).run();
            assertThat(kids(later.join())).containsExactly("rsa-1", "ec-1");
        }
    }

    @Nested
    class AFutureFails {

        @Test
        void with_the_reason_itself_and_no_wrapper() {
            endpoint.down();
            JWKSCache cache = endpoint.open(endpoint.inline());
            List<Throwable> seen = new ArrayList<>();
            var keys = cache.getKeysAsync().whenComplete((set, failure) -> seen.add(failure));
            var key = cache.findKeyAsync("rsa-1").whenComplete((found, failure) -> seen.add(failure));
            assertThat(keys).isCompletedExceptionally();
            assertThat(key).isCompletedExceptionally();
            assertThat(seen).hasSize(2).hasOnlyElementsOfType(JWKSUnavailableException.class);
        }

        @Test
        void so_after_a_wait_too() throws Exception {
            CountDownLatch gate = new CountDownLatch(1);
            endpoint.script(KeyEndpoint.held(gate, KeyEndpoint.status(503)));
            JWKSCache cache = endpoint.open(endpoint.background());
            CompletableFuture<Throwable> seen = new CompletableFuture<>();
            var unused = cache.getKeysAsync().whenComplete((set, failure) -> seen.complete(failure));
            gate.countDown();
            assertThat(seen.get(30, TimeUnit.SECONDS)).isInstanceOf(JWKSUnavailableException.class);
        }
    }

    @Nested
    class AKeyIdIsUnknown {

        @Test
        void it_is_found_by_a_fetch_and_a_held_key_at_once() throws Exception {
            JWKSCache cache = endpoint.open(endpoint.background());
            cache.getKeys();
            assertThat(cache.findKeyAsync("rsa-1")).isCompletedWithValueMatching(key -> key.isPresent());
            endpoint.serve(RSA_1, RSA_2);
            assertThat(cache.findKeyAsync("rsa-2").get(30, TimeUnit.SECONDS)).isPresent();
            assertThat(endpoint.gets).hasValue(2);
        }

        @Test
        void a_flood_costs_one_get_and_a_rotation_is_accepted() {
            JWKSCache cache = endpoint.open(endpoint.inline());
            cache.getKeys();
            Random random = new Random(1);
            for (int i = 0; i < 10_000; i++) {
                assertThat(cache.findKey(KeyEndpoint.randomKid(random))).isEmpty();
                endpoint.advance(Duration.ofMillis(1));
            }
            assertThat(endpoint.gets).hasValue(2);
            for (int i = 0; i < 10_000; i++) {
                assertThat(cache.findKey(KeyEndpoint.randomKid(random))).isEmpty();
                endpoint.advance(Duration.ofMillis(5));
            }
            assertThat(endpoint.gets).as("in a minute").hasValue(3);
            endpoint.serve(RSA_1, RSA_2);
            endpoint.advance(Duration.ofSeconds(30));
            assertThat(cache.findKey("rsa-2")).isPresent();
        }

        @Test
        void a_look_up_that_finds_a_refresh_due_costs_one_get() {
            JWKSCache cache = endpoint.open(endpoint.inline());
            cache.getKeys();
            endpoint.advance(Duration.ofMinutes(55));
            assertThat(cache.findKey("unknown")).isEmpty();
            assertThat(endpoint.gets).hasValue(2);
        }

        @Test
        void a_rotation_soon_after_a_refresh_is_accepted_at_once() {
            JWKSCache cache = endpoint.open(endpoint.inline());
            cache.getKeys();
            endpoint.advance(Duration.ofMinutes(55));
            cache.getKeys();
            assertThat(endpoint.gets).hasValue(2);
            endpoint.serve(RSA_1, RSA_2);
            endpoint.advance(Duration.ofSeconds(5));
            assertThat(cache.findKey("rsa-2")).isPresent();
            assertThat(endpoint.gets).hasValue(3);
        }

        @Test
        void two_hundred_tokens_of_a_new_key_cost_one_get() throws Exception {
            JWKSCache cache = endpoint.open(endpoint.background());
            cache.getKeys();
            CountDownLatch gate = new CountDownLatch(1);
            endpoint.script(KeyEndpoint.held(gate, KeyEndpoint.serving(RSA_1, RSA_2)));
            endpoint.advance(Duration.ofSeconds(5));
            List<Future<Boolean>> lookUps =
                    concurrently(200, () -> cache.findKey("rsa-2").isPresent());
            awaitWaiting(cache, 2);
            gate.countDown();
            for (Future<Boolean> found : lookUps) {
                assertThat(found.get()).isTrue();
            }
            assertThat(endpoint.gets).hasValue(2);
        }

        @Test
        void an_older_set_removes_no_key_that_was_just_fetched() {
            JWKSCache cache = endpoint.open(endpoint.inline());
            cache.getKeys();
            endpoint.serve(RSA_1, EC_1, RSA_2);
            assertThat(cache.findKey("rsa-2")).isPresent();
            endpoint.serve(RSA_1, EC_1);
            endpoint.advance(Duration.ofSeconds(40));
            assertThat(cache.findKey("forged")).isEmpty();
            assertThat(cache.findKey("rsa-2")).as("one fetch lacked it").isPresent();
            endpoint.advance(Duration.ofSeconds(40));
            assertThat(cache.findKey("forged-too")).isEmpty();
            assertThat(cache.findKey("rsa-2")).as("two in a row lacked it").isEmpty();
        }

        @Test
        void an_older_set_removes_no_key_of_another_type() {
            RSAKey rsa = new RSAKey.Builder(RSA_1).keyID("same").build();
            ECKey ec = new ECKey.Builder(EC_1).keyID("same").build();
            assertThat(keysAfterOneOlderSet(List.of(rsa, ec), List.of(rsa))).isEqualTo(2);
        }

        @Test
        void an_older_set_removes_no_key_without_an_id() {
            RSAKey one = new RSAKey.Builder(RSA_1).keyID(null).build();
            RSAKey other = new RSAKey.Builder(RSA_2).keyID(null).build();
            assertThat(keysAfterOneOlderSet(List.of(one, other), List.of(one))).isEqualTo(2);
        }

        private int keysAfterOneOlderSet(List<JWK> set, List<JWK> older) {
            JWKSCache cache = endpoint.open(endpoint.inline());
            endpoint.serve(set.toArray(new JWK[0]));
            cache.getKeys();
            endpoint.serve(older.toArray(new JWK[0]));
            endpoint.advance(Duration.ofSeconds(40));
            assertThat(cache.findKey("forged")).isEmpty();
            assertThat(endpoint.gets).hasValue(2);
            int kept = cache.status().keyCount();
            endpoint.advance(Duration.ofSeconds(40));
            assertThat(cache.findKey("forged-too")).isEmpty();
            assertThat(cache.status().keyCount()).as("after two that lack it").isEqualTo(older.size());
            return kept;
        }

        @Test
        void a_rotation_after_many_invalidations_is_accepted_at_once() {
            JWKSCache cache = endpoint.open(endpoint.inline());
            cache.getKeys();
            for (int i = 0; i < 5; i++) {
                cache.invalidate();
                assertThat(cache.findKey("forged")).isEmpty();
                endpoint.advance(Duration.ofMillis(200));
            }
            endpoint.advance(Duration.ofSeconds(31));
            cache.getKeys();
            endpoint.serve(RSA_1, RSA_2);
            assertThat(cache.findKey("rsa-2")).isPresent();
        }

        @Test
        void a_newer_set_is_fetched_once_in_the_cooldown() throws Exception {
            JWKSCache cache = endpoint.open(endpoint.inline());
            KeySet tried = cache.state().keysFor(null);
            endpoint.serve(RSA_2);
            KeySet newer =
                    cache.state().newerThan(tried, "rsa-1", 0, cache.state().fetches());
            assertThat(newer.has("rsa-2")).isTrue();
            assertThat(cache.state().newerThan(tried, "rsa-1", 0, cache.state().fetches()))
                    .isSameAs(newer);
            assertThat(cache.state().newerThan(newer, "rsa-1", 0, cache.state().fetches()))
                    .isSameAs(newer);
            assertThat(cache.state()
                            .newerThanAsync(newer, "rsa-1", 0, cache.state().fetches())
                            .get(30, TimeUnit.SECONDS))
                    .isSameAs(newer);
            assertThat(endpoint.gets).hasValue(2);
        }
    }

    @Nested
    class AfterAnInvalidation {

        @Test
        void the_next_read_fetches() {
            JWKSCache cache = endpoint.open(endpoint.inline());
            cache.getKeys();
            endpoint.serve(RSA_2);
            cache.invalidate();
            assertThat(cache.status().state()).isEqualTo(State.STALE);
            assertThat(kids(cache.getKeys())).containsExactly("rsa-2");
            assertThat(cache.findKey("rsa-1")).isEmpty();
            assertThat(endpoint.gets).hasValueLessThanOrEqualTo(3);
        }

        @ParameterizedTest
        @ValueSource(longs = {50, 90, 110, 900})
        void further_ones_do_not_put_the_timer_off(long millis) {
            KeyEndpoint.FakeTimer timer = endpoint.new FakeTimer();
            JWKSCache cache = endpoint.open(endpoint.inline().threads(timer));
            cache.getKeys();
            endpoint.serve(RSA_2);
            for (long passed = 0; passed < 2_000; passed += millis) {
                cache.invalidate();
                timer.pass(Duration.ofMillis(millis), Duration.ofMillis(10));
            }
            assertThat(endpoint.gets.get() - 1).isBetween(1, 5);
            assertThat(cache.status().keyCount()).isEqualTo(1);
        }

        private final AtomicBoolean quiet = new AtomicBoolean();

        /** A cache that is invalidated during each fetch, unless it is quiet, or has fetched a hundred times. */
        private JWKSCache invalidatedDuringEachFetch(JWKSCache.Builder builder) {
            AtomicReference<JWKSCache> self = new AtomicReference<>();
            JWKSFetcher http = JWKSFetcher.http();
            JWKSCache cache = endpoint.open(builder.fetcher(request -> {
                if (!quiet.get() && endpoint.gets.get() < 100) {
                    self.get().invalidate();
                }
                return http.fetch(request);
            }));
            self.set(cache);
            return cache;
        }

        @Test
        void during_each_fetch_a_cold_cache_has_keys_and_no_fresh_ones() {
            JWKSCache cache = invalidatedDuringEachFetch(endpoint.inline());
            assertThat(kids(cache.getKeys())).containsExactly("rsa-1", "ec-1");
            assertThat(endpoint.gets).as("for a later one").hasValue(2);
            assertThat(cache.status().state()).isEqualTo(State.STALE);
            assertThat(cache.status().keyCount()).isEqualTo(2);
            assertThat(cache.status().lastSuccess()).isNotNull();
            endpoint.serve(RSA_2);
            for (int i = 0; i < 100; i++) {
                assertThat(cache.findKey("rsa-2")).isPresent();
            }
            assertThat(endpoint.gets).hasValueLessThanOrEqualTo(6);
            quiet.set(true);
            endpoint.advance(Duration.ofSeconds(10));
            assertThat(kids(cache.getKeys())).containsExactly("rsa-2");
            assertThat(cache.status().state()).isEqualTo(State.FRESH);
        }

        @ParameterizedTest
        @ValueSource(booleans = {true, false})
        void during_each_fetch_the_timer_still_brings_newer_keys(boolean isCold) {
            KeyEndpoint.FakeTimer timer = endpoint.new FakeTimer();
            JWKSCache cache = invalidatedDuringEachFetch(endpoint.inline().threads(timer));
            quiet.set(!isCold);
            assertThat(cache.status().state()).isEqualTo(State.EMPTY);
            timer.pass(Duration.ofSeconds(2));
            quiet.set(false);
            cache.invalidate();
            endpoint.serve(RSA_2);
            int before = endpoint.gets.get();
            timer.pass(Duration.ofMinutes(2));
            assertThat(cache.status().keyCount()).isEqualTo(1);
            assertThat(endpoint.gets.get() - before).isBetween(10, 20);
        }

        @Test
        void during_each_fetch_that_fails_a_cold_cache_says_why_and_pauses() {
            JWKSCache cache = invalidatedDuringEachFetch(endpoint.inline());
            endpoint.down();
            for (int i = 0; i < 100; i++) {
                assertThatThrownBy(cache::getKeys).hasMessageEndingWith("the endpoint answered HTTP 503");
            }
            assertThat(endpoint.gets).hasValueLessThanOrEqualTo(7);
            assertThat(cache.status().failures()).isEqualTo(endpoint.gets.get());
            endpoint.serve(RSA_1);
            endpoint.advance(Duration.ofSeconds(2));
            assertThat(kids(cache.getKeys())).containsExactly("rsa-1");
        }

        @Test
        void during_each_fetch_that_fails_a_warm_cache_keeps_its_keys() {
            JWKSCache cache = invalidatedDuringEachFetch(endpoint.inline());
            quiet.set(true);
            cache.getKeys();
            quiet.set(false);
            endpoint.down();
            cache.invalidate();
            for (int i = 0; i < 100; i++) {
                assertThat(cache.findKey("rsa-1")).isPresent();
            }
            assertThat(endpoint.gets).hasValueLessThanOrEqualTo(8);
        }

        @Test
        void the_answer_that_it_overtook_does_not_say_that_a_key_is_missing() {
            JWKSCache cache = invalidatedDuringEachFetch(endpoint.inline());
            endpoint.script(exchange -> {
                boolean isFirst = endpoint.gets.get() == 1;
                quiet.set(isFirst);
                (isFirst ? KeyEndpoint.serving(RSA_1) : KeyEndpoint.serving(RSA_1, RSA_2)).answer(exchange);
            });
            assertThat(cache.findKey("rsa-2")).isPresent();
            assertThat(endpoint.gets).hasValue(2);
        }

        @Test
        void a_hundred_at_once_cost_two_gets() throws Exception {
            JWKSCache cache = endpoint.open(endpoint.background());
            cache.getKeys();
            CountDownLatch gate = new CountDownLatch(1);
            endpoint.script(KeyEndpoint.held(gate, KeyEndpoint.serving(RSA_2)));
            CountDownLatch invalidated = new CountDownLatch(100);
            List<Future<JWKSet>> reads = concurrently(100, () -> {
                cache.invalidate();
                invalidated.countDown();
                return cache.getKeys();
            });
            assertThat(invalidated.await(30, TimeUnit.SECONDS)).isTrue();
            gate.countDown();
            for (Future<JWKSet> read : reads) {
                assertThat(kids(read.get())).containsExactly("rsa-2");
            }
            assertThat(endpoint.gets.get() - 1).isLessThanOrEqualTo(2);
        }
    }

    @Nested
    class AListener {

        @Test
        void never_runs_on_a_readers_thread_nor_on_the_timers() {
            CompletableFuture<String> told = new CompletableFuture<>();
            JWKSCache cache = endpoint.open(endpoint.background()
                    .listener(new JWKSCacheListener() {
                        @Override
                        public void refreshFailed(JWKSCacheStatus status) {
                            told.complete(Thread.currentThread().getName());
                        }
                    })
                    .executor(task -> {
                        throw new RejectedExecutionException("full");
                    }));
            assertThatThrownBy(cache::getKeys)
                    .isInstanceOf(JWKSUnavailableException.class)
                    .hasMessageEndingWith("RejectedExecutionException: full");
            assertThat(told.join()).isEqualTo("hardening-jwks-worker");
        }

        @Test
        void changes_nothing_if_it_throws() {
            JWKSCacheListener throwing = new JWKSCacheListener() {
                @Override
                public void refreshed(JWKSCacheStatus status) {
                    throw new IllegalStateException("canary");
                }

                @Override
                public void refreshFailed(JWKSCacheStatus status) {
                    throw new IllegalStateException("canary");
                }
            };
            JWKSCache cache = endpoint.open(endpoint.inline().listener(throwing));
            assertThat(kids(cache.getKeys())).contains("rsa-1");
            endpoint.down();
            endpoint.advance(Duration.ofMinutes(56));
            assertThat(kids(cache.getKeys())).contains("rsa-1");
            assertThat(log.list)
                    .extracting(ILoggingEvent::getFormattedMessage)
                    .noneMatch(text -> text.contains("canary"));
        }

        @Test
        void hears_everything_in_order_also_what_it_causes() {
            List<String> heard = new ArrayList<>();
            AtomicReference<JWKSCache> self = new AtomicReference<>();
            self.set(endpoint.open(endpoint.inline().listener(new JWKSCacheListener() {
                @Override
                public void refreshed(JWKSCacheStatus status) {
                    heard.add("begin " + status.fetches());
                    if (status.fetches() < 3) {
                        self.get().invalidate();
                        self.get().getKeys();
                    }
                    heard.add("end " + status.fetches());
                }
            })));
            self.get().getKeys();
            assertThat(heard).containsExactly("begin 1", "end 1", "begin 2", "end 2", "begin 3", "end 3");
        }
    }

    @Nested
    class AnErrorOfTheCallersCode {

        @Test
        void is_a_failed_fetch_and_nothing_worse() {
            JWKSFetcher broken = request -> {
                throw new NoClassDefFoundError("com/example/Tls");
            };
            JWKSCache cache = endpoint.open(endpoint.background().fetcher(broken));
            assertThatThrownBy(cache::getKeys)
                    .isInstanceOf(JWKSUnavailableException.class)
                    .hasMessageEndingWith("NoClassDefFoundError: com/example/Tls");
            AtomicBoolean exhausted = new AtomicBoolean();
            JWKSCache warm = endpoint.open(endpoint.background()
                    .listener(new JWKSCacheListener() {
                        @Override
                        public void refreshed(JWKSCacheStatus status) {
                            throw new AssertionError("a listener's own");
                        }
                    })
                    .executor(task -> {
                        if (exhausted.get()) {
                            throw new OutOfMemoryError("unable to create native thread");
                        }
                        task.run();
                    }));
            warm.getKeys();
            exhausted.set(true);
            endpoint.advance(Duration.ofMinutes(55));
            assertThat(warm.findKey("rsa-1")).isPresent();
            assertThat(warm.status().lastError()).contains("unable to create native thread");
            exhausted.set(false);
            endpoint.advance(Duration.ofSeconds(1));
            warm.getKeys();
            assertThat(warm.status().state()).isEqualTo(State.FRESH);
        }
    }

    @Nested
    class TheBuilder {

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "http://example.com/jwks",
                    "ftp://127.0.0.1/",
                    "/jwks",
                    "https:///jwks",
                    "https://u:canary@example.com/",
                    "http://127.0.0.1.example.com/",
                    "http://kc.localhost/jwks",
                    "http://localhost.example.com/",
                    "http://[::2]/",
                    "http://[::ffff:10.0.0.1]/",
                    "http://[0:0:0:0:0:0:1:0]/",
                    "http://[::127.0.0.1]/"
                })
        void refuses_an_endpoint_that_is_not_safe(String uri) {
            assertThatThrownBy(() -> JWKSCache.builder(URI.create(uri)).build())
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageNotContaining("canary");
        }

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                value = {
                    "http://127.1:8080/a   | a URL with a host, and an IPv4 address has four numbers up to 255, as in 127.0.0.1",
                    "https://10.1/         | a URL with a host, and an IPv4 address has four numbers up to 255, as in 127.0.0.1",
                    "http://127.0.0.256/   | a URL with a host, and an IPv4 address has four numbers up to 255, as in 127.0.0.1",
                    "http://my_host:8080/  | a URL with a host, whose name is of letters, digits, hyphens and dots",
                    "https:///jwks         | a URL with a host",
                    "http://0.0.0.0:8080/a | https; http is for loopback addresses only, unless allowPlainHttp() is set",
                    "http://2130706433/    | https; http is for loopback addresses only, unless allowPlainHttp() is set"
                })
        void says_what_a_host_has_to_be(String uri, String what) {
            assertThatThrownBy(() -> JWKSCache.builder(URI.create(uri)).build())
                    .hasMessage("the key endpoint has to be " + what);
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "http://localhost:1/",
                    "http://localhost.:1/",
                    "http://127.0.0.2:1/",
                    "http://LocalHost.:1/",
                    "http://127.0.0.1:1/",
                    "http://127.1.2.3:1/",
                    "http://[::1]:1/",
                    "http://[0:0:0:0:0:0:0:1]:1/",
                    "http://[0000:0000::0001]:1/",
                    "http://[::ffff:127.0.0.1]:1/",
                    "http://[::FFFF:7f00:1]:1/",
                    "https://example.com/jwks"
                })
        void accepts_an_endpoint_with_tls_or_on_loopback(String uri) {
            JWKSCache cache = endpoint.open(JWKSCache.builder(URI.create(uri)));
            assertThat(cache.status().state()).isEqualTo(State.EMPTY);
        }

        @Test
        void names_the_options_that_do_not_fit_together() {
            assertThatThrownBy(() ->
                            endpoint.inline().refreshBefore(Duration.ofHours(1)).build())
                    .hasMessage("refreshBefore has to be shorter than timeToLive");
            assertThatThrownBy(() ->
                            endpoint.inline().staleFor(Duration.ofMinutes(59)).build())
                    .hasMessage("staleFor may not be shorter than timeToLive");
            assertThatThrownBy(() -> endpoint.inline().timeToLive(Duration.ZERO).build())
                    .hasMessage("timeToLive has to be positive");
            assertThatThrownBy(() -> endpoint.inline()
                            .fetchTimeout(Duration.ofSeconds(-1))
                            .build())
                    .hasMessage("fetchTimeout has to be positive");
            assertThatThrownBy(() -> endpoint.inline().maxResponseBytes(0).build())
                    .hasMessage("maxResponseBytes has to be positive");
        }

        @Test
        void knows_where_a_supabase_project_has_its_keys() {
            URI expected = URI.create("https://abc.supabase.co/auth/v1/.well-known/jwks.json");
            assertThat(JWKSCache.supabaseJwksUri(URI.create("https://abc.supabase.co")))
                    .isEqualTo(expected);
            assertThat(JWKSCache.supabaseJwksUri(URI.create("https://abc.supabase.co/")))
                    .isEqualTo(expected);
            assertThat(JWKSCache.supabaseJwksUri(URI.create("http://localhost:54321/prefix//")))
                    .isEqualTo(URI.create("http://localhost:54321/prefix/auth/v1/.well-known/jwks.json"));
            for (String project : List.of("abc.supabase.co", "", "mailto:a@b", "https://u:canary@abc.supabase.co")) {
                assertThatThrownBy(() -> JWKSCache.supabaseJwksUri(URI.create(project)))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageStartingWith("the project's URL ")
                        .hasMessageNotContaining("canary");
            }
            for (String project : List.of("https://abc.supabase.co?a=b", "https://abc.supabase.co/#a")) {
                assertThatThrownBy(() -> JWKSCache.supabaseJwksUri(URI.create(project)))
                        .hasMessage("the project's URL may not have a query or a fragment");
            }
        }
    }
}
