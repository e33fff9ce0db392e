package dev.hardening.springboot;

import dev.hardening.redis.ConnectListener;
import dev.hardening.redis.RedisConnectionMetrics;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The meters of each connection factory. */
final class RedisMeters implements MeterBinder, EachRedis {

    private final Map<String, RedisConnectionMetrics> all = new LinkedHashMap<>();
    private final List<MeterRegistry> registries = new ArrayList<>();

    @Override
    public synchronized ConnectListener listener(String connection) {
        return all.computeIfAbsent(connection, this::bound);
    }

    private RedisConnectionMetrics bound(String connection) {
        RedisConnectionMetrics made = new RedisConnectionMetrics(connection);
        registries.forEach(made::bindTo);
        return made;
    }

    @Override
    public synchronized void bindTo(MeterRegistry registry) {
        registries.add(registry);
        all.values().forEach(each -> each.bindTo(registry));
    }
}
