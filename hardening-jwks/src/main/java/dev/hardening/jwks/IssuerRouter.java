package dev.hardening.jwks;

import com.nimbusds.jwt.JWTClaimsSet;
import dev.hardening.jwks.InvalidTokenException.Reason;
import java.net.URI;
import java.text.ParseException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Decodes the tokens of several issuers, each with its own decoder and keys. A failure of one issuer's endpoint does
 * not affect the tokens of the others. A token's {@code iss} only chooses the decoder, which then verifies everything,
 * that claim included.
 *
 * <p>Safe for use by several threads.
 */
public final class IssuerRouter implements AutoCloseable {

    private final Function<String, @Nullable TokenDecoder> decoders;
    private final Function<String, CompletableFuture<TokenDecoder>> decodersAsync;
    private final int maxTokenLength;
    private final Runnable onClose;

    private IssuerRouter(
            Function<String, @Nullable TokenDecoder> decoders,
            Function<String, CompletableFuture<TokenDecoder>> decodersAsync,
            int maxTokenLength,
            Runnable onClose) {
        this.decoders = decoders;
        this.decodersAsync = decodersAsync;
        this.maxTokenLength = maxTokenLength;
        this.onClose = onClose;
    }

    /**
     * Makes a router for issuers that are known. The caller has to close their caches.
     *
     * @param decoders one for each issuer
     * @return the router
     * @throws IllegalArgumentException if there is none, if one checks no issuer, or if two have the same
     */
    public static IssuerRouter of(TokenDecoder... decoders) {
        Map<String, TokenDecoder> byIssuer = new LinkedHashMap<>();
        int maxTokenLength = 0;
        for (TokenDecoder decoder : decoders) {
            String issuer = decoder.issuer();
            require(issuer != null, "each decoder has to have an issuer");
            require(byIssuer.put(issuer, decoder) == null, "two decoders have the issuer " + issuer);
            maxTokenLength = Math.max(maxTokenLength, decoder.maxTokenLength());
        }
        require(!byIssuer.isEmpty(), "a router has to have one decoder at least");
        Map<String, TokenDecoder> known = Map.copyOf(byIssuer);
        return new IssuerRouter(known::get, issuer -> ofKnown(known.get(issuer)), maxTokenLength, () -> {});
    }

    private static CompletableFuture<TokenDecoder> ofKnown(@Nullable TokenDecoder decoder) {
        return decoder == null
                ? CompletableFuture.failedFuture(untrusted())
                : CompletableFuture.completedFuture(decoder);
    }

    /**
     * Begins a router that finds the keys of each issuer from its metadata ({@link JWKSCache#discover}), when its first
     * token comes.
     *
     * @param trusted whether an issuer's tokens are accepted. It is asked for each token with an {@code iss} that may
     *     be forged, on the decoding thread, so it has to be quick, exact and safe for use by several threads; if it
     *     throws, the issuer is not trusted, and a warning is logged once until it answers again. So it should ask nothing
     *     that may be down. An issuer that is not trusted costs no request. If it was trusted before, its keys are dropped
     *     when a token of it comes, but not if the predicate throws
     * @return a builder
     */
    public static Builder discovering(Predicate<String> trusted) {
        return new Builder(Objects.requireNonNull(trusted, "trusted"));
    }

    /**
     * Verifies a token by its issuer's decoder.
     *
     * @param token a compact JWS; null is malformed
     * @return the token's claims
     * @throws InvalidTokenException if it is refused: answer 401. An issuer that is not trusted is {@code WRONG_ISSUER}
     * @throws JWKSUnavailableException if there are no usable keys of this issuer, the router is closed, or it
     *     holds {@link Builder#maxIssuers} and has opened too many others: answer 503
     */
    public JWTClaimsSet decode(@Nullable String token) {
        return decoderOf(token).decode(token);
    }

    /**
     * {@link #decode} for event loops and coroutines, as {@link TokenDecoder#decodeAsync} is.
     *
     * @param token as for {@link #decode}
     * @return fails with what {@link #decode} throws, and never throws itself
     */
    public CompletableFuture<JWTClaimsSet> decodeAsync(@Nullable String token) {
        try {
            String issuer = claimedIssuer(CompactToken.parse(token, maxTokenLength));
            if (issuer == null) {
                throw untrusted();
            }
            CompletableFuture<TokenDecoder> decoder = decodersAsync.apply(issuer);
            return decoder.isDone() && !decoder.isCompletedExceptionally()
                    ? decoder.join().decodeAsync(token)
                    : decodeLater(decoder, token);
        } catch (RuntimeException refused) {
            return CompletableFuture.failedFuture(refused);
        }
    }

    private static CompletableFuture<JWTClaimsSet> decodeLater(
            CompletableFuture<TokenDecoder> opened, @Nullable String token) {
        CompletableFuture<JWTClaimsSet> result = new CompletableFuture<>();
        var unused = opened.thenCompose(decoder -> decoder.decodeAsync(token)).whenComplete((claims, failure) -> {
            if (failure == null) {
                result.complete(claims);
            } else {
                result.completeExceptionally(failure instanceof CompletionException ? failure.getCause() : failure);
            }
        });
        return result;
    }

    private TokenDecoder decoderOf(@Nullable String token) {
        String issuer = claimedIssuer(CompactToken.parse(token, maxTokenLength));
        TokenDecoder decoder = issuer == null ? null : decoders.apply(issuer);
        if (decoder == null) {
            throw untrusted();
        }
        return decoder;
    }

    static InvalidTokenException untrusted() {
        return new InvalidTokenException(Reason.WRONG_ISSUER, ": none that is trusted");
    }

    private static @Nullable String claimedIssuer(CompactToken token) {
        try {
            return Json.object(token.payload()).get("iss") instanceof String issuer ? issuer : null;
        } catch (ParseException malformed) {
            throw new InvalidTokenException(Reason.MALFORMED);
        }
    }

    /** Closes the caches that this router made. Their keys stay usable until they expire. Nothing is fetched after this. */
    @Override
    public void close() {
        onClose.run();
    }

    private static void require(boolean condition, String reason) {
        if (!condition) {
            throw new IllegalArgumentException(reason);
        }
    }

    /** The options of a router that discovers. Not safe for use by several threads. */
    public static final class Builder {

        private static final URI SAMPLE = URI.create("https://issuer.invalid");

        private final Predicate<String> trusted;
        private UnaryOperator<JWKSCache.Builder> cache = UnaryOperator.identity();
        private UnaryOperator<TokenDecoder.Builder> decoder = UnaryOperator.identity();
        private int maxIssuers = 1_000;

        private Builder(Predicate<String> trusted) {
            this.trusted = trusted;
        }

        /**
         * Sets the options of each issuer's cache. A snapshot store is for one issuer only: if several have the same, a
         * warning is logged.
         *
         * @param options is handed each builder; by default it is as {@link JWKSCache#discover} returns it
         * @return this builder
         */
        public Builder cache(UnaryOperator<JWKSCache.Builder> options) {
            cache = Objects.requireNonNull(options, "options");
            return this;
        }

        /**
         * Sets the options of each issuer's decoder, such as its audience. The router sets the issuer. By default they
         * are as in {@link TokenDecoder#builder}.
         *
         * @param options is handed each builder, and returns it
         * @return this builder
         */
        public Builder decoder(UnaryOperator<TokenDecoder.Builder> options) {
            decoder = Objects.requireNonNull(options, "options");
            return this;
        }

        /**
         * Sets how many issuers' keys are held at the same time. If one more comes, an issuer that never had a verified
         * token is removed. If there is none, it is held as one more until a token of it is verified. Then the issuer
         * that was unused for longest is removed. A router that holds this many opens 100 more at once, then one a second.
         * A token of a further one fails with {@link JWKSUnavailableException}, and a warning is logged once.
         *
         * @param issuers positive; 1,000 by default
         * @return this builder
         */
        public Builder maxIssuers(int issuers) {
            maxIssuers = issuers;
            return this;
        }

        /**
         * Builds the router. It tries the options out for an issuer {@code https://issuer.invalid}, which is never asked.
         *
         * @return the router
         * @throws IllegalArgumentException if the options do not fit together; the message says which
         */
        public IssuerRouter build() {
            require(maxIssuers > 0, "maxIssuers has to be positive");
            int maxTokenLength;
            try (JWKSCache sample = cache.apply(JWKSCache.discover(SAMPLE)).build()) {
                maxTokenLength = decoder.apply(TokenDecoder.builder(sample))
                        .issuer(SAMPLE.toString())
                        .build()
                        .maxTokenLength();
            }
            DiscoveredIssuers issuers = new DiscoveredIssuers(trusted, cache, decoder, maxIssuers, Ticker.system());
            return new IssuerRouter(issuers::decoder, issuers::decoderAsync, maxTokenLength, issuers::close);
        }
    }
}
