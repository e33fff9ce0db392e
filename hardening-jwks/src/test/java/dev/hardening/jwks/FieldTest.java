package dev.hardening.jwks;

import static dev.hardening.jwks.KeyEndpoint.EC_1;
import static dev.hardening.jwks.KeyEndpoint.RSA_1;
import static dev.hardening.jwks.KeyEndpoint.RSA_2;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWKMatcher;
import com.nimbusds.jose.jwk.JWKSelector;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import dev.hardening.jwks.JWKSCacheStatus.State;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What teams met in production, with other libraries or with this one. */
class FieldTest {

    private static final byte[] KEYS = new JWKSet(List.of(RSA_1)).toString(true).getBytes(StandardCharsets.UTF_8);

    private final KeyEndpoint endpoint = new KeyEndpoint();
    private final CountDownLatch gate = new CountDownLatch(1);
    private final ExecutorService requests = Executors.newCachedThreadPool();

    @AfterEach
    void stop() {
        gate.countDown();
        requests.shutdownNow();
        endpoint.close();
    }

    private void await() {
        try {
            gate.await();
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    private void blockUninterruptibly() {
        boolean open = false;
        while (!open) {
            try {
                gate.await();
                open = true;
            } catch (InterruptedException ignored) {
                // As some transports do.
            }
        }
    }

    @Nested
    class TheCommonPoolIsBusy {

        private void fill() {
            int threads = ForkJoinPool.commonPool().getParallelism() + 4;
            for (int i = 0; i < threads; i++) {
                ForkJoinPool.commonPool().execute(FieldTest.this::await);
            }
        }

        @ParameterizedTest
        @ValueSource(booleans = {true, false})
        void fetches_and_futures_go_on(boolean ownClient) throws Exception {
            JWKSCache.Builder builder = JWKSCache.builder(endpoint.uri());
            if (ownClient) {
                builder.httpClient(java.net.http.HttpClient.newHttpClient());
            }
            JWKSCache cache = endpoint.open(builder);
            fill();
            CompletableFuture<Integer> continued =
                    cache.getKeysAsync().thenApply(keys -> keys.getKeys().size());
            assertThat(continued.get(30, TimeUnit.SECONDS)).isEqualTo(2);
            endpoint.serve(RSA_1, RSA_2);
            assertThat(cache.findKeyAsync("rsa-2").get(30, TimeUnit.SECONDS)).isPresent();
            assertThat(cache.state()
                            .newerThanAsync(
                                    cache.state().keysFor(null),
                                    "rsa-1",
                                    0,
                                    cache.state().fetches())
                            .get(30, TimeUnit.SECONDS))
                    .isNotNull();
        }
    }

    @Nested
    class TheProviderHangs {

        private JWKSCache hanging(Duration wait) {
            JWKSCache cache = endpoint.open(JWKSCache.builder(endpoint.uri()).unknownKeyWait(wait));
            cache.getKeys();
            endpoint.script(KeyEndpoint.held(gate, KeyEndpoint.serving(RSA_1)));
            return cache;
        }

        @Test
        void forged_ids_hold_request_threads_only_for_the_wait() throws Exception {
            JWKSCache cache = hanging(Duration.ofMillis(100));
            ExecutorService twenty = Executors.newFixedThreadPool(20);
            try {
                List<Future<Boolean>> forged = new ArrayList<>();
                for (int i = 0; i < 40; i++) {
                    String kid = "forged-" + i;
                    forged.add(twenty.submit(() -> cache.findKey(kid).isPresent()));
                }
                assertThat(twenty.submit(() -> cache.findKey("rsa-1").isPresent())
                                .get(30, TimeUnit.SECONDS))
                        .isTrue();
                for (Future<Boolean> one : forged) {
                    assertThat(one.get(30, TimeUnit.SECONDS)).isFalse();
                }
                assertThat(gate.getCount()).as("nothing was answered").isOne();
                assertThat(cache.status().fetches()).isEqualTo(2);
            } finally {
                twenty.shutdownNow();
            }
        }

        @Test
        void after_one_wait_other_unknown_ids_are_answered_at_once() {
            JWKSCache cache = hanging(Duration.ofMillis(50));
            assertThat(cache.findKey("forged")).isEmpty();
            for (int i = 0; i < 1_000; i++) {
                assertThat(cache.findKeyAsync("forged-" + i)).isCompleted();
            }
        }

        @Test
        void a_look_up_that_needs_two_fetches_waits_no_longer() {
            KeyEndpoint.FakeTimer timer = endpoint.new FakeTimer();
            List<Runnable> queue = new ArrayList<>();
            JWKSCache cache = endpoint.open(endpoint.inline().threads(timer).executor(queue::add));
            CompletableFuture<?> first = cache.getKeysAsync();
            queue.remove(0).run();
            assertThat(first).isCompleted();
            endpoint.advance(Duration.ofMinutes(55));
            cache.getKeys(); // begins a background refresh
            timer.pass(Duration.ofMillis(100), Duration.ofMillis(10));
            CompletableFuture<?> unknown = cache.findKeyAsync("rsa-2");
            timer.pass(Duration.ofMillis(390), Duration.ofMillis(10));
            queue.remove(0).run();
            assertThat(unknown).as("it waits for a fetch of its own").isNotDone();
            assertThat(cache.status().fetches()).isEqualTo(3);
            timer.pass(Duration.ofMillis(100), Duration.ofMillis(10));
            assertThat(unknown).isNotDone();
            timer.pass(Duration.ofMillis(10), Duration.ofMillis(10));
            assertThat(unknown).as("after 500 ms").isDone();
        }

        @Test
        void looking_up_asynchronously_holds_no_thread() {
            JWKSCache cache = hanging(Duration.ofSeconds(10));
            CompletableFuture<?> unknown = cache.findKeyAsync("forged");
            assertThat(unknown).isNotDone();
            assertThat(cache.findKeyAsync("rsa-1")).isCompleted();
            gate.countDown();
            Awaitility.await().until(unknown::isDone);
        }

        @Test
        void tokens_without_a_key_id_wait_no_longer_either() throws Exception {
            JWKSCache cache = hanging(Duration.ofMillis(50));
            cache.invalidate();
            TokenDecoder decoder =
                    TokenDecoder.builder(cache).issuer(KeyEndpoint.ISSUER).build();
            JWSHeader header = new JWSHeader(JWSAlgorithm.RS256);
            String token = KeyEndpoint.token(RSA_1, header, KeyEndpoint.claims().build());
            assertThat(decoder.decode(token)).isNotNull();
            assertThat(decoder.decodeAsync(token)).isCompleted();
            assertThat(decoder.getSigningKey(token).kid()).isEqualTo("rsa-1");
            assertThat(cache.asJWKSource().get(new JWKSelector(JWKMatcher.forJWSHeader(header)), null))
                    .hasSize(1);
            assertThat(cache.status().fetches()).isEqualTo(2);
            assertThat(cache.status().failures()).as("no fetch has ended").isZero();
        }

        @Test
        void without_a_wait_none_waits() {
            JWKSCache cache = hanging(Duration.ZERO);
            Awaitility.await().until(() -> cache.findKeyAsync("forged").isDone());
            assertThat(cache.findKeyAsync("other")).isCompleted();
        }
    }

    @Nested
    class AKeyIsUnknown {

        @Test
        void a_forged_id_does_not_delay_a_rotation_a_second_later() {
            JWKSCache cache = endpoint.open(endpoint.inline());
            cache.getKeys();
            assertThat(cache.findKey("forged")).isEmpty();
            endpoint.serve(RSA_1, RSA_2);
            endpoint.advance(Duration.ofSeconds(1));
            assertThat(cache.findKey("rsa-2")).isPresent();
        }

        @Test
        void in_an_outage_it_cannot_be_known() {
            JWKSCache cache = endpoint.open(endpoint.inline());
            cache.getKeys();
            endpoint.down();
            assertThat(cache.findKey("rsa-2"))
                    .as("the keys were just confirmed")
                    .isEmpty();
            endpoint.advance(Duration.ofSeconds(31));
            assertThatThrownBy(() -> cache.findKey("rsa-2")).isInstanceOf(JWKSUnavailableException.class);
            assertThat(cache.findKey("rsa-1")).isPresent();
            assertThat(cache.findKeyAsync("rsa-2")).isCompletedExceptionally();
        }

        @Test
        void a_key_that_was_reissued_under_its_id_is_fetched() throws Exception {
            JWKSCache cache = endpoint.open(endpoint.inline());
            KeySet tried = cache.state().keysFor("ec-1");
            endpoint.serve(
                    RSA_1, new ECKey.Builder(KeyEndpoint.EC_2).keyID("ec-1").build());
            KeySet newer =
                    cache.state().newerThan(tried, "rsa-1", 0, cache.state().fetches());
            assertThat(newer.first("ec-1")).isNotEqualTo(tried.first("ec-1"));
            assertThat(cache.state()
                            .newerThanAsync(newer, "rsa-1", 0, cache.state().fetches()))
                    .isCompletedWithValue(newer);
        }

        @Test
        void a_flood_of_bad_signatures_costs_one_fetch_in_thirty_seconds() {
            JWKSCache cache = endpoint.open(endpoint.inline());
            KeySet tried = cache.state().keysFor(null);
            for (int i = 0; i < 30_000; i++) {
                assertThat(cache.state()
                                .newerThan(tried, "rsa-1", i, cache.state().fetches()))
                        .isSameAs(tried);
                endpoint.advance(Duration.ofMillis(1));
            }
            assertThat(endpoint.gets.get() - 1).isLessThanOrEqualTo(2);
        }

        @Test
        void an_answer_that_changes_nothing_is_the_same_set() {
            JWKSCache cache = endpoint.open(endpoint.inline());
            KeySet tried = cache.state().keysFor(null);
            assertThat(cache.state().newerThan(tried, "rsa-1", 0, cache.state().fetches()))
                    .isSameAs(tried);
            assertThat(endpoint.gets).hasValue(2);
        }
    }

    @Nested
    class ATokenIsForgedUnderAKnownId {

        @ParameterizedTest
        @CsvSource({"cold, false", "cold, true", "expired, false", "expired, true", "invalid, false", "invalid, true"})
        void costs_no_second_fetch_after_one_that_began_for_it(String keys, boolean asynchronously) {
            JWKSCache cache = endpoint.open(endpoint.inline());
            if (!keys.equals("cold")) {
                cache.getKeys();
            }
            if (keys.equals("expired")) {
                endpoint.advance(Duration.ofMinutes(61));
            } else if (keys.equals("invalid")) {
                cache.invalidate();
            }
            int before = endpoint.gets.get();
            TokenDecoder decoder =
                    TokenDecoder.builder(cache).issuer(KeyEndpoint.ISSUER).build();
            String forged =
                    KeyEndpoint.token(new RSAKey.Builder(RSA_2).keyID("rsa-1").build());
            assertThatThrownBy(() -> {
                        if (asynchronously) {
                            decoder.decodeAsync(forged).join();
                        } else {
                            decoder.decode(forged);
                        }
                    })
                    .hasMessageContaining("has a signature that does not verify");
            assertThat(endpoint.gets).hasValue(before + 1);
        }
    }

    @Nested
    class ATransportCannotBeInterrupted {

        @Test
        void it_is_never_called_twice_at_once_in_a_week() {
            KeyEndpoint.FakeTimer timer = endpoint.new FakeTimer();
            AtomicInteger underWay = new AtomicInteger();
            AtomicInteger most = new AtomicInteger();
            JWKSCache cache = endpoint.open(endpoint.inline()
                    .threads(timer)
                    .executor(task -> requests.execute(task))
                    .fetcher(request -> {
                        most.accumulateAndGet(underWay.incrementAndGet(), Math::max);
                        blockUninterruptibly();
                        underWay.decrementAndGet();
                        return JWKSFetcher.Response.of(KEYS);
                    }));
            CompletableFuture<JWKSet> first = cache.getKeysAsync();
            Awaitility.await().until(() -> underWay.get() == 1);
            for (int minute = 0; minute < 7 * 24 * 60; minute++) {
                timer.pass(Duration.ofMinutes(1), Duration.ofSeconds(30));
                assertThat(cache.getKeysAsync()).isDone();
            }
            assertThat(first).isCompletedExceptionally();
            assertThat(most).hasValue(1);
            assertThat(cache.status().fetches()).isOne();
            gate.countDown();
            Awaitility.await().until(() -> {
                timer.pass(Duration.ofSeconds(2));
                return cache.status().state() == State.FRESH;
            });
        }

        @Test
        void closing_releases_those_who_wait() throws Exception {
            CountDownLatch calling = new CountDownLatch(1);
            JWKSCache cache = endpoint.open(endpoint.background().fetcher(request -> {
                calling.countDown();
                blockUninterruptibly();
                return JWKSFetcher.Response.of(KEYS);
            }));
            Future<JWKSet> waiting = requests.submit(cache::getKeys);
            assertThat(calling.await(30, TimeUnit.SECONDS)).isTrue();
            cache.close();
            assertThatThrownBy(() -> waiting.get(30, TimeUnit.SECONDS))
                    .cause()
                    .isInstanceOf(JWKSUnavailableException.class)
                    .hasMessageEndingWith("the cache is closed");
            assertThat(cache.getKeysAsync()).isCompletedExceptionally();
            assertThat(cache.findKeyAsync("rsa-1")).isCompletedExceptionally();
        }

        @Test
        void other_caches_go_on() {
            for (int i = 0; i < 100; i++) {
                var unused = endpoint.open(JWKSCache.builder(endpoint.uri()).fetcher(request -> {
                            blockUninterruptibly();
                            return JWKSFetcher.Response.of(KEYS);
                        }))
                        .getKeysAsync();
            }
            assertThat(endpoint.open(JWKSCache.builder(endpoint.uri()))
                            .getKeys()
                            .getKeys())
                    .hasSize(2);
        }
    }

    @Nested
    class AListenerOrAStoreBlocks {

        private final JWKSCacheListener blocking = new JWKSCacheListener() {
            @Override
            public void refreshed(JWKSCacheStatus status) {
                blockUninterruptibly();
            }
        };

        @ParameterizedTest
        @ValueSource(strings = {"none", "at once", "one thread"})
        void readers_and_other_caches_go_on(String executor) throws Exception {
            ExecutorService one = Executors.newSingleThreadExecutor();
            try {
                JWKSCache blocked = endpoint.open(on(executor, one).listener(blocking));
                assertThat(blocked.getKeys().getKeys()).hasSize(2);
                CompletableFuture<JWKSCacheStatus> heard = new CompletableFuture<>();
                JWKSCache other = endpoint.open(on(executor, one).listener(new JWKSCacheListener() {
                    @Override
                    public void refreshed(JWKSCacheStatus status) {
                        heard.complete(status);
                    }
                }));
                assertThat(other.getKeys().getKeys()).hasSize(2);
                assertThat(heard.get(30, TimeUnit.SECONDS).state()).isEqualTo(State.FRESH);
                endpoint.advance(Duration.ofHours(1));
                assertThat(blocked.getKeys().getKeys()).hasSize(2);
            } finally {
                one.shutdownNow();
            }
        }

        private JWKSCache.Builder on(String executor, ExecutorService one) {
            JWKSCache.Builder builder = endpoint.background();
            return switch (executor) {
                case "at once" -> builder.executor(Runnable::run);
                case "one thread" -> builder.executor(one);
                default -> builder;
            };
        }

        @Test
        void it_hears_the_last_thousand_events() {
            AtomicInteger heard = new AtomicInteger();
            JWKSCache cache =
                    endpoint.open(endpoint.background().executor(Runnable::run).listener(new JWKSCacheListener() {
                        @Override
                        public void refreshed(JWKSCacheStatus status) {
                            heard.incrementAndGet();
                            blockUninterruptibly();
                        }
                    }));
            for (int hour = 0; hour < 1_500; hour++) {
                cache.getKeys();
                endpoint.advance(Duration.ofHours(1));
            }
            gate.countDown();
            Awaitility.await().until(() -> heard.get() >= 1_001);
            assertThat(heard).hasValueLessThanOrEqualTo(1_001);
        }
    }

    @Nested
    class OnAThreadOfOurs {

        private static final InheritableThreadLocal<String> REQUEST = new InheritableThreadLocal<>();

        @Test
        void nothing_of_the_first_caller_is_there() throws Exception {
            List<@Nullable Object> seen = Collections.synchronizedList(new ArrayList<>());
            Thread first = new Thread(() -> {
                REQUEST.set("secret of a request");
                Thread.currentThread().setContextClassLoader(new URLClassLoader(new URL[0]));
                JWKSCache cache = endpoint.open(JWKSCache.builder(endpoint.uri())
                        .timeToLive(Duration.ofSeconds(1))
                        .refreshBefore(Duration.ofMillis(900))
                        .fetcher(request -> {
                            seen.add(REQUEST.get());
                            seen.add(Thread.currentThread().getContextClassLoader() instanceof URLClassLoader);
                            return JWKSFetcher.Response.of(KEYS);
                        }));
                cache.getKeys();
            });
            first.start();
            first.join();
            Awaitility.await().until(() -> seen.size() >= 4);
            assertThat(seen).containsOnly(null, false);
        }
    }

    @Nested
    class AReadinessProbeIsAllThatAsks {

        @ParameterizedTest
        @ValueSource(ints = {0, 1, 30, 600})
        void it_is_ready_within_a_minute_of_the_provider(int minutesDown) {
            KeyEndpoint.FakeTimer timer = endpoint.new FakeTimer();
            JWKSCache cache = endpoint.open(endpoint.inline().threads(timer));
            endpoint.down();
            assertThat(cache.status().state()).isEqualTo(State.EMPTY);
            timer.pass(Duration.ofMinutes(minutesDown));
            assertThat(cache.status().state()).isIn(State.EMPTY, State.UNAVAILABLE);
            endpoint.serve(RSA_1);
            timer.pass(Duration.ofSeconds(60));
            assertThat(cache.status().state()).isEqualTo(State.FRESH);
        }

        @ParameterizedTest
        @ValueSource(longs = {20, 99, 240})
        void asking_often_does_not_put_the_fetch_off(long millis) {
            KeyEndpoint.FakeTimer timer = endpoint.new FakeTimer();
            JWKSCache cache =
                    endpoint.open(endpoint.inline().ticker(endpoint.now::get).threads(timer));
            for (long passed = 0; passed < 2_000; passed += millis) {
                assertThat(cache.status().fetches()).isLessThanOrEqualTo(1);
                timer.pass(Duration.ofMillis(millis), Duration.ofMillis(millis));
            }
            assertThat(cache.status().state()).isEqualTo(State.FRESH);
        }

        @Test
        void in_real_time_too() {
            JWKSCache cache = endpoint.open(JWKSCache.builder(endpoint.uri()));
            Awaitility.await().until(() -> cache.status().state() == State.FRESH);
        }

        @Test
        void printing_and_measuring_fetch_nothing() {
            KeyEndpoint.FakeTimer timer = endpoint.new FakeTimer();
            JWKSCache cache = endpoint.open(endpoint.inline().threads(timer));
            assertThat(cache).asString().contains("EMPTY");
            assertThat(cache.observedStatus().state()).isEqualTo(State.EMPTY);
            timer.pass(Duration.ofMinutes(1));
            assertThat(endpoint.gets).hasValue(0);
        }
    }

    @Nested
    class AServiceIdles {

        @Test
        void the_timers_thread_ends_with_its_last_task() {
            Timer timer = new Timer();
            List<Future<?>> tasks = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                tasks.add(timer.schedule(() -> {}, Duration.ofHours(1).toNanos()));
            }
            tasks.forEach(task -> task.cancel(false));
            CompletableFuture<Thread> ran = new CompletableFuture<>();
            var unused = timer.schedule(() -> ran.complete(Thread.currentThread()), 0);
            Awaitility.await().until(() -> ran.isDone() && !ran.join().isAlive());
        }

        @Test
        void a_thousand_caches_do_not_wake_the_timer_for_49_minutes() {
            KeyEndpoint.FakeTimer timer = endpoint.new FakeTimer();
            for (int i = 0; i < 1_000; i++) {
                endpoint.open(JWKSCache.builder(endpoint.uri())
                                .fetcher(request -> JWKSFetcher.Response.of(KEYS))
                                .executor(Runnable::run)
                                .threads(timer))
                        .getKeys();
            }
            timer.pass(Duration.ofMinutes(49));
            assertThat(timer.ran()).isZero();
            timer.pass(Duration.ofMinutes(6));
            assertThat(timer.ran()).isEqualTo(1_000);
        }

        @Test
        void tasks_that_are_due_later_do_not_wake_the_timer() {
            Timer timer = new Timer();
            CompletableFuture<Thread> ran = new CompletableFuture<>();
            Future<?> first = timer.schedule(() -> {}, Duration.ofHours(1).toNanos());
            var unused = timer.schedule(() -> ran.complete(Thread.currentThread()), 0);
            long id = ran.join().getId();
            ThreadMXBean threads = ManagementFactory.getThreadMXBean();
            Awaitility.await().until(() -> threads.getThreadInfo(id).getThreadState() == Thread.State.TIMED_WAITING);
            long waits = threads.getThreadInfo(id).getWaitedCount();
            for (int i = 0; i < 1_000; i++) {
                Future<?> later = timer.schedule(() -> {}, Duration.ofHours(2).toNanos());
                assertThat(later.cancel(false)).isTrue();
            }
            assertThat(threads.getThreadInfo(id).getWaitedCount()).isEqualTo(waits);
            assertThat(first.cancel(false)).isTrue();
        }

        @Test
        void the_timer_refreshes_at_random_and_a_read_on_time() {
            List<Long> moments = new ArrayList<>();
            for (double random : new double[] {0, 0.5, 1}) {
                KeyEndpoint.FakeTimer timer = endpoint.new FakeTimer();
                JWKSCache cache = endpoint.open(endpoint.inline().threads(timer).random(() -> random));
                cache.getKeys();
                long seconds = 0;
                while (cache.status().fetches() == 1) {
                    timer.pass(Duration.ofSeconds(10));
                    seconds += 10;
                }
                moments.add(seconds / 60);
            }
            assertThat(moments).containsExactly(55L, 52L, 50L);
            JWKSCache read = endpoint.open(endpoint.inline().random(() -> 1));
            read.getKeys();
            int before = endpoint.gets.get();
            endpoint.advance(Duration.ofMinutes(54));
            read.getKeys();
            assertThat(endpoint.gets).hasValue(before);
            endpoint.advance(Duration.ofMinutes(1));
            read.getKeys();
            assertThat(endpoint.gets).hasValue(before + 1);
        }
    }

    @Test
    void of_huge_key_ids_little_is_remembered() {
        List<String> told = new ArrayList<>();
        Notifier notifier = new Notifier(
                "endpoint",
                new JWKSCacheListener() {
                    @Override
                    public void keyRejected(@Nullable String kid, String reason) {
                        told.add(String.valueOf(kid));
                    }
                },
                null,
                Runnable::run);
        String huge = "k".repeat(50_000);
        for (int i = 0; i < 1_000; i++) {
            notifier.rejected(huge + i, "malformed", i);
            notifier.rejected(huge + i, "malformed", i);
        }
        notifier.deliver();
        assertThat(told).hasSize(1_000).allMatch(kid -> kid.length() == 257);
        assertThat(EC_1.getKeyID()).isEqualTo("ec-1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"refreshSpread", "unknownKeyWait", "unknownKeyCooldown", "refreshBefore"})
    void a_negative_duration_is_named(String option) {
        Duration negative = Duration.ofNanos(-1);
        JWKSCache.Builder builder = JWKSCache.builder(endpoint.uri());
        switch (option) {
            case "refreshSpread" -> builder.refreshSpread(negative);
            case "unknownKeyWait" -> builder.unknownKeyWait(negative);
            case "unknownKeyCooldown" -> builder.unknownKeyCooldown(negative);
            default -> builder.refreshBefore(negative);
        }
        assertThatThrownBy(builder::build).hasMessage(option + " may not be negative");
    }

    @Test
    void options_that_do_not_fit_together_are_named() {
        assertThatThrownBy(() ->
                        endpoint.inline().refreshSpread(Duration.ofHours(1)).build())
                .hasMessage("refreshSpread may not be longer than timeToLive less refreshBefore");
        assertThatThrownBy(() -> endpoint.inline()
                        .fetchTimeout(Duration.ofSeconds(1))
                        .unknownKeyWait(Duration.ofSeconds(2))
                        .build())
                .hasMessage("unknownKeyWait may not be longer than fetchTimeout");
        assertThatThrownBy(() -> endpoint.inline()
                        .fetcher(JWKSFetcher.http())
                        .httpClient(java.net.http.HttpClient.newHttpClient())
                        .build())
                .hasMessage("fetcher and httpClient cannot both be set");
    }
}
