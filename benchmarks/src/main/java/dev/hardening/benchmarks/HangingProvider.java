package dev.hardening.benchmarks;

import com.nimbusds.jose.jwk.JWK;
import dev.hardening.testing.IdentityProvider;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A service with 20 request threads, whose provider hangs: 40 tokens with forged key ids come at once, and valid ones behind them. */
final class HangingProvider {

    private static final int REQUEST_THREADS = 20;
    private static final int FORGED = 40;
    private static final int VALID = 200;
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    /** {@code unknownKeyWait}, and a tenth of a second. */
    private static final double MOST_MILLISECONDS = 500 + 100;

    private static final List<Contender> ASKED = List.of(
            Contender.HARDENING,
            Contender.NIMBUS,
            Contender.NIMBUS_OUTAGE_TOLERANT,
            Contender.SPRING,
            Contender.AUTH0,
            Contender.JOSE4J,
            Contender.SMALLRYE);

    /** What the valid tokens saw. */
    record Outcome(double slowestMilliseconds, int failed) {}

    private HangingProvider() {}

    static Outcome run(Contender contender) throws Exception {
        JWK key = Tokens.keys(1).get(0);
        ExecutorService requests = Executors.newFixedThreadPool(REQUEST_THREADS, Load::daemon);
        try (IdentityProvider server = new IdentityProvider(key);
                Peer peer = contender.openWarm(server, null, List.of(key.getKeyID()))) {
            String valid = Tokens.sign(key, server.issuer(), Tokens.subject());
            List<String> forged = new ArrayList<>();
            for (int i = 0; i < FORGED; i++) {
                forged.add(Tokens.sign(Tokens.withKid(key, "rsa-forged-" + i), server.issuer(), Tokens.subject()));
            }
            List<Future<?>> warm = new ArrayList<>();
            for (int i = 0; i < 10 * VALID; i++) {
                warm.add(requests.submit(() -> peer.verify(valid)));
            }
            for (Future<?> done : warm) {
                done.get();
            }
            server.hang();
            List<Long> nanoseconds = Collections.synchronizedList(new ArrayList<>());
            forged.forEach(token -> requests.execute(() -> {
                try {
                    peer.verify(token);
                } catch (Exception refused) {
                    // as it has to be
                }
            }));
            List<Future<?>> answers = new ArrayList<>();
            for (int i = 0; i < VALID; i++) {
                long asked = System.nanoTime();
                answers.add(requests.submit(() -> {
                    peer.verify(valid);
                    return nanoseconds.add(System.nanoTime() - asked);
                }));
            }
            int failed = 0;
            boolean anyLate = false;
            long end = System.nanoTime() + PATIENCE.toNanos();
            for (Future<?> answer : answers) {
                try {
                    answer.get(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
                } catch (ExecutionException refused) {
                    failed++;
                } catch (TimeoutException late) {
                    failed++;
                    anyLate = true;
                }
            }
            // One that has no answer by now has waited at least as long.
            double slowest =
                    anyLate || nanoseconds.isEmpty() ? PATIENCE.toMillis() : Collections.max(nanoseconds) / 1e6;
            return new Outcome(slowest, failed);
        } finally {
            requests.shutdownNow();
        }
    }

    static Section section(Budget budget) throws Exception {
        Section section = new Section(
                FORGED + " forged key ids at once, " + REQUEST_THREADS + " request threads, the provider hangs",
                "the slowest of " + VALID + " valid tokens behind them, ms",
                "failed, or not answered within " + PATIENCE.toSeconds() + " s");
        for (Contender contender : ASKED) {
            List<Outcome> seen = new ArrayList<>();
            for (int i = 0; i < (contender == Contender.HARDENING ? budget.rounds() : 1); i++) {
                seen.add(run(contender));
            }
            double slowest = seen.stream()
                    .mapToDouble(Outcome::slowestMilliseconds)
                    .max()
                    .orElseThrow();
            long failed = seen.stream().mapToLong(Outcome::failed).sum();
            section.row(contender.title, slowest, failed);
            if (contender == Contender.HARDENING) {
                section.targets()
                        .add(Section.Target.of(
                                "the slowest valid token behind 40 forged key ids while the provider hangs",
                                "≤ 600 ms, none fails",
                                Section.number(slowest) + " ms, " + failed + " failed",
                                slowest <= MOST_MILLISECONDS && failed == 0));
            }
        }
        return section;
    }
}
