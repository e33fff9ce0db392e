package dev.hardening.redis;

import dev.hardening.redis.Attempt.Verdict;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulConnection;
import java.net.UnknownHostException;
import java.security.Security;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * The attempts of one start, their waits, and their deadline: the same for one Redis and for a cluster.
 *
 * <p>Two things end the waiting. The schedule does: waits that add up to more than the deadline are not begun, whatever
 * the clock says. And the clock does: what the attempts cost shortens a wait, by half of it at the most.
 */
final class Attempts<C extends StatefulConnection<String, String>> {

    private static final Logger LOG = LoggerFactory.getLogger(RedisConnector.class);

    /**
     * By how much the clock may exceed the deadline before a wait is shortened, and the least that an attempt has: waits
     * that use up the whole deadline would otherwise leave nothing for the attempt after them.
     */
    private static final Duration TOLERANCE = Duration.ofMillis(150);

    private static final Duration DIALING_BOUND = Duration.ofSeconds(2);

    /** For what may block for ever: as many as do, and none after a moment. The first attempt takes over the warm-up's. */
    private static final Executor THREADS = new ThreadPoolExecutor(
            0, Integer.MAX_VALUE, 100, TimeUnit.MILLISECONDS, new SynchronousQueue<>(), Attempts::worker);

    /** A connection that answered. */
    record Connected<C>(C connection, ConnectReport report, Runnable free) {}

    /** Runs on a thread of its own, which is interrupted when somebody else completes the future. */
    static <T> CompletableFuture<T> async(Supplier<T> connect, Consumer<T> close) {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread thread = daemon("hardening-redis-start", () -> {
            try {
                T connected = connect.get();
                if (!result.complete(connected)) {
                    close.accept(connected);
                }
            } catch (RuntimeException | Error failed) {
                result.completeExceptionally(failed);
            }
        });
        var unused = result.whenComplete((connected, failure) -> {
            if (!Thread.currentThread().equals(thread)) {
                thread.interrupt();
            }
        });
        thread.start();
        return result;
    }

    /** Before the deadline's clock starts. */
    static Duration warmUp(RedisConnector.Builder options, String endpoint) {
        try {
            return WarmUp.await(options.uris.get(0).isSsl());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new RedisConnectException(List.of(interrupted(1, endpoint, Duration.ZERO, interrupted)));
        }
    }

    private static Attempt interrupted(int number, String endpoint, Duration took, InterruptedException interrupted) {
        return new Attempt(
                number,
                endpoint,
                took,
                Optional.empty(),
                Verdict.TRANSIENT,
                "interrupted while connecting",
                interrupted);
    }

    /** On a thread that may block, with the caller's context class loader, where Lettuce looks some of its classes up. */
    static void aside(Runnable task) {
        ClassLoader callers = Thread.currentThread().getContextClassLoader();
        THREADS.execute(() -> {
            Thread.currentThread().setContextClassLoader(callers);
            task.run();
        });
    }

    /** It serves several callers, and inherits nothing of the one that happens to start it. */
    private static Thread worker(Runnable task) {
        Thread thread = new Thread(null, task, "hardening-redis-connect", 0, false);
        thread.setDaemon(true);
        return thread;
    }

    static Thread daemon(String name, Runnable task) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    private final RedisConnector.Builder options;
    private final String endpoint;
    private final Dialing<C> dialing;
    private final @Nullable OwnResources own;
    private final Duration warmUp;
    private final List<Attempt> failed = new ArrayList<>();
    private final List<ConnectionTry<C>> tries = new ArrayList<>();
    private final long start;
    private Duration scheduled = Duration.ZERO;
    private Duration waited = Duration.ZERO;
    private boolean warnedOfCachedNames;

    /** Takes null for the resources of a client that is the caller's. The deadline's clock starts here. */
    Attempts(
            RedisConnector.Builder options,
            String endpoint,
            Dialing<C> dialing,
            @Nullable OwnResources own,
            Duration warmUp) {
        this.options = options;
        this.endpoint = endpoint;
        this.dialing = dialing;
        this.own = own;
        this.warmUp = warmUp;
        start = options.nanoTime.getAsLong();
    }

    /** Frees everything that is not the caller's, if it fails, in whatever way. */
    Connected<C> connect() {
        try {
            return attempt();
        } catch (RuntimeException | Error failure) {
            tries.forEach(ConnectionTry::abandon);
            if (own != null) {
                daemon("hardening-redis-free", () -> freeAfterwards(own)).start();
            }
            throw failure;
        }
    }

    private Connected<C> attempt() {
        for (int number = 1; ; number++) {
            ConnectionTry<C> connectionTry = new ConnectionTry<>(dialing, options.requiredRole);
            tries.add(connectionTry);
            long from = options.nanoTime.getAsLong();
            Throwable failure;
            try {
                return connected(connectionTry, number, from);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                failed.add(interrupted(number, endpoint, since(from), interrupted));
                throw new RedisConnectException(failed);
            } catch (ExecutionException refused) {
                Throwable cause = Objects.requireNonNull(refused.getCause());
                failure = handshakeTimedOut(cause) ? timedOut(connectionTry, from, cause) : cause;
            } catch (TimeoutException silent) {
                failure = timedOut(connectionTry, from, silent);
            }
            connectionTry.abandon();
            Attempt attempt = judge(number, since(from), failure);
            failed.add(attempt);
            tell(listener -> listener.attemptFailed(attempt));
            log(attempt);
            Duration wait = attempt.nextWait().orElseThrow(() -> new RedisConnectException(failed));
            try {
                options.sleeper.sleep(wait);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                throw new RedisConnectException(failed, "interrupted while waiting to try again", interrupted);
            }
            waited = waited.plus(wait);
        }
    }

    /** What ends a start is in the exception; it is warned of too if nothing was said of this start before. */
    private void log(Attempt attempt) {
        boolean warn = attempt.nextWait().isPresent() || attempt.number() == 1;
        LOG.atLevel(warn ? Level.WARN : Level.INFO)
                .log(
                        "Redis connection attempt {}/{} to {} failed: {}; {}",
                        attempt.number(),
                        options.attempts,
                        endpoint,
                        attempt.reason(),
                        attempt.nextWait()
                                .map(wait -> "next attempt in " + wait.toMillis() + " ms")
                                .orElse("no further attempt"));
    }

    private Connected<C> connected(ConnectionTry<C> connectionTry, int number, long from)
            throws InterruptedException, ExecutionException, TimeoutException {
        ConnectionTry.Result<C> result = connectionTry.run().get(budget().toNanos(), TimeUnit.NANOSECONDS);
        Duration took = since(from);
        if (own != null) {
            own.verified(true);
            if (!result.connection().isOpen()) {
                own.verified(false);
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
                own.free(dialing.client());
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

    /** Lettuce's own bound for a handshake is the attempt's, and may be reached a moment before ours. */
    private static boolean handshakeTimedOut(Throwable failure) {
        for (Throwable one = failure; one != null; one = one.getCause()) {
            if (one instanceof RedisCommandTimeoutException
                    && String.valueOf(one.getMessage()).startsWith("Connection initialization timed out")) {
                return true;
            }
        }
        return false;
    }

    private TimeoutException timedOut(ConnectionTry<C> connectionTry, long from, Throwable cause) {
        TimeoutException told = new TimeoutException(
                "timed out after " + since(from).toMillis() + " ms while " + connectionTry.phase());
        told.initCause(cause);
        return told;
    }

    private Attempt judge(int number, Duration took, Throwable failure) {
        Diagnosis diagnosis = Diagnosis.of(
                failure,
                dialing.uri().isSsl(),
                own == null ? null : own.channels().lastError());
        warnOfCachedNames(failure);
        Attempt attempt =
                new Attempt(number, endpoint, took, Optional.empty(), diagnosis.verdict(), diagnosis.reason(), failure);
        boolean again = number < options.attempts
                && (diagnosis.verdict() == Verdict.TRANSIENT || options.retryOn.test(attempt));
        return attempt.before(again ? nextWait(number, diagnosis) : Optional.empty());
    }

    /** Empty if there is no time for another attempt. */
    private Optional<Duration> nextWait(int number, Diagnosis diagnosis) {
        Duration left = min(options.deadline.minus(waited), left().plus(TOLERANCE));
        Duration planned = options.backoff.after(number);
        Duration wait = planned;
        if (options.jitter > 0) {
            double factor = 1 + options.jitter * (2 * options.random.getAsDouble() - 1);
            wait = Duration.ofNanos((long) (wait.toNanos() * factor));
        }
        Duration asked = diagnosis.serverAsksToWait().orElse(Duration.ZERO);
        if (asked.compareTo(wait) > 0 && asked.compareTo(left) < 0) {
            planned = asked;
            wait = asked;
        }
        scheduled = scheduled.plus(planned);
        boolean fits = scheduled.compareTo(options.deadline) <= 0 && left.compareTo(wait.dividedBy(2)) >= 0;
        return fits ? Optional.of(min(wait, left)) : Optional.empty();
    }

    /** What the next attempt may take. */
    private Duration budget() {
        Duration bounded = min(left(), options.attemptTimeout);
        return bounded.compareTo(TOLERANCE) < 0 ? TOLERANCE : bounded;
    }

    /** By the clock; negative if it is over. */
    private Duration left() {
        return options.deadline.minus(since(start));
    }

    private Duration since(long from) {
        return Duration.ofNanos(options.nanoTime.getAsLong() - from);
    }

    private static Duration min(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    private void warnOfCachedNames(Throwable failure) {
        String seconds = Security.getProperty("networkaddress.cache.negative.ttl");
        for (Throwable one = failure; one != null && !warnedOfCachedNames; one = one.getCause()) {
            if (one instanceof UnknownHostException
                    && seconds != null
                    && (seconds.startsWith("-")
                            || (seconds.length() < 9
                                    && seconds.chars().allMatch(Character::isDigit)
                                    && Integer.parseInt(seconds) > options.deadline.toSeconds()))) {
                warnedOfCachedNames = true;
                LOG.warn(
                        "The JVM remembers for {} s that a name did not resolve, longer than the deadline: no attempt can"
                                + " help within it (networkaddress.cache.negative.ttl)",
                        seconds);
            }
        }
    }

    private void freeAfterwards(OwnResources resources) {
        try {
            for (ConnectionTry<C> one : tries) {
                one.awaitDialed(DIALING_BOUND);
            }
        } catch (InterruptedException nobodyDoes) {
            Thread.currentThread().interrupt();
        }
        resources.freeAfterFailure(dialing.client());
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
