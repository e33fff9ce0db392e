package dev.hardening.benchmarks;

import com.nimbusds.jose.jwk.JWK;
import dev.hardening.testing.IdentityProvider;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Reads at a steady pace while the keys are refreshed again and again from an endpoint that takes 300 ms: how long the
 * slowest waits. Beside each read its thread reads a plain map, and a thread that does nothing else reads the clock, so
 * that what the machine's scheduler does to any read is measured and not supposed.
 */
final class RefreshAhead {

    private static final int READERS = 2;
    private static final int PER_MILLISECOND = 10;
    private static final long SLOW = TimeUnit.MILLISECONDS.toNanos(5);
    private static final Duration SLOW_ANSWER = Duration.ofMillis(300);

    /**
     * What was seen; times in nanoseconds.
     *
     * @param slow reads that took more than 5 ms
     * @param unexplained those that took more than 5 ms besides what the thread was kept from running, and the clock's gaps
     */
    record Outcome(
            int fetches,
            long reads,
            long failed,
            long median,
            long p999,
            long max,
            long mapP999,
            long mapMax,
            long hiccup,
            long slow,
            long unexplained) {}

    private record SlowRead(long from, long to, long notLetRun) {}

    private static final class Reader {
        final List<SlowRead> slow = new ArrayList<>();
        long[] reads = new long[1 << 16];
        long[] maps = new long[1 << 16];
        int count;
        long failed;

        void note(long read, long map) {
            if (count == reads.length) {
                reads = Arrays.copyOf(reads, 2 * count);
                maps = Arrays.copyOf(maps, 2 * count);
            }
            reads[count] = read;
            maps[count++] = map;
        }
    }

    private RefreshAhead() {}

    static Outcome run(Contender contender, Budget budget) throws Exception {
        List<JWK> keys = Tokens.keys(1);
        List<String> kids = Tokens.kids(keys);
        try (IdentityProvider server = new IdentityProvider(keys.toArray(JWK[]::new));
                Peer map = Contender.BARE.open(server, null);
                Peer peer = contender.openWarm(server, budget.keyLifetime(), kids)) {
            // As quick as they get, before anything is slow.
            for (int i = 0; i < 50_000; i++) {
                peer.find(kids.get(i % kids.size()));
                map.find(kids.get(i % kids.size()));
            }
            server.slow(SLOW_ANSWER);
            int before = server.keyRequests();
            long end = System.nanoTime() + budget.refreshes().toNanos();
            List<Reader> readers = new ArrayList<>();
            List<Thread> threads = new ArrayList<>();
            Hiccups hiccups = new Hiccups();
            for (int i = 0; i < READERS; i++) {
                Reader reader = new Reader();
                readers.add(reader);
                threads.add(Load.daemon(() -> read(reader, peer, map, kids, end)));
            }
            threads.forEach(Thread::start);
            for (Thread thread : threads) {
                thread.join();
            }
            hiccups.close();
            return outcome(readers, hiccups, server.keyRequests() - before);
        }
    }

    private static void read(Reader reader, Peer peer, Peer map, List<String> kids, long end) {
        try (RunDelay delay = new RunDelay()) {
            while (System.nanoTime() - end < 0) {
                long kept = delay.nanos();
                for (int i = 0; i < PER_MILLISECOND; i++) {
                    String kid = kids.get(i % kids.size());
                    long start = System.nanoTime();
                    try {
                        peer.find(kid);
                    } catch (Exception failed) {
                        reader.failed++;
                    }
                    long read = System.nanoTime();
                    if (read - start > SLOW) {
                        long keptNow = delay.nanos();
                        reader.slow.add(new SlowRead(start, read, keptNow - kept));
                        kept = keptNow;
                    }
                    long second = System.nanoTime();
                    try {
                        map.find(kid);
                    } catch (Exception impossible) {
                        throw new IllegalStateException(impossible);
                    }
                    reader.note(read - start, System.nanoTime() - second);
                }
                Load.sleep(Duration.ofMillis(1));
            }
        }
    }

    private static Outcome outcome(List<Reader> readers, Hiccups hiccups, int fetches) {
        long[] reads = all(readers.stream()
                .map(reader -> Arrays.copyOf(reader.reads, reader.count))
                .toList());
        long[] maps = all(readers.stream()
                .map(reader -> Arrays.copyOf(reader.maps, reader.count))
                .toList());
        List<SlowRead> slow =
                readers.stream().flatMap(reader -> reader.slow.stream()).toList();
        long unexplained = slow.stream()
                .filter(read -> read.to - read.from - read.notLetRun - hiccups.within(read.from, read.to) > SLOW)
                .count();
        return new Outcome(
                fetches,
                reads.length,
                readers.stream().mapToLong(reader -> reader.failed).sum(),
                reads[reads.length / 2],
                reads[(int) (reads.length * 0.999)],
                reads[reads.length - 1],
                maps[(int) (maps.length * 0.999)],
                maps[maps.length - 1],
                hiccups.longest(),
                slow.size(),
                unexplained);
    }

    private static long[] all(List<long[]> parts) {
        long[] sorted = parts.stream().flatMapToLong(Arrays::stream).toArray();
        Arrays.sort(sorted);
        return sorted;
    }

    static Section section(Budget budget) throws Exception {
        Section section = new Section(
                "reads while refreshes of 300 ms run",
                "refreshes",
                "reads",
                "failed",
                "median, µs",
                "p99.9, µs",
                "slowest, ms",
                "over 5 ms",
                "not by the scheduler",
                "a map's p99.9, µs",
                "a map's slowest, ms",
                "the clock's longest gap, ms");
        for (Contender contender : Contender.EXPIRING) {
            if (contender == Contender.NIMBUS_OUTAGE_TOLERANT || contender == Contender.JOSE4J_RETAINING) {
                continue; // as their siblings, while the endpoint answers
            }
            Outcome seen = run(contender, budget);
            section.row(
                    contender.title,
                    seen.fetches,
                    seen.reads,
                    seen.failed,
                    seen.median / 1e3,
                    seen.p999 / 1e3,
                    seen.max / 1e6,
                    seen.slow,
                    seen.unexplained,
                    seen.mapP999 / 1e3,
                    seen.mapMax / 1e6,
                    seen.hiccup / 1e6);
            if (contender == Contender.HARDENING) {
                section.targets()
                        .add(Section.Target.of(
                                "reads over 5 ms that the scheduler does not explain, while refreshes of 300 ms run",
                                "0",
                                seen.unexplained + " of " + Section.whole(seen.reads) + " (" + seen.fetches
                                        + " refreshes)",
                                seen.unexplained == 0 && seen.failed == 0 && seen.fetches > 0));
            }
        }
        return section;
    }
}
