package dev.hardening.example;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import redis.embedded.core.ExecutableProvider;

/** The demo's own Redis on loopback: the {@code redis-server} on the path, or the real one inside embedded-redis. */
final class DemoRedis implements AutoCloseable {

    private final List<String> command;
    private final int port;
    private final Path directory;
    private @Nullable Process process;

    /** Starts it, with further arguments of redis-server's own. */
    DemoRedis(String... further) throws IOException {
        String executable = executable();
        port = freePort();
        directory = Files.createTempDirectory("focus-squad-redis");
        // Everything is on disk before it is answered, so that a kill loses nothing.
        command = new ArrayList<>(List.of(
                executable,
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
        command.addAll(List.of(further));
        Runtime.getRuntime().addShutdownHook(new Thread(this::close));
        start();
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

    private static int freePort() throws IOException {
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

    synchronized void start() throws IOException {
        if (process == null || !process.isAlive()) {
            process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(directory.resolve("output.txt").toFile())
                    .start();
        }
    }

    /** Ends it at once, as a crash would. */
    synchronized void kill() {
        if (process != null) {
            process.destroyForcibly();
            boolean interrupted = false;
            try {
                process.waitFor();
            } catch (InterruptedException stopping) {
                interrupted = true;
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
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
