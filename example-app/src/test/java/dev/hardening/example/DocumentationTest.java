package dev.hardening.example;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Holds the documentation to the code: an example is a region of tested code, and a link leads somewhere. */
class DocumentationTest {

    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

    /** A block of Java, or one of another language that names the region it shows. */
    private static final Pattern EXAMPLE = Pattern.compile(
            "(?:<!-- example: (?<file>\\S+) (?<region>\\S+) -->\\n```(?:java|kotlin|properties)|```java)\\n(?<code>.*?)```",
            Pattern.DOTALL);

    private static final Pattern LINK = Pattern.compile("\\]\\((?!https?:|mailto:|#)([^)#\\s]+)");

    @Test
    void everyExampleIsARegionOfATest() throws IOException {
        List<String> wrong = new ArrayList<>();
        int examples = 0;
        for (Path page : pages()) {
            Matcher block = EXAMPLE.matcher(Files.readString(page));
            while (block.find()) {
                examples++;
                String place = ROOT.relativize(page) + ": "
                        + block.group("code").lines().findFirst().orElse("");
                if (block.group("file") == null) {
                    wrong.add(place + " names no test");
                } else if (!isRegion(block.group("code"), block.group("file"), block.group("region"))) {
                    wrong.add(place + " is not what the test says");
                }
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(examples).isGreaterThanOrEqualTo(4);
    }

    /** What a user has to copy for a host is short. */
    @Test
    void theGlueOfEachHostHas40LinesAtMost() throws IOException {
        Matcher block = EXAMPLE.matcher(Files.readString(ROOT.resolve("docs/integrations.md")));
        List<String> tooLong = new ArrayList<>();
        int hosts = 0;
        while (block.find()) {
            if ("glue".equals(block.group("region"))) {
                hosts++;
                long lines = block.group("code").lines().count();
                if (lines > 40) {
                    tooLong.add(block.group("file") + ": " + lines);
                }
            }
        }
        assertThat(tooLong).isEmpty();
        assertThat(hosts).isPositive();
    }

    /** Line breaks are the formatter's; a block may close the braces that its region leaves open. */
    private static boolean isRegion(String code, String file, String region) throws IOException {
        Matcher lines = Pattern.compile(
                        "(?://|#) example: " + Pattern.quote(region) + "\\n(.*?)(?://|#) example: end", Pattern.DOTALL)
                .matcher(Files.readString(ROOT.resolve(file)));
        if (!lines.find()) {
            return false;
        }
        String tested = squeezed(lines.group(1));
        String shown = squeezed(code);
        return !tested.isEmpty()
                && shown.startsWith(tested)
                && shown.substring(tested.length()).matches("}*");
    }

    private static String squeezed(String code) {
        return code.replaceAll("\\s+", "");
    }

    @Test
    void everyRelativeLinkLeadsToAFile() throws IOException {
        List<String> broken = new ArrayList<>();
        for (Path page : pages()) {
            Matcher link = LINK.matcher(Files.readString(page));
            while (link.find()) {
                if (!Files.exists(page.resolveSibling(link.group(1)))) {
                    broken.add(ROOT.relativize(page) + " links to " + link.group(1));
                }
            }
        }
        assertThat(broken).isEmpty();
    }

    private static List<Path> pages() throws IOException {
        List<Path> pages = new ArrayList<>();
        for (Path folder : List.of(ROOT, ROOT.resolve("docs"))) {
            add(folder, pages);
        }
        try (Stream<Path> modules = Files.list(ROOT)) {
            for (Path module : modules.filter(path -> Files.exists(path.resolve("pom.xml")))
                    .toList()) {
                add(module, pages);
            }
        }
        assertThat(pages).contains(ROOT.resolve("README.md"));
        return pages;
    }

    private static void add(Path folder, List<Path> pages) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            files.filter(file -> file.toString().endsWith(".md")).forEach(pages::add);
        }
    }
}
