package dev.hardening.jwks;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The verifying keys of one key set, by key id. Immutable: a look-up takes no lock and allocates nothing. */
final class KeySet {

    private static final SigningKey[] NONE = {};
    private static final int MAX_ALIKE = 4; // each costs a forged token one verification more

    private final JWKSet jwkSet;
    private final List<SigningKey> keys;
    private final Map<@Nullable String, SigningKey[]> byKid = new HashMap<>();
    private final Map<@Nullable String, Optional<SigningKey>> firstByKid = new HashMap<>();

    /**
     * Indexes keys.
     *
     * @param jwkSet the set as it was fetched
     * @param keys its verifying keys, and any that are kept a little longer
     */
    KeySet(JWKSet jwkSet, Collection<SigningKey> keys) {
        this.jwkSet = jwkSet;
        this.keys = List.copyOf(keys);
        Map<@Nullable String, List<SigningKey>> grouped = new HashMap<>();
        keys.forEach(key ->
                grouped.computeIfAbsent(key.kid(), kid -> new ArrayList<>(1)).add(key));
        grouped.forEach((kid, same) -> {
            byKid.put(kid, same.toArray(NONE));
            firstByKid.put(kid, Optional.of(same.get(0)));
        });
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
        for (SigningKey same : named(key.kid())) {
            if (same == key) {
                return true;
            }
        }
        return false;
    }

    /** The first key of a key id; nothing is allocated. */
    Optional<SigningKey> first(String kid) {
        Optional<SigningKey> first = firstByKid.get(kid);
        return first == null ? Optional.empty() : first;
    }

    /** The keys of a key id that verify an algorithm: one, unless the issuer named several alike. */
    List<SigningKey> find(String kid, JWSAlgorithm algorithm) {
        return Arrays.stream(named(kid))
                .filter(key -> verifies(key, algorithm))
                .limit(MAX_ALIKE)
                .toList();
    }

    /** For a token without a key id: the key that verifies an algorithm, if there is exactly one. */
    List<SigningKey> onlyOneFor(JWSAlgorithm algorithm) {
        List<SigningKey> fitting =
                keys.stream().filter(key -> verifies(key, algorithm)).limit(2).toList();
        return fitting.size() == 1 ? fitting : List.of();
    }

    private SigningKey[] named(@Nullable String kid) {
        SigningKey[] same = byKid.get(kid);
        return same == null ? NONE : same;
    }

    /** RFC 7518, section 3.1: the type and the curve have to fit, and the key's own {@code alg} if it names one. */
    static boolean verifies(SigningKey key, JWSAlgorithm algorithm) {
        boolean fits = key.jwk() instanceof RSAKey
                ? JWSAlgorithm.Family.RSA.contains(algorithm)
                : key.jwk() instanceof ECKey ec
                        && JWSAlgorithm.Family.EC.contains(algorithm)
                        && Objects.equals(Curve.forJWSAlgorithm(algorithm), Set.of(ec.getCurve()));
        return fits
                && (key.jwk().getAlgorithm() == null || key.jwk().getAlgorithm().equals(algorithm));
    }
}
