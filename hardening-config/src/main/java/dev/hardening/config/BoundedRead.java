package dev.hardening.config;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Gives up a read that does not end, such as one of {@code /proc/kmsg} or from a network mount whose server is gone. The
 * read has a thread of its own, which ends with it. Where the system does not let a read be interrupted, its thread stays
 * until the read ends; it does not keep the process alive, and until then no other read of the same directory is begun.
 */
final class BoundedRead<T> implements Runnable {

    /** How long a read may take, in milliseconds: together with what is around it, less than a second. */
    private static final long MAX_MILLIS = 750;

    private static final Map<Path, Thread> STUCK = Collections.synchronizedMap(new HashMap<>());

    /** What is read. */
    interface Read<T> {
        T read() throws IOException;
    }

    /** The read was given up. */
    static final class NoAnswerException extends IOException {

        private static final long serialVersionUID = 1;
    }

    private final Read<T> read;
    private @Nullable T result;
    private @Nullable Throwable failure;

    private BoundedRead(Read<T> read) {
        this.read = read;
    }

    /**
     * Reads, in a thread that ends before this returns.
     *
     * @param directory the directory that is read from; after a read of it that did not end, it is not asked again until
     *     that read has ended
     * @throws NoAnswerException if the read does not end in time
     * @throws IOException if the read fails
     */
    static <T> T from(Path directory, Read<T> read) throws IOException {
        Path place = directory.toAbsolutePath();
        STUCK.values().removeIf(thread -> !thread.isAlive());
        if (STUCK.containsKey(place)) {
            throw new NoAnswerException();
        }
        BoundedRead<T> run = new BoundedRead<>(read);
        Thread thread = new Thread(null, run, "hardening-config read", 0, false);
        thread.setDaemon(true);
        thread.setContextClassLoader(null); // a read that is stuck must keep no application in memory
        thread.start();
        if (!endsInTime(thread)) {
            STUCK.put(place, thread);
            thread.interrupt();
            throw new NoAnswerException();
        }
        return run.result();
    }

    /** An interrupt of the caller does not cut the wait short; the caller finds it afterwards. */
    private static boolean endsInTime(Thread thread) {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(MAX_MILLIS);
        boolean interrupted = false;
        while (true) {
            long left = end - System.nanoTime();
            try {
                // Zero would mean to wait for ever.
                thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(left)));
                break;
            } catch (InterruptedException later) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return !thread.isAlive();
    }

    @Override
    public void run() {
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
