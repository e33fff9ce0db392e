package dev.hardening.example;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.hardening.testing.Executables;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What can be said of the page and of the plain lane without running them. */
class PageSourceIT {

    private static final Path MAIN = Path.of("src", "main");
    private static final Path PAGE = MAIN.resolve(Path.of("resources", "public"));
    private static final Path JAVA = MAIN.resolve(Path.of("java", "dev", "hardening", "example"));

    /** TypeScript checks the types that the JSDoc comments say, and stylelint knows which values a property takes. */
    @Test
    void typesAndStylesAreInOrder() throws Exception {
        boolean npm = Executables.find("npm", "npm.cmd").isPresent()
                && exit("node", "-e", "process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)") == 0;
        assertThat(npm || System.getenv("CI") == null)
                .as("CI needs Node 20+ and npm on the PATH")
                .isTrue();
        assumeTrue(npm, "no Node 20+ on the PATH: the page's types and styles are not checked");
        assertThat(exit("npm", "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"))
                .isZero();
        assertThat(exit("npm", "run", "check")).isZero();
    }

    @Test
    void noAttributeOfACardHasTwoOwners() throws IOException {
        // Lamps and lanes have states, buttons have marks: each is written in one file.
        for (String attribute : List.of("dataset.state", "dataset.seen", "aria-pressed", "aria-disabled")) {
            List<Path> writers = modules()
                    .filter(file -> Pattern.compile(Pattern.quote(attribute) + "( = |\", String)")
                            .matcher(read(file))
                            .find())
                    .toList();
            assertThat(writers).as(attribute).hasSizeLessThanOrEqualTo(1);
        }
    }

    @Test
    void thePageHasNoTestHook() throws IOException {
        assertThat(modules())
                .allSatisfy(file -> assertThat(read(file)).doesNotContain("window.", "globalThis.", "__test"));
    }

    @Test
    void onlyTheDemoKnowsThePlainLane() throws IOException {
        try (Stream<Path> files = Files.walk(JAVA)) {
            List<String> users = files.filter(file -> file.toString().endsWith(".java"))
                    .filter(file -> !file.startsWith(JAVA.resolve("plain")))
                    .filter(file -> read(file).contains("dev.hardening.example.plain"))
                    .map(file -> file.getFileName().toString())
                    .toList();
            assertThat(users).containsExactlyInAnyOrder("Demo.java", "Copy.java");
        }
        try (Stream<Path> files = Files.list(JAVA.resolve("plain"))) {
            assertThat(files)
                    .isNotEmpty()
                    .allSatisfy(file -> assertThat(read(file)).doesNotContain("import dev.hardening."));
        }
    }

    private static Stream<Path> modules() throws IOException {
        try (Stream<Path> files = Files.walk(PAGE)) {
            return files.filter(file -> file.toString().endsWith(".js")).toList().stream();
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    private static int exit(String... command) throws Exception {
        // Its own streams: this process's belong to the test runner, which talks to its parent through them.
        Path output = Files.createTempFile("page", ".txt");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        process.getOutputStream().close();
        try {
            int exit = process.waitFor(5, TimeUnit.MINUTES) ? process.exitValue() : -1;
            if (exit != 0) {
                System.err.println(Files.readString(output));
            }
            return exit;
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            Files.deleteIfExists(output);
        }
    }
}
