package dev.hardening.redis;

import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.async.BaseRedisAsyncCommands;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.NestedMultiOutput;
import io.lettuce.core.output.ValueOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One attempt: name, credentials, connection, handshake, and a PING. It runs on a thread of its own, because a resolver
 * or a credentials provider may block for ever. Once it is abandoned, whatever still completes is closed; nothing is
 * cancelled, as Lettuce leaves a live connection behind when a cancelled connect succeeds.
 */
final class ConnectionTry<C extends StatefulConnection<String, String>> {

    record Result<C>(C connection, String version, Role role, String mode, Duration ping) {}

    private final Dialing<C> dialing;
    private final @Nullable Role requiredRole;
    private final CompletableFuture<Result<C>> result = new CompletableFuture<>();
    private final StateListener listener = new StateListener();
    private final FutureTask<?> task = new FutureTask<>(this::connect, null);
    private final CountDownLatch dialed = new CountDownLatch(1);

    private volatile Supplier<String> phase = () -> "starting";
    private volatile boolean begun;
    private volatile boolean abandoned;
    private volatile @Nullable C connection;
    private volatile @Nullable Runnable onDisconnect;
    private volatile @Nullable Runnable onReconnect;

    ConnectionTry(Dialing<C> dialing, @Nullable Role requiredRole) {
        this.dialing = dialing;
        this.requiredRole = requiredRole;
    }

    CompletableFuture<Result<C>> run() {
        Attempts.aside(task);
        return result;
    }

    /** What it is at, in words that follow "while". */
    String phase() {
        return phase.get();
    }

    private void connect() {
        try {
            phase = () -> "resolving the host's name";
            dialing.resolve();
            phase = () -> "waiting for credentials";
            awaitCredentials();
            // In this order, and abandon() the other way round: either it is not begun, or awaitDialed() waits for it.
            begun = true;
            if (abandoned) {
                return;
            }
            phase = dialing::phase;
            dialing.client().addListener(listener);
            var unused = dialing.connect().whenComplete(this::verify);
        } catch (InterruptedException interrupted) {
            result.completeExceptionally(interrupted); // abandoned: nobody waits any more
        } catch (Throwable failure) { // an Error too: nobody else would see it
            if (abandoned) {
                stopListening();
            }
            result.completeExceptionally(failure);
        } finally {
            dialed.countDown();
        }
    }

    /** Lettuce asks for them again, in the middle of its handshake, where it has no word for a provider that fails. */
    private void awaitCredentials() throws InterruptedException {
        Object credentials;
        try {
            credentials = dialing.uri()
                    .getCredentialsProvider()
                    .resolveCredentials()
                    .toFuture()
                    .get();
        } catch (ExecutionException failed) {
            throw new Diagnosis.NoCredentials(failed.getCause());
        } catch (RuntimeException | Error failed) {
            throw new Diagnosis.NoCredentials(failed);
        }
        if (credentials == null) {
            throw new Diagnosis.NoCredentials(null);
        }
    }

    private void verify(@Nullable C connected, @Nullable Throwable failure) {
        if (connected == null) {
            if (abandoned) {
                stopListening();
            }
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
        phase = () -> "waiting for the answer to PING";
        try {
            BaseRedisAsyncCommands<String, String> commands = dialing.commands(connected);
            long from = System.nanoTime();
            CompletableFuture<List<Object>> server = server(commands);
            CompletableFuture<Duration> ping = commands.ping()
                    .toCompletableFuture()
                    .thenApply(pong -> since(from, pong))
                    .exceptionallyCompose(refused -> refusal(commands, refused));
            var unused = ping.thenCombine(server, (took, known) -> judge(connected, known, took))
                    .thenCompose(judged -> dialing.check(connected).thenApply(useful -> judged))
                    .whenComplete((judged, refused) -> {
                        if (judged != null) {
                            result.complete(judged);
                        } else {
                            result.completeExceptionally(refused);
                        }
                    });
        } catch (RuntimeException | Error refused) {
            result.completeExceptionally(refused);
        }
    }

    /**
     * What the server is, as names and values. The handshake's HELLO has said it, where it is ours to see; HELLO without a
     * version changes nothing and says it again. Old servers do not know it, and some users may not run it.
     */
    private CompletableFuture<List<Object>> server(BaseRedisAsyncCommands<String, String> commands) {
        List<Object> known = dialing.handshake();
        return known.isEmpty()
                ? ask(commands, CommandType.HELLO)
                        .thenCompose(hello -> hello.isEmpty() ? ask(commands, CommandType.ROLE) : done(hello))
                : done(known);
    }

    private static CompletableFuture<List<Object>> ask(
            BaseRedisAsyncCommands<String, String> commands, CommandType question) {
        return commands.dispatch(question, new NestedMultiOutput<>(StringCodec.UTF8))
                .toCompletableFuture()
                .exceptionally(unknown -> List.of());
    }

    private static <T> CompletableFuture<T> done(T value) {
        return CompletableFuture.completedFuture(value);
    }

    private static Duration since(long from, String pong) {
        if (!pong.equals("PONG")) {
            throw new Diagnosis.WrongServer("not a Redis server: it answers PING with something else");
        }
        return Duration.ofNanos(System.nanoTime() - from);
    }

    /** A server that is loading its data says in INFO how long that will take. */
    private static CompletableFuture<Duration> refusal(
            BaseRedisAsyncCommands<String, String> commands, Throwable refused) {
        Throwable why =
                refused instanceof CompletionException && refused.getCause() != null ? refused.getCause() : refused;
        if (why instanceof RedisCommandExecutionException
                && String.valueOf(why.getMessage()).startsWith("LOADING")) {
            CommandArgs<String, String> section = new CommandArgs<>(StringCodec.UTF8).add("persistence");
            return commands.dispatch(CommandType.INFO, new ValueOutput<>(StringCodec.UTF8), section)
                    .toCompletableFuture()
                    .exceptionally(mayNotBeAsked -> "")
                    .thenApply(info -> {
                        throw new Diagnosis.Loading(why, Diagnosis.loadingEta(info));
                    });
        }
        return CompletableFuture.failedFuture(why);
    }

    private Result<C> judge(C connected, List<Object> server, Duration ping) {
        String mode = member(server, "mode");
        Role role = Role.of(member(server, "role"));
        if (role == Role.UNKNOWN && !server.isEmpty()) {
            role = Role.of(String.valueOf(server.get(0))); // ROLE's answer begins with it
        }
        if (mode.equals("sentinel")) {
            role = Role.SENTINEL;
        }
        if (role == Role.SENTINEL && requiredRole != Role.SENTINEL) {
            throw new Diagnosis.WrongServer("the server is a Sentinel, which holds no data: use redis-sentinel://");
        }
        if (requiredRole != null && role != requiredRole) {
            throw new Diagnosis.NotReady(
                    role == Role.UNKNOWN
                            ? "the server does not say whether it is a " + requiredRole.word()
                            : "the server is a " + role.word() + ", and a " + requiredRole.word() + " is required");
        }
        return new Result<>(connected, member(server, "version"), role, mode, ping);
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
        task.cancel(true);
        close();
    }

    /**
     * Waits until an abandoned attempt uses the client no more: event loops that Lettuce makes after its client's
     * shutdown would stay. Lettuce does not block there, unless what it asks of the caller does, which is why it is bounded.
     */
    void awaitDialed(Duration bound) throws InterruptedException {
        if (begun) {
            var unused = dialed.await(bound.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    void stopListening() {
        onDisconnect = null;
        onReconnect = null;
        dialing.client().removeListener(listener);
    }

    private void close() {
        stopListening();
        C held = connection;
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
