package dev.hardening.jwks;

import static dev.hardening.jwks.KeyEndpoint.RSA_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.File;
import java.lang.ref.WeakReference;
import java.lang.reflect.Method;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class JWKSCacheMetricsTest {

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final AtomicLong now = new AtomicLong();

    @Test
    void meters_follow_the_cache_from_empty_over_fresh_to_stale() {
        try (KeyEndpoint endpoint = new KeyEndpoint();
                JWKSCache cache = JWKSCache.builder(endpoint.uri())
                        .ticker(now::get)
                        .executor(Runnable::run)
                        .build()) {
            new JWKSCacheMetrics(cache, "supabase", Tag.of("region", "eu")).bindTo(registry);
            assertThat(state("empty")).isEqualTo(1);
            assertThat(age()).isNaN();
            assertThat(keys()).isZero();

            cache.getKeys();
            now.addAndGet(Duration.ofMinutes(10).toNanos());
            assertThat(state("fresh")).isEqualTo(1);
            assertThat(state("empty")).isZero();
            assertThat(keys()).isEqualTo(2);
            assertThat(age()).isEqualTo(600);
            assertThat(counter("jwks.cache.fetches")).isEqualTo(1);
            assertThat(counter("jwks.cache.fetch.failures")).isZero();

            endpoint.down();
            now.addAndGet(Duration.ofMinutes(51).toNanos());
            cache.getKeys();
            assertThat(state("stale")).isEqualTo(1);
            assertThat(counter("jwks.cache.fetches")).isEqualTo(2);
            assertThat(counter("jwks.cache.fetch.failures")).isEqualTo(1);
        }
    }

    @Test
    void meters_last_as_long_as_a_decoder_of_the_cache() {
        try (KeyEndpoint endpoint = new KeyEndpoint()) {
            TokenDecoder decoder = decoderOfAMeasuredCache(endpoint);
            WeakReference<Object> garbage = new WeakReference<>(new Object());
            while (garbage.get() != null) {
                System.gc();
            }
            String token = KeyEndpoint.token(RSA_1, KeyEndpoint.claims().build());
            decoder.decode(token);
            assertThat(keys()).isEqualTo(2);
            assertThat(state("fresh")).isEqualTo(1);
            decoder.decode(token); // so that it was in use until here
        }
    }

    /** Only its decoder refers to the cache afterwards. */
    private TokenDecoder decoderOfAMeasuredCache(KeyEndpoint endpoint) {
        JWKSCache cache = JWKSCache.builder(endpoint.uri()).build();
        new JWKSCacheMetrics(cache, "supabase").bindTo(registry);
        return TokenDecoder.builder(cache).build();
    }

    @Test
    void a_key_id_is_in_no_meter_however_many_are_asked_for() {
        try (KeyEndpoint endpoint = new KeyEndpoint();
                JWKSCache cache = JWKSCache.builder(endpoint.uri()).build()) {
            new JWKSCacheMetrics(cache, "supabase").bindTo(registry);
            int meters = registry.getMeters().size();
            for (int i = 0; i < 100; i++) {
                assertThat(cache.findKey("forged-" + i)).isEmpty();
            }
            assertThat(registry.getMeters()).hasSize(meters);
            assertThat(registry.getMeters())
                    .extracting(Meter::getId)
                    .allSatisfy(id ->
                            assertThat(id.toString()).doesNotContain("forged").doesNotContain("rsa-1"));
        }
    }

    @Test
    void the_cache_works_without_micrometer_on_the_class_path() throws Exception {
        List<URL> without = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            if (!entry.contains("micrometer")) {
                without.add(Path.of(entry).toUri().toURL());
            }
        }
        try (URLClassLoader loader =
                new URLClassLoader(without.toArray(URL[]::new), ClassLoader.getPlatformClassLoader())) {
            Class<?> cacheType = loader.loadClass(JWKSCache.class.getName());
            Object builder =
                    cacheType.getMethod("builder", URI.class).invoke(null, URI.create("http://127.0.0.1:9/jwks.json"));
            Method build = builder.getClass().getMethod("build");
            try (AutoCloseable cache = (AutoCloseable) build.invoke(builder)) {
                assertThat(cache.toString()).contains("EMPTY");
                assertThat(cacheType.getMethods()).isNotEmpty(); // as a framework looks at it
            }
            assertThatExceptionOfType(NoClassDefFoundError.class)
                    .isThrownBy(() -> loader.loadClass(JWKSCacheMetrics.class.getName()))
                    .withMessageContaining("MeterBinder");
        }
    }

    private double state(String name) {
        return registry.get("jwks.cache.state")
                .tags("cache", "supabase", "state", name)
                .gauge()
                .value();
    }

    private double keys() {
        return registry.get("jwks.cache.keys").gauge().value();
    }

    private double age() {
        return registry.get("jwks.cache.age").timeGauge().value(TimeUnit.SECONDS);
    }

    private double counter(String name) {
        return registry.get(name).tag("region", "eu").functionCounter().count();
    }
}
