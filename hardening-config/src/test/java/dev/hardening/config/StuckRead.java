package dev.hardening.config;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;

/** A read of a directory that does not end, and lets nothing interrupt it, until it is closed: as of a mount that is gone. */
final class StuckRead implements AutoCloseable {

    private final CountDownLatch end = new CountDownLatch(1);
    private final AtomicReference<Thread> thread = new AtomicReference<>();

    private interface Start {
        void of(BoundedRead.Read<String> read) throws IOException;
    }

    StuckRead(Path directory) {
        this(read -> BoundedRead.from(directory, read));
    }

    private StuckRead(Start start) {
        assertThatThrownBy(() -> start.of(this::read)).isInstanceOf(BoundedRead.NoAnswerException.class);
    }

    /** The same of a search for the names in the directory. */
    static StuckRead ofNames(Path directory) {
        return new StuckRead(read -> BoundedRead.namesIn(directory, read));
    }

    private String read() {
        thread.set(Thread.currentThread());
        while (end.getCount() > 0) {
            try {
                end.await();
            } catch (InterruptedException ignored) {
                // as a read of a mount that is gone does
            }
        }
        return "too late";
    }

    Thread thread() {
        return thread.get();
    }

    @Override
    public void close() throws InterruptedException {
        end.countDown();
        thread.get().join();
    }
}
