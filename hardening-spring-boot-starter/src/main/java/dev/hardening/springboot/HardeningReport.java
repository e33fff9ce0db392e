package dev.hardening.springboot;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.SpringBootVersion;
import org.springframework.context.ApplicationContext;
import org.springframework.core.env.Environment;
import org.springframework.util.ClassUtils;

/** What is on and what is off, and why, in one line. It names a type of an optional library only if the library is there. */
final class HardeningReport {

    private static final List<String> TESTED_LINES = List.of("3.5.", "4.0.", "4.1.");
    /** Boot's own decoders, which some versions of Boot make without using them. */
    private static final String SPRINGS_OWN = "jwtDecoderBy";

    private static final String SECURITY = "org.springframework.security.oauth2.";

    private final ApplicationContext context;
    private final Environment environment;

    HardeningReport(ApplicationContext context) {
        this.context = context;
        environment = context.getEnvironment();
    }

    @Override
    public String toString() {
        String boot = String.valueOf(SpringBootVersion.getVersion());
        return "Hardening: secrets " + secrets() + "; keys " + keys() + "; redis " + redis()
                + (TESTED_LINES.stream().anyMatch(boot::startsWith)
                        ? ""
                        : "; it was not tested with Spring Boot " + boot + ", but with 3.5, 4.0 and 4.1");
    }

    private String secrets() {
        DeclaredSecrets declared =
                context.getBeanProvider(DeclaredSecrets.class).getIfAvailable();
        if (declared == null) {
            return "off: this context was made without Spring Boot's initializers";
        }
        return declared.off() != null ? "off: " + declared.off() : "on (" + declared.names() + " validated)";
    }

    private String keys() {
        if (context.containsBean("hardeningKeySources")) {
            return OfKeys.said(context);
        }
        return "off: " + whyNoKeys();
    }

    private String whyNoKeys() {
        if (isOff("hardening.jwks.enabled")) {
            return "hardening.jwks.enabled=false";
        }
        if (!isThere(SECURITY + "server.resource.authentication.BearerTokenAuthenticationToken")
                || !isThere(SECURITY + "jwt.NimbusJwtDecoder")) {
            return "Spring Security's resource server is not on the class path";
        }
        String customizer =
                named("JwkSetUriJwtDecoderBuilderCustomizer", "JwkSetUriReactiveJwtDecoderBuilderCustomizer");
        if (customizer != null) {
            return "the bean " + customizer + " changes Spring's own decoder, which therefore stays";
        }
        boolean hasEndpoint = ResourceServer.of(environment).hasKeyEndpoint()
                || HardeningJwtAutoConfiguration.hasIssuers(environment);
        if (environment.containsProperty(ResourceServer.PREFIX + "public-key-location") && !hasEndpoint) {
            return ResourceServer.PREFIX + "public-key-location is set, and that key never changes";
        }
        String decoder = named("JwtDecoder", "ReactiveJwtDecoder");
        if (decoder != null) {
            return "the application has a decoder of its own, " + decoder;
        }
        if (!hasEndpoint) {
            return environment.containsProperty("spring.security.oauth2.resourceserver.opaquetoken.introspection-uri")
                    ? "the tokens are opaque"
                    : "there is no key endpoint, neither " + ResourceServer.PREFIX
                            + "jwk-set-uri or issuer-uri nor hardening.jwks.issuers";
        }
        return "this is no web application";
    }

    private String redis() {
        if (context.containsBean("hardeningRedisStartUp")) {
            return OfRedis.said(context);
        }
        if (isOff("hardening.redis.enabled")) {
            return "off: hardening.redis.enabled=false";
        }
        if (!isThere("org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory")
                || !isThere("io.lettuce.core.RedisClient")) {
            return "off: Spring Data Redis and Lettuce are not on the class path";
        }
        return "off: there is no RedisConnectionFactory";
    }

    private boolean isOff(String property) {
        return !OnSwitch.isOn(environment, property);
    }

    private boolean isThere(String type) {
        return ClassUtils.isPresent(type, context.getClassLoader());
    }

    /**
     * The first bean of a type with one of these simple names, in any package, because the package depends on the
     * version of Boot.
     */
    private @Nullable String named(String... simpleNames) {
        return Stream.of(simpleNames)
                .flatMap(name -> Stream.of(
                        SECURITY + "jwt." + name,
                        HardeningJwtAutoConfiguration.BOOT_4 + name,
                        HardeningJwtAutoConfiguration.BOOT_4 + "servlet." + name,
                        HardeningJwtAutoConfiguration.BOOT_4 + "reactive." + name,
                        HardeningJwtAutoConfiguration.BOOT_3 + "servlet." + name,
                        HardeningJwtAutoConfiguration.BOOT_3 + "reactive." + name))
                .filter(this::isThere)
                .flatMap(name -> Stream.of(context.getBeanNamesForType(
                        ClassUtils.resolveClassName(name, context.getClassLoader()), true, false)))
                .filter(bean -> !bean.startsWith(SPRINGS_OWN))
                .findFirst()
                .orElse(null);
    }

    /** Apart, because it needs hardening-jwks. */
    private static final class OfKeys {

        static String said(ApplicationContext context) {
            List<KeySource> all = context.getBean(KeySources.class).all();
            return "on (" + all.stream().map(KeySource::name).collect(Collectors.joining(", ")) + ")";
        }
    }

    /** Apart, because it needs Spring Data Redis. */
    private static final class OfRedis {

        static String said(ApplicationContext context) {
            RedisStartUp startUp = context.getBean(RedisStartUp.class);
            return startUp.watched().stream()
                    .map(redis -> redis.name() + ": " + redis.place()
                            + (startUp.report(redis.name()) == null ? ", not connected at the start" : ""))
                    .collect(Collectors.joining(", ", "on (", ")"));
        }
    }
}
