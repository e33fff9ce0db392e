package dev.hardening.springboot;

import com.nimbusds.jose.JWSAlgorithm;
import dev.hardening.jwks.JWKSCache;
import dev.hardening.jwks.TokenDecoder;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.UnrecoverableKeyException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;
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

    private static final Pattern HEADER_NAME = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+"); // RFC 9110, section 5.1
    private static final Pattern HEADER_VALUE = Pattern.compile("[\\t\\x20-\\x7e]*");

    private final ResourceServer resourceServer;
    private final JwksProperties properties;
    private final ObjectProvider<JWKSCacheCustomizer> customizers;
    private final ObjectProvider<SslBundles> bundles;

    KeySourcesFactory(
            Environment environment,
            JwksProperties properties,
            ObjectProvider<JWKSCacheCustomizer> customizers,
            ObjectProvider<SslBundles> bundles) {
        resourceServer = ResourceServer.of(environment);
        this.properties = properties;
        this.customizers = customizers;
        this.bundles = bundles;
    }

    /** The cache of the issuer that Spring's own properties name. */
    JWKSCache cache() {
        return cache(ResourceServer.PREFIX, resourceServer.jwkSetUri(), resourceServer.issuerUri());
    }

    /** The issuer that Spring's own properties name, with the application's own cache or with {@link #cache()}. */
    KeySources one(JWKSCache cache) {
        String issuer = resourceServer.issuerUri();
        List<String> algorithms = resourceServer.jwsAlgorithms();
        if (algorithms.isEmpty() && StringUtils.hasText(resourceServer.jwkSetUri())) {
            algorithms = List.of("RS256");
        }
        TokenDecoder decoder = decoder(cache, issuer, algorithms(ResourceServer.PREFIX, algorithms));
        return new KeySources(List.of(new KeySource("jwt", issuer, resourceServer.audiences(), cache, decoder)));
    }

    /** The issuers that {@code hardening.jwks.issuers} lists. */
    KeySources several() {
        if (resourceServer.hasKeyEndpoint()) {
            throw new UnusablePropertyException(
                    JwksProperties.PREFIX + ".issuers",
                    "cannot be combined with " + resourceServer.keyProperty() + ": name each issuer in the list");
        }
        requireUnset("audiences", !resourceServer.audiences().isEmpty());
        requireUnset("jws-algorithms", !resourceServer.jwsAlgorithms().isEmpty());
        if (StringUtils.hasText(resourceServer.publicKeyLocation())) {
            throw new UnusablePropertyException(
                    ResourceServer.PREFIX + "public-key-location",
                    "cannot be combined with " + JwksProperties.PREFIX + ".issuers, whose keys are fetched: remove it");
        }
        List<KeySource> sources = new ArrayList<>();
        try {
            for (int i = 0; i < properties.issuers().size(); i++) {
                String property = JwksProperties.PREFIX + ".issuers[" + i + "].";
                KeySource source = source(property, properties.issuers().get(i));
                sources.add(source);
                requireNew(property + "issuer-uri", KeySource::issuer, sources, "is that of an earlier issuer, too");
                boolean isSet = properties.issuers().get(i).name() != null;
                requireNew(
                        property + "name",
                        KeySource::name,
                        sources,
                        isSet
                                ? "is that of an earlier issuer, too"
                                : "is not set, and what is made of the issuer is the name of an earlier one, too: set it");
            }
            return new KeySources(sources);
        } catch (RuntimeException unusable) {
            sources.forEach(source -> source.cache().close());
            throw unusable;
        }
    }

    /** One of Spring's own properties, which would apply to none of the issuers. */
    private static void requireUnset(String property, boolean isSet) {
        if (isSet) {
            throw new UnusablePropertyException(
                    ResourceServer.PREFIX + property,
                    "applies to no issuer of " + JwksProperties.PREFIX + ".issuers: set " + JwksProperties.PREFIX
                            + ".issuers[0]." + property + ", and so on for each issuer, instead");
        }
    }

    /** Requires that the last source differs from those before it. */
    private static void requireNew(
            String property, Function<KeySource, @Nullable String> value, List<KeySource> sources, String reason) {
        if (sources.stream().map(value).distinct().count() < sources.size()) {
            throw new UnusablePropertyException(property, reason);
        }
    }

    private KeySource source(String prefix, JwksProperties.Issuer issuer) {
        String iss = issuer.issuerUri();
        if (iss == null || iss.isBlank()) {
            throw new UnusablePropertyException(prefix + "issuer-uri", "is not set");
        }
        String name = issuer.name() == null ? nameOf(iss) : issuer.name();
        requireName(prefix + "name", name);
        JWSAlgorithm[] algorithms = algorithms(prefix, issuer.jwsAlgorithms());
        JWKSCache cache = cache(prefix, issuer.jwkSetUri(), iss);
        TokenDecoder decoder = decoder(cache, iss, algorithms);
        return new KeySource(name, iss, issuer.audiences(), cache, decoder);
    }

    private static void requireName(String property, String name) {
        if (name.isBlank()) {
            throw new UnusablePropertyException(property, "is empty");
        }
        if (name.indexOf('/') >= 0) {
            throw new UnusablePropertyException(
                    property, "has a / in it, which a part of a path in Actuator cannot have");
        }
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
        URI uri = uri(property, String.valueOf(discovered ? issuerUri : jwkSetUri));
        BuilderOptions<JWKSCache.Builder> options =
                options(() -> discovered ? JWKSCache.discover(uri) : JWKSCache.builder(uri));
        try {
            JWKSCache.Builder builder = options.builder();
            customizers.orderedStream().forEach(customizer -> customizer.customize(builder));
            return builder.build();
        } catch (IllegalArgumentException refused) {
            Map<String, String> misfits = options.misfits(refused);
            if (!misfits.isEmpty()) {
                throw new UnusablePropertyException(misfits);
            }
            throw new UnusablePropertyException(
                    property,
                    options.fitWith(JWKSCache.Builder::allowPlainHttp)
                            ? "is http to another host, which needs " + JwksProperties.PREFIX + ".allow-plain-http=true"
                            : String.valueOf(refused.getMessage()));
        }
    }

    private static URI uri(String property, String text) {
        try {
            return new URI(text);
        } catch (URISyntaxException notShown) {
            throw new UnusablePropertyException(property, "is not a URL");
        }
    }

    private BuilderOptions<JWKSCache.Builder> options(Supplier<JWKSCache.Builder> builders) {
        properties.requestHeader().forEach(KeySourcesFactory::requireHeader);
        var options = new BuilderOptions<>(
                        JwksProperties.PREFIX,
                        builders,
                        builder -> builder.build().close())
                .add("refresh-before", builder -> builder.refreshBefore(properties.refreshBefore()))
                .add("time-to-live", builder -> builder.timeToLive(properties.timeToLive()))
                .add("stale-for", builder -> builder.staleFor(properties.staleFor()))
                .add("unknown-key-cooldown", builder -> builder.unknownKeyCooldown(properties.unknownKeyCooldown()))
                .add("fetch-timeout", builder -> builder.fetchTimeout(properties.fetchTimeout()))
                .add(
                        "request-header",
                        builder -> properties
                                .requestHeader()
                                .forEach((name, value) -> builder.requestHeader(name, () -> value)));
        Duration wait = properties.unknownKeyWait();
        if (wait != null) {
            options.add("unknown-key-wait", builder -> builder.unknownKeyWait(wait));
        }
        if (properties.allowPlainHttp()) {
            options.add("allow-plain-http", JWKSCache.Builder::allowPlainHttp);
        }
        String bundle = properties.ssl().bundle();
        if (StringUtils.hasText(bundle)) {
            HttpClient client = trusting(bundle);
            options.add("ssl.bundle", builder -> builder.httpClient(client));
        }
        String file = properties.bearerTokenFile();
        if (StringUtils.hasText(file)) {
            Path path = tokenFile(file);
            options.add(
                    "bearer-token-file",
                    builder -> builder.requestHeader("Authorization", () -> "Bearer " + read(path)));
        }
        return options;
    }

    private HttpClient trusting(String bundle) {
        String property = JwksProperties.PREFIX + ".ssl.bundle";
        try {
            return HttpClient.newBuilder()
                    .sslContext(bundles.getObject().getBundle(bundle).createSslContext())
                    .build();
        } catch (NoSuchSslBundleException absent) {
            throw new UnusablePropertyException(property, "there is no spring.ssl.bundle of the name " + bundle);
        } catch (RuntimeException unusable) {
            throw new UnusablePropertyException(
                    property, "spring.ssl.bundle " + bundle + " cannot be used: " + reason(unusable));
        }
    }

    /** Without the messages of the causes, which may hold a key that the bundle has instead of its file. */
    private static String reason(Throwable unusable) {
        Throwable root = unusable;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        if (root instanceof FileNotFoundException || root instanceof NoSuchFileException) {
            return "a file that it names is not there, or cannot be read";
        }
        return root instanceof UnrecoverableKeyException
                ? "a password of it is wrong"
                : root.getClass().getSimpleName();
    }

    /** The client would refuse it at each fetch. */
    private static void requireHeader(String name, String value) {
        String property = JwksProperties.PREFIX + ".request-header." + name;
        if (!HEADER_NAME.matcher(name).matches()) {
            throw new UnusablePropertyException(property, "is not the name of a header");
        }
        if (!HEADER_VALUE.matcher(value).matches()) {
            throw new UnusablePropertyException(property, "has a line break or a letter that is not ASCII");
        }
    }

    private static Path tokenFile(String file) {
        String property = JwksProperties.PREFIX + ".bearer-token-file";
        if (file.startsWith("file:")) {
            throw new UnusablePropertyException(property, "is a URL: write the path alone");
        }
        try {
            Path path = Path.of(file);
            if (Files.isReadable(path) && !Files.isDirectory(path)) {
                return path;
            }
        } catch (InvalidPathException notShown) {
            // It may be the token itself.
        }
        throw new UnusablePropertyException(property, "does not name a file that can be read");
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
