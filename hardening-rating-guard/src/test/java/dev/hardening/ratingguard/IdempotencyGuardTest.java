package dev.hardening.ratingguard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hardening.ratingguard.IdempotencyGuard.Claim;
import dev.hardening.ratingguard.IdempotencyGuard.Reply;
import dev.hardening.ratingguard.IdempotencyGuard.Verdict;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class IdempotencyGuardTest {

    private static final Answer KEPT = new Answer(201, "kept ☕");

    private final ConcurrentMap<String, String> entries = new ConcurrentHashMap<>();
    private final IdempotencyGuard guard = new IdempotencyGuard(IdempotencyStore.of(entries));
    private final List<Claim> claims = new ArrayList<>();

    private static IdempotentRequest request(String key) {
        return new IdempotentRequest("user", key, "POST /rate", "body");
    }

    private Reply handle(IdempotentRequest request, Answer answer) {
        return guard.handle(request, claim -> {
            claims.add(claim);
            return answer;
        });
    }

    @Test
    void documentedExample() {
        IdempotencyStore store = IdempotencyStore.of(new ConcurrentHashMap<>());
        String userId = "user";
        String header = "\"8e03978e-40d5-43e8-bc93-6894a57f9324\"";
        String path = "/sessions/a/rate";
        String body = "{}";
        Function<String, Answer> rate = given -> new Answer(200, "thanks");
        Function<Integer, Answer> problem = status -> new Answer(status, "problem");
        // example: idempotency
        Reply reply = new IdempotencyGuard(store)
                .handle(new IdempotentRequest(userId, header, "POST " + path, body), claim -> rate.apply(body));
        Answer answer = switch (reply.verdict()) {
            case FIRST, REPLAYED -> reply.answer();
            case UNDER_WAY -> problem.apply(409);
            case OTHER_REQUEST -> problem.apply(422);
        };
        // example: end
        assertThat(answer).isEqualTo(new Answer(200, "thanks"));
    }

    @Nested
    class ASecondRequestUnderTheSameKey {

        @Test
        void hasTheFirstAnswerAgainBodyAndStatus() {
            assertThat(handle(request("k"), KEPT)).isEqualTo(new Reply(Verdict.FIRST, KEPT));
            assertThat(handle(request("k"), new Answer(409, "never"))).isEqualTo(new Reply(Verdict.REPLAYED, KEPT));
            assertThat(claims).hasSize(1);
        }

        @Test
        void mayHaveAnEmptyBody() {
            handle(request("k"), new Answer(204, ""));
            assertThat(handle(request("k"), KEPT)).isEqualTo(new Reply(Verdict.REPLAYED, new Answer(204, "")));
        }

        @ParameterizedTest
        @CsvSource({"POST /rate,other", "POST /skip,body", "POST /rateb,ody"})
        void isRefusedIfItAsksForSomethingElse(String target, String body) {
            handle(request("k"), KEPT);
            assertThat(handle(new IdempotentRequest("user", "k", target, body), KEPT))
                    .isEqualTo(new Reply(Verdict.OTHER_REQUEST, null));
            assertThat(claims).hasSize(1);
        }

        @ParameterizedTest
        @CsvSource({"user2,k", "user,k2", "use,rk", "USER,k"})
        void isAFirstOneForAnotherCallerOrKey(String user, String key) {
            handle(request("k"), KEPT);
            assertThat(handle(new IdempotentRequest(user, key, "POST /rate", "body"), KEPT)
                            .verdict())
                    .isEqualTo(Verdict.FIRST);
        }

        @Test
        void isToldApartByLoneSurrogates() {
            handle(new IdempotentRequest("\ud800", "k", "t", "\udc00"), KEPT);
            assertThat(handle(new IdempotentRequest("\ud801", "k", "t", "\udc00"), KEPT)
                            .verdict())
                    .isEqualTo(Verdict.FIRST);
            assertThat(handle(new IdempotentRequest("\ud800", "k", "t", "\udc01"), KEPT)
                            .verdict())
                    .isEqualTo(Verdict.OTHER_REQUEST);
        }

        @Test
        void isUnderWayWhileTheFirstIs() {
            Reply first = guard.handle(request("k"), claim -> {
                assertThat(handle(request("k"), KEPT)).isEqualTo(new Reply(Verdict.UNDER_WAY, null));
                assertThat(handle(new IdempotentRequest("user", "k", "POST /rate", "other"), KEPT)
                                .verdict())
                        .isEqualTo(Verdict.OTHER_REQUEST);
                return KEPT;
            });
            assertThat(first.verdict()).isEqualTo(Verdict.FIRST);
            assertThat(claims).isEmpty();
        }

        @Test
        @Timeout(60)
        void ofManyThreadsIsHandledByOne() throws Exception {
            int threads = 8;
            CountDownLatch refused = new CountDownLatch(threads - 1);
            ExecutorService executor = Executors.newFixedThreadPool(threads);
            try {
                List<Future<Verdict>> replies = IntStream.range(0, threads)
                        .mapToObj(at -> executor.submit(() -> {
                            Verdict verdict = guard.handle(request("k"), claim -> {
                                        claims.add(claim);
                                        await(refused);
                                        return KEPT;
                                    })
                                    .verdict();
                            refused.countDown();
                            return verdict;
                        }))
                        .toList();
                List<Verdict> verdicts = new ArrayList<>();
                for (Future<Verdict> reply : replies) {
                    verdicts.add(reply.get());
                }
                assertThat(verdicts).containsOnlyOnce(Verdict.FIRST).containsOnly(Verdict.FIRST, Verdict.UNDER_WAY);
                assertThat(claims).hasSize(1);
            } finally {
                executor.shutdownNow();
            }
        }

        private void await(CountDownLatch latch) {
            try {
                assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    @Nested
    class AHandler {

        @ParameterizedTest
        @ValueSource(ints = {400, 409, 422, 503})
        void thatRefusesLeavesTheKeyFree(int status) {
            handle(request("k"), new Answer(status, "no"));
            assertThat(entries).isEmpty();
            assertThat(handle(new IdempotentRequest("user", "k", "POST /rate", "mended"), KEPT))
                    .isEqualTo(new Reply(Verdict.FIRST, KEPT));
        }

        @Test
        void thatRedirectsHasDoneItsWork() {
            handle(request("k"), new Answer(303, ""));
            assertThat(handle(request("k"), KEPT).verdict()).isEqualTo(Verdict.REPLAYED);
        }

        @Test
        void thatThrowsLeavesTheKeyFree() {
            assertThatThrownBy(() -> guard.handle(request("k"), claim -> {
                        throw new AssertionError("broken");
                    }))
                    .hasMessage("broken");
            assertThat(entries).isEmpty();
        }

        @Test
        void thatThrowsACheckedExceptionLeavesTheKeyFree() {
            IOException failure = new IOException("broken");
            assertThatThrownBy(() -> guard.handle(request("k"), claim -> {
                        throw AHandler.<RuntimeException>sneaked(failure);
                    }))
                    .isSameAs(failure);
            assertThat(entries).isEmpty();
        }

        /** Throws a checked exception where none is declared, as Kotlin and Lombok do. */
        @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
        private static <E extends Throwable> E sneaked(Throwable failure) throws E {
            throw (E) failure;
        }

        @Test
        void thatReturnsNothingLeavesTheKeyFree() {
            assertThatThrownBy(() -> guard.handle(request("k"), claim -> null))
                    .isInstanceOf(NullPointerException.class)
                    .hasMessage("the handler returned no answer");
            assertThat(entries).isEmpty();
        }

        @Test
        void mayKeepItsAnswerInItsOwnTransaction() {
            Reply first = guard.handle(request("k"), claim -> {
                assertThat(entries).containsExactly(Map.entry(claim.key(), claim.underWay()));
                entries.replace(claim.key(), claim.underWay(), claim.answered(KEPT));
                return KEPT;
            });
            assertThat(first).isEqualTo(new Reply(Verdict.FIRST, KEPT));
            assertThat(handle(request("k"), KEPT)).isEqualTo(new Reply(Verdict.REPLAYED, KEPT));
        }

        @Test
        void thatKeptItsAnswerAndFailedIsNotCalledAgain() {
            assertThatThrownBy(() -> guard.handle(request("k"), claim -> {
                        entries.replace(claim.key(), claim.underWay(), claim.answered(KEPT));
                        throw new IllegalStateException("the answer got lost");
                    }))
                    .hasMessage("the answer got lost");
            assertThat(handle(request("k"), new Answer(500, ""))).isEqualTo(new Reply(Verdict.REPLAYED, KEPT));
        }

        @Test
        void whoseClaimHasExpiredLeavesTheNextOneAlone() {
            guard.handle(request("k"), expired -> {
                entries.clear();
                guard.handle(request("k"), next -> {
                    assertThat(next.key()).isEqualTo(expired.key());
                    assertThat(next.underWay()).isNotEqualTo(expired.underWay());
                    return KEPT;
                });
                return new Answer(200, "too late");
            });
            assertThat(handle(request("k"), KEPT)).isEqualTo(new Reply(Verdict.REPLAYED, KEPT));
        }
    }

    @Nested
    class AStore {

        private final IllegalStateException down = new IllegalStateException("down");

        @Test
        void ofAMapSaysWhetherTheEntryWasTheExpectedOne() {
            IdempotencyStore store = IdempotencyStore.of(entries);
            assertThat(store.putIfAbsent("key", "a")).isNull();
            assertThat(store.putIfAbsent("key", "b")).isEqualTo("a");
            assertThat(store.replace("key", "b", "c")).isFalse();
            assertThat(store.replace("key", "a", "c")).isTrue();
            assertThat(store.remove("key", "a")).isFalse();
            assertThat(store.remove("key", "c")).isTrue();
            assertThat(entries).isEmpty();
        }

        private class Down implements IdempotencyStore {

            private final boolean claims;

            Down(boolean claims) {
                this.claims = claims;
            }

            @Override
            public @Nullable String putIfAbsent(String key, String entry) {
                if (claims) {
                    return null;
                }
                throw down;
            }

            @Override
            public boolean replace(String key, String expected, String entry) {
                throw down;
            }

            @Override
            public boolean remove(String key, String expected) {
                throw down;
            }
        }

        @Test
        void thatIsDownLetsNothingThrough() {
            assertThatThrownBy(() -> new IdempotencyGuard(new Down(false)).handle(request("k"), claim -> {
                        claims.add(claim);
                        return KEPT;
                    }))
                    .isSameAs(down);
            assertThat(claims).isEmpty();
        }

        /** Its put takes effect, and its remove hangs until the caller has its answer. */
        @Test
        @Timeout(60)
        void thatTimesOutButTakesTheClaimLeavesTheKeyFree() throws Exception {
            IdempotencyStore map = IdempotencyStore.of(entries);
            CountDownLatch answered = new CountDownLatch(1);
            CompletableFuture<Boolean> removed = new CompletableFuture<>();
            IdempotencyStore late = new IdempotencyStore() {
                @Override
                public @Nullable String putIfAbsent(String key, String entry) {
                    map.putIfAbsent(key, entry);
                    throw down;
                }

                @Override
                public boolean replace(String key, String expected, String entry) {
                    return map.replace(key, expected, entry);
                }

                @Override
                public boolean remove(String key, String expected) {
                    try {
                        answered.await();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                    return removed.complete(map.remove(key, expected));
                }
            };
            assertThatThrownBy(() -> new IdempotencyGuard(late).handle(request("k"), claim -> KEPT))
                    .isSameAs(down);
            answered.countDown();
            assertThat(removed.get(30, TimeUnit.SECONDS)).isTrue();
            assertThat(entries).isEmpty();
        }

        @Test
        void thatGoesDownMeanwhileIsNotHidden() {
            IdempotencyGuard guard = new IdempotencyGuard(new Down(true));
            assertThatThrownBy(() -> guard.handle(request("k"), claim -> KEPT)).isSameAs(down);
            assertThatThrownBy(() -> guard.handle(request("k"), claim -> new Answer(409, "")))
                    .isSameAs(down);
        }

        @Test
        void thatGoesDownMeanwhileDoesNotHideTheHandlersFailure() {
            assertThatThrownBy(() -> new IdempotencyGuard(new Down(true)).handle(request("k"), claim -> {
                        throw new IllegalArgumentException("the handler's");
                    }))
                    .hasMessage("the handler's")
                    .hasSuppressedException(down);
        }

        @Test
        void mayThrowTheHandlersOwnFailure() {
            assertThatThrownBy(() -> new IdempotencyGuard(new Down(true)).handle(request("k"), claim -> {
                        throw down;
                    }))
                    .isSameAs(down)
                    .hasNoSuppressedExceptions();
        }

        /** Each is written over the entry of a request that is under way. */
        @ParameterizedTest
        @ValueSource(
                strings = {
                    "",
                    "x",
                    "a longer text of another program, which happens to use the same key for something of its own",
                    "FINGERPRINT",
                    "FINGERPRINT20",
                    "FINGERPRINTcanary",
                    "FINGERPRINT099",
                    "FINGERPRINT600",
                    "FINGERPRINT-20",
                    "FINGERPRINT\u0662\u0660\u0660",
                    "FFINGERPRINT200"
                })
        void withAnEntryOfSomethingElseIsSaidSo(String foreign) {
            guard.handle(request("k"), claim -> {
                String entry = foreign.replace("FINGERPRINT", claim.underWay().substring(0, 64));
                entries.put(claim.key(), entry);
                assertThatThrownBy(() -> handle(request("k"), KEPT))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage("the store has an entry that no guard wrote");
                assertThat(entries).containsValue(entry);
                return KEPT;
            });
            assertThat(claims).isEmpty();
        }
    }

    /** A store of a map that can be disconnected; time passes when a test says so. */
    @Nested
    class AfterAStoreOutage {

        private final IllegalStateException down = new IllegalStateException("down");
        private final IdempotencyStore map = IdempotencyStore.of(entries);
        private final List<Duration> waits = new ArrayList<>();
        private final List<Runnable> waiting = new ArrayList<>();
        private boolean disconnected;
        private long now;

        private final IdempotencyGuard guard = new IdempotencyGuard(
                new IdempotencyStore() {
                    @Override
                    public @Nullable String putIfAbsent(String key, String entry) {
                        String found = map.putIfAbsent(key, entry);
                        connected();
                        return found;
                    }

                    @Override
                    public boolean replace(String key, String expected, String entry) {
                        connected();
                        return map.replace(key, expected, entry);
                    }

                    @Override
                    public boolean remove(String key, String expected) {
                        connected();
                        return map.remove(key, expected);
                    }
                },
                wait -> task -> {
                    waits.add(wait);
                    waiting.add(task);
                },
                () -> now);

        private void connected() {
            if (disconnected) {
                throw down;
            }
        }

        private void runWhatWaits() {
            waiting.remove(0).run();
        }

        private Answer disconnect(Answer answer) {
            disconnected = true;
            return answer;
        }

        @Test
        void aClaimWhosePutTimedOutIsRemoved() {
            disconnected = true;
            assertThatThrownBy(() -> guard.handle(request("k"), claim -> KEPT)).isSameAs(down);
            runWhatWaits();
            disconnected = false;
            assertThat(entries).isNotEmpty();
            runWhatWaits();
            assertThat(entries).isEmpty();
            assertThat(waiting).isEmpty();
            assertThat(waits).containsExactly(Duration.ZERO, Duration.ofMillis(100));
        }

        @Test
        void aClaimWhoseHandlerFailedIsRemoved() {
            assertThatThrownBy(() -> guard.handle(request("k"), claim -> {
                        throw new IllegalArgumentException(disconnect(KEPT).toString());
                    }))
                    .hasMessage("Answer[201]");
            disconnected = false;
            runWhatWaits();
            assertThat(guard.handle(request("k"), claim -> KEPT).verdict()).isEqualTo(Verdict.FIRST);
            assertThat(waiting).isEmpty();
        }

        @Test
        void aClaimWhoseAnswerIsARefusalIsRemoved() {
            assertThatThrownBy(() -> guard.handle(request("k"), claim -> disconnect(new Answer(409, ""))))
                    .isSameAs(down);
            disconnected = false;
            runWhatWaits();
            assertThat(guard.handle(request("k"), claim -> KEPT).verdict()).isEqualTo(Verdict.FIRST);
        }

        @Test
        void theAnswerIsWrittenAndGivenAgain() {
            assertThatThrownBy(() -> guard.handle(request("k"), claim -> disconnect(KEPT)))
                    .isSameAs(down);
            disconnected = false;
            runWhatWaits();
            assertThat(guard.handle(request("k"), claim -> new Answer(500, "")))
                    .isEqualTo(new Reply(Verdict.REPLAYED, KEPT));
        }

        @Test
        void theClaimOfALaterRequestIsLeftAlone() {
            assertThatThrownBy(() -> guard.handle(request("k"), claim -> disconnect(new Answer(409, ""))))
                    .isSameAs(down);
            disconnected = false;
            entries.clear(); // it has expired
            guard.handle(request("k"), claim -> {
                runWhatWaits();
                assertThat(entries).containsValue(claim.underWay());
                return KEPT;
            });
            assertThat(guard.handle(request("k"), claim -> KEPT).verdict()).isEqualTo(Verdict.REPLAYED);
        }

        @Test
        void theWaitsDoubleUpToTwoSecondsForAMinute() {
            assertThatThrownBy(() -> guard.handle(request("k"), claim -> disconnect(new Answer(409, ""))))
                    .isSameAs(down);
            now = TimeUnit.MINUTES.toNanos(1);
            for (int i = 0; i < 6; i++) {
                runWhatWaits();
            }
            assertThat(waits.stream().map(Duration::toMillis))
                    .containsExactly(100L, 200L, 400L, 800L, 1600L, 2000L, 2000L);
            now++;
            disconnected = false;
            runWhatWaits();
            assertThat(waiting).isEmpty();
            assertThat(entries).as("left for the store to forget").isNotEmpty();
        }
    }

    @Nested
    class TheHeader {

        @ParameterizedTest
        @CsvSource(
                quoteCharacter = '\'',
                value = {
                    "'\"k\"', k",
                    "' \"k\" ', k",
                    "' k ', k",
                    "'\"a \\\"b\\\\\"', 'a \"b\\'",
                    "'\"a', '\"a'",
                    "'\"\\x\"', '\"\\x\"'"
                })
        void mayBeQuotedOrBare(String header, String key) {
            assertThat(request(header).key()).isEqualTo(key);
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    ";v=1",
                    "; v=1",
                    ";v",
                    ";v=1;w=\"x;\\\"y\"",
                    ";*a.b_c-d=?0;e=:YQ==:;f=-1.5;g=t/k:n",
                })
        void isTheSameWithParameters(String parameters) {
            assertThat(request("\"k\"" + parameters).key()).isEqualTo("k");
        }

        @ParameterizedTest
        @ValueSource(strings = {"\"k\" v", "\"k\";", "\"k\";V=1", "\"k\";v=", "\"k\";v=1,\"l\"", "\"k\";v=\"", "k;v=1"})
        void isTakenAsItIsIfWhatFollowsIsNoParameter(String header) {
            assertThat(request(header).key()).isEqualTo(header);
        }

        @Test
        void mayHaveAnyNumberOfParameters() {
            assertThat(request("\"k\"" + ";v=\"1\"".repeat(100_000)).key()).isEqualTo("k");
        }

        @ParameterizedTest
        @ValueSource(strings = {"", " ", "\"\"", "canary-é", "canary\n-", "canary-\u007f"})
        void thatIsNoKeyIsRefusedWithoutShowingIt(String header) {
            assertThatThrownBy(() -> request(header))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("Idempotency-Key must be 1 to 255 printable ASCII characters");
        }

        @Test
        void hasAtMost255Characters() {
            assertThat(request("k".repeat(255)).key()).hasSize(255);
            assertThatThrownBy(() -> request("k".repeat(256))).isInstanceOf(IllegalArgumentException.class);
        }

        @ParameterizedTest
        @ValueSource(strings = {"k", "\\\""})
        void isRefusedHoweverLongItsQuotedStringIs(String part) {
            String header = '"' + part.repeat(100_000) + '"';
            assertThatThrownBy(() -> request(header)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Nested
    class AnAnswer {

        @ParameterizedTest
        @ValueSource(ints = {99, 600})
        void hasAStatusThatThereIs(int status) {
            assertThatThrownBy(() -> new Answer(status, ""))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("status must be from 100 to 599");
        }

        @ParameterizedTest
        @ValueSource(ints = {100, 599})
        void mayHaveTheFirstAndTheLastStatus(int status) {
            assertThat(new Answer(status, "").status()).isEqualTo(status);
        }
    }

    @Test
    void noTextAndNoKeyOfTheStoreHoldsAnIdOrABody() {
        IdempotentRequest request = new IdempotentRequest("canary", "canary", "canary", "canary");
        Reply reply = handle(request, new Answer(200, "canary"));
        assertThat(List.of(request.toString(), reply.toString(), claims.get(0).toString()))
                .noneMatch(text -> text.contains("canary"));
        assertThat(request).hasToString("IdempotentRequest[]");
        assertThat(claims.get(0)).hasToString("Claim[" + claims.get(0).key() + "]");
        assertThat(new Answer(200, "canary")).hasToString("Answer[200]");
        assertThat(entries.keySet()).noneMatch(key -> key.contains("canary"));
        assertThat(claims.get(0).key()).matches("[\\da-f]{64}");
    }
}
