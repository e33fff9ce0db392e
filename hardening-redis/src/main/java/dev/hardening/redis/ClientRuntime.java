package dev.hardening.redis;

import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.RedisException;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.Delay;
import io.netty.util.HashedWheelTimer;
import io.netty.util.Timeout;
import io.netty.util.TimerTask;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * The threads of a client that the connector made, and how they are freed: two event loops, two threads for Lettuce's
 * own work, and a timer.
 */
final class ClientRuntime {

    private static final Duration QUIET_AFTER_FAILURE = Duration.ofMillis(50);
    private static final int BOUND_MILLIS = 400;

    private final Channels channels;

    /**
     * A timer that Lettuce did not make. Lettuce would start its own at once, and starting one loses an interrupt of
     * the calling thread. A command that comes after the close is told of that, in Lettuce's type.
     */
    private final HashedWheelTimer timer = new HashedWheelTimer(new DefaultThreadFactory("lettuce-timer", true)) {

        @Override
        public Timeout newTimeout(TimerTask task, long delay, TimeUnit unit) {
            try {
                return super.newTimeout(task, delay, unit);
            } catch (IllegalStateException stopped) {
                throw new RedisException(Supervisor.CLOSED, stopped);
            }
        }
    };

    private final ClientResources resources;
    private volatile boolean started;
    private volatile boolean freed;

    ClientRuntime(RedisConnector.Builder options) {
        channels = new Channels(
                options.heartbeat,
                options.attemptTimeout,
                options.names,
                !options.uris.get(0).getSentinels().isEmpty());
        Addresses addresses = new Addresses(options.names, options.attemptTimeout);
        Duration never = options.deadline.plusSeconds(1);
        ClientResources.Builder builder = ClientResources.builder()
                .ioThreadPoolSize(2)
                .computationThreadPoolSize(2)
                .timer(timer)
                .nettyCustomizer(channels)
                .addressResolverGroup(addresses)
                .reconnectDelay(new Delay() {
                    @Override
                    public Duration createDelay(long attempt) {
                        return started
                                ? Schedule.reconnectDelay(
                                        attempt,
                                        options.maxReconnectDelay,
                                        addresses.most(),
                                        options.random.getAsDouble())
                                : never;
                    }
                });
        if (options.socketAddressResolver != null) {
            builder.socketAddressResolver(options.socketAddressResolver);
        }
        resources = builder.build();
    }

    ClientResources resources() {
        return resources;
    }

    Channels channels() {
        return channels;
    }

    /** Whether it is freed, or is about to be: nothing may be opened then. */
    boolean isFreed() {
        return freed;
    }

    /** Lettuce must not reconnect before the connection is verified, because a reconnect would hide that it was lost. */
    void started(boolean connectionAnswered) {
        started = connectionAnswered;
    }

    /**
     * Frees everything.
     *
     * @param connections they are closed first, as Lettuce warns of connections that it has to close itself
     * @param opening ends when nothing more is being opened: Lettuce would close what is opened meanwhile twice, and warn
     */
    void free(AbstractRedisClient client, List<StatefulConnection<?, ?>> connections, CompletableFuture<?> opening) {
        freed = true;
        awaitAll(
                () -> opening.get(BOUND_MILLIS, TimeUnit.MILLISECONDS),
                () -> CompletableFuture.allOf(connections.stream()
                                .map(StatefulConnection::closeAsync)
                                .toArray(CompletableFuture[]::new))
                        .get(BOUND_MILLIS, TimeUnit.MILLISECONDS));
        shutDown(client, resources, Duration.ZERO);
        timer.stop();
    }

    /**
     * Stops the timer first. It still has the timeouts of handshakes whose attempts are over, and would log an error
     * for each.
     */
    void freeAfterFailure(AbstractRedisClient client) {
        freed = true;
        timer.stop();
        shutDown(client, resources, QUIET_AFTER_FAILURE);
    }

    /**
     * Frees a client's threads and sockets within a limited time, because Lettuce's own shutdown can hang.
     *
     * @param quiet how long the event loops must have been without work before they stop; otherwise a connection that
     *     is being opened could register after all others were closed, and stay open
     */
    static void shutDown(AbstractRedisClient client, ClientResources resources, Duration quiet) {
        long quietMillis = quiet.toMillis();
        awaitAll(
                () -> client.shutdownAsync(quietMillis, BOUND_MILLIS, TimeUnit.MILLISECONDS)
                        .get(BOUND_MILLIS, TimeUnit.MILLISECONDS),
                () -> resources
                        .shutdown(quietMillis, BOUND_MILLIS, TimeUnit.MILLISECONDS)
                        .await(BOUND_MILLIS, TimeUnit.MILLISECONDS));
    }

    /**
     * Does all of it, whatever fails or is not done in time. An interrupted thread has to free everything too; its interrupt
     * flag is set again at the end.
     */
    private static void awaitAll(Callable<?>... waits) {
        boolean interrupted = Thread.interrupted();
        for (Callable<?> wait : waits) {
            try {
                wait.call();
            } catch (InterruptedException again) {
                interrupted = true;
            } catch (Exception notInTime) {
                // What comes after it frees the rest.
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
