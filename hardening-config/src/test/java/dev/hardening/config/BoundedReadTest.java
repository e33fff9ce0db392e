package dev.hardening.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.hardening.config.BoundedRead.NoAnswerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BoundedReadTest {

    @TempDir
    Path directory;

    private static final AtomicReference<Thread> READER = new AtomicReference<>();

    private static String text() {
        READER.set(Thread.currentThread());
        return "abc";
    }

    @Nested
    class AReadThatEnds {

        @Test
        void givesItsResultAndLeavesNoThread() throws IOException {
            assertThat(BoundedRead.from(directory, BoundedReadTest::text)).isEqualTo("abc");
            assertThat(READER.get()).isNotSameAs(Thread.currentThread());
            assertThat(READER.get().isAlive()).isFalse();
        }

        @Test
        void throwsWhatItThrew() {
            for (Throwable thrown :
                    List.of(new IOException("x"), new IllegalStateException("x"), new StackOverflowError("x"))) {
                assertThatThrownBy(() -> BoundedRead.from(directory, () -> {
                            if (thrown instanceof IOException io) {
                                throw io;
                            }
                            if (thrown instanceof Error error) {
                                throw error;
                            }
                            throw (RuntimeException) thrown;
                        }))
                        .isSameAs(thrown);
            }
        }

        @Test
        void isNotCutShortByAnInterruptOfItsCaller() throws IOException {
            Thread.currentThread().interrupt();
            try {
                assertThat(BoundedRead.from(directory, BoundedReadTest::text)).isEqualTo("abc");
            } finally {
                assertThat(Thread.interrupted()).isTrue();
            }
        }
    }

    @Nested
    class AReadDuringWhichTheProcessIsPaused {

        /** To the clock, each of the first two waits takes an hour; then the read ends. */
        @Test
        void isNotGivenUp() throws IOException {
            CountDownLatch resumed = new CountDownLatch(4);
            LongSupplier clock = () -> {
                resumed.countDown();
                return TimeUnit.HOURS.toNanos(4 - resumed.getCount());
            };
            assertThat(BoundedRead.from(
                            directory,
                            () -> {
                                await(resumed);
                                return "abc";
                            },
                            clock))
                    .isEqualTo("abc");
        }

        private static void await(CountDownLatch latch) throws IOException {
            try {
                latch.await();
            } catch (InterruptedException givenUp) {
                throw new IOException("given up");
            }
        }
    }

    @Nested
    class ASearchForNamesThatDoesNotEnd {

        @Test
        void keepsNoFileFromBeingRead() throws Exception {
            Files.writeString(directory.resolve("X"), "abc");
            SecretSource source = SecretSource.directory(directory);
            try (StuckRead ignored = StuckRead.ofNames(directory)) {
                assertThat(source.names()).isEmpty();
                assertThat(SecretValidator.requiring("X", "Y").check(source).problems())
                        .containsExactly(new Problem("Y", Problem.Kind.MISSING, "is not set", null));
            }
            assertThat(source.names()).containsExactly("X");
        }
    }

    @Nested
    class AReadThatDoesNotEnd {

        @Test
        void isGivenUpAndInterrupted() throws InterruptedException {
            CountDownLatch interrupted = new CountDownLatch(1);
            assertThatThrownBy(() -> BoundedRead.from(directory, () -> {
                        text();
                        try {
                            new CountDownLatch(1).await();
                        } catch (InterruptedException givenUp) {
                            interrupted.countDown();
                        }
                        return "too late";
                    }))
                    .isInstanceOf(NoAnswerException.class);
            interrupted.await();
            READER.get().join();
        }

        @Test
        void keepsItsDirectoryFromBeingReadAgain() throws Exception {
            AtomicInteger reads = new AtomicInteger();
            try (StuckRead ignored = new StuckRead(directory)) {
                for (int i = 0; i < 100; i++) {
                    assertThatThrownBy(() -> BoundedRead.from(directory, reads::incrementAndGet))
                            .isInstanceOf(NoAnswerException.class);
                }
                assertThat(reads).hasValue(0);
                assertThat(BoundedRead.from(directory.resolve("other"), BoundedReadTest::text))
                        .isEqualTo("abc");
            }
        }

        @Test
        void lastsNoLongerThanItself() throws Exception {
            try (StuckRead stuck = new StuckRead(directory)) {
                assertThat(stuck.thread().isDaemon()).isTrue();
                assertThat(stuck.thread().getContextClassLoader()).isNull();
            }
            assertThat(BoundedRead.from(directory, BoundedReadTest::text)).isEqualTo("abc");
        }

        /** Opening a pipe waits until somebody writes to it, and no interrupt ends that. */
        @Test
        void mayBeOfAPipe() throws Exception {
            Path pipe = directory.resolve("pipe");
            assumeTrue(Files.exists(Path.of("/dev/zero")), "only Unix has pipes in its file system");
            assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                    .isZero();
            assertThatThrownBy(() -> BoundedRead.from(directory, () -> {
                        text();
                        return Files.readString(pipe);
                    }))
                    .isInstanceOf(NoAnswerException.class);
            Files.writeString(pipe, "too late");
            READER.get().join();
            assertThat(BoundedRead.from(directory, BoundedReadTest::text)).isEqualTo("abc");
        }
    }

    @Nested
    class ASettingWhosePlaceDoesNotAnswer {

        @Test
        void isAProblemOfItsFile() throws Exception {
            try (StuckRead ignored = new StuckRead(directory)) {
                SecretSource source =
                        SecretSource.of(Map.of("X_FILE", directory.resolve("X").toString()));
                assertThat(SecretValidator.of(Setting.secret("X").optional())
                                .check(source.withFiles())
                                .problems())
                        .containsExactly(new Problem(
                                "X",
                                Problem.Kind.INVALID,
                                "X_FILE names a file that does not answer",
                                "file named by X_FILE"));
            }
        }

        @Test
        void isOneProblemOfItsDirectory() throws Exception {
            SecretSource source = SecretSource.directory(directory);
            try (StuckRead ignored = new StuckRead(directory)) {
                assertThat(source.names()).isEmpty();
                assertThat(SecretValidator.of(
                                        Setting.secret("X").optional(),
                                        Setting.secret("Y").optional())
                                .check(source)
                                .problems())
                        .containsExactly(
                                new Problem("directory " + directory, Problem.Kind.INVALID, "does not answer", null));
            }
            assertThat(SecretValidator.of(Setting.secret("X").optional())
                            .check(source)
                            .valid())
                    .isTrue();
        }
    }

    @Test
    void noThreadIsStartedWhereNoFileIsRead() {
        READER.set(Thread.currentThread());
        SecretSource here = new SecretSource() {
            @Override
            public java.util.Optional<Found> find(String name) {
                READER.set(Thread.currentThread());
                return java.util.Optional.empty();
            }

            @Override
            public java.util.Set<String> names() {
                return java.util.Set.of();
            }
        };
        SecretValidator.requiring("X").check(here.withFiles().orElse(SecretSource.of(Map.of())));
        assertThat(READER.get()).isSameAs(Thread.currentThread());
    }
}
