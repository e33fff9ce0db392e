package dev.hardening.jwks;

import static dev.hardening.jwks.KeyEndpoint.RSA_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.JWKSet;
import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.io.TempDir;

/** What a cache costs its process. */
class ScaleTest {

    private final KeyEndpoint endpoint = new KeyEndpoint();

    @AfterEach
    void stop() {
        endpoint.close();
    }

    @Nested
    class AServiceThatEnds {

        @Test
        void exits_without_closing_its_cache() throws Exception {
            assertThat(ServiceProcess.run("without-close", endpoint.uri())).containsExactly("FRESH");
        }

        @Test
        void closes_during_a_fetch_without_a_trace() throws Exception {
            CountDownLatch gate = new CountDownLatch(1);
            endpoint.script(KeyEndpoint.held(gate, KeyEndpoint.serving(RSA_1)));
            assertThat(ServiceProcess.run("close-during-fetch", endpoint.uri()))
                    .containsExactly("unavailable", "left: []", "EMPTY");
            gate.countDown();
        }
    }

    @Nested
    class AThousandIssuers {

        @Test
        void get_their_keys_at_once() throws Exception {
            assertThat(ServiceProcess.run("thousand-issuers-at-once", endpoint.uri()))
                    .containsExactly("1000 have keys");
            assertThat(endpoint.gets).hasValue(1_000);
        }

        @Test
        void cost_at_most_four_threads() throws Exception {
            assertThat(ServiceProcess.run("thousand-issuers-in-turn", endpoint.uri()))
                    .containsExactly("few threads");
            assertThat(endpoint.gets).hasValue(1_000);
        }
    }

    @Nested
    class AWarmLookUp {

        @Test
        void by_key_id_allocates_nothing() {
            JWKSCache cache = endpoint.open(endpoint.inline());
            cache.getKeys();
            ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            long self = Thread.currentThread().getId();
            int found = 0;
            for (int i = 0; i < 10_000; i++) {
                found += cache.findKey("rsa-1").isPresent() ? 1 : 0;
            }
            long before = threads.getThreadAllocatedBytes(self);
            for (int i = 0; i < 100_000; i++) {
                found += cache.findKey("rsa-1").isPresent() ? 1 : 0;
                found += cache.getKeys() == null ? 1 : 0;
            }
            long allocated = threads.getThreadAllocatedBytes(self) - before;
            assertThat(found).isEqualTo(110_000);
            assertThat(allocated).as("bytes for 200,000 reads").isLessThan(200_000);
        }
    }

    @Nested
    class TenThousandVirtualThreads {

        @Test
        @EnabledForJreRange(min = JRE.JAVA_21, disabledReason = "there are no virtual threads before Java 21")
        void wait_for_one_fetch_and_pin_no_carrier(@TempDir Path directory) throws Exception {
            ExecutorService virtual = (ExecutorService)
                    Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
            CountDownLatch gate = new CountDownLatch(1);
            CountDownLatch reading = new CountDownLatch(10_000);
            endpoint.script(KeyEndpoint.held(gate, KeyEndpoint.serving(RSA_1)));
            JWKSCache cache = endpoint.open(endpoint.background());
            Path pinned = directory.resolve("pinned.jfr");
            try (Recording recording = new Recording()) {
                recording.enable("jdk.VirtualThreadPinned").withThreshold(Duration.ZERO);
                recording.start();
                List<Future<JWKSet>> reads = new ArrayList<>();
                for (int i = 0; i < 10_000; i++) {
                    reads.add(virtual.submit(() -> {
                        reading.countDown();
                        return cache.getKeys();
                    }));
                }
                assertThat(reading.await(60, TimeUnit.SECONDS)).isTrue();
                gate.countDown();
                for (Future<JWKSet> read : reads) {
                    assertThat(read.get().getKeys()).hasSize(1);
                }
                recording.stop();
                recording.dump(pinned);
            } finally {
                virtual.shutdownNow();
            }
            assertThat(endpoint.gets).hasValue(1);
            assertThat(RecordingFile.readAllEvents(pinned))
                    .extracting(RecordedEvent::getStackTrace)
                    .noneMatch(stack -> String.valueOf(stack).contains("dev.hardening"));
        }
    }
}
