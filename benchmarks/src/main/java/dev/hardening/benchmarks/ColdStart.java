package dev.hardening.benchmarks;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import dev.hardening.jwks.JWKSCache;
import dev.hardening.jwks.TokenDecoder;
import dev.hardening.testing.IdentityProvider;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A process from its start to its first accepted token, by this project's decoder and by Nimbus, in pairs whose order is drawn. */
final class ColdStart {

    private static final String ACCEPTED = "accepted";
    private static final double MOST = 1.25;

    private ColdStart() {}

    /** This project's decoder. Arguments: the key endpoint, the issuer, the token. */
    static final class Hardening {

        private Hardening() {}

        public static void main(String[] arguments) {
            try (JWKSCache cache = JWKSCache.builder(URI.create(arguments[0])).build()) {
                TokenDecoder.builder(cache)
                        .issuer(arguments[1])
                        .audience(Tokens.AUDIENCE)
                        .build()
                        .decode(arguments[2]);
                System.out.println(ACCEPTED);
            }
        }
    }

    /** Nimbus with its defaults. Arguments: the key endpoint, the issuer, the token. */
    static final class Nimbus {

        private Nimbus() {}

        public static void main(String[] arguments) throws Exception {
            DefaultJWTProcessor<SecurityContext> processor = new DefaultJWTProcessor<>();
            processor.setJWSKeySelector(new JWSVerificationKeySelector<>(
                    Set.of(JWSAlgorithm.RS256, JWSAlgorithm.ES256),
                    JWKSourceBuilder.create(URI.create(arguments[0]).toURL()).build()));
            processor.setJWTClaimsSetVerifier(new DefaultJWTClaimsVerifier<>(
                    Tokens.AUDIENCE,
                    new JWTClaimsSet.Builder().issuer(arguments[1]).build(),
                    Set.of("sub", "exp")));
            processor.process(arguments[2], null);
            System.out.println(ACCEPTED);
            System.exit(0); // its threads would keep the process
        }
    }

    static Section section(Budget budget) throws IOException {
        Section section = new Section(
                "a process until its first token is accepted",
                "pairs",
                "**Hardening**, ms",
                "Nimbus, ms",
                "ratio (95 % interval)");
        JWK key = Tokens.keys(1).get(0);
        Paired pairs;
        try (IdentityProvider server = new IdentityProvider(key)) {
            String token = Tokens.sign(key, server.issuer(), Tokens.subject());
            pairs = pairs(budget, withoutConscrypt(), server, token);
            row(section, "an RS256 token", budget, pairs);
            row(
                    section,
                    "the same with Conscrypt on the class path, which only **Hardening** loads",
                    budget,
                    pairs(budget, Children.classPath(), server, token));
        }
        section.targets()
                .add(Section.Target.of(
                        "a cold start until the first token is accepted, against Nimbus",
                        "≤ 1.25×",
                        pairs.text(),
                        pairs.ratio() <= MOST));
        return section;
    }

    /** Conscrypt is optional, and a service has it only if it adds it. */
    private static String withoutConscrypt() {
        return Stream.of(Children.classPath().split(File.pathSeparator))
                .filter(entry -> !Path.of(entry).getFileName().toString().startsWith("conscrypt"))
                .collect(Collectors.joining(File.pathSeparator));
    }

    private static void row(Section section, String what, Budget budget, Paired pairs) {
        section.row(what, budget.coldStarts(), pairs.ours(), pairs.theirs(), pairs.text());
    }

    private static Paired pairs(Budget budget, String classPath, IdentityProvider server, String token)
            throws IOException {
        for (Class<?> side : List.of(Hardening.class, Nimbus.class)) {
            milliseconds(side, classPath, server, token); // the files are in the machine's memory after this
        }
        return Paired.measure(
                budget.coldStarts(),
                17,
                () -> milliseconds(Hardening.class, classPath, server, token),
                () -> milliseconds(Nimbus.class, classPath, server, token));
    }

    private static double milliseconds(Class<?> side, String classPath, IdentityProvider server, String token)
            throws IOException {
        long start = System.nanoTime();
        Process process = Children.start(
                Children.java(classPath, side.getName(), server.jwksUri().toString(), server.issuer(), token)
                        .redirectErrorStream(true));
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
            StringBuilder output = new StringBuilder();
            for (@Nullable String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.equals(ACCEPTED)) {
                    return (System.nanoTime() - start) / 1e6;
                }
                output.append(line).append('\n');
            }
            throw new IOException(side.getSimpleName() + " accepted nothing: " + output);
        } finally {
            Children.end(process);
        }
    }
}
