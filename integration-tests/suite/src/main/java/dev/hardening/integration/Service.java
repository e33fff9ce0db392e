package dev.hardening.integration;

import dev.hardening.testing.IdentityProvider;
import dev.hardening.testing.Ports;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A host's service as a process. Each request has a connection of its own, as behind a load balancer that keeps none. */
final class Service implements AutoCloseable {

    static final Map<String, String> SECRETS =
            Map.of("API_KEY", "canary-api-5f0c9d27", "DB_PASSWORD", "canary-db-81b6e34a");

    /** An answer: its status, its header, its body, and the milliseconds it took. */
    record Answer(int status, String header, String body, long millis) {
        boolean hasHeader(String name) {
            return header.lines().anyMatch(line -> line.regionMatches(true, 0, name + ":", 0, name.length() + 1));
        }
    }

    private static final Pattern LENGTH = Pattern.compile("(?im)^content-length: *(\\d+)");

    private final int port = Ports.free();
    private final Path log;
    private final Process process;
    private final Transcript transcript;

    /**
     * Starts it.
     *
     * @param environment what differs from the usual environment; an empty value removes the variable
     * @param transcript gets what it logs and answers
     */
    Service(Host host, IdentityProvider provider, String redis, Map<String, String> environment, Transcript transcript)
            throws IOException {
        this.transcript = transcript;
        log = Files.createTempFile("service", ".log");
        List<String> command = new ArrayList<>(List.of(Java.executable(host.java())));
        command.addAll(host.command());
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        Map<String, String> variables = builder.environment();
        variables.putAll(SECRETS);
        variables.put("PORT", String.valueOf(port));
        variables.put("ISSUER", provider.issuer());
        variables.put("AUDIENCE", "authenticated");
        variables.put("REDIS_URL", redis);
        variables.put("KEYS_TTL", "3600");
        variables.put("KEY_WAIT", System.getProperty("key.wait", "500"));
        environment.forEach((name, value) -> {
            if (value.isEmpty()) {
                variables.remove(name);
            } else {
                variables.put(name, value);
            }
        });
        process = builder.start();
        Thread end = new Thread(process::destroyForcibly);
        Runtime.getRuntime().addShutdownHook(end);
        var unused = process.onExit().thenRun(() -> removeHook(end));
    }

    private static void removeHook(Thread end) {
        try {
            Runtime.getRuntime().removeShutdownHook(end);
        } catch (IllegalStateException stopping) {
            // This process is ending itself.
        }
    }

    /** Waits until it answers at all. */
    Service awaitStart() throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(180);
        while (System.nanoTime() < deadline) {
            if (!process.isAlive()) {
                throw new IOException("ended at its start with " + process.exitValue() + lastLines());
            }
            try {
                get("/health/ready", null);
                return this;
            } catch (IOException notYet) {
                TimeUnit.MILLISECONDS.sleep(50);
            }
        }
        throw new IOException("does not answer after 180 s" + lastLines());
    }

    /** Waits for its end. */
    int awaitEnd(Duration atMost) throws IOException, InterruptedException {
        if (!process.waitFor(atMost.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new IOException("still runs after " + atMost.toSeconds() + " s" + lastLines());
        }
        return process.exitValue();
    }

    boolean isListening() {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException refused) {
            return false;
        }
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Sends SIGTERM. */
    void terminate() {
        process.destroy();
    }

    /** Asks for a path, with a token or without one. */
    Answer get(String path, @Nullable String token) throws IOException {
        long start = System.nanoTime();
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(60_000);
            socket.setTcpNoDelay(true);
            String request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                    + (token == null ? "" : "Authorization: Bearer " + token + "\r\n") + "\r\n";
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            String text = read(socket.getInputStream());
            int end = text.indexOf("\r\n\r\n");
            if (!text.startsWith("HTTP/1.") || end < 0) {
                throw new IOException(
                        "no complete answer: " + text.lines().findFirst().orElse("nothing at all"));
            }
            transcript.add(text);
            return new Answer(
                    Integer.parseInt(text.substring(9, 12)),
                    text.substring(0, end),
                    text.substring(end + 4),
                    TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start));
        }
    }

    /** Reads one answer by its own length (RFC 9112, section 6.3): not every host closes the connection at once. */
    private static String read(InputStream in) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        byte[] buffer = new byte[8_192];
        for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
            bytes.write(buffer, 0, count);
            if (isWhole(bytes.toString(StandardCharsets.ISO_8859_1))) {
                break;
            }
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private static boolean isWhole(String text) {
        int end = text.indexOf("\r\n\r\n");
        if (end < 0) {
            return false;
        }
        Matcher length = LENGTH.matcher(text.substring(0, end));
        return length.find()
                ? text.length() - end - 4 >= Integer.parseInt(length.group(1))
                : text.endsWith("\r\n0\r\n\r\n");
    }

    /** The status of an answer, or 0 where the connection was refused. */
    int status(String path, @Nullable String token) throws IOException {
        try {
            return get(path, token).status();
        } catch (ConnectException refused) {
            return 0;
        }
    }

    String log() throws IOException {
        return Files.readString(log);
    }

    /** The end of its log, below the sentence: a page shows the sentence alone. */
    private String lastLines() throws IOException {
        List<String> lines = log().lines().toList();
        return "\n" + String.join("\n", lines.subList(Math.max(0, lines.size() - 5), lines.size()));
    }

    @Override
    public void close() throws IOException {
        process.destroyForcibly().onExit().join();
        transcript.add(log());
        Files.deleteIfExists(log);
    }

    /** Finds a Java that is new enough. */
    static final class Java {

        private Java() {}

        static String executable(int version) {
            return home(version) + File.separator + "bin" + File.separator + "java";
        }

        /** The feature version of that Java, such as 25. */
        static int feature(int version) throws IOException {
            Matcher release = Pattern.compile("JAVA_VERSION=\"(\\d+)")
                    .matcher(Files.readString(Path.of(home(version), "release")));
            return release.find() ? Integer.parseInt(release.group(1)) : version;
        }

        private static String home(int version) {
            String home = System.getProperty("java.home");
            if (Runtime.version().feature() < version) {
                home = System.getProperty("java." + version + ".home", System.getenv("JAVA_" + version + "_HOME"));
                if (home == null) {
                    throw new IllegalStateException(
                            "needs Java " + version + ": say where it is in JAVA_" + version + "_HOME");
                }
            }
            return home;
        }
    }
}
