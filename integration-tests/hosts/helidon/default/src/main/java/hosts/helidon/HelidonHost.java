package hosts.helidon;

import io.helidon.config.Config;
import io.helidon.health.HealthCheckResponse;
import io.helidon.health.HealthCheckType;
import io.helidon.security.SecurityContext;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.observe.ObserveFeature;
import io.helidon.webserver.observe.health.HealthObserver;
import io.helidon.webserver.security.SecurityFeature;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;

/** A service on Helidon SE as its documentation begins, with Lettuce as its own begins. */
public final class HelidonHost {

    private HelidonHost() {}

    /** Starts it. */
    public static void main(String... arguments) {
        Config config = Config.create();
        // Required: a start without them fails.
        String apiKey = config.get("API_KEY").asString().get();
        String dbPassword = config.get("DB_PASSWORD").asString().get();
        StatefulRedisConnection<String, String> redis =
                RedisClient.create(config.get("REDIS_URL").asString().get()).connect();
        HealthObserver health = HealthObserver.builder()
                .addCheck(
                        () -> HealthCheckResponse.builder()
                                .status("PONG".equals(redis.sync().ping()))
                                .build(),
                        HealthCheckType.READINESS,
                        "redis")
                .build();
        WebServer.builder()
                .config(config.get("server"))
                .addFeature(ObserveFeature.builder()
                        .endpoint("/")
                        .addObserver(health)
                        .build())
                .routing(routing -> routing.get(
                                "/me",
                                SecurityFeature.authenticate(),
                                (request, response) -> response.send(subject(request)))
                        .get("/slow", SecurityFeature.authenticate(), (request, response) -> {
                            Thread.sleep(500);
                            response.send(subject(request));
                        })
                        .get(
                                "/count",
                                SecurityFeature.authenticate(),
                                (request, response) -> response.send(
                                        String.valueOf(redis.sync().incr("count")))))
                .build()
                .start();
    }

    private static String subject(ServerRequest request) {
        return request.context().get(SecurityContext.class).orElseThrow().userName();
    }
}
