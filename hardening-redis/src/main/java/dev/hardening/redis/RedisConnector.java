package dev.hardening.redis;

import dev.hardening.redis.Attempt.Verdict;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.Delay;
import java.net.UnknownHostException;
import java.security.Security;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connects to Redis at start-up: with a PING that has to be answered, with backoff, and within a deadline that bounds
 * everything, or fails with the reason.
 *
 * <p>Three attempts, waits of 1 s, 2 s, 4 s, …, and seven seconds in all; each is an option. The deadline's clock starts
 * once the client's classes are loaded. A failure that another attempt cannot mend, such as a wrong password, ends it at
 * once.
 *
 * <p>Immutable and safe for use by several threads; each {@link #connect()} makes a connection of its own.
 */
public final class RedisConnector {

    private static final Logger LOG = LoggerFactory.getLogger(RedisConnector.class);

    /** How far over the deadline the waits may end, so that what the attempts cost does not void the last of them. */
    private static final Duration TOLERANCE = Duration.ofMillis(100);

    private final Builder options;
    private final RedisURI uri;
    private final String endpoint;

    private RedisConnector(Builder builder) {
        options = builder;
        uri = builder.uri;
        endpoint = SafeUri.endpoint(uri);
    }

    /**
     * Begins a connector.
     *
     * @param uri {@code redis://}, {@code rediss://}, {@code redis-socket://} or {@code redis-sentinel://}, as Lettuce
     *     reads it
     * @throws IllegalArgumentException if it is none, or its password holds a raw {@code @}, {@code #}, {@code /} or
     *     {@code %}; the message does not show it
     */
    public static Builder builder(String uri) {
        return new Builder(SafeUri.parse(Objects.requireNonNull(uri, "uri")));
    }

    /** Begins a connector for a URI that is built already. */
    public static Builder builder(RedisURI uri) {
        return new Builder(Objects.requireNonNull(uri, "uri"));
    }

    /**
     * Connects, and returns a connection that answered PING.
     *
     * @throws RedisConnectException if that fails, or the thread is interrupted, whose flag stays set
     */
    public ConnectedRedis connect() {
        Duration warmUp = options.client == null ? options.warmUp.get() : Duration.ZERO;
        AtomicBoolean verified = new AtomicBoolean();
        ClientResources resources = options.client == null ? resources(verified) : null;
        RedisClient client = resources == null ? Objects.requireNonNull(options.client) : RedisClient.create(resources);
        if (resources != null) {
            client.setOptions(options.clientOptions);
        }
        Session session = new Session(client, resources, verified, warmUp);
        try {
            return session.connect();
        } catch (RedisConnectException failed) {
            session.freeInBackground();
            throw failed;
        }
    }

    /**
     * Connects on a thread of its own. Cancelling the future ends the attempts, and a connection that completes after
     * that is closed.
     *
     * @return it fails with {@link RedisConnectException}
     */
    public CompletableFuture<ConnectedRedis> connectAsync() {
        CompletableFuture<ConnectedRedis> result = new CompletableFuture<>();
        Thread thread = daemon("hardening-redis-start", () -> {
            try {
                ConnectedRedis connected = connect();
                if (!result.complete(connected)) {
                    connected.close();
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

    /** Until the connection is verified Lettuce must not reconnect it behind our back: that would hide a drop. */
    private static ClientResources resources(AtomicBoolean verified) {
        Delay usual = Delay.exponential();
        return ClientResources.builder()
                .ioThreadPoolSize(2)
                .computationThreadPoolSize(2)
                .reconnectDelay(new Delay() {
                    @Override
                    public Duration createDelay(long attempt) {
                        return verified.get() ? usual.createDelay(attempt) : Duration.ofHours(1);
                    }
                })
                .build();
    }

    /** One call of {@link #connect()}. */
    private final class Session {

        private final RedisClient client;
        private final @Nullable ClientResources resources;
        private final AtomicBoolean verified;
        private final Duration warmUp;
        private final List<Attempt> failed = new ArrayList<>();
        private final long start = options.nanoTime.getAsLong();
        private Duration spent = Duration.ZERO;
        private Duration waited = Duration.ZERO;

        Session(RedisClient client, @Nullable ClientResources resources, AtomicBoolean verified, Duration warmUp) {
            this.client = client;
            this.resources = resources;
            this.verified = verified;
            this.warmUp = warmUp;
        }

        ConnectedRedis connect() {
            for (int number = 1; ; number++) {
                Attempt attempt = null;
                ConnectionTry connectionTry = new ConnectionTry(client, uri, options.requiredRole);
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

        private ConnectedRedis connected(ConnectionTry connectionTry, int number, Duration budget)
                throws InterruptedException, ExecutionException, TimeoutException {
            long from = options.nanoTime.getAsLong();
            ConnectionTry.Result result = connectionTry.run().get(budget.toNanos(), TimeUnit.NANOSECONDS);
            Duration took = Duration.ofNanos(options.nanoTime.getAsLong() - from);
            ConnectReport report = new ConnectReport(
                    endpoint,
                    result.version(),
                    result.role(),
                    result.mode(),
                    number,
                    warmUp,
                    took.compareTo(result.ping()) > 0 ? took.minus(result.ping()) : Duration.ZERO,
                    result.ping());
            verified.set(true);
            if (uri.getTimeout().equals(RedisURI.DEFAULT_TIMEOUT_DURATION) && resources != null) {
                result.connection().setTimeout(Builder.COMMAND_TIMEOUT);
            }
            connectionTry.becomesCurrent(
                    () -> tell(ConnectListener::disconnected), () -> tell(ConnectListener::reconnected));
            LOG.info("Connected to Redis {} {} as {} at {}", report.version(), report.mode(), report.role(), endpoint);
            tell(listener -> listener.connected(report));
            return new ConnectedRedis(client, result.connection(), report, () -> {
                connectionTry.stopListening();
                if (resources == null) {
                    result.connection().close();
                } else {
                    free(); // the client closes its connections itself
                }
            });
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
            Diagnosis diagnosis = Diagnosis.of(failure, uri.isSsl());
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

        private void free() {
            if (resources != null) {
                Shutdown.quietly(client, resources);
            }
        }

        void freeInBackground() {
            if (resources != null) {
                daemon("hardening-redis-free", this::free).start();
            }
        }

        private void tell(java.util.function.Consumer<ConnectListener> event) {
            if (options.listener != null) {
                try {
                    event.accept(options.listener);
                } catch (RuntimeException thrown) {
                    LOG.warn("A connect listener threw {}", thrown.getClass().getName());
                }
            }
        }
    }

    /** Prints where it connects to, without user and password. */
    @Override
    public String toString() {
        return "RedisConnector[" + endpoint + "]";
    }

    /** The options of a connector. Not safe for use by several threads. */
    public static final class Builder {

        static final Duration COMMAND_TIMEOUT = Duration.ofSeconds(5);
        private static final int QUEUED_COMMANDS = 10_000;

        private final RedisURI uri;
        private int attempts = 3;
        private Backoff backoff = Backoff.exponential(Duration.ofSeconds(1));
        private Duration deadline = Duration.ofSeconds(7);
        private Duration attemptTimeout = Duration.ofSeconds(3);
        private double jitter;
        private @Nullable Role requiredRole;
        private Predicate<Attempt> retryOn = attempt -> false;
        private @Nullable RedisClient client;
        private ClientOptions clientOptions = ClientOptions.builder()
                .disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
                .requestQueueSize(QUEUED_COMMANDS)
                .timeoutOptions(io.lettuce.core.TimeoutOptions.enabled())
                .build();
        private boolean clientOptionsGiven;
        private @Nullable ConnectListener listener;
        private Sleeper sleeper = duration -> TimeUnit.NANOSECONDS.sleep(duration.toNanos());
        private LongSupplier nanoTime = System::nanoTime;
        private DoubleSupplier random = () -> ThreadLocalRandom.current().nextDouble();
        private java.util.function.Supplier<Duration> warmUp = WarmUp::once;

        private Builder(RedisURI uri) {
            this.uri = uri;
        }

        private Builder(Builder other) {
            uri = other.uri;
            attempts = other.attempts;
            backoff = other.backoff;
            deadline = other.deadline;
            attemptTimeout = other.attemptTimeout;
            jitter = other.jitter;
            requiredRole = other.requiredRole;
            retryOn = other.retryOn;
            client = other.client;
            clientOptions = other.clientOptions;
            clientOptionsGiven = other.clientOptionsGiven;
            listener = other.listener;
            sleeper = other.sleeper;
            nanoTime = other.nanoTime;
            random = other.random;
            warmUp = other.warmUp;
        }

        /** How many times it is tried at the most; 3. */
        public Builder attempts(int number) {
            attempts = number;
            return this;
        }

        /** The waits between attempts; 1 s, 2 s, 4 s, …. */
        public Builder backoff(Backoff waits) {
            backoff = Objects.requireNonNull(waits);
            return this;
        }

        /** How long it may take in all: names, credentials, TLS, handshake, PING and waits; 7 s. */
        public Builder deadline(Duration inAll) {
            deadline = Objects.requireNonNull(inAll);
            return this;
        }

        /** How long one attempt may take, within the deadline; 3 s. */
        public Builder attemptTimeout(Duration each) {
            attemptTimeout = Objects.requireNonNull(each);
            return this;
        }

        /** By which part of it a wait may be shorter or longer, from 0, which is the default, to 1. */
        public Builder jitter(double part) {
            jitter = part;
            return this;
        }

        /** Connects only to a server of this role; by default to any. */
        public Builder requireRole(Role role) {
            requiredRole = Objects.requireNonNull(role);
            return this;
        }

        /** Overrules a permanent verdict: tries again where it says true, such as while a password is being rotated. */
        public Builder retryOn(Predicate<Attempt> again) {
            retryOn = Objects.requireNonNull(again);
            return this;
        }

        /** The caller's client, with the caller's options; it is never shut down here. */
        public Builder client(RedisClient callers) {
            client = Objects.requireNonNull(callers);
            return this;
        }

        /** Lettuce's options, instead of a bounded queue, timeouts, and commands that fail while disconnected. */
        public Builder clientOptions(ClientOptions lettuces) {
            clientOptions = Objects.requireNonNull(lettuces);
            clientOptionsGiven = true;
            return this;
        }

        /** Who is told what becomes of the connection; by default nobody. */
        public Builder listener(ConnectListener told) {
            listener = Objects.requireNonNull(told);
            return this;
        }

        /** What waits between attempts; by default the thread sleeps. */
        public Builder sleeper(Sleeper waits) {
            sleeper = Objects.requireNonNull(waits);
            return this;
        }

        Builder nanoTime(LongSupplier clock) {
            nanoTime = clock;
            return this;
        }

        Builder random(DoubleSupplier zeroToOne) {
            random = zeroToOne;
            return this;
        }

        /**
         * The connector.
         *
         * @throws IllegalArgumentException if the options do not fit together; the message says which
         */
        public RedisConnector build() {
            require(attempts >= 1, "attempts has to be at least 1");
            require(isPositive(deadline), "deadline has to be positive");
            require(deadline.compareTo(Duration.ofDays(1)) <= 0, "deadline may not be longer than a day");
            require(isPositive(attemptTimeout), "attemptTimeout has to be positive");
            require(jitter >= 0 && jitter <= 1, "jitter has to be between 0 and 1");
            require(client == null || !clientOptionsGiven, "clientOptions are for our own client: set them on yours");
            return new RedisConnector(new Builder(this));
        }

        private static boolean isPositive(Duration duration) {
            return !duration.isNegative() && !duration.isZero();
        }

        private static void require(boolean condition, String reason) {
            if (!condition) {
                throw new IllegalArgumentException(reason);
            }
        }
    }
}
