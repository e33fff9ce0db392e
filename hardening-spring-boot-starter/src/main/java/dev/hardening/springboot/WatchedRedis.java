package dev.hardening.springboot;

import dev.hardening.redis.ConnectListener;
import dev.hardening.redis.Role;
import io.lettuce.core.LettuceFutures;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.api.async.BaseRedisAsyncCommands;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.data.redis.connection.ClusterInfo;
import org.springframework.data.redis.connection.RedisClusterConnection;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * One Redis, asked over the connection that the application uses itself. A connection that gives no answer is replaced once
 * another gets one. Safe for use by several threads.
 */
final class WatchedRedis {

    private static final Logger LOG = LoggerFactory.getLogger(WatchedRedis.class);

    private static final int SLOTS = 16384;

    private final String name;
    private final RedisConnectionFactory factory;
    private final @Nullable SharedConnections shared;
    private final String place;
    private final @Nullable Role required;
    private final Listeners listeners;
    private final ConnectListener listener;
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

    private record Asked(RedisAnswer answer, boolean isForAnother) {}

    /**
     * Watches over a factory's connection.
     *
     * @param connectTimeout how long a connection may take that is to replace another
     * @param listener hears of this Redis only, and does not block
     * @param executor runs what waits for Redis
     */
    WatchedRedis(
            String name,
            RedisConnectionFactory factory,
            @Nullable Role required,
            Duration connectTimeout,
            Listeners listeners,
            ConnectListener listener,
            Executor executor) {
        this.name = name;
        this.factory = factory;
        shared = factory instanceof LettuceConnectionFactory lettuce
                ? new SharedConnections(lettuce, required, connectTimeout)
                : null;
        place = FactoryAddress.place(factory);
        this.required = required;
        this.listeners = listeners;
        this.listener = listener;
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

    /** What hears of this Redis only. */
    ConnectListener listener() {
        return listener;
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

    /** One beat: asks again, or tries to replace the connection that has not answered since the last beat. */
    void beat() {
        if (isStopped()) {
            return;
        }
        CompletableFuture<RedisAnswer> last;
        synchronized (this) {
            last = running;
        }
        if (last != null && !last.isDone()) {
            executor.execute(() -> replace(() -> !last.isDone()));
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
        Asked asked = asked();
        if (asked.isForAnother() && replace(() -> true)) {
            tell(asked.answer());
            asked = asked();
        }
        tell(asked.answer());
        return asked.answer();
    }

    private Asked asked() {
        try {
            if (shared != null && !shared.areThere()) {
                var unused = shared.replace(() -> true);
            }
            try (RedisConnection connection = factory.getConnection()) {
                RedisAnswer answer = answer(connection);
                if (shared != null) {
                    shared.pingReactive();
                }
                return new Asked(answer, !answer.up() && required != null); // another may lead to another server
            }
        } catch (ExecutionException | TimeoutException | RuntimeException failed) {
            return new Asked(RedisAnswer.down(reason(failed)), !isRefusal(failed));
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return new Asked(RedisAnswer.down("interrupted while waiting for an answer"), false);
        }
    }

    private boolean replace(BooleanSupplier isNeeded) {
        try {
            return shared != null && shared.replace(isNeeded);
        } catch (ExecutionException | TimeoutException | RuntimeException failed) {
            LOG.debug("The connection of {} stays, because a new one gets no answer", name, failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        return false;
    }

    private RedisAnswer answer(RedisConnection connection) {
        if (connection instanceof RedisClusterConnection cluster) {
            return clusterAnswer(cluster);
        }
        connection.ping();
        if (required == null) {
            return new RedisAnswer(null, Map.of());
        }
        Role role = roleOf(connection);
        Map<String, Object> details = Map.of("role", word(role));
        return new RedisAnswer(
                role == required ? null : "it is a " + word(role) + ", and has to be a " + word(required), details);
    }

    /** The role that Redis calls by this word, which ROLE may give as bytes. */
    static Role role(Object word) {
        return switch (word instanceof byte[] bytes ? new String(bytes, StandardCharsets.US_ASCII) : word.toString()) {
            case "master" -> Role.PRIMARY;
            case "slave" -> Role.REPLICA;
            default -> Role.UNKNOWN;
        };
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
        long assigned = orNone(info.getSlotsAssigned());
        long failed = orNone(info.getSlotsFail());
        details.put("slotsAssigned", assigned);
        details.put("slotsFail", failed);
        String reason = null;
        if (!"ok".equals(info.getState())) {
            reason = "CLUSTERDOWN: the state of the cluster is " + info.getState() + ", "
                    + served(orNone(info.getSlotsOk()));
        } else if (assigned - failed < SLOTS) { // cluster-require-full-coverage no
            reason = "only " + served(assigned - failed);
        }
        return new RedisAnswer(reason, details);
    }

    private static long orNone(@Nullable Long slots) {
        return slots == null ? 0 : slots;
    }

    private static String served(long slots) {
        return slots + " of " + SLOTS + " slots are served";
    }

    /** The role. For a primary a command is asked that {@code read-from} leaves with the primary. */
    private Role roleOf(RedisConnection connection) {
        if (required == Role.PRIMARY
                && factory instanceof LettuceConnectionFactory lettuce
                && connection.getNativeConnection() instanceof BaseRedisAsyncCommands<?, ?> commands) {
            try {
                Duration timeout = lettuce.getClientConfiguration().getCommandTimeout();
                return role(LettuceFutures.awaitOrCancel(commands.role(), timeout.toNanos(), TimeUnit.NANOSECONDS)
                        .get(0));
            } catch (RedisCommandExecutionException refused) {
                LOG.debug("The Redis behind {} refuses ROLE, so INFO is asked", name, refused);
            }
        }
        Properties replication = connection.serverCommands().info("replication");
        return role(replication == null ? "" : replication.getProperty("role", ""));
    }

    private static String word(Role role) {
        return role.name().toLowerCase(Locale.ROOT);
    }

    private synchronized void tell(RedisAnswer answer) {
        if (isStopped()) {
            return;
        }
        String before = down;
        down = answer.reason();
        if (down == null && before != null) {
            LOG.info("Redis behind {} answers again: {}", name, place);
            tell(ConnectListener::reconnected);
        } else if (down != null && before == null) {
            LOG.warn("Redis behind {} is down: {} ({})", name, down, place);
            String reason = down;
            tell(each -> each.disconnected(reason));
        } else if (down != null && !down.equals(before)) {
            LOG.warn("Redis behind {} is still down: {} ({})", name, down, place);
            String reason = down;
            tell(each -> each.reconnectFailed(reason));
        }
    }

    private void tell(Consumer<ConnectListener> event) {
        event.accept(listener);
        listeners.tell(event);
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
