package dev.hardening.example;

import dev.hardening.jwks.JWKSCache;
import dev.hardening.jwks.JWKSCacheMetrics;
import dev.hardening.redis.RedisConnectionMetrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;

/** The service's meters: the libraries' own, and its counts of ratings. */
final class Meters {

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

    /** A listener of the Redis connection, too. */
    final RedisConnectionMetrics redis = new RedisConnectionMetrics("ratings");

    final Counter posts = counter("rating.posts", "Submissions that arrived");
    final Counter kept = counter("rating.kept", "Ratings that were kept");
    final Counter mismatches = counter("rating.guard.mismatches", "Submissions for another session, refused");

    Meters() {
        redis.bindTo(registry);
    }

    void watch(JWKSCache keys) {
        new JWKSCacheMetrics(keys, "supabase").bindTo(registry);
    }

    /** All of them in Prometheus's text format. */
    String scrape() {
        return registry.scrape();
    }

    private Counter counter(String name, String description) {
        return Counter.builder(name).description(description).register(registry);
    }
}
