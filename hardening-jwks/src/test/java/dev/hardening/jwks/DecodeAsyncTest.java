package dev.hardening.jwks;

import static dev.hardening.jwks.KeyEndpoint.EC_1;
import static dev.hardening.jwks.KeyEndpoint.ISSUER;
import static dev.hardening.jwks.KeyEndpoint.RSA_1;
import static dev.hardening.jwks.KeyEndpoint.RSA_2;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jwt.JWTClaimsSet;
import dev.hardening.jwks.InvalidTokenException.Reason;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Decoding on a thread that must never wait. */
class DecodeAsyncTest {

    private final KeyEndpoint endpoint = new KeyEndpoint();
    private final JWKSCache cache = endpoint.open(endpoint.background());
    private final TokenDecoder decoder =
            TokenDecoder.builder(cache).issuer(ISSUER).build();

    @AfterEach
    void stop() {
        endpoint.close();
    }

    private static Throwable failure(CompletableFuture<JWTClaimsSet> future) {
        AtomicReference<@Nullable Throwable> seen = new AtomicReference<>();
        future.handle((claims, failure) -> {
                    seen.set(failure);
                    return claims;
                })
                .orTimeout(30, TimeUnit.SECONDS)
                .join();
        Throwable failure = seen.get();
        if (failure == null) {
            throw new AssertionError("it was accepted");
        }
        return failure;
    }

    private static void refused(CompletableFuture<JWTClaimsSet> future, Reason reason) {
        assertThat(failure(future))
                .isInstanceOfSatisfying(
                        InvalidTokenException.class,
                        refused -> assertThat(refused.reason()).isEqualTo(reason));
    }

    @Nested
    class WithKeysInHand {

        @Test
        void is_complete_at_once() {
            cache.getKeys();
            CompletableFuture<JWTClaimsSet> accepted = decoder.decodeAsync(KeyEndpoint.token(EC_1));
            assertThat(accepted).isDone();
            assertThat(accepted.join().getIssuer()).isEqualTo(ISSUER);
        }

        @Test
        void is_complete_at_once_for_a_token_that_is_remembered() {
            cache.getKeys();
            TokenDecoder remembering =
                    TokenDecoder.builder(cache).issuer(ISSUER).cacheVerified(10).build();
            String token = KeyEndpoint.token(EC_1);
            JWTClaimsSet first = remembering.decodeAsync(token).join();
            assertThat(remembering.decodeAsync(token)).isDone().isCompletedWithValue(first);
        }

        @ParameterizedTest
        @NullSource
        @ValueSource(strings = {"", "a.b.c", "\u0000", "eyJhbGciOiJub25lIn0.e30."})
        void fails_where_decode_throws(@Nullable String token) {
            CompletableFuture<JWTClaimsSet> future = decoder.decodeAsync(token);
            assertThat(future).isCompletedExceptionally();
            assertThat(failure(future)).isInstanceOf(InvalidTokenException.class);
        }

        @Test
        void refuses_what_is_forged() {
            cache.getKeys();
            refused(
                    decoder.decodeAsync(KeyEndpoint.token(
                            new RSAKey.Builder(RSA_2).keyID("rsa-1").build())),
                    Reason.BAD_SIGNATURE);
            refused(
                    decoder.decodeAsync(KeyEndpoint.token(
                            RSA_1, KeyEndpoint.claims().issuer("other").build())),
                    Reason.WRONG_ISSUER);
        }
    }

    @Nested
    class WithoutKeys {

        @Test
        void waits_on_no_thread_of_the_caller() throws Exception {
            CountDownLatch gate = new CountDownLatch(1);
            endpoint.script(KeyEndpoint.held(gate, KeyEndpoint.serving(RSA_1, EC_1)));
            CompletableFuture<JWTClaimsSet> accepted = decoder.decodeAsync(KeyEndpoint.token(EC_1));
            assertThat(accepted).isNotDone();
            gate.countDown();
            assertThat(accepted.get(30, TimeUnit.SECONDS).getIssuer()).isEqualTo(ISSUER);
        }

        @Test
        void does_not_continue_in_the_common_pool() throws Exception {
            CountDownLatch gate = new CountDownLatch(1);
            endpoint.script(KeyEndpoint.held(gate, KeyEndpoint.serving(RSA_1, EC_1)));
            CompletableFuture<String> thread = decoder.decodeAsync(KeyEndpoint.token(EC_1))
                    .thenApply(claims -> Thread.currentThread().getName());
            gate.countDown();
            assertThat(thread.get(30, TimeUnit.SECONDS)).doesNotContain("commonPool");
        }

        @Test
        void is_unavailable_in_an_outage() {
            endpoint.down();
            assertThat(failure(decoder.decodeAsync(KeyEndpoint.token(EC_1))))
                    .isInstanceOf(JWKSUnavailableException.class);
        }
    }

    @Nested
    class WithAnExecutorThatRunsTasksAtOnce {

        @Test
        void fetches_on_no_thread_of_the_caller() {
            List<Runnable> tasks = new ArrayList<>();
            JWKSCache other = endpoint.open(
                    endpoint.background().executor(Runnable::run).threads(new KeyEndpoint.StillTimer(tasks::add)));
            CompletableFuture<JWTClaimsSet> accepted =
                    TokenDecoder.builder(other).issuer(ISSUER).build().decodeAsync(KeyEndpoint.token(EC_1));
            assertThat(accepted).isNotDone();
            assertThat(endpoint.gets).hasValue(0);
            for (int i = 0; i < tasks.size(); i++) { // a task may add another
                tasks.get(i).run();
            }
            assertThat(accepted.join().getIssuer()).isEqualTo(ISSUER);
        }
    }

    @Nested
    class WithAnUnknownKeyId {

        @Test
        void accepts_a_key_that_was_rotated_in() throws Exception {
            cache.getKeys();
            endpoint.serve(RSA_1, RSA_2, EC_1);
            assertThat(decoder.decodeAsync(KeyEndpoint.token(RSA_2)).get(30, TimeUnit.SECONDS))
                    .isNotNull();
        }

        @Test
        void refuses_it_once_the_set_was_asked_for() {
            cache.getKeys();
            refused(decoder.decodeAsync(KeyEndpoint.token(RSA_2)), Reason.UNKNOWN_KEY);
        }
    }
}
