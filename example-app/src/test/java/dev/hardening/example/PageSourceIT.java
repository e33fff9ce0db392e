package dev.hardening.example;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hardening.testing.Npm;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
        Npm npm = Npm.install(Path.of("").toAbsolutePath(), "the page's types and styles are not checked");
        Npm.Result check = npm.run("check");
        assertThat(check.exit()).as(check.output()).isZero();
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
}
