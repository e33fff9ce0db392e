package dev.hardening.jwks;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jose.util.JSONObjectUtils;
import com.nimbusds.jwt.JWTClaimsSet;
import dev.hardening.jwks.InvalidTokenException.Reason;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.Provider;
import java.text.ParseException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decodes and verifies signed JWTs (RFC 7519, RFC 8725) with the keys of a {@link JWKSCache}.
 *
 * <p>The algorithm has to be on the allow-list and the key's own; {@code crit} is refused; a key that a token brings
 * ({@code jwk}, {@code jku}, {@code x5u}, {@code x5c}) is never looked at. A token without a key id is verified only where
 * the set has exactly one key for its algorithm.
 *
 * <p>Immutable and safe for use by several threads.
 */
public final class TokenDecoder {

    private static final Logger LOG = LoggerFactory.getLogger(TokenDecoder.class);

    // Without ES256K, whose curve the JDK's provider does not have since 16.
    private static final Set<JWSAlgorithm> SUPPORTED = Set.of(
            JWSAlgorithm.RS256,
            JWSAlgorithm.RS384,
            JWSAlgorithm.RS512,
            JWSAlgorithm.PS256,
            JWSAlgorithm.PS384,
            JWSAlgorithm.PS512,
            JWSAlgorithm.ES256,
            JWSAlgorithm.ES384,
            JWSAlgorithm.ES512);
    private static final int MAX_HEADERS = 256;

    private final JWKSCache cache;
    private final @Nullable String issuer;
    private final @Nullable String audience;
    private final Set<JWSAlgorithm> algorithms;
    private final long clockSkew;
    private final Clock clock;
    private final @Nullable Provider provider;
    private final @Nullable VerifiedTokens verified;

    private volatile Known known = new Known(null, null);

    /** Who verifies with a key. */
    private record Candidate(SigningKey key, SignatureVerifier verifier) {}

    /** How tokens with one header are verified: by one key, or by one of several that share a key id. */
    private record Route(@Nullable String kid, List<Candidate> candidates) {}

    /** What was learned of one key set: routes by encoded header, of which a provider has a few, and verifiers. */
    private static final class Known {
        final @Nullable KeySet keys;
        final Map<String, Route> routes = new ConcurrentHashMap<>();
        final Map<Use, SignatureVerifier> verifiers = new ConcurrentHashMap<>();

        record Use(SigningKey key, JWSAlgorithm algorithm) {}

        Known(@Nullable KeySet keys, @Nullable Known before) {
            this.keys = keys;
            if (keys != null && before != null) {
                before.verifiers.forEach((use, verifier) -> {
                    if (keys.has(use.key())) {
                        verifiers.put(use, verifier);
                    }
                });
            }
        }
    }

    private TokenDecoder(Builder builder) {
        cache = builder.cache;
        issuer = builder.issuer;
        audience = builder.audience;
        algorithms = builder.algorithms;
        clockSkew = builder.clockSkew.toMillis();
        clock = builder.clock;
        provider = builder.provider == null ? FastProvider.find() : builder.provider;
        verified = builder.cacheVerified == 0 ? null : new VerifiedTokens(builder.cacheVerified);
        LOG.info(
                "Signatures are verified by {}",
                provider == null ? "the JDK's default provider" : provider.getName() + " " + provider.getVersionStr());
        if (issuer == null || audience == null) {
            LOG.warn("Tokens are accepted whatever their {} is", issuer == null ? "issuer" : "audience");
        }
    }

    /** Begins a decoder. Set the issuer and the audience: what is not set is not checked. */
    public static Builder builder(JWKSCache cache) {
        return new Builder(Objects.requireNonNull(cache, "cache"));
    }

    /**
     * A decoder for a Supabase project: issuer {@code <url>/auth/v1}, audience {@code authenticated}.
     *
     * @param projectUrl such as {@code https://abc.supabase.co}
     */
    public static TokenDecoder forSupabase(JWKSCache cache, URI projectUrl) {
        return builder(cache)
                .issuer(JWKSCache.supabaseBase(projectUrl) + "/auth/v1")
                .audience("authenticated")
                .build();
    }

    /**
     * Verifies a token and returns its claims.
     *
     * @param token a compact JWS; null is malformed
     * @throws InvalidTokenException if it is refused: answer 401
     * @throws JWKSUnavailableException if there are no usable keys: answer 503
     */
    public JWTClaimsSet decode(@Nullable String token) {
        if (verified != null && token != null) {
            VerifiedTokens.Entry entry = verified.get(token);
            if (entry != null && cache.isCurrent(entry.key())) {
                entry.times().check(clock.millis(), clockSkew);
                return entry.claims();
            }
        }
        CompactToken compact = CompactToken.of(token);
        SigningKey key = verify(compact);
        JWTClaimsSet claims = claims(compact);
        Times times = Times.of(claims);
        times.check(clock.millis(), clockSkew);
        checkNames(claims);
        if (verified != null && token != null) {
            verified.put(token, new VerifiedTokens.Entry(claims, times, key));
        }
        return claims;
    }

    /**
     * The key that a token says it is signed with. It verifies nothing: the token may be forged.
     *
     * @param token a compact JWS; null is malformed
     * @throws InvalidTokenException if it cannot be read, or no key of the set is the one
     * @throws JWKSUnavailableException if there are no usable keys
     */
    public SigningKey getSigningKey(@Nullable String token) {
        JWSHeader header = header(CompactToken.of(token).header());
        return keysOf(header, cache.keysFor(header.getKeyID())).get(0);
    }

    private JWSHeader header(String encoded) {
        try {
            Map<String, Object> json = json(Base64.getUrlDecoder().decode(encoded));
            if (!(json.get("alg") instanceof String algorithm) || json.containsKey("crit")) {
                throw new InvalidTokenException(Reason.MALFORMED);
            }
            if (!algorithms.contains(JWSAlgorithm.parse(algorithm))) {
                throw new InvalidTokenException(Reason.UNSUPPORTED_ALGORITHM);
            }
            return JWSHeader.parse(new Base64URL(encoded));
        } catch (InvalidTokenException refused) {
            throw refused;
        } catch (ParseException | RuntimeException malformed) {
            // Not chained: it may hold a part of the token.
            throw new InvalidTokenException(Reason.MALFORMED);
        }
    }

    private static Map<String, Object> json(byte[] decoded) throws ParseException {
        String text = new String(decoded, StandardCharsets.UTF_8);
        if (!text.stripLeading().startsWith("{")) {
            throw new ParseException("not a JSON object", 0); // Nimbus's parser takes an array of pairs for one
        }
        return JSONObjectUtils.parse(text);
    }

    private static List<SigningKey> keysOf(JWSHeader header, KeySet keys) {
        String kid = header.getKeyID();
        List<SigningKey> fitting =
                kid == null ? keys.onlyOneFor(header.getAlgorithm()) : keys.find(kid, header.getAlgorithm());
        if (fitting.isEmpty()) {
            throw new InvalidTokenException(
                    kid != null && keys.has(kid) ? Reason.UNSUPPORTED_ALGORITHM : Reason.UNKNOWN_KEY);
        }
        return fitting;
    }

    /** The key that signed a token. */
    private SigningKey verify(CompactToken compact) {
        String header = compact.header();
        Known learned = known;
        Route route = learned.routes.get(header);
        boolean fresh = route == null || cache.keysFor(route.kid()) != learned.keys;
        if (route == null || fresh) {
            JWSHeader read = header(header);
            KeySet keys = cache.keysFor(read.getKeyID());
            learned = learnedOf(keys);
            route = route(read, keys, learned);
        }
        byte[] signature = compact.signature();
        if (signature != null) {
            for (Candidate candidate : route.candidates()) {
                if (candidate.verifier().verifies(compact.ascii(), compact.signedLength(), signature)) {
                    if (fresh && learned.routes.size() < MAX_HEADERS) {
                        learned.routes.put(header, route); // only now: a forger cannot fill it
                    }
                    return candidate.key();
                }
            }
        }
        throw new InvalidTokenException(Reason.BAD_SIGNATURE);
    }

    private Known learnedOf(KeySet keys) {
        Known learned = known;
        if (learned.keys != keys) {
            learned = new Known(keys, learned);
            known = learned;
        }
        return learned;
    }

    private Route route(JWSHeader header, KeySet keys, Known learned) {
        List<Candidate> candidates = new ArrayList<>(1);
        for (SigningKey key : keysOf(header, keys)) {
            SignatureVerifier verifier = learned.verifiers.computeIfAbsent(
                    new Known.Use(key, header.getAlgorithm()),
                    use -> new SignatureVerifier(key.publicKey(), use.algorithm(), provider(use.algorithm())));
            candidates.add(new Candidate(key, verifier));
        }
        return new Route(header.getKeyID(), candidates);
    }

    /** The chosen provider; Conscrypt, which was not, only for what it has. */
    private @Nullable Provider provider(JWSAlgorithm algorithm) {
        return provider != null && SignatureVerifier.isPossible(algorithm, provider) ? provider : null;
    }

    private JWTClaimsSet claims(CompactToken compact) {
        try {
            Map<String, Object> json = json(compact.payload());
            if (verified != null) {
                // Claims that are remembered are handed out again: what is inside them must not change meanwhile.
                json.replaceAll((name, value) -> frozen(value));
            }
            return JWTClaimsSet.parse(json);
        } catch (ParseException | RuntimeException malformed) {
            throw new InvalidTokenException(Reason.MALFORMED);
        }
    }

    private static Object frozen(Object value) {
        if (value instanceof Map<?, ?> object) {
            Map<Object, Object> copy = new LinkedHashMap<>(object);
            copy.replaceAll((name, member) -> frozen(member));
            return Collections.unmodifiableMap(copy);
        }
        if (value instanceof List<?> array) {
            List<Object> copy = new ArrayList<>(array);
            copy.replaceAll(TokenDecoder::frozen);
            return Collections.unmodifiableList(copy);
        }
        return value;
    }

    /**
     * When a token is valid (RFC 7519, sections 4.1.4 and 4.1.5); apart from the claims, whose dates a caller could change.
     *
     * @param expires in milliseconds of the wall clock; in the distant past if it never would
     */
    record Times(long expires, long notBefore) {

        static Times of(JWTClaimsSet claims) {
            Date expires = claims.getExpirationTime();
            Date notBefore = claims.getNotBeforeTime();
            return new Times(
                    expires == null ? Long.MIN_VALUE : expires.toInstant().toEpochMilli(),
                    notBefore == null ? Long.MIN_VALUE : notBefore.toInstant().toEpochMilli());
        }

        void check(long now, long clockSkew) {
            if (now - clockSkew >= expires) {
                throw new InvalidTokenException(Reason.EXPIRED);
            }
            if (now + clockSkew < notBefore) {
                throw new InvalidTokenException(Reason.NOT_YET_VALID);
            }
        }
    }

    /** RFC 7519, sections 4.1.1 to 4.1.3. */
    private void checkNames(JWTClaimsSet claims) {
        if (issuer != null && !issuer.equals(claims.getIssuer())) {
            throw new InvalidTokenException(Reason.WRONG_ISSUER);
        }
        if (audience != null && !claims.getAudience().contains(audience)) {
            throw new InvalidTokenException(Reason.WRONG_AUDIENCE);
        }
        if (claims.getSubject() == null || claims.getSubject().isBlank()) {
            throw new InvalidTokenException(Reason.MISSING_SUBJECT);
        }
    }

    /** Prints the issuer, the audience and the algorithms. */
    @Override
    public String toString() {
        return "TokenDecoder[issuer=" + issuer + ", audience=" + audience + ", algorithms=" + algorithms + "]";
    }

    /** The options of a decoder. Not safe for use by several threads. */
    public static final class Builder {

        private final JWKSCache cache;
        private @Nullable String issuer;
        private @Nullable String audience;
        private Set<JWSAlgorithm> algorithms = Set.of(JWSAlgorithm.RS256, JWSAlgorithm.ES256);
        private Duration clockSkew = Duration.ofSeconds(60);
        private Clock clock = Clock.systemUTC();
        private @Nullable Provider provider;
        private int cacheVerified;

        private Builder(JWKSCache cache) {
            this.cache = cache;
        }

        /** The only {@code iss} that is accepted. */
        public Builder issuer(String iss) {
            issuer = Objects.requireNonNull(iss);
            return this;
        }

        /** What {@code aud} has to name, alone or among others. */
        public Builder audience(String aud) {
            audience = Objects.requireNonNull(aud);
            return this;
        }

        /** Of RS, PS and ES with 256, 384 and 512, those that are accepted; RS256 and ES256. */
        public Builder algorithms(JWSAlgorithm... allowed) {
            algorithms = Set.of(allowed);
            return this;
        }

        /** How far the issuer's clock may be off; 60 s. */
        public Builder clockSkew(Duration skew) {
            clockSkew = Objects.requireNonNull(skew);
            return this;
        }

        /** The wall clock that {@code exp} and {@code nbf} are compared with; the system's. */
        public Builder clock(Clock wall) {
            clock = Objects.requireNonNull(wall);
            return this;
        }

        /** The security provider that verifies; by default Conscrypt where it is on the class path, else the JDK's. */
        public Builder provider(Provider verifies) {
            provider = Objects.requireNonNull(verifies);
            return this;
        }

        /**
         * Remembers so many verified tokens, never beyond their {@code exp}, nor beyond their key's membership in the
         * current set; 0, which is the default, remembers none. Objects and arrays in their claims are unmodifiable. It
         * needs Caffeine on the class path.
         */
        public Builder cacheVerified(int maxEntries) {
            cacheVerified = maxEntries;
            return this;
        }

        /**
         * The decoder.
         *
         * @throws IllegalArgumentException if the options do not fit together; the message says which
         */
        public TokenDecoder build() {
            require(!algorithms.isEmpty(), "algorithms has to name one at least");
            for (JWSAlgorithm algorithm : algorithms) {
                require(
                        SUPPORTED.contains(algorithm),
                        algorithm + " is not supported: only RS, PS and ES with 256, 384 or 512 are");
            }
            Provider chosen = provider;
            if (chosen != null) {
                for (JWSAlgorithm algorithm : algorithms) {
                    require(
                            SignatureVerifier.isPossible(algorithm, chosen),
                            "the provider " + chosen.getName() + " does not verify " + algorithm);
                }
            }
            require(issuer == null || !issuer.isBlank(), "the issuer may not be blank");
            require(audience == null || !audience.isBlank(), "the audience may not be blank");
            require(
                    !clockSkew.isNegative() && clockSkew.compareTo(Duration.ofMinutes(10)) <= 0,
                    "clockSkew has to be between 0 and 10 minutes");
            require(cacheVerified >= 0, "cacheVerified may not be negative");
            require(
                    cacheVerified == 0 || VerifiedTokens.isPossible(),
                    "cacheVerified needs com.github.ben-manes.caffeine:caffeine on the class path");
            return new TokenDecoder(this);
        }

        private static void require(boolean condition, String reason) {
            if (!condition) {
                throw new IllegalArgumentException(reason);
            }
        }
    }
}
