package dev.hardening.redis;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.ToDoubleFunction;
import java.util.regex.Pattern;

/**
 * Micrometer meters of one connection, as its {@link ConnectListener}: {@code redis.connect.attempts} by
 * {@code outcome}, {@code redis.connect.time}, {@code redis.connection.up}, {@code redis.connection.losses},
 * {@code redis.connection.returns}, and {@code redis.connection.failures} by {@code cause}: why a connection was lost, and
 * each other reason why it could not be connected again.
 *
 * <p>The only tags are {@code connection}, {@code outcome}, {@code cause} and the caller's own. A cause is the code that
 * Redis gave, such as {@code WRONGPASS}, or one of {@code refused}, {@code timeout}, {@code closed}, {@code reset},
 * {@code role}, {@code name}, {@code tls} and {@code other}. Micrometer is an optional dependency;
 * nothing else of this module needs it. It may be bound before the connection is made or after. The meters hold it weakly:
 * the connector holds it. Safe for use by several threads.
 */
@SuppressWarnings("exports") // "requires transitive" would ask every user of the module for Micrometer
public final class RedisConnectionMetrics implements MeterBinder, ConnectListener {

    private static final String OTHER = "other";
    private static final Pattern HINT = Pattern.compile(" \\(if the .*\\)");

    /** What a reason contains, and the cause that is counted for it; the first counts. */
    private static final Map<String, String> CAUSES = causes(
            "credentials provider", OTHER,
            "WRONGPASS", "WRONGPASS",
            "NOAUTH", "NOAUTH",
            "NOPERM", "NOPERM",
            "LOADING", "LOADING",
            "MASTERDOWN", "MASTERDOWN",
            "CLUSTERDOWN", "CLUSTERDOWN",
            "Connection refused", "refused",
            "Connection reset", "reset",
            "is required", "role",
            "does not resolve", "name",
            "certificate", "tls",
            "TLS", "tls",
            "timed out", "timeout",
            "no answer", "timeout",
            "closed", "closed",
            "", OTHER);

    private static Map<String, String> causes(String... pairs) {
        Map<String, String> causes = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            causes.put(pairs[i], pairs[i + 1]);
        }
        return causes;
    }

    private final Tags tags;
    private final LongAdder failed = new LongAdder();
    private final LongAdder succeeded = new LongAdder();
    private final LongAdder losses = new LongAdder();
    private final LongAdder returns = new LongAdder();
    private final Map<String, LongAdder> failures = new LinkedHashMap<>();
    private volatile boolean up;
    private volatile double connectMillis = Double.NaN;

    /**
     * Makes the meters of a connection that is yet to be made: hand them to {@link RedisConnector.Builder#listener}.
     *
     * @param name the value of the tag {@code connection}, which tells the connections of a service apart
     * @param more further tags, with few values each
     */
    public RedisConnectionMetrics(String name, Tag... more) {
        tags = Tags.of("connection", Objects.requireNonNull(name, "name")).and(more);
        CAUSES.values().forEach(cause -> failures.put(cause, new LongAdder()));
    }

    /** The cause to count for a reason: the first whose words the reason contains. A hint in brackets is no part of it. */
    static String cause(String reason) {
        String known = HINT.matcher(reason).replaceFirst("");
        return CAUSES.entrySet().stream()
                .filter(entry -> known.contains(entry.getKey()))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(OTHER);
    }

    @Override
    public void attemptFailed(Attempt attempt) {
        failed.increment();
    }

    @Override
    public void connected(ConnectReport report) {
        succeeded.increment();
        connectMillis = report.connect().toNanos() / 1e6;
        up = true;
    }

    @Override
    public void disconnected(String reason) {
        count(reason);
        disconnected();
    }

    @Override
    public void disconnected() {
        losses.increment();
        up = false;
    }

    @Override
    public void reconnectFailed(String reason) {
        count(reason);
    }

    private void count(String reason) {
        LongAdder counted = failures.get(cause(reason));
        if (counted != null) {
            counted.increment();
        }
    }

    @Override
    public void reconnected() {
        returns.increment();
        up = true;
    }

    @Override
    public void closed() {
        up = false;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        Tags failure = tags.and("outcome", "failure");
        Tags success = tags.and("outcome", "success");
        String attempts = "Attempts to connect at start-up";
        counter(registry, "redis.connect.attempts", failure, attempts, of -> of.failed.doubleValue());
        counter(registry, "redis.connect.attempts", success, attempts, of -> of.succeeded.doubleValue());
        counter(registry, "redis.connection.losses", tags, "Times that it was lost", of -> of.losses.doubleValue());
        counter(registry, "redis.connection.returns", tags, "Times that it came back", of -> of.returns.doubleValue());
        failures.forEach((cause, number) -> counter(
                registry,
                "redis.connection.failures",
                tags.and("cause", cause),
                "Times that it was lost, or could not be connected again for another reason",
                of -> number.doubleValue()));
        Gauge.builder("redis.connection.up", this, of -> of.up ? 1 : 0)
                .tags(tags)
                .description("1 while it is connected, else 0")
                .register(registry);
        TimeGauge.builder("redis.connect.time", this, TimeUnit.MILLISECONDS, of -> of.connectMillis)
                .tags(tags)
                .description("How long the attempt that succeeded took; not a number before")
                .register(registry);
    }

    private void counter(
            MeterRegistry registry,
            String name,
            Tags tagged,
            String description,
            ToDoubleFunction<RedisConnectionMetrics> count) {
        FunctionCounter.builder(name, this, count)
                .tags(tagged)
                .description(description)
                .register(registry);
    }
}
