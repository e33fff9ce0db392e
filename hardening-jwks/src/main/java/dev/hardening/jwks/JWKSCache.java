package dev.hardening.jwks;

import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.RemoteKeySourceException;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKMatcher;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.proc.SecurityContext;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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

    /*
     * Concurrency. All that a read needs is in one immutable Snapshot behind one volatile field: while nothing is due, a
     * read is that field, the ticker and a comparison. Everything else happens under one lock, which is never held while
     * something is fetched, parsed, logged, or told to a listener.
     *
     * A fetch is a Flight: at most one is under way. Whoever needs its result waits for its future, not for the lock, so
     * a waiting reader can be interrupted without harm to the others, and no virtual thread is pinned. A flight carries
     * the generation in which it began; invalidate() begins a new one, and a flight that lands in a later generation
     * than its own is dropped, its failure too: those who waited for it look again and begin the next.
     *
     * Whether a flight may begin is for the Budgets to say, and for how long keys are good for the Snapshot.
     *
     * Whoever waits is released before the listener and the store hear of it, and those run apart from the timer and the
     * transport: what they do, a read of this cache too, holds up neither.
     */

    private static final Logger LOG = LoggerFactory.getLogger(JWKSCache.class);
    private static final String SUPABASE_PATH = "/auth/v1/.well-known/jwks.json";

    private static final Duration LEAST_TIME_TO_LIVE = Duration.ofSeconds(60);

    private final URI uri;
    private final Options options;
    private final JWKSFetcher fetcher;
    private final Ticker ticker;
    private final Clock clock;
    private final Timer timer;
    private final Set<String> reportedKeys = ConcurrentHashMap.newKeySet();

    private volatile @Nullable Snapshot snapshot;

    private final ReentrantLock lock = new ReentrantLock();
    // Guarded by the lock.
    private final Budgets budgets;
    private @Nullable Flight flight;
    private long generation;
    private boolean closed;
    private long fetches;
    private long failures;
    private @Nullable Instant lastSuccess;
    private @Nullable Instant lastFailure;
    private @Nullable String lastError;
    private @Nullable Throwable lastCause;
    private @Nullable Future<?> timerTask;

    private record Options(
            long timeToLive,
            long refreshBefore,
            long staleFor,
            Duration fetchTimeout,
            int maxResponseBytes,
            @Nullable Executor executor,
            @Nullable JWKSCacheListener listener,
            @Nullable JWKSSnapshotStore store) {}

    /** Runs a task after a delay; the real one is shared by all caches. */
    @FunctionalInterface
    interface Timer {
        Future<?> schedule(Runnable task, long delayNanos);
    }

    private static final class Flight {
        final long generation;
        final boolean background;
        final CompletableFuture<Landing> landed = new CompletableFuture<>();

        volatile @Nullable Future<?> deadline;
        volatile @Nullable Future<?> work;
        volatile @Nullable Thread worker;

        Flight(long generation, boolean background) {
            this.generation = generation;
            this.background = background;
        }
    }

    private enum Landing {
        SUCCEEDED,
        FAILED,
        SUPERSEDED
    }

    private JWKSCache(Builder builder) {
        uri = builder.uri;
        options = new Options(
                builder.timeToLive.toNanos(),
                builder.refreshBefore.toNanos(),
                builder.staleFor.toNanos(),
                builder.fetchTimeout,
                builder.maxResponseBytes,
                builder.executor,
                builder.listener,
                builder.store);
        fetcher = builder.fetcher;
        ticker = builder.ticker;
        clock = builder.clock;
        budgets = new Budgets(builder.unknownKeyCooldown.toNanos(), builder.random, builder.ticker.read());
        timer = builder.timer;
        Shared.opened();
        restore();
        lock.lock();
        try {
            scheduleNextCheck(ticker.read());
        } finally {
            lock.unlock();
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
     */
    public static URI supabaseJwksUri(URI projectUrl) {
        return URI.create(withoutSlash(projectUrl) + SUPABASE_PATH);
    }

    static String withoutSlash(URI projectUrl) {
        String text = projectUrl.toString();
        int end = text.length();
        while (end > 0 && text.charAt(end - 1) == '/') {
            end--;
        }
        return text.substring(0, end);
    }

    /**
     * The current key set, as it was published, without what is private, symmetric or rejected. Waits only when there are no keys, or
     * when they have expired and no background refresh was tried.
     *
     * @throws JWKSUnavailableException if there are no usable keys, or the thread is interrupted while it has to wait
     */
    public JWKSet getKeys() {
        return current().keys().jwkSet();
    }

    /** {@link #getKeys()} without waiting: the future fails with {@link JWKSUnavailableException} where that throws. */
    public CompletableFuture<JWKSet> getKeysAsync() {
        CompletableFuture<JWKSet> result = new CompletableFuture<>();
        completeWhenUsable(result);
        return result;
    }

    private void completeWhenUsable(CompletableFuture<JWKSet> result) {
        try {
            Snapshot held = snapshot;
            if (held != null && held.needsNothing(ticker.read())) {
                result.complete(held.keys().jwkSet());
                return;
            }
            Turn turn = takeTurn();
            Flight awaited = turn.awaited;
            if (awaited == null) {
                result.complete(orThrow(turn.snapshot).keys().jwkSet());
            } else {
                // What depends on the result runs where it may block: not on the thread that the next fetch needs.
                Executor dependents = awaited.landed.isDone() ? Runnable::run : ForkJoinPool.commonPool();
                var unused = awaited.landed.whenCompleteAsync(
                        (landing, failure) -> {
                            if (landing == Landing.SUPERSEDED) {
                                completeWhenUsable(result);
                            } else {
                                complete(result);
                            }
                        },
                        dependents);
            }
        } catch (JWKSUnavailableException unavailable) {
            result.completeExceptionally(unavailable);
        }
    }

    private void complete(CompletableFuture<JWKSet> result) {
        try {
            result.complete(orThrow(usable()).keys().jwkSet());
        } catch (JWKSUnavailableException unavailable) {
            result.completeExceptionally(unavailable);
        }
    }

    /**
     * The key of a key id. An unknown one refreshes the set, at most once in its cooldown, and is waited for.
     *
     * @param kid as in a token's header
     * @return the key, or empty if the set has none of that id; never another key
     * @throws JWKSUnavailableException if there are no usable keys, or the thread is interrupted while it has to wait
     */
    public Optional<SigningKey> findKey(String kid) {
        Objects.requireNonNull(kid, "kid");
        return keysFor(kid).first(kid);
    }

    /** The keys, refreshed within the budget if they have not this key id; null asks for the keys as they are. */
    KeySet keysFor(@Nullable String kid) {
        KeySet keys = current().keys();
        if (kid == null || keys.has(kid)) {
            return keys;
        }
        refreshForUnknownKey(kid);
        Snapshot refreshed = snapshot;
        return refreshed == null ? keys : refreshed.keys();
    }

    /** Whether a key is one of the current set. */
    boolean isCurrent(SigningKey key) {
        return current().keys().has(key);
    }

    /**
     * Lets the next read fetch, and what is being fetched already never become current. The old keys are a fallback from
     * now on: they are used only while fetching fails, or while there are more invalidations than a burst of 5 and one in
     * 10 s, which is as often as they fetch.
     */
    public void invalidate() {
        lock.lock();
        try {
            long now = ticker.read();
            generation++;
            budgets.invalidated(now);
            Snapshot held = snapshot;
            if (held != null) {
                snapshot = held.invalidated(now);
            }
        } finally {
            lock.unlock();
        }
    }

    /** What the cache knows about itself. It fetches nothing, and never says {@code FRESH} of keys that are not. */
    public JWKSCacheStatus status() {
        lock.lock();
        try {
            long now = ticker.read();
            Snapshot held = snapshot;
            JWKSCacheStatus.State state;
            if (held == null) {
                state = budgets.isFailing() ? JWKSCacheStatus.State.UNAVAILABLE : JWKSCacheStatus.State.EMPTY;
            } else if (!held.isUsable(now)) {
                state = JWKSCacheStatus.State.UNAVAILABLE;
            } else if (held.isStale(now)) {
                state = JWKSCacheStatus.State.STALE;
            } else {
                state = held.isRefreshDue(now) ? JWKSCacheStatus.State.REFRESH_DUE : JWKSCacheStatus.State.FRESH;
            }
            Long due = held == null && !budgets.isFailing() ? null : dueAt(held);
            return new JWKSCacheStatus(
                    state,
                    held == null ? null : Duration.ofNanos(now - held.fetchedAt()),
                    held == null ? 0 : held.keys().keys().size(),
                    lastSuccess,
                    lastFailure,
                    lastError,
                    due == null ? null : clock.instant().plusNanos(Math.max(0, due - now)),
                    fetches,
                    failures);
        } finally {
            lock.unlock();
        }
    }

    private long dueAt(@Nullable Snapshot held) {
        if (budgets.isFailing() || held == null) {
            return budgets.nextAttempt();
        }
        return held.invalidated() ? budgets.nextInvalidation() : held.refreshAt();
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
                KeySet keys = current().keys();
                if (kids != null) {
                    for (String kid : kids) {
                        if (kid != null) {
                            keys = keysFor(kid);
                        }
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
        Flight last;
        boolean first;
        lock.lock();
        try {
            first = !closed;
            closed = true;
            last = flight;
            flight = null;
            if (timerTask != null) {
                timerTask.cancel(false);
                timerTask = null;
            }
        } finally {
            lock.unlock();
        }
        if (last != null) {
            last.landed.complete(Landing.FAILED);
            abort(last);
        }
        if (first) {
            Shared.closed();
        }
    }

    // ---- reading

    private Snapshot current() {
        Snapshot held = snapshot;
        if (held != null && held.needsNothing(ticker.read())) {
            return held;
        }
        return currentSlowly();
    }

    private Snapshot currentSlowly() {
        while (true) {
            Turn turn = takeTurn();
            if (turn.awaited == null) {
                return orThrow(turn.snapshot);
            }
            Landing landing = await(turn.awaited);
            if (landing != Landing.SUPERSEDED) {
                return orThrow(usable());
            }
        }
    }

    /** What a reader does next: return a snapshot, which may be null if there is none, or wait for a flight. */
    private record Turn(
            @Nullable Snapshot snapshot, @Nullable Flight awaited) {}

    /** Looks again under the lock, begins a flight if one is due and may begin, and says what the reader does. */
    private Turn takeTurn() {
        Flight begun = null;
        Turn turn;
        lock.lock();
        try {
            long now = ticker.read();
            Snapshot held = usableUnderLock(now);
            if (held != null && !held.isRefreshDue(now)) {
                return new Turn(held, null);
            }
            boolean mustWait = held == null || (held.isStale(now) && !budgets.isFailing());
            if (flight == null && mayAttempt(now)) {
                begun = begin(!mustWait, now);
            }
            Flight underWay = flight;
            boolean waits =
                    underWay != null && mustWait && (held == null || held.invalidated() || !underWay.background);
            turn = new Turn(held, waits ? underWay : null);
        } finally {
            lock.unlock();
        }
        if (begun != null) {
            launch(begun);
            // With an executor that runs at once, it has landed already; a background refresh is for the next read.
        }
        return turn;
    }

    private void refreshForUnknownKey(String kid) {
        boolean joinedAnother = false;
        while (true) {
            Flight awaited;
            Flight begun = null;
            lock.lock();
            try {
                Snapshot held = snapshot;
                if (held != null && held.keys().has(kid)) {
                    return;
                }
                long now = ticker.read();
                awaited = flight;
                if (awaited == null) {
                    if (!mayAttempt(now) || !budgets.takeUnknownKey(now)) {
                        return;
                    }
                    awaited = begun = begin(false, now);
                }
            } finally {
                lock.unlock();
            }
            if (begun != null) {
                launch(begun);
            }
            Landing landing = await(awaited);
            if (landing == Landing.SUPERSEDED) {
                current(); // The invalidation that dropped our answer has a fetch of its own.
            } else if (begun != null || joinedAnother) {
                return;
            } else {
                joinedAnother =
                        true; // It may have left before the key was published: try once with a flight of our own.
            }
        }
    }

    private Landing await(Flight awaited) {
        try {
            return awaited.landed.get();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new JWKSUnavailableException("interrupted while waiting for " + place(), null);
        } catch (ExecutionException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private @Nullable Snapshot usable() {
        lock.lock();
        try {
            return usableUnderLock(ticker.read());
        } finally {
            lock.unlock();
        }
    }

    /** The snapshot while it may be used, less the keys whose time is over. */
    private @Nullable Snapshot usableUnderLock(long now) {
        Snapshot held = snapshot;
        if (held == null || !held.isUsable(now)) {
            return null;
        }
        Snapshot pruned = held.withoutKept(now);
        snapshot = pruned;
        return pruned;
    }

    private Snapshot orThrow(@Nullable Snapshot held) {
        if (held != null) {
            return held;
        }
        lock.lock();
        try {
            String why = closed ? "the cache is closed" : lastError == null ? "nothing was fetched yet" : lastError;
            throw new JWKSUnavailableException("No usable keys of " + place() + ": " + why, lastCause);
        } finally {
            lock.unlock();
        }
    }

    private String place() {
        return uri.getScheme() + "://" + uri.getAuthority() + uri.getPath();
    }

    // ---- fetching

    private boolean mayAttempt(long now) {
        Snapshot held = snapshot;
        boolean hasFallback = held != null && held.invalidated() && held.isUsable(now);
        return !closed && !(hasFallback && budgets.isOverdrawn(now)) && budgets.isBackoffOver(now);
    }

    private Flight begin(boolean background, long now) {
        budgets.began(now);
        Flight begun = new Flight(generation, background);
        flight = begun;
        fetches++;
        return begun;
    }

    private void launch(Flight begun) {
        Snapshot held = snapshot;
        JWKSFetcher.Request request = new JWKSFetcher.Request(
                uri,
                held == null ? null : held.etag(),
                held == null ? null : held.lastModified(),
                options.fetchTimeout,
                options.maxResponseBytes);
        begun.deadline = timer.schedule(
                () -> land(
                        begun,
                        null,
                        new TimeoutException("no complete answer within " + options.fetchTimeout.toMillis() + " ms")),
                options.fetchTimeout.toNanos());
        try {
            if (options.executor == null && fetcher instanceof HttpFetcher http) {
                CompletableFuture<JWKSFetcher.Response> exchange = http.fetchAsync(request);
                begun.work = exchange;
                var unused = exchange.whenComplete((response, failure) -> land(begun, response, failure));
            } else {
                Executor executor = options.executor == null ? Shared.blocking() : options.executor;
                FutureTask<?> fetch = new FutureTask<>(() -> fetchOnThisThread(begun, request), null);
                begun.work = fetch;
                executor.execute(fetch);
            }
        } catch (RuntimeException rejected) {
            land(begun, null, rejected);
        }
        if (begun.landed.isDone()) {
            abort(begun); // It was closed, or its time was over, before its work was known.
        }
    }

    private void fetchOnThisThread(Flight begun, JWKSFetcher.Request request) {
        JWKSFetcher.Response response = null;
        Throwable failure = null;
        begun.worker = Thread.currentThread();
        try {
            response = fetcher.fetch(request);
        } catch (InterruptedException interrupted) {
            // By abort(), whose interrupt ends here, or by the owner of this thread, who wants to see it.
            if (!begun.landed.isDone()) {
                Thread.currentThread().interrupt();
            }
            failure = interrupted;
        } catch (IOException | RuntimeException failed) {
            failure = failed;
        }
        land(begun, response, failure);
    }

    /** Ends what a flight still does once nobody waits for it. */
    private static void abort(Flight over) {
        Future<?> deadline = over.deadline;
        if (deadline != null) {
            deadline.cancel(false);
        }
        Future<?> work = over.work;
        if (work != null) {
            work.cancel(true);
        }
    }

    /** Applies a flight's result, once, and only in the generation in which the flight began. */
    private void land(Flight landing, JWKSFetcher.@Nullable Response response, @Nullable Throwable problem) {
        if (landing.landed.isDone()) {
            return;
        }
        Throwable failure = cause(problem);
        KeySet fetched = null;
        Snapshot held = snapshot;
        if (failure == null) {
            try {
                fetched = parse(landing, Objects.requireNonNull(response, "the fetcher returned null"), held);
            } catch (IOException | RuntimeException unusable) {
                failure = unusable;
            }
        }
        Landing result;
        lock.lock();
        try {
            if (flight != landing) {
                return; // It landed on another thread, or the cache was closed.
            }
            flight = null;
            long now = ticker.read();
            if (landing.generation != generation) {
                result = Landing.SUPERSEDED;
            } else if (fetched != null && response != null) {
                result = Landing.SUCCEEDED;
                succeed(fetched, response, held, now);
            } else {
                result = Landing.FAILED;
                fail(failure, now);
            }
            scheduleNextCheck(now);
        } finally {
            lock.unlock();
        }
        JWKSCacheStatus status = status();
        log(result, status);
        landing.landed.complete(result);
        if (problem instanceof TimeoutException) {
            abort(landing);
        } else {
            Future<?> deadline = landing.deadline;
            if (deadline != null) {
                deadline.cancel(false);
            }
        }
        if (result == Landing.SUCCEEDED) {
            KeySet saved = fetched;
            aside(landing, () -> save(saved));
            listen(landing, listener -> listener.refreshed(status));
        } else if (result == Landing.FAILED) {
            listen(landing, listener -> listener.refreshFailed(status));
        }
    }

    /** What went wrong, without what futures wrap around it. */
    static @Nullable Throwable cause(@Nullable Throwable failure) {
        Throwable cause = failure;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }

    private KeySet parse(Flight landing, JWKSFetcher.Response response, @Nullable Snapshot held) throws IOException {
        byte[] body = response.body().orElse(null);
        if (body == null) {
            if (held == null || (held.etag() == null && held.lastModified() == null)) {
                throw new IOException("the endpoint answered \"not modified\" to a request without a condition");
            }
            return held.fetched();
        }
        if (body.length > options.maxResponseBytes) {
            throw new IOException("the answer is larger than " + options.maxResponseBytes + " bytes");
        }
        return KeySetParser.parse(
                body, held == null ? null : held.keys(), (kid, reason) -> report(landing, kid, reason));
    }

    private void succeed(KeySet fetched, JWKSFetcher.Response response, @Nullable Snapshot held, long now) {
        budgets.succeeded();
        lastSuccess = clock.instant();
        boolean modified = response.body().isPresent();
        // An edge of a content network may serve an older set after a newer one. A key that this fetch lacks and the
        // one before had stays until another fetch lacks it too, or its own time to live ends.
        List<SigningKey> kept = List.of();
        long keptUntil = now;
        if (held != null && !held.invalidated() && fetched != held.fetched()) {
            kept = held.fetched().keys().stream()
                    .filter(key -> !fetched.has(key.kid()))
                    .toList();
            keptUntil = held.expiresAt();
            if (keptUntil - now <= 0) {
                kept = List.of();
            }
        }
        snapshot = Snapshot.of(
                fetched,
                kept,
                keptUntil,
                now,
                timeToLive(response.maxAge()),
                options.refreshBefore,
                options.staleFor,
                modified || held == null ? response.etag() : held.etag(),
                modified || held == null ? response.lastModified() : held.lastModified());
    }

    /** The endpoint may shorten the time to live, not below twice the refresh-ahead nor a minute, and never lengthen it. */
    private long timeToLive(@Nullable Duration maxAge) {
        if (maxAge == null) {
            return options.timeToLive;
        }
        long least = Math.min(options.timeToLive, Math.max(2 * options.refreshBefore, LEAST_TIME_TO_LIVE.toNanos()));
        long asked =
                maxAge.compareTo(Duration.ofNanos(options.timeToLive)) >= 0 ? options.timeToLive : maxAge.toNanos();
        return Math.max(least, asked);
    }

    private void fail(@Nullable Throwable failure, long now) {
        failures++;
        lastFailure = clock.instant();
        lastCause = failure;
        lastError = reason(failure);
        Snapshot held = snapshot;
        budgets.failed(now, held != null && held.isUsable(now));
    }

    private static String reason(@Nullable Throwable failure) {
        if (failure == null) {
            return "unknown";
        }
        String text = failure.getMessage();
        return failure instanceof IOException && failure.getClass() == IOException.class && text != null
                ? text
                : failure.getClass().getSimpleName()
                        + (text == null ? "" : ": " + text.lines().findFirst().orElse(""));
    }

    // ---- telling

    private void log(Landing result, JWKSCacheStatus status) {
        switch (result) {
            case SUPERSEDED -> LOG.debug("Dropped an answer of {}: the keys were invalidated meanwhile", place());
            case SUCCEEDED -> LOG.debug("Fetched {} keys of {}", status.keyCount(), place());
            case FAILED ->
                LOG.warn(
                        "Could not refresh the keys of {}: {}; {}",
                        place(),
                        status.lastError(),
                        status.state() == JWKSCacheStatus.State.UNAVAILABLE ? "there are none" : "the old keys stay");
        }
    }

    private void report(@Nullable Flight landing, @Nullable String kid, String reason) {
        if (reportedKeys.size() < 1_000 && reportedKeys.add(kid + " " + reason)) {
            LOG.warn("A key of {} is {}", place(), reason);
            listen(landing, listener -> listener.keyRejected(kid, reason));
        }
    }

    private void listen(@Nullable Flight landing, java.util.function.Consumer<JWKSCacheListener> event) {
        JWKSCacheListener listener = options.listener;
        if (listener != null) {
            aside(landing, () -> {
                try {
                    event.accept(listener);
                } catch (RuntimeException thrown) {
                    LOG.warn(
                            "A listener of the key cache threw {}",
                            thrown.getClass().getName());
                }
            });
        }
    }

    /** On the thread of the caller's executor that fetched; else never on a reader's, nor on the one all fetches need. */
    private void aside(@Nullable Flight landing, Runnable task) {
        if (options.executor != null && landing != null && landing.worker == Thread.currentThread()) {
            task.run();
        } else {
            Shared.aside().execute(task);
        }
    }

    // ---- the timer and the store

    /** Lets the timer look again when the next refresh is due; it serves services that nobody reads. */
    private void scheduleNextCheck(long now) {
        if (timerTask != null) {
            timerTask.cancel(false);
            timerTask = null;
        }
        Snapshot held = snapshot;
        if (!closed && held != null) {
            WeakReference<JWKSCache> self = new WeakReference<>(this);
            long delay = Math.max(TimeUnit.MILLISECONDS.toNanos(100), dueAt(held) - now);
            timerTask = timer.schedule(
                    () -> {
                        JWKSCache cache = self.get();
                        if (cache != null) {
                            cache.refreshIfDue();
                        }
                    },
                    delay);
        }
    }

    private void refreshIfDue() {
        Flight begun = null;
        lock.lock();
        try {
            long now = ticker.read();
            Snapshot held = snapshot;
            if (held != null && held.isRefreshDue(now) && flight == null && mayAttempt(now)) {
                begun = begin(true, now);
            } else if (flight == null) {
                scheduleNextCheck(now);
            }
        } finally {
            lock.unlock();
        }
        if (begun != null) {
            launch(begun);
        }
    }

    private void save(@Nullable KeySet fetched) {
        JWKSSnapshotStore store = options.store;
        if (store != null && fetched != null) {
            try {
                store.save(new JWKSSnapshotStore.Stored(
                        uri.toString(), clock.instant(), fetched.jwkSet().toString(true)));
            } catch (IOException | RuntimeException unwritable) {
                LOG.warn(
                        "Could not save the keys of {}: {}",
                        place(),
                        unwritable.getClass().getSimpleName());
            }
        }
    }

    private void restore() {
        JWKSSnapshotStore store = options.store;
        if (store == null) {
            return;
        }
        try {
            JWKSSnapshotStore.Stored stored = store.load().orElse(null);
            if (stored == null || !stored.source().equals(uri.toString())) {
                return;
            }
            Duration age = Duration.between(stored.fetchedAt(), clock.instant());
            if (age.isNegative() || age.toNanos() >= options.staleFor) {
                LOG.info("Passed over the saved keys of {}: they were fetched too long ago, or in the future", place());
                return;
            }
            KeySet keys = KeySetParser.parse(
                    stored.jwkSet().getBytes(StandardCharsets.UTF_8), null, (kid, reason) -> report(null, kid, reason));
            snapshot = Snapshot.of(
                    keys,
                    List.of(),
                    0,
                    ticker.read() - age.toNanos(),
                    options.timeToLive,
                    options.refreshBefore,
                    options.staleFor,
                    null,
                    null);
            lastSuccess = stored.fetchedAt();
        } catch (IOException | RuntimeException damaged) {
            LOG.warn(
                    "Could not use the saved keys of {}: {}",
                    place(),
                    damaged.getClass().getSimpleName());
        }
    }

    /** Prints the endpoint and the state. */
    @Override
    public String toString() {
        return "JWKSCache[" + place() + ", " + status().state() + "]";
    }

    /** The options of a cache. Not safe for use by several threads. */
    public static final class Builder {

        private final URI uri;
        private Duration timeToLive = Duration.ofHours(1);
        private Duration refreshBefore = Duration.ofMinutes(5);
        private Duration staleFor = Duration.ofHours(24);
        private Duration unknownKeyCooldown = Duration.ofSeconds(30);
        private Duration fetchTimeout = Duration.ofSeconds(10);
        private int maxResponseBytes = 512 * 1024;
        private JWKSFetcher fetcher = new HttpFetcher();
        private Ticker ticker = Ticker.system();
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
            String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(java.util.Locale.ROOT);
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
            require(refreshBefore.compareTo(timeToLive) < 0, "refreshBefore has to be shorter than timeToLive");
            require(staleFor.compareTo(timeToLive) >= 0, "staleFor may not be shorter than timeToLive");
            require(staleFor.compareTo(Duration.ofDays(365)) <= 0, "staleFor may not be longer than 365 days");
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
