package dev.hardening.testing;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/** Says at the end of a build how many tests ran in each module, and which were skipped and why. */
public final class SkippedTests {

    private static final class Count {
        int passed;
        int failed;
        int skipped;
    }

    private final Map<String, Count> modules = new TreeMap<>();
    private final Map<String, List<String>> reasons = new TreeMap<>();
    private final List<String> flaky = new ArrayList<>();

    private SkippedTests() {}

    /**
     * Reads the reports of Surefire and Failsafe and prints the block; prints nothing where there are none.
     *
     * @param arguments the root directory of the project, and the time from which on reports count, such as
     *     {@code 2026-11-26T19:30:00Z}: older ones are of an earlier build
     */
    public static void main(String... arguments) throws Exception {
        print(Path.of(arguments[0]), Instant.parse(arguments[1]), System.out);
    }

    static void print(Path root, Instant since, PrintStream out) throws Exception {
        SkippedTests summary = new SkippedTests();
        for (Path module : directories(root)) {
            for (String reports : List.of("surefire-reports", "failsafe-reports")) {
                Path directory = module.resolve("target").resolve(reports);
                if (Files.isDirectory(directory)) {
                    try (Stream<Path> files = Files.list(directory)) {
                        for (Path file :
                                files.filter(SkippedTests::isReport).sorted().toList()) {
                            if (!Files.getLastModifiedTime(file).toInstant().isBefore(since)) {
                                summary.add(String.valueOf(module.getFileName()), file);
                            }
                        }
                    }
                }
            }
        }
        if (!summary.modules.isEmpty()) {
            summary.print(out);
        }
    }

    private static List<Path> directories(Path root) throws IOException {
        try (Stream<Path> files = Files.list(root)) {
            return files.filter(Files::isDirectory).sorted().toList();
        }
    }

    private static boolean isReport(Path file) {
        String name = String.valueOf(file.getFileName());
        return name.startsWith("TEST-") && name.endsWith(".xml");
    }

    private void add(String module, Path file) throws IOException, ParserConfigurationException, SAXException {
        Document report =
                DocumentBuilderFactory.newDefaultInstance().newDocumentBuilder().parse(file.toFile());
        Count count = modules.computeIfAbsent(module, any -> new Count());
        NodeList cases = report.getElementsByTagName("testcase");
        for (int i = 0; i < cases.getLength(); i++) {
            Element testCase = (Element) cases.item(i);
            Element skipped = (Element) testCase.getElementsByTagName("skipped").item(0);
            if (skipped != null) {
                count.skipped++;
                reasons.computeIfAbsent(reason(skipped), any -> new ArrayList<>())
                        .add(name(module, testCase));
            } else if (testCase.getElementsByTagName("failure").getLength() > 0
                    || testCase.getElementsByTagName("error").getLength() > 0) {
                count.failed++;
            } else {
                count.passed++;
                if (testCase.getElementsByTagName("flakyFailure").getLength() > 0
                        || testCase.getElementsByTagName("flakyError").getLength() > 0) {
                    flaky.add(name(module, testCase));
                }
            }
        }
    }

    private static String reason(Element skipped) {
        String message = skipped.getAttribute("message");
        // A failed assumption has its message in its stack trace alone.
        String first = (message.isBlank() ? skipped.getTextContent() : message)
                .lines()
                .findFirst()
                .orElse("");
        String text = first.replaceFirst("^org\\.opentest4j\\.TestAbortedException(: )?", "")
                .replaceFirst("^Assumption failed: ", "");
        return text.isBlank() ? "no reason given" : text;
    }

    private static String name(String module, Element testCase) {
        String type = testCase.getAttribute("classname");
        String simple = type.substring(type.lastIndexOf('.') + 1);
        String method = testCase.getAttribute("name");
        return module + " " + simple + (method.isEmpty() || method.equals(type) ? "" : "." + method);
    }

    private void print(PrintStream out) {
        Count all = new Count();
        out.println();
        out.println("Tests by module:");
        modules.forEach((module, count) -> {
            out.printf(
                    "  %-36s %5d passed, %d failed, %d skipped%n", module, count.passed, count.failed, count.skipped);
            all.passed += count.passed;
            all.failed += count.failed;
            all.skipped += count.skipped;
        });
        if (reasons.isEmpty()) {
            out.println("Nothing was left out.");
        } else {
            out.println("Left out:");
            reasons.forEach((reason, tests) -> {
                out.println("  " + reason);
                tests.stream().limit(4).forEach(test -> out.println("    " + test));
                if (tests.size() > 4) {
                    out.println("    and " + (tests.size() - 4) + " more");
                }
            });
        }
        if (!flaky.isEmpty()) {
            out.println("Failed at first, and passed when run again:");
            flaky.forEach(test -> out.println("  " + test));
        }
        out.printf("%d passed, %d failed, %d skipped%n", all.passed, all.failed, all.skipped);
    }
}
