package dev.hardening.config;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Gives up a read that does not end, such as one of {@code /proc/kmsg} or from a network mount whose server is gone.
 * The read has a thread of its own, which ends with the read. If the system cannot interrupt the read, the thread stays
 * until the read ends. It does not keep the process alive, and no other read of the same directory begins until then. A
 * search for names that does not end keeps only other searches from it.
 */
final class BoundedRead<T> implements Runnable {

    /** How long a read may take. Together with the work around it, this is less than a second. */
    private static final long MAX_NANOS = TimeUnit.MILLISECONDS.toNanos(750);

    /** Each wait counts for at most this long, so that a pause of the process does not use up the time of the read. */
    private static final long SLICE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private static final Map<Place, Thread> STUCK = Collections.synchronizedMap(new HashMap<>());

    private record Place(Path directory, boolean forNames) {

        static Place of(Path directory, boolean forNames) {
            return new Place(directory.toAbsolutePath(), forNames);
        }
    }

    /** What is read. */
    interface Read<T> {
        T read() throws IOException;
    }

    /** The read was given up. */
    static final class NoAnswerException extends IOException {

        private static final long serialVersionUID = 1;
    }

    private final Read<T> read;
    private final LongSupplier clock;
    private final CountDownLatch started = new CountDownLatch(1);
    private @Nullable T result;
    private @Nullable Throwable failure;

    private BoundedRead(Read<T> read, LongSupplier clock) {
        this.read = read;
        this.clock = clock;
    }

    /**
     * Reads, in a thread that ends before this returns unless the read is given up.
     *
     * @param directory the directory that is read from; if a read of it did not end, it is not read again until that
     *     read has ended
     * @throws NoAnswerException if the read does not end in time
     * @throws IOException if the read fails
     */
    static <T> T from(Path directory, Read<T> read) throws IOException {
        return from(directory, read, System::nanoTime);
    }

    static <T> T from(Path directory, Read<T> read, LongSupplier clock) throws IOException {
        return from(Place.of(directory, false), new BoundedRead<>(read, clock));
    }

    /** Searches a directory for names. If the search does not end, the files of the directory can still be read. */
    static <T> T namesIn(Path directory, Read<T> search) throws IOException {
        requireAnswer(Place.of(directory, false));
        return from(Place.of(directory, true), new BoundedRead<>(search, System::nanoTime));
    }

    /** Whether the read that this is called in was given up. */
    static boolean isGivenUp() {
        return Thread.currentThread().isInterrupted();
    }

    private static void requireAnswer(Place place) throws NoAnswerException {
        STUCK.values().removeIf(thread -> !thread.isAlive());
        if (STUCK.containsKey(place)) {
            throw new NoAnswerException();
        }
    }

    private static <T> T from(Place place, BoundedRead<T> run) throws IOException {
        requireAnswer(place);
        Thread thread = new Thread(null, run, "hardening-config read", 0, false);
        thread.setDaemon(true);
        thread.setContextClassLoader(null); // a read that hangs must not keep an application in memory
        thread.start();
        run.awaitEnd(thread);
        if (thread.isAlive()) {
            STUCK.put(place, thread);
            thread.interrupt();
            throw new NoAnswerException();
        }
        return run.result();
    }

    /**
     * Waits for the read. The time counts from the moment when the read begins, so that a busy machine does not look
     * like a read that hangs. An interrupt of the caller does not end the wait; its interrupt flag is set afterwards.
     */
    private void awaitEnd(Thread thread) {
        boolean interrupted = false;
        long waited = 0;
        while (thread.isAlive() && waited < MAX_NANOS) {
            try {
                started.await();
                long begin = clock.getAsLong();
                TimeUnit.NANOSECONDS.timedJoin(thread, SLICE_NANOS);
                waited += Math.min(clock.getAsLong() - begin, SLICE_NANOS);
            } catch (InterruptedException later) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void run() {
        started.countDown();
        try {
            result = read.read();
        } catch (Throwable thrown) {
            failure = thrown;
        }
    }

    private T result() throws IOException {
        if (failure instanceof IOException io) {
            throw io;
        }
        if (failure instanceof RuntimeException runtime) {
            throw runtime;
        }
        if (failure instanceof Error error) {
            throw error;
        }
        return Objects.requireNonNull(result);
    }
}
