package dev.hardening.config;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;

/** A read of a directory that does not end, and lets nothing interrupt it, until it is closed: as of a mount that is gone. */
final class StuckRead implements AutoCloseable {

    private final CountDownLatch end = new CountDownLatch(1);
    private final AtomicReference<Thread> thread = new AtomicReference<>();

    StuckRead(Path directory) {
        assertThatThrownBy(() -> BoundedRead.from(directory, this::read))
                .isInstanceOf(BoundedRead.NoAnswerException.class);
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
