package dev.hardening.springboot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.jwk.JWKSet;
import dev.hardening.testing.IdentityProvider;
import dev.hardening.testing.Tokens;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.BeanUtils;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.core.Ordered;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;

/** A client that goes away while its request waits for keys. What comes later is for no one, and is no error. */
@ExtendWith(OutputCaptureExtension.class)
class CancelledRequestTest {

    private static final String ONE = "spring.security.oauth2.resourceserver.jwt.issuer-uri";
    private static final String SEVERAL = "hardening.jwks.issuers[0].issuer-uri";

    private final Requests requests = new Requests();
    private IdentityProvider provider;
    private IdentityProvider other;
    private Service service;

    /** Sees the first request wait, and its cancellation. */
    private static final class Requests implements WebFilter, Ordered {

        final CountDownLatch waiting = new CountDownLatch(1);
        final CountDownLatch cancelled = new CountDownLatch(1);

        @Override
        public int getOrder() {
            return HIGHEST_PRECEDENCE;
        }

        @Override
        public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
            Mono<Void> rest = chain.filter(exchange).doOnCancel(cancelled::countDown);
            return Mono.from(response -> {
                rest.subscribe(response);
                waiting.countDown(); // Spring Security has asked for the claims, on this thread
            });
        }
    }

    @BeforeEach
    void start() {
        provider = new IdentityProvider(Tokens.RSA_1);
        other = new IdentityProvider(Tokens.RSA_2);
    }

    @AfterEach
    void stop() {
        service.close();
        other.close();
        provider.close();
    }

    private void run(String issuerProperty) {
        List<String> properties = new ArrayList<>(List.of(
                "hardening.redis.enabled=false",
                "hardening.jwks.unknown-key-wait=20s",
                "hardening.jwks.fetch-timeout=30s",
                issuerProperty + "=" + provider.issuer()));
        if (issuerProperty.equals(SEVERAL)) {
            properties.add("hardening.jwks.issuers[1].issuer-uri=" + other.issuer());
        }
        service = Service.start(
                Stack.REACTIVE,
                List.of(
                        new Service.Extra<WebFilter>(WebFilter.class, requests),
                        server(Boot.type("NettyReactiveWebServerFactory"))),
                properties.toArray(String[]::new));
    }

    /** Netty sees that a client has gone. Tomcat, which Boot 3.5 would take here, does not. */
    private static <T> Service.Extra<T> server(Class<T> type) {
        return new Service.Extra<>(type, BeanUtils.instantiateClass(type));
    }

    private String forged() {
        return Tokens.sign(
                Tokens.EC_2,
                new JWSHeader.Builder(JWSAlgorithm.ES256).keyID("forged").build(),
                Tokens.claims(provider.issuer()).build());
    }

    /** Sends a request that has to wait for keys, and closes its connection. */
    private void cancel(String token) throws Exception {
        int port = service.context.getEnvironment().getRequiredProperty("local.server.port", Integer.class);
        try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port)) {
            String request = "GET /me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token + "\r\n\r\n";
            client.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            assertThat(requests.waiting.await(60, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(requests.cancelled.await(60, TimeUnit.SECONDS)).isTrue();
    }

    private CountDownLatch hold(IdentityProvider.Script answer) {
        CountDownLatch gate = new CountDownLatch(1);
        provider.script(IdentityProvider.held(gate, answer));
        return gate;
    }

    @ParameterizedTest
    @ValueSource(strings = {ONE, SEVERAL})
    void a_refusal_that_comes_later_is_not_logged(String issuerProperty, CapturedOutput output) throws Exception {
        run(issuerProperty);
        await().until(() -> service.health("jwks").equals("UP"));
        CountDownLatch gate = hold(IdentityProvider.json(new JWKSet(Tokens.RSA_1).toString()));
        cancel(forged());
        gate.countDown();
        assertThat(service.status("/me", forged())).isEqualTo(401);
        assertNoErrorLogged(output);
    }

    @ParameterizedTest
    @ValueSource(strings = {ONE, SEVERAL})
    void an_outage_that_shows_later_is_not_logged(String issuerProperty, CapturedOutput output) throws Exception {
        CountDownLatch gate = hold(IdentityProvider.status(503));
        run(issuerProperty);
        cancel(provider.token(Tokens.RSA_1));
        gate.countDown();
        assertThat(service.status("/me", provider.token(Tokens.RSA_1))).isEqualTo(503);
        assertNoErrorLogged(output);
    }

    private static void assertNoErrorLogged(CapturedOutput output) {
        assertThat(output.getAll()).doesNotContain("onErrorDropped", " ERROR ");
    }
}
