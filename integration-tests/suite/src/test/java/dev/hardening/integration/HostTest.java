package dev.hardening.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class HostTest {

    private static final Path SEVERAL_LINES = Path.of("../hosts/spring-boot/servlet");

    @Test
    void each_line_is_a_host() throws Exception {
        assertThat(Host.read(SEVERAL_LINES, false))
                .extracting(Host::name)
                .containsOnly("Spring Boot 3.5, servlet", "Spring Boot 4.0, servlet", "Spring Boot 4.1, servlet");
    }

    @Test
    void the_newest_line_is_read_alone() throws Exception {
        assertThat(Host.read(SEVERAL_LINES, true))
                .extracting(Host::name, Host::variant)
                .containsExactly(
                        tuple("Spring Boot 4.1, servlet", "hardening"), tuple("Spring Boot 4.1, servlet", "default"));
    }
}
