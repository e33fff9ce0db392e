package dev.hardening.example;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DemoTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "redis://one:1|redis://one:1",
                "redis://one:1,two:2|redis://one:1",
                "redis://one:1,two:2/3?timeout=5s|redis://one:1/3?timeout=5s",
                "redis://one:1,two:2?timeout=5s|redis://one:1?timeout=5s",
                "redis://:pa,ss@one:1|redis://:pa,ss@one:1",
                "redis://us,er:pa,ss@one:1,two:2/3|redis://us,er:pa,ss@one:1/3",
                "redis://:p@,ss@one:1,two:2|redis://:p@,ss@one:1"
            })
    void thePlainLaneTakesTheFirstHostAndTheWholePassword(String url, String first) {
        assertThat(Demo.firstHost(url)).isEqualTo(first);
    }
}
