package dev.hardening.springboot;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.core.env.Environment;
import org.springframework.util.StringUtils;

/** What Spring's own {@code spring.security.oauth2.resourceserver.jwt} properties say; each line of Boot has its own class for them. */
record ResourceServer(
        @Nullable String jwkSetUri,
        @Nullable String issuerUri,
        @Nullable String publicKeyLocation,
        List<String> audiences,
        List<String> jwsAlgorithms) {

    static final String PREFIX = "spring.security.oauth2.resourceserver.jwt.";

    static ResourceServer of(Environment environment) {
        Binder binder = Binder.get(environment);
        return new ResourceServer(
                binder.bind(PREFIX + "jwk-set-uri", String.class).orElse(null),
                binder.bind(PREFIX + "issuer-uri", String.class).orElse(null),
                binder.bind(PREFIX + "public-key-location", String.class).orElse(null),
                list(binder, "audiences"),
                list(binder, "jws-algorithms"));
    }

    private static List<String> list(Binder binder, String property) {
        return List.of(binder.bind(PREFIX + property, String[].class).orElse(new String[0]));
    }

    boolean hasKeyEndpoint() {
        return StringUtils.hasText(jwkSetUri) || StringUtils.hasText(issuerUri);
    }

    /** The property that says where the keys are. */
    String keyProperty() {
        return PREFIX + (StringUtils.hasText(jwkSetUri) ? "jwk-set-uri" : "issuer-uri");
    }
}
