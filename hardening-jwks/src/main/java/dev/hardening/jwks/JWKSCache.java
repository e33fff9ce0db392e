package dev.hardening.jwks;

import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.RemoteKeySourceException;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKMatcher;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.proc.SecurityContext;
import dev.hardening.jwks.CacheState.Turn;
import dev.hardening.jwks.Flight.Landing;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A cache of one JSON Web Key Set (RFC 7517) that survives key rotation and outages of its endpoint.
 *
 * <p>Keys live for an hour. Five minutes before its end the first read, or a timer where there are no reads, refreshes
 * them in the background. If that fails, the old keys stay, for a day after they were fetched at the most, and it is
 * tried again with backoff. An unknown key id refreshes at most once in 30 s. All of these are options.
 *
 * <p>Safe for use by several threads; make one for each endpoint and share it. {@link #close()} it when the service
 * stops; a cache that is not closed keeps no JVM alive.
 */
public final class JWKSCache implements AutoCloseable {

    private static final String SUPABASE_PATH = "/auth/v1/.well-known/jwks.json";

    /** Runs a task after a delay; the real one is shared by all caches. */
    @FunctionalInterface
    interface Timer {
        Future<?> schedule(Runnable task, long delayNanos);

        /** Runs what may block, for which the timer's own thread is no place. */
        default Executor workers() {
            return Shared.workers();
        }
    }

    private final URI uri;
    private final String place;
    private final JWKSFetcher fetcher;
    private final Duration fetchTimeout;
    private final int maxResponseBytes;
    private final @Nullable Executor executor;
    private final CacheState state;
    private final Events events;
    private final @Nullable SavedKeys saved;
    private final Alarm alarm;

    private JWKSCache(Builder builder) {
        uri = builder.uri;
        place = uri.getScheme() + "://" + uri.getAuthority() + uri.getPath();
        fetcher = builder.fetcher;
        fetchTimeout = builder.fetchTimeout;
        maxResponseBytes = builder.maxResponseBytes;
        executor = builder.executor;
        events = new Events(place, builder.listener);
        saved = builder.store == null ? null : new SavedKeys(builder.store, uri, place, builder.clock);
        alarm = new Alarm(builder.timer, builder.ownTicker, this);
        state = new CacheState(
                new CacheState.Times(
                        builder.timeToLive.toNanos(), builder.refreshBefore.toNanos(), builder.staleFor.toNanos()),
                new Budgets(builder.unknownKeyCooldown.toNanos(), builder.random, builder.ticker.read()),
                builder.ticker,
                builder.clock,
                new Observing());
        if (saved != null) {
            saved.restore(builder.staleFor, events::rejected)
                    .ifPresent(restored -> state.restore(restored.keys(), restored.age(), restored.fetchedAt()));
            events.tell(Shared.aside());
        }
    }

    /**
     * Begins a cache of a key endpoint. Nothing is fetched before the first read.
     *
     * @param jwksUri {@code https}, or {@code http} to a loopback address
     */
    public static Builder builder(URI jwksUri) {
        return new Builder(Objects.requireNonNull(jwksUri, "jwksUri"));
    }

    /**
     * Where a Supabase project publishes its keys: {@code <url>/auth/v1/.well-known/jwks.json}.
     *
     * @param projectUrl such as {@code https://abc.supabase.co}, with or without a slash at its end
     * @throws IllegalArgumentException if it has a query or a fragment
     */
    public static URI supabaseJwksUri(URI projectUrl) {
        return URI.create(supabaseBase(projectUrl) + SUPABASE_PATH);
    }

    static String supabaseBase(URI projectUrl) {
        if (projectUrl.getRawQuery() != null || projectUrl.getRawFragment() != null) {
            throw new IllegalArgumentException("the project's URL may not have a query or a fragment");
        }
        String text = projectUrl.toString();
        int end = text.length();
        while (end > 0 && text.charAt(end - 1) == '/') {
            end--;
        }
        return text.substring(0, end);
    }

    /**
     * The current key set, as it was published, without what is private, symmetric or rejected. Waits only when there are
     * no keys, or when they have expired and no background refresh was tried.
     *
     * @throws JWKSUnavailableException if there are no usable keys, or the thread is interrupted while it has to wait
     */
    public JWKSet getKeys() {
        return keysFor(null).jwkSet();
    }

    /** {@link #getKeys()} without waiting: the future fails with {@link JWKSUnavailableException} where that throws. */
    public CompletableFuture<JWKSet> getKeysAsync() {
        CompletableFuture<JWKSet> result = new CompletableFuture<>();
        completeWhenUsable(result);
        return result;
    }

    private void completeWhenUsable(CompletableFuture<JWKSet> result) {
        Snapshot ready = state.ready();
        if (ready != null) {
            result.complete(ready.keys().jwkSet());
            return;
        }
        Turn turn = state.read();
        launch(turn.begun());
        Flight awaited = turn.awaited();
        if (awaited == null) {
            complete(result, turn.held());
            return;
        }
        // What depends on the result runs where it may block: not on the thread that the next fetch needs.
        Executor dependents = awaited.landed().isDone() ? Runnable::run : ForkJoinPool.commonPool();
        var unused = awaited.landed()
                .whenCompleteAsync(
                        (landing, failure) -> {
                            if (landing == Landing.SUPERSEDED) {
                                completeWhenUsable(result);
                            } else {
                                complete(result, state.usable());
                            }
                        },
                        dependents);
    }

    private void complete(CompletableFuture<JWKSet> result, @Nullable Snapshot held) {
        if (held == null) {
            result.completeExceptionally(state.unavailable(place));
        } else {
            result.complete(held.keys().jwkSet());
        }
    }

    /**
     * The key of a key id. An unknown one refreshes the set, at most once in its cooldown, and is waited for.
     *
     * @param kid as in a token's header; null, for a token without one, asks for the set's only key
     * @return the key, or empty if the set has none of that id, or for null several keys; never another key
     * @throws JWKSUnavailableException if there are no usable keys, or the thread is interrupted while it has to wait
     */
    public Optional<SigningKey> findKey(@Nullable String kid) {
        return keysFor(kid).first(kid);
    }

    /** The keys, refreshed within the budget if they have not this key id; null asks for the keys as they are. */
    KeySet keysFor(@Nullable String kid) {
        Snapshot ready = state.ready();
        return ready != null && (kid == null || ready.keys().has(kid)) ? ready.keys() : seek(kid);
    }

    /**
     * {@link #findKey} without waiting: the future fails with {@link JWKSUnavailableException} where that throws, and is
     * already complete when the key is held.
     */
    public CompletableFuture<Optional<SigningKey>> findKeyAsync(@Nullable String kid) {
        return keysForAsync(kid).thenApply(keys -> keys.first(kid));
    }

    /** {@link #keysFor} without waiting. */
    CompletableFuture<KeySet> keysForAsync(@Nullable String kid) {
        Snapshot ready = state.ready();
        return ready != null && (kid == null || ready.keys().has(kid))
                ? CompletableFuture.completedFuture(ready.keys())
                : CompletableFuture.supplyAsync(() -> seek(kid), Shared.workers());
    }

    /**
     * The keys, refreshed once within the budget for unknown key ids if they are still those that were tried in vain.
     *
     * @return the set that was tried if no fetch is allowed
     */
    @SuppressWarnings("ReferenceEquality") // each fetch that changes something makes a new set
    KeySet newerThan(KeySet tried) {
        KeySet held = keysFor(null);
        if (held != tried) {
            return held;
        }
        Turn search = state.seekNewer(tried);
        launch(search.begun());
        if (search.awaited() != null) {
            await(search.awaited());
        }
        return keysFor(null);
    }

    /** {@link #newerThan} without waiting. */
    CompletableFuture<KeySet> newerThanAsync(KeySet tried) {
        return CompletableFuture.supplyAsync(() -> newerThan(tried), Shared.workers());
    }

    private KeySet seek(@Nullable String kid) {
        Flight own = null;
        boolean joined = false;
        while (true) {
            Turn turn = state.read();
            launch(turn.begun());
            if (turn.awaited() != null && await(turn.awaited()) == Landing.SUPERSEDED) {
                continue;
            }
            Snapshot held = turn.awaited() == null ? turn.held() : state.usable();
            if (held == null) {
                throw state.unavailable(place);
            }
            if (kid == null || held.keys().has(kid)) {
                return held.keys();
            }
            // A flight that began with this look-up is as good as one for the unknown key id.
            own = turn.begun() == null ? own : turn.begun();
            if (own != null && await(own) == Landing.SUPERSEDED) {
                own = null;
                continue;
            }
            Turn search = state.seek(kid, own != null);
            launch(search.begun());
            Landing landing = search.awaited() == null ? Landing.SUCCEEDED : await(search.awaited());
            if (landing == Landing.SUPERSEDED) {
                continue; // The invalidation that dropped the answer has a fetch of its own.
            }
            if (search.awaited() == null || search.begun() != null || joined) {
                Snapshot latest = state.usable();
                return (latest == null ? held : latest).keys();
            }
            joined = true; // Another's may have left before the key was published: once more, with one of our own.
        }
    }

    private Landing await(Flight awaited) {
        try {
            return awaited.landed().get();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new JWKSUnavailableException("interrupted while waiting for " + place, null);
        } catch (ExecutionException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /**
     * Lets the next read fetch, and what is being fetched already never become current. The old keys are a fallback from
     * now on: they are used only while fetching fails, or while there are more invalidations than a burst of 5 and one in
     * 10 s, which is as often as they fetch.
     */
    public void invalidate() {
        state.invalidate();
    }

    /** What the cache knows about itself. It fetches nothing, and never says {@code FRESH} of keys that are not. */
    public JWKSCacheStatus status() {
        return state.status();
    }

    /**
     * This cache as a source for Nimbus's {@code DefaultJWTProcessor} and Spring Security's
     * {@code NimbusJwtDecoder.withJwkSource}. An outage without usable keys is a {@link KeySourceException}.
     */
    public <C extends SecurityContext> JWKSource<C> asJWKSource() {
        return (selector, context) -> {
            try {
                JWKMatcher matcher = selector.getMatcher();
                Set<String> kids = matcher.getKeyIDs();
                KeySet keys = keysFor(null);
                if (kids != null) {
                    for (String kid : kids) {
                        keys = keysFor(kid);
                    }
                }
                List<JWK> selected = new ArrayList<>();
                for (SigningKey key : keys.keys()) {
                    if (matcher.matches(key.jwk())) {
                        selected.add(key.jwk());
                    }
                }
                return selected;
            } catch (JWKSUnavailableException unavailable) {
                throw new RemoteKeySourceException(String.valueOf(unavailable.getMessage()), unavailable);
            }
        };
    }

    /** Stops refreshing. Keys that are held go on being returned while they are usable; nothing is fetched any more. */
    @Override
    public void close() {
        Flight last = state.close();
        alarm.end();
        if (last != null) {
            last.abort();
        }
    }

    // ---- fetching

    private void launch(@Nullable Flight begun) {
        launch(begun, executor != null);
    }

    /**
     * Launches a flight, on this thread or on one that has the time: not on a reader's own, which would pay for building an
     * HTTP client, and not on the timer's, whatever the caller's executor does.
     */
    private void launch(@Nullable Flight begun, boolean here) {
        if (begun != null) {
            JWKSFetcher.Request request = request(begun);
            try {
                begun.arm(alarm.timer, request, this::land);
            } catch (Throwable exhausted) { // there may be no thread left to start, and nothing else would end it
                land(begun, null, exhausted);
                return;
            }
            Runnable launching = () -> begun.launch(fetcher, request, executor, this::land);
            if (here) {
                launching.run();
            } else {
                try {
                    alarm.timer.workers().execute(launching);
                } catch (Throwable exhausted) { // there may be no thread left to start
                    land(begun, null, exhausted);
                }
            }
        }
    }

    private JWKSFetcher.Request request(Flight begun) {
        Snapshot basis = begun.basis();
        return new JWKSFetcher.Request(
                uri,
                basis == null ? null : basis.etag(),
                basis == null ? null : basis.lastModified(),
                fetchTimeout,
                maxResponseBytes);
    }

    private void land(Flight landing, JWKSFetcher.@Nullable Response response, @Nullable Throwable problem) {
        if (landing.landed().isDone()) {
            return;
        }
        Throwable failure = Flight.cause(problem);
        KeySet fetched = null;
        if (failure == null) {
            try {
                fetched = parse(Objects.requireNonNull(response, "the fetcher returned null"), landing.basis());
            } catch (Throwable unusable) { // whatever an answer does to a parser, those who wait are not left waiting
                failure = unusable;
            }
        }
        CacheState.Landed landed = state.land(landing, fetched, response, failure);
        if (landed == null) {
            return;
        }
        events.log(landed.result(), landed.status());
        landing.complete(landed.result());
        if (problem instanceof TimeoutException) {
            landing.abort();
        }
        // On the thread of the caller's executor that fetched; else never on a reader's, nor on the one all fetches
        // need.
        events.tell(executor != null && landing.isOnWorker() ? Runnable::run : Shared.aside());
    }

    private KeySet parse(JWKSFetcher.Response response, @Nullable Snapshot basis) throws IOException {
        byte[] body = response.body().orElse(null);
        if (body == null) {
            if (basis == null || (basis.etag() == null && basis.lastModified() == null)) {
                throw new IOException("the endpoint answered \"not modified\" to a request without a condition");
            }
            return basis.fetched();
        }
        if (body.length > maxResponseBytes) {
            throw new IOException("the answer is larger than " + maxResponseBytes + " bytes");
        }
        return KeySetParser.parse(body, basis == null ? null : basis.keys(), events::rejected);
    }

    private final class Observing implements CacheState.Observer {

        @Override
        public void landed(CacheState.Landed landed) {
            SavedKeys store = saved;
            KeySet fetched = landed.fetched();
            if (store != null && fetched != null) {
                events.later(() -> store.save(fetched));
            }
            events.landed(landed.result(), landed.status());
        }

        @Override
        public void dueIn(long nanos) {
            alarm.set(nanos);
        }
    }

    /** Looks again when the next refresh is due; it serves services that nobody reads, and holds its cache weakly. */
    private static final class Alarm {

        private static final long SHORTEST = TimeUnit.MILLISECONDS.toNanos(100);
        private static final long LONGEST_OF_OWN_TICKER = TimeUnit.MILLISECONDS.toNanos(250);

        final Timer timer;
        private final boolean ownTicker;
        private final WeakReference<JWKSCache> cache;
        private final ReentrantLock lock = new ReentrantLock();
        // Guarded by the lock.
        private @Nullable Future<?> task;
        private boolean ended;

        Alarm(Timer timer, boolean ownTicker, JWKSCache cache) {
            this.timer = timer;
            this.ownTicker = ownTicker;
            this.cache = new WeakReference<>(cache);
        }

        void set(long nanos) {
            // A ticker of the caller's may go at another pace than the timer.
            long delay = Math.max(SHORTEST, ownTicker ? Math.min(LONGEST_OF_OWN_TICKER, nanos) : nanos);
            lock.lock();
            try {
                if (task != null) {
                    task.cancel(false);
                }
                task = ended ? null : timer.schedule(this::ring, delay);
            } finally {
                lock.unlock();
            }
        }

        private void ring() {
            JWKSCache rung = cache.get();
            if (rung != null) {
                rung.launch(rung.state.refreshIfDue(), false);
            }
        }

        void end() {
            lock.lock();
            try {
                ended = true;
                if (task != null) {
                    task.cancel(false);
                    task = null;
                }
            } finally {
                lock.unlock();
            }
        }
    }

    /** Prints the endpoint and the state. */
    @Override
    public String toString() {
        return "JWKSCache[" + place + ", " + status().state() + "]";
    }

    /** The options of a cache. Not safe for use by several threads. */
    public static final class Builder {

        private static final Duration LONGEST = Duration.ofDays(365);

        private final URI uri;
        private Duration timeToLive = Duration.ofHours(1);
        private Duration refreshBefore = Duration.ofMinutes(5);
        private Duration staleFor = Duration.ofHours(24);
        private Duration unknownKeyCooldown = Duration.ofSeconds(30);
        private Duration fetchTimeout = Duration.ofSeconds(10);
        private int maxResponseBytes = 512 * 1024;
        private JWKSFetcher fetcher = new HttpFetcher();
        private Ticker ticker = Ticker.system();
        private boolean ownTicker;
        private Clock clock = Clock.systemUTC();
        private DoubleSupplier random = () -> ThreadLocalRandom.current().nextDouble();
        private Timer timer = (task, delay) -> Shared.timerThread().schedule(task, delay, TimeUnit.NANOSECONDS);
        private @Nullable Executor executor;
        private @Nullable JWKSCacheListener listener;
        private @Nullable JWKSSnapshotStore store;

        private Builder(URI uri) {
            this.uri = uri;
        }

        /** How long keys are used without being confirmed; 1 h. The endpoint's {@code max-age} may shorten it. */
        public Builder timeToLive(Duration duration) {
            timeToLive = Objects.requireNonNull(duration);
            return this;
        }

        /** How long before the end of the time to live a refresh begins in the background; 5 min. */
        public Builder refreshBefore(Duration duration) {
            refreshBefore = Objects.requireNonNull(duration);
            return this;
        }

        /** For how long after they were fetched keys go on being used while fetching fails; 24 h. */
        public Builder staleFor(Duration duration) {
            staleFor = Objects.requireNonNull(duration);
            return this;
        }

        /** The least time between two fetches for unknown key ids; 30 s. */
        public Builder unknownKeyCooldown(Duration duration) {
            unknownKeyCooldown = Objects.requireNonNull(duration);
            return this;
        }

        /** The deadline of one fetch, from connecting to the last byte, in real time; 10 s. */
        public Builder fetchTimeout(Duration duration) {
            fetchTimeout = Objects.requireNonNull(duration);
            return this;
        }

        /** The size from which an answer is refused, in bytes; 512 KiB. */
        public Builder maxResponseBytes(int bytes) {
            maxResponseBytes = bytes;
            return this;
        }

        /** The transport; by default the JDK's HTTP client, without redirects. */
        public Builder fetcher(JWKSFetcher transport) {
            fetcher = Objects.requireNonNull(transport);
            return this;
        }

        /** Who is told what the cache does; by default nobody. */
        public Builder listener(JWKSCacheListener told) {
            listener = Objects.requireNonNull(told);
            return this;
        }

        /** The clock for durations; by default {@link Ticker#system()}. */
        public Builder ticker(Ticker monotonic) {
            ticker = Objects.requireNonNull(monotonic);
            ownTicker = true;
            return this;
        }

        /** Where fetches run, one at a time; by default they hold no thread. If it rejects one, the fetch has failed. */
        public Builder executor(Executor runsFetches) {
            executor = Objects.requireNonNull(runsFetches);
            return this;
        }

        /** Where the last good keys are kept over a restart; by default nowhere. It is read in {@link #build()}. */
        public Builder snapshotStore(JWKSSnapshotStore keepsKeys) {
            store = Objects.requireNonNull(keepsKeys);
            return this;
        }

        Builder clock(Clock wall) {
            clock = wall;
            return this;
        }

        Builder random(DoubleSupplier zeroToOne) {
            random = zeroToOne;
            return this;
        }

        Builder timer(Timer runsLater) {
            timer = runsLater;
            return this;
        }

        /**
         * The cache.
         *
         * @throws IllegalArgumentException if the options do not fit together; the message says which
         */
        public JWKSCache build() {
            String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
            require(scheme.equals("https") || scheme.equals("http"), "the key endpoint has to be an https URL");
            require(uri.getHost() != null, "the key endpoint has to be a URL with a host");
            require(uri.getRawUserInfo() == null, "the key endpoint's URL may not hold a user or a password");
            require(
                    scheme.equals("https") || HttpFetcher.isLoopback(uri),
                    "the key endpoint has to be https; http is for loopback addresses only");
            positive(timeToLive, "timeToLive");
            positive(fetchTimeout, "fetchTimeout");
            require(!refreshBefore.isNegative(), "refreshBefore may not be negative");
            require(!unknownKeyCooldown.isNegative(), "unknownKeyCooldown may not be negative");
            require(unknownKeyCooldown.compareTo(LONGEST) <= 0, "unknownKeyCooldown may not be longer than 365 days");
            require(fetchTimeout.compareTo(LONGEST) <= 0, "fetchTimeout may not be longer than 365 days");
            require(refreshBefore.compareTo(timeToLive) < 0, "refreshBefore has to be shorter than timeToLive");
            require(staleFor.compareTo(timeToLive) >= 0, "staleFor may not be shorter than timeToLive");
            require(staleFor.compareTo(LONGEST) <= 0, "staleFor may not be longer than 365 days");
            require(maxResponseBytes > 0, "maxResponseBytes has to be positive");
            return new JWKSCache(this);
        }

        private static void positive(Duration duration, String name) {
            require(!duration.isNegative() && !duration.isZero(), name + " has to be positive");
        }

        private static void require(boolean condition, String reason) {
            if (!condition) {
                throw new IllegalArgumentException(reason);
            }
        }
    }
}
