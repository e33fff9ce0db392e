package dev.hardening.redis;

import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.Delay;
import io.netty.util.HashedWheelTimer;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;

/**
 * What a client that is ours runs on, and how it is freed: two event loops, two threads for Lettuce's own work, and a
 * timer.
 */
final class ClientRuntime {

    private static final Duration QUIET_AFTER_FAILURE = Duration.ofMillis(50);
    private static final int BOUND_MILLIS = 400;

    private final Channels channels;

    /** One that Lettuce did not make, as it would start it at once, which loses an interrupt of the thread that does. */
    private final HashedWheelTimer timer = new HashedWheelTimer(new DefaultThreadFactory("lettuce-timer", true));

    private final ClientResources resources;
    private volatile boolean started;

    ClientRuntime(RedisConnector.Builder options) {
        channels = new Channels(options.heartbeat, options.names);
        Delay afterTheStart = reconnectDelay(options.maxReconnectDelay, options.random);
        Duration never = options.deadline.plusSeconds(1);
        resources = ClientResources.builder()
                .ioThreadPoolSize(2)
                .computationThreadPoolSize(2)
                .timer(timer)
                .nettyCustomizer(channels)
                .addressResolverGroup(new Addresses(options.names))
                .reconnectDelay(new Delay() {
                    @Override
                    public Duration createDelay(long attempt) {
                        return started ? afterTheStart.createDelay(attempt) : never;
                    }
                })
                .build();
    }

    static Delay reconnectDelay(Duration longest, DoubleSupplier random) {
        return new Delay() {
            @Override
            public Duration createDelay(long attempt) {
                return Schedule.reconnectDelay(attempt, longest, random.getAsDouble());
            }
        };
    }

    ClientResources resources() {
        return resources;
    }

    Channels channels() {
        return channels;
    }

    /** Until its connection is verified Lettuce must not reconnect it behind our back: that would hide a drop. */
    void started(boolean connectionAnswered) {
        started = connectionAnswered;
    }

    /** Frees all that there is, the client's connections too. */
    void free(AbstractRedisClient client) {
        shutDown(client, resources, Duration.ZERO);
        timer.stop();
    }

    /** The timer first: it still bounds the handshakes of attempts that are over, and would log an error for each. */
    void freeAfterFailure(AbstractRedisClient client) {
        timer.stop();
        shutDown(client, resources, QUIET_AFTER_FAILURE);
    }

    /**
     * Frees a client's threads and sockets in bounded time, as Lettuce's own shutdown can hang.
     *
     * @param quiet for how long nothing may have happened before: a connection that is being opened right now would
     *     otherwise register after its event loop has closed all others, and stay open
     */
    static void shutDown(AbstractRedisClient client, ClientResources resources, Duration quiet) {
        long quietMillis = quiet.toMillis();
        // An interrupted thread has to free what it holds too, and stays interrupted.
        boolean interrupted = Thread.interrupted();
        try {
            client.shutdownAsync(quietMillis, BOUND_MILLIS, TimeUnit.MILLISECONDS)
                    .get(BOUND_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException again) {
            interrupted = true;
        } catch (Exception notInTime) {
            // Its threads are told to stop below.
        }
        try {
            resources
                    .shutdown(quietMillis, BOUND_MILLIS, TimeUnit.MILLISECONDS)
                    .await(BOUND_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException again) {
            interrupted = true;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
