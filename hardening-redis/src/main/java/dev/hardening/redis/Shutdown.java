package dev.hardening.redis;

import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.resource.ClientResources;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Frees a client's threads and sockets in bounded time: Lettuce's own shutdown can hang. */
final class Shutdown {

    private static final int BOUND_MILLIS = 400;

    private Shutdown() {}

    /**
     * Frees both.
     *
     * @param quiet for how long nothing may have happened before: a connection that is being opened right now would
     *     otherwise register after its event loop has closed all others, and stay open
     */
    static void quietly(AbstractRedisClient client, ClientResources resources, Duration quiet) {
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
