package dev.hardening.jwks;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Micrometer meters of one {@link JWKSCache}: {@code jwks.cache.fetches}, {@code jwks.cache.fetch.failures},
 * {@code jwks.cache.keys}, {@code jwks.cache.age}, and {@code jwks.cache.state}, which is 1 for the state that the cache
 * is in and 0 for the others.
 *
 * <p>The only tags are {@code cache}, {@code state} and the caller's own: a key id is never one. Micrometer is an optional
 * dependency; nothing else of this module needs it. The meters read the status when they are read. They hold it weakly: they
 * last as long as the cache, or a decoder of it, is in use. Immutable and safe for use by several threads.
 */
@SuppressWarnings("exports") // "requires transitive" would ask every user of the module for Micrometer
public final class JWKSCacheMetrics implements MeterBinder {

    // Not the cache: a decoder refers only to its state, and a meter of what nothing refers to has no value.
    private final RefreshState cache;
    private final Tags tags;

    /**
     * Makes the meters of a cache.
     *
     * @param cache the cache that is measured
     * @param name the value of the tag {@code cache}, which tells the caches of a service apart
     * @param more further tags, with few values each
     */
    public JWKSCacheMetrics(JWKSCache cache, String name, Tag... more) {
        this.cache = Objects.requireNonNull(cache, "cache").state();
        tags = Tags.of("cache", Objects.requireNonNull(name, "name")).and(more);
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        FunctionCounter.builder("jwks.cache.fetches", cache, of -> of.status().fetches())
                .tags(tags)
                .description("Fetches of the key set that were begun")
                .register(registry);
        FunctionCounter.builder(
                        "jwks.cache.fetch.failures", cache, of -> of.status().failures())
                .tags(tags)
                .description("Fetches of the key set that failed")
                .register(registry);
        Gauge.builder("jwks.cache.keys", cache, of -> of.status().keyCount())
                .tags(tags)
                .description("Usable keys of the key set")
                .register(registry);
        TimeGauge.builder(
                        "jwks.cache.age",
                        cache,
                        TimeUnit.SECONDS,
                        of -> seconds(of.status().age()))
                .tags(tags)
                .description("How long ago the keys were fetched or confirmed; not a number while there are none")
                .register(registry);
        for (JWKSCacheStatus.State state : JWKSCacheStatus.State.values()) {
            Gauge.builder("jwks.cache.state", cache, of -> of.status().state() == state ? 1 : 0)
                    .tags(tags)
                    .tag("state", state.name().toLowerCase(Locale.ROOT))
                    .description("1 for the state that the cache is in, 0 for the others")
                    .register(registry);
        }
    }

    private static double seconds(@Nullable Duration age) {
        return age == null ? Double.NaN : age.toMillis() / 1000.0;
    }
}
