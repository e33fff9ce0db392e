package dev.hardening.example;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.hardening.jwks.InvalidTokenException;
import dev.hardening.jwks.JWKSCache;
import dev.hardening.jwks.JWKSCacheStatus;
import dev.hardening.jwks.JWKSUnavailableException;
import dev.hardening.jwks.TokenDecoder;
import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.javalin.http.HttpResponseException;
import io.javalin.http.staticfiles.Location;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The routes, each behind what hardens it, and the answers when something is wrong. */
final class Server {

    static final ObjectMapper JSON = JsonMapper.builder()
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private static final Logger LOG = LoggerFactory.getLogger(Server.class);
    private static final int MAX_BODY_BYTES = 16 * 1024;
    private static final Duration IDLE = Duration.ofSeconds(10);
    private static final String BEARER = "Bearer ";
    private static final Map<String, String> SECURITY_HEADERS = Map.of(
            "Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
                    + " font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            "X-Content-Type-Options",
            "nosniff",
            "Referrer-Policy",
            "no-referrer",
            "Cross-Origin-Opener-Policy",
            "same-origin",
            "Cross-Origin-Resource-Policy",
            "same-origin",
            "X-Frame-Options",
            "DENY");

    private final TokenDecoder decoder;
    private final Tables tables;
    private final JWKSCache keys;
    private final Redis redis;
    private final Observed observed;

    private Server(TokenDecoder decoder, Tables tables, JWKSCache keys, Redis redis, Observed observed) {
        this.decoder = decoder;
        this.tables = tables;
        this.keys = keys;
        this.redis = redis;
        this.observed = observed;
    }

    static Javalin create(
            TokenDecoder decoder,
            Tables tables,
            JWKSCache keys,
            Redis redis,
            Observed observed,
            Consumer<JavalinConfig> drills) {
        Server server = new Server(decoder, tables, keys, redis, observed);
        return Javalin.create(config -> {
            server.house(config);
            server.routes(config);
            drills.accept(config);
        });
    }

    private void house(JavalinConfig config) {
        config.startup.showJavalinBanner = false;
        config.startup.showOldJavalinVersionWarning = false;
        config.concurrency.useVirtualThreads = Runtime.version().feature() >= 21;
        config.http.maxRequestSize = MAX_BODY_BYTES;
        config.http.prefer405over404 = true;
        config.jetty.modifyHttpConfiguration(http -> {
            http.setSendServerVersion(false);
            http.setIdleTimeout(IDLE.toMillis());
        });
        config.staticFiles.add(files -> {
            files.hostedPath = "/";
            files.directory = "/public";
            files.location = Location.CLASSPATH;
            files.headers = Map.of("Cache-Control", "no-cache");
        });
        config.staticFiles.add(files -> {
            files.hostedPath = "/webjars/hardening-rating-guard";
            files.directory = "/META-INF/resources/webjars/hardening-rating-guard/" + version();
            files.location = Location.CLASSPATH;
            files.headers = Map.of("Cache-Control", "no-cache");
        });
        config.routes.before(context -> SECURITY_HEADERS.forEach(context::header));
        config.routes.before("/api/*", context -> context.header("Cache-Control", "no-store"));
        config.routes.exception(Problem.Thrown.class, (thrown, context) -> answer(context, thrown.problem()));
        config.routes.exception(InvalidTokenException.class, (invalid, context) -> {
            context.header("WWW-Authenticate", "Bearer error=\"invalid_token\"");
            answer(context, Problem.INVALID_TOKEN);
        });
        config.routes.exception(
                JWKSUnavailableException.class, (outage, context) -> answer(context, Problem.KEYS_UNAVAILABLE));
        config.routes.exception(
                HttpResponseException.class, (failed, context) -> answer(context, Problem.of(failed.getStatus())));
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

    private static String version() {
        Properties properties = new Properties();
        try (InputStream in = Server.class.getResourceAsStream("/focus-squad.properties")) {
            properties.load(Objects.requireNonNull(in));
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
        return properties.getProperty("version");
    }

    private void routes(JavalinConfig config) {
        config.routes.get("/health/live", context -> context.json(Map.of("status", "UP")));
        config.routes.get("/health/ready", this::ready);
        config.routes.get("/metrics", this::metrics);
        config.routes.get("/api/v1/sessions/pending-ratings", this::pending);
        config.routes.post("/api/v1/sessions/{id}/rate", this::rate);
        config.routes.post("/api/v1/sessions/{id}/rate/skip", this::skip);
    }

    private String user(Context context) {
        String authorization = context.header("Authorization");
        if (authorization == null || !authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
            context.header("WWW-Authenticate", "Bearer");
            throw Problem.INVALID_TOKEN.thrown();
        }
        return decoder.decode(authorization.substring(BEARER.length()).strip()).getSubject();
    }

    private void ready(Context context) {
        JWKSCacheStatus.State state = keys.status().state();
        boolean usable = switch (state) {
            case FRESH, REFRESH_DUE, STALE -> true;
            case EMPTY, UNAVAILABLE -> false;
        };
        boolean connected = redis.isUp().getAsBoolean();
        Map<String, String> parts = new LinkedHashMap<>();
        parts.put("status", usable && connected ? "UP" : "DOWN");
        parts.put("secrets", "UP");
        parts.put("redis", connected ? "UP" : "DOWN");
        parts.put("jwks", state.name());
        context.status(usable && connected ? 200 : 503).json(parts);
    }

    private void pending(Context context) {
        String user = user(context);
        Map<String, Object> body = new LinkedHashMap<>();
        List<Tables.Pending> pending = tables.pending(user);
        body.put("has_pending", !pending.isEmpty());
        body.put("pending", pending.isEmpty() ? null : describe(pending.get(0)));
        context.json(body);
    }

    private static Map<String, Object> describe(Tables.Pending pending) {
        Map<String, Object> described = new LinkedHashMap<>();
        described.put("session_id", pending.sessionId());
        described.put(
                "rateable_users",
                pending.rateable().entrySet().stream()
                        .map(user -> Map.of("user_id", user.getKey(), "name", user.getValue()))
                        .toList());
        described.put("expires_at", pending.expiresAt().toString());
        return described;
    }

    private void rate(Context context) {
        observed.posts.incrementAndGet();
        String user = user(context);
        JsonNode body = body(context);
        String sessionId = context.pathParam("id");
        JsonNode named = body.path("session_id");
        if (!named.isMissingNode() && !named.isTextual()) {
            throw Problem.MALFORMED_REQUEST.thrown();
        }
        List<Rating> ratings = Rating.readAll(body.path("ratings"), user);
        try {
            tables.rate(user, sessionId, named.isTextual() ? named.textValue() : sessionId, ratings);
        } catch (Problem.Thrown refused) {
            countMismatch(refused.problem());
            throw refused;
        }
        observed.submitted.addAndGet(ratings.size());
        observed.tell("rating", "ok", "Kept " + ratings.size() + (ratings.size() == 1 ? " rating." : " ratings."));
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("success", true);
        answer.put("ratings_submitted", ratings.size());
        answer.put("message", "Thank you for rating.");
        context.json(answer);
    }

    private void skip(Context context) {
        observed.posts.incrementAndGet();
        String user = user(context);
        try {
            tables.skip(user, context.pathParam("id"));
        } catch (Problem.Thrown refused) {
            countMismatch(refused.problem());
            throw refused;
        }
        observed.tell("rating", "ok", "A person skipped rating.");
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("success", true);
        answer.put("message", "Rating skipped.");
        context.json(answer);
    }

    private void countMismatch(Problem problem) {
        if (problem == Problem.SESSION_MISMATCH) {
            observed.mismatches.incrementAndGet();
            observed.tell("rating", "warn", "The server refused ratings for another session.");
        }
    }

    /** The request's JSON object, read to a bound. */
    static JsonNode body(Context context) {
        String type = context.contentType();
        if (type == null
                || !type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT).equals("application/json")) {
            throw Problem.UNSUPPORTED_MEDIA_TYPE.thrown();
        }
        try {
            JsonNode body = JSON.readTree(read(context.bodyInputStream()));
            if (body == null || !body.isObject()) {
                throw Problem.MALFORMED_REQUEST.thrown();
            }
            return body;
        } catch (IOException unreadable) {
            throw Problem.MALFORMED_REQUEST.thrown();
        }
    }

    /** All of it, to a bound in size and in time: a sender of a byte a second holds no thread for long. */
    private static byte[] read(InputStream in) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] part = new byte[4096];
        long started = System.nanoTime();
        for (int length = in.read(part); length >= 0; length = in.read(part)) {
            all.write(part, 0, length);
            if (all.size() > MAX_BODY_BYTES) {
                throw Problem.PAYLOAD_TOO_LARGE.thrown();
            }
            if (System.nanoTime() - started > IDLE.toNanos()) {
                throw Problem.REQUEST_TIMEOUT.thrown();
            }
        }
        return all.toByteArray();
    }

    private void metrics(Context context) {
        JWKSCacheStatus status = keys.status();
        StringBuilder text = new StringBuilder();
        Duration age = status.age();
        metric(text, "jwks_fetches_total", "counter", "Fetches of the key set.", status.fetches());
        metric(text, "jwks_fetch_failures_total", "counter", "Fetches of the key set that failed.", status.failures());
        metric(text, "jwks_keys", "gauge", "Keys in the set.", status.keyCount());
        if (age != null) {
            metric(text, "jwks_key_age_seconds", "gauge", "Age of the key set.", age.toMillis() / 1000.0);
        }
        int attempts = redis.report().attempts();
        metric(text, "redis_connect_attempts_total", "counter", "Attempts that the start needed to connect.", attempts);
        metric(
                text,
                "redis_reconnects_total",
                "counter",
                "Connections that came back later.",
                observed.reconnects.get());
        metric(
                text,
                "rating_guard_mismatches_total",
                "counter",
                "Submissions for another session, refused.",
                observed.mismatches.get());
        metric(text, "rating_posts_total", "counter", "Submissions that arrived.", observed.posts.get());
        metric(text, "ratings_submitted_total", "counter", "Ratings that were kept.", observed.submitted.get());
        context.contentType("text/plain; version=0.0.4; charset=utf-8").result(text.toString());
    }

    private static void metric(StringBuilder text, String name, String type, String help, Number value) {
        String full = "focus_squad_" + name;
        text.append("# HELP ").append(full).append(' ').append(help).append('\n');
        text.append("# TYPE ").append(full).append(' ').append(type).append('\n');
        text.append(full).append(' ').append(value).append('\n');
    }

    static void answer(Context context, Problem problem) {
        if (problem.status() == 503) {
            context.header("Retry-After", "1");
        }
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("type", "about:blank");
        body.put("title", problem.title());
        body.put("status", problem.status());
        body.put("code", problem.name());
        body.put("detail", problem.detail());
        SECURITY_HEADERS.forEach(context::header);
        context.status(problem.status()).json(body).contentType(Problem.MEDIA_TYPE);
    }
}
