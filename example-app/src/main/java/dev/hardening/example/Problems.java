package dev.hardening.example;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.hardening.jwks.InvalidTokenException;
import dev.hardening.jwks.JWKSUnavailableException;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.javalin.http.HttpResponseException;
import io.javalin.http.MethodNotAllowedResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers with a problem that a route found, or Javalin, or Jetty before any route was chosen. */
final class Problems extends ErrorHandler {

    private static final Logger LOG = LoggerFactory.getLogger(Problems.class);
    private static final ObjectMapper JSON = new ObjectMapper();

    static void register(JavalinConfig config) {
        config.routes.exception(Problem.Thrown.class, (thrown, context) -> answer(context, thrown.problem()));
        config.routes.exception(InvalidTokenException.class, (invalid, context) -> {
            context.header("WWW-Authenticate", "Bearer error=\"invalid_token\"");
            answer(context, Problem.INVALID_TOKEN);
        });
        config.routes.exception(
                JWKSUnavailableException.class, (outage, context) -> answer(context, Problem.KEYS_UNAVAILABLE));
        config.routes.exception(HttpResponseException.class, (failed, context) -> {
            if (failed instanceof MethodNotAllowedResponse) {
                // RFC 9110, section 15.5.6. Javalin has the methods as the only detail of this exception.
                // It answers HEAD too where it answers GET.
                String methods = String.join(", ", failed.getDetails().values());
                context.header("Allow", methods.contains("HEAD") ? methods : methods.replace("GET", "GET, HEAD"));
            }
            answer(context, Problem.of(failed.getStatus()));
        });
        config.routes.exception(Exception.class, (failed, context) -> {
            // Not the exception's message: it may hold what the request sent.
            LOG.error("A request failed with {} at {}", failed.getClass().getName(), List.of(failed.getStackTrace()));
            answer(context, Problem.INTERNAL_ERROR);
        });
        config.routes.error(404, context -> {
            String type = context.res().getContentType();
            if (type == null || !type.startsWith(Problem.MEDIA_TYPE)) {
                answer(context, Problem.NOT_FOUND);
            }
        });
    }

    static void answer(Context context, Problem problem) {
        if (problem.status() == 503) {
            context.header("Retry-After", "1");
        }
        if (problem == Problem.REQUEST_TIMEOUT) {
            context.header("Connection", "close");
        }
        context.status(problem.status()).contentType(Problem.MEDIA_TYPE).result(body(problem));
    }

    /** The same answer where there is no route's context. */
    static void write(Response response, Callback callback, Problem problem) {
        response.setStatus(problem.status());
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, Problem.MEDIA_TYPE);
        response.getHeaders().put(HttpHeader.CONNECTION, "close");
        if (problem.status() == 503) {
            response.getHeaders().put(HttpHeader.RETRY_AFTER, "1");
        }
        response.write(true, ByteBuffer.wrap(body(problem)), callback);
    }

    /** What Jetty refuses by itself: a request that cannot be parsed, headers that are too large. */
    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        // These requests never pass the customizer that sets the security headers.
        for (HttpField header : SecurityHeaders.ALL) {
            response.getHeaders().put(header);
        }
        write(response, callback, Problem.of(response.getStatus()));
        return true;
    }

    private static byte[] body(Problem problem) {
        ObjectNode body = JSON.createObjectNode()
                .put("type", "about:blank")
                .put("title", problem.title())
                .put("status", problem.status())
                .put("code", problem.name())
                .put("detail", problem.detail());
        return body.toString().getBytes(StandardCharsets.UTF_8);
    }
}
