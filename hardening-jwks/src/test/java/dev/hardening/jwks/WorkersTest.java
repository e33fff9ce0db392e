package dev.hardening.jwks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class WorkersTest {

    @Test
    void many_tasks_that_wait_get_many_threads() throws Exception {
        Workers workers = new Workers(new Timer());
        Set<Thread> threads = ConcurrentHashMap.newKeySet();
        CountDownLatch done = new CountDownLatch(400);
        for (int i = 0; i < 400; i++) {
            workers.execute(() -> {
                threads.add(Thread.currentThread());
                try {
                    TimeUnit.MILLISECONDS.sleep(50); // as a healthy endpoint does
                } catch (InterruptedException ended) {
                    Thread.currentThread().interrupt();
                }
                done.countDown();
            });
        }
        assertThat(done.await(60, TimeUnit.SECONDS)).isTrue();
        assertThat(threads).hasSizeGreaterThan(25);
    }
}
