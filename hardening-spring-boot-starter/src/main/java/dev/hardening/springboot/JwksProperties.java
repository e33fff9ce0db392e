package dev.hardening.springboot;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How the keys are fetched and cached. Spring's own
 * {@code spring.security.oauth2.resourceserver.jwt} properties say where they come from and what a token has to be. If
 * there are several issuers, {@code issuers} does.
 *
 * @param enabled Whether tokens are decoded with the cached keys; false leaves it to Spring Boot.
 * @param timeToLive How long keys are used without being confirmed.
 * @param refreshBefore How long before the end of the time to live a refresh begins in the background.
 * @param staleFor How long keys are used after they were fetched, if every later fetch fails.
 * @param unknownKeyCooldown The least time between two fetches for unknown key ids, after a burst of 3.
 * @param unknownKeyWait The longest that a request waits for a key id that the keys lack; 500 ms, or the fetch timeout if that is shorter.
 * @param fetchTimeout The deadline of one fetch, from connecting to the last byte.
 * @param allowPlainHttp Whether keys may come over http from other hosts than this one, such as within a cluster.
 * @param requestHeader Headers that each fetch sends, by name.
 * @param bearerTokenFile A file with the token that each fetch sends as Authorization: Bearer; it is read anew each time.
 * @param ssl How the key endpoint is trusted.
 * @param issuers The issuers whose tokens are accepted, where there are several.
 */
@ConfigurationProperties(JwksProperties.PREFIX)
record JwksProperties(
        @DefaultValue("true") boolean enabled,
        @DefaultValue("1h") Duration timeToLive,
        @DefaultValue("5m") Duration refreshBefore,
        @DefaultValue("24h") Duration staleFor,
        @DefaultValue("30s") Duration unknownKeyCooldown,
        @Nullable Duration unknownKeyWait,
        @DefaultValue("10s") Duration fetchTimeout,
        @DefaultValue("false") boolean allowPlainHttp,
        @DefaultValue Map<String, String> requestHeader,
        @Nullable String bearerTokenFile,
        @DefaultValue Ssl ssl,
        @DefaultValue List<Issuer> issuers) {

    static final String PREFIX = "hardening.jwks";

    /**
     * How the key endpoint is trusted.
     *
     * @param bundle The name of the SSL bundle whose trust and key material is used.
     */
    record Ssl(@Nullable String bundle) {}

    /**
     * One issuer of several.
     *
     * @param issuerUri What the claim iss has to be. Its metadata says where the keys are, unless jwk-set-uri does.
     * @param jwkSetUri Where its keys are.
     * @param audiences The accepted audiences: the claim aud has to name one of them. Any is accepted if the list is empty.
     * @param jwsAlgorithms The accepted algorithms. If the list is empty, each one that the issuer's keys are for.
     * @param name Its name in health and meters; made of its host and path if it is not set.
     */
    record Issuer(
            @Nullable String issuerUri,
            @Nullable String jwkSetUri,
            @DefaultValue List<String> audiences,
            @DefaultValue List<String> jwsAlgorithms,
            @Nullable String name) {}

    /** Without a record's own, which would show the headers. */
    @Override
    public String toString() {
        return "JwksProperties";
    }
}
