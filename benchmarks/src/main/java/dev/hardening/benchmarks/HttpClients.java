package dev.hardening.benchmarks;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A few clients of one server, each on a connection that it keeps, who send a request once the last is answered. They
 * speak just enough HTTP/1.1 for that, so that they leave the machine to the server.
 */
final class HttpClients implements AutoCloseable {

    private final List<Connection> connections = new ArrayList<>();

    HttpClients(URI server, String path, List<String> tokens, int number) throws IOException {
        for (int i = 0; i < number; i++) {
            connections.add(new Connection(server, path, tokens, i));
        }
    }

    /** What a window of load came to; the rate is of requests a second that were answered with 200. */
    record Seen(double rate, long failed) {}

    Seen run(Duration window) {
        List<Thread> threads = new ArrayList<>();
        long start = System.nanoTime();
        long end = start + window.toNanos();
        for (Connection connection : connections) {
            threads.add(Load.daemon(() -> connection.run(end)));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException stopping) {
                Thread.currentThread().interrupt();
            }
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        long answered = connections.stream()
                .mapToLong(connection -> connection.answered)
                .sum();
        long failed =
                connections.stream().mapToLong(connection -> connection.failed).sum();
        return new Seen(answered / seconds, failed);
    }

    @Override
    public void close() throws IOException {
        for (Connection connection : connections) {
            connection.socket.close();
        }
    }

    private static final class Connection {

        private final Socket socket;
        private final InputStream in;
        private final List<byte[]> requests = new ArrayList<>();
        private int next;
        private long answered;
        private long failed;

        Connection(URI server, String path, List<String> tokens, int first) throws IOException {
            socket = new Socket(InetAddress.getLoopbackAddress(), server.getPort());
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(10_000);
            in = new BufferedInputStream(socket.getInputStream());
            next = first;
            for (String token : tokens) {
                requests.add(
                        ("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token + "\r\n\r\n")
                                .getBytes(StandardCharsets.US_ASCII));
            }
        }

        void run(long end) {
            answered = 0;
            failed = 0;
            try {
                while (System.nanoTime() - end < 0) {
                    socket.getOutputStream().write(requests.get(next++ % requests.size()));
                    if (status() == 200) {
                        answered++;
                    } else {
                        failed++;
                    }
                }
            } catch (IOException lost) {
                failed++;
            }
        }

        private int status() throws IOException {
            int status = Integer.parseInt(line().split(" ", 3)[1]);
            int length = -1;
            for (String header = line(); !header.isEmpty(); header = line()) {
                if (header.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
                    length = Integer.parseInt(header.substring(15).strip());
                }
            }
            if (length < 0) {
                throw new IOException("an answer without a length");
            }
            in.skipNBytes(length);
            return status;
        }

        private String line() throws IOException {
            StringBuilder line = new StringBuilder(64);
            for (int c = in.read(); c != '\n'; c = in.read()) {
                if (c < 0) {
                    throw new IOException("the connection is closed");
                }
                if (c != '\r') {
                    line.append((char) c);
                }
            }
            return line.toString();
        }
    }
}
