package dev.hardening.benchmarks;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Threads that call something, each at a steady pace or as fast as it can, until they are told to stop. */
final class Load implements AutoCloseable {

    /** What one thread does over and over. */
    @FunctionalInterface
    interface Call {
        void run(int n) throws Exception;
    }

    private final List<Thread> threads = new ArrayList<>();
    private final AtomicLong calls = new AtomicLong();
    private final AtomicLong failures = new AtomicLong();
    private volatile boolean stopped;

    /**
     * Starts threads.
     *
     * @param perMillisecond how many calls each offers in a millisecond; 0 for as many as it can. A thread that was held
     *     up makes up for it, for a tenth of a second at the most.
     */
    Load(int number, int perMillisecond, Call call) {
        for (int i = 0; i < number; i++) {
            int first = i * 7_919;
            Thread thread = daemon(() -> {
                if (perMillisecond == 0) {
                    spin(first, call);
                } else {
                    pace(first, perMillisecond, call);
                }
            });
            threads.add(thread);
        }
        threads.forEach(Thread::start);
    }

    static Thread daemon(Runnable task) {
        Thread thread = new Thread(task, "load");
        thread.setDaemon(true);
        return thread;
    }

    private void spin(int first, Call call) {
        for (int n = first; !stopped; n += 100) {
            run(n, 100, call);
        }
    }

    private void pace(int first, int perMillisecond, Call call) {
        long tick = TimeUnit.MILLISECONDS.toNanos(1);
        long due = System.nanoTime();
        for (int n = first; !stopped; n += perMillisecond) {
            run(n, perMillisecond, call);
            due = Math.max(due + tick, System.nanoTime() - 100 * tick);
            sleep(Duration.ofNanos(due - System.nanoTime()));
        }
    }

    private void run(int n, int times, Call call) {
        int failed = 0;
        int made = 0;
        for (; made < times && !stopped; made++) {
            try {
                call.run(n + made);
            } catch (Exception refused) {
                failed++;
            }
        }
        calls.addAndGet(made);
        failures.addAndGet(failed);
    }

    long calls() {
        return calls.get();
    }

    long failures() {
        return failures.get();
    }

    static void sleep(Duration duration) {
        if (!duration.isNegative()) {
            try {
                TimeUnit.NANOSECONDS.sleep(duration.toNanos());
            } catch (InterruptedException stopping) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Stops them, and waits until none is in a call any more. */
    @Override
    public void close() {
        stopped = true;
        for (Thread thread : threads) {
            try {
                thread.join(30_000);
            } catch (InterruptedException stopping) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
