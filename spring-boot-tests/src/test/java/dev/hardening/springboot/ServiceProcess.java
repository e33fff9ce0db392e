package dev.hardening.springboot;

import dev.hardening.springboot.app.RatingsApplication;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** An application in a JVM of its own, as it is started in production. */
final class ServiceProcess implements AutoCloseable {

    private static final Pattern PORT = Pattern.compile("started on port (\\d+)");

    private final Process process;
    private final Path output;

    private ServiceProcess(Process process, Path output) {
        this.process = process;
        this.output = output;
    }

    /** The JDKs to start it with: this one, and the newer one that {@code -Djdk.newer} names. */
    static Stream<Path> jdks() {
        Path here = Path.of(System.getProperty("java.home"));
        String newer = System.getProperty("jdk.newer", "");
        return newer.isEmpty() ? Stream.of(here) : Stream.of(here, Path.of(newer));
    }

    static ServiceProcess start(Path jdk, List<String> options, String classPath, Class<?> main, String... arguments)
            throws IOException {
        List<String> command = new ArrayList<>(
                List.of(jdk.resolve("bin").resolve("java").toString(), "-XX:TieredStopAtLevel=1", "-cp", classPath));
        command.addAll(2, options);
        command.add(main.getName());
        command.addAll(Stream.of(arguments).map(argument -> "--" + argument).toList());
        Path output = Files.createTempFile("service", ".log");
        return new ServiceProcess(
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .start(),
                output);
    }

    static ServiceProcess start(Path jdk, Class<?> main, String... arguments) throws IOException {
        return start(jdk, List.of(), System.getProperty("java.class.path"), main, arguments);
    }

    static ServiceProcess ratings(Path jdk, Stack stack, String... properties) throws IOException {
        List<String> all = new ArrayList<>(
                List.of(stack.property(), "server.port=0", "server.address=127.0.0.1", "spring.main.banner-mode=off"));
        all.addAll(List.of(properties));
        return start(jdk, RatingsApplication.class, all.toArray(String[]::new));
    }

    /** This process's class path without the jars whose names begin so. */
    static String classPathWithout(String... names) {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> Stream.of(names)
                        .noneMatch(
                                name -> Path.of(entry).getFileName().toString().startsWith(name)))
                .collect(Collectors.joining(File.pathSeparator));
    }

    String output() throws IOException {
        return Files.readString(output, StandardCharsets.UTF_8);
    }

    int exitCode() throws Exception {
        if (!process.waitFor(6, TimeUnit.MINUTES)) {
            throw new IllegalStateException("it still runs: " + output());
        }
        return process.exitValue();
    }

    /** Waits until its log says this, for minutes on a machine that has too much to do. */
    void awaitOutput(String text) throws Exception {
        for (int i = 0; i < 3_600; i++) {
            if (output().contains(text)) {
                return;
            }
            if (!process.isAlive()) {
                break;
            }
            TimeUnit.MILLISECONDS.sleep(100);
        }
        throw new IllegalStateException("it never said " + text + ": " + output());
    }

    /** The status of an answer to a request with this token; the port is the one that the log named last. */
    int statusOf(String path, String token) throws Exception {
        String port = PORT.matcher(output())
                .results()
                .reduce((earlier, later) -> later)
                .orElseThrow()
                .group(1);
        return HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                                .header("Authorization", "Bearer " + token)
                                .build(),
                        HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    @Override
    public void close() throws Exception {
        process.destroyForcibly().waitFor();
        Files.deleteIfExists(output);
    }
}
