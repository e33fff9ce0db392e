package dev.hardening.example;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.BindException;
import java.net.SocketException;
import org.junit.jupiter.api.Test;

class WebServerTest {

    @Test
    void aPortThatIsTakenIsSaidSo() {
        Exception taken = new IllegalStateException(new BindException("Address already in use"));
        assertThat(WebServer.refused(80, taken)).hasMessage("port 80 is taken. Choose another one with -Dport=9090.");
    }

    @Test
    void aPortThatIsNotAllowedIsNotCalledTaken() {
        Exception denied = new IllegalStateException(new SocketException("Permission denied"));
        assertThat(WebServer.refused(80, denied))
                .hasMessage("port 80 is only for an administrator. Choose another one with -Dport=9090.");
    }

    @Test
    void inAnotherLanguageALowPortIsSaidToBeEither() {
        Exception german = new IllegalStateException(new BindException("Keine Berechtigung"));
        assertThat(WebServer.refused(80, german))
                .hasMessage("port 80 is taken, or only for an administrator. Choose another one with -Dport=9090.");
        assertThat(WebServer.refused(8080, german))
                .hasMessage("port 8080 is taken. Choose another one with -Dport=9090.");
    }
}
