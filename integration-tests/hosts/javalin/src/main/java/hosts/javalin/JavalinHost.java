package hosts.javalin;

import com.nimbusds.jwt.JWTClaimsSet;
import dev.hardening.integration.Parts;
import dev.hardening.jwks.InvalidTokenException;
import dev.hardening.jwks.JWKSUnavailableException;
import dev.hardening.jwks.TokenDecoder;
import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.lettuce.core.RedisException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.eclipse.jetty.server.handler.GracefulHandler;

/** A service on Javalin. */
public final class JavalinHost {

    private JavalinHost() {}

    // example: glue
    /** Lets a request with a valid token through to the handlers of a path; 401 without one, 503 while there are no keys. */
    static void guard(JavalinConfig config, String path, TokenDecoder decoder) {
        config.routes.before(path, context -> {
            String header = String.valueOf(context.header("Authorization"));
            String token = header.regionMatches(true, 0, "Bearer ", 0, 7) ? header.substring(7) : "";
            context.future(() -> decoder.decodeAsync(token).thenAccept(claims -> context.attribute("claims", claims)));
        });
    }

    static void explain(JavalinConfig config) {
        config.routes.exception(InvalidTokenException.class, (invalid, context) -> context.status(401)
                .header("WWW-Authenticate", "Bearer error=\"invalid_token\"")
                .result(invalid.reason().name()));
        config.routes.exception(JWKSUnavailableException.class, (outage, context) -> unavailable(context));
        config.routes.exception(RedisException.class, (outage, context) -> unavailable(context));
    }

    static void unavailable(Context context) {
        context.status(503).header("Retry-After", "5").result("unavailable");
    }
    // example: end

    /** Starts it. */
    public static void main(String... arguments) {
        Parts parts = Parts.open();
        Javalin javalin = Javalin.create(config -> {
            config.startup.showJavalinBanner = false;
            config.jetty.modifyServer(server -> {
                server.insertHandler(new GracefulHandler());
                server.setStopTimeout(10_000); // waits for the requests under way
            });
            explain(config);
            guard(config, "/me", parts.decoder());
            guard(config, "/slow", parts.decoder());
            guard(config, "/count", parts.decoder());
            config.routes.get("/me", context -> context.result(subject(context)));
            config.routes.get("/slow", context -> answer(context, any -> parts.later(subject(context))));
            config.routes.get("/count", context -> answer(context, any -> parts.count()));
            config.routes.get("/health/ready", context -> answer(
                    context,
                    any -> parts.ready().thenApply(ready -> {
                        context.status(ready ? 200 : 503);
                        return ready ? "ready" : "not ready";
                    })));
        });
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            javalin.stop();
            parts.close();
        }));
        javalin.start("127.0.0.1", parts.port());
    }

    private static void answer(Context context, Function<Context, CompletionStage<String>> handler) {
        context.future(() -> CompletableFuture.completedFuture(context)
                .thenCompose(handler)
                .thenAccept(context::result));
    }

    private static String subject(Context context) {
        JWTClaimsSet claims = context.attribute("claims");
        return claims.getSubject();
    }
}
