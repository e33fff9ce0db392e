package dev.hardening.springboot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hardening.testing.IdentityProvider;
import dev.hardening.testing.RedisServer;
import dev.hardening.testing.Tokens;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;
import org.springframework.security.oauth2.jwt.ReactiveJwtDecoder;
import org.springframework.util.ClassUtils;
import reactor.core.publisher.Mono;

/** The one line at the start that says what is on and what is off. */
@ExtendWith(OutputCaptureExtension.class)
class ReportTest {

    private static final String JWT = "spring.security.oauth2.resourceserver.jwt.";

    private static IdentityProvider provider;
    private static RedisServer redis;

    @BeforeAll
    static void start() throws Exception {
        provider = new IdentityProvider(Tokens.RSA_1);
        redis = RedisServer.start();
    }

    @AfterAll
    static void stop() throws Exception {
        provider.close();
        redis.close();
    }

    private static void run(Stack stack, List<Service.Extra<?>> beans, String... more) {
        Service.start(
                        stack,
                        beans,
                        Stream.concat(Stream.of("spring.data.redis.port=" + redis.port()), Stream.of(more))
                                .toArray(String[]::new))
                .close();
    }

    private static String keys() {
        return JWT + "jwk-set-uri=" + provider.jwksUri();
    }

    @ParameterizedTest
    @EnumSource(Stack.class)
    void everything_that_is_on_is_said_in_one_line(Stack stack, CapturedOutput output) {
        run(stack, List.of(), keys(), "hardening.config.required=API_KEY", "API_KEY=canary-key");
        assertThat(output.getOut().lines().filter(line -> line.contains("Hardening: ")))
                .singleElement()
                .asString()
                .contains("INFO")
                .contains("secrets on (1 validated); keys on (jwt); redis on (redisConnectionFactory: localhost:"
                        + redis.port() + ")")
                .doesNotContain("canary", "was not tested");
    }

    @ParameterizedTest
    @EnumSource(Stack.class)
    void a_decoder_of_the_application_is_named(Stack stack, CapturedOutput output) {
        List<Service.Extra<?>> decoder = List.of(
                stack == Stack.SERVLET
                        ? new Service.Extra<JwtDecoder>(JwtDecoder.class, token -> {
                            throw new UnsupportedOperationException();
                        })
                        : new Service.Extra<ReactiveJwtDecoder>(ReactiveJwtDecoder.class, token -> Mono.empty()));
        run(stack, decoder, keys(), "hardening.redis.enabled=false");
        assertThat(output)
                .contains(
                        "secrets off: no name is declared, neither in hardening.config.required nor by a SecretDeclaration")
                .contains("keys off: the application has a decoder of its own, extra-")
                .contains("redis off: hardening.redis.enabled=false");
    }

    @Test
    void a_customizer_that_could_not_be_obeyed_is_named(CapturedOutput output) {
        Class<?> customizer = Stream.of(
                        HardeningJwtAutoConfiguration.BOOT_4 + "JwkSetUriJwtDecoderBuilderCustomizer",
                        HardeningJwtAutoConfiguration.BOOT_4 + "servlet.JwkSetUriJwtDecoderBuilderCustomizer",
                        HardeningJwtAutoConfiguration.BOOT_3 + "servlet.JwkSetUriJwtDecoderBuilderCustomizer")
                .filter(name -> ClassUtils.isPresent(name, null))
                .map(name -> ClassUtils.resolveClassName(name, null))
                .findFirst()
                .orElseThrow();
        run(Stack.SERVLET, List.of(doingNothing(customizer)), keys());
        assertThat(output).contains("keys off: the bean extra-", "changes Spring's own decoder, which therefore stays");
    }

    private static <T> Service.Extra<T> doingNothing(Class<T> type) {
        return new Service.Extra<>(
                type,
                type.cast(Proxy.newProxyInstance(
                        type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> null)));
    }

    @Test
    void what_else_keeps_a_part_off_is_said() {
        assertThat(said(new ApplicationContextRunner()))
                .isEqualTo("Hardening: secrets off: this context was made without Spring Boot's initializers;"
                        + " keys off: there is no key endpoint, neither " + JWT
                        + "jwk-set-uri or issuer-uri nor hardening.jwks.issuers;"
                        + " redis off: there is no RedisConnectionFactory");
        assertThat(said(new ApplicationContextRunner().withPropertyValues(keys())))
                .contains("keys off: this is no web application");
        assertThat(said(new ApplicationContextRunner().withPropertyValues("hardening.jwks.enabled=false")))
                .contains("keys off: hardening.jwks.enabled=false");
        assertThat(said(new ApplicationContextRunner()
                        .withPropertyValues(
                                "spring.security.oauth2.resourceserver.opaquetoken.introspection-uri=https://x")))
                .contains("keys off: the tokens are opaque");
        assertThat(said(new ApplicationContextRunner()
                        .withClassLoader(new FilteredClassLoader(
                                NimbusJwtDecoder.class,
                                org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory.class))))
                .contains("keys off: Spring Security's resource server is not on the class path")
                .contains("redis off: Spring Data Redis and Lettuce are not on the class path");
    }

    private static String said(ApplicationContextRunner runner) {
        String[] said = new String[1];
        runner.run(context -> said[0] = new HardeningReport(context).toString());
        return said[0];
    }
}
