package dev.hardening.springboot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.RSAKey;
import dev.hardening.jwks.JWKSCache;
import dev.hardening.jwks.JWKSCacheStatus;
import dev.hardening.testing.IdentityProvider;
import dev.hardening.testing.Tokens;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.assertj.AssertableWebApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.config.annotation.web.configuration.EnableWebSecurity;
import org.springframework.security.oauth2.core.OAuth2TokenValidator;
import org.springframework.security.oauth2.jwt.BadJwtException;
import org.springframework.security.oauth2.jwt.JwtClaimValidator;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.JwtException;
import org.springframework.security.oauth2.jwt.JwtValidationException;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;
import org.springframework.security.oauth2.server.resource.authentication.BearerTokenAuthenticationToken;

class KeysTest {

    private static final String JWT = "spring.security.oauth2.resourceserver.jwt.";
    private static final String OURS = "hardeningJwtDecoder";

    @Configuration(proxyBeanMethods = false)
    @EnableWebSecurity
    static class WebSecurity {}

    private final WebApplicationContextRunner runner = new WebApplicationContextRunner()
            .withUserConfiguration(WebSecurity.class)
            .withConfiguration(AutoConfigurations.of(
                    Boot.type("OAuth2ResourceServerAutoConfiguration"),
                    SslAutoConfiguration.class,
                    HardeningJwtAutoConfiguration.class,
                    HardeningHealthAutoConfiguration.class,
                    HardeningMetricsAutoConfiguration.class));

    private IdentityProvider provider;

    @BeforeEach
    void start() throws Exception {
        provider = new IdentityProvider(Tokens.RSA_1, Tokens.EC_1);
    }

    @AfterEach
    void stop() {
        provider.close();
    }

    private WebApplicationContextRunner byKeys(String... more) {
        return runner.withPropertyValues(JWT + "jwk-set-uri=" + provider.jwksUri())
                .withPropertyValues(more);
    }

    private WebApplicationContextRunner byIssuer(String... more) {
        return runner.withPropertyValues(JWT + "issuer-uri=" + provider.issuer())
                .withPropertyValues(more);
    }

    private static String token(JWK key, String kid, String audience, String issuer) {
        JWSAlgorithm algorithm = key instanceof RSAKey ? JWSAlgorithm.RS256 : JWSAlgorithm.ES256;
        return Tokens.sign(
                key,
                new JWSHeader.Builder(algorithm).keyID(kid).build(),
                Tokens.claims(issuer).audience(audience).build());
    }

    private static String subject(AssertableWebApplicationContext context, String token) {
        return context.getBean(JwtDecoder.class).decode(token).getSubject();
    }

    @Test
    void the_only_decoder_is_ours_and_decodes_with_the_cached_keys() {
        byKeys().run(context -> {
            assertThat(context).getBeanNames(JwtDecoder.class).containsExactly(OURS);
            assertThat(subject(context, provider.token(Tokens.RSA_1)))
                    .isEqualTo("4c6b1c5e-9f5b-4a51-8d5a-6e1f7f3c2a10");
            assertThat(subject(context, provider.token(Tokens.RSA_1)))
                    .isEqualTo("4c6b1c5e-9f5b-4a51-8d5a-6e1f7f3c2a10");
            assertThat(provider.keyRequests()).isEqualTo(1);
        });
    }

    @Test
    void keys_are_fetched_in_the_background_before_the_first_token() {
        byKeys().run(context -> {
            await().until(() -> context.getBean(JWKSCache.class).status().state() == JWKSCacheStatus.State.FRESH);
            assertThat(provider.keyRequests()).isEqualTo(1);
        });
    }

    @Test
    void the_start_does_not_wait_for_a_provider_that_says_nothing() {
        provider.hang();
        byKeys().run(context -> {
            assertThat(context).hasNotFailed();
            await().until(() -> provider.keyRequests() == 1);
            assertThat(context.getBean(JWKSCache.class).status().state()).isEqualTo(JWKSCacheStatus.State.EMPTY);
        });
        byIssuer().run(context -> assertThat(context).hasNotFailed());
    }

    @Test
    void only_the_algorithms_of_the_property_are_accepted() {
        JWK elliptic = Tokens.EC_1;
        byKeys().run(context -> assertThatExceptionOfType(BadJwtException.class)
                .isThrownBy(() -> subject(context, provider.token(elliptic))));
        byKeys(JWT + "jws-algorithms=ES256").run(context -> {
            assertThat(subject(context, provider.token(elliptic))).isNotNull();
            assertThatExceptionOfType(BadJwtException.class)
                    .isThrownBy(() -> subject(context, provider.token(Tokens.RSA_1)));
        });
    }

    @Test
    void an_algorithm_that_is_none_ends_the_start_with_the_property_named() {
        byKeys(JWT + "jws-algorithms=HS256").run(context -> {
            FailureAnalysis analysis = analysis(context);
            assertThat(analysis.getDescription()).startsWith(JWT + "jws-algorithms: only RS, PS and ES");
            assertThat(analysis.getAction()).contains("hardening.jwks.enabled=false");
        });
    }

    @Test
    void issuer_and_audience_are_checked_by_springs_validators() {
        byKeys(JWT + "issuer-uri=" + provider.issuer(), JWT + "audiences=other,authenticated")
                .run(context -> {
                    assertThat(subject(context, provider.token(Tokens.RSA_1))).isNotNull();
                    assertThatExceptionOfType(JwtValidationException.class)
                            .isThrownBy(() -> subject(
                                    context, token(Tokens.RSA_1, "rsa-1", "authenticated", "https://evil.example")))
                            .withMessageContaining("iss");
                    assertThatExceptionOfType(JwtValidationException.class)
                            .isThrownBy(() ->
                                    subject(context, token(Tokens.RSA_1, "rsa-1", "elsewhere", provider.issuer())))
                            .withMessageContaining("aud");
                });
    }

    @Test
    void a_validator_bean_of_the_application_has_its_say() {
        byKeys().withBean(
                        "role",
                        OAuth2TokenValidator.class,
                        () -> new JwtClaimValidator<String>("role", role -> "admin".equals(role)))
                .run(context -> assertThatExceptionOfType(JwtValidationException.class)
                        .isThrownBy(() -> subject(context, provider.token(Tokens.RSA_1)))
                        .withMessageContaining("role"));
    }

    @Test
    void an_issuer_alone_is_enough_and_its_keys_decide_the_algorithms() {
        byIssuer().run(context -> {
            assertThat(context).getBeanNames(JwtDecoder.class).containsExactly(OURS);
            assertThat(subject(context, provider.token(Tokens.RSA_1))).isNotNull();
            assertThat(subject(context, provider.token(Tokens.EC_1))).isNotNull();
            assertThat(provider.metadataRequests()).isEqualTo(1);
            assertThat(provider.keyRequests()).isEqualTo(1);
            assertThatExceptionOfType(JwtValidationException.class)
                    .isThrownBy(() -> subject(context, token(Tokens.RSA_1, "rsa-1", "authenticated", "https://evil")));
        });
    }

    @Test
    void an_outage_without_keys_is_no_statement_about_the_token() {
        provider.down();
        byKeys().run(context -> assertThatExceptionOfType(JwtException.class)
                .isThrownBy(() -> subject(context, provider.token(Tokens.RSA_1)))
                .isNotInstanceOf(BadJwtException.class));
    }

    @Test
    void an_unknown_key_is_a_bad_token() {
        byKeys().run(context -> assertThatExceptionOfType(BadJwtException.class)
                .isThrownBy(() -> subject(context, token(Tokens.RSA_2, "forged", "authenticated", provider.issuer()))));
    }

    @Test
    void it_leaves_the_field_to_a_decoder_of_the_application() {
        byKeys().withBean("mine", JwtDecoder.class, () -> token -> {
                    throw new BadJwtException("mine");
                })
                .run(context -> {
                    assertThat(context).getBeanNames(JwtDecoder.class).containsExactly("mine");
                    assertThat(context).doesNotHaveBean(JWKSCache.class).doesNotHaveBean("jwksHealthContributor");
                });
    }

    @Test
    void it_leaves_the_field_to_a_customizer_that_it_could_not_obey() {
        Class<?> customizer = Boot.type("JwkSetUriJwtDecoderBuilderCustomizer");
        byKeys().withInitializer(context -> context.getBeanFactory()
                        .registerSingleton(
                                "theirs",
                                Proxy.newProxyInstance(
                                        customizer.getClassLoader(),
                                        new Class<?>[] {customizer},
                                        (proxy, method, arguments) -> null)))
                .run(context ->
                        assertThat(context).hasSingleBean(JwtDecoder.class).doesNotHaveBean(OURS));
    }

    @Test
    void it_is_turned_off_by_a_property_and_stays_away_without_a_key_endpoint() {
        byKeys("hardening.jwks.enabled=false")
                .run(context ->
                        assertThat(context).hasSingleBean(JwtDecoder.class).doesNotHaveBean(OURS));
        runner.run(
                context -> assertThat(context).doesNotHaveBean(JwtDecoder.class).doesNotHaveBean(JWKSCache.class));
    }

    @Test
    void it_is_not_for_applications_without_a_servlet_container() {
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(HardeningJwtAutoConfiguration.class))
                .withPropertyValues(JWT + "jwk-set-uri=" + provider.jwksUri())
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(JwtDecoder.class));
    }

    @Test
    void each_optional_library_may_be_absent() {
        for (Class<?> absent : List.of(BearerTokenAuthenticationToken.class, NimbusJwtDecoder.class, JWKSCache.class)) {
            byKeys().withClassLoader(new FilteredClassLoader(absent))
                    .run(context -> assertThat(context)
                            .as("without " + absent.getSimpleName())
                            .hasNotFailed()
                            .doesNotHaveBean(OURS)
                            .doesNotHaveBean("jwksHealthContributor"));
        }
        byKeys().withClassLoader(new FilteredClassLoader(MeterBinder.class))
                .run(context ->
                        assertThat(context).hasNotFailed().hasBean(OURS).doesNotHaveBean("hardeningJwksMetrics"));
        byKeys().withClassLoader(new FilteredClassLoader(Boot.type("HealthIndicator")))
                .run(context ->
                        assertThat(context).hasNotFailed().hasBean(OURS).doesNotHaveBean("jwksHealthContributor"));
    }

    private static FailureAnalysis analysis(AssertableWebApplicationContext context) {
        assertThat(context).hasFailed();
        return new UnusablePropertyFailureAnalyzer().analyze(context.getStartupFailure());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    time-to-live=1s         | time-to-live: refreshBefore has to be shorter than timeToLive
                    refresh-before=2h       | refresh-before: refreshBefore has to be shorter than timeToLive
                    stale-for=1m            | stale-for: staleFor may not be shorter than timeToLive
                    unknown-key-wait=1m     | unknown-key-wait: unknownKeyWait may not be longer than fetchTimeout
                    unknown-key-cooldown=-1 | unknown-key-cooldown: unknownKeyCooldown may not be negative
                    fetch-timeout=0s        | fetch-timeout: fetchTimeout has to be positive
                    request-header.Host=a   | request-header: the request header Host cannot be set
                    ssl.bundle=absent       | ssl.bundle: there is no spring.ssl.bundle of the name absent
                    """)
    void an_option_that_the_cache_refuses_is_named(String property, String description) {
        byKeys("hardening.jwks." + property)
                .run(context ->
                        assertThat(analysis(context).getDescription()).isEqualTo("hardening.jwks." + description));
    }

    @Test
    void one_wrong_option_among_right_ones_is_named() {
        byKeys(
                        "hardening.jwks.time-to-live=10s",
                        "hardening.jwks.refresh-before=1s",
                        "hardening.jwks.fetch-timeout=-1s")
                .run(context -> assertThat(analysis(context).getDescription())
                        .isEqualTo("hardening.jwks.fetch-timeout: fetchTimeout has to be positive"));
    }

    @Test
    void a_customizer_has_the_last_word() {
        byKeys("hardening.jwks.fetch-timeout=1s")
                .withBean(JWKSCacheCustomizer.class, () -> builder -> builder.staleFor(Duration.ofMinutes(1)))
                .run(context -> assertThat(analysis(context).getDescription())
                        .isEqualTo("hardening.jwks: staleFor may not be shorter than timeToLive"));
    }

    @Test
    void an_endpoint_that_is_not_https_ends_the_start_without_showing_its_password() {
        runner.withPropertyValues(JWT + "jwk-set-uri=http://keycloak.internal/certs")
                .run(context -> assertThat(analysis(context).getDescription())
                        .isEqualTo(JWT + "jwk-set-uri: is http to another host, which needs"
                                + " hardening.jwks.allow-plain-http=true"));
        runner.withPropertyValues(JWT + "jwk-set-uri=http://user:hunter2@keycloak.internal/certs")
                .run(context -> assertThat(analysis(context).getDescription())
                        .startsWith(JWT + "jwk-set-uri: ")
                        .doesNotContain("hunter2"));
        runner.withPropertyValues(JWT + "jwk-set-uri=not a url hunter2")
                .run(context ->
                        assertThat(context).getFailure().rootCause().hasMessage(JWT + "jwk-set-uri: is not a URL"));
    }

    @Test
    void health_and_meters_show_the_state_of_the_keys() {
        byKeys().run(context -> {
            subject(context, provider.token(Tokens.RSA_1));
            assertThat(HealthAnswer.of(context.getBean(KeySources.class).all().get(0)))
                    .satisfies(health -> assertThat(health.status()).isEqualTo("UP"))
                    .satisfies(health -> assertThat(health.details())
                            .containsEntry("state", JWKSCacheStatus.State.FRESH)
                            .containsEntry("keys", 2));
            assertThat(context).hasBean("hardeningJwksMetrics").hasBean("jwksHealthContributor");
        });
        byKeys("management.health.jwks.enabled=false")
                .run(context -> assertThat(context).doesNotHaveBean("jwksHealthContributor"));
    }

    @Test
    void a_cache_of_the_application_is_used_and_shown() {
        byKeys().withBean(
                        "mine",
                        JWKSCache.class,
                        () -> JWKSCache.builder(provider.jwksUri()).build())
                .run(context -> {
                    assertThat(context).hasSingleBean(JWKSCache.class);
                    assertThat(context.getBean(KeySources.class).all().get(0).cache())
                            .isSameAs(context.getBean("mine"));
                });
    }

    @Test
    void health_that_no_decoder_uses_is_not_there() {
        runner.withBean(
                        "mine",
                        JWKSCache.class,
                        () -> JWKSCache.builder(provider.jwksUri()).build())
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean("jwksHealthContributor"));
    }
}
