package dev.hardening.benchmarks;

import com.nimbusds.jose.jwk.JWK;
import dev.hardening.testing.IdentityProvider;
import java.security.PublicKey;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** The public key of a key id, from a cache that is warm, with two keys in the set. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class LookupBenchmark {

    @Param
    Contender contender;

    @Param({"rsa-1", "ec-1"})
    String kid;

    private IdentityProvider server;
    private Peer peer;

    @Setup
    public void open() throws Exception {
        server = new IdentityProvider(Tokens.keys(1).toArray(JWK[]::new));
        peer = contender.openWarm(server, null, List.of(kid));
    }

    @Benchmark
    public PublicKey find() throws Exception {
        return peer.find(kid);
    }

    @TearDown
    public void close() {
        peer.close();
        server.close();
    }
}
