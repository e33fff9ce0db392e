package dev.hardening.benchmarks;

import dev.hardening.testing.IdentityProvider;

/** Tokens that were verified before, with {@code cacheVerified}. The peers remember none: they verify them again. */
public class RepeatedTokenBenchmark extends VerifyBenchmark {

    @Override
    Peer open(Contender chosen, IdentityProvider keyServer) {
        return chosen == Contender.HARDENING
                ? Contender.hardening(keyServer, null, 1_000)
                : super.open(chosen, keyServer);
    }
}
