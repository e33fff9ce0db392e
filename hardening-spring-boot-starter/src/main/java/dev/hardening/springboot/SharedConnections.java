package dev.hardening.springboot;

import dev.hardening.redis.Role;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.BaseRedisAsyncCommands;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.DirectFieldAccessor;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionProvider;

/**
 * The connections that a factory shares among its callers: one, and one more for reactive callers. The factory makes them on
 * the thread of a caller, while the others wait for its lock, and does not say whether they are there; so its fields are
 * read. Safe for use by several threads.
 */
final class SharedConnections {

    private final LettuceConnectionFactory factory;
    private final @Nullable Role required;
    private final Duration timeout;
    private final AtomicBoolean replacing = new AtomicBoolean();

    /**
     * Of this factory.
     *
     * @param required the role that a server has to have; null for any
     * @param timeout how long a new connection may take, and then its answer
     */
    SharedConnections(LettuceConnectionFactory factory, @Nullable Role required, Duration timeout) {
        this.factory = factory;
        this.required = required;
        this.timeout = timeout;
    }

    /** Whether a caller gets a connection without waiting for it to be made. */
    boolean areThere() {
        return !factory.getShareNativeConnection() || provider() == null || shared("connection") != null;
    }

    /** Asks the connection of reactive callers, if there is one. */
    void pingReactive() throws ExecutionException, TimeoutException, InterruptedException {
        StatefulConnection<?, ?> reactive = shared("reactiveConnection");
        if (reactive != null) {
            await(commands(reactive).ping());
        }
    }

    /**
     * Makes the factory connect anew, if a new connection gets an answer. If it gets none, all stays as it is: without a
     * connection each caller would try to make one, and wait for it.
     *
     * @param isNeeded asked once there is an answer
     * @return whether the factory has connected anew; false also if another thread is at it
     */
    boolean replace(BooleanSupplier isNeeded) throws ExecutionException, TimeoutException, InterruptedException {
        if (!replacing.compareAndSet(false, true)) {
            return false;
        }
        try {
            if (!aNewOneFits() || !isNeeded.getAsBoolean()) {
                return false;
            }
            boolean isReactive = shared("reactiveConnection") != null;
            factory.resetConnection();
            // At once, so that it is not a request that has to wait for it.
            factory.getConnection().close();
            if (isReactive) {
                var unused = factory.getReactiveConnection();
            }
            return true;
        } finally {
            replacing.set(false);
        }
    }

    private boolean aNewOneFits() throws ExecutionException, TimeoutException, InterruptedException {
        LettuceConnectionProvider provider = provider();
        if (provider == null) {
            return true;
        }
        var connecting = provider.getConnectionAsync(StatefulConnection.class).toCompletableFuture();
        try {
            StatefulConnection<?, ?> made = await(connecting);
            await(commands(made).ping());
            return required == null || hasRole(made, required);
        } finally {
            var unused = connecting.thenCompose(provider::releaseAsync);
        }
    }

    private boolean hasRole(StatefulConnection<?, ?> connection, Role role)
            throws ExecutionException, TimeoutException, InterruptedException {
        try {
            return WatchedRedis.role(await(commands(connection).role()).get(0)) == role;
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof RedisCommandExecutionException) {
                return true; // it refuses ROLE; the next question asks in another way
            }
            throw failed;
        }
    }

    private <T> T await(CompletionStage<T> answer) throws ExecutionException, TimeoutException, InterruptedException {
        try {
            return answer.toCompletableFuture().get(TimeUnit.NANOSECONDS.convert(timeout), TimeUnit.NANOSECONDS);
        } catch (TimeoutException silent) {
            throw new TimeoutException("no answer within " + timeout.toMillis() + " ms");
        }
    }

    private static BaseRedisAsyncCommands<?, ?> commands(StatefulConnection<?, ?> connection) {
        return connection instanceof StatefulRedisClusterConnection<?, ?> cluster
                ? cluster.async()
                : ((StatefulRedisConnection<?, ?>) connection).async();
    }

    /** What makes the factory's connections; null in a Spring Data that keeps it elsewhere. */
    private @Nullable LettuceConnectionProvider provider() {
        Object provider = field(factory, "connectionProvider");
        // Not from a pool: what it kept may be as old as the connection that is silent.
        Object pooled = provider == null ? null : field(provider, "connectionProvider");
        return pooled instanceof LettuceConnectionProvider own
                ? own
                : provider instanceof LettuceConnectionProvider plain ? plain : null;
    }

    private @Nullable StatefulConnection<?, ?> shared(String name) {
        Object holder = field(factory, name);
        return holder != null && field(holder, "connection") instanceof StatefulConnection<?, ?> connection
                ? connection
                : null;
    }

    private static @Nullable Object field(Object owner, String name) {
        DirectFieldAccessor fields = new DirectFieldAccessor(owner);
        return fields.isReadableProperty(name) ? fields.getPropertyValue(name) : null;
    }
}
