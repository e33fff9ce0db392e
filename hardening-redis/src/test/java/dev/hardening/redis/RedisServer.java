package dev.hardening.redis;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import redis.embedded.core.ExecutableProvider;

/**
 * A real redis-server process on a free loopback port: the one on the PATH, else the one inside a test dependency, which
 * {@code -Dredis.server=embedded} asks for.
 */
final class RedisServer implements AutoCloseable {

    private static final Set<Process> RUNNING = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> RUNNING.forEach(Process::destroyForcibly)));
    }

    private static final class Executable {
        static final String PATH = find();

        private static String find() {
            if (!"embedded".equals(System.getProperty("redis.server"))) {
                for (String directory : System.getenv("PATH").split(File.pathSeparator, -1)) {
                    Path candidate = Path.of(directory, "redis-server");
                    if (Files.isExecutable(candidate)) {
                        return candidate.toString();
                    }
                }
            }
            try {
                return ExecutableProvider.newJarResourceProvider().get().getAbsolutePath();
            } catch (IOException impossible) {
                throw new IllegalStateException("no redis-server on the PATH, and none for this machine", impossible);
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
    }

    /**
     * A port that nobody has. It lies below those that the system hands out, so that no outgoing connection takes it
     * meanwhile, and the one 10,000 above it, which a cluster's bus uses, is free too.
     */
    static int freePort() {
        while (true) {
            int port = ThreadLocalRandom.current().nextInt(12_000, 22_000);
            if (isFree(port) && isFree(port + 10_000)) {
                return port;
            }
        }
    }

    private static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return socket.isBound();
        } catch (IOException taken) {
            return false;
        }
    }

    /** Starts a server and waits until it answers on its port. */
    static RedisServer start(String... arguments) throws Exception {
        for (int i = 1; ; i++) {
            try {
                return startAt(freePort(), arguments);
            } catch (IllegalStateException ended) {
                // Somebody may have taken the port in between.
                if (i == 5 || !ended.getMessage().contains("in use")) {
                    throw ended;
                }
            }
        }
    }

    static RedisServer startAt(int port, String... arguments) throws Exception {
        RedisServer server = new RedisServer(port, List.of(arguments));
        server.restart();
        return server;
    }

    /** Starts a Sentinel that alone decides about a primary. */
    static RedisServer sentinel(String name, RedisServer primary) throws Exception {
        return sentinel(name, primary.port());
    }

    static RedisServer sentinel(String name, int primary) throws Exception {
        Path file = Files.createTempFile("sentinel", ".conf"); // it writes into it
        Files.writeString(
                file,
                "sentinel monitor " + name + " 127.0.0.1 " + primary + " 1\n" + "sentinel down-after-milliseconds "
                        + name + " 60000\n");
        return start(file.toString(), "--sentinel");
    }

    void restart() throws Exception {
        List<String> command = new ArrayList<>(List.of(Executable.PATH));
        List<String> options = new ArrayList<>(arguments);
        if (!options.isEmpty() && options.get(0).endsWith(".conf")) {
            command.add(options.remove(0));
        } else {
            command.addAll(List.of("--save", ""));
        }
        command.addAll(List.of("--port", String.valueOf(port), "--bind", "127.0.0.1", "--dir", directory.toString()));
        command.addAll(options);
        Path output = directory.resolve("output.txt");
        process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        RUNNING.add(process);
        for (int i = 0; i < 600; i++) {
            if (!process.isAlive()) {
                throw new IllegalStateException("redis-server ended at once: " + Files.readString(output));
            }
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1_000);
                socket.setSoTimeout(10_000);
                socket.getOutputStream().write("PING\r\n".getBytes(StandardCharsets.US_ASCII));
                if (socket.getInputStream().read() >= 0) {
                    return;
                }
            } catch (IOException notYet) {
                TimeUnit.MILLISECONDS.sleep(50);
            }
        }
        throw new IllegalStateException("redis-server does not answer: " + Files.readString(output));
    }

    int port() {
        return port;
    }

    String uri() {
        return "redis://127.0.0.1:" + port;
    }

    /** Where it keeps its files. */
    Path directory() {
        return directory;
    }

    void stop() throws InterruptedException {
        process.destroyForcibly().waitFor();
        RUNNING.remove(process);
    }

    /** Lets it stand still with its sockets open, as a machine does that swaps; {@code CONT} lets it go on. */
    void signal(String name) throws Exception {
        // The shell's own kill: a small machine may have no other.
        int result = new ProcessBuilder("sh", "-c", "kill -" + name + " " + process.pid())
                .inheritIO()
                .start()
                .waitFor();
        if (result != 0) {
            throw new IllegalStateException("kill -" + name + " failed");
        }
    }

    /** What it answers to a command line, with several answers in their order. */
    String command(String... lines) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream()
                    .write((String.join("\r\n", lines) + "\r\nQUIT\r\n").getBytes(StandardCharsets.UTF_8));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Override
    public void close() throws Exception {
        stop();
        try (var files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
        if (!arguments.isEmpty() && arguments.get(0).endsWith(".conf")) {
            Files.deleteIfExists(Path.of(arguments.get(0)));
        }
    }
}
