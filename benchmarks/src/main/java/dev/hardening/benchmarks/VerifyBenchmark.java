package dev.hardening.benchmarks;

import com.nimbusds.jose.jwk.JWK;
import dev.hardening.testing.IdentityProvider;
import java.nio.charset.StandardCharsets;
import java.security.Security;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.conscrypt.Conscrypt;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** A token from its characters to its subject: a new token each time, or one that comes again and again. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class VerifyBenchmark {

    /** How many different tokens come in turn. */
    private static final int TOKENS = 64;

    /** Which provider verifies. */
    public enum Provider {
        /** The JDK's: Conscrypt is not on the class path. */
        JDK,
        /** Conscrypt: this project's decoder finds it on the class path; for all others it is the JVM's first. */
        CONSCRYPT
    }

    @Param
    Contender contender;

    @Param({"RS256", "ES256"})
    String algorithm;

    @Param
    Provider provider;

    private IdentityProvider server;
    private Peer peer;
    private byte[][] tokens;
    private int next;

    @Setup
    public void open() throws Exception {
        if (provider == Provider.CONSCRYPT && contender != Contender.HARDENING) {
            Security.insertProviderAt(Conscrypt.newProvider(), 1);
        }
        List<JWK> keys = Tokens.keys(1);
        server = new IdentityProvider(keys.toArray(JWK[]::new));
        JWK key = keys.get(algorithm.equals("RS256") ? 0 : 1);
        tokens = new byte[TOKENS][];
        for (int i = 0; i < TOKENS; i++) {
            tokens[i] = Tokens.sign(key, server.issuer(), Tokens.subject()).getBytes(StandardCharsets.US_ASCII);
        }
        peer = Contender.warm(() -> open(contender, server), List.of(key.getKeyID()));
        verify();
    }

    Peer open(Contender chosen, IdentityProvider keyServer) {
        return chosen.open(keyServer, null);
    }

    @Benchmark
    public String verify() throws Exception {
        next = (next + 1) % TOKENS;
        // A new string each time, as in a request's header: a string caches its own hash, and that must help no
        // contender.
        return peer.verify(new String(tokens[next], StandardCharsets.ISO_8859_1));
    }

    @TearDown
    public void close() {
        peer.close();
        server.close();
        Security.removeProvider("Conscrypt");
    }
}
