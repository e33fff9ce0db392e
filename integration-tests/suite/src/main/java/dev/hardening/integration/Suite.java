package dev.hardening.integration;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Runs all scenarios against hosts, prints what was seen, and can write it into a page.
 *
 * <p>Arguments: {@code --page=FILE} writes the table of each host between its markers, {@code <!-- suite: NAME -->} and
 * {@code <!-- /suite -->}, and the sums of all hosts between the markers of {@code all}; {@code --variant=hardening} or
 * {@code --variant=default} runs that one alone; {@code --only=HEALING,FLOOD} runs these scenarios alone; {@code
 * --newest-line} runs a host that has several lines in its newest alone. The other arguments are folders of hosts. It ends with 1 if a scenario failed with these libraries. What a host's default does is
 * shown, not judged.
 */
public final class Suite {

    private Suite() {}

    /** Runs it. */
    public static void main(String... arguments) throws Exception {
        Path page = null;
        String variant = null;
        Set<Scenario> scenarios = EnumSet.allOf(Scenario.class);
        boolean newestLine = List.of(arguments).contains("--newest-line");
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
            } else if (!argument.equals("--newest-line")) {
                hosts.addAll(Host.read(Path.of(argument).toAbsolutePath(), newestLine));
            }
        }
        if (page != null && (variant != null || scenarios.size() < Scenario.values().length)) {
            throw new IllegalArgumentException("a page needs both variants and all scenarios");
        }
        Map<String, Map<Host, Map<Scenario, Scenario.Result>>> results = new LinkedHashMap<>();
        boolean green = true;
        for (Host host : hosts) {
            if (variant == null || variant.equals(host.variant())) {
                Map<Scenario, Scenario.Result> seen = run(host, scenarios);
                results.computeIfAbsent(host.name(), any -> new LinkedHashMap<>())
                        .put(host, seen);
                green &= host.variant().equals("default")
                        || seen.values().stream().allMatch(Scenario.Result::passed);
            }
        }
        if (page != null) {
            ResultsPage.write(page, results);
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
}
