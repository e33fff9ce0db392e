package dev.hardening.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The JDK's own HTTP server goes through the whole suite. {@link Suite} runs it against other hosts. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class JdkHostIT {

    private static final Host HOST = new Host(
            "JDK",
            "hardening",
            "com.sun.net.httpserver",
            List.of("-cp", System.getProperty("java.class.path"), JdkHost.class.getName()),
            17);

    // A machine that runs other builds beside it may need more than half a second to fetch a new key.
    static {
        System.setProperty("key.wait", "5000");
    }

    private final Transcript transcript = new Transcript();

    @ParameterizedTest
    @EnumSource
    void passes(Scenario scenario) {
        Scenario.Result result = scenario.outcome(HOST, transcript);
        assertThat(result.passed()).as("%s: %s", scenario.title, result.seen()).isTrue();
    }
}
