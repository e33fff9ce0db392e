package dev.hardening.benchmarks;

/** Tokens that were verified before, with {@code cacheVerified}. The peers remember none: they verify them again. */
public class RepeatedTokenBenchmark extends VerifyBenchmark {

    @Override
    Peer open(Contender chosen, KeyServer keyServer) {
        return chosen == Contender.HARDENING
                ? Contender.hardening(keyServer, null, 1_000)
                : super.open(chosen, keyServer);
    }
}
