package dev.hardening.ratingguard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Recompiles the twin and runs its tests where Node 20 or newer is; in CI, Node is a must. */
class TypeScriptTwinIT {

    private static final Path TWIN = Path.of("ts").toAbsolutePath();
    private static final boolean WINDOWS =
            System.getProperty("os.name").toLowerCase(Locale.ROOT).startsWith("windows");

    @BeforeAll
    static void installWhatTheTwinsTestsNeed() throws Exception {
        boolean node = succeeds("node", "-e", "process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)")
                && succeeds(npm(), "--version");
        boolean ci = "true".equals(System.getenv("CI"));
        assertThat(node || !ci).as("CI needs Node 20+ and npm on the PATH").isTrue();
        // A machine with only a JDK and Maven builds the jar from the committed JavaScript; CI never skips this.
        assumeTrue(node, "no Node 20+ on the PATH: the TypeScript twin is packed as committed");
        run(npm(), "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund");
    }

    @Test
    void theTwinPassesItsOwnTests() throws Exception {
        // Node 20 reports "# pass 9", newer ones "ℹ pass 9".
        assertThat(run(npm(), "test")).containsPattern("\\S fail 0\\R").containsPattern("\\S pass [1-9]\\d*\\R");
    }

    @Test
    void theCommittedJavaScriptIsWhatTheSourcesCompileTo(@TempDir Path fresh) throws Exception {
        run(npm(), "run", "build", "--", fresh.toString());
        assertThat(names(fresh)).isEqualTo(names(TWIN.resolve("dist"))).isNotEmpty();
        for (String name : names(fresh)) {
            assertThat(TWIN.resolve("dist").resolve(name))
                    .as("run `npm run build` in ts and commit it")
                    .hasSameTextualContentAs(fresh.resolve(name));
        }
    }

    @Test
    void theCommittedVectorsAreWhatTheScriptWrites(@TempDir Path fresh) throws Exception {
        run(npm(), "run", "vectors", "--", fresh.toString());
        assertThat(names(fresh)).hasSize(2);
        for (String name : names(fresh)) {
            assertThat(TWIN.resolve("conformance").resolve(name))
                    .as("run `npm run vectors` in ts, review the difference and commit it")
                    .hasSameTextualContentAs(fresh.resolve(name));
        }
    }

    private static List<String> names(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private static String npm() {
        return WINDOWS ? "npm.cmd" : "npm";
    }

    private static boolean succeeds(String... command) throws Exception {
        try {
            return exit(process(command).start()) == 0;
        } catch (IOException absent) {
            return false;
        }
    }

    private static String run(String... command) throws Exception {
        Path output = Files.createTempFile("twin", ".txt");
        int exit = exit(process(command).redirectOutput(output.toFile()).start());
        String text = Files.readString(output);
        Files.delete(output);
        assertThat(exit).as("%s%n%s", String.join(" ", command), text).isZero();
        return text;
    }

    /** Ends what has not ended by itself, and all that it started. */
    private static int exit(Process process) throws InterruptedException {
        try {
            return process.waitFor(20, TimeUnit.MINUTES) ? process.exitValue() : -1;
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    private static ProcessBuilder process(String... command) {
        return new ProcessBuilder(command)
                .directory(TWIN.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD);
    }
}
