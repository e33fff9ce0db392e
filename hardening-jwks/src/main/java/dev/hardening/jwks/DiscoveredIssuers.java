package dev.hardening.jwks;

import dev.hardening.jwks.InvalidTokenException.Reason;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Comparator;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
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
    private final ReentrantLock lock = new ReentrantLock(); // for adding and removing
    private boolean closed; // guarded by the lock
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
    }

    /**
     * The decoder of an issuer; null if it is not trusted.
     *
     * @throws InvalidTokenException if it is trusted, but no keys can be fetched for this name
     * @throws JWKSUnavailableException if it is a new one, and this is closed
     */
    @Nullable
    TokenDecoder decoder(String name) {
        if (!isTrusted(name)) {
            return null;
        }
        Issuer issuer = issuers.get(name);
        if (issuer == null) {
            issuer = add(name);
        }
        issuer.lastUse = ticker.read();
        return issuer.decoder;
    }

    private boolean isTrusted(String name) {
        boolean answer;
        try {
            answer = trusted.test(name);
        } catch (RuntimeException | Error thrown) {
            // Not its message: it may hold the name, which may be forged.
            if (predicateFails.compareAndSet(false, true)) {
                LOG.warn(
                        "The predicate of trusted issuers threw {}: while it does, no token is accepted",
                        thrown.getClass().getName());
            }
            return false;
        }
        if (predicateFails.get()) {
            predicateFails.set(false);
        }
        return answer;
    }

    private Issuer add(String name) {
        Issuer opened = open(name); // not under the lock: the caller's options and a store may block
        Issuer added = put(name, opened);
        if (added != opened) {
            opened.cache.close(); // another token was faster, or this is closed
        }
        if (added == null) {
            throw new JWKSUnavailableException("the router is closed", null);
        }
        // A store keeps one set, and no issuer takes another's: after a restart, all but one would have no keys.
        if (issuers.values().stream().anyMatch(opened::sharesStoreOf) && hasWarned.compareAndSet(false, true)) {
            LOG.warn(
                    "Several issuers of a router have the same snapshotStore, which keeps the keys of one of them only");
        }
        return added;
    }

    /**
     * Adds an issuer, unless there is one of this name.
     *
     * @return the issuer that is used for this name from now on; null if this is closed
     */
    private @Nullable Issuer put(String name, Issuer opened) {
        lock.lock();
        try {
            if (closed) {
                return null;
            }
            Issuer known = issuers.get(name);
            if (known != null) {
                return known;
            }
            if (issuers.size() >= maxIssuers) {
                removeOne();
            }
            issuers.put(name, opened);
            return opened;
        } finally {
            lock.unlock();
        }
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
     * Removes the issuer that was unused for longest. Issuers of which no token ever verified are removed first, so a
     * forger who names many issuers displaces at most one that is in use. The cache of a removed issuer is not closed,
     * because a token may be waiting for it. It ends when nothing refers to it.
     */
    private void removeOne() {
        long now = ticker.read();
        issuers.entrySet().stream()
                .min(Comparator.<Map.Entry<String, Issuer>, Boolean>comparing(
                                entry -> entry.getValue().decoder.hasVerified())
                        .thenComparing(entry -> entry.getValue().lastUse - now))
                .ifPresent(idle -> issuers.remove(idle.getKey()));
    }

    /** Closes all caches. */
    void close() {
        lock.lock();
        try {
            closed = true;
            issuers.values().forEach(issuer -> issuer.cache.close());
        } finally {
            lock.unlock();
        }
    }
}
