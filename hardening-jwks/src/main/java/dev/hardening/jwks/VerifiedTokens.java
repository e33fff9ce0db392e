package dev.hardening.jwks;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import org.jspecify.annotations.Nullable;

/** Tokens that were accepted. Each use has to check again whether their times, checks and key still hold. */
final class VerifiedTokens {

    record Entry(TokenClaims claims, SigningKey key) {}

    /**
     * A token with a hash of the end of its signature. Each request has its token as a new string, and the hash of a
     * string is computed over all of it. Only tokens that verified are kept, so a forger cannot make hashes collide.
     */
    private record Key(String token) {

        private static final int HASHED = 32;

        @Override
        public int hashCode() {
            int hash = 0;
            for (int i = Math.max(0, token.length() - HASHED); i < token.length(); i++) {
                hash = 31 * hash + token.charAt(i);
            }
            return hash;
        }
    }

    private final Cache<Key, Entry> entries;

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
        return entries.getIfPresent(new Key(token));
    }

    void put(String token, Entry entry) {
        entries.put(new Key(token), entry);
    }
}
