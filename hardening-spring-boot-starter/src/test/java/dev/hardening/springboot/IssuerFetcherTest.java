package dev.hardening.springboot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import dev.hardening.jwks.JWKSFetcher;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IssuerFetcherTest {

    private IdentityProvider provider;
    private IssuerFetcher fetcher;

    @BeforeEach
    void start() throws IOException {
        provider = new IdentityProvider();
        fetcher = new IssuerFetcher(URI.create(provider.issuer()));
    }

    @AfterEach
    void stop() {
        provider.close();
    }

    private JWKSFetcher.Response fetch() throws IOException, InterruptedException {
        return fetcher.fetch(
                new JWKSFetcher.Request(URI.create(provider.issuer()), null, null, Duration.ofSeconds(10), 512 * 1024));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/realm/.well-known/openid-configuration",
                "/.well-known/openid-configuration/realm",
                "/.well-known/oauth-authorization-server/realm"
            })
    void metadata_is_found_wherever_the_standards_put_it(String path) throws Exception {
        provider.discoveryPath = path;
        assertThat(fetch().body())
                .hasValueSatisfying(body ->
                        assertThat(new String(body, StandardCharsets.UTF_8)).contains("rsa-1"));
    }

    @Test
    void it_asks_the_issuer_once_and_again_when_the_keys_have_moved() throws Exception {
        fetch();
        fetch();
        assertThat(provider.discoveries).hasValue(1);
        provider.keysPath = "/moved";
        provider.claimedKeys = provider.root() + "/moved";
        assertThat(fetch().body()).isPresent();
        assertThat(provider.discoveries).hasValue(2);
    }

    @Test
    void metadata_of_another_issuer_is_refused() {
        provider.claimedIssuer = "https://evil.example";
        assertThatIOException().isThrownBy(this::fetch).withMessageContaining("the metadata is of another issuer");
        assertThat(provider.keyGets).hasValue(0);
    }

    @Test
    void keys_over_http_on_another_host_are_refused() {
        provider.claimedKeys = "http://evil.example/keys";
        assertThatIOException().isThrownBy(this::fetch).withMessageContaining("jwks_uri is not https");
    }

    @Test
    void metadata_that_cannot_be_read_is_a_failed_fetch() {
        provider.claimedKeys = "\"";
        assertThatIOException().isThrownBy(this::fetch).withMessageContaining("the metadata cannot be read");
    }

    @Test
    void an_outage_is_told_as_the_keys_endpoint_met_it() throws Exception {
        fetch();
        provider.down = true;
        assertThatIOException().isThrownBy(this::fetch).withMessageContaining("HTTP 503");
    }
}
