package dev.hardening.jwks;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jose.util.JSONObjectUtils;
import com.nimbusds.jwt.JWTClaimsSet;
import dev.hardening.jwks.InvalidTokenException.Reason;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.Provider;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.text.ParseException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
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
    private static final int MAX_TOKEN_LENGTH = 16 * 1024;

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
    private final Duration clockSkew;
    private final Clock clock;
    private final @Nullable Provider provider;
    private final @Nullable VerifiedTokens verified;

    /** Headers of tokens that verified, by their encoded form: a provider uses a few. */
    private final Map<String, JWSHeader> headers = new ConcurrentHashMap<>();

    private volatile Verifiers verifiers = new Verifiers(null);

    /** The verifiers of one key set, each built when its key is first used. */
    private static final class Verifiers {
        final @Nullable KeySet keys;
        final Map<SigningKey, JWSVerifier> byKey = new ConcurrentHashMap<>();

        Verifiers(@Nullable KeySet keys) {
            this.keys = keys;
        }
    }

    private TokenDecoder(Builder builder) {
        cache = builder.cache;
        issuer = builder.issuer;
        audience = builder.audience;
        algorithms = builder.algorithms;
        clockSkew = builder.clockSkew;
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
            VerifiedTokens.Entry known = verified.get(token);
            if (known != null && cache.isCurrent(known.key())) {
                known.times().check(clock.instant(), clockSkew);
                return known.claims();
            }
        }
        Parts parts = Parts.of(token);
        JWSHeader header = header(parts.header());
        KeySet keys = cache.keysFor(header.getKeyID());
        SigningKey key = keyOf(header, keys);
        verify(parts, header, key, keys);
        if (headers.size() < MAX_HEADERS) {
            headers.putIfAbsent(parts.header(), header);
        }
        JWTClaimsSet claims = claims(parts.payload());
        Times times = Times.of(claims);
        times.check(clock.instant(), clockSkew);
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
        JWSHeader header = header(Parts.of(token).header());
        return keyOf(header, cache.keysFor(header.getKeyID()));
    }

    /** The three parts of a compact JWS (RFC 7515, section 7.1), still encoded. */
    private record Parts(String header, String payload, String signature) {

        static Parts of(@Nullable String token) {
            if (token == null || token.length() > MAX_TOKEN_LENGTH) {
                throw new InvalidTokenException(Reason.MALFORMED);
            }
            int first = token.indexOf('.');
            int second = token.indexOf('.', first + 1);
            if (first < 1 || second < first + 2) {
                throw new InvalidTokenException(Reason.MALFORMED);
            }
            for (int i = 0; i < token.length(); i++) {
                if (i != first && i != second && !isBase64Url(token.charAt(i))) {
                    throw new InvalidTokenException(Reason.MALFORMED);
                }
            }
            return new Parts(
                    token.substring(0, first), token.substring(first + 1, second), token.substring(second + 1));
        }

        private static boolean isBase64Url(char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        }

        /** Only one encoding of each signature is accepted: the bits that its last character has left over are 0. */
        Base64URL canonicalSignature() {
            Base64URL encoded = new Base64URL(signature);
            if (!Base64URL.encode(encoded.decode()).equals(encoded)) {
                throw new IllegalArgumentException();
            }
            return encoded;
        }

        byte[] signingInput() {
            return (header + '.' + payload).getBytes(StandardCharsets.US_ASCII);
        }
    }

    private JWSHeader header(String encoded) {
        JWSHeader known = headers.get(encoded);
        if (known != null) {
            return known;
        }
        try {
            Map<String, Object> json = json(encoded);
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

    private static Map<String, Object> json(String encoded) throws ParseException {
        String text = new String(java.util.Base64.getUrlDecoder().decode(encoded), StandardCharsets.UTF_8);
        if (!text.stripLeading().startsWith("{")) {
            throw new ParseException("not a JSON object", 0); // Nimbus's parser takes an array of pairs for one
        }
        return JSONObjectUtils.parse(text);
    }

    private static SigningKey keyOf(JWSHeader header, KeySet keys) {
        String kid = header.getKeyID();
        SigningKey key = kid == null ? keys.onlyOneFor(header.getAlgorithm()) : keys.find(kid, header.getAlgorithm());
        if (key == null) {
            throw new InvalidTokenException(
                    kid != null && keys.has(kid) ? Reason.UNSUPPORTED_ALGORITHM : Reason.UNKNOWN_KEY);
        }
        return key;
    }

    private void verify(Parts parts, JWSHeader header, SigningKey key, KeySet keys) {
        Verifiers current = verifiers;
        if (current.keys != keys) {
            current = new Verifiers(keys);
            verifiers = current;
        }
        boolean valid;
        try {
            valid = current.byKey
                    .computeIfAbsent(key, this::verifier)
                    .verify(header, parts.signingInput(), parts.canonicalSignature());
        } catch (JOSEException | RuntimeException unverifiable) {
            valid = false;
        }
        if (!valid) {
            throw new InvalidTokenException(Reason.BAD_SIGNATURE);
        }
    }

    private JWSVerifier verifier(SigningKey key) {
        JWSVerifier verifier;
        if (key.publicKey() instanceof RSAPublicKey rsa) {
            verifier = new RSASSAVerifier(rsa);
        } else {
            try {
                verifier = new ECDSAVerifier((ECPublicKey) key.publicKey());
            } catch (JOSEException unsupported) {
                throw new IllegalStateException("a curve that the parser let through is not supported", unsupported);
            }
        }
        if (provider != null) {
            verifier.getJCAContext().setProvider(provider);
        }
        return verifier;
    }

    private JWTClaimsSet claims(String payload) {
        try {
            Map<String, Object> json = json(payload);
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

    /** RFC 7519, sections 4.1.4 and 4.1.5; apart from the claims, whose dates a caller could change. */
    record Times(@Nullable Instant expires, @Nullable Instant notBefore) {

        static Times of(JWTClaimsSet claims) {
            Date expires = claims.getExpirationTime();
            Date notBefore = claims.getNotBeforeTime();
            return new Times(
                    expires == null ? null : expires.toInstant(), notBefore == null ? null : notBefore.toInstant());
        }

        void check(Instant now, Duration clockSkew) {
            if (expires == null || !now.minus(clockSkew).isBefore(expires)) {
                throw new InvalidTokenException(Reason.EXPIRED);
            }
            if (notBefore != null && now.plus(clockSkew).isBefore(notBefore)) {
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
                            canVerify(chosen, algorithm),
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

        private static boolean canVerify(Provider provider, JWSAlgorithm algorithm) {
            String hash = "SHA" + algorithm.getName().substring(2);
            return switch (algorithm.getName().substring(0, 2)) {
                case "RS" -> provider.getService("Signature", hash + "withRSA") != null;
                case "PS" ->
                    provider.getService("Signature", "RSASSA-PSS") != null
                            || provider.getService("Signature", hash + "withRSAandMGF1") != null;
                default -> provider.getService("Signature", hash + "withECDSA") != null;
            };
        }

        private static void require(boolean condition, String reason) {
            if (!condition) {
                throw new IllegalArgumentException(reason);
            }
        }
    }
}
