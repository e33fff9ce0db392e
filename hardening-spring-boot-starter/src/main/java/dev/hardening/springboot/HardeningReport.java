package dev.hardening.springboot;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.SpringBootVersion;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationListener;
import org.springframework.context.event.ContextRefreshedEvent;
import org.springframework.core.env.Environment;
import org.springframework.util.ClassUtils;

/** Says at the start what is on and what is off, and why, in one line. */
final class HardeningReport implements ApplicationListener<ContextRefreshedEvent> {

    private static final Logger LOG = LoggerFactory.getLogger("dev.hardening.springboot.Hardening");

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
    public void onApplicationEvent(ContextRefreshedEvent event) {
        if (event.getApplicationContext() == context) {
            LOG.info("{}", this);
        }
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
        return declared.off() != null ? "off: " + declared.off() : "on (" + declared.count() + " validated)";
    }

    private String keys() {
        return context.containsBean("hardeningKeySources") ? "on (" + Keys.names(context) + ")" : "off: " + whyNoKeys();
    }

    private String whyNoKeys() {
        String customizer =
                named("JwkSetUriJwtDecoderBuilderCustomizer", "JwkSetUriReactiveJwtDecoderBuilderCustomizer");
        String decoder = named("JwtDecoder", "ReactiveJwtDecoder");
        boolean hasEndpoint = ResourceServer.of(environment).hasKeyEndpoint()
                || HardeningJwtAutoConfiguration.hasIssuers(environment);
        Map<String, Boolean> reasons = new LinkedHashMap<>();
        reasons.put("hardening.jwks.enabled=false", isOff("hardening.jwks.enabled"));
        reasons.put(
                "Spring Security's resource server is not on the class path",
                !isThere(SECURITY + "server.resource.authentication.BearerTokenAuthenticationToken")
                        || !isThere(SECURITY + "jwt.NimbusJwtDecoder"));
        reasons.put(
                "the bean " + customizer + " changes Spring's own decoder, which therefore stays", customizer != null);
        reasons.put(
                ResourceServer.PREFIX + "public-key-location is set, and that key never changes",
                !hasEndpoint && environment.containsProperty(ResourceServer.PREFIX + "public-key-location"));
        reasons.put("the application has a decoder of its own, " + decoder, decoder != null);
        reasons.put(
                "the tokens are opaque",
                !hasEndpoint
                        && environment.containsProperty(
                                "spring.security.oauth2.resourceserver.opaquetoken.introspection-uri"));
        reasons.put(
                "there is no key endpoint, neither " + ResourceServer.PREFIX
                        + "jwk-set-uri or issuer-uri nor hardening.jwks.issuers",
                !hasEndpoint);
        return first(reasons, "this is no web application");
    }

    private String redis() {
        return context.containsBean("hardeningRedisStartUp")
                ? "on (" + Redis.places(context) + ")"
                : "off: " + whyNoRedis();
    }

    private String whyNoRedis() {
        Map<String, Boolean> reasons = new LinkedHashMap<>();
        reasons.put("hardening.redis.enabled=false", isOff("hardening.redis.enabled"));
        reasons.put(
                "Spring Data Redis and Lettuce are not on the class path",
                !isThere("org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory")
                        || !isThere("io.lettuce.core.RedisClient"));
        return first(reasons, "there is no RedisConnectionFactory");
    }

    /** The first reason that applies. */
    private static String first(Map<String, Boolean> reasons, String otherwise) {
        return reasons.entrySet().stream()
                .filter(Map.Entry::getValue)
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse(otherwise);
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

    /** A class of its own, because an application may lack hardening-jwks. */
    private static final class Keys {

        static String names(ApplicationContext context) {
            return context.getBean(KeySources.class).all().stream()
                    .map(KeySource::name)
                    .collect(Collectors.joining(", "));
        }
    }

    /** A class of its own, because an application may lack Spring Data Redis. */
    private static final class Redis {

        static String places(ApplicationContext context) {
            RedisStartUp startUp = context.getBean(RedisStartUp.class);
            return startUp.watched().stream()
                    .map(redis -> redis.name() + ": " + redis.place()
                            + (startUp.report(redis.name()) == null ? ", not connected at the start" : ""))
                    .collect(Collectors.joining(", "));
        }
    }
}
