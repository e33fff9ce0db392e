package dev.hardening.springboot;

import com.nimbusds.jose.JWSAlgorithm;
import dev.hardening.jwks.JWKSCache;
import dev.hardening.jwks.TokenDecoder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.ssl.NoSuchSslBundleException;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.core.env.Environment;
import org.springframework.security.oauth2.jose.jws.SignatureAlgorithm;
import org.springframework.util.StringUtils;

/** Makes the caches and their decoders from the properties, or names the property that is wrong. */
final class KeySourcesFactory {

    /** As long as web servers accept; the decoder's own default is shorter than that of some. */
    private static final int MAX_TOKEN_LENGTH = 64 * 1024;

    private final ResourceServer springs;
    private final JwksProperties ours;
    private final ObjectProvider<JWKSCacheCustomizer> customizers;
    private final ObjectProvider<SslBundles> bundles;

    KeySourcesFactory(
            Environment environment,
            JwksProperties ours,
            ObjectProvider<JWKSCacheCustomizer> customizers,
            ObjectProvider<SslBundles> bundles) {
        springs = ResourceServer.of(environment);
        this.ours = ours;
        this.customizers = customizers;
        this.bundles = bundles;
    }

    /** The cache of the issuer that Spring's own properties name. */
    JWKSCache cache() {
        return cache(ResourceServer.PREFIX, springs.jwkSetUri(), springs.issuerUri());
    }

    /** The issuer that Spring's own properties name, with a cache of the application's or of ours. */
    KeySources one(JWKSCache cache) {
        String issuer = springs.issuerUri();
        List<String> algorithms = springs.jwsAlgorithms();
        if (algorithms.isEmpty() && StringUtils.hasText(springs.jwkSetUri())) {
            algorithms = List.of("RS256");
        }
        TokenDecoder decoder = decoder(cache, issuer, algorithms(ResourceServer.PREFIX, algorithms));
        return new KeySources(List.of(new KeySource("jwt", issuer, springs.audiences(), cache, decoder)));
    }

    /** The issuers that {@code hardening.jwks.issuers} lists. */
    KeySources several() {
        if (springs.hasKeyEndpoint()) {
            throw new UnusablePropertyException(
                    JwksProperties.PREFIX + ".issuers",
                    "cannot be combined with " + springs.keyProperty() + ": name each issuer in the list");
        }
        List<KeySource> sources = new ArrayList<>();
        try {
            Set<String> issuers = new HashSet<>();
            Set<String> names = new HashSet<>();
            for (int i = 0; i < ours.issuers().size(); i++) {
                String property = JwksProperties.PREFIX + ".issuers[" + i + "]";
                KeySource source = of(property, ours.issuers().get(i));
                sources.add(source);
                if (!issuers.add(source.issuer())) {
                    throw new UnusablePropertyException(property + ".issuer-uri", "is that of an earlier issuer, too");
                }
                if (!names.add(source.name())) {
                    throw new UnusablePropertyException(property + ".name", "is that of an earlier issuer, too");
                }
            }
            return new KeySources(sources);
        } catch (RuntimeException unusable) {
            sources.forEach(source -> source.cache().close());
            throw unusable;
        }
    }

    private KeySource of(String property, JwksProperties.Issuer issuer) {
        String iss = issuer.issuerUri();
        if (iss == null || iss.isBlank()) {
            throw new UnusablePropertyException(property + ".issuer-uri", "is not set");
        }
        JWSAlgorithm[] algorithms = algorithms(property + ".", issuer.jwsAlgorithms());
        JWKSCache cache = cache(property + ".", issuer.jwkSetUri(), iss);
        TokenDecoder decoder = decoder(cache, iss, algorithms);
        String name = issuer.name();
        return new KeySource(name == null ? nameOf(iss) : name, iss, issuer.audiences(), cache, decoder);
    }

    /** Such as {@code login.example-realms-a}, because the name is a part of a path in Actuator. */
    private static String nameOf(String issuer) {
        return issuer.replaceFirst("^[a-zA-Z]+://", "")
                .replaceAll("[^A-Za-z0-9._-]+", "-")
                .replaceAll("-+$", "");
    }

    private JWKSCache cache(String prefix, @Nullable String jwkSetUri, @Nullable String issuerUri) {
        boolean discovered = !StringUtils.hasText(jwkSetUri);
        String property = prefix + (discovered ? "issuer-uri" : "jwk-set-uri");
        try {
            URI uri = new URI(String.valueOf(discovered ? issuerUri : jwkSetUri));
            JWKSCache.Builder builder = discovered ? JWKSCache.discover(uri) : JWKSCache.builder(uri);
            configure(builder);
            return builder.build();
        } catch (URISyntaxException notShown) {
            throw new UnusablePropertyException(property, "is not a URL");
        } catch (IllegalArgumentException unusable) {
            throw UnusablePropertyException.of(JwksProperties.class, JwksProperties.PREFIX, unusable, property);
        }
    }

    private void configure(JWKSCache.Builder builder) {
        builder.timeToLive(ours.timeToLive())
                .refreshBefore(ours.refreshBefore())
                .staleFor(ours.staleFor())
                .unknownKeyCooldown(ours.unknownKeyCooldown())
                .fetchTimeout(ours.fetchTimeout());
        if (ours.unknownKeyWait() != null) {
            builder.unknownKeyWait(ours.unknownKeyWait());
        }
        if (ours.allowPlainHttp()) {
            builder.allowPlainHttp();
        }
        String bundle = ours.ssl().bundle();
        if (bundle != null) {
            builder.httpClient(trusting(bundle));
        }
        ours.requestHeader().forEach((name, value) -> builder.requestHeader(name, () -> value));
        String file = ours.bearerTokenFile();
        if (file != null) {
            Path path = Path.of(file);
            builder.requestHeader("Authorization", () -> "Bearer " + read(path));
        }
        customizers.orderedStream().forEach(customizer -> customizer.customize(builder));
    }

    private HttpClient trusting(String bundle) {
        String property = JwksProperties.PREFIX + ".ssl.bundle";
        try {
            return HttpClient.newBuilder()
                    .sslContext(bundles.getObject().getBundle(bundle).createSslContext())
                    .build();
        } catch (NoSuchSslBundleException absent) {
            throw new UnusablePropertyException(property, "there is no spring.ssl.bundle of the name " + bundle);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file).strip();
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    private static TokenDecoder decoder(JWKSCache cache, @Nullable String issuer, JWSAlgorithm... algorithms) {
        TokenDecoder.Builder builder = TokenDecoder.builder(cache)
                .signatureOnly()
                .maxTokenLength(MAX_TOKEN_LENGTH)
                .algorithms(algorithms);
        if (StringUtils.hasText(issuer)) {
            builder.issuer(issuer);
        }
        return builder.build();
    }

    /**
     * The named algorithms. If none is named, each one that Spring knows; a key is then used only with algorithms of
     * its own type.
     */
    private static JWSAlgorithm[] algorithms(String prefix, List<String> names) {
        List<JWSAlgorithm> accepted = new ArrayList<>();
        for (String name : names) {
            SignatureAlgorithm algorithm = SignatureAlgorithm.from(name);
            if (algorithm == null) {
                throw new UnusablePropertyException(
                        prefix + "jws-algorithms", "only RS, PS and ES with 256, 384 or 512 are algorithms for it");
            }
            accepted.add(JWSAlgorithm.parse(name));
        }
        if (accepted.isEmpty()) {
            for (SignatureAlgorithm algorithm : SignatureAlgorithm.values()) {
                accepted.add(JWSAlgorithm.parse(algorithm.getName()));
            }
        }
        return accepted.toArray(JWSAlgorithm[]::new);
    }
}
