package dev.hardening.ratingguard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Recompiles the twin and runs its tests where Node is; in CI, Node is a must. */
class TypeScriptTwinIT {

    private static final Path TWIN = Path.of("ts").toAbsolutePath();

    @BeforeAll
    static void installWhatTheTwinsTestsNeed() throws Exception {
        boolean node = runs("node", "--version") && runs("npm", "--version");
        boolean ci = System.getenv("CI") != null;
        assertThat(node || !ci).as("CI needs Node 20+ and npm on the PATH").isTrue();
        // A machine with only a JDK and Maven builds the jar from the committed JavaScript; CI never skips this.
        assumeTrue(node, "no Node on the PATH: the TypeScript twin is packed as committed");
        run("npm", "ci", "--no-audit", "--no-fund");
    }

    @Test
    void theTwinPassesItsOwnTests() throws Exception {
        assertThat(run("npm", "test")).contains("# fail 0");
    }

    @Test
    void theCommittedJavaScriptIsWhatTheSourcesCompileTo(@TempDir Path fresh) throws Exception {
        run("npx", "--no-install", "tsc", "-p", "tsconfig.build.json", "--outDir", fresh.toString());
        assertThat(names(fresh)).isEqualTo(names(TWIN.resolve("dist"))).isNotEmpty();
        for (String name : names(fresh)) {
            assertThat(Files.readString(TWIN.resolve("dist").resolve(name)))
                    .as("%s: run `npm run build` in ts and commit it", name)
                    .isEqualTo(Files.readString(fresh.resolve(name)));
        }
    }

    @Test
    void theCommittedVectorsAreWhatTheScriptWrites(@TempDir Path fresh) throws Exception {
        run("node", "../conformance/generate.mjs", fresh.resolve("v.json").toString());
        assertThat(Files.readString(Path.of("src/main/resources/META-INF/conformance/rating-guard.json")))
                .isEqualTo(Files.readString(fresh.resolve("v.json")));
    }

    private static List<String> names(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private static boolean runs(String... command) throws InterruptedException {
        try {
            return process(command).start().waitFor() == 0;
        } catch (IOException absent) {
            return false;
        }
    }

    private static String run(String... command) throws Exception {
        Path output = Files.createTempFile("twin", ".txt");
        int exit = process(command).redirectOutput(output.toFile()).start().waitFor();
        String text = Files.readString(output);
        Files.delete(output);
        assertThat(exit).as("%s%n%s", String.join(" ", command), text).isZero();
        return text;
    }

    private static ProcessBuilder process(String... command) {
        return new ProcessBuilder(command)
                .directory(TWIN.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD);
    }
}
