package dev.hardening.example;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hardening.testing.Npm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The pages, the Javadoc and the comments of the whole project are spelled right, and their grammar is in order. */
class SpellingIT {

    private static Npm npm;

    @BeforeAll
    static void installTheCheckers() throws Exception {
        npm = Npm.install(Path.of("..", "spelling").toAbsolutePath(), "spelling and grammar are not checked");
    }

    @Test
    void theProjectHasNoMistake() throws Exception {
        Npm.Result check = npm.run("check");
        assertThat(check.exit()).as(check.output()).isZero();
        assertThat(check.output()).containsPattern("\\b[2-9]\\d\\d files, no mistake");
    }

    @Test
    void aMistakeIsFoundInEachKindOfText(@TempDir Path root) throws Exception {
        write(root.resolve("README.md"), "A mispelled word, `codde`, and the the same word twice.\n");
        write(root.resolve("module/src/main/java/Some.java"), """
                /** Reads a an {@code valeu}, which no one needs any longer. */
                class Some {
                    String strnig; // a coment
                }
                """);

        Npm.Result check = npm.run("check", root.toString());

        assertThat(check.exit()).isNotZero();
        assertThat(check.output())
                .contains("README.md:1:3 - Unknown word (mispelled)")
                .contains("README.md:1 - RepeatedWords: \"the the\"")
                .contains("Some.java:1 - AnA: \"a\"")
                .contains("Some.java:1 - plainer words than \"any longer\", please")
                .contains("Some.java:3:25 - Unknown word (coment)")
                .doesNotContain("(codde)", "(valeu)", "(strnig)");
    }

    private static void write(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }
}
