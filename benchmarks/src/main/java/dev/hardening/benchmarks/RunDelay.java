package dev.hardening.benchmarks;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * For how long the thread that made this could have run and was not let, by Linux's own account of it
 * ({@code schedstat}): a thread that waits for a lock or an answer does not count. Elsewhere it says 0.
 */
final class RunDelay implements AutoCloseable {

    private static final Path ACCOUNT = Path.of("/proc/thread-self/schedstat");

    private final ByteBuffer buffer = ByteBuffer.allocate(128);
    private final @Nullable FileChannel account;

    RunDelay() {
        try {
            account = Files.isReadable(ACCOUNT) ? FileChannel.open(ACCOUNT) : null;
        } catch (IOException notThisOne) {
            throw new IllegalStateException(notThisOne);
        }
    }

    /** Nanoseconds since the thread began. */
    long nanos() {
        if (account == null) {
            return 0;
        }
        try {
            buffer.clear();
            account.read(buffer, 0);
            buffer.flip();
            String[] fields =
                    StandardCharsets.US_ASCII.decode(buffer).toString().strip().split(" ", -1);
            return Long.parseLong(fields[1]);
        } catch (IOException gone) {
            throw new IllegalStateException(gone);
        }
    }

    @Override
    public void close() {
        if (account != null) {
            try {
                account.close();
            } catch (IOException gone) {
                throw new IllegalStateException(gone);
            }
        }
    }
}
