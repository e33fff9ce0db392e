package dev.hardening.jwks;

import com.nimbusds.jose.jwk.JWKSet;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The verifying keys of one key set, by key id. Immutable: a look-up takes no lock and allocates nothing. */
final class KeySet {

    private static final SigningKey[] NONE = {};
    static final int MAX_ALIKE = 4;

    static final KeySet EMPTY = new KeySet(new JWKSet(), List.of());

    private final JWKSet jwkSet;
    private final List<SigningKey> keys;
    private final Map<@Nullable String, SigningKey[]> byKid = new HashMap<>();
    private final Map<@Nullable String, Optional<SigningKey>> firstByKid = new HashMap<>();
    private final Optional<SigningKey> only;

    /**
     * Indexes keys.
     *
     * @param jwkSet the set as it was fetched
     * @param keys its verifying keys
     */
    KeySet(JWKSet jwkSet, List<SigningKey> keys) {
        this(jwkSet, keys, only(keys));
    }

    private KeySet(JWKSet jwkSet, List<SigningKey> keys, Optional<SigningKey> only) {
        this.jwkSet = jwkSet;
        this.keys = List.copyOf(keys);
        this.only = only;
        Map<@Nullable String, List<SigningKey>> grouped = new HashMap<>();
        keys.forEach(key ->
                grouped.computeIfAbsent(key.kid(), kid -> new ArrayList<>(1)).add(key));
        grouped.forEach((kid, same) -> {
            byKid.put(kid, same.toArray(NONE));
            firstByKid.put(kid, Optional.of(same.get(0)));
        });
    }

    /** The only key, which a set may list more than once. */
    private static Optional<SigningKey> only(List<SigningKey> keys) {
        boolean isOne = !keys.isEmpty() && keys.stream().allMatch(key -> isCopy(key, keys.subList(0, 1)));
        return isOne ? Optional.of(keys.get(0)) : Optional.empty();
    }

    /** These keys together with others that are kept a little longer. The set's only key stays its only key. */
    KeySet keeping(List<SigningKey> kept) {
        List<SigningKey> all = new ArrayList<>(keys);
        all.addAll(kept);
        return new KeySet(jwkSet, all, only);
    }

    JWKSet jwkSet() {
        return jwkSet;
    }

    List<SigningKey> keys() {
        return keys;
    }

    boolean has(@Nullable String kid) {
        return byKid.containsKey(kid);
    }

    @SuppressWarnings("ReferenceEquality") // a key that stays in the set is the same object from fetch to fetch
    boolean has(SigningKey key) {
        for (SigningKey same : withKid(key.kid())) {
            if (same == key) {
                return true;
            }
        }
        return false;
    }

    /** The first key of a key id; for null the set's only key, if all its keys are the same. Nothing is allocated. */
    Optional<SigningKey> first(@Nullable String kid) {
        if (kid == null) {
            return only;
        }
        Optional<SigningKey> first = firstByKid.get(kid);
        return first == null ? Optional.empty() : first;
    }

    /**
     * The keys that may have signed a token, 4 different ones at the most: each costs a forged token one verification more.
     *
     * @param kid the token's key id; without one, all keys of the algorithm's type may
     */
    List<SigningKey> fitting(@Nullable String kid, SigningAlgorithm algorithm) {
        return fitting(kid, algorithm, MAX_ALIKE);
    }

    /** Whether more keys may have signed a token than {@link #fitting} returns. */
    boolean fitsMore(@Nullable String kid, SigningAlgorithm algorithm) {
        return fitting(kid, algorithm, MAX_ALIKE + 1).size() > MAX_ALIKE;
    }

    private List<SigningKey> fitting(@Nullable String kid, SigningAlgorithm algorithm, int most) {
        List<SigningKey> fitting = new ArrayList<>(1);
        for (SigningKey key : kid == null ? keys : List.of(withKid(kid))) {
            if (fitting.size() < most && algorithm.fits(key.jwk()) && !isCopy(key, fitting)) {
                fitting.add(key);
            }
        }
        return fitting;
    }

    private static boolean isCopy(SigningKey key, List<SigningKey> others) {
        for (SigningKey other : others) {
            if (other.publicKey().equals(key.publicKey())) {
                return true;
            }
        }
        return false;
    }

    private SigningKey[] withKid(@Nullable String kid) {
        SigningKey[] same = byKid.get(kid);
        return same == null ? NONE : same;
    }
}
