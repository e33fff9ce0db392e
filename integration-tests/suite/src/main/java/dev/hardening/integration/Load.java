package dev.hardening.integration;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** A steady rate of requests, each on a thread of its own, so that a slow answer holds back no other. */
final class Load implements AutoCloseable {

    /** What became of one request: its status, or 0 if it got no answer, and when it began and how long it took. */
    record Outcome(int status, long beganAtNanos, long millis, String problem) {}

    /** Makes one request. */
    interface Request {
        Service.Answer send() throws IOException;
    }

    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(Load::daemon);
    private final ExecutorService threads = Executors.newCachedThreadPool(Load::daemon);
    private final List<Future<Outcome>> outcomes = new ArrayList<>();

    private final int perSecond;
    private final Supplier<Request> requests;

    /** Sends nothing yet. */
    Load(int perSecond, Supplier<Request> requests) {
        this.perSecond = perSecond;
        this.requests = requests;
    }

    /** Begins to send. */
    void begin() {
        var unused =
                clock.scheduleAtFixedRate(() -> send(requests.get()), 0, 1_000_000L / perSecond, TimeUnit.MICROSECONDS);
    }

    private synchronized void send(Request request) {
        outcomes.add(threads.submit(() -> outcome(request)));
    }

    private static Outcome outcome(Request request) {
        long start = System.nanoTime();
        try {
            Service.Answer answer = request.send();
            return new Outcome(answer.status(), start, answer.millis(), "");
        } catch (IOException failed) {
            return new Outcome(
                    0,
                    start,
                    TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start),
                    String.valueOf(failed.getMessage()));
        }
    }

    private static Thread daemon(Runnable task) {
        Thread thread = new Thread(task, "load");
        thread.setDaemon(true);
        return thread;
    }

    /** Ends it, waits for the answers that are still to come, and returns what became of each request. */
    List<Outcome> end() throws Exception {
        clock.shutdown();
        if (!clock.awaitTermination(10, TimeUnit.SECONDS)) {
            throw new IllegalStateException("the load does not end");
        }
        List<Outcome> all = new ArrayList<>();
        for (Future<Outcome> outcome : outcomes) {
            all.add(outcome.get(70, TimeUnit.SECONDS));
        }
        return all;
    }

    /** How often each status was seen, such as {@code {200=480, 503=20}}. */
    static Map<Integer, Long> counts(List<Outcome> outcomes) {
        Map<Integer, Long> counts = new TreeMap<>();
        outcomes.forEach(outcome -> counts.merge(outcome.status(), 1L, Long::sum));
        return counts;
    }

    @Override
    public void close() {
        clock.shutdownNow();
        threads.shutdownNow();
    }
}
