package dev.hardening.example;

import dev.hardening.example.plain.PlainService;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A copy of one lane's service as a process of its own, for the drills that start or stop one. */
final class Copy implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(40);

    private final long startedAt = System.nanoTime();
    private final Process process;
    private final List<String> output = new CopyOnWriteArrayList<>();
    private final CompletableFuture<URI> listening = new CompletableFuture<>();
    private final Thread reader;

    /** The hardened service in production mode, or the plain one, each with exactly these variables. */
    static Copy start(Lane lane, Map<String, String> environment) throws IOException {
        return new Copy(lane, environment);
    }

    /** The copy's own main: it ends with the demo that started it, however that ends. */
    public static void main(String[] lane) {
        ProcessHandle.current().parent().ifPresent(FocusSquad::endWith);
        if (Lane.valueOf(lane[0]) == Lane.HARDENED) {
            FocusSquad.main(new String[0]);
        } else {
            PlainService.main(new String[0]);
        }
    }

    private Copy(Lane lane, Map<String, String> environment) throws IOException {
        // Small and quickly started: a copy lives for seconds.
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Dport=0",
                        "-Xmx96m",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Copy.class.getName(),
                        lane.name())
                .redirectErrorStream(true);
        List<String> names = new ArrayList<>(
                FocusSquad.DECLARED.stream().map(setting -> setting.name()).toList());
        names.forEach(name -> builder.environment().remove(name + "_FILE"));
        names.addAll(List.of("REDIS_URL", "PORT"));
        names.forEach(builder.environment()::remove);
        builder.environment().putAll(environment);
        process = builder.start();
        reader = new Thread(this::read, "copy-output");
        reader.setDaemon(true);
        reader.start();
    }

    private void read() {
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                output.add(line + '\n');
                int at = line.indexOf("Focus Squad is at http://");
                if (at >= 0) {
                    listening.complete(URI.create(line.substring(line.indexOf("http://"))));
                }
            }
        } catch (IOException killed) {
            // Its output ends here.
        } finally {
            listening.completeExceptionally(new IllegalStateException("It has left"));
        }
    }

    /** Where it listens; empty if it left before. */
    Optional<URI> url() throws InterruptedException {
        try {
            return Optional.of(listening.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS));
        } catch (ExecutionException | TimeoutException left) {
            return Optional.empty();
        }
    }

    /** Its exit code, once it has left and its output is complete. */
    int exitCode() throws InterruptedException {
        if (!process.waitFor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
            process.destroyForcibly();
        }
        reader.join(PATIENCE.toMillis());
        return process.waitFor();
    }

    String output() {
        return String.join("", output);
    }

    long ageMillis() {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startedAt);
    }

    /** SIGTERM, where there are signals. */
    void terminate() {
        process.destroy();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
