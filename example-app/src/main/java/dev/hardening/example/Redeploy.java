package dev.hardening.example;

import com.nimbusds.jose.JWSAlgorithm;
import dev.hardening.redis.ConnectedRedis;
import dev.hardening.redis.RedisConnector;
import java.io.IOException;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Stops a copy of each lane's service with SIGTERM while ratings are sent to it and its Redis is slow, as a deployment does.
 */
final class Redeploy {

    private static final int REQUESTS = 24;
    private static final int STOPPED_AFTER = 12;
    private static final Duration BETWEEN_REQUESTS = Duration.ofMillis(40);
    private static final Duration REDIS_PAUSE = Duration.ofMillis(700);
    private static final Duration PATIENCE = Duration.ofSeconds(12);

    private final DemoIdentityProvider provider;
    private final Map<String, String> secrets;

    Redeploy(DemoIdentityProvider provider, Map<String, String> secrets) {
        this.provider = provider;
        this.secrets = secrets;
    }

    /** How one request ended. */
    private enum End {
        ANSWERED,
        /** 503, or nothing listens on the port: the request was not accepted, and the next instance gets it. */
        TOLD_TO_RETRY,
        /** Accepted and never answered: its sender cannot know whether it was kept. */
        LOST
    }

    Map<String, Object> run() throws IOException, InterruptedException {
        DemoRedis server = new DemoRedis();
        Map<String, String> environment = new LinkedHashMap<>(secrets);
        environment.put("REDIS_URL", server.url());
        try (server;
                ConnectedRedis redis =
                        RedisConnector.builder(server.url()).build().connect();
                Copy hardened = Copy.start(Lane.HARDENED, environment);
                Copy plain = Copy.start(Lane.PLAIN, environment)) {
            URI hardenedUrl = hardened.url().orElseThrow(() -> new IOException("the hardened copy did not start"));
            URI plainUrl = plain.url().orElseThrow(() -> new IOException("the plain copy did not start"));
            List<Table> seated = seat(redis);
            // Each has answered once, so that its keys are there.
            post(hardenedUrl, seated.get(0));
            post(plainUrl, seated.get(0));

            List<CompletableFuture<End>> toHardened = new ArrayList<>();
            List<CompletableFuture<End>> toPlain = new ArrayList<>();
            ExecutorService senders = Executors.newCachedThreadPool(Demo::daemon);
            for (Table table : seated.subList(1, seated.size())) {
                toHardened.add(CompletableFuture.supplyAsync(() -> post(hardenedUrl, table), senders));
                toPlain.add(CompletableFuture.supplyAsync(() -> post(plainUrl, table), senders));
                TimeUnit.MILLISECONDS.sleep(BETWEEN_REQUESTS.toMillis());
                if (toHardened.size() == STOPPED_AFTER / 2) {
                    redis.sync().clientPause(REDIS_PAUSE.toMillis());
                }
                if (toHardened.size() == STOPPED_AFTER) {
                    hardened.terminate();
                    plain.terminate();
                }
            }
            Map<String, Object> answer = new LinkedHashMap<>();
            answer.put(Lane.HARDENED.word(), count(toHardened));
            answer.put(Lane.PLAIN.word(), count(toPlain));
            senders.shutdown();
            return answer;
        }
    }

    /** A table whose first member rates the second. */
    private record Table(String session, String token, String body) {}

    private List<Table> seat(ConnectedRedis redis) {
        Tables tables = new Tables(redis::sync, Clock.systemUTC());
        List<Table> seated = new ArrayList<>();
        for (int number = 0; number <= REQUESTS; number++) {
            String session = UUID.randomUUID().toString();
            String rater = UUID.randomUUID().toString();
            String ratee = UUID.randomUUID().toString();
            Instant startedAt = Instant.now().minus(Phase.ratableAfter());
            tables.create(new Tables.Session(session, startedAt, Map.of(rater, "Ada", ratee, "Ben")));
            seated.add(new Table(
                    session,
                    provider.sign(rater, "ada", JWSAlgorithm.ES256),
                    "{\"ratings\":[{\"ratee_id\":\"" + ratee + "\",\"rating\":\"green\"}]}"));
        }
        return seated;
    }

    /** A client that opens a connection for each request, and never sends one twice by itself. */
    private static End post(URI server, Table table) {
        byte[] body = table.body.getBytes(StandardCharsets.UTF_8);
        try {
            HttpURLConnection connection =
                    (HttpURLConnection) server.resolve("/api/v1/sessions/" + table.session + "/rate")
                            .toURL()
                            .openConnection();
            connection.setConnectTimeout((int) PATIENCE.toMillis());
            connection.setReadTimeout((int) PATIENCE.toMillis());
            connection.setRequestMethod("POST");
            connection.setDoOutput(true);
            connection.setFixedLengthStreamingMode(body.length);
            connection.setRequestProperty("Content-Type", "application/json");
            connection.setRequestProperty("Connection", "close");
            connection.setRequestProperty("Authorization", "Bearer " + table.token);
            try (OutputStream out = connection.getOutputStream()) {
                out.write(body);
            }
            return connection.getResponseCode() == 503 ? End.TOLD_TO_RETRY : End.ANSWERED;
        } catch (ConnectException nobodyListens) {
            return End.TOLD_TO_RETRY;
        } catch (IOException cut) {
            return End.LOST;
        }
    }

    private static Map<String, Object> count(List<CompletableFuture<End>> sent) {
        List<End> ends = sent.stream().map(CompletableFuture::join).toList();
        Map<String, Object> counts = new LinkedHashMap<>();
        counts.put("sent", ends.size());
        counts.put("answered", count(ends, End.ANSWERED));
        counts.put("told_to_retry", count(ends, End.TOLD_TO_RETRY));
        counts.put("lost", count(ends, End.LOST));
        return counts;
    }

    private static long count(List<End> ends, End wanted) {
        return ends.stream().filter(end -> end == wanted).count();
    }
}
