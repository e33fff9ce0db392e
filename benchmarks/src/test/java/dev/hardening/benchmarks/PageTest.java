package dev.hardening.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PageTest {

    @TempDir
    private Path directory;

    @Test
    void aPartReplacesWhatStoodInItsPlaceAndNothingElse() throws Exception {
        Path file = Files.writeString(directory.resolve("page.md"), """
                before
                <!-- benchmarks: a -->
                old
                <!-- end: a -->
                between
                <!-- benchmarks: b -->
                <!-- end: b -->
                """);
        Page page = new Page(file);
        page.put("a", "| new |\n");
        page.put("a", "| newer |\n");
        assertThat(Files.readString(file)).isEqualTo("""
                before
                <!-- benchmarks: a -->

                | newer |

                <!-- end: a -->
                between
                <!-- benchmarks: b -->
                <!-- end: b -->
                """);
    }

    @Test
    void aPageWithoutThePlaceIsRefused() throws Exception {
        Page page =
                new Page(Files.writeString(directory.resolve("page.md"), "<!-- benchmarks: a -->\n<!-- end: b -->"));
        assertThatThrownBy(() -> page.put("a", "part")).hasMessage("the page has no place for a");
    }

    @Test
    void aPictureHasThePagesName() throws Exception {
        new Page(Files.writeString(directory.resolve("page.md"), "")).draw("outage", "<svg/>");
        assertThat(directory.resolve("pictures").resolve("page-outage.svg")).hasContent("<svg/>");
    }
}
