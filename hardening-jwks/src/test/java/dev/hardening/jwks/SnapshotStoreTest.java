package dev.hardening.jwks;

import static dev.hardening.jwks.KeyEndpoint.EC_1;
import static dev.hardening.jwks.KeyEndpoint.RSA_1;
import static dev.hardening.jwks.KeyEndpoint.RSA_2;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.nimbusds.jose.jwk.JWKSet;
import dev.hardening.jwks.JWKSCacheStatus.State;
import dev.hardening.jwks.JWKSSnapshotStore.Stored;
import java.io.IOException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

class SnapshotStoreTest {

    private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");

    @TempDir
    private Path directory;

    private final KeyEndpoint endpoint = new KeyEndpoint();
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private final Logger logger = (Logger) LoggerFactory.getLogger(JWKSCache.class);
    private Path file = Path.of("unset");

    @BeforeEach
    void prepare() {
        file = directory.resolve("keys.json");
        log.start();
        logger.addAppender(log);
    }

    @AfterEach
    void stop() {
        logger.detachAppender(log);
        endpoint.close();
    }

    private JWKSCache startedAt(Instant wall) {
        return startedAt(wall, JWKSSnapshotStore.file(file));
    }

    private JWKSCache startedAt(Instant wall, JWKSSnapshotStore store) {
        return endpoint.open(
                endpoint.inline().clock(Clock.fixed(wall, ZoneOffset.UTC)).snapshotStore(store));
    }

    private void savedAtNoon() {
        startedAt(NOON).getKeys();
        endpoint.down();
    }

    /** A wall clock that goes with the ticker. */
    private final class FollowingClock extends Clock {
        private final Clock base;
        private final long from = endpoint.now.get();

        FollowingClock(Clock base) {
            this.base = base;
        }

        @Override
        public java.time.ZoneId getZone() {
            return base.getZone();
        }

        @Override
        public Clock withZone(java.time.ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return base.instant().plusNanos(endpoint.now.get() - from);
        }
    }

    @Test
    void an_error_of_the_store_changes_nothing() {
        List<JWKSCacheStatus> heard = new ArrayList<>();
        JWKSSnapshotStore broken = new JWKSSnapshotStore() {
            @Override
            public Optional<Stored> load() {
                throw new NoClassDefFoundError("canary");
            }

            @Override
            public void save(Stored stored) {
                throw new AssertionError("canary");
            }
        };
        JWKSCache cache = endpoint.open(endpoint.inline().snapshotStore(broken).listener(new JWKSCacheListener() {
            @Override
            public void refreshed(JWKSCacheStatus status) {
                heard.add(status);
            }
        }));
        for (int i = 1; i <= 3; i++) {
            cache.getKeys();
            assertThat(heard).hasSize(i);
            endpoint.advance(Duration.ofMinutes(55));
        }
        assertThat(log.list).extracting(ILoggingEvent::getFormattedMessage).noneMatch(line -> line.contains("canary"));
    }

    @Test
    void a_stored_set_prints_no_query() {
        assertThat(new JWKSSnapshotStore.Stored("https://keys.example/a?key=canary", Instant.EPOCH, "{}"))
                .hasToString("Stored[source=https://keys.example/a, fetchedAt=1970-01-01T00:00:00Z, jwkSet={}]");
    }

    @Nested
    class ARestart {

        @Test
        void without_a_file_is_no_fault() {
            assertThat(startedAt(NOON).status().state()).isEqualTo(State.EMPTY);
            assertThat(log.list).isEmpty();
        }

        @Test
        void starts_with_the_last_good_keys_in_an_outage() {
            savedAtNoon();
            JWKSCache restarted = startedAt(NOON.plusSeconds(7_200));
            assertThat(restarted.status().state()).isEqualTo(State.STALE);
            assertThat(restarted.findKey("rsa-1")).isPresent();
            assertThat(restarted.findKey("ec-1")).isPresent();
            assertThat(restarted.status().state()).isEqualTo(State.STALE);
            assertThat(restarted.status().lastSuccess()).isEqualTo(NOON);
            assertThat(endpoint.gets).as("it was tried").hasValue(2);
            endpoint.serve(RSA_2);
            endpoint.advance(Duration.ofSeconds(60));
            restarted.getKeys();
            assertThat(restarted.findKey("rsa-2")).isPresent();
            assertThat(restarted.status().state()).isEqualTo(State.FRESH);
        }

        @Test
        void needs_no_get_within_the_time_to_live() {
            savedAtNoon();
            JWKSCache restarted = startedAt(NOON.plusSeconds(600));
            assertThat(restarted.getKeys().getKeys()).hasSize(2);
            assertThat(restarted.status().state()).isEqualTo(State.FRESH);
            assertThat(restarted.status().age()).isEqualTo(Duration.ofMinutes(10));
            assertThat(endpoint.gets).hasValue(1);
            endpoint.advance(Duration.ofMinutes(45));
            assertThat(restarted.status().state()).isEqualTo(State.REFRESH_DUE);
        }

        @Test
        void is_followed_by_a_refresh_which_drops_what_the_set_lacks() {
            savedAtNoon();
            endpoint.serve(RSA_1);
            KeyEndpoint.FakeTimer timer = endpoint.new FakeTimer();
            JWKSCache restarted = endpoint.open(endpoint.inline()
                    .threads(timer)
                    .clock(Clock.fixed(NOON.plusSeconds(600), ZoneOffset.UTC))
                    .snapshotStore(JWKSSnapshotStore.file(file)));
            assertThat(restarted.findKey("ec-1")).isPresent();
            assertThat(endpoint.gets).hasValue(1);
            timer.pass(Duration.ofSeconds(2));
            assertThat(endpoint.gets).hasValue(2);
            assertThat(restarted.status().keyCount()).isEqualTo(1);
            timer.pass(Duration.ofMinutes(54));
            assertThat(endpoint.gets).hasValue(2);
        }

        @Test
        void never_makes_keys_younger() {
            savedAtNoon();
            for (int hour = 2; hour < 24; hour++) {
                JWKSCache restarted = startedAt(NOON.plus(Duration.ofHours(hour)));
                assertThat(restarted.findKey("rsa-1")).isPresent();
                if (hour == 23) {
                    endpoint.advance(Duration.ofHours(1).minusNanos(1));
                    assertThat(restarted.findKey("rsa-1")).isPresent();
                    endpoint.advance(Duration.ofNanos(1));
                    assertThatThrownBy(() -> restarted.findKey("rsa-1")).isInstanceOf(JWKSUnavailableException.class);
                }
            }
            JWKSCache late = startedAt(NOON.plus(Duration.ofHours(24)));
            assertThat(late.status().state()).isEqualTo(State.EMPTY);
            assertThatThrownBy(late::getKeys).isInstanceOf(JWKSUnavailableException.class);
        }

        @Test
        void uses_no_keys_from_the_future() {
            savedAtNoon();
            assertThat(startedAt(NOON.minusSeconds(601)).status().state()).isEqualTo(State.EMPTY);
        }

        @Test
        void takes_a_clock_that_was_set_back_for_what_it_is() {
            savedAtNoon();
            JWKSCache restarted = startedAt(NOON.minusSeconds(600));
            assertThat(restarted.status().age()).isZero();
            assertThat(restarted.findKey("rsa-1")).isPresent();
        }

        @Test
        void uses_no_keys_of_another_endpoint() throws IOException {
            JWKSSnapshotStore store = JWKSSnapshotStore.file(file);
            store.save(new Stored("https://other.example/jwks", NOON, new JWKSet(EC_1.toPublicJWK()).toString(true)));
            assertThat(startedAt(NOON).status().state()).isEqualTo(State.EMPTY);
        }
    }

    @Nested
    class TheFile {

        @Test
        void is_its_owners_and_holds_no_private_part() throws IOException {
            endpoint.script(KeyEndpoint.body(new JWKSet(List.of(RSA_1, EC_1)).toString(false)));
            JWKSCache cache = startedAt(NOON);
            cache.getKeys();
            for (int refresh = 0; refresh < 3; refresh++) {
                endpoint.advance(Duration.ofMinutes(56));
                cache.getKeys();
            }
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                    .isEqualTo("rw-------");
            assertThat(Files.readString(file))
                    .contains("rsa-1", "ec-1")
                    .doesNotContain(
                            RSA_1.getPrivateExponent().toString(), EC_1.getD().toString(), "\\\"d\\\"");
            try (Stream<Path> left = Files.list(directory)) {
                assertThat(left).containsExactly(file);
            }
        }

        @ParameterizedTest
        @ValueSource(booleans = {true, false})
        void is_written_through_a_link_which_stays(boolean exists) throws IOException {
            Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
            Path target = elsewhere.resolve("keys.json");
            if (exists) {
                Files.writeString(target, "old");
            }
            Files.createSymbolicLink(directory.resolve("first"), Path.of("elsewhere", "keys.json"));
            Path link = Files.createSymbolicLink(directory.resolve("link"), directory.resolve("first"));
            startedAt(NOON, JWKSSnapshotStore.file(link)).getKeys();
            assertThat(link).isSymbolicLink();
            assertThat(directory.resolve("first")).isSymbolicLink();
            assertThat(target).isRegularFile().content().contains("rsa-1");
            assertThat(JWKSSnapshotStore.file(link).load()).isPresent();
            try (Stream<Path> left = Files.list(elsewhere)) {
                assertThat(left).containsExactly(target);
            }
        }

        @Test
        void is_not_written_if_its_links_form_a_loop() throws IOException {
            Path one = directory.resolve("one");
            Path two = Files.createSymbolicLink(directory.resolve("two"), one);
            Files.createSymbolicLink(one, two);
            JWKSSnapshotStore store = JWKSSnapshotStore.file(one);
            assertThatThrownBy(() -> store.save(new Stored("source", NOON, "{}")))
                    .isInstanceOf(FileSystemLoopException.class);
            assertThat(one).isSymbolicLink();
        }

        @Test
        void gets_a_new_time_when_nothing_was_modified() throws IOException {
            endpoint.script(exchange -> {
                exchange.getResponseHeaders().set("ETag", "\"1\"");
                if (exchange.getRequestHeaders().containsKey("If-None-Match")) {
                    exchange.sendResponseHeaders(304, -1);
                } else {
                    KeyEndpoint.serving(RSA_1).answer(exchange);
                }
            });
            Clock advancing = Clock.offset(Clock.fixed(NOON, ZoneOffset.UTC), Duration.ZERO);
            JWKSCache cache = endpoint.open(
                    endpoint.inline().clock(new FollowingClock(advancing)).snapshotStore(JWKSSnapshotStore.file(file)));
            cache.getKeys();
            Instant first = JWKSSnapshotStore.file(file).load().orElseThrow().fetchedAt();
            endpoint.advance(Duration.ofMinutes(56));
            cache.getKeys();
            Stored second = JWKSSnapshotStore.file(file).load().orElseThrow();
            assertThat(Duration.between(first, second.fetchedAt())).isEqualTo(Duration.ofMinutes(56));
            assertThat(second.jwkSet()).contains("rsa-1");
        }

        @Test
        void has_the_time_of_the_fetch_however_late_it_is_written() throws IOException {
            Clock wall = new FollowingClock(Clock.fixed(NOON, ZoneOffset.UTC));
            List<Runnable> waiting = new ArrayList<>();
            JWKSCache cache = endpoint.open(endpoint.inline()
                    .threads(new KeyEndpoint.StillTimer(waiting::add))
                    .clock(wall)
                    .snapshotStore(JWKSSnapshotStore.file(file)));
            cache.getKeys();
            endpoint.advance(Duration.ofHours(30));
            waiting.forEach(Runnable::run);
            assertThat(JWKSSnapshotStore.file(file).load().orElseThrow().fetchedAt())
                    .isEqualTo(NOON);
        }

        @Test
        void stays_as_it_was_when_a_fetch_fails() throws IOException {
            savedAtNoon();
            byte[] before = Files.readAllBytes(file);
            JWKSCache restarted = startedAt(NOON.plusSeconds(7_200));
            restarted.getKeys();
            assertThat(restarted.status().failures()).isEqualTo(1);
            assertThat(Files.readAllBytes(file)).isEqualTo(before);
        }

        @Test
        void is_read_as_the_old_or_the_new_and_never_a_part() throws Exception {
            JWKSSnapshotStore store = JWKSSnapshotStore.file(file);
            String big =
                    new JWKSet(List.of(RSA_1.toPublicJWK(), RSA_2.toPublicJWK(), EC_1.toPublicJWK())).toString(true);
            String small = new JWKSet(EC_1.toPublicJWK()).toString(true);
            store.save(new Stored("a", NOON, small));
            ExecutorService writer = Executors.newFixedThreadPool(2);
            try {
                List<Future<?>> writers = Stream.of(big, small)
                        .<Future<?>>map(set -> writer.submit(() -> {
                            for (int i = 0; i < 200; i++) {
                                store.save(new Stored("a", NOON, set));
                            }
                            return null;
                        }))
                        .toList();
                while (!writers.stream().allMatch(Future::isDone)) {
                    assertThat(store.load().orElseThrow().jwkSet()).isIn(big, small);
                }
                for (Future<?> done : writers) {
                    done.get();
                }
            } finally {
                writer.shutdownNow();
            }
        }
    }

    @Nested
    class AStoreThatFails {

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "",
                    "canary",
                    "{",
                    "{}",
                    "null",
                    "[]",
                    "{\"source\":1,\"fetchedAt\":2,\"jwkSet\":3}",
                    "{\"source\":\"SOURCE\",\"fetchedAt\":\"canary\",\"jwkSet\":\"{}\"}",
                    "{\"source\":\"SOURCE\",\"fetchedAt\":\"2026-01-01T12:00:00Z\",\"jwkSet\":\"canary\"}",
                    "{\"source\":\"SOURCE\",\"fetchedAt\":\"2026-01-01T12:00:00Z\",\"jwkSet\":\"{\\\"keys\\\":[]}\"}",
                    "{\"source\":\"SOURCE\",\"fetchedAt\":\"2026-01-01T12:00:00Z\"}",
                    "{\"source\":\"SOURCE\",\"fetchedAt\":\"+1000000000-12-31T23:59:59Z\",\"jwkSet\":\"{}\"}",
                    "{\"source\":\"SOURCE\",\"fetchedAt\":\"-1000000000-01-01T00:00:00Z\",\"jwkSet\":\"{}\"}"
                })
        void with_a_damaged_file_is_reported_and_not_used(String content) throws IOException {
            Files.writeString(file, content.replace("SOURCE", endpoint.uri().toString()));
            JWKSCache cache = startedAt(NOON);
            assertThat(cache.status().state()).isEqualTo(State.EMPTY);
            assertThat(cache.getKeys().getKeys()).hasSize(2);
            assertThat(log.list)
                    .isNotEmpty()
                    .extracting(ILoggingEvent::getFormattedMessage)
                    .noneMatch(line -> line.contains("canary"));
            assertThat(JWKSSnapshotStore.file(file).load()).as("it is replaced").isPresent();
        }

        @Test
        void with_too_large_a_file_or_a_directory_is_not_used() throws IOException {
            Files.writeString(file, " ".repeat((4 << 20) + 1));
            assertThatThrownBy(() -> JWKSSnapshotStore.file(file).load()).hasMessageContaining("larger than");
            assertThat(startedAt(NOON).getKeys().getKeys()).hasSize(2);
            Files.delete(file);
            Files.createDirectory(file);
            assertThat(startedAt(NOON).getKeys().getKeys()).hasSize(2);
        }

        @Test
        void without_its_directory_costs_a_warning_and_no_read() {
            JWKSCache cache = startedAt(NOON, JWKSSnapshotStore.file(directory.resolve("no/such/keys.json")));
            assertThat(cache.getKeys().getKeys()).hasSize(2);
            assertThat(log.list)
                    .extracting(ILoggingEvent::getFormattedMessage)
                    .anyMatch(line -> line.startsWith("Could not save the keys of "));
        }

        @Test
        void by_throwing_costs_no_read() {
            JWKSCache cache = startedAt(NOON, new JWKSSnapshotStore() {
                @Override
                public Optional<Stored> load() {
                    throw new IllegalStateException("canary");
                }

                @Override
                public void save(Stored stored) {
                    throw new IllegalStateException("canary");
                }
            });
            assertThat(cache.getKeys().getKeys()).hasSize(2);
            assertThat(log.list)
                    .noneMatch(event -> event.getFormattedMessage().contains("canary"))
                    .filteredOn(event -> event.getLevel() == Level.WARN)
                    .hasSize(2);
        }
    }
}
