package dev.hardening.springboot;

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
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** A real redis-server process on a free loopback port. */
final class RedisServer implements AutoCloseable {

    private final int port;
    private final List<String> arguments;
    private final Path directory;
    private Process process;

    private RedisServer(int port, List<String> arguments) throws IOException {
        this.port = port;
        this.arguments = arguments;
        directory = Files.createTempDirectory("redis");
    }

    /** Below the ports that the system hands out, so that no outgoing connection takes it meanwhile. */
    static int freePort() {
        while (true) {
            int port = ThreadLocalRandom.current().nextInt(12_000, 22_000);
            try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress());
                    ServerSocket bus = new ServerSocket(port + 10_000, 1, InetAddress.getLoopbackAddress())) {
                if (socket.isBound() && bus.isBound()) {
                    return port;
                }
            } catch (IOException taken) {
                // the next one
            }
        }
    }

    static RedisServer start(String... arguments) throws Exception {
        return startAt(freePort(), arguments);
    }

    static RedisServer startAt(int port, String... arguments) throws Exception {
        RedisServer server = new RedisServer(port, List.of(arguments));
        server.restart();
        return server;
    }

    void restart() throws Exception {
        List<String> command = new ArrayList<>(List.of(
                "redis-server",
                "--save",
                "",
                "--bind",
                "127.0.0.1",
                "--port",
                String.valueOf(port),
                "--dir",
                directory.toString()));
        command.addAll(arguments);
        Path output = directory.resolve("output.txt");
        process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        Process started = process;
        Runtime.getRuntime().addShutdownHook(new Thread(started::destroyForcibly));
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

    void stop() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    @Override
    public void close() throws Exception {
        stop();
        try (var files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
