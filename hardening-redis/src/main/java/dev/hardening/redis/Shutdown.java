package dev.hardening.redis;

import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.resource.ClientResources;
import java.util.concurrent.TimeUnit;

/** Frees a client's threads and sockets in bounded time: Lettuce's own shutdown can hang. */
final class Shutdown {

    private static final int BOUND_MILLIS = 400;

    private Shutdown() {}

    static void quietly(AbstractRedisClient client, ClientResources resources) {
        // An interrupted thread has to free what it holds too, and stays interrupted.
        boolean interrupted = Thread.interrupted();
        try {
            client.shutdownAsync(0, 0, TimeUnit.MILLISECONDS).get(BOUND_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException again) {
            interrupted = true;
        } catch (Exception notInTime) {
            // Its threads are told to stop below.
        }
        try {
            resources.shutdown(0, 0, TimeUnit.MILLISECONDS).await(BOUND_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException again) {
            interrupted = true;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
