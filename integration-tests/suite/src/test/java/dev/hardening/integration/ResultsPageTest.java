package dev.hardening.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResultsPageTest {

    private static final Host HOST = new Host("Ours", "hardening", "Ours 1.0", List.of(), 17);

    @TempDir
    Path folder;

    @Test
    void a_cell_has_the_sentence_without_the_log_below_it() throws Exception {
        Path page = folder.resolve("page.md");
        Files.writeString(page, """
                <!-- suite: all -->
                <!-- /suite -->
                <!-- suite: Ours -->
                <!-- /suite -->
                """);
        Map<Scenario, Scenario.Result> seen = new EnumMap<>(Scenario.class);
        for (Scenario scenario : Scenario.values()) {
            seen.put(scenario, new Scenario.Result(true, "none"));
        }
        seen.put(Scenario.HEALING, new Scenario.Result(false, "ended at its start with 1\n\tat java.base/java.net"));
        ResultsPage.write(page, Map.of("Ours", Map.of(HOST, seen)));
        assertThat(Files.readString(page))
                .contains("| ✗ ended at its start with 1 |\n", "| Ours | 11 of 12 | it has none |")
                .doesNotContain("java.base");
    }
}
