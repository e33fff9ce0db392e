package dev.hardening.redis;

import dev.hardening.redis.Attempt.Verdict;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.Delay;
import io.netty.resolver.DefaultAddressResolverGroup;
import java.net.UnknownHostException;
import java.security.Security;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The attempts of one start, their waits, and their deadline: the same for one Redis and for a cluster. */
final class Attempts<C extends StatefulConnection<String, String>> {

    private static final Logger LOG = LoggerFactory.getLogger(RedisConnector.class);

    /** How far over the deadline the waits may end, so that what the attempts cost does not void the last of them. */
    private static final Duration TOLERANCE = Duration.ofMillis(100);

    private static final Duration DIALING_BOUND = Duration.ofSeconds(2);
    private static final Duration QUIET_AFTER_FAILURE = Duration.ofMillis(50);

    /** What there is to free where the client is not the caller's, and whether its connection has answered. */
    record Own(ClientResources resources, AtomicBoolean verified) {}

    /** A connection that answered. */
    record Connected<C>(C connection, ConnectReport report, Runnable free) {}

    /**
     * Until the connection is verified Lettuce must not reconnect it behind our back: that would hide a drop. Names are
     * resolved by the JVM, as {@link ConnectionTry} does: Netty's own resolver leaves its UDP socket open when the client
     * is shut down.
     */
    static ClientResources resources(AtomicBoolean verified, Duration deadline) {
        Delay usual = Delay.exponential();
        Duration afterTheStart = deadline.plusSeconds(1);
        return ClientResources.builder()
                .ioThreadPoolSize(2)
                .computationThreadPoolSize(2)
                .nettyCustomizer(Probe.customizer())
                .addressResolverGroup(DefaultAddressResolverGroup.INSTANCE)
                .reconnectDelay(new Delay() {
                    @Override
                    public Duration createDelay(long attempt) {
                        return verified.get() ? usual.createDelay(attempt) : afterTheStart;
                    }
                })
                .build();
    }

    /** Runs on a thread of its own, which is interrupted when the future is cancelled. */
    static <T> CompletableFuture<T> async(Supplier<T> connect, Consumer<T> close) {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread thread = daemon("hardening-redis-start", () -> {
            try {
                T connected = connect.get();
                if (!result.complete(connected)) {
                    close.accept(connected);
                }
            } catch (RuntimeException failed) {
                result.completeExceptionally(failed);
            }
        });
        var unused = result.whenComplete((connected, failure) -> {
            if (result.isCancelled()) {
                thread.interrupt();
            }
        });
        thread.start();
        return result;
    }

    static Thread daemon(String name, Runnable task) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    private final RedisConnector.Builder options;
    private final String endpoint;
    private final Dialing<C> dialing;
    private final @Nullable Own own;
    private final Duration warmUp;
    private final List<Attempt> failed = new ArrayList<>();
    private final List<ConnectionTry<C>> tries = new ArrayList<>();
    private final long start;
    private Duration spent = Duration.ZERO;
    private Duration waited = Duration.ZERO;

    Attempts(RedisConnector.Builder options, String endpoint, Dialing<C> dialing, @Nullable Own own, Duration warmUp) {
        this.options = options;
        this.endpoint = endpoint;
        this.dialing = dialing;
        this.own = own;
        this.warmUp = warmUp;
        start = options.nanoTime.getAsLong();
    }

    /** Frees everything that is not the caller's, if it fails. */
    Connected<C> connect() {
        try {
            return attempt();
        } catch (RuntimeException failed) {
            if (own != null) {
                daemon("hardening-redis-free", this::freeAfterwards).start();
            }
            throw failed;
        }
    }

    private Connected<C> attempt() {
        for (int number = 1; ; number++) {
            Attempt attempt = null;
            ConnectionTry<C> connectionTry = new ConnectionTry<>(dialing, options.requiredRole);
            tries.add(connectionTry);
            long from = options.nanoTime.getAsLong();
            try {
                return connected(connectionTry, number, budget());
            } catch (InterruptedException interrupted) {
                connectionTry.abandon();
                throw interrupted(number, from, interrupted);
            } catch (ExecutionException failure) {
                attempt = diagnose(number, from, Objects.requireNonNull(failure.getCause()));
            } catch (TimeoutException timeout) {
                TimeoutException told = new TimeoutException(
                        "timed out after " + sinceMillis(from) + " ms while " + connectionTry.phase());
                told.initCause(timeout);
                attempt = diagnose(number, from, told);
            }
            connectionTry.abandon();
            failed.add(attempt);
            tell(listener -> listener.attemptFailed(failed.get(failed.size() - 1)));
            Duration wait = attempt.nextWait();
            if (wait == null) {
                throw new RedisConnectException(failed);
            }
            LOG.warn(
                    "Redis connection attempt {}/{} to {} failed: {}; next attempt in {} ms",
                    number,
                    options.attempts,
                    endpoint,
                    attempt.reason(),
                    wait.toMillis());
            try {
                options.sleeper.sleep(wait);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                throw new RedisConnectException(failed, "interrupted while waiting to try again", interrupted);
            }
            waited = waited.plus(wait);
            spent = spent.plus(wait);
        }
    }

    private Connected<C> connected(ConnectionTry<C> connectionTry, int number, Duration budget)
            throws InterruptedException, ExecutionException, TimeoutException {
        long from = options.nanoTime.getAsLong();
        ConnectionTry.Result<C> result = connectionTry.run().get(budget.toNanos(), TimeUnit.NANOSECONDS);
        Duration took = Duration.ofNanos(options.nanoTime.getAsLong() - from);
        if (own != null) {
            own.verified().set(true);
            if (!result.connection().isOpen()) {
                own.verified().set(false);
                throw new ExecutionException(new Diagnosis.ClosedEarly());
            }
        }
        ConnectReport report = new ConnectReport(
                endpoint,
                result.version(),
                result.role(),
                result.mode(),
                number,
                warmUp,
                took.compareTo(result.ping()) > 0 ? took.minus(result.ping()) : Duration.ZERO,
                result.ping());
        dialing.commandTimeout(result.connection(), commandTimeout());
        connectionTry.becomesCurrent(
                () -> tell(ConnectListener::disconnected), () -> tell(ConnectListener::reconnected));
        LOG.info("Connected to Redis {} {} as {} at {}", report.version(), report.mode(), report.role(), endpoint);
        tell(listener -> listener.connected(report));
        return new Connected<>(result.connection(), report, () -> {
            connectionTry.stopListening();
            if (own == null) {
                result.connection().close();
            } else {
                free(Duration.ZERO); // the client closes its connections itself
            }
        });
    }

    /** As the URI has it; Lettuce's minute, which is there if it says nothing, only for the caller's own client. */
    private Duration commandTimeout() {
        Duration asked = options.uris.get(0).getTimeout();
        return own != null && asked.equals(RedisURI.DEFAULT_TIMEOUT_DURATION)
                ? RedisConnector.Builder.COMMAND_TIMEOUT
                : asked;
    }

    /** What is left for the next attempt. */
    private Duration budget() {
        Duration left = left();
        Duration bounded = left.compareTo(options.attemptTimeout) < 0 ? left : options.attemptTimeout;
        return bounded.compareTo(TOLERANCE) < 0 ? TOLERANCE : bounded;
    }

    /** By the clock, or by the waits that were asked for where the sleeper does not really sleep. */
    private Duration left() {
        Duration elapsed = Duration.ofNanos(options.nanoTime.getAsLong() - start);
        return options.deadline.minus(elapsed.compareTo(spent) > 0 ? elapsed : spent);
    }

    private Attempt diagnose(int number, long from, Throwable failure) {
        Duration took = Duration.ofNanos(options.nanoTime.getAsLong() - from);
        spent = spent.plus(took);
        Diagnosis diagnosis = Diagnosis.of(failure, dialing.uri().isSsl());
        warnOfCachedNames(failure);
        Attempt attempt = new Attempt(number, took, null, diagnosis.verdict(), diagnosis.reason(), failure);
        boolean again = number < options.attempts
                && (diagnosis.verdict() == Verdict.TRANSIENT || options.retryOn.test(attempt));
        Optional<Duration> wait = again ? nextWait(number, diagnosis) : Optional.empty();
        return new Attempt(number, took, wait.orElse(null), diagnosis.verdict(), diagnosis.reason(), failure);
    }

    /** Empty if there is no time for another attempt. */
    private Optional<Duration> nextWait(int number, Diagnosis diagnosis) {
        Duration left = left();
        Duration wait = options.backoff.after(number);
        if (options.jitter > 0) {
            double factor = 1 + options.jitter * (2 * options.random.getAsDouble() - 1);
            wait = Duration.ofNanos((long) (wait.toNanos() * factor));
            wait = wait.compareTo(left) > 0 && waited.plus(wait).compareTo(options.deadline) <= 0 ? left : wait;
        }
        Duration asked = diagnosis.serverAsksToWait().orElse(Duration.ZERO);
        if (asked.compareTo(wait) > 0 && asked.compareTo(left) < 0) {
            wait = asked;
        }
        boolean fits = !wait.isNegative()
                && wait.compareTo(left.plus(TOLERANCE)) <= 0
                && waited.plus(wait).compareTo(options.deadline) <= 0;
        return fits ? Optional.of(wait) : Optional.empty();
    }

    private RedisConnectException interrupted(int number, long from, InterruptedException interrupted) {
        Thread.currentThread().interrupt();
        failed.add(new Attempt(
                number,
                Duration.ofNanos(options.nanoTime.getAsLong() - from),
                null,
                Verdict.TRANSIENT,
                "interrupted while connecting",
                interrupted));
        return new RedisConnectException(failed);
    }

    private long sinceMillis(long from) {
        return TimeUnit.NANOSECONDS.toMillis(options.nanoTime.getAsLong() - from);
    }

    private void warnOfCachedNames(Throwable failure) {
        String seconds = Security.getProperty("networkaddress.cache.negative.ttl");
        for (Throwable one = failure; one != null; one = one.getCause()) {
            if (one instanceof UnknownHostException
                    && seconds != null
                    && (seconds.startsWith("-")
                            || (seconds.length() < 9
                                    && seconds.chars().allMatch(Character::isDigit)
                                    && Integer.parseInt(seconds) > options.deadline.toSeconds()))) {
                LOG.warn(
                        "The JVM remembers for {} s that a name did not resolve, longer than the deadline: no attempt can"
                                + " help within it (networkaddress.cache.negative.ttl)",
                        seconds);
                return;
            }
        }
    }

    private void freeAfterwards() {
        try {
            for (ConnectionTry<C> one : tries) {
                one.awaitDialed(DIALING_BOUND);
            }
        } catch (InterruptedException nobodyDoes) {
            Thread.currentThread().interrupt();
        }
        free(QUIET_AFTER_FAILURE);
    }

    private void free(Duration quiet) {
        if (own != null) {
            Shutdown.quietly(dialing.client(), own.resources(), quiet);
        }
    }

    private void tell(Consumer<ConnectListener> event) {
        if (options.listener != null) {
            try {
                event.accept(options.listener);
            } catch (RuntimeException thrown) {
                LOG.warn("A connect listener threw {}", thrown.getClass().getName());
            }
        }
    }
}
