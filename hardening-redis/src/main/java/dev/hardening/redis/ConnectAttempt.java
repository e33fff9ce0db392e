package dev.hardening.redis;

import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.RedisCredentials;
import io.lettuce.core.api.StatefulConnection;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One attempt: name, credentials, connection, handshake, and PING. It begins on a thread of its own where a resolver or a
 * credentials provider may block for ever. After it was abandoned, a connection that still opens is closed. No
 * future is cancelled, because Lettuce leaves a live connection behind if a cancelled connect succeeds.
 */
final class ConnectAttempt<C extends StatefulConnection<?, ?>> {

    /** A connection that answered. */
    record Result<C>(C connection, Requirement.Server server, Duration connect, Duration ping) {}

    private final Target<?> target;
    private final Supplier<CompletionStage<C>> opening;
    private final LongSupplier nanoTime;
    private final CompletableFuture<Requirement.Answer> answer = new CompletableFuture<>();
    private final FutureTask<?> task = new FutureTask<>(this::open, null);
    private final CountDownLatch opened = new CountDownLatch(1);

    private volatile Supplier<String> phase = () -> "starting";
    private volatile boolean begun;
    private volatile boolean abandoned;
    private volatile @Nullable C connection;
    private volatile @Nullable RedisCredentials credentials;
    private @Nullable CompletableFuture<Void> closing;

    /**
     * An attempt that has not begun.
     *
     * @param opening opens the connection, without waiting for it
     */
    ConnectAttempt(Target<?> target, Supplier<CompletionStage<C>> opening, LongSupplier nanoTime) {
        this.target = target;
        this.opening = opening;
        this.nanoTime = nanoTime;
    }

    /**
     * Runs, and waits for the end.
     *
     * @throws ExecutionException with the failure as its cause; the failure is a timeout if the attempt takes too long
     */
    Result<C> run(Duration budget) throws InterruptedException, ExecutionException {
        long from = nanoTime.getAsLong();
        if (target.mayBlock()) {
            Workers.run(task);
        } else {
            task.run();
        }
        try {
            Requirement.Answer answered = answer.get(budget.toNanos(), TimeUnit.NANOSECONDS);
            Duration took = Duration.ofNanos(nanoTime.getAsLong() - from);
            Duration connect = took.compareTo(answered.ping()) > 0 ? took.minus(answered.ping()) : Duration.ZERO;
            C made = connection;
            if (made == null) {
                throw new ExecutionException(new Diagnosis.ClosedEarly());
            }
            return new Result<>(made, answered.server(), connect, answered.ping());
        } catch (TimeoutException silent) {
            throw new ExecutionException(timedOut(from, silent));
        } catch (ExecutionException failed) {
            Throwable cause = failed.getCause();
            throw cause != null && isHandshakeTimeout(cause) ? new ExecutionException(timedOut(from, cause)) : failed;
        }
    }

    private TimeoutException timedOut(long from, Throwable cause) {
        long millis = TimeUnit.NANOSECONDS.toMillis(nanoTime.getAsLong() - from);
        TimeoutException said = new TimeoutException("timed out after " + millis + " ms while " + phase.get());
        said.initCause(cause);
        return said;
    }

    /** Lettuce has the attempt's timeout for a handshake too, and may reach it a moment before the attempt does. */
    private static boolean isHandshakeTimeout(Throwable failure) {
        for (Throwable one = failure; one != null; one = one.getCause()) {
            if (one instanceof RedisCommandTimeoutException
                    && String.valueOf(one.getMessage()).startsWith("Connection initialization timed out")) {
                return true;
            }
        }
        return false;
    }

    private void open() {
        try {
            phase = () -> "resolving the host's name";
            target.resolve();
            phase = () -> "waiting for credentials";
            awaitCredentials();
            // First begun, then abandoned; abandon() and awaitEnd() go the other way round. So either the open
            // does not begin, or awaitEnd() waits for it.
            begun = true;
            if (abandoned) {
                forgetCredentials();
                return;
            }
            phase = target::phase;
            var unused = opening.get().whenComplete(this::verify);
        } catch (InterruptedException interrupted) {
            answer.completeExceptionally(interrupted); // it is abandoned, and no one waits for it
        } catch (Throwable failure) { // an Error too: no one else would see it
            forgetCredentials();
            answer.completeExceptionally(failure);
        } finally {
            opened.countDown();
        }
    }

    /** Asks for them once, and keeps them until the connect is over: Lettuce asks several times during it. */
    private void awaitCredentials() throws InterruptedException {
        if (!(target.uri().getCredentialsProvider() instanceof Credentials provider)) {
            return; // they are there already
        }
        try {
            RedisCredentials resolved = provider.ask().toFuture().get();
            credentials = resolved;
            provider.keep(resolved);
        } catch (ExecutionException failed) {
            throw failed.getCause() instanceof Diagnosis.NoCredentials known
                    ? known
                    : new Diagnosis.NoCredentials(failed.getCause());
        } catch (RuntimeException | Error failed) {
            throw new Diagnosis.NoCredentials(failed);
        }
    }

    private void forgetCredentials() {
        RedisCredentials resolved = credentials;
        if (resolved != null && target.uri().getCredentialsProvider() instanceof Credentials provider) {
            provider.forget(resolved);
        }
    }

    private void verify(@Nullable C made, @Nullable Throwable failure) {
        forgetCredentials();
        if (made == null) {
            answer.completeExceptionally(failure == null ? new IllegalStateException("no connection") : failure);
            return;
        }
        connection = made;
        if (abandoned) {
            var unused = close();
            return;
        }
        made.addListener(new RedisConnectionStateListener() {
            @Override
            public void onRedisDisconnected(RedisChannelHandler<?, ?> handler) {
                answer.completeExceptionally(new Diagnosis.ClosedEarly());
            }
        });
        if (!made.isOpen()) {
            answer.completeExceptionally(new Diagnosis.ClosedEarly());
            return;
        }
        phase = () -> "waiting for the answer to PING";
        var unused = target.requirement()
                .ask(Requirement.Sender.of(made), target.handshake())
                .whenComplete((answered, refused) -> {
                    if (answered != null) {
                        answer.complete(answered);
                    } else {
                        answer.completeExceptionally(refused);
                    }
                });
    }

    /** Gives the attempt up: closes the connection that it has, or any that it still gets. */
    void abandon() {
        abandoned = true;
        forgetCredentials();
        task.cancel(true);
        var unused = close();
    }

    /**
     * Waits until an abandoned attempt no longer uses the client, and its connection is closed. Event loops that Lettuce
     * makes after its client's shutdown would never end, and the shutdown warns of connections that it has to close. The
     * wait has a bound, because code of the caller may block there.
     */
    void awaitEnd(Duration bound) throws InterruptedException {
        if (begun) {
            var unused = opened.await(bound.toMillis(), TimeUnit.MILLISECONDS);
        }
        try {
            var unused = close().get(bound.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException notInTime) {
            // The client's shutdown closes it.
        }
    }

    private synchronized CompletableFuture<Void> close() {
        C held = connection;
        if (held == null) {
            return CompletableFuture.completedFuture(null);
        }
        if (closing == null) { // a second close would be warned of
            closing = held.closeAsync();
        }
        return closing;
    }
}
