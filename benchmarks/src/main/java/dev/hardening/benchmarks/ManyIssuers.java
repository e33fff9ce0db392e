package dev.hardening.benchmarks;

import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import dev.hardening.jwks.IssuerRouter;
import dev.hardening.jwks.JWKSCache;
import dev.hardening.jwks.JWKSUnavailableException;
import dev.hardening.jwks.TokenDecoder;
import dev.hardening.testing.IdentityProvider;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** One service for a thousand issuers, of which one hangs; and the same at rest, when that one answers again. */
final class ManyIssuers {

    private static final int ISSUERS = 1_000;
    private static final int MOST_THREADS = 4;
    private static final Duration MOST_TO_RECOVER = Duration.ofMinutes(1);

    private ManyIssuers() {}

    static Section section(Budget budget) throws Exception {
        JWK key = Tokens.keys(1).get(1);
        List<JWKSCache> caches = new ArrayList<>();
        List<TokenDecoder> decoders = new ArrayList<>();
        List<String> tokens = new ArrayList<>();
        CountDownLatch gate = new CountDownLatch(1);
        try (IdentityProvider server = new IdentityProvider()) {
            for (int i = 0; i < ISSUERS; i++) {
                String path = "/keys/" + i;
                String issuer = "https://issuer-" + i + ".example";
                IdentityProvider.Script keys = IdentityProvider.json(new JWKSet(key.toPublicJWK()).toString());
                server.script(path, i == 0 ? IdentityProvider.held(gate, keys) : keys);
                JWKSCache cache = JWKSCache.builder(server.url().resolve(path)).build();
                caches.add(cache);
                decoders.add(TokenDecoder.builder(cache)
                        .issuer(issuer)
                        .audience(Tokens.AUDIENCE)
                        .build());
                tokens.add(Tokens.sign(key, issuer, Tokens.subject()));
            }
            try (IssuerRouter router = IssuerRouter.of(decoders.toArray(TokenDecoder[]::new))) {
                return measure(router, tokens, budget, gate);
            } finally {
                gate.countDown();
                caches.forEach(JWKSCache::close);
            }
        }
    }

    private static Section measure(IssuerRouter router, List<String> tokens, Budget budget, CountDownLatch gate) {
        tokens.subList(1, ISSUERS).forEach(router::decode); // each fetches its keys
        AtomicInteger threads = new AtomicInteger();
        long calls;
        long failed;
        Load hanging = new Load(1, 0, n -> router.decode(tokens.get(0)));
        Load others = new Load(2, 0, n -> {
            router.decode(tokens.get(1 + n % (ISSUERS - 1)));
            if (n % 1_000 == 0) {
                threads.accumulateAndGet(ours().size(), Math::max);
            }
        });
        try (hanging;
                others) {
            Load.sleep(budget.flood());
            calls = others.calls();
            failed = others.failures();
        }
        gate.countDown(); // a service that asks an issuer in vain is not at rest
        awaitAccepted(router, tokens.get(0));
        Load.sleep(budget.flood()); // threads without work end meanwhile
        int atRest = ours().size();
        long before = wakeUps();
        Load.sleep(budget.idle());
        long wakeUps = wakeUps() - before;
        Section section = new Section("1,000 issuers, one of which hangs", "measured");
        section.row("tokens of the others", calls);
        section.row("of these, failed", failed);
        section.row("threads of ours, at most", (long) threads.get());
        section.row("threads of ours at rest", (long) atRest);
        section.row("wake-ups of the timer in " + budget.idle().toSeconds() + " s at rest", wakeUps);
        section.targets()
                .add(Section.Target.of(
                        "failed tokens of 999 issuers while one hangs",
                        "0",
                        Section.whole(failed) + " of " + Section.whole(calls),
                        failed == 0 && calls > 0));
        section.targets()
                .add(Section.Target.of(
                        "threads of ours for 1,000 issuers at rest",
                        "≤ " + MOST_THREADS,
                        String.valueOf(atRest),
                        atRest <= MOST_THREADS));
        section.targets()
                .add(Section.Target.of(
                        "wake-ups of the timer in an idle minute",
                        "≤ 1",
                        wakeUps + " in " + budget.idle().toSeconds() + " s",
                        wakeUps <= 1));
        return section;
    }

    private static void awaitAccepted(IssuerRouter router, String token) {
        long end = System.nanoTime() + MOST_TO_RECOVER.toNanos();
        while (true) {
            try {
                router.decode(token);
                return;
            } catch (JWKSUnavailableException notYet) {
                if (System.nanoTime() - end > 0) {
                    throw notYet;
                }
                Load.sleep(Duration.ofMillis(100));
            }
        }
    }

    private static List<ThreadInfo> ours() {
        return Arrays.stream(ManagementFactory.getThreadMXBean().dumpAllThreads(false, false))
                .filter(thread -> thread.getThreadName().startsWith("hardening-jwks"))
                .toList();
    }

    /** How often the timer's thread has waited. */
    private static long wakeUps() {
        return ours().stream()
                .filter(thread -> thread.getThreadName().equals("hardening-jwks-timer"))
                .mapToLong(ThreadInfo::getWaitedCount)
                .sum();
    }
}
