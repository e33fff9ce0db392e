package dev.hardening.example;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.JWSAlgorithm;
import dev.hardening.jwks.InvalidTokenException;
import dev.hardening.jwks.JWKSCache;
import dev.hardening.jwks.TokenDecoder;
import org.junit.jupiter.api.Test;

class DemoIdentityProviderTest {

    @Test
    void keysStayPublishedWhileTheirTokensLive() throws Exception {
        try (DemoIdentityProvider provider = new DemoIdentityProvider();
                JWKSCache keys = JWKSCache.builder(JWKSCache.supabaseJwksUri(provider.projectUrl()))
                        .build()) {
            TokenDecoder decoder = TokenDecoder.forSupabase(keys, provider.projectUrl());
            String token = provider.sign("some-id", "ada", JWSAlgorithm.ES256);
            for (int rotation = 0; rotation < 5; rotation++) {
                provider.rotate(false);
            }
            assertThat(decoder.decode(token).getSubject()).isEqualTo("some-id");
        }
    }

    @Test
    void withdrawnKeysAreNotPublished() throws Exception {
        try (DemoIdentityProvider provider = new DemoIdentityProvider();
                JWKSCache keys = JWKSCache.builder(JWKSCache.supabaseJwksUri(provider.projectUrl()))
                        .build()) {
            TokenDecoder decoder = TokenDecoder.forSupabase(keys, provider.projectUrl());
            String token = provider.sign("some-id", "ada", JWSAlgorithm.ES256);
            provider.rotate(false);
            provider.rotate(true);
            assertThatThrownBy(() -> decoder.decode(token)).isInstanceOf(InvalidTokenException.class);
        }
    }
}
