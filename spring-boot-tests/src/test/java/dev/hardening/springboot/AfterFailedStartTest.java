package dev.hardening.springboot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.nimbusds.jose.jwk.JWKSet;
import dev.hardening.jwks.JWKSCache;
import dev.hardening.jwks.JWKSSnapshotStore;
import dev.hardening.testing.IdentityProvider;
import dev.hardening.testing.Ports;
import dev.hardening.testing.RedisServer;
import dev.hardening.testing.Tokens;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A process may go on after its application failed to start: in a test, in devtools, or in a launcher. */
class AfterFailedStartTest {

    private static final String ISSUERS = "hardening.jwks.issuers";
    private static final String ISSUER = "spring.security.oauth2.resourceserver.jwt.issuer-uri";
    private static final List<String> OURS = List.of("hardening-redis", "hardening-heart", "lettuce-");

    private final AtomicLong now = new AtomicLong();
    private final AtomicInteger caches = new AtomicInteger();
    private final Set<Thread> before = threads();
    private IdentityProvider provider;
    private RedisServer redis;

    /** Keys from an earlier run: a cache that has them plans the next fetch as soon as it is built. */
    private final class EarlierRun implements JWKSSnapshotStore {

        @Override
        public Optional<Stored> load() {
            caches.incrementAndGet();
            return Optional.of(new Stored(
                    provider.issuer(),
                    Instant.now(),
                    new JWKSet(Tokens.RSA_1).toPublicJWKSet().toString()));
        }

        @Override
        public void save(Stored stored) {}
    }

    @BeforeEach
    void start() throws Exception {
        provider = new IdentityProvider(Tokens.RSA_1);
        redis = RedisServer.start();
    }

    @AfterEach
    void stop() throws Exception {
        redis.close();
        provider.close();
    }

    private void configure(JWKSCache.Builder cache) {
        cache.ticker(now::get).snapshotStore(new EarlierRun());
    }

    private void fail(String reason, String... properties) {
        assertThatThrownBy(() -> Service.start(
                        Stack.SERVLET,
                        List.of(new Service.Extra<JWKSCacheCustomizer>(JWKSCacheCustomizer.class, this::configure)),
                        properties))
                .hasStackTraceContaining(reason);
    }

    private static Set<Thread> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> OURS.stream().anyMatch(thread.getName()::startsWith))
                .collect(Collectors.toSet());
    }

    /** Lets the keys of every cache become due twice. The one that is open fetches them; a closed one never does. */
    private void assertNothingLeft(int built) throws Exception {
        assertThat(caches).hasValue(built);
        JWKSCache.Builder builder = JWKSCache.discover(URI.create(provider.issuer()));
        configure(builder);
        try (JWKSCache open = builder.build()) {
            for (int fetches = 1; fetches <= 2; fetches++) {
                int fetched = fetches;
                now.addAndGet(Duration.ofHours(1).toNanos());
                await().until(() -> provider.keyRequests() >= fetched);
                await().until(() -> open.status().age().toSeconds() == 0);
            }
            assertThat(provider.keyRequests()).isEqualTo(2);
        }
        await().untilAsserted(() -> assertThat(threads()).isSubsetOf(before));
    }

    @Test
    void issuers_that_contradict_each_other() throws Exception {
        fail(
                ISSUERS + "[1].issuer-uri: is that of an earlier issuer, too",
                ISSUERS + "[0].issuer-uri=" + provider.issuer(),
                ISSUERS + "[1].issuer-uri=" + provider.issuer(),
                "spring.data.redis.port=" + redis.port());
        assertNothingLeft(2);
    }

    @Test
    void a_redis_that_refuses() throws Exception {
        fail(
                "Connection refused",
                ISSUER + "=" + provider.issuer(),
                "spring.data.redis.port=" + Ports.refusing(),
                "hardening.redis.attempts=1");
        assertNothingLeft(1);
    }

    @Test
    void a_port_that_is_taken() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            fail(
                    taken.getLocalPort() + " is already in use",
                    ISSUER + "=" + provider.issuer(),
                    "spring.data.redis.port=" + redis.port(),
                    "server.port=" + taken.getLocalPort());
        }
        assertNothingLeft(1);
    }
}
