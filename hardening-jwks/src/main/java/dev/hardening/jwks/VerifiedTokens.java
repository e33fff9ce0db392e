package dev.hardening.jwks;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.nimbusds.jwt.JWTClaimsSet;
import org.jspecify.annotations.Nullable;

/** Tokens that verified. Whether their times still hold, and their key is still in the set, is asked at each use. */
final class VerifiedTokens {

    record Entry(JWTClaimsSet claims, TokenDecoder.Times times, SigningKey key) {}

    private final Cache<String, Entry> entries;

    VerifiedTokens(int maxEntries) {
        entries = Caffeine.newBuilder().maximumSize(maxEntries).build();
    }

    static boolean isPossible() {
        try {
            Class.forName("com.github.benmanes.caffeine.cache.Caffeine");
            return true;
        } catch (ClassNotFoundException absent) {
            return false;
        }
    }

    @Nullable
    Entry get(String token) {
        return entries.getIfPresent(token);
    }

    void put(String token, Entry entry) {
        entries.put(token, entry);
    }
}
