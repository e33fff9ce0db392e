package dev.hardening.jwks;

import static dev.hardening.jwks.KeyEndpoint.EC_1;
import static dev.hardening.jwks.KeyEndpoint.RSA_1;
import static dev.hardening.jwks.KeyEndpoint.RSA_2;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jwt.JWTClaimsSet;
import com.sun.net.httpserver.HttpServer;
import dev.hardening.jwks.InvalidTokenException.Reason;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

class IssuerRouterTest {

    /** Many issuers on loopback, each with its metadata and keys under a path of its own. */
    private static final class Provider implements AutoCloseable {

        final Map<String, AtomicInteger> requests = new ConcurrentHashMap<>();
        final Set<String> down = ConcurrentHashMap.newKeySet();
        private final ExecutorService threads = Executors.newCachedThreadPool();
        private final HttpServer server;

        Provider() {
            try {
                server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            } catch (IOException failed) {
                throw new IllegalStateException(failed);
            }
            server.setExecutor(threads);
            server.createContext("/", exchange -> {
                String path = exchange.getRequestURI().getPath();
                String tenant = path.substring(1, path.indexOf('/', 1));
                requests.computeIfAbsent(tenant, unused -> new AtomicInteger()).incrementAndGet();
                String body = path.endsWith("/keys")
                        ? new JWKSet(List.of(RSA_1, EC_1)).toString(true)
                        : "{\"issuer\":\"" + issuer(tenant) + "\",\"jwks_uri\":\"" + issuer(tenant) + "/keys\"}";
                try (exchange) {
                    KeyEndpoint.send(exchange, down.contains(tenant) ? 503 : 200, body);
                }
            });
            server.start();
        }

        String issuer(String tenant) {
            return "http://127.0.0.1:" + server.getAddress().getPort() + "/" + tenant;
        }

        int requests(String tenant) {
            AtomicInteger count = requests.get(tenant);
            return count == null ? 0 : count.get();
        }

        @Override
        public void close() {
            server.stop(0);
            threads.shutdownNow();
        }
    }

    private final Provider provider = new Provider();

    @AfterEach
    void stop() {
        provider.close();
    }

    private static String token(@Nullable String issuer, JWK key) {
        return KeyEndpoint.token(key, KeyEndpoint.claims().issuer(issuer).build());
    }

    private IssuerRouter.Builder trusting(String prefix) {
        return IssuerRouter.discovering(issuer -> issuer.startsWith(provider.issuer(prefix)));
    }

    private static JWKSCache.Builder keysOfAMoment(JWKSCache.Builder options) {
        return options.timeToLive(Duration.ofMillis(300)).refreshBefore(Duration.ofMillis(100));
    }

    /** Waits for several refreshes of a tenant; each is two requests. */
    private void awaitRefreshes(String tenant) {
        int enough = provider.requests(tenant) + 10;
        while (provider.requests(tenant) < enough) {
            Thread.onSpinWait();
        }
    }

    private static List<ILoggingEvent> warningsOf(Runnable action) {
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        Logger logger = (Logger) LoggerFactory.getLogger(JWKSCache.class);
        logger.addAppender(log);
        try {
            action.run();
        } finally {
            logger.detachAppender(log);
        }
        return log.list.stream().filter(event -> event.getLevel() == Level.WARN).toList();
    }

    private static Reason reason(Runnable decoding) {
        Throwable thrown = catchThrowable(decoding::run);
        assertThat(thrown).isInstanceOf(InvalidTokenException.class);
        return ((InvalidTokenException) thrown).reason();
    }

    @Nested
    class OfKnownDecoders {

        private final KeyEndpoint first = new KeyEndpoint();
        private final KeyEndpoint second = new KeyEndpoint();
        private final TokenDecoder one = decoder(first, "https://one.example");
        private final TokenDecoder two = decoder(second, "https://two.example");

        private TokenDecoder decoder(KeyEndpoint endpoint, String issuer) {
            return TokenDecoder.builder(endpoint.open(endpoint.inline()))
                    .issuer(issuer)
                    .audience("authenticated")
                    .build();
        }

        @AfterEach
        void stop() {
            first.close();
            second.close();
        }

        @Test
        void each_verifies_the_tokens_of_its_issuer() {
            second.serve(RSA_2);
            try (IssuerRouter router = IssuerRouter.of(one, two)) {
                assertThat(router.decode(token("https://one.example", RSA_1)).getIssuer())
                        .isEqualTo("https://one.example");
                assertThat(router.decode(token("https://two.example", RSA_2)).getIssuer())
                        .isEqualTo("https://two.example");
                assertThat(reason(() -> router.decode(token("https://two.example", RSA_1))))
                        .as("the other's key")
                        .isEqualTo(Reason.UNKNOWN_KEY);
            }
        }

        @Test
        void an_outage_of_one_fails_no_token_of_the_other() {
            second.down();
            try (IssuerRouter router = IssuerRouter.of(one, two)) {
                assertThatThrownBy(() -> router.decode(token("https://two.example", RSA_1)))
                        .isInstanceOf(JWKSUnavailableException.class);
                assertThat(router.decode(token("https://one.example", RSA_1))).isNotNull();
            }
        }

        @Test
        void another_issuer_is_wrong_and_costs_no_request() {
            try (IssuerRouter router = IssuerRouter.of(one, two)) {
                for (String other : new String[] {"https://three.example", "", null, "https://one.example/"}) {
                    assertThat(reason(() -> router.decode(token(other, RSA_1)))).isEqualTo(Reason.WRONG_ISSUER);
                }
            }
            assertThat(first.gets).hasValue(0);
            assertThat(second.gets).hasValue(0);
        }

        @Test
        void have_to_have_an_issuer_each_and_different_ones() {
            assertThatThrownBy(() -> IssuerRouter.of()).hasMessage("a router has to have one decoder at least");
            assertThatThrownBy(() -> IssuerRouter.of(one, one))
                    .hasMessage("two decoders have the issuer https://one.example");
            TokenDecoder any = TokenDecoder.builder(first.open(first.inline())).build();
            assertThatThrownBy(() -> IssuerRouter.of(one, any)).hasMessage("each decoder has to have an issuer");
        }
    }

    @Nested
    class Discovering {

        @Test
        void finds_the_keys_of_each_issuer_once() {
            try (IssuerRouter router = trusting("tenant-")
                    .decoder(options -> options.audience("authenticated"))
                    .build()) {
                for (int round = 0; round < 3; round++) {
                    for (int tenant = 0; tenant < 5; tenant++) {
                        assertThat(router.decode(token(provider.issuer("tenant-" + tenant), EC_1)))
                                .isNotNull();
                    }
                }
                for (int tenant = 0; tenant < 5; tenant++) {
                    assertThat(provider.requests("tenant-" + tenant))
                            .as("metadata and keys")
                            .isEqualTo(2);
                }
            }
        }

        @Test
        void is_set_up_as_the_documentation_says() {
            Set<String> tenants = Set.of(provider.issuer("tenant-1"), provider.issuer("tenant-2"));
            String token = token(provider.issuer("tenant-1"), EC_1);
            // example: router
            try (IssuerRouter router = IssuerRouter.discovering(tenants::contains)
                    .decoder(options -> options.audience("authenticated"))
                    .maxIssuers(1_000)
                    .build()) {
                JWTClaimsSet claims = router.decode(token);
                // example: end
                assertThat(claims.getIssuer()).isEqualTo(provider.issuer("tenant-1"));
            }
        }

        @Test
        void serves_500_tenants_while_one_is_down() throws Exception {
            provider.down.add("tenant-7");
            ExecutorService requests = Executors.newFixedThreadPool(8);
            try (IssuerRouter router = trusting("tenant-").build()) {
                List<Future<@Nullable JWTClaimsSet>> results = new ArrayList<>();
                for (int tenant = 0; tenant < 500; tenant++) {
                    String token = token(provider.issuer("tenant-" + tenant), EC_1);
                    results.add(requests.submit(() -> {
                        try {
                            return router.decode(token);
                        } catch (JWKSUnavailableException down) {
                            return null;
                        }
                    }));
                }
                for (int tenant = 0; tenant < 500; tenant++) {
                    assertThat(results.get(tenant).get() == null).isEqualTo(tenant == 7);
                }
            } finally {
                requests.shutdownNow();
            }
        }

        @Test
        void asks_nothing_of_an_issuer_that_is_not_trusted() {
            try (IssuerRouter router = trusting("tenant-").build()) {
                for (String issuer : List.of(provider.issuer("stranger"), "https://evil.example", "", "nonsense")) {
                    assertThat(reason(() -> router.decode(token(issuer, EC_1)))).isEqualTo(Reason.WRONG_ISSUER);
                }
                assertThat(reason(() -> router.decode(token(null, EC_1)))).isEqualTo(Reason.WRONG_ISSUER);
            }
            assertThat(provider.requests).isEmpty();
        }

        @ParameterizedTest
        @ValueSource(
                strings = {"", "not a uri", "http://beyond.example", "ftp://a.example", "urn:x", "https:", "//x", "%"})
        void refuses_a_trusted_name_that_no_keys_can_be_fetched_for(String issuer) {
            try (IssuerRouter router = IssuerRouter.discovering(any -> true).build()) {
                assertThat(reason(() -> router.decode(token(issuer, EC_1)))).isEqualTo(Reason.WRONG_ISSUER);
            }
        }

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                value = {
                    "http://keycloak:8080/realms/a | https; http is for loopback addresses only, unless allowPlainHttp() is set",
                    "https://key_cloak/realms/a    | a URL with a host, whose name is of letters, digits, hyphens and dots",
                    "https://a.example/?tenant=b   | the issuer may not have a query or a fragment",
                    "accounts.example              | an https URL",
                    "%                             | an https URL"
                })
        void says_why_no_keys_can_be_fetched_for_a_trusted_name(String issuer, String why) {
            try (IssuerRouter router =
                    IssuerRouter.discovering(Set.of(issuer)::contains).build()) {
                assertThatThrownBy(() -> router.decode(token(issuer, EC_1)))
                        .hasMessageStartingWith(
                                "The token is of another issuer than one that keys can be fetched for: ")
                        .hasMessageEndingWith(why);
            }
        }

        @Test
        void counts_a_predicate_that_throws_as_no() {
            try (IssuerRouter router = IssuerRouter.discovering(issuer -> {
                        throw new IllegalStateException("canary");
                    })
                    .build()) {
                Throwable thrown = catchThrowable(() -> router.decode(token(provider.issuer("a"), EC_1)));
                assertThat(thrown)
                        .isInstanceOf(InvalidTokenException.class)
                        .hasMessage("The token is of another issuer: none that is trusted")
                        .hasNoCause();
            }
        }

        @Test
        void fetches_no_more_for_one_that_is_not_trusted_any_more() {
            Set<String> tenants = ConcurrentHashMap.newKeySet();
            tenants.addAll(List.of(provider.issuer("tenant-1"), provider.issuer("tenant-2")));
            try (IssuerRouter router = IssuerRouter.discovering(tenants::contains)
                    .cache(IssuerRouterTest::keysOfAMoment)
                    .build()) {
                router.decode(token(provider.issuer("tenant-1"), EC_1));
                router.decode(token(provider.issuer("tenant-2"), EC_1));
                tenants.remove(provider.issuer("tenant-1"));
                assertThat(reason(() -> router.decode(token(provider.issuer("tenant-1"), EC_1))))
                        .isEqualTo(Reason.WRONG_ISSUER);
                awaitRefreshes("tenant-2"); // a request that was under way has ended too
                int before = provider.requests("tenant-1");
                awaitRefreshes("tenant-2");
                assertThat(provider.requests("tenant-1")).isEqualTo(before);
            }
        }

        @Test
        void opens_an_issuer_for_an_event_loop_on_another_thread() throws Exception {
            CountDownLatch gate = new CountDownLatch(1);
            AtomicBoolean blocks = new AtomicBoolean();
            JWKSSnapshotStore store = new JWKSSnapshotStore() {
                @Override
                public Optional<Stored> load() {
                    try {
                        if (blocks.get()) {
                            gate.await();
                        }
                    } catch (InterruptedException ended) {
                        Thread.currentThread().interrupt();
                    }
                    return Optional.empty();
                }

                @Override
                public void save(Stored stored) {}
            };
            try (IssuerRouter router = trusting("tenant-")
                    .cache(options -> options.snapshotStore(store))
                    .build()) {
                blocks.set(true);
                CompletableFuture<JWTClaimsSet> claims = router.decodeAsync(token(provider.issuer("tenant-1"), EC_1));
                assertThat(claims).isNotDone();
                gate.countDown();
                assertThat(claims.get(30, TimeUnit.SECONDS)).isNotNull();
            }
        }

        @Test
        void keeps_the_keys_while_the_predicate_throws() {
            AtomicBoolean fails = new AtomicBoolean();
            String issuer = provider.issuer("a");
            try (IssuerRouter router = IssuerRouter.discovering(name -> {
                        if (fails.get()) {
                            throw new IllegalStateException("canary");
                        }
                        return true;
                    })
                    .build()) {
                router.decode(token(issuer, EC_1));
                int before = provider.requests("a");
                fails.set(true);
                assertThat(reason(() -> router.decode(token(issuer, EC_1)))).isEqualTo(Reason.WRONG_ISSUER);
                fails.set(false);
                assertThat(router.decode(token(issuer, EC_1)).getIssuer()).isEqualTo(issuer);
                assertThat(provider.requests("a")).isEqualTo(before);
            }
        }

        @Test
        void warns_once_while_the_predicate_throws() {
            AtomicBoolean fails = new AtomicBoolean(true);
            List<ILoggingEvent> warnings = warningsOf(() -> {
                try (IssuerRouter router = IssuerRouter.discovering(issuer -> {
                            if (fails.get()) {
                                throw new IllegalStateException(issuer);
                            }
                            return false;
                        })
                        .build()) {
                    for (boolean failing : new boolean[] {true, true, false, true}) {
                        fails.set(failing);
                        assertThat(reason(() -> router.decode(token("https://canary.example", EC_1))))
                                .isEqualTo(Reason.WRONG_ISSUER);
                    }
                }
            });
            assertThat(warnings)
                    .extracting(ILoggingEvent::getFormattedMessage)
                    .hasSize(2)
                    .allMatch(line -> line.contains("IllegalStateException") && !line.contains("canary"));
        }

        @Test
        void verifies_with_the_options_of_the_decoder_and_its_own_issuer() {
            try (IssuerRouter router = trusting("tenant-")
                    .decoder(options ->
                            options.issuer("https://elsewhere.example").requireClaim("tier", "gold"))
                    .build()) {
                assertThat(reason(() -> router.decode(token(provider.issuer("tenant-1"), EC_1))))
                        .isEqualTo(Reason.WRONG_CLAIM);
                String gold = KeyEndpoint.token(
                        EC_1,
                        KeyEndpoint.claims()
                                .issuer(provider.issuer("tenant-1"))
                                .claim("tier", "gold")
                                .build());
                assertThat(router.decode(gold)).isNotNull();
            }
        }

        @Test
        void refuses_a_forged_token_of_a_trusted_issuer() {
            try (IssuerRouter router = trusting("tenant-").build()) {
                String token = token(provider.issuer("tenant-1"), EC_1);
                String forged = token.substring(0, token.length() - 4) + "AAAA";
                assertThat(reason(() -> router.decode(forged))).isEqualTo(Reason.BAD_SIGNATURE);
            }
        }

        @Test
        void decodes_without_waiting() throws Exception {
            try (IssuerRouter router = trusting("tenant-").build()) {
                String token = token(provider.issuer("tenant-1"), EC_1);
                assertThat(router.decodeAsync(token).get(30, TimeUnit.SECONDS)).isNotNull();
                assertThat(router.decodeAsync(token)).as("with keys in hand").isDone();
                CompletableFuture<JWTClaimsSet> untrusted = router.decodeAsync(token("https://evil.example", EC_1));
                assertThat(untrusted).isCompletedExceptionally();
            }
        }

        @ParameterizedTest
        @NullSource
        @ValueSource(strings = {"", "a.b", "a.b.c", "e30.e30", "e30.W10.AA"})
        void refuses_what_is_no_token(@Nullable String token) {
            try (IssuerRouter router = trusting("tenant-").build()) {
                assertThat(reason(() -> router.decode(token))).isEqualTo(Reason.MALFORMED);
                assertThat(router.decodeAsync(token)).isCompletedExceptionally();
            }
        }
    }

    @Nested
    class WithMoreIssuersThanItHolds {

        @Test
        void forgets_the_one_that_was_idle_for_longest() {
            try (IssuerRouter router = trusting("tenant-").maxIssuers(2).build()) {
                for (String tenant : List.of("tenant-1", "tenant-2", "tenant-1", "tenant-3", "tenant-1")) {
                    assertThat(router.decode(token(provider.issuer(tenant), EC_1)))
                            .isNotNull();
                }
                assertThat(provider.requests("tenant-1")).isEqualTo(2);
                assertThat(router.decode(token(provider.issuer("tenant-2"), EC_1)))
                        .isNotNull();
                assertThat(provider.requests("tenant-2")).as("it was forgotten").isEqualTo(4);
            }
        }

        @Test
        void does_not_wait_for_another_issuers_store() throws Exception {
            CountDownLatch loading = new CountDownLatch(1);
            CountDownLatch gate = new CountDownLatch(1);
            AtomicBoolean first = new AtomicBoolean();
            JWKSSnapshotStore store = new JWKSSnapshotStore() {
                @Override
                public Optional<Stored> load() {
                    if (first.compareAndSet(true, false)) {
                        loading.countDown();
                        try {
                            gate.await();
                        } catch (InterruptedException ended) {
                            Thread.currentThread().interrupt();
                        }
                    }
                    return Optional.empty();
                }

                @Override
                public void save(Stored stored) {}
            };
            ExecutorService requests = Executors.newCachedThreadPool();
            try (IssuerRouter router = trusting("tenant-")
                    .cache(options -> options.snapshotStore(store))
                    .build()) {
                first.set(true);
                Future<?> blocked = requests.submit(() -> router.decode(token(provider.issuer("tenant-1"), EC_1)));
                assertThat(loading.await(30, TimeUnit.SECONDS)).isTrue();
                Future<?> other = requests.submit(() -> router.decode(token(provider.issuer("tenant-2"), EC_1)));
                assertThat(other.get(30, TimeUnit.SECONDS)).isNotNull();
                assertThat(blocked).isNotDone();
                gate.countDown();
                assertThat(blocked.get(30, TimeUnit.SECONDS)).isNotNull();
            } finally {
                gate.countDown();
                requests.shutdownNow();
            }
        }

        @Test
        void warns_once_of_a_store_that_several_have(@TempDir Path directory) {
            ListAppender<ILoggingEvent> log = new ListAppender<>();
            log.start();
            Logger logger = (Logger) LoggerFactory.getLogger(JWKSCache.class);
            logger.addAppender(log);
            try (IssuerRouter router = trusting("tenant-")
                    .cache(options -> options.snapshotStore(JWKSSnapshotStore.file(directory.resolve("keys.json"))))
                    .build()) {
                router.decode(token(provider.issuer("tenant-1"), EC_1));
                assertThat(log.list)
                        .filteredOn(event -> event.getLevel() == Level.WARN)
                        .isEmpty();
                router.decode(token(provider.issuer("tenant-2"), EC_1));
                router.decode(token(provider.issuer("tenant-3"), EC_1));
            } finally {
                logger.detachAppender(log);
            }
            assertThat(log.list)
                    .filteredOn(event -> event.getLevel() == Level.WARN)
                    .singleElement()
                    .asString()
                    .contains("have the same snapshotStore");
        }

        @Test
        void makes_one_cache_for_tokens_that_come_together() throws Exception {
            ExecutorService requests = Executors.newFixedThreadPool(20);
            try (IssuerRouter router = trusting("tenant-").build()) {
                String token = token(provider.issuer("tenant-1"), EC_1);
                for (Future<?> one : requests.invokeAll(Collections.nCopies(20, () -> router.decode(token)))) {
                    assertThat(one.get()).isNotNull();
                }
                assertThat(provider.requests("tenant-1")).isEqualTo(2); // the metadata, and the keys
            } finally {
                requests.shutdownNow();
            }
        }

        @Test
        void limits_the_requests_of_a_forger_who_names_two_in_turn() {
            List<ILoggingEvent> warnings = warningsOf(() -> {
                try (IssuerRouter router = trusting("tenant-").maxIssuers(2).build()) {
                    for (String tenant : List.of("tenant-1", "tenant-2")) {
                        router.decode(token(provider.issuer(tenant), EC_1));
                    }
                    List<String> forged = List.of(
                            token(provider.issuer("tenant-3"), RSA_2), token(provider.issuer("tenant-4"), RSA_2));
                    int refused = 0;
                    for (int i = 0; refused < 100; i++) {
                        String token = forged.get(i % 2);
                        Throwable thrown = catchThrowable(() -> router.decode(token));
                        refused += thrown instanceof JWKSUnavailableException ? 1 : 0;
                        assertThat(i).isLessThan(10_000);
                    }
                    for (String tenant : List.of("tenant-1", "tenant-2")) {
                        assertThat(router.decode(token(provider.issuer(tenant), EC_1)))
                                .isNotNull();
                        assertThat(provider.requests(tenant)).isEqualTo(2);
                    }
                }
            });
            assertThat(warnings).singleElement().asString().contains("maxIssuers (2)");
        }

        @Test
        void closes_the_cache_of_one_that_it_forgets() {
            try (IssuerRouter router = trusting("tenant-")
                    .cache(IssuerRouterTest::keysOfAMoment)
                    .maxIssuers(1)
                    .build()) {
                router.decode(token(provider.issuer("tenant-1"), EC_1));
                router.decode(token(provider.issuer("tenant-2"), EC_1));
                router.decode(token(provider.issuer("tenant-2"), EC_1));
                awaitRefreshes("tenant-2"); // a request that was under way has ended too
                int before = provider.requests("tenant-1");
                awaitRefreshes("tenant-2");
                assertThat(provider.requests("tenant-1")).isEqualTo(before);
            }
        }

        @Test
        void keeps_those_in_use_from_a_forger_who_names_many() {
            try (IssuerRouter router = trusting("tenant-").maxIssuers(4).build()) {
                for (String tenant : List.of("tenant-1", "tenant-2", "tenant-3")) {
                    router.decode(token(provider.issuer(tenant), EC_1));
                }
                for (int forged = 0; forged < 50; forged++) {
                    String token = token(provider.issuer("tenant-forged-" + forged), RSA_2);
                    assertThat(reason(() -> router.decode(token))).isEqualTo(Reason.UNKNOWN_KEY);
                }
                for (String tenant : List.of("tenant-1", "tenant-2", "tenant-3")) {
                    router.decode(token(provider.issuer(tenant), EC_1));
                    assertThat(provider.requests(tenant)).isEqualTo(2);
                }
            }
        }
    }

    @Nested
    class Closed {

        @Test
        void goes_on_with_keys_in_hand_and_learns_no_more() {
            IssuerRouter router = trusting("tenant-").build();
            String token = token(provider.issuer("tenant-1"), EC_1);
            router.decode(token);
            router.close();
            router.close();
            assertThat(router.decode(token)).isNotNull();
            assertThatThrownBy(() -> router.decode(token(provider.issuer("tenant-2"), EC_1)))
                    .isInstanceOf(JWKSUnavailableException.class)
                    .hasMessage("the router is closed");
        }
    }

    @Nested
    class TheBuilder {

        @Test
        void names_the_option_that_does_not_fit() {
            assertThatThrownBy(() -> trusting("a").maxIssuers(0).build()).hasMessage("maxIssuers has to be positive");
            assertThatThrownBy(() ->
                            trusting("a").decoder(options -> options.audience()).build())
                    .hasMessage("audience has to name one at least");
            assertThatThrownBy(() -> trusting("a")
                            .cache(options -> options.timeToLive(Duration.ZERO))
                            .build())
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("timeToLive");
        }
    }
}
