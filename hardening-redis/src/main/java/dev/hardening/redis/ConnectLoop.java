package dev.hardening.redis;

import dev.hardening.redis.Attempt.Verdict;
import io.lettuce.core.api.StatefulConnection;
import java.net.UnknownHostException;
import java.security.Security;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** The attempts of one start, with the waits between them: the same for one server and for a cluster. */
final class ConnectLoop<C extends StatefulConnection<String, String>> {

    private static final Logger LOG = LoggerFactory.getLogger(RedisConnector.class);

    /** How long a client that failed is kept for an attempt that is still opening a connection. */
    private static final Duration OPENING_BOUND = Duration.ofSeconds(2);

    private final RedisConnector.Builder options;
    private final Target<C> target;
    private final Duration warmUp;
    private final Schedule schedule;
    private final List<Attempt> failed = new ArrayList<>();
    private final List<ConnectAttempt<C>> attempts = new ArrayList<>();
    private final long start;
    private boolean warnedOfCachedNames;

    /** The deadline's clock starts here. */
    private ConnectLoop(RedisConnector.Builder options, Target<C> target, Duration warmUp) {
        this.options = options;
        this.target = target;
        this.warmUp = warmUp;
        schedule = new Schedule(options.policy(), options.random);
        start = options.nanoTime.getAsLong();
    }

    /**
     * Connects. Frees everything that is not the caller's if it fails, in whatever way.
     *
     * @param target makes what is connected to, once the client's classes are loaded
     */
    static <C extends StatefulConnection<String, String>> Session<C> connect(
            RedisConnector.Builder options, Supplier<Target<C>> target) {
        Duration warmUp;
        try {
            warmUp = WarmUp.await(options.uris.get(0).isSsl());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new RedisConnectException(
                    List.of(interrupted(1, SafeUri.endpoint(options.uris), Duration.ZERO, interrupted)));
        }
        return new ConnectLoop<>(options, target.get(), warmUp).run();
    }

    private Session<C> run() {
        try {
            return attempt();
        } catch (Throwable failure) { // Kotlin code of the caller may throw any
            attempts.forEach(ConnectAttempt::abandon);
            ClientRuntime ours = target.runtime();
            if (ours != null) {
                Workers.run(() -> freeAfterwards(ours));
            }
            throw failure;
        }
    }

    private Session<C> attempt() {
        for (int number = 1; ; number++) {
            ConnectAttempt<C> attempt = new ConnectAttempt<>(target, target::connect, options.nanoTime);
            attempts.add(attempt);
            long from = options.nanoTime.getAsLong();
            Throwable failure;
            try {
                return connected(attempt.run(schedule.attemptBudget(since(start))), number);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                failed.add(interrupted(number, target.endpoint(), since(from), interrupted));
                throw new RedisConnectException(failed);
            } catch (ExecutionException refused) {
                failure = Objects.requireNonNull(refused.getCause());
            }
            attempt.abandon();
            Attempt ended = judge(number, since(from), failure);
            failed.add(ended);
            options.listeners.tell(listener -> listener.attemptFailed(ended));
            log(ended);
            Duration wait = ended.nextWait().orElseThrow(() -> new RedisConnectException(failed));
            try {
                options.sleeper.sleep(wait);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                throw new RedisConnectException(failed, "interrupted while waiting to try again", interrupted);
            }
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
                        attempt.endpoint(),
                        attempt.reason(),
                        attempt.nextWait()
                                .map(wait -> "next attempt in " + wait.toMillis() + " ms")
                                .orElse("no further attempt"));
    }

    private Session<C> connected(ConnectAttempt.Result<C> result, int number) throws ExecutionException {
        ClientRuntime ours = target.runtime();
        target.connectedTo(result.server());
        if (ours != null) {
            ours.started(true);
            if (!result.connection().isOpen()) {
                ours.started(false);
                throw new ExecutionException(new Diagnosis.ClosedEarly());
            }
            ours.channels().require(target.requirement());
        }
        ConnectReport report = new ConnectReport(
                target.endpoint(),
                result.server().version(),
                result.server().role(),
                result.server().mode(),
                number,
                warmUp,
                result.connect(),
                result.ping());
        target.commandTimeout(result.connection(), options.commandTimeout());
        if (options.clusterNode && report.mode().equals("cluster")) {
            // connectAny() closes this connection and connects to the cluster: listeners are told of that one only.
            RedisConnector.Builder untold = new RedisConnector.Builder(options);
            untold.listeners = new Listeners(List.of());
            return new Session<>(untold, target, result.connection(), report);
        }
        LOG.info(
                "Connected to Redis {} {} as {} at {}",
                report.version(),
                report.mode(),
                report.role(),
                report.endpoint());
        target.watch(result.connection());
        options.listeners.tell(listener -> listener.connected(report));
        return new Session<>(options, target, result.connection(), report);
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

    private Attempt judge(int number, Duration took, Throwable failure) {
        Diagnosis diagnosis = target.diagnose(failure, false);
        warnOfCachedNames(failure);
        Attempt attempt = new Attempt(
                number, target.endpoint(), took, Optional.empty(), diagnosis.verdict(), diagnosis.reason(), failure);
        boolean again = number < options.attempts
                && (diagnosis.verdict() == Verdict.TRANSIENT || options.retryOn.test(attempt));
        return attempt.before(
                again ? schedule.waitAfter(number, since(start), diagnosis.serverAsksToWait()) : Optional.empty());
    }

    private Duration since(long from) {
        return Duration.ofNanos(options.nanoTime.getAsLong() - from);
    }

    private void warnOfCachedNames(Throwable failure) {
        String seconds = Security.getProperty("networkaddress.cache.negative.ttl");
        if (!warnedOfCachedNames
                && seconds != null
                && (seconds.startsWith("-")
                        || (seconds.matches("\\d{1,8}") && Integer.parseInt(seconds) > options.deadline.toSeconds()))
                && Failure.of(failure, Failure.Context.UNKNOWN).stream()
                        .anyMatch(one -> one.find(UnknownHostException.class).isPresent())) {
            warnedOfCachedNames = true;
            LOG.warn(
                    "The JVM remembers for {} s that a name did not resolve, longer than the deadline: no attempt can"
                            + " help within it (networkaddress.cache.negative.ttl)",
                    seconds);
        }
    }

    private void freeAfterwards(ClientRuntime ours) {
        try {
            for (ConnectAttempt<C> one : attempts) {
                one.awaitEnd(OPENING_BOUND);
            }
        } catch (InterruptedException never) {
            Thread.currentThread().interrupt();
        }
        ours.freeAfterFailure(target.client());
    }
}
