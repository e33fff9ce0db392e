package dev.hardening.benchmarks;

import com.nimbusds.jose.jwk.JWK;
import dev.hardening.testing.IdentityProvider;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.security.oauth2.jwt.JwtDecoder;

/**
 * The {@code JwtDecoder} bean of a Spring Boot application: with the starter, and as Boot makes it. Conscrypt is on the class
 * path of both; only the starter's uses it. Both in one JVM, in pairs of windows whose order is drawn.
 */
final class SpringDecoder {

    private static final int TOKENS = 64;
    private static final String OURS = "hardeningJwtDecoder";

    /** An application that has only its properties. */
    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Service {}

    private SpringDecoder() {}

    private static ConfigurableApplicationContext start(IdentityProvider server, boolean starter) {
        System.setProperty("org.springframework.boot.logging.LoggingSystem", "none");
        return new SpringApplicationBuilder(Service.class)
                .web(WebApplicationType.SERVLET)
                .properties(
                        "server.port=0",
                        "spring.main.banner-mode=off",
                        "spring.security.oauth2.resourceserver.jwt.issuer-uri=" + server.issuer(),
                        "spring.security.oauth2.resourceserver.jwt.jwk-set-uri=" + server.jwksUri(),
                        "spring.security.oauth2.resourceserver.jwt.jws-algorithms=RS256,ES256",
                        "spring.security.oauth2.resourceserver.jwt.audiences=" + Tokens.AUDIENCE,
                        "hardening.config.enabled=false",
                        "hardening.redis.enabled=false",
                        "hardening.jwks.enabled=" + starter)
                .run();
    }

    static Section section(Budget budget) {
        Section section = new Section(
                "`JwtDecoder` of Spring Boot, Conscrypt on the class path",
                "pairs of windows",
                "with the starter, tokens a second",
                "without",
                "ratio (95 % interval)");
        List<JWK> keys = Tokens.keys(1);
        try (IdentityProvider server = new IdentityProvider(keys.toArray(JWK[]::new));
                ConfigurableApplicationContext with = start(server, true);
                ConfigurableApplicationContext without = start(server, false)) {
            JwtDecoder ours = with.getBean(JwtDecoder.class);
            JwtDecoder theirs = without.getBean(JwtDecoder.class);
            if (!with.containsBean(OURS) || without.containsBean(OURS)) {
                throw new IllegalStateException("the starter is not what makes the difference");
            }
            compare(section, "ES256", 10, tokens(keys.get(1), server), ours, theirs, budget);
            compare(section, "RS256", 1.5, tokens(keys.get(0), server), ours, theirs, budget);
        }
        return section;
    }

    private static List<byte[]> tokens(JWK key, IdentityProvider server) {
        List<byte[]> tokens = new ArrayList<>();
        for (int i = 0; i < TOKENS; i++) {
            tokens.add(Tokens.sign(key, server.issuer(), Tokens.subject()).getBytes(StandardCharsets.ISO_8859_1));
        }
        return tokens;
    }

    private static void compare(
            Section section,
            String algorithm,
            double least,
            List<byte[]> tokens,
            JwtDecoder ours,
            JwtDecoder theirs,
            Budget budget) {
        for (int i = 0; i < budget.appWindows() / 3 + 1; i++) {
            rate(ours, tokens, budget);
            rate(theirs, tokens, budget);
        }
        Paired pairs = Paired.measure(
                budget.appWindows(), 29, () -> rate(ours, tokens, budget), () -> rate(theirs, tokens, budget));
        section.row(algorithm, budget.appWindows(), pairs.ours(), pairs.theirs(), pairs.text());
        Section.Target target = Section.Target.of(
                "Spring's `JwtDecoder` with the starter, " + algorithm + ", against Boot's own",
                "≥ " + Section.number(least) + "×",
                pairs.text(),
                pairs.ratio() >= least);
        section.targets().add(target);
    }

    /** Tokens a second, in a window; each a string of its own, as a request's header is. */
    private static double rate(JwtDecoder decoder, List<byte[]> tokens, Budget budget) {
        long start = System.nanoTime();
        long end = start + budget.iteration().toNanos();
        int decoded = 0;
        while (System.nanoTime() - end < 0) {
            decoder.decode(new String(tokens.get(decoded % tokens.size()), StandardCharsets.ISO_8859_1));
            decoded++;
        }
        return decoded / ((System.nanoTime() - start) / 1e9);
    }
}
