package dev.hardening.redis;

import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.NestedMultiOutput;
import io.lettuce.core.protocol.CommandType;
import java.net.InetAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One attempt: name, credentials, connection, handshake, and a PING. It runs on a thread of its own, because a resolver
 * or a credentials provider may block for ever. Once it is abandoned, whatever still completes is closed; nothing is
 * cancelled, as Lettuce leaves a live connection behind when a cancelled connect succeeds.
 */
final class ConnectionTry {

    record Result(
            StatefulRedisConnection<String, String> connection,
            String version,
            Role role,
            String mode,
            Duration ping) {}

    private final RedisClient client;
    private final RedisURI uri;
    private final @Nullable Role requiredRole;
    private final CompletableFuture<Result> result = new CompletableFuture<>();
    private final StateListener listener = new StateListener();
    private final Thread thread = RedisConnector.daemon("hardening-redis-connect", this::connect);

    private volatile String phase = "starting";
    private volatile boolean abandoned;
    private volatile @Nullable StatefulRedisConnection<String, String> connection;
    private volatile @Nullable Runnable onDisconnect;
    private volatile @Nullable Runnable onReconnect;

    ConnectionTry(RedisClient client, RedisURI uri, @Nullable Role requiredRole) {
        this.client = client;
        this.uri = uri;
        this.requiredRole = requiredRole;
    }

    CompletableFuture<Result> run() {
        thread.start();
        return result;
    }

    /** What it is at, in words that follow "while". */
    String phase() {
        return phase;
    }

    private void connect() {
        try {
            phase = "resolving the host's name";
            resolve(uri);
            phase = "waiting for credentials";
            uri.getCredentialsProvider().resolveCredentials().toFuture().get();
            if (abandoned) {
                return;
            }
            phase = uri.getSentinels().isEmpty() ? "connecting" : "asking the Sentinels and connecting";
            client.addListener(listener);
            var unused = client.connectAsync(StringCodec.UTF8, uri).whenComplete(this::verify);
        } catch (InterruptedException interrupted) {
            result.completeExceptionally(interrupted); // abandoned: nobody waits any more
        } catch (java.util.concurrent.ExecutionException noCredentials) {
            result.completeExceptionally(Objects.requireNonNull(noCredentials.getCause()));
        } catch (Exception failure) {
            result.completeExceptionally(failure);
        }
    }

    private static void resolve(RedisURI uri) throws UnknownHostException {
        if (uri.getSentinels().isEmpty() && uri.getSocket() == null) {
            InetAddress.getAllByName(uri.getHost());
        }
    }

    private void verify(@Nullable StatefulRedisConnection<String, String> connected, @Nullable Throwable failure) {
        if (connected == null) {
            result.completeExceptionally(failure == null ? new IllegalStateException("no connection") : failure);
            return;
        }
        connection = connected;
        if (abandoned) {
            close();
            return;
        }
        if (!connected.isOpen()) {
            result.completeExceptionally(new Diagnosis.ClosedEarly());
            return;
        }
        phase = "waiting for the answer to PING";
        try {
            RedisAsyncCommands<String, String> commands = connected.async();
            long from = System.nanoTime();
            // HELLO without a version changes nothing and says what the server is; old servers do not know it, and
            // some users may not run it.
            CompletableFuture<List<Object>> hello = commands.dispatch(
                            CommandType.HELLO, new NestedMultiOutput<>(StringCodec.UTF8))
                    .toCompletableFuture()
                    .exceptionally(unknown -> List.of());
            CompletableFuture<String> ping = commands.ping().toCompletableFuture();
            var unused = ping.thenCombine(hello, (pong, server) -> judge(connected, pong, server, from))
                    .whenComplete((judged, refused) -> {
                        if (judged != null) {
                            result.complete(judged);
                        } else {
                            result.completeExceptionally(refused);
                        }
                    });
        } catch (RuntimeException refused) {
            result.completeExceptionally(refused);
        }
    }

    private Result judge(
            StatefulRedisConnection<String, String> connected, String pong, List<Object> server, long from) {
        Duration ping = Duration.ofNanos(System.nanoTime() - from);
        if (!pong.equals("PONG")) {
            throw new Diagnosis.NotRedis("not a Redis server: it answers PING with something else");
        }
        Role role = Role.of(member(server, "role"));
        String mode = member(server, "mode");
        if (mode.equals("sentinel")) {
            role = Role.SENTINEL;
        }
        if (requiredRole != null && role != requiredRole) {
            throw new Diagnosis.WrongRole("the server is a " + word(role) + ", and a " + word(requiredRole)
                    + " is required" + (role == Role.SENTINEL ? ": use redis-sentinel://" : ""));
        }
        return new Result(connected, member(server, "version"), role, mode, ping);
    }

    private static String word(Role role) {
        return role.name().toLowerCase(java.util.Locale.ROOT);
    }

    private static String member(List<Object> map, String name) {
        for (int i = 0; i + 1 < map.size(); i += 2) {
            if (name.equals(map.get(i))) {
                return String.valueOf(map.get(i + 1));
            }
        }
        return "";
    }

    /** From now on a lost connection is Lettuce's to bring back, and only told. */
    void becomesCurrent(Runnable disconnected, Runnable reconnected) {
        onDisconnect = disconnected;
        onReconnect = reconnected;
    }

    /** Gives the attempt up: whatever it has is closed, and whatever it still gets will be. */
    void abandon() {
        abandoned = true;
        thread.interrupt();
        close();
    }

    void stopListening() {
        onDisconnect = null;
        onReconnect = null;
        client.removeListener(listener);
    }

    private void close() {
        stopListening();
        StatefulRedisConnection<String, String> held = connection;
        if (held != null) {
            var unused = held.closeAsync();
        }
    }

    private final class StateListener implements RedisConnectionStateListener {

        @Override
        public void onRedisConnected(RedisChannelHandler<?, ?> handler, SocketAddress address) {
            tell(handler, onReconnect);
        }

        @Override
        public void onRedisDisconnected(RedisChannelHandler<?, ?> handler) {
            if (isOurs(handler)) {
                result.completeExceptionally(new Diagnosis.ClosedEarly());
            }
            tell(handler, onDisconnect);
        }

        private void tell(RedisChannelHandler<?, ?> handler, @Nullable Runnable event) {
            if (event != null && isOurs(handler)) {
                event.run();
            }
        }

        private boolean isOurs(RedisChannelHandler<?, ?> handler) {
            return Objects.equals(handler, connection);
        }
    }
}
