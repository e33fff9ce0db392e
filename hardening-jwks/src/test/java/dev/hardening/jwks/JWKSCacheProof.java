package dev.hardening.jwks;

import static org.jetbrains.lincheck.datastructures.ManagedStrategyGuaranteeKt.forClasses;

import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.jetbrains.kotlinx.lincheck.Actor;
import org.jetbrains.kotlinx.lincheck.execution.ExecutionScenario;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Proves with a model checker that a cache under concurrent reads, rotations, invalidations and its end is linearizable:
 * each read returns what one of the orders of the operations, one at a time, explains. So an answer that was under way at
 * an invalidation never becomes current, none who waits is forgotten, and no look-up of a new key misses it. Every fetch
 * also asserts that it is the only one.
 */
class JWKSCacheProof {

    private static final RSAKey KEY = KeyEndpoint.rsa("key");
    private static final List<String> VERSIONS = List.of("v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8");
    private static final List<byte[]> SETS = IntStream.range(0, VERSIONS.size())
            .mapToObj(newest -> new JWKSet(VERSIONS.subList(0, newest + 1).stream()
                            .<JWK>map(version ->
                                    new RSAKey.Builder(KEY).keyID(version).build())
                            .toList())
                    .toString(true)
                    .getBytes(StandardCharsets.UTF_8))
            .toList();

    /** The cache, and an endpoint that serves the keys up to a version. */
    public static class Real {

        private final AtomicInteger version = new AtomicInteger();
        private final AtomicInteger underWay = new AtomicInteger();
        private final AtomicLong now = new AtomicLong();
        private final JWKSCache cache = JWKSCache.builder(URI.create("https://example.com/"))
                .fetcher(request -> {
                    if (underWay.incrementAndGet() != 1) {
                        throw new IOException("two fetches at once"); // it makes a read fail, which nothing explains
                    }
                    byte[] set = SETS.get(version.get());
                    underWay.decrementAndGet();
                    return JWKSFetcher.Response.of(set);
                })
                .executor(Runnable::run)
                .ticker(now::get)
                .unknownKeyCooldown(Duration.ZERO)
                .random(() -> 0)
                .threads(new KeyEndpoint.StillTimer(Runnable::run))
                .build();

        @Operation
        public String read() {
            try {
                List<JWK> keys = cache.getKeys().getKeys();
                return keys.get(keys.size() - 1).getKeyID();
            } catch (JWKSUnavailableException closed) {
                return "none";
            }
        }

        @Operation
        public void rotate() {
            version.incrementAndGet();
        }

        /** Looks the newest key up. */
        @Operation
        public boolean findNewest() {
            try {
                return cache.findKey(VERSIONS.get(version.get())).isPresent();
            } catch (JWKSUnavailableException closed) {
                return false;
            }
        }

        @Operation
        public void invalidate() {
            now.addAndGet(Duration.ofSeconds(10).toNanos()); // within its budget
            cache.invalidate();
        }

        @Operation
        public void close() {
            cache.close();
        }
    }

    /** The same, one operation at a time. */
    public static class Specification {

        private int version;
        private int held = -1;
        private boolean due = true;
        private boolean closed;

        public String read() {
            if (due && !closed) {
                held = version;
                due = false;
            }
            return held < 0 ? "none" : VERSIONS.get(held);
        }

        public void rotate() {
            version++;
        }

        public boolean findNewest() {
            read();
            if (!closed) {
                held = version;
            }
            return held == version;
        }

        public void invalidate() {
            due = true;
        }

        public void close() {
            closed = true;
        }
    }

    private static ModelCheckingOptions options() {
        return new ModelCheckingOptions()
                .addGuarantee(forClasses(name -> name.startsWith("com.nimbusds.")
                                || name.startsWith("org.slf4j.")
                                || name.startsWith("ch.qos.")
                                || name.endsWith(".KeySetParser"))
                        .allMethods()
                        .ignore())
                .sequentialSpecification(Specification.class);
    }

    private static List<Actor> actors(String names) {
        return Pattern.compile(" ")
                .splitAsStream(names)
                .filter(name -> !name.isEmpty())
                .map(JWKSCacheProof::actor)
                .toList();
    }

    private static Actor actor(String name) {
        try {
            return new Actor(Real.class.getMethod(name), List.of());
        } catch (NoSuchMethodException misspelt) {
            throw new IllegalArgumentException(misspelt);
        }
    }

    @ParameterizedTest
    @CsvSource({
        // A fetch is under way while the keys are rotated and invalidated, in a cold cache and in a warm one.
        "'', read, rotate invalidate read, read",
        "read invalidate, read, rotate invalidate read, read",
        "read rotate, findNewest, rotate invalidate findNewest, read",
        // Two at once are in need of what one may fetch.
        "'', read findNewest, rotate findNewest read, read",
        "read rotate, findNewest read, findNewest invalidate read, findNewest",
        "read, invalidate read, invalidate rotate read, read",
        // It ends while others wait or fetch.
        "'', read read, close read, read",
        "read rotate, findNewest read, close read, findNewest",
        "read, rotate invalidate read, read close, read"
    })
    void inEachInterleavingOfARaceEveryResultIsExplainedByAnOrder(String before, String one, String two, String after) {
        options()
                .iterations(0)
                .invocationsPerIteration(1_000)
                .addCustomScenario(
                        new ExecutionScenario(actors(before), List.of(actors(one), actors(two)), actors(after), null))
                .check(Real.class);
    }

    @Test
    void inInterleavingsOfRandomOperationsEveryResultIsExplainedByAnOrder() {
        options()
                .threads(2)
                .actorsPerThread(3)
                .actorsBefore(1)
                .actorsAfter(1)
                .iterations(10)
                .invocationsPerIteration(300)
                .check(Real.class);
    }
}
