package dev.hardening.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A region of docs/config.md that a test generates: between {@code <!-- generated: name -->} and {@code <!-- end -->}. The
 * test fails where the page differs; run with {@code -Ddocs.write=true}, it writes the page.
 */
final class GeneratedRegion {

    static final Path PAGE = Path.of("..", "docs", "config.md");

    private GeneratedRegion() {}

    static void assertIs(String name, String expected) throws IOException {
        String page = Files.readString(PAGE);
        String begin = "<!-- generated: " + name + " -->\n";
        int start = page.indexOf(begin) + begin.length();
        int end = page.indexOf("<!-- end -->", start);
        assertThat(page).contains(begin);
        if (Boolean.getBoolean("docs.write")) {
            Files.writeString(PAGE, page.substring(0, start) + expected + page.substring(end));
            return;
        }
        assertThat(page.substring(start, end))
                .as("docs/config.md, %s; to write it anew: -Ddocs.write=true", name)
                .isEqualTo(expected);
    }
}
