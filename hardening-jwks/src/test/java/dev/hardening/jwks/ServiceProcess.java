package dev.hardening.jwks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A service in a process of its own, whose threads are all its own. It prints what it saw. */
final class ServiceProcess {

    private ServiceProcess() {}

    /**
     * Runs one, and returns the lines that it printed.
     *
     * @param what one of the cases of {@link #main}
     * @param options of the virtual machine
     */
    static List<String> run(String what, URI uri, String... options) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-XX:TieredStopAtLevel=1");
        command.addAll(List.of(options));
        command.addAll(List.of(
                "-cp", System.getProperty("java.class.path"), ServiceProcess.class.getName(), what, uri.toString()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            List<String> lines = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.contains("dev.hardening.jwks.JWKSCache -- "))
                    .toList();
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("it exits").isTrue();
            assertThat(process.exitValue()).isZero();
            return lines;
        } finally {
            process.destroyForcibly();
        }
    }

    public static void main(String[] arguments) throws Exception {
        Thread.setDefaultUncaughtExceptionHandler((thread, escaped) -> System.out.println("escaped: " + escaped));
        URI uri = URI.create(arguments[1]);
        switch (arguments[0]) {
            case "without-close" -> {
                JWKSCache cache = JWKSCache.builder(uri).build();
                cache.getKeys();
                System.out.println(cache.status().state());
            }
            case "get-keys" -> getKeys(uri);
            case "close-during-fetch" -> closeDuringFetch(uri);
            case "thousand-issuers-at-once" -> thousandIssuersAtOnce(uri);
            case "thousand-issuers-in-turn" -> thousandIssuersInTurn(uri);
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    private static void getKeys(URI uri) {
        try (JWKSCache cache = JWKSCache.builder(uri).build()) {
            System.out.println(cache.getKeys().getKeys().size() + " keys");
        } catch (JWKSUnavailableException unavailable) {
            System.out.println(unavailable.getMessage());
        }
    }

    private static void closeDuringFetch(URI uri) throws Exception {
        JWKSCache open = JWKSCache.builder(uri).build(); // one that is forgotten keeps no thread either
        JWKSCache cache = JWKSCache.builder(uri).build();
        CountDownLatch over = new CountDownLatch(1);
        Thread reader = new Thread(() -> {
            try {
                cache.getKeys();
            } catch (JWKSUnavailableException closed) {
                System.out.println("unavailable");
            }
            over.countDown();
        });
        reader.start();
        while (ours().stream().noneMatch(name -> name.equals("hardening-jwks-worker"))) {
            Thread.onSpinWait();
        }
        cache.close();
        over.await();
        // It takes a fifth of a second; the ceiling is for machines with much else to do.
        for (int i = 0; i < 600 && !ours().isEmpty(); i++) {
            Thread.sleep(50);
        }
        System.out.println("left: " + ours());
        System.out.println(open.status().state());
    }

    private static List<JWKSCache> thousandCaches(URI uri) {
        List<JWKSCache> caches = new ArrayList<>();
        for (int issuer = 0; issuer < 1_000; issuer++) {
            caches.add(JWKSCache.builder(uri.resolve("/issuer/" + issuer))
                    .fetchTimeout(Duration.ofMinutes(1)) // so that the first fetches end on a busy machine too
                    .listener(new JWKSCacheListener() {})
                    .build());
        }
        return caches;
    }

    private static void thousandIssuersAtOnce(URI uri) {
        List<JWKSCache> caches = thousandCaches(uri);
        List<CompletableFuture<?>> reads = new ArrayList<>();
        caches.forEach(cache -> reads.add(cache.getKeysAsync()));
        reads.forEach(CompletableFuture::join);
        System.out.println(caches.stream()
                        .filter(cache -> cache.findKey("rsa-1").isPresent())
                        .count()
                + " have keys");
    }

    private static void thousandIssuersInTurn(URI uri) {
        List<JWKSCache> caches = thousandCaches(uri);
        List<String> most = List.of();
        for (JWKSCache cache : caches) {
            cache.getKeys();
            List<String> now = ours();
            most = now.size() > most.size() ? now : most;
        }
        System.out.println(most.size() <= 4 ? "few threads" : "too many threads: " + most);
    }

    private static List<String> ours() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("hardening"))
                .toList();
    }
}
