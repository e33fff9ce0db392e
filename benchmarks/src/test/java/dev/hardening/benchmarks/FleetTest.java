package dev.hardening.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.OctetSequenceKey;
import com.nimbusds.jose.jwk.source.JWKSetCacheRefreshEvaluator;
import com.nimbusds.jose.jwk.source.JWKSetSource;
import com.nimbusds.jose.jwk.source.JWKSetUnavailableException;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.jwk.source.RateLimitedJWKSetSource;
import com.nimbusds.jose.jwk.source.RefreshAheadCachingJWKSetSource;
import com.nimbusds.jose.proc.SecurityContext;
import dev.hardening.benchmarks.Fleet.Scenario;
import dev.hardening.benchmarks.Fleet.Seen;
import dev.hardening.benchmarks.FleetReport.Contender;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is wanted of ten thousand instances; the tables are made by {@code benchmarks/run --fleet}. */
class FleetTest {

    private static final int LARGE = 10_000;

    @Nested
    class AfterADeploymentOfAllAtOnce {

        @Test
        void refreshesSpread() {
            Seen seen = Contender.HARDENING.run(FleetReport.DEPLOYMENT, LARGE);
            assertThat(FleetReport.firstDay(seen) / FleetReport.mean(seen)).isBetween(1.0, 12.0);
            assertThat(FleetReport.afterADay(seen) / FleetReport.mean(seen)).isBetween(1.0, 3.0);
        }

        @Test
        void aWiderSpreadSpreadsThemMore() {
            Seen seen = Contender.WIDER.run(FleetReport.DEPLOYMENT, LARGE);
            assertThat(FleetReport.firstDay(seen) / FleetReport.mean(seen)).isBetween(1.0, 6.0);
            assertThat(FleetReport.afterADay(seen) / FleetReport.mean(seen)).isBetween(1.0, 2.0);
        }

        @Test
        void withoutASpreadAllComeInOneMinute() {
            Seen seen = Contender.WITHOUT.run(FleetReport.DEPLOYMENT, LARGE);
            assertThat(FleetReport.afterADay(seen)).isEqualTo(LARGE / 60.0);
        }

        @Test
        void noInstanceIsStaleForLonger() {
            double with = Contender.HARDENING.run(FleetReport.DEPLOYMENT, 1_000).oldest();
            double without =
                    Contender.WITHOUT.run(FleetReport.DEPLOYMENT, 1_000).oldest();
            assertThat(with).isGreaterThan(50 * 60).isLessThanOrEqualTo(without);
        }
    }

    @Nested
    class AnOutageOfTwoHours {

        private final Seen seen = Contender.HARDENING.run(FleetReport.OUTAGE, LARGE);

        @Test
        void endsInARamp() {
            assertThat(FleetReport.afterOutage(seen)).isPositive().isLessThan(0.03 * LARGE);
            assertThat(seen.freshAfter()).isBetween(30.0, 61.0);
        }

        @Test
        void leavesNoInstanceWithoutKeys() {
            assertThat(seen.withoutKeys()).isZero();
            assertThat(Contender.NIMBUS.run(FleetReport.OUTAGE, 10).withoutKeys())
                    .isEqualTo(10);
        }
    }

    @Test
    void aRotationCostsOneFetchForEachInstance() {
        Scenario rotation = FleetReport.ROTATION;
        Seen seen = Contender.HARDENING.run(rotation, 1_000);
        long after = IntStream.range(rotation.rotateAt(), rotation.rotateAt() + 61)
                .mapToLong(seen.requests()::get)
                .sum();
        assertThat(after).isBetween(1_000L, 1_030L);
    }

    @Test
    void forgedKeyIdsCostAFetchInEachCooldown() {
        Scenario forged = FleetReport.FORGED;
        Seen seen = Contender.HARDENING.run(forged, 1_000);
        assertThat(seen.mean(forged.forgedFrom() + 60, forged.forgedUntil())).isBetween(25.0, 35.0);
    }

    @Test
    void aRunIsRepeatable() {
        Seen once = Contender.HARDENING.run(FleetReport.OUTAGE, 100);
        Seen again = Contender.HARDENING.run(FleetReport.OUTAGE, 100);
        assertThat(again.requests()).hasToString(once.requests().toString());
    }

    /**
     * The same requests, outages and new keys for both, in virtual time; a fetch takes no time. Unknown keys come while the
     * provider is up and there are keys, as in the scenarios.
     */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void theModelOfNimbusFetchesWhenNimbusDoes(long seed) {
        Random random = new Random(seed);
        NimbusInVirtualTime nimbus = new NimbusInVirtualTime();
        NimbusCache model = new NimbusCache();
        List<Long> modelled = new ArrayList<>();
        long now = 1_000_000;
        for (int i = 0; i < 20_000; i++) {
            now += 1 + random.nextInt(random.nextInt(50) == 0 ? 100_000 : 2_000);
            if (random.nextInt(200) == 0) {
                nimbus.isDown = !nimbus.isDown;
            }
            if (random.nextInt(1_000) == 0) {
                nimbus.newest++;
            }
            long nanos = TimeUnit.MILLISECONDS.toNanos(now);
            int key = 1;
            if (!nimbus.isDown && nanos < model.usableUntil()) {
                key = random.nextInt(100) == 0 ? KeyCache.FORGED : random.nextInt(10) == 0 ? nimbus.newest : 1;
            }
            nimbus.read(now, key);
            if (model.read(nanos, key)) {
                modelled.add(now);
                if (nimbus.isDown) {
                    model.failed(nanos);
                } else {
                    model.succeeded(nanos, nimbus.newest);
                }
            }
        }
        assertThat(modelled).isEqualTo(nimbus.fetches).hasSizeGreaterThan(100);
    }

    /** What {@code JWKSourceBuilder} puts together, with its defaults; its parts are told the time. */
    private static final class NimbusInVirtualTime implements JWKSetSource<SecurityContext> {

        private final List<Long> fetches = new ArrayList<>();
        private final JWKSetSource<SecurityContext> source = new RefreshAheadCachingJWKSetSource<>(
                new RateLimitedJWKSetSource<>(this, JWKSourceBuilder.DEFAULT_RATE_LIMIT_MIN_INTERVAL, null),
                JWKSourceBuilder.DEFAULT_CACHE_TIME_TO_LIVE,
                JWKSourceBuilder.DEFAULT_CACHE_REFRESH_TIMEOUT,
                JWKSourceBuilder.DEFAULT_REFRESH_AHEAD_TIME,
                false,
                new SameThread(),
                false,
                null);
        private boolean isDown;
        private int newest = 1;

        /** As its {@code JWKSetBasedJWKSource} does: once more if the set has no such key. */
        void read(long now, int key) {
            try {
                JWKSet set = source.getJWKSet(JWKSetCacheRefreshEvaluator.noRefresh(), now, null);
                if (set.size() < key) {
                    source.getJWKSet(JWKSetCacheRefreshEvaluator.referenceComparison(set), now, null);
                }
            } catch (KeySourceException refused) {
                // The request fails; what counts is the fetches.
            }
        }

        @Override
        public JWKSet getJWKSet(JWKSetCacheRefreshEvaluator evaluator, long now, SecurityContext context)
                throws KeySourceException {
            fetches.add(now);
            if (isDown) {
                throw new JWKSetUnavailableException("down");
            }
            List<JWK> keys =
                    new ArrayList<>(Collections.nCopies(newest, new OctetSequenceKey.Builder(new byte[16]).build()));
            return new JWKSet(keys);
        }

        @Override
        public void close() {}
    }

    private static final class SameThread extends AbstractExecutorService {

        @Override
        public void execute(Runnable command) {
            command.run();
        }

        @Override
        public void shutdown() {}

        @Override
        public List<Runnable> shutdownNow() {
            return List.of();
        }

        @Override
        public boolean isShutdown() {
            return false;
        }

        @Override
        public boolean isTerminated() {
            return false;
        }

        @Override
        public boolean awaitTermination(long timeout, TimeUnit unit) {
            return true;
        }
    }
}
