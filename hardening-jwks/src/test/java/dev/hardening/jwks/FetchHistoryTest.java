package dev.hardening.jwks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class FetchHistoryTest {

    @Test
    void the_text_of_an_endpoint_is_one_line_and_cut() {
        String page = "500:\r\n" + "<html>".repeat(50_000);
        assertThat(FetchHistory.NONE
                        .failed(Instant.EPOCH, new IOException(page))
                        .lastError())
                .startsWith("500: <html>")
                .hasSizeLessThan(510);
    }
}
