package dev.hardening.jwks;

import static dev.hardening.jwks.KeyEndpoint.RSA_1;
import static dev.hardening.jwks.KeyEndpoint.RSA_2;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.JWKSet;
import dev.hardening.jwks.JWKSCacheStatus.State;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The timer, the workers and the transport that all caches of a process share, in real time: what is awaited comes. */
class RealTimeTest {

    private static final byte[] KEYS = new JWKSet(List.of(RSA_1)).toString(true).getBytes(StandardCharsets.UTF_8);
    private final KeyEndpoint endpoint = new KeyEndpoint();

    @AfterEach
    void stop() {
        endpoint.close();
    }

    private JWKSCache.Builder shortLived() {
        return JWKSCache.builder(endpoint.uri())
                .timeToLive(Duration.ofSeconds(2))
                .refreshBefore(Duration.ofMillis(1_500));
    }

    private static JWKSCache.Builder on(JWKSCache.Builder builder, boolean ownExecutor) {
        Executor atOnce = Runnable::run;
        return ownExecutor ? builder.executor(atOnce) : builder;
    }

    @Nested
    class AnIdleService {

        @ParameterizedTest
        @ValueSource(booleans = {true, false})
        void gets_its_keys_refreshed_again_and_again(boolean ownExecutor) {
            JWKSCache cache = endpoint.open(on(shortLived(), ownExecutor));
            cache.getKeys();
            endpoint.serve(RSA_2);
            Awaitility.await().until(() -> endpoint.gets.get() >= 4);
            assertThat(cache.findKey("rsa-2")).isPresent();
        }

        @ParameterizedTest
        @ValueSource(booleans = {true, false})
        void recovers_from_an_outage_without_a_read(boolean ownExecutor) {
            JWKSCache cache = endpoint.open(on(shortLived(), ownExecutor));
            cache.getKeys();
            endpoint.down();
            Awaitility.await().until(() -> cache.status().state() == State.STALE);
            endpoint.serve(RSA_2);
            Awaitility.await().until(() -> cache.status().state() == State.FRESH);
            assertThat(cache.findKey("rsa-2")).isPresent();
        }

        @Test
        void is_refreshed_by_its_own_ticker() {
            JWKSCache cache = endpoint.open(JWKSCache.builder(endpoint.uri()).ticker(endpoint.now::get));
            cache.getKeys();
            endpoint.serve(RSA_2);
            endpoint.advance(Duration.ofMinutes(55));
            Awaitility.await().until(() -> endpoint.gets.get() == 2);
            Awaitility.await().until(() -> cache.status().state() == State.FRESH);
            assertThat(cache.findKey("rsa-2")).isPresent();
            assertThat(endpoint.gets).hasValue(2);
        }
    }

    @Nested
    class ATransportThatHangs {

        @Test
        void holds_up_no_other_cache_in_an_executor_that_runs_at_once() {
            CountDownLatch gate = new CountDownLatch(1);
            CountDownLatch hanging = new CountDownLatch(1);
            AtomicInteger calls = new AtomicInteger();
            JWKSCache hung = endpoint.open(on(shortLived(), true).fetcher(request -> {
                if (calls.incrementAndGet() > 1) {
                    hanging.countDown();
                    gate.await();
                }
                return JWKSFetcher.Response.of(KEYS);
            }));
            hung.getKeys();
            JWKSCache other = endpoint.open(shortLived());
            other.getKeys();
            Awaitility.await().until(() -> hanging.getCount() == 0);
            int before = endpoint.gets.get();
            Awaitility.await().until(() -> endpoint.gets.get() >= before + 2);
            assertThat(hung.findKey("rsa-1")).isPresent();
            gate.countDown();
        }

        @Test
        void holds_up_no_other_even_if_there_are_twenty() throws Exception {
            CountDownLatch gate = new CountDownLatch(1);
            CountDownLatch hanging = new CountDownLatch(20);
            List<CompletableFuture<JWKSet>> reads = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                reads.add(endpoint.open(JWKSCache.builder(endpoint.uri()).fetcher(request -> {
                            hanging.countDown();
                            gate.await();
                            return JWKSFetcher.Response.of(KEYS);
                        }))
                        .getKeysAsync());
            }
            assertThat(endpoint.open(JWKSCache.builder(endpoint.uri()))
                            .getKeys()
                            .getKeys())
                    .as("by the default transport")
                    .hasSize(2);
            hanging.await();
            gate.countDown();
            for (CompletableFuture<JWKSet> read : reads) {
                assertThat(read.get().getKeys()).hasSize(1);
            }
        }
    }
}
