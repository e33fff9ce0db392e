package dev.hardening.jwks;

import java.security.Provider;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The verifiers of one key set. Each is built for the first token that needs it, and kept while its key stays in the set.
 * Safe for use by several threads.
 */
final class KeyVerifiers {

    /** One key with one algorithm. Its methods are written out: a record's own cost a cold start a method handle each. */
    private record Use(SigningKey key, SigningAlgorithm algorithm) {

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Use use && use.algorithm == algorithm && use.key.equals(key);
        }

        @Override
        public int hashCode() {
            return 31 * Objects.hashCode(key.kid()) + algorithm.hashCode();
        }
    }

    private final KeySet keys;
    private final @Nullable Provider provider;
    private final Map<Use, SignatureVerifier> built = new ConcurrentHashMap<>();
    private final Map<CompactToken.Header, List<SignatureVerifier>> byHeader = new ConcurrentHashMap<>();

    /** @param provider is asked for what it offers; for other algorithms, and where it is null, the JDK chooses */
    KeyVerifiers(KeySet keys, @Nullable Provider provider) {
        this.keys = keys;
        this.provider = provider;
    }

    /** The verifiers of another set, with those of the keys that both have. */
    KeyVerifiers forKeys(KeySet next) {
        KeyVerifiers verifiers = new KeyVerifiers(next, provider);
        built.forEach((use, verifier) -> {
            if (next.has(use.key())) {
                verifiers.built.put(use, verifier);
            }
        });
        return verifiers;
    }

    KeySet keys() {
        return keys;
    }

    /** The verifiers of the keys that may have signed a token with this header; empty if there are none. */
    List<SignatureVerifier> of(CompactToken.Header header) {
        List<SignatureVerifier> known = byHeader.get(header);
        if (known != null) {
            return known;
        }
        List<SignatureVerifier> fitting = new ArrayList<>(1);
        for (SigningKey key : keys.fitting(header.kid(), header.algorithm())) {
            fitting.add(built.computeIfAbsent(new Use(key, header.algorithm()), this::build));
        }
        if (!fitting.isEmpty()) { // if no key fits, each token may have another kid
            byHeader.put(header, fitting);
        }
        return fitting;
    }

    private SignatureVerifier build(Use use) {
        boolean offered = provider != null
                && use.algorithm().isOfferedBy(provider)
                && !FastProvider.isUnfitFor(use.key().publicKey(), provider);
        return new SignatureVerifier(use.key(), use.algorithm(), offered ? provider : null);
    }
}
