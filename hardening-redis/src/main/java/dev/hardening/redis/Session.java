package dev.hardening.redis;

import dev.hardening.redis.Attempt.Verdict;
import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.event.connection.ReconnectFailedEvent;
import io.netty.util.concurrent.FastThreadLocalThread;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.scheduler.Schedulers;

/** What is connected, from the start until it is closed: its connections, and what is known of them. Safe for use by several threads. */
final class Session<C extends StatefulConnection<String, String>> {

    private static final Logger LOG = LoggerFactory.getLogger(RedisConnector.class);

    /** How long a check waits for its answers, and {@code ping()} for a check. */
    private static final Duration CHECK_BOUND = Duration.ofSeconds(2);

    private static final Duration PING_BOUND = Duration.ofSeconds(1);

    private final RedisConnector.Builder options;
    private final Target<C> target;
    private final C connection;
    private final ConnectReport report;
    private final Supervisor supervisor;
    private final Disposable.Swap failures = Disposables.swap();
    private final AtomicBoolean subscribed = new AtomicBoolean();
    private final AtomicBoolean freed = new AtomicBoolean();
    private final Set<StatefulConnection<?, ?>> further = ConcurrentHashMap.newKeySet();
    private final AtomicReference<@Nullable CompletableFuture<RedisCheck>> running = new AtomicReference<>();
    private volatile Role lastRole;

    private final RedisConnectionStateListener states = new RedisConnectionStateListener() {

        @Override
        public void onRedisConnected(RedisChannelHandler<?, ?> handler, SocketAddress address) {
            if (!ChannelWatch.isLosing()) {
                forgetClosed();
                supervisor.returned(handler);
            }
        }

        @Override
        public void onRedisDisconnected(RedisChannelHandler<?, ?> handler) {
            if (handler.isClosed()) { // by the application
                further.remove(handler);
                supervisor.returned(handler);
                endIfClosed();
            } else {
                String reason = ChannelWatch.lossReason();
                lost(handler, reason);
                if (reason.equals(refused())) {
                    supervisor.reconnectFailed(reason); // Lettuce 6 tells of a reconnect that was refused only so
                }
            }
        }
    };

    Session(RedisConnector.Builder options, Target<C> target, C connection, ConnectReport report) {
        this.options = options;
        this.target = target;
        this.connection = connection;
        this.report = report;
        lastRole = report.role();
        List<Notifier> notifiers = new ArrayList<>();
        notifiers.add(new Notifier(new OutageLog(report.endpoint()), Workers::run));
        for (ConnectListener listener : options.listeners.callers()) {
            notifiers.add(new Notifier(listener, Workers::run));
        }
        supervisor = new Supervisor(notifiers);
        supervise(connection);
        ClientRuntime ours = target.runtime();
        if (ours != null) {
            ours.channels().tellOfSubscriptions(this::subscriptionAnswered);
        }
    }

    private void supervise(StatefulConnection<?, ?> one) {
        one.addListener(states);
        if (!one.isOpen()) {
            lost(one, ChannelWatch.lossReason());
            if (one.isOpen()) {
                supervisor.returned(one); // it was connected again before it was known to be lost
            }
        }
    }

    private void lost(Object one, String reason) {
        if (!supervisor.isClosed() && subscribed.compareAndSet(false, true)) {
            subscribe();
        }
        supervisor.lost(one, reason);
    }

    /** A connection without its subscription is not back. It is once the application subscribes, or after a reconnect. */
    private void subscriptionAnswered(Object one, @Nullable String refused) {
        if (one != connection && !further.contains(one)) {
            return; // the application's own
        }
        if (refused == null) {
            supervisor.returned(one);
        } else {
            supervisor.useRefused(one, "a subscription was refused after the reconnect: " + Failure.firstLine(refused));
        }
    }

    /**
     * Asks Lettuce for each reconnect that fails. There is none before the first loss, and a start would take a tenth
     * longer if it subscribed.
     */
    private void subscribe() {
        failures.update(target.client()
                .getResources()
                .eventBus()
                .get()
                .ofType(ReconnectFailedEvent.class)
                .filter(event -> isOurs(event.remoteAddress()))
                .subscribe(event -> supervisor.reconnectFailed(
                        target.diagnose(event.getCause(), true).reason())));
    }

    /** The caller's client may also have connections to other servers. Which data node Sentinels name is not known here. */
    private boolean isOurs(@Nullable SocketAddress server) {
        RedisURI uri = target.uri();
        return target.runtime() != null
                || !uri.getSentinels().isEmpty()
                || !(server instanceof InetSocketAddress address)
                || (address.getHostString().equals(uri.getHost()) && address.getPort() == uri.getPort());
    }

    /** Removes connections that the application closed while they were lost: Lettuce reports nothing of these. */
    private void forgetClosed() {
        for (StatefulConnection<?, ?> one : List.copyOf(further)) {
            if (isClosed(one)) {
                further.remove(one);
                supervisor.returned(one);
            }
        }
    }

    /** Ends the supervision if the application has closed the connection by itself: it does not come back. */
    private void endIfClosed() {
        if (isClosed(connection) && supervisor.close()) {
            Workers.run(supervisor::deliver); // not on an event loop
        }
    }

    private static boolean isClosed(StatefulConnection<?, ?> one) {
        return one instanceof RedisChannelHandler<?, ?> handler && handler.isClosed();
    }

    private @Nullable String refused() {
        ClientRuntime ours = target.runtime();
        return ours == null ? null : ours.channels().refused();
    }

    C connection() {
        return connection;
    }

    Target<C> target() {
        return target;
    }

    ConnectReport report() {
        return report;
    }

    /** The address with the command timeout, for connections that the caller opens. */
    RedisURI uri() {
        return Target.copy(options.uris.get(0), options.commandTimeout());
    }

    /**
     * Opens a further connection, which is supervised and closed with the others.
     *
     * @throws RedisConnectException if that fails; it is tried once
     * @throws IllegalStateException if it is closed, or if this thread must not wait
     */
    <D extends StatefulConnection<?, ?>> D open(Supplier<CompletionStage<D>> opening) {
        if (freed.get()) {
            throw new IllegalStateException(Supervisor.CLOSED);
        }
        ClientRuntime ours = target.runtime();
        if (Schedulers.isInNonBlockingThread()
                || (ours != null && ours.channels().isEventLoop())) {
            throw new IllegalStateException(
                    "opening a connection waits for it, and an event loop must not wait: open it on another thread");
        }
        ConnectAttempt<D> attempt = new ConnectAttempt<>(target, opening, options.nanoTime);
        long from = options.nanoTime.getAsLong();
        try {
            D opened = attempt.run(options.attemptTimeout).connection();
            opened.setTimeout(options.commandTimeout());
            further.add(opened);
            supervise(opened);
            if (freed.get()) {
                opened.close();
            }
            return opened;
        } catch (InterruptedException interrupted) {
            attempt.abandon();
            Thread.currentThread().interrupt();
            throw failed(from, Verdict.TRANSIENT, "interrupted while connecting", interrupted);
        } catch (ExecutionException refused) {
            attempt.abandon();
            Throwable failure = Objects.requireNonNull(refused.getCause());
            Diagnosis diagnosis = target.diagnose(failure, true);
            throw failed(from, diagnosis.verdict(), diagnosis.reason(), failure);
        }
    }

    private RedisConnectException failed(long from, Verdict verdict, String reason, Throwable failure) {
        Duration took = Duration.ofNanos(options.nanoTime.getAsLong() - from);
        return new RedisConnectException(
                List.of(new Attempt(1, report.endpoint(), took, Optional.empty(), verdict, reason, failure)));
    }

    /** Checks that run at the same time are one. */
    CompletableFuture<RedisCheck> check() {
        CompletableFuture<RedisCheck> mine = new CompletableFuture<>();
        while (true) {
            CompletableFuture<RedisCheck> others = running.get();
            if (others != null) {
                return others.copy();
            }
            if (running.compareAndSet(null, mine)) {
                break;
            }
        }
        long from = System.nanoTime();
        forgetClosed();
        endIfClosed();
        String down = supervisor.whyDown(connection);
        if (down == null && !connection.isOpen()) {
            down = ChannelWatch.lossReason();
        }
        if (down != null) {
            end(mine, RedisCheck.down(down, since(from)));
        } else {
            try {
                bound(mine, from);
                ask(mine, from);
            } catch (RuntimeException shutDown) {
                end(mine, RedisCheck.down(target.diagnose(shutDown, true).reason(), since(from)));
            }
        }
        return mine.copy();
    }

    private void bound(CompletableFuture<RedisCheck> mine, long from) {
        var bound = target.client()
                .getResources()
                .eventExecutorGroup()
                .schedule(
                        () -> end(
                                mine,
                                RedisCheck.down("no answer within " + CHECK_BOUND.toMillis() + " ms", since(from))),
                        CHECK_BOUND.toMillis(),
                        TimeUnit.MILLISECONDS);
        var unused = mine.whenComplete((result, never) -> bound.cancel(false));
    }

    /** In a transaction and during a blocking command nothing is sent: a question would become a part of it, or wait for it. */
    private void ask(CompletableFuture<RedisCheck> mine, long from) {
        Runnable busy = () -> end(mine, RedisCheck.up(lastRole, since(from)));
        ClientRuntime ours = target.runtime();
        ChannelWatch watch = ours == null ? null : ours.channels().watchOf(connection);
        if (watch != null) {
            watch.ask(sender -> ask(mine, from, sender), busy);
        } else if (connection instanceof StatefulRedisConnection<?, ?> one && one.isMulti()) {
            busy.run();
        } else {
            ask(mine, from, Requirement.Sender.of(connection));
        }
    }

    private void ask(CompletableFuture<RedisCheck> mine, long from, Requirement.Sender sender) {
        Requirement.Server known = target.isBare() ? Requirement.Server.UNKNOWN : null;
        var unused = target.requirement().ask(sender, known).whenComplete((answer, failure) -> {
            if (answer != null) {
                lastRole = answer.server().role();
                end(mine, RedisCheck.up(lastRole, since(from)));
            } else {
                Throwable cause = failure instanceof CompletionException && failure.getCause() != null
                        ? failure.getCause()
                        : failure;
                String lost = supervisor.whyDown(connection);
                end(
                        mine,
                        RedisCheck.down(
                                lost != null
                                        ? lost
                                        : target.diagnose(cause, true).reason(),
                                since(from)));
            }
        });
    }

    private void end(CompletableFuture<RedisCheck> mine, RedisCheck result) {
        running.compareAndSet(mine, null);
        mine.complete(result);
    }

    private static Duration since(long from) {
        return Duration.ofNanos(System.nanoTime() - from);
    }

    /** On an event loop, which may not wait, it says what is known. */
    boolean ping() {
        if (Thread.currentThread() instanceof FastThreadLocalThread || Schedulers.isInNonBlockingThread()) {
            return supervisor.whyDown(connection) == null && connection.isOpen();
        }
        try {
            return check().get(PING_BOUND.toMillis(), TimeUnit.MILLISECONDS).up();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return false;
        } catch (ExecutionException | TimeoutException silent) {
            return false;
        }
    }

    void close() {
        if (!freed.compareAndSet(false, true)) {
            return;
        }
        supervisor.close();
        failures.dispose();
        List<StatefulConnection<?, ?>> open = new ArrayList<>(further);
        open.add(connection);
        open.removeIf(
                Session::isClosed); // by the application, or by its client's shutdown: a second close is warned of
        ClientRuntime ours = target.runtime();
        if (ours != null) {
            ours.free(target.client(), open, target.opening());
        } else {
            open.forEach(StatefulConnection::close);
        }
        supervisor.deliver();
    }

    /** What an operator reads of an outage. */
    private record OutageLog(String endpoint) implements ConnectListener {

        @Override
        public void disconnected(String reason) {
            LOG.warn("The connection to Redis at {} is lost: {}", endpoint, reason);
        }

        @Override
        public void reconnectFailed(String reason) {
            LOG.warn("Redis at {} cannot be connected to again: {}", endpoint, reason);
        }

        @Override
        public void reconnected() {
            LOG.info("Connected to Redis at {} again", endpoint);
        }
    }
}
