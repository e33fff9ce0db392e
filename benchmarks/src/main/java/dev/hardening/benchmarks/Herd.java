package dev.hardening.benchmarks;

import com.nimbusds.jose.jwk.JWK;
import dev.hardening.testing.IdentityProvider;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/** Callers who all come at once while there are no keys yet. */
final class Herd {

    /** What was seen; the slowest caller's time in milliseconds. */
    record Outcome(int fetches, double slowest, int failed) {}

    private Herd() {}

    private static void up(IdentityProvider provider) {
        provider.slow(Duration.ofMillis(100));
    }

    private static void broken(IdentityProvider provider) {
        provider.failing(500, Duration.ofMillis(200));
    }

    static Outcome run(Contender contender, int callers, Consumer<IdentityProvider> state) throws Exception {
        List<JWK> keys = Tokens.keys(1);
        try (IdentityProvider server = new IdentityProvider(keys.toArray(JWK[]::new));
                Peer peer = contender.open(server, null)) {
            state.accept(server);
            CountDownLatch gate = new CountDownLatch(1);
            AtomicLong slowest = new AtomicLong();
            AtomicInteger failed = new AtomicInteger();
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < callers; i++) {
                threads.add(Load.daemon(() -> {
                    await(gate);
                    long start = System.nanoTime();
                    try {
                        peer.find("ec-1");
                    } catch (Exception refused) {
                        failed.incrementAndGet();
                    }
                    slowest.accumulateAndGet(System.nanoTime() - start, Math::max);
                }));
            }
            threads.forEach(Thread::start);
            gate.countDown();
            for (Thread thread : threads) {
                thread.join();
            }
            return new Outcome(server.keyRequests(), slowest.get() / 1e6, failed.get());
        }
    }

    private static void await(CountDownLatch gate) {
        try {
            gate.await();
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
        }
    }

    static Section section(Budget budget) throws Exception {
        Section section = new Section(
                "all at once, without keys",
                "64 callers: fetches",
                "slowest, ms",
                "failed",
                budget.failingCallers() + " callers, the endpoint fails after 200 ms: fetches",
                "slowest, ms",
                "failed");
        // The classes that a first fetch loads are loaded, so that the first in the table is not the slowest for that.
        for (Contender contender : Contender.FETCHING) {
            run(contender, 1, Herd::up);
        }
        for (Contender contender : Contender.FETCHING) {
            List<Outcome> rounds = new ArrayList<>();
            for (int i = 0; i < budget.rounds(); i++) {
                rounds.add(run(contender, 64, Herd::up));
            }
            int fetches = rounds.stream().mapToInt(Outcome::fetches).max().orElseThrow();
            int failed = rounds.stream().mapToInt(Outcome::failed).sum();
            Outcome broken = run(contender, budget.failingCallers(), Herd::broken);
            section.row(
                    contender.title,
                    fetches,
                    Paired.median(rounds.stream().map(Outcome::slowest).toList()),
                    failed,
                    broken.fetches,
                    broken.slowest,
                    broken.failed);
            if (contender == Contender.HARDENING) {
                section.targets()
                        .add(Section.Target.of(
                                "64 callers without keys: fetches, failures",
                                "1, 0",
                                fetches + ", " + failed,
                                fetches == 1 && failed == 0));
                section.targets()
                        .add(Section.Target.of(
                                budget.failingCallers() + " callers of a failing endpoint: fetches",
                                "1",
                                String.valueOf(broken.fetches),
                                broken.fetches == 1));
            }
        }
        return section;
    }
}
