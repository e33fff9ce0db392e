package dev.hardening.jwks;

import static dev.hardening.jwks.KeyEndpoint.RSA_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.UnsynchronizedAppenderBase;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** A log that throws or blocks, as an appender does whose disk or pipe is full. */
class BrokenLogTest {

    private final KeyEndpoint endpoint = new KeyEndpoint();
    private final Logger logger = (Logger) LoggerFactory.getLogger(JWKSCache.class);
    private final BlockingQueue<String> threads = new LinkedBlockingQueue<>();
    private final CountDownLatch gate = new CountDownLatch(1);
    private Appender broken = new Appender(event -> {});

    private static final class Appender extends UnsynchronizedAppenderBase<ILoggingEvent> {

        private final Consumer<ILoggingEvent> breaks;

        Appender(Consumer<ILoggingEvent> breaks) {
            this.breaks = breaks;
        }

        @Override
        public void doAppend(ILoggingEvent event) { // what append throws is caught
            breaks.accept(event);
        }

        @Override
        protected void append(ILoggingEvent event) {}
    }

    private void breakLog(Consumer<ILoggingEvent> breaks) {
        broken = new Appender(event -> {
            threads.add(Thread.currentThread().getName());
            breaks.accept(event);
        });
        logger.addAppender(broken);
    }

    @AfterEach
    void stop() {
        logger.detachAppender(broken);
        gate.countDown();
        endpoint.close();
    }

    private static void failsInTime(CompletableFuture<?> keys) {
        assertThatThrownBy(() -> keys.get(30, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(JWKSUnavailableException.class);
    }

    private static final String BESIDE_A_BAD_KEY =
            "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"bad\"}," + RSA_1.toPublicJWK() + "]}";

    @Nested
    class ThatThrows {

        @Test
        void holds_up_no_reader_and_loses_no_key() throws Exception {
            breakLog(event -> {
                throw new IllegalStateException("the disk is full");
            });
            JWKSCache cache = endpoint.open(endpoint.background());
            endpoint.down();
            failsInTime(cache.getKeysAsync());
            assertThatThrownBy(cache::getKeys).isInstanceOf(JWKSUnavailableException.class);
            assertThat(threads.poll(30, TimeUnit.SECONDS)).isEqualTo("hardening-jwks-worker");

            endpoint.script(KeyEndpoint.body(BESIDE_A_BAD_KEY));
            endpoint.advance(Duration.ofSeconds(5));
            assertThat(cache.getKeysAsync().get(30, TimeUnit.SECONDS).size()).isEqualTo(1);
        }
    }

    @Nested
    class ThatBlocks {

        @Test
        void holds_up_no_reader_and_no_deadline() throws Exception {
            breakLog(event -> {
                try {
                    gate.await();
                } catch (InterruptedException interrupted) {
                    Thread.currentThread().interrupt();
                }
            });
            JWKSCache.Builder hangs = JWKSCache.builder(endpoint.uri())
                    .fetchTimeout(Duration.ofMillis(100))
                    .fetcher(request -> {
                        gate.await();
                        throw new IllegalStateException("it hangs until the test ends");
                    });
            for (JWKSCache cache : List.of(endpoint.open(hangs), endpoint.open(hangs))) {
                failsInTime(cache.getKeysAsync());
                assertThat(threads.poll(30, TimeUnit.SECONDS)).isEqualTo("hardening-jwks-worker");
            }
        }

        @Test
        void costs_no_key_beside_one_that_is_rejected() throws Exception {
            breakLog(event -> {
                try {
                    gate.await();
                } catch (InterruptedException interrupted) {
                    Thread.currentThread().interrupt();
                }
            });
            endpoint.script(KeyEndpoint.body(BESIDE_A_BAD_KEY));
            JWKSCache cache = endpoint.open(endpoint.background());
            assertThat(cache.getKeysAsync().get(30, TimeUnit.SECONDS).size()).isEqualTo(1);
        }
    }
}
