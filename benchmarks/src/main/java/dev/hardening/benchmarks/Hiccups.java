package dev.hardening.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A thread that only reads the clock: each gap in it is the machine's, or a pause of the whole JVM. */
final class Hiccups implements AutoCloseable {

    private static final long NOTED = TimeUnit.MICROSECONDS.toNanos(200);

    private record Gap(long from, long to) {}

    private final List<Gap> gaps = new ArrayList<>();
    private final Thread thread = Load.daemon(this::spin);
    private volatile boolean stopped;

    Hiccups() {
        thread.start();
    }

    private void spin() {
        long last = System.nanoTime();
        while (!stopped) {
            long now = System.nanoTime();
            if (now - last > NOTED) {
                gaps.add(new Gap(last, now));
            }
            last = now;
            Thread.onSpinWait();
        }
    }

    /** How much of a span of time was in gaps; after {@link #close()}. */
    long within(long from, long to) {
        long sum = 0;
        for (Gap gap : gaps) {
            sum += Math.max(0, Math.min(to, gap.to) - Math.max(from, gap.from));
        }
        return sum;
    }

    /** The longest gap, in nanoseconds; after {@link #close()}. */
    long longest() {
        return gaps.stream().mapToLong(gap -> gap.to - gap.from).max().orElse(0);
    }

    @Override
    public void close() {
        stopped = true;
        try {
            thread.join();
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
        }
    }
}
