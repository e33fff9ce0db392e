package hosts.helidon;

import com.nimbusds.jwt.JWTClaimsSet;
import dev.hardening.integration.Parts;
import dev.hardening.jwks.InvalidTokenException;
import dev.hardening.jwks.JWKSUnavailableException;
import dev.hardening.jwks.TokenDecoder;
import io.helidon.http.HeaderNames;
import io.helidon.http.Status;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.lettuce.core.RedisException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** A service on Helidon SE. */
public final class HelidonHost {

    private HelidonHost() {}

    // example: glue
    /** Lets a request with a valid token through to the next handler; 401 without one, 503 while there are no keys. */
    static Handler authenticated(TokenDecoder decoder) {
        return (request, response) -> {
            String header = request.headers().first(HeaderNames.AUTHORIZATION).orElse("");
            String token = header.regionMatches(true, 0, "Bearer ", 0, 7) ? header.substring(7) : "";
            request.context().register(decoder.decode(token)); // may wait: each request has a virtual thread of its own
            response.next();
        };
    }

    static void explain(HttpRouting.Builder routing) {
        routing.error(
                InvalidTokenException.class, (request, response, invalid) -> response.status(Status.UNAUTHORIZED_401)
                        .header(HeaderNames.WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")
                        .send(invalid.reason().name()));
        routing.error(JWKSUnavailableException.class, (request, response, outage) -> unavailable(response));
        routing.error(RedisException.class, (request, response, outage) -> unavailable(response));
    }

    static void unavailable(ServerResponse response) {
        response.status(Status.SERVICE_UNAVAILABLE_503)
                .header(HeaderNames.RETRY_AFTER, "5")
                .send("unavailable");
    }
    // example: end

    /** Starts it. */
    public static void main(String... arguments) {
        Parts parts = Parts.open();
        Handler authenticated = authenticated(parts.decoder());
        WebServer server = WebServer.builder()
                .host("127.0.0.1")
                .port(parts.port())
                .shutdownHook(false)
                .shutdownGracePeriod(Duration.ofSeconds(10)) // waits for the requests under way
                .routing(routing -> {
                    explain(routing);
                    routing.get("/me", authenticated, (request, response) -> response.send(subject(request)));
                    routing.get(
                            "/slow",
                            authenticated,
                            (request, response) -> response.send(await(parts.later(subject(request)))));
                    routing.get("/count", authenticated, (request, response) -> response.send(await(parts.count())));
                    routing.get("/health/ready", (request, response) -> {
                        boolean ready = await(parts.ready());
                        response.status(ready ? Status.OK_200 : Status.SERVICE_UNAVAILABLE_503)
                                .send(ready ? "ready" : "not ready");
                    });
                })
                .build();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            server.stop();
            parts.close();
        }));
        server.start();
    }

    private static String subject(ServerRequest request) {
        return request.context().get(JWTClaimsSet.class).orElseThrow().getSubject();
    }

    private static <T> T await(CompletableFuture<T> future) {
        try {
            return future.join();
        } catch (CompletionException failed) {
            throw failed.getCause() instanceof RuntimeException cause ? cause : failed;
        }
    }
}
