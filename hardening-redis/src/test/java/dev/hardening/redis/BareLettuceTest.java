package dev.hardening.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.hardening.testing.Ports;
import dev.hardening.testing.RedisServer;
import dev.hardening.testing.ScriptedServer;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.protocol.CommandEncoder;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** What the documentation says of Lettuce without this module: when it changes, so does the documentation. */
class BareLettuceTest {

    @Test
    void theFirstConnectionIsTriedOnceAndTheCauseIsNotInTheMessage() throws Exception {
        RedisClient client = RedisClient.create();
        try (ScriptedServer closes = new ScriptedServer(Socket::close)) {
            assertThatThrownBy(() -> client.connect(RedisURI.create(closes.redisUri())))
                    .hasMessageContaining("Unable to connect");
            assertThat(closes.accepted()).isEqualTo(1);
            assertThatThrownBy(() -> client.connect(RedisURI.create("redis://127.0.0.1:" + Ports.refusing())))
                    .hasMessageContaining("Unable to connect")
                    .hasMessageNotContaining("refused")
                    .rootCause()
                    .hasMessageContaining("refused");
            assertThat(Traces.threads()).isNotEmpty(); // until shutdown()
        } finally {
            client.shutdown(Duration.ZERO, Duration.ofSeconds(1));
        }
        Traces.awaitNoThreads();
    }

    @Test
    void theQueueHasNoBoundAndASilentPeerHasAMinute() {
        assertThat(ClientOptions.create().getRequestQueueSize()).isEqualTo(Integer.MAX_VALUE);
        assertThat(ClientOptions.create().getDisconnectedBehavior())
                .isEqualTo(ClientOptions.DisconnectedBehavior.DEFAULT);
        assertThat(RedisURI.create("redis://localhost").getTimeout()).isEqualTo(Duration.ofMinutes(1));
    }

    @Test
    void aPasswordIsLoggedAtTrace() throws Exception {
        Logger encoder = (Logger) LoggerFactory.getLogger(CommandEncoder.class);
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        encoder.addAppender(log);
        encoder.setLevel(Level.TRACE);
        encoder.setAdditive(false);
        RedisClient client = RedisClient.create();
        try (RedisServer server = RedisServer.start("--requirepass", "hunter2")) {
            client.connect(RedisURI.create("redis://:hunter2@127.0.0.1:" + server.port()))
                    .close();
            assertThat(List.copyOf(log.list))
                    .anyMatch(event -> event.getFormattedMessage().contains("hunter2"));
        } finally {
            client.shutdown(Duration.ZERO, Duration.ofSeconds(1));
            encoder.setLevel(null);
            encoder.setAdditive(true);
            encoder.detachAppender(log);
        }
        Traces.awaitNoThreads();
    }
}
