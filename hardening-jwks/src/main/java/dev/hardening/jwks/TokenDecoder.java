package dev.hardening.jwks;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jwt.JWTClaimsSet;
import dev.hardening.jwks.ClaimsPolicy.RequiredClaim;
import dev.hardening.jwks.CompactToken.Header;
import dev.hardening.jwks.InvalidTokenException.Reason;
import java.net.URI;
import java.security.Provider;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decodes and verifies signed JWTs (RFC 7519, RFC 8725) with the keys of a {@link JWKSCache}.
 *
 * <p>The algorithm has to be allowed and has to fit the key. {@code crit} is refused. A key that a token brings ({@code
 * jwk}, {@code jku}, {@code x5u}, {@code x5c}) is never used. If several keys may have signed a token, because it has
 * no key id or they share one, up to 4 are tried. If none verifies it, the set may be refreshed, within the cache's
 * budget for unknown key ids: an issuer may have given an old key id a new key.
 *
 * <p>Immutable and safe for use by several threads.
 */
public final class TokenDecoder {

    private static final Logger LOG = LoggerFactory.getLogger(TokenDecoder.class);
    private static final int MAX_HEADERS = 256; // an issuer has a few

    private final RefreshState source;
    private final int maxTokenLength;
    private final Set<SigningAlgorithm> algorithms;
    private final Set<String> types;
    private final @Nullable String issuer;
    private final @Nullable ClaimsPolicy policy; // null: the caller checks the claims
    private final @Nullable VerifiedTokens remembered;
    private final Map<String, Header> headers = new ConcurrentHashMap<>(); // of tokens that verified, as encoded
    private volatile KeyVerifiers verifiers;

    private TokenDecoder(Builder builder, Set<SigningAlgorithm> algorithms) {
        source = builder.cache.state();
        maxTokenLength = builder.maxTokenLength;
        this.algorithms = algorithms;
        types = new HashSet<>();
        builder.types.forEach(type -> types.add(Header.type(type)));
        issuer = builder.issuer;
        policy = builder.signatureOnly
                ? null
                : new ClaimsPolicy(
                        builder.clock,
                        builder.clockSkew.toMillis(),
                        builder.issuer,
                        builder.audiences,
                        builder.needsSubject,
                        List.copyOf(builder.required),
                        List.copyOf(builder.checks));
        remembered = builder.cacheVerified == 0 ? null : new VerifiedTokens(builder.cacheVerified);
        Provider provider = builder.provider == null ? FastProvider.find() : builder.provider;
        verifiers = new KeyVerifiers(KeySet.EMPTY, provider);
        FastProvider.announce(provider, algorithms);
    }

    /**
     * Begins a decoder. Set the issuer and the audience: one that is not set is not checked.
     *
     * @param cache where the keys come from
     * @return a builder
     */
    public static Builder builder(JWKSCache cache) {
        return new Builder(Objects.requireNonNull(cache, "cache"));
    }

    /**
     * Makes a decoder for a Supabase project: issuer {@code <url>/auth/v1}, audience {@code authenticated}.
     *
     * @param cache where the keys come from
     * @param projectUrl such as {@code https://abc.supabase.co}
     * @return the decoder
     * @throws IllegalArgumentException if it is no http or https URL, or has a user, a query or a fragment
     */
    public static TokenDecoder forSupabase(JWKSCache cache, URI projectUrl) {
        return builder(cache)
                .issuer(JWKSCache.supabaseBase(projectUrl) + "/auth/v1")
                .audience("authenticated")
                .build();
    }

    /**
     * Verifies a token and returns its claims. It waits only if the cache waits: for the first keys, and for a key that
     * the set lacks.
     *
     * @param token a compact JWS; null is malformed
     * @return the token's claims; not null
     * @throws InvalidTokenException if it is refused: answer 401
     * @throws JWKSUnavailableException if there are no usable keys, or no one can tell whether there is a key for this
     *     token: answer 503
     */
    public JWTClaimsSet decode(@Nullable String token) {
        VerifiedTokens.Entry entry = remembered(token);
        if (entry != null && source.keysFor(entry.key().kid()).has(entry.key())) {
            return acceptAgain(entry);
        }
        CompactToken compact = CompactToken.parse(token, maxTokenLength);
        Header header = readHeader(compact);
        Search search = search(compact, header);
        return accept(token, compact, search.signer(), header, search.keys());
    }

    /**
     * {@link #decode} for event loops and coroutines: it never waits on the calling thread, and holds no other thread
     * while it waits. If the key is known, the future is already complete, and the signature was verified on the
     * calling thread.
     *
     * @param token a compact JWS; null is malformed
     * @return fails with what {@link #decode} throws, and never throws itself
     */
    public CompletableFuture<JWTClaimsSet> decodeAsync(@Nullable String token) {
        CompletableFuture<JWTClaimsSet> result = new CompletableFuture<>();
        try {
            VerifiedTokens.Entry entry = remembered(token);
            if (entry != null && isHeld(entry.key())) {
                result.complete(acceptAgain(entry));
                return result;
            }
            CompactToken compact = CompactToken.parse(token, maxTokenLength);
            Header header = readHeader(compact);
            long arrival = source.fetches();
            var unused = source.keysForAsync(header.kid())
                    .thenCompose(keys -> findSignerAsync(token, compact, header, keys, arrival))
                    .whenComplete((claims, failure) -> {
                        if (failure == null) {
                            result.complete(claims);
                        } else {
                            result.completeExceptionally(
                                    failure instanceof CompletionException ? failure.getCause() : failure);
                        }
                    });
        } catch (RuntimeException refused) {
            result.completeExceptionally(refused);
        }
        return result;
    }

    private CompletableFuture<JWTClaimsSet> findSignerAsync(
            @Nullable String token, CompactToken compact, Header header, KeySet keys, long arrival) {
        SigningKey signer = findSigner(compact, header, keys);
        if (signer == null && mayBeNewer(compact, header, keys)) {
            return source.newerThanAsync(keys, header.kid(), id(compact), arrival)
                    .thenApply(newer -> accept(token, compact, findSigner(compact, header, newer), header, newer));
        }
        return CompletableFuture.completedFuture(accept(token, compact, signer, header, keys));
    }

    /**
     * Finds the key that signed a token. The token may be forged: if no key verifies its signature, also after a refresh as
     * in {@link #decode}, it is the first key that fits what the token names.
     *
     * @param token a compact JWS; null is malformed
     * @return the key; not null
     * @throws InvalidTokenException if it cannot be read, or the set does not have its key
     * @throws JWKSUnavailableException if there are no usable keys, or no one can tell whether there is a key for this
     *     token
     */
    public SigningKey getSigningKey(@Nullable String token) {
        CompactToken compact = CompactToken.parse(token, maxTokenLength);
        Header header = readHeader(compact);
        Search search = search(compact, header);
        SigningKey signer = search.signer();
        if (signer != null) {
            return signer;
        }
        List<SigningKey> fitting = search.keys().fitting(header.kid(), header.algorithm());
        if (fitting.isEmpty()) {
            throw refused(header, search.keys());
        }
        return fitting.get(0);
    }

    // ---- the steps

    private VerifiedTokens.@Nullable Entry remembered(@Nullable String token) {
        return remembered == null || token == null ? null : remembered.get(token);
    }

    private JWTClaimsSet acceptAgain(VerifiedTokens.Entry entry) {
        if (policy != null) {
            policy.recheck(entry.claims());
        }
        return entry.claims().set();
    }

    /** Whether a key is one of the current set, as far as that is known without waiting. */
    private boolean isHeld(SigningKey key) {
        CompletableFuture<KeySet> held = source.keysForAsync(null);
        return held.isDone() && !held.isCompletedExceptionally() && held.join().has(key);
    }

    private Header readHeader(CompactToken token) {
        Header known = headers.get(token.encodedHeader());
        return known == null ? token.header(algorithms, types) : known;
    }

    /**
     * What a search for the key of a token found.
     *
     * @param signer the key that verifies the signature; null if none of the keys does
     */
    private record Search(KeySet keys, @Nullable SigningKey signer) {}

    private Search search(CompactToken token, Header header) {
        long arrival = source.fetches();
        KeySet keys = source.keysFor(header.kid());
        SigningKey signer = findSigner(token, header, keys);
        if (signer != null || !mayBeNewer(token, header, keys)) {
            return new Search(keys, signer);
        }
        KeySet newer = source.newerThan(keys, header.kid(), id(token), arrival);
        return new Search(newer, findSigner(token, header, newer));
    }

    /** The key that verifies the signature; null if none of the set does. */
    private @Nullable SigningKey findSigner(CompactToken token, Header header, KeySet keys) {
        byte[] signature = token.signature();
        if (signature == null) {
            return null;
        }
        for (SignatureVerifier verifier : verifiersOf(keys).of(header)) {
            if (verifier.verifies(token.ascii(), token.signedLength(), signature)) {
                if (!headers.containsKey(token.encodedHeader()) && headers.size() < MAX_HEADERS) {
                    headers.put(token.encodedHeader(), header); // only now, so that a forger cannot fill it
                }
                return verifier.key();
            }
        }
        return null;
    }

    @SuppressWarnings("ReferenceEquality") // each fetch that changes something makes a new set
    private KeyVerifiers verifiersOf(KeySet keys) {
        KeyVerifiers current = verifiers;
        if (current.keys() != keys) {
            current = current.forKeys(keys);
            verifiers = current;
        }
        return current;
    }

    /** Whether a newer set may have a key for a token that no key of this one verifies. */
    private static boolean mayBeNewer(CompactToken token, Header header, KeySet keys) {
        // For an unknown key id the cache has fetched already. If the algorithm does not fit the key, it never
        // fetches.
        return token.signature() != null
                && (header.kid() == null
                        || !keys.fitting(header.kid(), header.algorithm()).isEmpty());
    }

    /** Tells one token that no key verifies from another. */
    private static int id(CompactToken token) {
        return Arrays.hashCode(token.signature());
    }

    private JWTClaimsSet accept(
            @Nullable String token, CompactToken compact, @Nullable SigningKey signer, Header header, KeySet keys) {
        if (signer == null) {
            throw refused(header, keys);
        }
        TokenClaims claims = TokenClaims.parse(compact.payload(), remembered != null);
        if (policy != null) {
            policy.check(claims);
        }
        if (remembered != null && token != null) {
            remembered.put(token, new VerifiedTokens.Entry(claims, signer));
        }
        return claims.set();
    }

    private static InvalidTokenException refused(Header header, KeySet keys) {
        if (!keys.fitting(header.kid(), header.algorithm()).isEmpty()) {
            return keys.fitsMore(header.kid(), header.algorithm())
                    ? new InvalidTokenException(
                            Reason.BAD_SIGNATURE,
                            ": more than " + KeySet.MAX_ALIKE + " keys may be its key, and only the first "
                                    + KeySet.MAX_ALIKE + " were tried")
                    : new InvalidTokenException(Reason.BAD_SIGNATURE);
        }
        if (header.kid() != null && keys.has(header.kid())) {
            return new InvalidTokenException(Reason.UNSUPPORTED_ALGORITHM, ": its key is for another");
        }
        // RFC 7515, section 4.1.4: a kid is matched with a kid.
        boolean isOneWithoutKid = keys.keys().stream()
                .anyMatch(key -> key.kid() == null && header.algorithm().fits(key.jwk()));
        return isOneWithoutKid
                ? new InvalidTokenException(
                        Reason.UNKNOWN_KEY, ": it has a kid, and a key without one is not used for it")
                : new InvalidTokenException(Reason.UNKNOWN_KEY);
    }

    @Nullable
    String issuer() {
        return issuer;
    }

    /** Whether any token's signature ever verified. */
    boolean hasVerified() {
        return !headers.isEmpty();
    }

    int maxTokenLength() {
        return maxTokenLength;
    }

    /** Prints the issuer, the audiences and the algorithms. */
    @Override
    public String toString() {
        return "TokenDecoder[issuer=" + issuer + ", audience=" + (policy == null ? "not checked" : policy.audiences())
                + ", algorithms=" + algorithms + "]";
    }

    /** The options of a decoder. Not safe for use by several threads. */
    public static final class Builder {

        private final JWKSCache cache;
        private @Nullable String issuer;
        private Set<String> audiences = Set.of();
        private boolean checksAudience;
        private List<JWSAlgorithm> allowed = List.of(JWSAlgorithm.RS256, JWSAlgorithm.ES256);
        private Set<String> types = Set.of();
        private boolean checksType;
        private boolean needsSubject = true;
        private final List<RequiredClaim> required = new ArrayList<>();
        private final List<Predicate<JWTClaimsSet>> checks = new ArrayList<>();
        private int maxTokenLength = 16_384;
        private Duration clockSkew = Duration.ofSeconds(60);
        private Clock clock = Clock.systemUTC();
        private @Nullable Provider provider;
        private int cacheVerified;
        private boolean signatureOnly;
        private boolean quiet;

        private Builder(JWKSCache cache) {
            this.cache = cache;
        }

        /**
         * Sets the only {@code iss} that is accepted (RFC 7519, section 4.1.1), compared character by character. By
         * default any issuer is accepted, and a warning is logged.
         *
         * @param issuer the accepted value; not null
         * @return this builder
         */
        public Builder issuer(String issuer) {
            this.issuer = Objects.requireNonNull(issuer, "issuer");
            return this;
        }

        /**
         * Sets the audiences of which {@code aud} has to name at least one (RFC 7519, section 4.1.3). By default any
         * audience is accepted, or none, and a warning is logged.
         *
         * @param anyOf the accepted values
         * @return this builder
         */
        public Builder audience(String... anyOf) {
            audiences = distinct(anyOf);
            checksAudience = true;
            return this;
        }

        /**
         * Sets the algorithms that are accepted, of RS, PS and ES with 256, 384 and 512, and Ed25519 (RFC 9864; with
         * {@code EdDSA}, its older name, both names are accepted). By default RS256 and ES256.
         *
         * @param algorithms the accepted values of {@code alg}
         * @return this builder
         */
        public Builder algorithms(JWSAlgorithm... algorithms) {
            allowed = List.of(algorithms);
            return this;
        }

        /**
         * Sets the types of which the header's {@code typ} has to be one, such as {@code at+jwt} (RFC 9068). Case, and a
         * leading {@code application/}, do not matter (RFC 7515, section 4.1.9). By default any is accepted, or none.
         *
         * @param anyOf the accepted values
         * @return this builder
         */
        public Builder type(String... anyOf) {
            types = distinct(anyOf);
            checksType = true;
            return this;
        }

        /**
         * Accepts tokens without {@code sub}, or with an empty one. By default they are refused.
         *
         * @return this builder
         */
        public Builder optionalSubject() {
            needsSubject = false;
            return this;
        }

        /**
         * Requires a claim; each call adds one.
         *
         * @param name such as {@code client_id}
         * @param anyOf the values of which it has to be one, or, if it is an array, has to hold one; booleans and whole
         *     numbers are compared as text. Without values, the claim only has to be there
         * @return this builder
         */
        public Builder requireClaim(String name, String... anyOf) {
            required.add(new RequiredClaim(Objects.requireNonNull(name, "name"), distinct(anyOf)));
            return this;
        }

        /**
         * Adds a check of the claims, which runs last, for each token, also for one that is remembered. It can only refuse:
         * with {@code false}, or by throwing, both as {@code WRONG_CLAIM}. What it throws is not passed on; a warning names
         * its type. So it should ask nothing that may be down: the caller can do that after {@code decode}, and answer 503.
         * It runs on the thread that decodes, so it must not wait for anything. It has to be safe for use by several threads.
         *
         * @param accepts says whether the claims are accepted
         * @return this builder
         */
        public Builder check(Predicate<JWTClaimsSet> accepts) {
            checks.add(Objects.requireNonNull(accepts, "accepts"));
            return this;
        }

        /**
         * Verifies signatures and leaves all claims to the caller, times included: for a framework that checks them itself,
         * as Spring Security's validators do. An {@code issuer} is then only a name for these tokens, and is not
         * checked.
         *
         * @return this builder
         */
        public Builder signatureOnly() {
            signatureOnly = true;
            return this;
        }

        /**
         * Sets the length from which a token is refused without being read.
         *
         * @param characters the longest token that is read; 16,384 by default
         * @return this builder
         */
        public Builder maxTokenLength(int characters) {
            maxTokenLength = characters;
            return this;
        }

        /**
         * Sets how far the issuer's clock may be off.
         *
         * @param skew from zero to 10 minutes; 60 seconds by default
         * @return this builder
         */
        public Builder clockSkew(Duration skew) {
            clockSkew = Objects.requireNonNull(skew, "skew");
            return this;
        }

        /**
         * Sets the wall clock that {@code exp} and {@code nbf} are compared with (RFC 7519, sections 4.1.4 and 4.1.5).
         *
         * @param clock the system's by default
         * @return this builder
         */
        public Builder clock(Clock clock) {
            this.clock = Objects.requireNonNull(clock, "clock");
            return this;
        }

        /**
         * Sets the security provider that verifies. By default Conscrypt if it is on the class path, and the JDK's
         * provider if not.
         *
         * @param provider used for every signature
         * @return this builder
         */
        public Builder provider(Provider provider) {
            this.provider = Objects.requireNonNull(provider, "provider");
            return this;
        }

        /**
         * Remembers verified tokens, at the longest until their {@code exp}, or until their key is no longer in the
         * current set. Objects and arrays in their claims are unmodifiable. Dates are not, and are
         * shared: leave them as they are. A change does not prolong a token. It needs Caffeine on the class path.
         *
         * @param maxEntries how many; 0, which is the default, for none
         * @return this builder
         */
        public Builder cacheVerified(int maxEntries) {
            cacheVerified = maxEntries;
            return this;
        }

        /** Logs no warning, because another decoder with the same options has. */
        Builder quiet() {
            quiet = true;
            return this;
        }

        private static Set<String> distinct(String... values) {
            return Collections.unmodifiableSet(new LinkedHashSet<>(List.of(values)));
        }

        /**
         * Builds the decoder.
         *
         * @return the decoder
         * @throws IllegalArgumentException if the options do not fit together; the message says which
         */
        public TokenDecoder build() {
            require(issuer == null || !issuer.isBlank(), "the issuer may not be blank");
            requireNames(checksAudience, audiences, "audience");
            requireNames(checksType, types, "type");
            for (RequiredClaim claim : required) {
                require(!claim.name().isBlank(), "requireClaim has to name a claim");
            }
            require(
                    !signatureOnly || (!checksAudience && needsSubject && required.isEmpty() && checks.isEmpty()),
                    "signatureOnly leaves the claims to the caller: there can be no other option about them");
            require(!signatureOnly || cacheVerified == 0, "cacheVerified would remember a token beyond its exp");
            require(maxTokenLength > 0, "maxTokenLength has to be positive");
            require(
                    !clockSkew.isNegative() && clockSkew.compareTo(Duration.ofMinutes(10)) <= 0,
                    "clockSkew has to be between 0 and 10 minutes");
            require(cacheVerified >= 0, "cacheVerified may not be negative");
            require(
                    cacheVerified == 0 || VerifiedTokens.isPossible(),
                    "cacheVerified needs com.github.ben-manes.caffeine:caffeine on the class path");
            TokenDecoder decoder = new TokenDecoder(this, supportedAlgorithms());
            if (!quiet && !signatureOnly && (issuer == null || audiences.isEmpty())) {
                LOG.warn("Tokens are accepted whatever their {} is", issuer == null ? "issuer" : "audience");
            }
            return decoder;
        }

        private Set<SigningAlgorithm> supportedAlgorithms() {
            require(!allowed.isEmpty(), "algorithms has to name one at least");
            Set<SigningAlgorithm> algorithms = EnumSet.noneOf(SigningAlgorithm.class);
            for (JWSAlgorithm each : allowed) {
                SigningAlgorithm algorithm = SigningAlgorithm.named(each.getName());
                if (algorithm == null) {
                    throw new IllegalArgumentException(
                            each + " is not supported: only " + SigningAlgorithm.allNames() + " are");
                }
                require(
                        provider == null || algorithm.isOfferedBy(provider),
                        "the provider " + (provider == null ? "" : provider.getName()) + " does not verify " + each);
                algorithms.add(algorithm);
            }
            return Collections.unmodifiableSet(algorithms);
        }

        private static void requireNames(boolean isChecked, Set<String> names, String option) {
            require(!isChecked || !names.isEmpty(), option + " has to name one at least");
            for (String name : names) {
                require(!name.isBlank(), "the " + option + " may not be blank");
            }
        }

        private static void require(boolean condition, String reason) {
            if (!condition) {
                throw new IllegalArgumentException(reason);
            }
        }
    }
}
