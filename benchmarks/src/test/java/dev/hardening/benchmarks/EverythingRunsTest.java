package dev.hardening.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hardening.benchmarks.Section.Target;
import dev.hardening.benchmarks.Section.Verdict;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Each group once, as short as it can be: its speed means nothing here, but nothing of ours may fail in it. */
class EverythingRunsTest {

    private static final Budget TINY = new Budget(
            0,
            0,
            1,
            Duration.ofMillis(5),
            Duration.ofMillis(200),
            Duration.ofMillis(600),
            Duration.ofMillis(600),
            Duration.ofMillis(150),
            1,
            2,
            3,
            1,
            1,
            10,
            1,
            Duration.ofMillis(50),
            1,
            Duration.ofMillis(200));

    private final Microbenchmarks microbenchmarks = new Microbenchmarks(TINY);

    private static void isComplete(Section section, int rows) {
        assertThat(section.rows()).hasSize(rows);
        assertThat(section.rows()).allSatisfy(row -> {
            assertThat(row).hasSameSizeAs(section.header());
            assertThat(row.subList(1, row.size()))
                    .allMatch(cell -> !cell.contains("NaN") && !cell.contains("Infinity"));
        });
        assertThat(section.targets()).isNotEmpty();
    }

    /** Of the targets those that no speed decides. */
    private static void isReached(Section section, String what) {
        assertThat(section.targets())
                .filteredOn(target -> target.what().contains(what))
                .isNotEmpty()
                .extracting(Target::verdict)
                .containsOnly(Verdict.PASS);
    }

    private static List<String> row(Section section, String title) {
        return section.rows().stream()
                .filter(row -> row.get(0).startsWith(title))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void everyContenderFindsBothKeys() throws Exception {
        isComplete(microbenchmarks.lookups(), 9);
    }

    @Test
    void everyContenderVerifiesBothAlgorithms() throws Exception {
        isComplete(microbenchmarks.verifications(), 7);
    }

    @Test
    void everyContenderVerifiesARepeatedToken() throws Exception {
        isComplete(microbenchmarks.repeatedTokens(), 6);
    }

    @Test
    void noReadFailsWhileKeysAreRefreshed() throws Exception {
        Section section = RefreshAhead.section(TINY);
        isComplete(section, 5);
        assertThat(row(section, "**Hardening**").get(section.header().indexOf("failed")))
                .isEqualTo("0");
    }

    @Test
    void noLookupFailsInAnOutageAndFetchesKeepTheirDistance() throws Exception {
        Section section = Outage.section(TINY);
        isComplete(section, 7);
        isReached(section, "lookups that fail");
        isReached(section, "fetches in the outage");
    }

    @Test
    void noValidLookupFailsInAFlood() throws Exception {
        Section section = Flood.section(TINY);
        isComplete(section, 9);
        isReached(section, "valid lookups that fail");
        assertThat(row(section, "**Hardening**").get(section.header().indexOf("fetches")))
                .isEqualTo("1");
    }

    @Test
    void aColdHerdFetchesOnce() throws Exception {
        Section section = Herd.section(TINY);
        isComplete(section, 8);
        isReached(section, "64 callers");
        isReached(section, "callers of a failing endpoint");
    }

    @Test
    void aThousandSettingsAreValidated() throws Exception {
        isComplete(microbenchmarks.settings(), 2);
    }

    @Test
    void bothSidesConnectToRedis() throws Exception {
        Section section = RedisConnect.section(TINY);
        isComplete(section, 3);
    }

    @Test
    void bothSidesAnswerCommands() throws Exception {
        isComplete(RedisLoad.section(TINY), 1);
    }

    @Test
    void bothSidesAcceptTheFirstTokenOfAProcess() throws Exception {
        isComplete(ColdStart.section(TINY), 2);
    }

    @Test
    void noValidTokenFailsWhileTheProviderHangs() throws Exception {
        Section section = HangingProvider.section(TINY);
        isComplete(section, 7);
        assertThat(row(section, "**Hardening**")).endsWith("0");
    }

    @Test
    void oneOfAThousandIssuersHangsAlone() throws Exception {
        Section section = ManyIssuers.section(TINY);
        isComplete(section, 5);
        isReached(section, "failed tokens");
    }

    @Test
    void springsDecoderDecodesWithTheStarterAndWithout() {
        isComplete(SpringDecoder.section(TINY), 2);
    }

    @Test
    void theAppAnswersWithAndWithoutTheHardenings() throws Exception {
        Section section = AppLoad.section(TINY);
        isComplete(section, 2);
        assertThat(section.rows()).allSatisfy(row -> assertThat(row).endsWith("0"));
    }

    @Test
    void theMachineIsDescribedWithoutItsNames() {
        String machine = Benchmarks.machine(Benchmarks.Options.read(new String[] {"--quick", "--only=redis,app"}));
        assertThat(machine)
                .startsWith("`benchmarks/run --quick --only=redis,app`, 2")
                .contains(" cores, ", "JDK " + Runtime.version().feature(), "nimbus-jose-jwt 10.", "jwks-rsa 0.")
                .doesNotContain(System.getProperty("user.dir"), System.getProperty("user.home") + "/");
    }

    @ParameterizedTest
    @EnumSource
    void eachPageHasAPlaceForEachGroup(Benchmarks.Group group) throws Exception {
        for (String page : List.of("benchmarks.md", "benchmarks-newer.md")) {
            assertThat(Files.readString(Path.of("..", "docs", page)))
                    .contains("<!-- benchmarks: " + group.id() + " -->\n", "<!-- end: " + group.id() + " -->");
        }
    }
}
