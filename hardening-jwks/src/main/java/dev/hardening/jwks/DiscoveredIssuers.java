package dev.hardening.jwks;

import dev.hardening.jwks.FetchBudget.TokenBucket;
import dev.hardening.jwks.InvalidTokenException.Reason;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The decoders of trusted issuers. Each is made when the first token names its issuer. Safe for use by several threads. */
final class DiscoveredIssuers {

    private static final Logger LOG = LoggerFactory.getLogger(JWKSCache.class);

    /** How many issuers a full router opens at once, and how long it takes until one more may be opened. */
    private static final int BURST = 100;

    private static final long INTERVAL = TimeUnit.SECONDS.toNanos(1);

    private static final class Issuer {

        final JWKSCache cache;
        final TokenDecoder decoder;
        final @Nullable JWKSSnapshotStore store;
        volatile long lastUse;

        Issuer(JWKSCache cache, TokenDecoder decoder, @Nullable JWKSSnapshotStore store) {
            this.cache = cache;
            this.decoder = decoder;
            this.store = store;
        }

        boolean sharesStoreOf(Issuer other) {
            return this != other && store != null && store.equals(other.store);
        }
    }

    private final Predicate<String> trusted;
    private final UnaryOperator<JWKSCache.Builder> cacheOptions;
    private final UnaryOperator<TokenDecoder.Builder> decoderOptions;
    private final int maxIssuers;
    private final Ticker ticker;
    private final Map<String, Issuer> issuers = new ConcurrentHashMap<>();
    private final Map<String, CompletableFuture<TokenDecoder>> opening = new ConcurrentHashMap<>(); // on workers
    private final ReentrantLock lock = new ReentrantLock(); // for adding and removing
    // Guarded by the lock.
    private boolean closed;
    private final Set<Issuer> leaving = new HashSet<>(); // displaced, and not closed yet
    private TokenBucket openings;
    private volatile @Nullable Issuer newest; // of a full router; written under the lock
    private final AtomicBoolean hasRefused = new AtomicBoolean();
    private final AtomicBoolean predicateFails = new AtomicBoolean();
    private final AtomicBoolean hasWarned = new AtomicBoolean(); // of a store that issuers share

    DiscoveredIssuers(
            Predicate<String> trusted,
            UnaryOperator<JWKSCache.Builder> cacheOptions,
            UnaryOperator<TokenDecoder.Builder> decoderOptions,
            int maxIssuers,
            Ticker ticker) {
        this.trusted = trusted;
        this.cacheOptions = cacheOptions;
        this.decoderOptions = decoderOptions;
        this.maxIssuers = maxIssuers;
        this.ticker = ticker;
        openings = new TokenBucket(INTERVAL, BURST, ticker.read());
    }

    /**
     * The decoder of an issuer; null if it is not trusted.
     *
     * @throws InvalidTokenException if it is trusted, but no keys can be fetched for this name
     * @throws JWKSUnavailableException if it is a new one, and this is closed, or has opened too many
     */
    @Nullable
    TokenDecoder decoder(String name) {
        if (!isTrusted(name)) {
            return null;
        }
        Issuer issuer = issuers.get(name);
        return use(issuer == null ? add(name) : issuer);
    }

    /** {@link #decoder} without waiting: an issuer is opened on a worker. It fails if the issuer is not trusted. */
    CompletableFuture<TokenDecoder> decoderAsync(String name) {
        if (!isTrusted(name)) {
            return CompletableFuture.failedFuture(IssuerRouter.untrusted());
        }
        Issuer issuer = issuers.get(name);
        if (issuer != null) {
            return CompletableFuture.completedFuture(use(issuer));
        }
        CompletableFuture<TokenDecoder> opened = new CompletableFuture<>();
        CompletableFuture<TokenDecoder> other = opening.putIfAbsent(name, opened);
        if (other != null) {
            return other;
        }
        try {
            SharedThreads.INSTANCE.workers().execute(() -> openLater(name, opened));
        } catch (Throwable exhausted) { // there may be no thread left to start
            openLater(name, opened);
        }
        return opened;
    }

    private void openLater(String name, CompletableFuture<TokenDecoder> opened) {
        try {
            Issuer issuer = issuers.get(name);
            TokenDecoder decoder = use(issuer == null ? add(name) : issuer);
            opening.remove(name);
            opened.complete(decoder);
        } catch (Throwable failed) { // also from the caller's options: those who wait need an answer
            opening.remove(name);
            opened.completeExceptionally(failed);
        }
    }

    private TokenDecoder use(Issuer issuer) {
        issuer.lastUse = ticker.read();
        Issuer latest = newest;
        if (latest != null && latest.decoder.hasVerified()) {
            settle();
        }
        return issuer.decoder;
    }

    private boolean isTrusted(String name) {
        boolean answer;
        try {
            answer = trusted.test(name);
        } catch (RuntimeException | Error thrown) {
            // Not its message: it may hold the name, which may be forged.
            if (predicateFails.compareAndSet(false, true)) {
                LogText.warn(
                        LOG,
                        "The predicate of trusted issuers threw "
                                + thrown.getClass().getName() + ": such a token is refused");
            }
            return false;
        }
        if (predicateFails.get()) {
            predicateFails.set(false);
        }
        if (!answer) {
            Issuer former = issuers.remove(name);
            if (former != null) {
                former.cache.close();
            }
        }
        return answer;
    }

    private Issuer add(String name) {
        refuseIfNoneMayOpen();
        Issuer opened = open(name); // not under the lock: the caller's options and a store may block
        Issuer added = null;
        try {
            added = put(name, opened);
        } finally {
            if (added != opened) {
                opened.cache.close(); // another token was faster, or it may not be added
            }
        }
        // A store keeps one set, and no issuer takes another's: after a restart, all but one would have no keys.
        if (issuers.values().stream().anyMatch(opened::sharesStoreOf) && hasWarned.compareAndSet(false, true)) {
            LOG.warn(
                    "Several issuers of a router have the same snapshotStore, which keeps the keys of one of them only");
        }
        return added;
    }

    private void refuseIfNoneMayOpen() {
        boolean isClosed;
        boolean mayOpen;
        lock.lock();
        try {
            isClosed = closed;
            mayOpen = mayOpen();
        } finally {
            lock.unlock();
        }
        if (isClosed) {
            throw new JWKSUnavailableException("the router is closed", null);
        }
        if (!mayOpen) {
            if (hasRefused.compareAndSet(false, true)) {
                LogText.warn(
                        LOG,
                        "Tokens of more than maxIssuers (" + maxIssuers + ") issuers come: a router that is full opens "
                                + BURST + " others at once and then one a second, and other tokens fail");
            }
            throw new JWKSUnavailableException(
                    "the router holds maxIssuers (" + maxIssuers + ") issuers, and has opened too many others", null);
        }
    }

    /** Under the lock. A forger may name trusted issuers in turn, and each that is opened costs requests. */
    private boolean mayOpen() {
        return issuers.size() < maxIssuers || openings.allows(ticker.read());
    }

    /**
     * Adds an issuer, unless there is one of this name. If there are {@code maxIssuers}, it takes the place of one that never
     * had a verified token, or else is one more until a token of its own is verified.
     *
     * @return the issuer that is used for this name from now on
     */
    private Issuer put(String name, Issuer opened) {
        Issuer displaced = null;
        lock.lock();
        try {
            Issuer known = issuers.get(name);
            if (known != null && !closed) {
                return known;
            }
            if (closed || !mayOpen()) {
                throw new JWKSUnavailableException(
                        closed ? "the router is closed" : "the router has opened too many issuers", null);
            }
            if (issuers.size() >= maxIssuers) {
                openings = openings.taken(ticker.read());
                displaced = removeIdle(issuers.size() > maxIssuers);
                newest = opened;
            }
            opened.lastUse = ticker.read();
            issuers.put(name, opened);
        } finally {
            lock.unlock();
        }
        closeWhenAnswered(displaced);
        return opened;
    }

    /** A token of the newest issuer was verified: if there is one too many, another one leaves. */
    private void settle() {
        Issuer displaced = null;
        lock.lock();
        try {
            newest = null;
            if (issuers.size() > maxIssuers && !closed) {
                displaced = removeIdle(true);
            }
        } finally {
            lock.unlock();
        }
        closeWhenAnswered(displaced);
    }

    private Issuer open(String name) {
        JWKSCache.Builder options;
        try {
            options = cacheOptions.apply(JWKSCache.discover(new URI(name)));
        } catch (URISyntaxException | IllegalArgumentException impossible) {
            throw refused("the issuer has to be an https URL"); // Not its message: it may hold the name.
        }
        JWKSCache cache;
        try {
            cache = options.build();
        } catch (IllegalArgumentException impossible) {
            throw refused(String.valueOf(impossible.getMessage()));
        }
        TokenDecoder decoder = decoderOptions
                .apply(TokenDecoder.builder(cache))
                .issuer(name)
                .quiet()
                .build();
        return new Issuer(cache, decoder, options.store());
    }

    private static InvalidTokenException refused(String why) {
        return new InvalidTokenException(Reason.WRONG_ISSUER, " than one that keys can be fetched for: " + why);
    }

    /**
     * Under the lock: removes the issuer that was unused for longest, of those of which no token ever verified. So a forger
     * who names many issuers displaces none that is in use.
     *
     * @param any whether one that had a verified token is removed, if there are only such
     */
    private @Nullable Issuer removeIdle(boolean any) {
        long now = ticker.read();
        Map.Entry<String, Issuer> idle = issuers.entrySet().stream()
                .min(Comparator.<Map.Entry<String, Issuer>, Boolean>comparing(
                                entry -> entry.getValue().decoder.hasVerified())
                        .thenComparingLong(entry -> entry.getValue().lastUse - now))
                .orElse(null);
        if (idle == null || (!any && idle.getValue().decoder.hasVerified())) {
            return null;
        }
        issuers.remove(idle.getKey());
        leaving.add(idle.getValue());
        return idle.getValue();
    }

    /** Closes a displaced issuer's cache. Tokens that wait for its first keys get their answer before. */
    private void closeWhenAnswered(@Nullable Issuer displaced) {
        if (displaced == null) {
            return;
        }
        if (displaced.cache.observedStatus().keyCount() > 0) {
            leave(displaced);
        } else {
            var unused = displaced.cache.getKeysAsync().whenComplete((keys, failure) -> leave(displaced));
        }
    }

    private void leave(Issuer displaced) {
        displaced.cache.close();
        lock.lock();
        try {
            leaving.remove(displaced);
        } finally {
            lock.unlock();
        }
    }

    /** Closes all caches. */
    void close() {
        lock.lock();
        try {
            closed = true;
            issuers.values().forEach(issuer -> issuer.cache.close());
            leaving.forEach(issuer -> issuer.cache.close());
        } finally {
            lock.unlock();
        }
    }
}
