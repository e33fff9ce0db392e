package dev.hardening.integration;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;

/**
 * Runs all scenarios against hosts, prints what was seen, and can write it as a table into a page.
 *
 * <p>Arguments: {@code --page=FILE} replaces what stands between the page's markers; {@code --variant=hardening} or {@code
 * --variant=default} runs that one alone; {@code --only=HEALING,FLOOD} runs these scenarios alone; all others are folders
 * of hosts. It ends with 1 if a scenario failed with these
 * libraries; what a host's default does is shown, not judged.
 */
public final class Suite {

    private static final String BEGIN = "<!-- suite -->";
    private static final String END = "<!-- /suite -->";

    private Suite() {}

    /** Runs it. */
    public static void main(String... arguments) throws Exception {
        Path page = null;
        String variant = null;
        Set<Scenario> scenarios = EnumSet.allOf(Scenario.class);
        List<Host> hosts = new ArrayList<>();
        for (String argument : arguments) {
            if (argument.startsWith("--page=")) {
                page = Path.of(argument.substring("--page=".length()));
            } else if (argument.startsWith("--variant=")) {
                variant = argument.substring("--variant=".length());
            } else if (argument.startsWith("--only=")) {
                scenarios.clear();
                for (String name : argument.substring("--only=".length()).split(",", -1)) {
                    scenarios.add(Scenario.valueOf(name));
                }
            } else {
                hosts.addAll(Host.read(Path.of(argument).toAbsolutePath()));
            }
        }
        Map<Host, Map<Scenario, Scenario.Result>> results = new LinkedHashMap<>();
        boolean green = true;
        for (Host host : hosts) {
            if (variant == null || variant.equals(host.variant())) {
                Map<Scenario, Scenario.Result> seen = run(host, scenarios);
                results.put(host, seen);
                green &= host.variant().equals("default")
                        || seen.values().stream().allMatch(Scenario.Result::passed);
            }
        }
        if (page != null) {
            write(page, table(results));
        }
        System.exit(green ? 0 : 1);
    }

    private static Map<Scenario, Scenario.Result> run(Host host, Set<Scenario> scenarios) {
        System.out.println(host.name() + ", " + host.variant());
        Transcript transcript = new Transcript();
        Map<Scenario, Scenario.Result> seen = new EnumMap<>(Scenario.class);
        for (Scenario scenario : scenarios) {
            Scenario.Result result = scenario.outcome(host, transcript);
            seen.put(scenario, result);
            System.out.printf(
                    "  %s %2d %s: %s%n", result.passed() ? "pass" : "FAIL", seen.size(), scenario.title, result.seen());
        }
        return seen;
    }

    static String table(Map<Host, Map<Scenario, Scenario.Result>> results) {
        StringBuilder text = new StringBuilder();
        text.append("Run on ")
                .append(LocalDate.now(ZoneOffset.UTC))
                .append(" with Java ")
                .append(Runtime.version().feature())
                .append(".\n");
        Map<String, List<Host>> byName = new TreeMap<>();
        results.keySet()
                .forEach(host -> byName.computeIfAbsent(host.name(), any -> new ArrayList<>())
                        .add(host));
        byName.forEach((name, hosts) -> {
            text.append("\n### ")
                    .append(name)
                    .append("\n\n")
                    .append(hosts.get(0).versions())
                    .append("\n\n");
            text.append("| scenario |");
            hosts.forEach(
                    host -> text.append(host.variant().equals("default") ? " its default |" : " with Hardening |"));
            text.append("\n| --- |").append(" --- |".repeat(hosts.size())).append('\n');
            for (Scenario scenario :
                    Objects.requireNonNull(results.get(hosts.get(0))).keySet()) {
                text.append("| ").append(scenario.title).append(" |");
                for (Host host : hosts) {
                    Scenario.Result result = Objects.requireNonNull(
                            Objects.requireNonNull(results.get(host)).get(scenario));
                    text.append(result.passed() ? " ✓ " : " ✗ ")
                            .append(cell(result.seen()))
                            .append(" |");
                }
                text.append('\n');
            }
        });
        return text.toString();
    }

    private static String cell(String seen) {
        String line = seen.lines().findFirst().orElse("").replace("|", "/");
        return line.length() <= 160 ? line : line.substring(0, 160) + "…";
    }

    private static void write(Path page, String table) throws IOException {
        String text = Files.readString(page);
        int begin = text.indexOf(BEGIN);
        int end = text.indexOf(END);
        if (begin < 0 || end < begin) {
            throw new IOException(page + " has no place for the table: " + BEGIN + " and " + END);
        }
        Files.writeString(
                page, text.substring(0, begin + BEGIN.length()) + "\n\n" + table + "\n" + text.substring(end));
    }
}
