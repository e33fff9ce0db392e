package dev.hardening.example;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.nimbusds.jose.JWSAlgorithm;
import dev.hardening.example.plain.PlainService;
import dev.hardening.redis.ConnectedRedis;
import dev.hardening.redis.RedisConnector;
import dev.hardening.testing.RedisServer;
import io.javalin.Javalin;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class PlainServiceTest {

    /** Sixteen of them have a thread, the others wait for one. */
    private static final int REQUESTS = 20;

    @Test
    void requestsThatWaitForAThreadAreAnsweredWhenItCloses() throws Exception {
        try (RedisServer server = RedisServer.start();
                ConnectedRedis redis =
                        RedisConnector.builder(server.uri()).build().connect();
                DemoIdentityProvider provider = new DemoIdentityProvider();
                PlainService plain = new PlainService(Map.of(
                        "REDIS_URL", server.uri(),
                        "SUPABASE_URL", provider.projectUrl().toString()))) {
            plain.fetchKeys();
            AtomicInteger arrived = new AtomicInteger();
            Javalin javalin = Javalin.create(config -> {
                        config.startup.showJavalinBanner = false;
                        config.routes.before(context -> arrived.incrementAndGet());
                        PlainService.register(config, "", () -> plain);
                    })
                    .start("127.0.0.1", 0);
            try {
                HttpRequest request = HttpRequest.newBuilder(
                                URI.create("http://127.0.0.1:" + javalin.port() + "/api/v1/sessions/pending-ratings"))
                        .header(
                                "Authorization",
                                "Bearer " + provider.sign(UUID.randomUUID().toString(), "ada", JWSAlgorithm.ES256))
                        .timeout(Duration.ofMinutes(2))
                        .build();
                redis.sync().clientPause(300_000);
                HttpClient client = HttpClient.newHttpClient();
                List<CompletableFuture<HttpResponse<Void>>> answers = Stream.generate(
                                () -> client.sendAsync(request, HttpResponse.BodyHandlers.discarding()))
                        .limit(REQUESTS)
                        .toList();
                await().until(() -> arrived.get() == REQUESTS);
                plain.close();
                assertThat(answers)
                        .allSatisfy(
                                answer -> assertThat(answer.join().statusCode()).isEqualTo(500));
            } finally {
                javalin.stop();
            }
        }
    }
}
