package dev.hardening.benchmarks;

import com.nimbusds.jose.jwk.JWK;
import dev.hardening.testing.IdentityProvider;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Lookups of known keys while the endpoint answers 503 for longer than the keys live. */
final class Outage {

    private static final int THREADS = 4;
    private static final int PER_MILLISECOND = 4;
    /** With keys in hand a backoff step is 1, 4, 16 s, less up to a fifth; 50 ms for the machine. */
    private static final double[] LEAST_STEPS = {0.75, 3.15, 12.75};

    /**
     * What was seen.
     *
     * @param fetches in the outage
     * @param leastSteps whether no two of them were closer than the backoff step between them
     * @param afterwards failures once the endpoint was back
     */
    record Outcome(long lookups, long failed, int fetches, boolean leastSteps, long afterwards) {}

    private Outage() {}

    static Outcome run(Contender contender, Budget budget) throws Exception {
        List<JWK> keys = Tokens.keys(1);
        List<String> kids = Tokens.kids(keys);
        try (IdentityProvider server = new IdentityProvider(keys.toArray(JWK[]::new));
                Peer peer = contender.openWarm(server, budget.keyLifetime(), kids)) {
            try (Load load = new Load(THREADS, PER_MILLISECOND, n -> peer.find(kids.get(n % kids.size())))) {
                Load.sleep(budget.keyLifetime().dividedBy(4));
                long down = System.nanoTime();
                long lookups = load.calls();
                long failures = load.failures();
                server.down();
                Load.sleep(budget.outage());
                server.up();
                long up = System.nanoTime();
                lookups = load.calls() - lookups;
                failures = load.failures() - failures;
                long before = load.failures();
                Load.sleep(budget.keyLifetime().multipliedBy(3).dividedBy(2));
                List<Long> fetches = server.keyRequestTimes().stream()
                        .filter(at -> at - down > 0 && up - at > 0)
                        .sorted()
                        .toList();
                return new Outcome(lookups, failures, fetches.size(), leastSteps(fetches), load.failures() - before);
            }
        }
    }

    private static boolean leastSteps(List<Long> fetches) {
        for (int i = 1; i < fetches.size(); i++) {
            double step = LEAST_STEPS[Math.min(i, LEAST_STEPS.length) - 1];
            if (fetches.get(i) - fetches.get(i - 1) < step * TimeUnit.SECONDS.toNanos(1)) {
                return false;
            }
        }
        return true;
    }

    static Section section(Budget budget) throws Exception {
        Section section = new Section(
                "the endpoint answers 503 for " + budget.outage().toMillis() / 1000.0 + " s",
                "lookups",
                "failed",
                "fetches",
                "failed after it was back");
        for (Contender contender : Contender.EXPIRING) {
            Outcome seen = run(contender, budget);
            section.row(contender.title, seen.lookups, seen.failed, seen.fetches, seen.afterwards);
            if (contender == Contender.HARDENING) {
                section.targets()
                        .add(Section.Target.of(
                                "lookups that fail in the outage",
                                "0",
                                Section.whole(seen.failed + seen.afterwards) + " of " + Section.whole(seen.lookups),
                                seen.failed + seen.afterwards == 0 && seen.lookups > 0));
                section.targets()
                        .add(Section.Target.of(
                                "fetches in the outage",
                                "at most 1 a backoff step",
                                seen.fetches + (seen.leastSteps ? ", a step apart" : ", closer than a step"),
                                seen.leastSteps && seen.fetches > 0));
            }
        }
        return section;
    }
}
