package dev.hardening.benchmarks;

import dev.hardening.benchmarks.Fleet.Scenario;
import dev.hardening.benchmarks.Fleet.Seen;
import dev.hardening.jwks.HardeningCache;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.DoubleSupplier;

/** What a provider sees of a fleet: runs each scenario, prints tables, writes them and pictures; see {@code benchmarks/run}. */
public final class FleetReport {

    static final long SEED = 1;
    private static final int LARGEST = 10_000;
    private static final List<Integer> SIZES = List.of(10, 1_000, LARGEST);
    private static final int MINUTE = 60;
    private static final int HOUR = 3_600;
    private static final int DAY = 24 * HOUR;
    private static final int SETTLED = 3 * HOUR;

    static final Scenario DEPLOYMENT = Scenario.deployment(DAY + 2 * HOUR);
    static final int FIRST_REFRESH = 2 * MINUTE;
    /** Soon after a deployment of all at once, so that all instances are in step: the hardest case. */
    static final Scenario OUTAGE = Scenario.outage(4 * HOUR, 1, HOUR / 2, HOUR / 2 + 2 * HOUR);

    static final Scenario ROTATION = Scenario.rotation(SETTLED + 10 * MINUTE, HOUR, SETTLED);
    static final Scenario FORGED =
            Scenario.forgedKeyIds(SETTLED + 10 * MINUTE, HOUR, SETTLED + MINUTE, SETTLED + 6 * MINUTE);

    /** A cache and its name in the tables. */
    enum Contender {
        HARDENING("**Hardening**"),
        WIDER("Hardening, `refreshSpread` 10 min"),
        WITHOUT("Hardening, `refreshSpread` 0"),
        NIMBUS("Nimbus, default"),
        TIME_TO_LIVE("time to live only");

        static final List<Contender> DEFAULTS = List.of(HARDENING, NIMBUS, TIME_TO_LIVE);

        final String title;

        Contender(String title) {
            this.title = title;
        }

        private KeyCache make(DoubleSupplier random, long now) {
            return switch (this) {
                case HARDENING -> new HardeningCache(null, random, now);
                case WIDER -> new HardeningCache(Duration.ofMinutes(10), random, now);
                case WITHOUT -> new HardeningCache(Duration.ZERO, random, now);
                case NIMBUS -> new NimbusCache();
                case TIME_TO_LIVE -> new TimeToLiveCache();
            };
        }

        Seen run(Scenario scenario, int instances) {
            return Fleet.run(scenario, instances, SEED, this::make);
        }
    }

    private final Map<String, Chart> pictures = new TreeMap<>();

    private FleetReport() {}

    /**
     * Runs it; exits with 1 if a target was missed.
     *
     * @param arguments {@code --docs=} with the page to write into; its pictures are in {@code pictures/} beside it
     */
    public static void main(String[] arguments) throws IOException {
        if (arguments.length > 1 || (arguments.length == 1 && !arguments[0].startsWith("--docs="))) {
            System.err.println("Usage: benchmarks/run --fleet [--docs]");
            System.exit(2);
        }
        FleetReport report = new FleetReport();
        Map<String, Section> sections = report.sections();
        List<List<String>> reached = new ArrayList<>();
        boolean missed = false;
        for (Map.Entry<String, Section> section : sections.entrySet()) {
            System.out.println(section.getValue().table());
            for (Section.Target target : section.getValue().targets()) {
                reached.add(List.of(
                        target.what(),
                        target.wanted(),
                        target.measured(),
                        target.verdict().name()));
                missed |= target.verdict() == Section.Verdict.MISSED;
            }
        }
        String targets = Section.markdown(List.of("10,000 instances", "wanted", "simulated", "verdict"), reached);
        System.out.println(targets);
        if (arguments.length == 1) {
            Path docs = Path.of(arguments[0].substring("--docs=".length()));
            Page page = new Page(docs);
            for (Map.Entry<String, Section> section : sections.entrySet()) {
                page.put(section.getKey(), section.getValue().table());
            }
            page.put("fleet-targets", targets);
            report.draw(docs.resolveSibling("pictures"));
        }
        System.exit(missed ? 1 : 0);
    }

    private Map<String, Section> sections() {
        Map<String, Section> sections = new LinkedHashMap<>();
        sections.put("fleet-deployment", deployment());
        sections.put("fleet-outage", outage());
        sections.put("fleet-rotation", rotation());
        sections.put("fleet-forged", forged());
        return sections;
    }

    private void draw(Path folder) throws IOException {
        Files.createDirectories(folder);
        for (Map.Entry<String, Chart> picture : pictures.entrySet()) {
            Files.writeString(
                    folder.resolve(picture.getKey() + ".svg"),
                    picture.getValue().svg());
        }
    }

    // ---- a deployment

    private Section deployment() {
        Section section = new Section(
                "a deployment of all at once",
                "instances",
                "requests a second, mean",
                "busiest minute of the first day",
                "× mean",
                "busiest minute after a day",
                "× mean",
                "oldest keys, min");
        Chart chart = new Chart(
                "Requests a second at the provider: 10,000 instances deployed at once",
                "hours after the deployment",
                6,
                1,
                0.1);
        for (int size : SIZES) {
            for (Contender contender : Contender.values()) {
                Seen seen = contender.run(DEPLOYMENT, size);
                section.row(
                        contender.title,
                        (long) size,
                        mean(seen),
                        firstDay(seen),
                        firstDay(seen) / mean(seen),
                        afterADay(seen),
                        afterADay(seen) / mean(seen),
                        seen.oldest() / MINUTE);
                if (size == LARGEST) {
                    targets(section, contender, seen);
                    if (contender != Contender.WIDER && contender != Contender.TIME_TO_LIVE) {
                        chart.line(plain(contender), minutes(seen, 0, 6 * HOUR));
                    }
                }
            }
        }
        pictures.put("fleet-deployment", chart);
        return section;
    }

    static double mean(Seen seen) {
        return seen.mean(FIRST_REFRESH, DAY + 2 * HOUR);
    }

    static double firstDay(Seen seen) {
        return seen.peak(FIRST_REFRESH, DAY, MINUTE);
    }

    static double afterADay(Seen seen) {
        return seen.peak(DAY, DAY + 2 * HOUR, MINUTE);
    }

    private static void targets(Section section, Contender contender, Seen seen) {
        double firstDay = firstDay(seen) / mean(seen);
        double afterADay = afterADay(seen) / mean(seen);
        if (contender == Contender.HARDENING) {
            target(section, "the first day", 12, firstDay);
            target(section, "after a day", 3, afterADay);
        } else if (contender == Contender.WIDER) {
            target(section, "the first day, `refreshSpread` 10 min", 6, firstDay);
            target(section, "after a day, `refreshSpread` 10 min", 2, afterADay);
        }
    }

    private static void target(Section section, String when, double wanted, double measured) {
        section.targets()
                .add(Section.Target.of(
                        "busiest minute against the mean, " + when,
                        "≤ " + Section.number(wanted),
                        Section.number(measured),
                        measured <= wanted));
    }

    // ---- an outage

    private Section outage() {
        Section section = new Section(
                "2 h of refused connections, half an hour after a deployment of all at once",
                "instances",
                "requests a second in it, mean",
                "busiest second in it",
                "busiest second of the minute after it",
                "% of the instances",
                "all fresh after, s",
                "instances without keys",
                "longest, min");
        Chart chart = new Chart(
                "Requests a second at the provider: 10,000 instances, an outage of 2 hours", "hours", 4, 1, 0.1);
        for (int size : SIZES) {
            for (Contender contender : Contender.DEFAULTS) {
                Seen seen = contender.run(OUTAGE, size);
                double wall = afterOutage(seen);
                section.row(
                        contender.title,
                        (long) size,
                        seen.mean(OUTAGE.downFrom(), OUTAGE.downUntil()),
                        seen.peak(OUTAGE.downFrom(), OUTAGE.downUntil(), 1),
                        wall,
                        100 * wall / size,
                        seen.freshAfter(),
                        (long) seen.withoutKeys(),
                        seen.longestWithout() / MINUTE);
                if (size == LARGEST) {
                    chart.line(plain(contender), minutes(seen, 0, 4 * HOUR));
                }
                if (size == LARGEST && contender == Contender.HARDENING) {
                    section.targets()
                            .add(Section.Target.of(
                                    "busiest second after an outage, of the instances",
                                    "≤ 3 %",
                                    Section.number(100 * wall / size) + " %",
                                    wall <= 0.03 * size));
                    section.targets()
                            .add(Section.Target.of(
                                    "all instances fresh after an outage",
                                    "≤ 61 s",
                                    Section.number(seen.freshAfter()) + " s",
                                    seen.freshAfter() <= 61));
                    section.targets()
                            .add(Section.Target.of(
                                    "instances without keys in an outage of 2 h",
                                    "0",
                                    String.valueOf(seen.withoutKeys()),
                                    seen.withoutKeys() == 0));
                }
            }
        }
        pictures.put("fleet-outage", chart);
        return section;
    }

    static double afterOutage(Seen seen) {
        return seen.peak(OUTAGE.downUntil(), OUTAGE.downUntil() + MINUTE, 1);
    }

    // ---- a rotation, forged key ids

    private Section rotation() {
        Section section = new Section(
                "a rotation; the new key is met by each instance within a minute",
                "instances",
                "requests a second before, mean",
                "requests in the two minutes after",
                "busiest second");
        Chart chart =
                new Chart("Requests a second at the provider: 10,000 instances, a rotation", "minutes", 10, 1, 0.1);
        each(ROTATION, section, chart, SETTLED - MINUTE, SETTLED + 9 * MINUTE, (seen, row) -> {
            row.add(seen.mean(SETTLED - HOUR, SETTLED));
            row.add((long) (seen.mean(SETTLED, SETTLED + 2 * MINUTE) * 2 * MINUTE));
            row.add(seen.peak(SETTLED, SETTLED + 2 * MINUTE, 1));
        });
        pictures.put("fleet-rotation", chart);
        return section;
    }

    private Section forged() {
        Section section = new Section(
                "5 min of forged key ids, two a second at each instance",
                "instances",
                "requests a second before, mean",
                "requests a second in it, mean",
                "busiest second");
        Chart chart = new Chart(
                "Requests a second at the provider: 10,000 instances, forged key ids for 5 minutes",
                "minutes",
                10,
                1,
                0.1);
        each(FORGED, section, chart, SETTLED, SETTLED + 10 * MINUTE, (seen, row) -> {
            row.add(seen.mean(SETTLED - HOUR, SETTLED));
            row.add(seen.mean(FORGED.forgedFrom(), FORGED.forgedUntil()));
            row.add(seen.peak(FORGED.forgedFrom(), FORGED.forgedUntil(), 1));
        });
        pictures.put("fleet-forged", chart);
        return section;
    }

    private interface Columns {
        void add(Seen seen, List<Object> row);
    }

    private static void each(Scenario scenario, Section section, Chart chart, int from, int until, Columns columns) {
        for (int size : SIZES) {
            for (Contender contender : Contender.DEFAULTS) {
                Seen seen = contender.run(scenario, size);
                List<Object> row = new ArrayList<>(List.of(contender.title, (long) size));
                columns.add(seen, row);
                section.row(row.toArray());
                if (size == LARGEST) {
                    chart.line(plain(contender), rates(seen, from, until, 2));
                }
            }
        }
    }

    private static String plain(Contender contender) {
        return contender.title.replaceAll("[*`]", "");
    }

    private static List<Double> minutes(Seen seen, int from, int until) {
        return rates(seen, from, until, MINUTE);
    }

    /** Requests a second, in windows of so many seconds. */
    private static List<Double> rates(Seen seen, int from, int until, int window) {
        List<Double> rates = new ArrayList<>();
        for (int second = from; second + window <= until; second += window) {
            rates.add(seen.mean(second, second + window));
        }
        return rates;
    }
}
