package dev.hardening.jwks;

import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.RemoteKeySourceException;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKMatcher;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.proc.SecurityContext;
import java.net.URI;
import java.net.http.HttpClient;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.DoubleSupplier;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A cache of one JSON Web Key Set (RFC 7517) that survives key rotation and outages of its endpoint.
 *
 * <p>Keys are used for an hour. Five minutes before its end the first read refreshes them in the background, or a timer
 * if there are no reads. If that fails, the old keys are still used, for a day after they were fetched at the most, and
 * the refresh is tried again with backoff. An unknown key id refreshes too: three times in a row, then once in 30 s.
 * All of these are options.
 *
 * <p>Safe for use by several threads; make one for each endpoint and share it. {@link #close()} it when the service
 * stops; a cache that is not closed keeps no JVM alive.
 */
public final class JWKSCache implements AutoCloseable {

    private static final String SUPABASE_PATH = "/auth/v1/.well-known/jwks.json";

    private final RefreshState state;
    private final String endpoint;

    private JWKSCache(Builder builder) {
        URI uri = builder.uri;
        endpoint = EndpointRules.shown(uri);
        SavedKeys saved = builder.store == null ? null : new SavedKeys(builder.store, uri, endpoint, builder.clock);
        Notifier notifier = new Notifier(endpoint, builder.listener, saved, builder.threads.workers());
        state = new RefreshState(
                builder.fetches(notifier),
                new RefreshPolicy(builder.policyOptions(), builder.random),
                builder.ticker,
                builder.ownTicker,
                builder.clock,
                notifier);
        if (saved != null) {
            saved.restore(builder.staleFor, notifier::rejected)
                    .ifPresent(restored -> state.restore(restored.keys(), restored.age(), restored.fetchedAt()));
            notifier.deliver();
        }
    }

    /**
     * Begins a cache of a key endpoint. Nothing is fetched before the first read.
     *
     * @param jwksUri {@code https}, or {@code http} to a loopback address; see {@link Builder#allowPlainHttp()}
     * @return a builder
     */
    public static Builder builder(URI jwksUri) {
        return new Builder(Objects.requireNonNull(jwksUri, "jwksUri"), false);
    }

    /**
     * Begins a cache of an issuer's keys. Each fetch first asks the issuer's metadata where they are (OpenID Connect
     * Discovery 1.0, section 4; RFC 8414, section 3); if it does not answer, the last known address is used. Nothing is
     * fetched before the first read.
     *
     * @param issuer as in {@code iss}, without {@code /.well-known/…}; {@code https}, or {@code http} to a loopback
     *     address
     * @return a builder
     */
    public static Builder discover(URI issuer) {
        return new Builder(Objects.requireNonNull(issuer, "issuer"), true);
    }

    /**
     * Makes the URL at which a Supabase project publishes its keys: {@code <url>/auth/v1/.well-known/jwks.json}.
     *
     * @param projectUrl such as {@code https://abc.supabase.co}, with or without a slash at its end
     * @return the URL for {@link #builder}
     * @throws IllegalArgumentException if it is no http or https URL, or has a user, a query or a fragment
     */
    public static URI supabaseJwksUri(URI projectUrl) {
        return URI.create(supabaseBase(projectUrl) + SUPABASE_PATH);
    }

    static String supabaseBase(URI projectUrl) {
        Objects.requireNonNull(projectUrl, "projectUrl");
        String refusal = EndpointRules.refusal(projectUrl, "the project's URL", true);
        if (!refusal.isEmpty()) {
            throw new IllegalArgumentException(refusal);
        }
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
     * Reads the current key set as it was published, without private parts, symmetric keys and rejected keys. Waits
     * only if there are no keys, or if they have expired and no background refresh was tried.
     *
     * @return the keys; not null
     * @throws JWKSUnavailableException if there are no usable keys, or the thread is interrupted while it has to wait
     */
    public JWKSet getKeys() {
        return state.keys().jwkSet();
    }

    /**
     * Reads the keys as {@link #getKeys()} does, without waiting. The future is already complete if there is nothing to
     * wait for. If there is, it is completed later, on a thread that may block.
     *
     * @return the keys; fails with {@link JWKSUnavailableException} where {@link #getKeys()} throws it
     */
    public CompletableFuture<JWKSet> getKeysAsync() {
        return mapped(state.keysAsync(), KeySet::jwkSet);
    }

    /**
     * Finds the key of a key id (RFC 7517, section 4.5). An unknown id refreshes the set, within its budget, and waits
     * for that, 500 ms at the most. A known id, or null, waits for as long if the keys have expired, or were
     * invalidated.
     *
     * @param kid as in a token's header; null, for a token without one, asks for the set's only key
     * @return the key, or empty if the set has none of that id, or for null several keys; never another key
     * @throws JWKSUnavailableException if there are no usable keys, or if there is none of that id in keys that are not
     *     known to be current because the endpoint does not answer, or if the thread is interrupted while it has to
     *     wait
     */
    public Optional<SigningKey> findKey(@Nullable String kid) {
        return state.keysFor(kid).first(kid);
    }

    /**
     * Finds a key as {@link #findKey} does, without waiting. The future is already complete if the key is held. If it
     * is not, the future is completed later, on a thread that may block.
     *
     * @param kid as for {@link #findKey}
     * @return the key, or empty; fails with {@link JWKSUnavailableException} where {@link #findKey} throws it
     */
    public CompletableFuture<Optional<SigningKey>> findKeyAsync(@Nullable String kid) {
        return mapped(state.keysForAsync(kid), keys -> keys.first(kid));
    }

    /** What is made of the keys. A failure stays what it is: {@code thenApply} would wrap it. */
    private static <T> CompletableFuture<T> mapped(CompletableFuture<KeySet> keys, Function<KeySet, T> part) {
        CompletableFuture<T> result = new CompletableFuture<>();
        var unused = keys.whenComplete((set, failure) -> {
            if (failure == null) {
                result.complete(part.apply(set));
            } else {
                result.completeExceptionally(failure);
            }
        });
        return result;
    }

    /** Where a decoder reads the keys. */
    RefreshState state() {
        return state;
    }

    /**
     * Makes the next read fetch the keys again, from the endpoint itself and not from a cache on the way.
     *
     * <p>From now on the old keys are only a fallback, and so are those of a fetch that is under way: a read that waits
     * for it waits for a later one. The fallback is used while fetching fails. It is also used if there are more
     * invalidations than may fetch: a burst of 5, then one in 10 s.
     */
    public void invalidate() {
        state.invalidate();
    }

    /**
     * {@return what the cache knows about itself} It waits for nothing, and never says {@code FRESH} of keys that are
     * not. If there are no keys yet, they are fetched in the background from a second later on, with backoff: so a
     * readiness probe that asks for the status is enough to become ready.
     */
    public JWKSCacheStatus status() {
        return state.wantedStatus();
    }

    /** {@link #status()} without starting a fetch. */
    JWKSCacheStatus observedStatus() {
        return state.status();
    }

    /**
     * Offers this cache as a source for Nimbus's {@code DefaultJWTProcessor} and Spring Security's {@code
     * NimbusJwtDecoder.withJwkSource}. An outage without usable keys is a {@link KeySourceException}.
     *
     * @param <C> the context that Nimbus hands on; it is not used
     * @return a source that reads from this cache
     */
    public <C extends SecurityContext> JWKSource<C> asJWKSource() {
        return (selector, context) -> {
            try {
                return select(selector.getMatcher());
            } catch (JWKSUnavailableException unavailable) {
                throw new RemoteKeySourceException(String.valueOf(unavailable.getMessage()), unavailable);
            }
        };
    }

    private List<JWK> select(JWKMatcher matcher) {
        Set<String> kids = matcher.getKeyIDs();
        if (kids == null || kids.isEmpty()) {
            long arrival = state.fetches();
            KeySet keys = state.keysFor(null);
            List<JWK> selected = matching(keys, matcher);
            // The set's key may have been replaced by one of another type.
            if (selected.isEmpty()) {
                int id = matcher.toString().hashCode();
                selected = matching(state.newerThan(keys, null, id, arrival), matcher);
            }
            return selected;
        }
        List<JWK> selected = List.of();
        JWKSUnavailableException unknown = null;
        for (String kid : kids) {
            try {
                selected = matching(state.keysFor(kid), matcher);
            } catch (JWKSUnavailableException unavailable) {
                unknown = unavailable; // the set may have another of these keys
            }
        }
        if (selected.isEmpty() && unknown != null) {
            throw unknown;
        }
        return selected;
    }

    private static List<JWK> matching(KeySet keys, JWKMatcher matcher) {
        List<JWK> selected = new ArrayList<>();
        for (SigningKey key : keys.keys()) {
            if (matcher.matches(key.jwk())) {
                selected.add(key.jwk());
            }
        }
        return selected;
    }

    /** Stops refreshing: nothing is fetched after this. The keys can still be read until they expire. */
    @Override
    public void close() {
        state.close();
    }

    /** Prints the endpoint and the state. */
    @Override
    public String toString() {
        return "JWKSCache[" + endpoint + ", " + state.status().state() + "]";
    }

    /** The options of a cache. If options do not fit together, {@link #build()} throws. Not safe for use by several threads. */
    public static final class Builder {

        private static final Duration LONGEST = Duration.ofDays(365);
        private static final Duration DEFAULT_SPREAD = Duration.ofMinutes(5);
        private static final Duration DEFAULT_UNKNOWN_KEY_WAIT = Duration.ofMillis(500);

        private final URI uri;
        private final boolean discovers;
        private Duration timeToLive = Duration.ofHours(1);
        private Duration refreshBefore = Duration.ofMinutes(5);
        private @Nullable Duration refreshSpread;
        private Duration staleFor = Duration.ofHours(24);
        private Duration unknownKeyCooldown = Duration.ofSeconds(30);
        private @Nullable Duration unknownKeyWait;
        private Duration fetchTimeout = Duration.ofSeconds(10);
        private int maxResponseBytes = 512 * 1024;
        private boolean plainHttp;
        private @Nullable JWKSFetcher fetcher;
        private @Nullable HttpClient httpClient;
        private final Map<String, Supplier<String>> headers = new LinkedHashMap<>();
        private Ticker ticker = Ticker.system();
        private boolean ownTicker;
        private Clock clock = Clock.systemUTC();
        private DoubleSupplier random = () -> ThreadLocalRandom.current().nextDouble();
        private Threads threads = SharedThreads.INSTANCE;
        private @Nullable Executor executor;
        private @Nullable JWKSCacheListener listener;
        private @Nullable JWKSSnapshotStore store;

        private Builder(URI uri, boolean discovers) {
            this.uri = uri;
            this.discovers = discovers;
        }

        /**
         * Sets how long keys are used until they have to be fetched again. The endpoint's {@code max-age} may shorten
         * it.
         *
         * @param duration positive; 1 hour by default
         * @return this builder
         */
        public Builder timeToLive(Duration duration) {
            timeToLive = Objects.requireNonNull(duration, "timeToLive");
            return this;
        }

        /**
         * Sets how long before the end of the time to live a read refreshes the keys in the background.
         *
         * @param duration shorter than the time to live; 5 minutes by default
         * @return this builder
         */
        public Builder refreshBefore(Duration duration) {
            refreshBefore = Objects.requireNonNull(duration, "refreshBefore");
            return this;
        }

        /**
         * Sets by how much the timer may refresh earlier than a read does, at random, so that the instances of a service do
         * not all ask at once. It changes nothing for reads.
         *
         * @param duration at most the time to live less {@code refreshBefore}; zero for none; 5 minutes by default, or
         *     half of that difference if it is less than 10 minutes
         * @return this builder
         */
        public Builder refreshSpread(Duration duration) {
            refreshSpread = Objects.requireNonNull(duration, "refreshSpread");
            return this;
        }

        /**
         * Sets how long after their fetch keys are still used while fetching fails.
         *
         * @param duration at least the time to live; 24 hours by default
         * @return this builder
         */
        public Builder staleFor(Duration duration) {
            staleFor = Objects.requireNonNull(duration, "staleFor");
            return this;
        }

        /**
         * Sets the least time between fetches for unknown key ids, after a burst of three. If keys were confirmed
         * within this time, an id that they lack counts as unknown.
         *
         * @param duration zero for no limit; 30 seconds by default
         * @return this builder
         */
        public Builder unknownKeyCooldown(Duration duration) {
            unknownKeyCooldown = Objects.requireNonNull(duration, "unknownKeyCooldown");
            return this;
        }

        /**
         * Sets the longest that a reader waits for a key id that the set lacks, counted from the beginning of the fetch. A
         * reader that needs a second fetch waits no longer than this in all. If a fetch takes longer, readers of other
         * unknown ids do not wait for it at all. A reader of a key id that the set has, or of a token without one, waits no
         * longer either, if the keys have expired or were invalidated; then it gets the old key. If there are no keys, the
         * first fetch is waited for; once one has failed, a reader of a key waits no longer than this for the next.
         *
         * @param duration at most {@code fetchTimeout}, in real time; zero to never wait; 500 milliseconds by default
         * @return this builder
         */
        public Builder unknownKeyWait(Duration duration) {
            unknownKeyWait = Objects.requireNonNull(duration, "unknownKeyWait");
            return this;
        }

        /**
         * Sets the deadline of one fetch, from looking the name up to the last byte, in real time. A fetch that no thread
         * begins within this time fails too; until then, the time that it waits for a thread does not count.
         *
         * @param duration positive; 10 seconds by default
         * @return this builder
         */
        public Builder fetchTimeout(Duration duration) {
            fetchTimeout = Objects.requireNonNull(duration, "fetchTimeout");
            return this;
        }

        /**
         * Sets the size beyond which an answer is refused.
         *
         * @param bytes positive; 512 KiB by default
         * @return this builder
         */
        public Builder maxResponseBytes(int bytes) {
            maxResponseBytes = bytes;
            return this;
        }

        /**
         * Allows {@code http} beyond loopback, for a key endpoint inside a cluster. By default it is refused. Anyone
         * who can change the answer on its way can choose the keys, and so which tokens are accepted. Anyone who can
         * read the request sees its headers.
         *
         * @return this builder
         */
        public Builder allowPlainHttp() {
            plainHttp = true;
            return this;
        }

        /**
         * Replaces the transport.
         *
         * @param transport by default one of this library, with HTTP/1.1 and without redirects; not together with
         *     {@link #httpClient}
         * @return this builder
         */
        public Builder fetcher(JWKSFetcher transport) {
            fetcher = Objects.requireNonNull(transport, "fetcher");
            return this;
        }

        /**
         * Fetches with the caller's HTTP client: its TLS, proxy and authenticator. It is never closed.
         *
         * @param client has to follow no redirects, which is its default; not together with {@link #fetcher}
         * @return this builder
         */
        public Builder httpClient(HttpClient client) {
            httpClient = Objects.requireNonNull(client, "httpClient");
            return this;
        }

        /**
         * Adds a request header, such as {@code Authorization}. The value is in no log line and no message. A supplier that
         * throws makes the fetch fail.
         *
         * <p>With {@link JWKSCache#discover} the header is sent to the issuer's scheme, host and port only. If the metadata
         * names a key endpoint at another one that needs it, give that address to {@link JWKSCache#builder}.
         *
         * @param name of a header that the transport does not set itself; the last value of a name counts
         * @param value asked for each fetch, on the thread that fetches
         * @return this builder
         */
        public Builder requestHeader(String name, Supplier<String> value) {
            headers.keySet().removeIf(Objects.requireNonNull(name, "name")::equalsIgnoreCase);
            headers.put(name, Objects.requireNonNull(value, "value"));
            return this;
        }

        /**
         * Sets the listener that hears what the cache does.
         *
         * @param listener called on a shared thread; none by default
         * @return this builder
         */
        public Builder listener(JWKSCacheListener listener) {
            this.listener = Objects.requireNonNull(listener, "listener");
            return this;
        }

        /**
         * Sets the clock for durations. If the caller sets one, the timer reads it four times a second.
         *
         * @param monotonic {@link Ticker#system()} by default
         * @return this builder
         */
        public Builder ticker(Ticker monotonic) {
            ticker = Objects.requireNonNull(monotonic, "ticker");
            ownTicker = true;
            return this;
        }

        /**
         * Sets where fetches run. If the executor rejects a fetch, that fetch has failed, and is tried again.
         *
         * @param executor has to run tasks on threads of its own: on one that runs them on the calling thread, or blocks, a
         *     reader waits for the fetch that it begins. The asynchronous methods never do. By default threads that all
         *     caches share
         * @return this builder
         */
        public Builder executor(Executor executor) {
            this.executor = Objects.requireNonNull(executor, "executor");
            return this;
        }

        /**
         * Sets where the last good keys are kept over a restart. It is read in {@link #build()}. A store keeps one set:
         * each cache has to have its own.
         *
         * @param store by default they are not kept
         * @return this builder
         */
        public Builder snapshotStore(JWKSSnapshotStore store) {
            this.store = Objects.requireNonNull(store, "snapshotStore");
            return this;
        }

        @Nullable
        JWKSSnapshotStore store() {
            return store;
        }

        Builder clock(Clock wall) {
            clock = wall;
            return this;
        }

        Builder random(DoubleSupplier zeroToOne) {
            random = zeroToOne;
            return this;
        }

        Builder threads(Threads run) {
            threads = run;
            return this;
        }

        /**
         * Builds the cache. It reads the snapshot store, if there is one, and fetches nothing.
         *
         * @return the cache
         * @throws IllegalArgumentException if the options do not fit together; the message says which
         */
        public JWKSCache build() {
            refuse(EndpointRules.refusal(uri, discovers ? "the issuer" : "the key endpoint", plainHttp));
            require(
                    !discovers || (uri.getRawQuery() == null && uri.getRawFragment() == null),
                    "the issuer may not have a query or a fragment");
            require(
                    !discovers || !DiscoveringTransport.isMetadata(uri),
                    "the issuer may not be the address of its metadata: leave out /.well-known/…, so that it is as in iss");
            positive(timeToLive, "timeToLive");
            positive(fetchTimeout, "fetchTimeout");
            require(maxResponseBytes > 0, "maxResponseBytes has to be positive");
            notNegative(refreshBefore, "refreshBefore");
            notNegative(spread(), "refreshSpread");
            notNegative(unknownKeyCooldown, "unknownKeyCooldown");
            notNegative(longestWait(), "unknownKeyWait");
            notTooLong(staleFor, "staleFor");
            notTooLong(unknownKeyCooldown, "unknownKeyCooldown");
            notTooLong(fetchTimeout, "fetchTimeout");
            require(refreshBefore.compareTo(timeToLive) < 0, "refreshBefore has to be shorter than timeToLive");
            require(
                    spread().compareTo(timeToLive.minus(refreshBefore)) <= 0,
                    "refreshSpread may not be longer than timeToLive less refreshBefore");
            require(staleFor.compareTo(timeToLive) >= 0, "staleFor may not be shorter than timeToLive");
            require(longestWait().compareTo(fetchTimeout) <= 0, "unknownKeyWait may not be longer than fetchTimeout");
            require(fetcher == null || httpClient == null, "fetcher and httpClient cannot both be set");
            require(
                    httpClient == null || httpClient.followRedirects() == HttpClient.Redirect.NEVER,
                    "httpClient may not follow redirects");
            headers.keySet().forEach(name -> refuse(RequestHeaders.refusal(name)));
            return new JWKSCache(this);
        }

        private Duration spread() {
            if (refreshSpread != null) {
                return refreshSpread;
            }
            Duration half = timeToLive.minus(refreshBefore).dividedBy(2);
            return half.compareTo(DEFAULT_SPREAD) < 0 && !half.isNegative() ? half : DEFAULT_SPREAD;
        }

        private Duration longestWait() {
            if (unknownKeyWait != null) {
                return unknownKeyWait;
            }
            return DEFAULT_UNKNOWN_KEY_WAIT.compareTo(fetchTimeout) < 0 ? DEFAULT_UNKNOWN_KEY_WAIT : fetchTimeout;
        }

        RefreshPolicy.Options policyOptions() {
            return new RefreshPolicy.Options(
                    timeToLive.toNanos(),
                    refreshBefore.toNanos(),
                    spread().toNanos(),
                    staleFor.toNanos(),
                    unknownKeyCooldown.toNanos());
        }

        private Fetch.Setup fetches(Notifier notifier) {
            JWKSFetcher transport = fetcher;
            if (transport == null) {
                transport = httpClient == null ? new HttpTransport() : new HttpClientTransport(httpClient);
            }
            return new Fetch.Setup(
                    uri,
                    discovers ? new DiscoveringTransport(uri, transport, plainHttp) : transport,
                    Map.copyOf(headers),
                    fetchTimeout,
                    longestWait(),
                    maxResponseBytes,
                    executor,
                    threads,
                    notifier::rejected);
        }

        private static void positive(Duration duration, String name) {
            require(!duration.isNegative() && !duration.isZero(), name + " has to be positive");
        }

        private static void notNegative(Duration duration, String name) {
            require(!duration.isNegative(), name + " may not be negative");
        }

        private static void notTooLong(Duration duration, String name) {
            require(duration.compareTo(LONGEST) <= 0, name + " may not be longer than 365 days");
        }

        private static void require(boolean condition, String reason) {
            refuse(condition ? "" : reason);
        }

        private static void refuse(String reason) {
            if (!reason.isEmpty()) {
                throw new IllegalArgumentException(reason);
            }
        }
    }
}
