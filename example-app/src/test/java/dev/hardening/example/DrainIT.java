package dev.hardening.example;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.hardening.redis.ConnectedRedis;
import dev.hardening.redis.RedisConnector;
import dev.hardening.testing.RedisServer;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What SIGTERM does to an instance in production mode. */
class DrainIT {

    private RedisServer server;
    private ConnectedRedis redis;
    private DemoIdentityProvider provider;
    private App app;
    private Tables tables;

    @BeforeEach
    void start() throws Exception {
        server = RedisServer.start();
        redis = RedisConnector.builder(server.uri()).build().connect();
        provider = new DemoIdentityProvider();
        app = App.production(provider, server.uri());
        tables = new Tables(redis::sync, Clock.systemUTC());
        app.url();
    }

    @AfterEach
    void stop() throws Exception {
        app.close();
        provider.close();
        redis.close();
        server.close();
    }

    @Test
    void aRequestUnderWayIsAnsweredAndANewOneGets503() throws Exception {
        Seated warm = Seated.at(tables);
        assertThat(app.rate(warm.session(), warm.token(provider), warm.allGreen())
                        .statusCode())
                .isEqualTo(200);
        Seated table = Seated.at(tables);
        HttpRequest request = app.ratingOf(table.session(), table.token(provider), table.allGreen());
        redis.sync().clientPause(3000);
        CompletableFuture<HttpResponse<String>> underWay = App.sendAsync(request);
        // Redis stands still, so the request is under way once it has arrived.
        Thread.sleep(500);
        app.terminate();

        await().atMost(Duration.ofSeconds(5)).untilAsserted(() -> {
            HttpResponse<String> refused = App.send(app.request("/health/live").build());
            assertThat(refused.statusCode()).isEqualTo(503);
            assertThat(App.json(refused).path("code").asText()).isEqualTo("SHUTTING_DOWN");
            assertThat(refused.headers().firstValue("Retry-After")).isPresent();
            assertThat(refused.headers().firstValue("Content-Security-Policy")).isPresent();
        });
        assertThat(underWay.join().statusCode()).isEqualTo(200);
        assertThat(app.exitCode()).isEqualTo(143);
        assertThat(redis.sync().hlen(table.ratingsKey())).isEqualTo(3);
    }

    @Test
    void aRequestThatNeverEndsDelaysTheStopByTenSecondsAtMost() throws Exception {
        URI url = app.url();
        try (Socket endless = new Socket(url.getHost(), url.getPort())) {
            OutputStream out = endless.getOutputStream();
            Seated table = Seated.at(tables);
            out.write(("POST /api/v1/sessions/" + table.session() + "/rate HTTP/1.1\r\nHost: localhost\r\n"
                            + "Content-Type: application/json\r\nContent-Length: 1000\r\nAuthorization: Bearer "
                            + table.token(provider) + "\r\n\r\n{")
                    .getBytes(StandardCharsets.US_ASCII));
            out.flush();
            Thread.sleep(500);
            app.terminate();
            // The limit is the app's own; this only shows that there is one.
            assertThat(app.exitCode()).isEqualTo(143);
        }
    }
}
