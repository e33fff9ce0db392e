package dev.hardening.integration;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Writes what was seen into a page: a table for each host that ran, and the sums of all hosts that the page shows. */
final class ResultsPage {

    private static final String ALL = "all";
    private static final Pattern SECTION =
            Pattern.compile("<!-- suite: (?<name>[^>]+) -->\n(?<text>.*?)<!-- /suite -->", Pattern.DOTALL);
    private static final String OURS = " with Hardening |";
    private static final String DEFAULT = " its default |";

    private ResultsPage() {}

    /** Replaces what stands between the markers of each of these hosts. Other hosts keep what an earlier run has written. */
    static void write(Path page, Map<String, Map<Host, Map<Scenario, Scenario.Result>>> results) throws IOException {
        String text = Files.readString(page);
        for (Map.Entry<String, Map<Host, Map<Scenario, Scenario.Result>>> host : results.entrySet()) {
            text = replaced(text, host.getKey(), table(host.getValue()));
        }
        Files.writeString(page, replaced(text, ALL, sums(text)));
    }

    private static String replaced(String text, String name, String content) throws IOException {
        Matcher section = SECTION.matcher(text);
        while (section.find()) {
            if (section.group("name").equals(name)) {
                return text.substring(0, section.start("text")) + content + text.substring(section.end("text"));
            }
        }
        throw new IOException(
                "the page has no place for " + name + ": <!-- suite: " + name + " --> and <!-- /suite -->");
    }

    private static String table(Map<Host, Map<Scenario, Scenario.Result>> results) throws IOException {
        StringBuilder text = new StringBuilder();
        Host first = results.keySet().iterator().next();
        int java = Service.Java.feature(first.java());
        text.append("Run on ")
                .append(LocalDate.now(ZoneOffset.UTC))
                .append(": ")
                .append(first.versions());
        text.append(", Java ").append(java).append(".\n\n| scenario |");
        results.keySet().forEach(host -> text.append(isDefault(host) ? DEFAULT : OURS));
        text.append("\n| --- |").append(" --- |".repeat(results.size())).append('\n');
        for (Scenario scenario : Scenario.values()) {
            text.append("| ").append(scenario.title).append(" |");
            for (Map<Scenario, Scenario.Result> seen : results.values()) {
                Scenario.Result result = Objects.requireNonNull(seen.get(scenario));
                text.append(result.passed() ? " ✓ " : " ✗ ")
                        .append(cell(result.seen()))
                        .append(" |");
            }
            text.append('\n');
        }
        return text.toString();
    }

    private static boolean isDefault(Host host) {
        return host.variant().equals("default");
    }

    private static String cell(String seen) {
        String line = seen.lines().findFirst().orElse("").replace("|", "/").replaceAll("\\s+", " ");
        return line.length() <= 160 ? line : line.substring(0, 160) + "…";
    }

    /** How many scenarios each host passed, counted in its table on the page. */
    private static String sums(String page) {
        StringBuilder text = new StringBuilder("| host |" + OURS + DEFAULT + "\n| --- | --- | --- |\n");
        Matcher section = SECTION.matcher(page);
        while (section.find()) {
            String table = section.group("text");
            if (!section.group("name").equals(ALL) && table.contains(OURS)) {
                text.append("| ").append(section.group("name")).append(" | ").append(sum(table, 2));
                text.append(" | ")
                        .append(table.contains(DEFAULT) ? sum(table, 3) : "it has none")
                        .append(" |\n");
            }
        }
        return text.toString();
    }

    private static String sum(String table, int column) {
        long passed = table.lines()
                .map(row -> row.split("\\|", -1))
                .filter(cells -> cells.length > column && cells[column].startsWith(" ✓"))
                .count();
        return passed + " of " + Scenario.values().length;
    }
}
