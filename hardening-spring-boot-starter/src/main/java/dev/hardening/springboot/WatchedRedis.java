package dev.hardening.springboot;

import dev.hardening.redis.ConnectListener;
import dev.hardening.redis.Role;
import io.lettuce.core.LettuceFutures;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.api.async.BaseRedisAsyncCommands;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.data.redis.connection.ClusterInfo;
import org.springframework.data.redis.connection.RedisClusterConnection;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * One Redis, asked over the connection that the application uses itself. A connection that gives no answer is dropped, and
 * the next command makes another. Safe for use by several threads.
 */
final class WatchedRedis {

    private static final Logger LOG = LoggerFactory.getLogger(WatchedRedis.class);

    private static final int SLOTS = 16384;

    private final String name;
    private final RedisConnectionFactory factory;
    private final String place;
    private final @Nullable Role required;
    private final Listeners listeners;
    private final Executor executor;

    private @Nullable CompletableFuture<RedisAnswer> running;
    private @Nullable String down;

    /**
     * What a Redis reported about itself.
     *
     * @param reason why it is down; null if it is up
     */
    record RedisAnswer(@Nullable String reason, Map<String, Object> details) {

        static RedisAnswer down(String reason) {
            return new RedisAnswer(reason, Map.of());
        }

        boolean up() {
            return reason == null;
        }
    }

    /**
     * Watches over a factory's connection.
     *
     * @param executor runs what waits for Redis
     */
    WatchedRedis(
            String name,
            RedisConnectionFactory factory,
            @Nullable Role required,
            Listeners listeners,
            Executor executor) {
        this.name = name;
        this.factory = factory;
        place = FactoryAddress.place(factory);
        this.required = required;
        this.listeners = listeners;
        this.executor = executor;
    }

    String name() {
        return name;
    }

    /** Where it is: hosts and ports. */
    String place() {
        return place;
    }

    RedisConnectionFactory factory() {
        return factory;
    }

    /**
     * What it was at the start.
     *
     * @param reason why it was down; null if it answered
     */
    synchronized void started(@Nullable String reason) {
        down = reason;
    }

    /** What Redis reports now, or that it did not answer in this time. Several callers share one question. */
    RedisAnswer ask(Duration timeout) {
        try {
            return question().get(timeout.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException silent) {
            return RedisAnswer.down("no answer within " + timeout.toMillis() + " ms");
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return RedisAnswer.down("interrupted while waiting for an answer");
        } catch (ExecutionException failed) {
            return RedisAnswer.down(reason(failed));
        }
    }

    /** One beat: asks again, or drops the connection that has not answered since the last beat. */
    void beat() {
        if (isStopped()) {
            return;
        }
        CompletableFuture<RedisAnswer> last;
        synchronized (this) {
            last = running;
        }
        if (last != null && !last.isDone()) {
            executor.execute(this::drop);
        } else {
            var unused = question();
        }
    }

    /** Whether the application is closing, or has stopped its factory. */
    private boolean isStopped() {
        return factory instanceof LettuceConnectionFactory lettuce && !lettuce.isRunning();
    }

    private synchronized CompletableFuture<RedisAnswer> question() {
        if (running == null || running.isDone()) {
            running = CompletableFuture.supplyAsync(this::answer, executor);
        }
        return running;
    }

    private RedisAnswer answer() {
        RedisAnswer answer;
        try (RedisConnection connection = factory.getConnection()) {
            answer = answer(connection);
            if (!answer.up() && required != null) {
                drop(); // the next connection may find another server
            }
        } catch (RuntimeException failed) {
            answer = RedisAnswer.down(reason(failed));
            if (!isRefusal(failed)) {
                drop();
            }
        }
        if (!isStopped()) {
            notifyListener(answer);
        }
        return answer;
    }

    private RedisAnswer answer(RedisConnection connection) {
        if (connection instanceof RedisClusterConnection cluster) {
            return clusterAnswer(cluster);
        }
        connection.ping();
        if (required == null) {
            return new RedisAnswer(null, Map.of());
        }
        String word = role(connection);
        Role role = "master".equals(word) ? Role.PRIMARY : "slave".equals(word) ? Role.REPLICA : Role.UNKNOWN;
        Map<String, Object> details = Map.of("role", word(role));
        return new RedisAnswer(
                role == required ? null : "it is a " + word(role) + ", and has to be a " + word(required), details);
    }

    private static RedisAnswer clusterAnswer(RedisClusterConnection cluster) {
        ClusterInfo info;
        try {
            info = cluster.clusterGetClusterInfo();
        } catch (RuntimeException refused) {
            if (!isRefusal(refused)) {
                throw refused;
            }
            cluster.ping(); // the user may not run CLUSTER INFO
            return new RedisAnswer(null, Map.of());
        }
        Map<String, Object> details = new LinkedHashMap<>();
        details.put("clusterState", String.valueOf(info.getState()));
        details.put("slotsAssigned", info.getSlotsAssigned());
        details.put("slotsFail", info.getSlotsFail());
        String reason = null;
        if (!"ok".equals(info.getState())) {
            reason = "CLUSTERDOWN: the state of the cluster is " + info.getState() + ", " + served(info.getSlotsOk());
        } else if (info.getSlotsAssigned() - info.getSlotsFail() < SLOTS) { // cluster-require-full-coverage no
            reason = "only " + served(info.getSlotsAssigned() - info.getSlotsFail());
        }
        return new RedisAnswer(reason, details);
    }

    private static String served(long slots) {
        return slots + " of " + SLOTS + " slots are served";
    }

    /** The role in the words of Redis. For a primary a command is asked that {@code read-from} leaves with the primary. */
    private String role(RedisConnection connection) {
        if (required == Role.PRIMARY
                && factory instanceof LettuceConnectionFactory lettuce
                && connection.getNativeConnection() instanceof BaseRedisAsyncCommands<?, ?> commands) {
            try {
                Duration timeout = lettuce.getClientConfiguration().getCommandTimeout();
                List<Object> role =
                        LettuceFutures.awaitOrCancel(commands.role(), timeout.toNanos(), TimeUnit.NANOSECONDS);
                return role.get(0) instanceof byte[] bytes
                        ? new String(bytes, StandardCharsets.US_ASCII)
                        : String.valueOf(role.get(0));
            } catch (RedisCommandExecutionException refused) {
                LOG.debug("The Redis behind {} refuses ROLE, so INFO is asked", name, refused);
            }
        }
        Properties replication = connection.serverCommands().info("replication");
        return replication == null ? "" : replication.getProperty("role", "");
    }

    private static String word(Role role) {
        return role.name().toLowerCase(Locale.ROOT);
    }

    private void drop() {
        if (factory instanceof LettuceConnectionFactory lettuce) {
            try {
                lettuce.resetConnection();
            } catch (RuntimeException closing) {
                LOG.debug("The connection of {} could not be dropped", name, closing);
            }
        }
    }

    private synchronized void notifyListener(RedisAnswer answer) {
        String before = down;
        down = answer.reason();
        if (down == null && before != null) {
            LOG.info("Redis behind {} answers again: {}", name, place);
            listeners.tell(ConnectListener::reconnected);
        } else if (down != null && before == null) {
            LOG.warn("Redis behind {} is down: {} ({})", name, down, place);
            String reason = down;
            listeners.tell(listener -> listener.disconnected(reason));
        } else if (down != null && !down.equals(before)) {
            LOG.warn("Redis behind {} is still down: {} ({})", name, down, place);
            String reason = down;
            listeners.tell(listener -> listener.reconnectFailed(reason));
        }
    }

    /** Whether Redis answered with an error. */
    private static boolean isRefusal(Throwable failure) {
        return root(failure) instanceof RedisCommandExecutionException;
    }

    private static Throwable root(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root;
    }

    private static String reason(Throwable failure) {
        Throwable root = root(failure);
        return root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
    }
}
