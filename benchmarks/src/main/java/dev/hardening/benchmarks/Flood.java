package dev.hardening.benchmarks;

import com.nimbusds.jose.jwk.JWK;
import dev.hardening.testing.IdentityProvider;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Lookups of known keys while others send key ids that do not exist, as fast as they can. The known keys are as many as a
 * provider has after a few rotations, and the keys live as long as they do by default.
 */
final class Flood {

    private static final int VALID_THREADS = 2;
    private static final int VALID_PER_MILLISECOND = 25;
    private static final int FORGING_THREADS = 2;
    private static final int KEYS_OF_EACH_KIND = 4;
    /** An endpoint that is near. */
    private static final Duration NEAR = Duration.ofMillis(5);

    /** What was seen; rates a second. */
    record Outcome(double validRate, long valid, long failed, double forgedRate, int fetches) {}

    private Flood() {}

    static Outcome run(Contender contender, Budget budget) throws Exception {
        List<JWK> keys = Tokens.keys(KEYS_OF_EACH_KIND);
        List<String> kids = Tokens.kids(keys);
        try (IdentityProvider server = new IdentityProvider(keys.toArray(JWK[]::new));
                Peer peer = contender.openWarm(server, null, kids)) {
            server.slow(NEAR);
            int before = server.keyRequests();
            Load forging = new Load(FORGING_THREADS, 0, n -> peer.find(forgedKid()));
            Load valid = new Load(VALID_THREADS, VALID_PER_MILLISECOND, n -> peer.find(kids.get(n % kids.size())));
            try (forging;
                    valid) {
                Load.sleep(budget.flood().dividedBy(3));
                long validBefore = valid.calls();
                long failedBefore = valid.failures();
                long forgedBefore = forging.calls();
                long start = System.nanoTime();
                Load.sleep(budget.flood());
                double seconds = (System.nanoTime() - start) / 1e9;
                long calls = valid.calls() - validBefore;
                long failed = valid.failures() - failedBefore;
                return new Outcome(
                        (calls - failed) / seconds,
                        calls,
                        failed,
                        (forging.calls() - forgedBefore) / seconds,
                        server.keyRequests() - before);
            }
        }
    }

    private static String forgedKid() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        return (random.nextBoolean() ? "rsa-" : "ec-") + Long.toHexString(random.nextLong());
    }

    static Section section(Budget budget) throws Exception {
        Section section = new Section(
                "forged key ids, as many as can be sent",
                "valid lookups a second, of 50,000 offered",
                "failed",
                "forged a second",
                "fetches");
        Paired pairs = new Paired();
        List<Outcome> ours = new ArrayList<>();
        List<Outcome> maps = new ArrayList<>();
        for (int i = 0; i < budget.rounds(); i++) {
            if (i % 2 == 0) {
                ours.add(run(Contender.HARDENING, budget));
                maps.add(run(Contender.BARE_CONCURRENT, budget));
            } else {
                maps.add(run(Contender.BARE_CONCURRENT, budget));
                ours.add(run(Contender.HARDENING, budget));
            }
            pairs.add(ours.get(i).validRate, maps.get(i).validRate);
        }
        row(section, Contender.HARDENING, ours);
        for (Contender contender : Contender.FETCHING) {
            if (contender != Contender.HARDENING) {
                row(section, contender, List.of(run(contender, budget)));
            }
        }
        row(section, Contender.BARE_CONCURRENT, maps);
        long failed = ours.stream().mapToLong(Outcome::failed).sum();
        section.targets()
                .add(Section.Target.of(
                        "valid lookups that fail in the flood",
                        "0",
                        Section.whole(failed) + " of "
                                + Section.whole(
                                        ours.stream().mapToLong(Outcome::valid).sum()),
                        failed == 0));
        section.targets()
                .add(Section.Target.of(
                        "valid lookups a second in the flood, against a plain map's",
                        "no fewer, within noise",
                        pairs.text(),
                        pairs.high() >= 1 || pairs.ratio() >= 0.99));
        return section;
    }

    private static void row(Section section, Contender contender, List<Outcome> seen) {
        section.row(
                contender.title,
                Paired.median(seen.stream().map(Outcome::validRate).toList()),
                seen.stream().mapToLong(Outcome::failed).sum(),
                Paired.median(seen.stream().map(Outcome::forgedRate).toList()),
                seen.stream().mapToInt(Outcome::fetches).max().orElseThrow());
    }
}
