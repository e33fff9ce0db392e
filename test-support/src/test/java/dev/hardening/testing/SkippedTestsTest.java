package dev.hardening.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SkippedTestsTest {

    private static final Instant START = Instant.parse("2026-11-26T19:30:00Z");

    @TempDir
    private Path root;

    @Test
    void listsEachReasonOnceWithItsTests() throws Exception {
        report(
                "module-a/target/surefire-reports/TEST-a.A.xml",
                "<testcase classname='a.A' name='passes'/>",
                "<testcase classname='a.A' name='one'><skipped message='Assumption failed: no Node'/></testcase>",
                "<testcase classname='a.A' name='two'><skipped type='x'>org.opentest4j.TestAbortedException:"
                        + " Assumption failed: no Node\n\tat org.junit</skipped></testcase>");
        report(
                "module-b/target/failsafe-reports/TEST-b.B.xml",
                "<testcase classname='b.B' name=''><skipped message='no chromium on the PATH'/></testcase>",
                "<testcase classname='b.B' name='fails'><failure message='no'/></testcase>");

        assertThat(printed().lines())
                .containsExactly(
                        "",
                        "Tests by module:",
                        "  module-a                                 1 passed, 0 failed, 2 skipped",
                        "  module-b                                 0 passed, 1 failed, 1 skipped",
                        "Left out:",
                        "  no Node",
                        "    module-a A.one",
                        "    module-a A.two",
                        "  no chromium on the PATH",
                        "    module-b B",
                        "1 passed, 1 failed, 3 skipped");
    }

    @Test
    void saysThatNothingWasLeftOut() throws Exception {
        report("module-a/target/surefire-reports/TEST-a.A.xml", "<testcase classname='a.A' name='passes'/>");
        assertThat(printed()).contains("Nothing was left out.").endsWith("1 passed, 0 failed, 0 skipped\n");
    }

    @Test
    void namesATestThatPassedOnlyWhenRunAgain() throws Exception {
        report(
                "module-a/target/surefire-reports/TEST-a.A.xml",
                "<testcase classname='a.A' name='shaky'><flakyFailure message='late'/></testcase>");
        assertThat(printed())
                .contains("Failed at first, and passed when run again:\n  module-a A.shaky\n")
                .endsWith("1 passed, 0 failed, 0 skipped\n");
    }

    @Test
    void leavesOutReportsOfAnEarlierBuild() throws Exception {
        report("module-a/target/surefire-reports/TEST-a.A.xml", "<testcase classname='a.A' name='passes'/>");
        Path old = root.resolve("module-a/target/surefire-reports/TEST-a.A.xml");
        Files.setLastModifiedTime(old, FileTime.from(START.minusSeconds(1)));
        assertThat(printed()).isEmpty();
    }

    private void report(String name, String... cases) throws Exception {
        Path file = root.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, "<testsuite>" + String.join("", cases) + "</testsuite>");
        Files.setLastModifiedTime(file, FileTime.from(START.plusSeconds(1)));
    }

    private String printed() throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        SkippedTests.print(root, START, new PrintStream(bytes, true, StandardCharsets.UTF_8));
        return bytes.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
    }
}
