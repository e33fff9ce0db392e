package dev.hardening.config;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/** A read of a directory that does not end, and lets nothing interrupt it, until it is closed: as of a mount that is gone. */
final class StuckRead implements AutoCloseable {

    private final CountDownLatch end = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);

    StuckRead(Path directory) {
        assertThatThrownBy(() -> BoundedRead.from(directory, this::read))
                .isInstanceOf(BoundedRead.NoAnswerException.class);
    }

    private String read() {
        while (end.getCount() > 0) {
            try {
                end.await();
            } catch (InterruptedException ignored) {
                // as a read of a mount that is gone does
            }
        }
        ended.countDown();
        return "too late";
    }

    @Override
    public void close() throws InterruptedException {
        end.countDown();
        ended.await();
    }
}
