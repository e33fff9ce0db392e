package dev.hardening.example;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Starts a copy of each lane's service without two of the six secrets. */
final class SecretsBoot {

    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final String redisUrl;

    SecretsBoot(String redisUrl) {
        this.redisUrl = redisUrl;
    }

    Map<String, Object> run() throws IOException, InterruptedException {
        Map<String, String> environment = Map.of(
                "SUPABASE_ANON_KEY", Demo.NO_SECRET,
                "SUPABASE_SERVICE_ROLE_KEY", Demo.NO_SECRET,
                "LIVEKIT_API_SECRET", Demo.NO_SECRET,
                "LIVEKIT_URL", "wss://livekit.focus-squad.example",
                "REDIS_URL", redisUrl);
        try (Copy hardened = Copy.start(Lane.HARDENED, environment);
                Copy plain = Copy.start(Lane.PLAIN, environment)) {
            Map<String, Object> answer = new LinkedHashMap<>();
            answer.put(Lane.HARDENED.word(), hardened(hardened));
            answer.put(Lane.PLAIN.word(), plain(plain));
            return answer;
        }
    }

    private static Map<String, Object> hardened(Copy copy) throws InterruptedException {
        Map<String, Object> seen = new LinkedHashMap<>();
        seen.put("exit_code", copy.exitCode());
        seen.put("output", copy.output());
        seen.put("took_ms", copy.ageMillis());
        return seen;
    }

    /** It starts; what comes of that is seen at its first request with a token. */
    private static Map<String, Object> plain(Copy copy) throws IOException, InterruptedException {
        Map<String, Object> seen = new LinkedHashMap<>();
        Optional<URI> url = copy.url();
        seen.put("started", url.isPresent());
        if (url.isPresent()) {
            HttpClient client = HttpClient.newHttpClient();
            seen.put("health", status(client, url.get().resolve("/health")));
            seen.put("first_request", status(client, url.get().resolve("/api/v1/sessions/pending-ratings")));
        }
        return seen;
    }

    private static int status(HttpClient client, URI url) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(url)
                .header("Authorization", "Bearer a.b.c")
                .timeout(PATIENCE)
                .build();
        return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
    }
}
