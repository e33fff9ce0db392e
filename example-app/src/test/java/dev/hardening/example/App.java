package dev.hardening.example;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The packaged app as a process of its own, and a client of it. */
final class App implements AutoCloseable {

    static final String CANARY = "canary-7f3b1c";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient HTTP =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();

    private final Process process;
    private final List<String> output = new CopyOnWriteArrayList<>();
    private final CompletableFuture<URI> url = new CompletableFuture<>();
    private final Thread reader;

    private App(ProcessBuilder builder) throws IOException {
        process = builder.redirectErrorStream(true).start();
        reader = new Thread(this::read, "app-output");
        reader.setDaemon(true);
        reader.start();
    }

    static App demo(String... properties) throws Exception {
        App app = start(Map.of(), List.of(properties), "--demo");
        app.url();
        return app;
    }

    /** In production mode, with its six secrets, each of them a canary where it may be. */
    static App production(DemoIdentityProvider provider, String redisUrl) throws IOException {
        return start(productionSecrets(provider.projectUrl().toString()), List.of("redis.url=" + redisUrl));
    }

    static Map<String, String> productionSecrets(String supabaseUrl) {
        Map<String, String> secrets = new HashMap<>();
        secrets.put("SUPABASE_URL", supabaseUrl);
        secrets.put("SUPABASE_ANON_KEY", CANARY + "-anon");
        secrets.put("SUPABASE_SERVICE_ROLE_KEY", CANARY + "-service");
        secrets.put("LIVEKIT_API_KEY", CANARY + "-livekit");
        secrets.put("LIVEKIT_API_SECRET", CANARY + "-livekit-secret");
        secrets.put("LIVEKIT_URL", "wss://livekit.example");
        return secrets;
    }

    static App start(Map<String, String> environment, List<String> properties, String... arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-Dport=0");
        properties.forEach(property -> command.add("-D" + property));
        command.add("-jar");
        command.add(Path.of("target", "focus-squad.jar").toAbsolutePath().toString());
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command);
        FocusSquad.DECLARED.forEach(setting -> builder.environment().remove(setting.name()));
        builder.environment().remove("REDIS_URL");
        builder.environment().putAll(environment);
        return new App(builder);
    }

    private void read() {
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                output.add(line + '\n');
                if (line.startsWith(FocusSquad.READY)) {
                    url.complete(URI.create(line.substring(FocusSquad.READY.length())));
                }
            }
        } catch (IOException killed) {
            // Its output ends here.
        } finally {
            url.completeExceptionally(new IllegalStateException("it ended: " + output));
        }
    }

    URI url() throws Exception {
        return url.get(3, TimeUnit.MINUTES);
    }

    String output() {
        return String.join("", output);
    }

    /** Its exit code, once it has left and all its output is read. */
    int exitCode() throws InterruptedException {
        if (!process.waitFor(3, TimeUnit.MINUTES)) {
            throw new IllegalStateException("it has not left: " + output);
        }
        reader.join();
        return process.exitValue();
    }

    /** SIGTERM, as a deployment sends it. */
    void terminate() {
        process.destroy();
    }

    ProcessHandle handle() {
        return process.toHandle();
    }

    void kill() throws InterruptedException {
        process.destroyForcibly();
        exitCode();
    }

    HttpRequest.Builder request(String path) throws Exception {
        return HttpRequest.newBuilder(URI.create(url() + path)).timeout(Duration.ofSeconds(60));
    }

    HttpRequest.Builder head(String path) throws Exception {
        return request(path).method("HEAD", HttpRequest.BodyPublishers.noBody());
    }

    static HttpResponse<String> send(HttpRequest request) throws Exception {
        return HTTP.send(request, HttpResponse.BodyHandlers.ofString());
    }

    static CompletableFuture<HttpResponse<String>> sendAsync(HttpRequest request) {
        return HTTP.sendAsync(request, HttpResponse.BodyHandlers.ofString());
    }

    HttpResponse<String> get(String path, String token) throws Exception {
        return send(request(path).header("Authorization", "Bearer " + token).build());
    }

    HttpRequest ratingOf(String sessionId, String token, String json) throws Exception {
        return request("/api/v1/sessions/" + sessionId + "/rate")
                .header("Authorization", "Bearer " + token)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(json))
                .build();
    }

    HttpResponse<String> rate(String sessionId, String token, String json) throws Exception {
        return send(ratingOf(sessionId, token, json));
    }

    /** A drill of the demo; its answer has to be a success. */
    JsonNode drill(String name, String json) throws Exception {
        HttpResponse<String> answer = send(request("/drill/" + name)
                .header("X-Drill", "1")
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(json))
                .build());
        if (answer.statusCode() != 200) {
            throw new IllegalStateException(name + " answered " + answer.statusCode() + " " + answer.body());
        }
        return JSON.readTree(answer.body());
    }

    /** The demo's event stream, as a page reads it. */
    Events events() throws Exception {
        HttpResponse<Stream<String>> answer = HTTP.send(
                request("/drill/events").header("Accept", "text/event-stream").build(),
                HttpResponse.BodyHandlers.ofLines());
        return new Events(answer.body());
    }

    /** What a stream has brought so far. */
    static final class Events implements AutoCloseable {
        private final Stream<String> lines;
        private final List<JsonNode> load = new CopyOnWriteArrayList<>();

        private Events(Stream<String> lines) {
            this.lines = lines;
            Thread reader = new Thread(this::read, "events");
            reader.setDaemon(true);
            reader.start();
        }

        private void read() {
            try {
                String name = "";
                for (String line : (Iterable<String>) lines::iterator) {
                    if (line.startsWith("event:")) {
                        name = line.substring("event:".length()).strip();
                    } else if (line.startsWith("data:") && name.equals("load")) {
                        JSON.readTree(line.substring("data:".length())).forEach(load::add);
                    }
                }
            } catch (IOException | RuntimeException closed) {
                // It ends here.
            }
        }

        /** When each request of a lane was sent, and whose it was, in order. */
        List<String> load(String lane) {
            return load.stream()
                    .filter(row -> row.path(1).asText().equals(lane))
                    .map(row -> row.path(0).asText() + " " + row.path(2).asText())
                    .sorted()
                    .toList();
        }

        void awaitLoad(int answers) {
            await().atMost(Duration.ofSeconds(60)).until(() -> load.size() >= answers);
        }

        @Override
        public void close() {
            lines.close();
        }
    }

    JsonNode status() throws Exception {
        return json(send(request("/drill/status").build()));
    }

    JsonNode ready() throws Exception {
        return json(send(request("/health/ready").build()));
    }

    long metric(String name) throws Exception {
        return send(request("/metrics").build())
                .body()
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToLong(line -> (long) Double.parseDouble(line.substring(name.length() + 1)))
                .sum();
    }

    String token(String user) throws Exception {
        return drill("token", "{\"user\":\"" + user + "\"}")
                .path("access_token")
                .textValue();
    }

    static JsonNode json(HttpResponse<String> answer) throws IOException {
        return JSON.readTree(answer.body());
    }

    static String green(String... rateeIds) {
        return ratings("green", rateeIds);
    }

    static String ratings(String rating, String... rateeIds) {
        StringBuilder all = new StringBuilder();
        for (String rateeId : rateeIds) {
            all.append(all.length() == 0 ? "" : ",")
                    .append("{\"ratee_id\":\"" + rateeId + "\",\"rating\":\"" + rating + "\"}");
        }
        return "{\"ratings\":[" + all + "]}";
    }

    @Override
    public void close() throws Exception {
        process.destroy();
        if (!process.waitFor(20, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
    }
}
