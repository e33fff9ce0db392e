package dev.hardening.springboot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.nimbusds.jose.jwk.JWKSet;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.hardening.jwks.JWKSCache;
import dev.hardening.jwks.JWKSCacheStatus;
import dev.hardening.testing.Certificate;
import dev.hardening.testing.IdentityProvider;
import dev.hardening.testing.Tokens;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.core.env.MapPropertySource;

/** How keys are fetched: over plain http, with a certificate of one's own, with headers. */
class KeyEndpointTest {

    private static final String KEYS = "spring.security.oauth2.resourceserver.jwt.jwk-set-uri=";

    private final WebApplicationContextRunner runner = new WebApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(SslAutoConfiguration.class, HardeningJwtAutoConfiguration.class));

    @Test
    void plain_http_beyond_this_host_has_to_be_allowed() {
        String uri = KEYS + "http://keycloak.internal:8080/certs";
        runner.withPropertyValues(uri)
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .hasMessage(
                                "spring.security.oauth2.resourceserver.jwt.jwk-set-uri: is http to another host, which needs"
                                        + " hardening.jwks.allow-plain-http=true"));
        runner.withPropertyValues(uri, "hardening.jwks.allow-plain-http=true")
                .run(context -> assertThat(context).hasNotFailed());
    }

    @Test
    void headers_go_with_each_fetch_and_a_token_is_read_anew(@TempDir Path directory) throws Exception {
        Path token = Files.writeString(directory.resolve("token"), "first\n");
        List<String> seen = new CopyOnWriteArrayList<>();
        try (IdentityProvider provider = new IdentityProvider(Tokens.RSA_1)) {
            provider.script(exchange -> {
                var headers = exchange.getRequestHeaders();
                seen.add(headers.getFirst("Authorization") + " " + headers.getFirst("X-Tenant"));
                IdentityProvider.send(exchange, 200, new JWKSet(List.of(Tokens.RSA_1.toPublicJWK())).toString());
            });
            runner.withPropertyValues(
                            KEYS + provider.jwksUri(),
                            "hardening.jwks.request-header.X-Tenant=ratings",
                            "hardening.jwks.bearer-token-file=" + token)
                    .run(context -> {
                        JWKSCache cache = context.getBean(JWKSCache.class);
                        cache.getKeys();
                        Files.writeString(token, "second\n");
                        cache.invalidate();
                        cache.getKeys();
                    });
        }
        assertThat(seen).startsWith("Bearer first ratings").endsWith("Bearer second ratings");
    }

    private void assertRefused(String message, String... properties) {
        runner.withPropertyValues(properties)
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .isInstanceOf(UnusablePropertyException.class)
                        .hasMessage(message));
    }

    @ParameterizedTest
    @CsvSource({
        "a/b, 'has a / in it, which a part of a path in Actuator cannot have'",
        "'', is empty",
        "b.example, 'is that of an earlier issuer, too'"
    })
    void a_name_that_an_issuer_cannot_have_is_refused(String name, String reason) {
        assertRefused(
                "hardening.jwks.issuers[1].name: " + reason,
                "hardening.jwks.issuers[0].issuer-uri=https://b.example",
                "hardening.jwks.issuers[1].issuer-uri=https://c.example",
                "hardening.jwks.issuers[1].name=" + name);
    }

    @Test
    void two_issuers_of_one_derived_name_have_to_be_named() {
        assertRefused(
                "hardening.jwks.issuers[1].name: is not set, and what is made of the issuer is the name of an earlier"
                        + " one, too: set it",
                "hardening.jwks.issuers[0].issuer-uri=https://a.example/b",
                "hardening.jwks.issuers[1].issuer-uri=https://a.example/b/");
    }

    @ParameterizedTest
    @CsvSource({
        "/no/such/canary, does not name a file that can be read",
        "/, does not name a file that can be read",
        "file:///canary, is a URL: write the path alone"
    })
    void a_token_file_that_cannot_be_read_is_named(String file, String reason) {
        assertRefused(
                "hardening.jwks.bearer-token-file: " + reason,
                KEYS + "https://127.0.0.1:1/keys",
                "hardening.jwks.bearer-token-file=" + file);
    }

    @Test
    void a_blank_token_file_is_none() {
        runner.withPropertyValues(KEYS + "https://127.0.0.1:1/keys", "hardening.jwks.bearer-token-file= ")
                .run(context -> assertThat(context).hasNotFailed());
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\nb", "a\r", "caf\u00e9", "\u0000"})
    void a_header_that_cannot_be_sent_is_named(String value) {
        runner.withInitializer(context -> context.getEnvironment()
                        .getPropertySources()
                        .addFirst(new MapPropertySource(
                                "header", Map.of("hardening.jwks.request-header.X-Tenant", value))))
                .withPropertyValues(KEYS + "https://127.0.0.1:1/keys")
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .hasMessage("hardening.jwks.request-header.X-Tenant: has a line break or a letter that is not"
                                + " ASCII"));
    }

    @Test
    void an_ssl_bundle_that_cannot_be_used_is_named(@TempDir Path directory) throws Exception {
        Certificate certificate = Certificate.make(directory, "dns:localhost");
        String bundle = "hardening.jwks.ssl.bundle=inside";
        runner.withPropertyValues(
                        KEYS + "https://127.0.0.1:1/keys",
                        bundle,
                        "spring.ssl.bundle.pem.inside.truststore.certificate=file:" + directory.resolve("absent.pem"))
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .hasMessage("hardening.jwks.ssl.bundle: spring.ssl.bundle inside cannot be used: a file that it"
                                + " names is not there, or cannot be read"));
        runner.withPropertyValues(
                        KEYS + "https://127.0.0.1:1/keys",
                        bundle,
                        "spring.ssl.bundle.jks.inside.truststore.location=file:" + certificate.keyStore(),
                        "spring.ssl.bundle.jks.inside.truststore.password=wrong")
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .hasMessage("hardening.jwks.ssl.bundle: spring.ssl.bundle inside cannot be used: a password of"
                                + " it is wrong"));
    }

    @Test
    void a_blank_name_of_a_bundle_is_none() {
        runner.withPropertyValues(KEYS + "https://127.0.0.1:1/keys", "hardening.jwks.ssl.bundle=")
                .run(context -> assertThat(context).hasNotFailed());
    }

    @Test
    void an_ssl_bundle_says_who_is_trusted(@TempDir Path directory) throws Exception {
        Certificate certificate = Certificate.make(directory, "dns:localhost");
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(certificate.keyStore())) {
            store.load(in, Certificate.PASSWORD.toCharArray());
        }
        KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(store, Certificate.PASSWORD.toCharArray());
        SSLContext ssl = SSLContext.getInstance("TLS");
        ssl.init(managers.getKeyManagers(), null, null);
        HttpsServer server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(ssl));
        server.createContext("/", exchange -> {
            try (exchange) {
                IdentityProvider.send(exchange, 200, new JWKSet(List.of(Tokens.RSA_1.toPublicJWK())).toString());
            }
        });
        server.start();
        try {
            String uri = KEYS + "https://localhost:" + server.getAddress().getPort() + "/keys";
            runner.withPropertyValues(uri)
                    .run(context -> await().until(() ->
                            context.getBean(JWKSCache.class).status().state() == JWKSCacheStatus.State.UNAVAILABLE));
            runner.withPropertyValues(
                            uri,
                            "hardening.jwks.ssl.bundle=inside",
                            "spring.ssl.bundle.pem.inside.truststore.certificate=file:" + certificate.certificate())
                    .run(context -> assertThat(
                                    context.getBean(JWKSCache.class).getKeys().getKeys())
                            .hasSize(1));
        } finally {
            server.stop(0);
        }
    }
}
