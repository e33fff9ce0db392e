package dev.hardening.redis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Who is told what of an outage, on which thread, and in which order; a test runs the tasks itself. */
class NotifierTest {

    private static final int OUTAGES = 1_000;

    private final Deque<Runnable> tasks = new ArrayDeque<>();
    private final List<String> told = new CopyOnWriteArrayList<>();

    private Supervisor supervisor(ConnectListener... listeners) {
        List<Notifier> notifiers = new ArrayList<>();
        for (ConnectListener listener : listeners) {
            notifiers.add(new Notifier(listener, tasks::add));
        }
        return new Supervisor(notifiers);
    }

    private void runTasks() {
        while (!tasks.isEmpty()) {
            tasks.remove().run();
        }
    }

    /** Writes down what it is told, and does something then. */
    private ConnectListener listener(Consumer<String> then) {
        return new ConnectListener() {
            private void tell(String event) {
                told.add(event);
                then.accept(event);
            }

            @Override
            public void disconnected(String reason) {
                tell("lost: " + reason);
            }

            @Override
            public void reconnectFailed(String reason) {
                tell("failed: " + reason);
            }

            @Override
            public void reconnected() {
                tell("back");
            }

            @Override
            public void closed() {
                tell("closed");
            }
        };
    }

    @Nested
    class Order {

        @Test
        void whatHappensFirstIsToldFirstAndOnce() {
            Supervisor supervisor = supervisor(listener(event -> {}));
            supervisor.lost("one", "reset");
            supervisor.lost("other", "reset");
            supervisor.reconnectFailed("refused");
            supervisor.reconnectFailed("refused");
            supervisor.returned("one");
            supervisor.returned("other");
            assertThat(told).isEmpty(); // not on the thread that it happened on
            runTasks();
            assertThat(told).containsExactly("lost: reset", "failed: refused", "back");
        }

        @Test
        void eachReasonIsToldOnceInAnOutage() {
            Supervisor supervisor = supervisor(listener(event -> {}));
            for (int outage = 0; outage < 2; outage++) {
                supervisor.lost("one", "reset");
                for (String reason : List.of("timed out", "reset", "timed out", "refused", "reset")) {
                    supervisor.reconnectFailed(reason);
                    assertThat(supervisor.whyDown("one")).isEqualTo(reason);
                }
                supervisor.returned("one");
            }
            runTasks();
            List<String> once = List.of("lost: reset", "failed: timed out", "failed: refused", "back");
            assertThat(told.subList(0, 4)).isEqualTo(once);
            assertThat(told.subList(4, told.size())).isEqualTo(once);
        }

        @Test
        void aUseThatIsRefusedIsToldAlsoWhileOthersAreLost() {
            Supervisor supervisor = supervisor(listener(event -> {}));
            supervisor.useRefused("one", "NOPERM");
            supervisor.returned("one");
            supervisor.lost("other", "reset");
            supervisor.useRefused("one", "NOPERM");
            supervisor.returned("other");
            supervisor.returned("one");
            supervisor.close();
            supervisor.useRefused("one", "late");
            supervisor.deliver();
            assertThat(told).containsExactly("lost: NOPERM", "back", "lost: reset", "failed: NOPERM", "back", "closed");
        }

        @Test
        void nothingIsToldAfterTheClose() {
            Supervisor supervisor = supervisor(listener(event -> {}));
            supervisor.lost("one", "reset");
            assertThat(supervisor.close()).isTrue();
            assertThat(supervisor.close()).isFalse();
            supervisor.returned("one");
            supervisor.lost("one", "late");
            supervisor.reconnectFailed("late");
            supervisor.deliver();
            runTasks();
            assertThat(told).containsExactly("lost: reset", "closed");
            assertThat(supervisor.whyDown("one")).isEqualTo(Supervisor.CLOSED);
        }

        @Test
        void itStaysSoWithManyThreads() throws Exception {
            Supervisor supervisor = new Supervisor(List.of(new Notifier(listener(event -> {}), Workers::run)));
            Thread one = new Thread(() -> flap(supervisor));
            Thread other = new Thread(() -> flap(supervisor));
            one.start();
            other.start();
            one.join();
            other.join();
            supervisor.close();
            Awaitility.await().until(() -> {
                supervisor.deliver();
                return told.contains("closed");
            });
            assertThat(told.get(told.size() - 1)).isEqualTo("closed");
            for (int i = 0; i < told.size() - 1; i++) {
                assertThat(told.get(i)).isEqualTo(i % 2 == 0 ? "lost: reset" : "back");
            }
        }

        private void flap(Supervisor supervisor) {
            Object connection = new Object();
            for (int i = 0; i < OUTAGES; i++) {
                supervisor.lost(connection, "reset");
                supervisor.returned(connection);
            }
        }
    }

    @Nested
    class AListener {

        @Test
        void thatBlocksHoldsUpOnlyItself() throws Exception {
            CountDownLatch entered = new CountDownLatch(1);
            CountDownLatch goOn = new CountDownLatch(1);
            List<String> others = new CopyOnWriteArrayList<>();
            ConnectListener blocks = listener(event -> {
                entered.countDown();
                await(goOn);
            });
            ConnectListener other = new ConnectListener() {
                @Override
                public void disconnected(String reason) {
                    others.add(reason);
                }

                @Override
                public void reconnected() {
                    others.add("back");
                }
            };
            Supervisor supervisor = supervisor(blocks, other);
            supervisor.lost("one", "reset");
            Thread blocked = new Thread(tasks.remove());
            blocked.start();
            await(entered);

            supervisor.returned("one"); // while the listener is being told of the loss
            runTasks();
            assertThat(supervisor.whyDown("one")).isNull();
            assertThat(others).containsExactly("reset", "back");
            assertThat(supervisor.close()).isTrue();
            supervisor.deliver(); // does not wait for it
            assertThat(told).containsExactly("lost: reset");

            goOn.countDown();
            blocked.join();
            assertThat(told).containsExactly("lost: reset", "back", "closed");
        }

        @Test
        void thatCallsBackIsToldTheRestAfterwards() {
            Supervisor[] supervisor = new Supervisor[1];
            List<String> nested = new ArrayList<>();
            supervisor[0] = supervisor(listener(event -> {
                if (event.startsWith("lost")) {
                    nested.add(supervisor[0].whyDown("one"));
                    supervisor[0].returned("one");
                    supervisor[0].close();
                    supervisor[0].deliver();
                    nested.addAll(told); // nothing in the middle of it
                }
            }));
            supervisor[0].lost("one", "reset");
            runTasks();
            assertThat(nested).containsExactly("reset", "lost: reset");
            assertThat(told).containsExactly("lost: reset", "back", "closed");
        }

        @Test
        void thatThrowsIsToldTheRestAndSoAreTheOthers() {
            List<String> others = new ArrayList<>();
            Supervisor supervisor = supervisor(
                    listener(event -> {
                        throw new IllegalStateException(event);
                    }),
                    new ConnectListener() {
                        @Override
                        public void disconnected() {
                            others.add("lost");
                        }
                    });
            supervisor.lost("one", "reset");
            supervisor.returned("one");
            runTasks();
            assertThat(told).containsExactly("lost: reset", "back");
            assertThat(others).containsExactly("lost");
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }
}
