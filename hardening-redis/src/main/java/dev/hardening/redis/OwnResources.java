package dev.hardening.redis;

import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.Delay;
import io.netty.util.HashedWheelTimer;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.time.Duration;

/** What a client that is ours, and not the caller's, runs on, and how both are freed. */
final class OwnResources {

    private static final Duration QUIET_AFTER_FAILURE = Duration.ofMillis(50);

    private final Channels channels = new Channels();

    /** One that Lettuce did not make, as it would start it at once, which loses an interrupt of the thread that does. */
    private final HashedWheelTimer timer = new HashedWheelTimer(new DefaultThreadFactory("lettuce-timer", true));

    private final ClientResources resources;
    private volatile boolean verified;

    OwnResources(RedisConnector.Builder options) {
        Delay usual = Delay.exponential();
        Duration afterTheStart = options.deadline.plusSeconds(1);
        resources = ClientResources.builder()
                .ioThreadPoolSize(2)
                .computationThreadPoolSize(2)
                .timer(timer)
                .nettyCustomizer(channels)
                .addressResolverGroup(new Addresses(options.names))
                .reconnectDelay(new Delay() {
                    @Override
                    public Duration createDelay(long attempt) {
                        return verified ? usual.createDelay(attempt) : afterTheStart;
                    }
                })
                .build();
    }

    ClientResources resources() {
        return resources;
    }

    Channels channels() {
        return channels;
    }

    /** Until its connection is verified Lettuce must not reconnect it behind our back: that would hide a drop. */
    void verified(boolean connectionAnswered) {
        verified = connectionAnswered;
    }

    /** Frees all that there is, the client's connections too. */
    void free(AbstractRedisClient client) {
        Shutdown.quietly(client, resources, Duration.ZERO);
        timer.stop();
    }

    /** The timer first: it still bounds the handshakes of attempts that are over, and would log an error for each. */
    void freeAfterFailure(AbstractRedisClient client) {
        timer.stop();
        Shutdown.quietly(client, resources, QUIET_AFTER_FAILURE);
    }
}
