package dev.hardening.example;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProblemTest {

    @ParameterizedTest
    @CsvSource({"400,MALFORMED_REQUEST", "414,MALFORMED_REQUEST", "500,INTERNAL_ERROR", "505,MALFORMED_REQUEST"})
    void anUnknownVersionOfHttpIsTheRequestsFault(int status, Problem problem) {
        assertThat(Problem.of(status)).isEqualTo(problem);
    }
}
