package dev.hardening.benchmarks;

import java.io.File;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** The microbenchmarks and their tables. */
final class Microbenchmarks {

    private static final List<Contender> LOOKING_UP = List.of(
            Contender.HARDENING,
            Contender.NIMBUS,
            Contender.NIMBUS_OUTAGE_TOLERANT,
            Contender.SPRING,
            Contender.AUTH0,
            Contender.JOSE4J,
            Contender.SMALLRYE,
            Contender.BARE,
            Contender.BARE_CONCURRENT);
    private static final List<Contender> PEERS =
            List.of(Contender.NIMBUS, Contender.SPRING, Contender.AUTH0, Contender.JOSE4J, Contender.SMALLRYE);
    private static final List<Contender> VERIFYING = List.of(
            Contender.HARDENING,
            Contender.NIMBUS,
            Contender.SPRING,
            Contender.AUTH0,
            Contender.JOSE4J,
            Contender.SMALLRYE,
            Contender.BARE);

    /** A check runs much more code than the others, once for each setting: the JIT compiler needs this many times as long. */
    private static final int SETTINGS_WARMUPS = 8;

    private static final boolean JDK_17 = Runtime.version().feature() == 17;

    /** The median of the iterations' times, in the benchmark's unit, and bytes allocated in each call. */
    record Figure(double time, double bytes) {}

    private final Budget budget;

    Microbenchmarks(Budget budget) {
        this.budget = budget;
    }

    Section lookups() throws RunnerException {
        Map<String, Figure> seen =
                run(LookupBenchmark.class, Map.of("contender", names(LOOKING_UP)), List.of("contender", "kid"));
        Section section = new Section(
                "a public key by its key id", "RSA, ns", "RSA, B/op", "EC, ns", "EC, B/op", "RSA, times the first");
        double ours = figure(seen, Contender.HARDENING, "rsa-1").time;
        for (Contender contender : LOOKING_UP) {
            Figure rsa = figure(seen, contender, "rsa-1");
            Figure ec = figure(seen, contender, "ec-1");
            section.row(contender.title, rsa.time, bytes(rsa), ec.time, bytes(ec), rsa.time / ours);
        }
        Figure rsa = figure(seen, Contender.HARDENING, "rsa-1");
        Figure ec = figure(seen, Contender.HARDENING, "ec-1");
        atLeast(
                section,
                "warm lookup of an RSA key, against Nimbus",
                100,
                figure(seen, Contender.NIMBUS, "rsa-1").time / ours);
        section.targets()
                .add(Section.Target.of(
                        "warm lookup, allocated",
                        "0 B/op",
                        bytes(rsa) + " and " + bytes(ec) + " B/op",
                        bytes(rsa) == 0 && bytes(ec) == 0));
        atMost(
                section,
                "warm lookup of an RSA key, against a map",
                10,
                ours / figure(seen, Contender.BARE, "rsa-1").time);
        return section;
    }

    Section verifications() throws RunnerException {
        Map<String, Figure> jdk = verify(VerifyBenchmark.class, VERIFYING, VerifyBenchmark.Provider.JDK);
        Map<String, Figure> conscrypt = verify(VerifyBenchmark.class, VERIFYING, VerifyBenchmark.Provider.CONSCRYPT);
        Section section = new Section(
                "a token, each one new",
                "RS256, the JDK's, µs",
                "RS256, Conscrypt, µs",
                "ES256, the JDK's, µs",
                "ES256, Conscrypt, µs",
                "B/op, RS256, Conscrypt");
        for (Contender contender : VERIFYING) {
            section.row(
                    contender == Contender.BARE ? "bare JCA, the signature alone" : contender.title,
                    figure(jdk, contender, "RS256").time,
                    figure(conscrypt, contender, "RS256").time,
                    figure(jdk, contender, "ES256").time,
                    figure(conscrypt, contender, "ES256").time,
                    bytes(figure(conscrypt, contender, "RS256")));
        }
        onJdk17(section, "ES256 with Conscrypt, against Nimbus as it comes", 10, against(jdk, conscrypt, "ES256"));
        onJdk17(section, "RS256 with Conscrypt, against Nimbus as it comes", 1.5, against(jdk, conscrypt, "RS256"));
        atMost(
                section,
                "RS256 with Conscrypt, against the bare signature with Conscrypt",
                1.05,
                figure(conscrypt, Contender.HARDENING, "RS256").time / figure(conscrypt, Contender.BARE, "RS256").time);
        long allocated = bytes(figure(conscrypt, Contender.HARDENING, "RS256"))
                - bytes(figure(conscrypt, Contender.BARE, "RS256"));
        section.targets()
                .add(Section.Target.of(
                        "RS256 with Conscrypt, allocated beyond the bare signature",
                        "≤ 3,000 B/op",
                        Section.whole(allocated) + " B/op",
                        allocated <= 3_000));
        for (String algorithm : List.of("ES256", "RS256")) {
            atMost(
                    section,
                    algorithm + " on the JDK's provider, against bare JCA",
                    1.1,
                    figure(jdk, Contender.HARDENING, algorithm).time / figure(jdk, Contender.BARE, algorithm).time);
        }
        return section;
    }

    private static double against(Map<String, Figure> jdk, Map<String, Figure> conscrypt, String algorithm) {
        return figure(jdk, Contender.NIMBUS, algorithm).time / figure(conscrypt, Contender.HARDENING, algorithm).time;
    }

    Section repeatedTokens() throws RunnerException {
        Map<String, Figure> seen = new HashMap<>(
                verify(RepeatedTokenBenchmark.class, List.of(Contender.HARDENING), VerifyBenchmark.Provider.CONSCRYPT));
        seen.putAll(verify(RepeatedTokenBenchmark.class, PEERS, VerifyBenchmark.Provider.JDK));
        Section section =
                new Section("a token that was verified before", "RS256, µs", "RS256, B/op", "ES256, µs", "ES256, B/op");
        for (Contender contender : VERIFYING.subList(0, VERIFYING.size() - 1)) {
            Figure rsa = figure(seen, contender, "RS256");
            Figure ec = figure(seen, contender, "ES256");
            section.row(
                    contender == Contender.HARDENING ? "**Hardening**, `cacheVerified`" : contender.title,
                    rsa.time,
                    bytes(rsa),
                    ec.time,
                    bytes(ec));
        }
        for (String algorithm : List.of("RS256", "ES256")) {
            double fastest = PEERS.stream()
                    .mapToDouble(peer -> figure(seen, peer, algorithm).time)
                    .min()
                    .orElseThrow();
            atLeast(
                    section,
                    "a repeated " + algorithm + " token, against the fastest peer",
                    100,
                    fastest / figure(seen, Contender.HARDENING, algorithm).time);
        }
        return section;
    }

    Section settings() throws RunnerException {
        Map<String, Figure> seen =
                run(SettingsBenchmark.class, Map.of(), List.of("wrong"), SETTINGS_WARMUPS * budget.warmups());
        Section section = new Section("1,000 settings", "ms", "B/op");
        Figure allSet = seen.get(SettingsBenchmark.Wrong.NOTHING.name());
        Figure misspelt = seen.get(SettingsBenchmark.Wrong.MISSPELT.name());
        if (allSet == null || misspelt == null) {
            throw new IllegalStateException("no result for the settings");
        }
        section.row("all set", allSet.time, bytes(allSet));
        section.row("a tenth misspelt, each with its hint", misspelt.time, bytes(misspelt));
        section.targets()
                .add(Section.Target.of(
                        "1,000 settings validate, warm",
                        "under 1 ms",
                        Section.number(allSet.time) + " ms",
                        allSet.time < 1));
        return section;
    }

    private Map<String, Figure> verify(
            Class<? extends VerifyBenchmark> benchmark, List<Contender> contenders, VerifyBenchmark.Provider provider)
            throws RunnerException {
        String before = Children.classPath();
        // What the forks have on their class path is what this JVM says it has on its own.
        System.setProperty(
                "java.class.path", provider == VerifyBenchmark.Provider.JDK ? withoutConscrypt(before) : before);
        try {
            return run(
                    benchmark,
                    Map.of("contender", names(contenders), "provider", new String[] {provider.name()}),
                    List.of("contender", "algorithm"));
        } finally {
            System.setProperty("java.class.path", before);
        }
    }

    private static String withoutConscrypt(String classPath) {
        return Arrays.stream(classPath.split(File.pathSeparator, -1))
                .filter(entry -> !entry.contains("conscrypt"))
                .collect(Collectors.joining(File.pathSeparator));
    }

    private Map<String, Figure> run(Class<?> benchmark, Map<String, String[]> parameters, List<String> keys)
            throws RunnerException {
        return run(benchmark, parameters, keys, budget.warmups());
    }

    private Map<String, Figure> run(
            Class<?> benchmark, Map<String, String[]> parameters, List<String> keys, int warmups)
            throws RunnerException {
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include("^" + benchmark.getName().replace(".", "\\.") + "\\.")
                .forks(budget.forks())
                .warmupIterations(warmups)
                .warmupTime(time())
                .measurementIterations(budget.iterations())
                .measurementTime(time())
                .addProfiler(GCProfiler.class)
                .shouldFailOnError(true)
                .verbosity(VerboseMode.NORMAL)
                .output(Path.of("target", "jmh-" + benchmark.getSimpleName() + ".txt")
                        .toString());
        parameters.forEach(options::param);
        Collection<RunResult> results = new Runner(options.build()).run();
        Map<String, Figure> figures = new HashMap<>();
        for (RunResult result : results) {
            String key = keys.stream().map(result.getParams()::getParam).collect(Collectors.joining(" "));
            Result<?> allocated = result.getSecondaryResults().get("gc.alloc.rate.norm");
            figures.put(
                    key,
                    new Figure(
                            result.getPrimaryResult().getStatistics().getPercentile(50),
                            allocated == null ? Double.NaN : allocated.getScore()));
        }
        return figures;
    }

    private TimeValue time() {
        return TimeValue.milliseconds(budget.iteration().toMillis());
    }

    private static String[] names(List<Contender> contenders) {
        return contenders.stream().map(Contender::name).toArray(String[]::new);
    }

    private static Figure figure(Map<String, Figure> figures, Contender contender, String of) {
        Figure figure = figures.get(contender.name() + " " + of);
        if (figure == null) {
            throw new IllegalStateException("no result for " + contender + " " + of);
        }
        return figure;
    }

    /** JMH divides what its own bookkeeping allocates by the calls as well: a fraction of a byte is none. */
    private static long bytes(Figure figure) {
        return Math.round(figure.bytes);
    }

    private static void onJdk17(Section section, String what, double wanted, double measured) {
        if (JDK_17) {
            atLeast(section, what, wanted, measured);
        } else {
            section.targets()
                    .add(new Section.Target(
                            what, "≥ " + wanted + "×, on JDK 17", times(measured), Section.Verdict.OTHER_JDK));
        }
    }

    private static void atLeast(Section section, String what, double wanted, double measured) {
        section.targets()
                .add(Section.Target.of(what, "≥ " + Section.number(wanted) + "×", times(measured), measured >= wanted));
    }

    private static void atMost(Section section, String what, double wanted, double measured) {
        section.targets()
                .add(Section.Target.of(what, "≤ " + Section.number(wanted) + "×", times(measured), measured <= wanted));
    }

    private static String times(double ratio) {
        return Section.number(ratio) + "×";
    }
}
