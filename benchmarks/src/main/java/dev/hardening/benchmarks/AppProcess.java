package dev.hardening.benchmarks;

import dev.hardening.testing.IdentityProvider;
import dev.hardening.testing.RedisServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.Consumer;

/** The example app as a process, in production mode. */
record AppProcess(Process process, URI url) implements AutoCloseable {

    private static final String READY = "Focus Squad is at ";

    /**
     * Starts it and waits until it listens.
     *
     * @param java the command, without its configuration
     * @param output hears each line that it writes, from then on
     */
    static AppProcess start(ProcessBuilder java, IdentityProvider keys, RedisServer redis, Consumer<String> output)
            throws IOException {
        java.environment()
                .putAll(Map.of(
                        "PORT", "0",
                        "REDIS_URL", redis.uri(),
                        "SUPABASE_URL", keys.url().toString(),
                        "SUPABASE_ANON_KEY", "for-the-benchmark-only",
                        "SUPABASE_SERVICE_ROLE_KEY", "for-the-benchmark-only",
                        "LIVEKIT_API_KEY", "for-the-benchmark-only",
                        "LIVEKIT_API_SECRET", "for-the-benchmark-only",
                        "LIVEKIT_URL", "wss://livekit.focus-squad.example"));
        Process process = Children.start(java.redirectErrorStream(true));
        StringBuilder early = new StringBuilder();
        BufferedReader lines = process.inputReader(StandardCharsets.UTF_8);
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            if (line.startsWith(READY)) {
                Load.daemon(() -> lines.lines().forEach(output)).start();
                return new AppProcess(process, URI.create(line.substring(READY.length())));
            }
            early.append(line).append('\n');
        }
        Children.end(process);
        throw new IOException("the app did not start: " + early);
    }

    @Override
    public void close() {
        Children.end(process);
    }
}
