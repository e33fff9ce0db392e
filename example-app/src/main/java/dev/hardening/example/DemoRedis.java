package dev.hardening.example;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import redis.embedded.core.ExecutableProvider;

/**
 * The demo's own Redis on loopback: the {@code redis-server} on the path, or the real one inside embedded-redis. It ends
 * with this process, however that ends: a shell waits for the end of its input, which only this process holds open, and
 * then kills the server.
 */
final class DemoRedis implements AutoCloseable {

    private static final Path SHELL = Path.of("/bin/sh");
    private static final String UNTIL_THE_INPUT_ENDS =
            "trap : INT TERM HUP; \"$@\" </dev/null & cat >/dev/null; kill -9 $!; wait; rm -rf \"$0\"";

    private final List<String> command = new ArrayList<>();
    private final int port;
    private final Path directory;
    private @Nullable Process process;

    /** Starts it on a free port. */
    DemoRedis() throws IOException {
        this(freePort());
        start();
    }

    /** One that is started later. */
    DemoRedis(int port) throws IOException {
        this.port = port;
        directory = Files.createTempDirectory("focus-squad-redis");
        if (Files.isExecutable(SHELL)) {
            command.addAll(List.of(SHELL.toString(), "-c", UNTIL_THE_INPUT_ENDS, directory.toString()));
        }
        // Everything is on disk before it is answered, so that a kill loses nothing.
        command.addAll(List.of(
                executable(),
                "--port",
                String.valueOf(port),
                "--bind",
                "127.0.0.1",
                "--dir",
                directory.toString(),
                "--save",
                "",
                "--appendonly",
                "yes",
                "--appendfsync",
                "always"));
    }

    private static String executable() throws IOException {
        for (String entry : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1)) {
            Path candidate = Path.of(entry, "redis-server");
            if (Files.isExecutable(candidate)) {
                return candidate.toString();
            }
        }
        return ExecutableProvider.newJarResourceProvider().get().getPath();
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    int port() {
        return port;
    }

    String url() {
        return "redis://127.0.0.1:" + port;
    }

    /** {@return whether it was started} It is not if it runs. */
    synchronized boolean start() throws IOException {
        if (listens()) {
            return false;
        }
        kill(); // the shell outlives a server that ended by itself
        process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("output.txt").toFile())
                .start();
        return true;
    }

    private boolean listens() {
        try (Socket socket = new Socket(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), port)) {
            return socket.isConnected();
        } catch (IOException refused) {
            return false;
        }
    }

    /** Ends it at once, as a crash would, and keeps its data. {@return whether it ran} */
    synchronized boolean kill() {
        if (process == null) {
            return false;
        }
        boolean ran = listens();
        // The shell first: it would remove the data.
        List<ProcessHandle> children = process.descendants().toList();
        process.destroyForcibly();
        children.forEach(ProcessHandle::destroyForcibly);
        process.onExit().join();
        children.forEach(child -> child.onExit().join());
        return ran;
    }

    @Override
    public void close() {
        kill();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException leftForTheSystem) {
            // A temporary directory; the system clears it.
        }
    }
}
