package dev.hardening.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Runs everything, prints a table for each group, and writes them down; see {@code benchmarks/run}. */
public final class Benchmarks {

    /** A group of measurements that make one table. */
    enum Group {
        LOOKUP,
        VERIFY,
        REPEATED,
        REFRESH,
        OUTAGE,
        FLOOD,
        HANGING,
        HERD,
        ISSUERS,
        COLD,
        SPRING,
        SETTINGS,
        REDIS,
        COMMANDS,
        APP;

        Section run(Budget budget) throws Exception {
            return switch (this) {
                case LOOKUP -> new Microbenchmarks(budget).lookups();
                case VERIFY -> new Microbenchmarks(budget).verifications();
                case REPEATED -> new Microbenchmarks(budget).repeatedTokens();
                case REFRESH -> RefreshAhead.section(budget);
                case OUTAGE -> Outage.section(budget);
                case FLOOD -> Flood.section(budget);
                case HANGING -> HangingProvider.section(budget);
                case HERD -> Herd.section(budget);
                case ISSUERS -> ManyIssuers.section(budget);
                case COLD -> ColdStart.section(budget);
                case SPRING -> SpringDecoder.section(budget);
                case SETTINGS -> new Microbenchmarks(budget).settings();
                case REDIS -> RedisConnect.section(budget);
                case COMMANDS -> RedisLoad.section(budget);
                case APP -> AppLoad.section(budget);
            };
        }

        /** What its table shows at a glance; null where a picture says no more than the table. */
        @Nullable
        Bars picture(Section section) {
            return switch (this) {
                case VERIFY ->
                    new Bars("A full verification, µs a token; ours with Conscrypt, the others as they come")
                            .panel("ES256", section, row -> Section.parse(row.get(isOurs(row) ? 4 : 3)))
                            .panel("RS256", section, row -> Section.parse(row.get(isOurs(row) ? 2 : 1)));
                case OUTAGE ->
                    new Bars("An outage of the provider: failed look-ups of known keys, % of all")
                            .panel("", section, row -> 100 * Section.parse(row.get(2)) / Section.parse(row.get(1)));
                case HANGING ->
                    new Bars("The provider hangs, forged key ids come: the slowest valid token, ms")
                            .panel("", section, row -> Section.parse(row.get(1)));
                default -> null;
            };
        }

        private static boolean isOurs(List<String> row) {
            return row.get(0).startsWith("**");
        }

        String id() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private static final List<String> COMPARED = List.of(
            "nimbus-jose-jwt",
            "spring-security-oauth2-jose",
            "spring-boot",
            "jwks-rsa",
            "java-jwt",
            "jose4j",
            "smallrye-jwt",
            "conscrypt-openjdk-uber",
            "lettuce-core");

    record Options(
            boolean quick, List<Group> groups, @Nullable Path docs) {

        static Options read(String[] arguments) {
            boolean quick = false;
            List<Group> groups = List.of(Group.values());
            Path docs = null;
            for (String argument : arguments) {
                if (argument.equals("--quick")) {
                    quick = true;
                } else if (argument.startsWith("--docs=")) {
                    docs = Path.of(argument.substring("--docs=".length()));
                } else if (argument.startsWith("--only=")) {
                    groups = List.of(argument.substring("--only=".length()).split(",", -1)).stream()
                            .map(name -> Group.valueOf(name.toUpperCase(Locale.ROOT)))
                            .toList();
                } else {
                    throw new IllegalArgumentException(argument);
                }
            }
            return new Options(quick, groups, docs);
        }

        boolean everything() {
            return groups.size() == Group.values().length;
        }

        String command() {
            return "benchmarks/run" + (quick ? " --quick" : "")
                    + (everything()
                            ? ""
                            : " --only="
                                    + String.join(
                                            ",", groups.stream().map(Group::id).toList()));
        }
    }

    private Benchmarks() {}

    /**
     * Runs them; exits with 1 if a target was missed or a group failed.
     *
     * @param arguments {@code --quick}; {@code --only=} with names of groups; {@code --docs=} with the page to write into
     */
    public static void main(String[] arguments) throws IOException {
        Options options;
        try {
            options = Options.read(arguments);
        } catch (IllegalArgumentException wrong) {
            System.err.println("Usage: benchmarks/run [--quick] [--only=" + names() + "] [--docs]");
            System.exit(2);
            return;
        }
        System.exit(run(options) ? 0 : 1);
    }

    private static String names() {
        return String.join(",", List.of(Group.values()).stream().map(Group::id).toList());
    }

    private static boolean run(Options options) throws IOException {
        long start = System.nanoTime();
        Budget budget = options.quick ? Budget.QUICK : Budget.FULL;
        Page page = options.docs == null ? null : new Page(options.docs);
        List<Section.Target> targets = new ArrayList<>();
        List<Group> failed = new ArrayList<>();
        StringBuilder all = new StringBuilder(machine(options) + "\n");
        for (Group group : options.groups) {
            System.err.printf(Locale.ROOT, "[%5d s] %s…\n", seconds(start), group.id());
            try {
                Section section = group.run(budget);
                targets.addAll(section.targets());
                System.out.println(section.table());
                all.append(section.table()).append('\n');
                if (page != null) {
                    page.put(group.id(), section.table());
                    Bars picture = group.picture(section);
                    if (picture != null) {
                        page.draw(group.id(), picture.svg());
                    }
                }
            } catch (Exception broken) {
                failed.add(group);
                broken.printStackTrace();
            }
        }
        String reached = targets(targets);
        System.out.println(reached);
        all.append(reached);
        if (page != null && options.everything() && failed.isEmpty()) {
            page.put("machine", machine(options));
            page.put("targets", reached);
        }
        Path results = Path.of("target", "results.md");
        Files.createDirectories(results.toAbsolutePath().getParent());
        Files.writeString(results, all);
        long missed = targets.stream()
                .filter(target -> target.verdict() == Section.Verdict.MISSED)
                .count();
        System.err.printf(
                Locale.ROOT,
                "[%5d s] done: %d of %d targets missed, %d groups failed %s\n",
                seconds(start),
                missed,
                targets.size(),
                failed.size(),
                failed);
        return missed == 0 && failed.isEmpty();
    }

    private static long seconds(long start) {
        return Duration.ofNanos(System.nanoTime() - start).toSeconds();
    }

    /** What it ran on and when, without a name or a path of the machine. */
    static String machine(Options options) {
        Runtime.Version version = Runtime.version();
        return String.format(
                Locale.ROOT,
                "`%s`, %s: %d cores, %s, JDK %s (%s); %s.%s\n",
                options.command(),
                LocalDate.now(ZoneOffset.UTC),
                Runtime.getRuntime().availableProcessors(),
                System.getProperty("os.name") + " " + System.getProperty("os.arch"),
                version.feature() + "." + version.interim() + "." + version.update(),
                System.getProperty("java.vm.name"),
                String.join(", ", versions()),
                options.quick ? " A quick run, whose figures mean little." : "");
    }

    /** The versions of what is compared, by the names of the jars on the class path. */
    private static List<String> versions() {
        List<String> versions = new ArrayList<>();
        for (String artifact : COMPARED) {
            Matcher jar = Pattern.compile(Pattern.quote(artifact) + "-(\\d[^/\\\\]*)\\.jar")
                    .matcher(Children.classPath());
            versions.add(artifact + (jar.find() ? " " + jar.group(1) : ""));
        }
        return versions;
    }

    private static String targets(List<Section.Target> targets) {
        return Section.markdown(
                List.of("to be reached", "wanted", "measured", "verdict"),
                targets.stream()
                        .map(target -> List.of(
                                target.what(),
                                target.wanted(),
                                target.measured(),
                                target.verdict() == Section.Verdict.OTHER_JDK
                                        ? "–"
                                        : target.verdict().name()))
                        .toList());
    }
}
