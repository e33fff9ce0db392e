package dev.hardening.jwks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SharedThreadsTest {

    @Test
    void a_thread_takes_no_group_and_no_priority_of_its_creator() throws Exception {
        ThreadGroup tenant = new ThreadGroup("tenant");
        tenant.setMaxPriority(2);
        CompletableFuture<Thread> made = new CompletableFuture<>();
        Thread creator =
                new Thread(tenant, () -> made.complete(SharedThreads.newThread(() -> {}, "hardening-jwks-worker")));
        creator.start();
        Thread thread = made.get(30, TimeUnit.SECONDS);
        assertThat(thread.getThreadGroup().getParent()).isNull();
        assertThat(thread.getPriority()).isEqualTo(Thread.NORM_PRIORITY);
        assertThat(thread.isDaemon()).isTrue();
    }
}
