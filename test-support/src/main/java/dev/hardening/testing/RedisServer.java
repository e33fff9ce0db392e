package dev.hardening.testing;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import redis.embedded.core.ExecutableProvider;

/**
 * A real redis-server process on a free loopback port. It is the {@code redis-server} on the PATH, or, where there is none,
 * the Redis 6.2 inside a dependency. {@code -Dredis.server=embedded} asks for the latter. It keeps nothing on disk unless
 * its arguments say so.
 */
public final class RedisServer implements AutoCloseable {

    private static final Set<Process> RUNNING = ConcurrentHashMap.newKeySet();
    private static final Pattern VERSION = Pattern.compile("v=(\\d+)\\.(\\d+)\\S*");

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> RUNNING.forEach(Process::destroyForcibly)));
    }

    private static final class Executable {
        static final Path PATH = find();
        static final String VERSION_LINE = versionLine();

        private static Path find() {
            if (!"embedded".equals(System.getProperty("redis.server"))) {
                var onPath = Executables.find("redis-server");
                if (onPath.isPresent()) {
                    return onPath.get();
                }
            }
            try {
                return ExecutableProvider.newJarResourceProvider().get().toPath();
            } catch (IOException failed) {
                throw new IllegalStateException("no redis-server on the PATH, and none for this machine", failed);
            }
        }

        private static String versionLine() {
            try {
                Process process = new ProcessBuilder(PATH.toString(), "--version").start();
                return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            } catch (IOException failed) {
                throw new IllegalStateException("redis-server --version failed", failed);
            }
        }
    }

    private final int port;
    private final List<String> arguments;
    private final Path directory;
    private Process process;

    private RedisServer(int port, List<String> arguments) throws IOException {
        this.port = port;
        this.arguments = arguments;
        directory = Files.createTempDirectory("redis");
        process = launch();
    }

    /** Skips the test, with one line that says why, unless the server is of this version or newer. */
    public static void assumeVersion(int major, int minor) {
        Matcher version = VERSION.matcher(Executable.VERSION_LINE);
        if (!version.find()) {
            throw new IllegalStateException("unknown version: " + Executable.VERSION_LINE);
        }
        int foundMajor = Integer.parseInt(version.group(1));
        int foundMinor = Integer.parseInt(version.group(2));
        Assumptions.assumeTrue(
                foundMajor > major || (foundMajor == major && foundMinor >= minor),
                "needs Redis " + major + "." + minor + ", and this machine has " + foundMajor + "." + foundMinor);
    }

    /** Starts a server and waits until it answers on its port. */
    public static RedisServer start(String... arguments) throws IOException {
        for (int i = 1; ; i++) {
            try {
                return startAt(Ports.free(), arguments);
            } catch (IllegalStateException ended) {
                // Another process may have taken the port in between.
                if (i == 5 || !String.valueOf(ended.getMessage()).contains("in use")) {
                    throw ended;
                }
            }
        }
    }

    /** Starts a server on a given port and waits until it answers. */
    public static RedisServer startAt(int port, String... arguments) throws IOException {
        RedisServer server = new RedisServer(port, List.of(arguments));
        try {
            server.awaitAnswer();
        } catch (IllegalStateException failed) {
            server.close();
            throw failed;
        }
        return server;
    }

    /** Starts a Sentinel that decides alone about a primary. */
    public static RedisServer sentinel(String name, RedisServer primary, String... lines) throws IOException {
        return sentinel(name, primary.port(), lines);
    }

    /**
     * Starts a Sentinel that decides alone about a primary.
     *
     * @param lines further lines of its configuration file
     */
    public static RedisServer sentinel(String name, int primaryPort, String... lines) throws IOException {
        Path file = Files.createTempFile("sentinel", ".conf"); // it writes into it
        List<String> all = new ArrayList<>(List.of(
                "sentinel monitor " + name + " 127.0.0.1 " + primaryPort + " 1",
                "sentinel down-after-milliseconds " + name + " 60000"));
        all.addAll(List.of(lines));
        Files.write(file, all);
        return start(file.toString(), "--sentinel");
    }

    /** Starts it again on the same port, with the same arguments, and waits until it answers. */
    public void restart() throws IOException {
        process = launch();
        awaitAnswer();
    }

    private Process launch() throws IOException {
        List<String> command = new ArrayList<>(List.of(Executable.PATH.toString()));
        List<String> options = new ArrayList<>(arguments);
        if (hasFile()) {
            command.add(options.remove(0));
        } else {
            command.addAll(List.of("--save", ""));
        }
        command.addAll(List.of("--port", String.valueOf(port), "--bind", "127.0.0.1", "--dir", directory.toString()));
        command.addAll(options);
        Process started = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output().toFile())
                .start();
        RUNNING.add(started);
        return started;
    }

    private boolean hasFile() {
        return !arguments.isEmpty() && arguments.get(0).endsWith(".conf");
    }

    private Path output() {
        return directory.resolve("output.txt");
    }

    private void awaitAnswer() throws IOException {
        for (int i = 0; i < 600; i++) {
            if (!process.isAlive()) {
                throw new IllegalStateException("redis-server ended at once: " + Files.readString(output()));
            }
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1_000);
                socket.setSoTimeout(10_000);
                socket.getOutputStream().write("PING\r\n".getBytes(StandardCharsets.US_ASCII));
                if (socket.getInputStream().read() >= 0) {
                    return;
                }
            } catch (IOException notYet) {
                pause();
            }
        }
        throw new IllegalStateException("redis-server does not answer: " + Files.readString(output()));
    }

    /** Waits for a moment before the next look. */
    static void pause() throws IOException {
        try {
            TimeUnit.MILLISECONDS.sleep(50);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for a redis-server");
        }
    }

    /** The port on 127.0.0.1 that it listens on, and keeps over restarts. */
    public int port() {
        return port;
    }

    /** Such as {@code redis://127.0.0.1:6379}. */
    public String uri() {
        return "redis://127.0.0.1:" + port;
    }

    /** Where it keeps its files. */
    public Path directory() {
        return directory;
    }

    /** Ends it at once, as a crash does; {@link #restart()} starts it again. */
    public void stop() {
        process.destroyForcibly().onExit().join();
        RUNNING.remove(process);
    }

    /** Sends a signal: {@code STOP} makes it stand still with its sockets open, {@code CONT} lets it go on. */
    public void signal(String name) throws IOException {
        // The shell's own kill: a small machine may have no other.
        int result = new ProcessBuilder("sh", "-c", "kill -" + name + " " + process.pid())
                .start()
                .onExit()
                .join()
                .exitValue();
        if (result != 0) {
            throw new IllegalStateException("kill -" + name + " failed");
        }
    }

    /** Sends command lines and returns all that it answered, in order, as the protocol writes it. */
    public String command(String... lines) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(30_000);
            socket.getOutputStream()
                    .write((String.join("\r\n", lines) + "\r\nQUIT\r\n").getBytes(StandardCharsets.UTF_8));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Override
    public void close() throws IOException {
        stop();
        try (var files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
        if (hasFile()) {
            Files.deleteIfExists(Path.of(arguments.get(0)));
        }
    }
}
