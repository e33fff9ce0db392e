package dev.hardening.springboot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hardening.testing.IdentityProvider;
import dev.hardening.testing.RedisServer;
import dev.hardening.testing.Tokens;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.security.authentication.AuthenticationManagerResolver;
import org.springframework.security.authentication.ReactiveAuthenticationManagerResolver;

@ParameterizedClass
@EnumSource(Stack.class)
class SeveralIssuersTest {

    private static final String ISSUERS = "hardening.jwks.issuers";

    @Parameter
    Stack stack;

    private IdentityProvider first;
    private IdentityProvider second;
    private IdentityProvider stranger;
    private RedisServer redis;
    private Service service;

    @BeforeEach
    void start() throws Exception {
        first = new IdentityProvider(Tokens.RSA_1);
        second = new IdentityProvider(Tokens.EC_1);
        stranger = new IdentityProvider(Tokens.RSA_2);
        redis = RedisServer.start();
        service = startService();
    }

    private Service startService() {
        return Service.start(
                stack,
                "spring.data.redis.port=" + redis.port(),
                ISSUERS + "[0].issuer-uri=" + first.issuer(),
                ISSUERS + "[0].audiences=authenticated",
                ISSUERS + "[0].name=staff",
                ISSUERS + "[1].issuer-uri=" + second.issuer(),
                ISSUERS + "[1].jwk-set-uri=" + second.jwksUri());
    }

    @AfterEach
    void stop() throws Exception {
        service.close();
        redis.close();
        stranger.close();
        second.close();
        first.close();
    }

    private String secondName() {
        return "127.0.0.1-" + second.url().getPort() + "-auth-v1";
    }

    @Test
    void each_issuers_tokens_are_accepted_with_its_own_keys_and_audiences() throws Exception {
        assertThat(service.status("/me", first.token(Tokens.RSA_1))).isEqualTo(200);
        assertThat(service.status("/me", second.token(Tokens.EC_1))).isEqualTo(200);
        assertThat(service.status("/me", second.token(Tokens.RSA_1))).isEqualTo(401);
        String elsewhere = "elsewhere";
        assertThat(service.status(
                        "/me",
                        Tokens.sign(
                                Tokens.RSA_1,
                                Tokens.claims(first.issuer())
                                        .audience(elsewhere)
                                        .build())))
                .isEqualTo(401);
        assertThat(service.status(
                        "/me",
                        Tokens.sign(
                                Tokens.EC_1,
                                Tokens.claims(second.issuer())
                                        .audience(elsewhere)
                                        .build())))
                .isEqualTo(200);
    }

    @Test
    void an_issuer_with_an_upper_case_scheme_keeps_its_audiences() throws Exception {
        service.close();
        String issuer = first.issuer().replace("http:", "HTTP:");
        service = Service.start(
                stack,
                "spring.data.redis.port=" + redis.port(),
                ISSUERS + "[0].issuer-uri=" + issuer,
                ISSUERS + "[0].jwk-set-uri=" + first.jwksUri(),
                ISSUERS + "[0].audiences=authenticated",
                ISSUERS + "[1].issuer-uri=" + second.issuer());
        String token = Tokens.sign(Tokens.RSA_1, Tokens.claims(issuer).build());
        assertThat(service.status("/me", token)).isEqualTo(200);
        String elsewhere = Tokens.sign(
                Tokens.RSA_1, Tokens.claims(issuer).audience("elsewhere").build());
        assertThat(service.status("/me", elsewhere)).isEqualTo(401);
    }

    @Test
    void a_stranger_is_401_and_never_asked() throws Exception {
        assertThat(service.status("/me", stranger.token(Tokens.RSA_2))).isEqualTo(401);
        assertThat(stranger.keyRequests() + stranger.metadataRequests()).isZero();
    }

    @Test
    void each_has_its_health_and_its_meters() throws Exception {
        assertThat(service.status("/me", first.token(Tokens.RSA_1))).isEqualTo(200);
        assertThat(service.status("/me", second.token(Tokens.EC_1))).isEqualTo(200);
        assertThat(service.health("jwks")).isEqualTo("UP");
        assertThat(service.health("jwks/staff")).isEqualTo("UP");
        assertThat(service.health("jwks/" + secondName())).isEqualTo("UP");
        for (String name : List.of("staff", secondName())) {
            assertThat(service.context
                            .getBean(MeterRegistry.class)
                            .get("jwks.cache.keys")
                            .tag("cache", name)
                            .gauge()
                            .value())
                    .isEqualTo(1);
        }
    }

    @Test
    void one_issuers_outage_is_503_for_its_tokens_alone() throws Exception {
        service.close();
        second.down();
        service = startService();
        assertThat(service.status("/me", second.token(Tokens.EC_1))).isEqualTo(503);
        assertThat(service.status("/me", first.token(Tokens.RSA_1))).isEqualTo(200);
        assertThat(service.health("jwks/staff")).isEqualTo("UP");
        assertThat(service.health("jwks/" + secondName())).isEqualTo("DOWN");
    }

    @Test
    void a_resolver_is_there_for_a_chain_that_asks_for_one() {
        assertThat(service.context.getBeanNamesForType(
                        stack == Stack.SERVLET
                                ? AuthenticationManagerResolver.class
                                : ReactiveAuthenticationManagerResolver.class))
                .containsExactly("hardeningAuthenticationManagerResolver");
    }
}
