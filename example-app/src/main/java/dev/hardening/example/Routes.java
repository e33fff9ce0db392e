package dev.hardening.example;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.hardening.jwks.JWKSCache;
import dev.hardening.jwks.JWKSCacheStatus;
import dev.hardening.jwks.TokenDecoder;
import dev.hardening.ratingguard.Answer;
import dev.hardening.ratingguard.IdempotencyGuard;
import dev.hardening.ratingguard.IdempotentRequest;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The API, each call behind what hardens it. */
final class Routes {

    private static final String BEARER = "Bearer ";

    private final TokenDecoder decoder;
    private final JWKSCache keys;
    private final Redis redis;
    private final Tables tables;
    private final Timeline timeline;
    private final Meters meters;

    Routes(TokenDecoder decoder, JWKSCache keys, Redis redis, Tables tables, Timeline timeline, Meters meters) {
        this.decoder = decoder;
        this.keys = keys;
        this.redis = redis;
        this.tables = tables;
        this.timeline = timeline;
        this.meters = meters;
    }

    void register(JavalinConfig config) {
        config.routes.get("/health/live", context -> context.json(Map.of("status", "UP")));
        config.routes.get("/health/ready", this::ready);
        config.routes.get(
                "/metrics",
                context -> context.contentType("text/plain; version=0.0.4; charset=utf-8")
                        .result(meters.scrape()));
        config.routes.before("/api/*", context -> context.header("Cache-Control", "no-store"));
        config.routes.get("/api/v1/sessions/pending-ratings", this::pending);
        config.routes.post("/api/v1/sessions/{id}/rate", this::rate);
        config.routes.post("/api/v1/sessions/{id}/rate/skip", this::skip);
    }

    private String user(Context context) {
        String authorization = only(context, "Authorization");
        if (authorization == null || !authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
            context.header("WWW-Authenticate", "Bearer");
            throw Problem.INVALID_TOKEN.thrown();
        }
        return decoder.decode(authorization.substring(BEARER.length()).strip()).getSubject();
    }

    /** A header's value; null without one. Of two lines, a proxy on the way may have looked at the other one. */
    private static @Nullable String only(Context context, String name) {
        List<String> lines = Collections.list(context.req().getHeaders(name));
        if (lines.size() > 1) {
            throw Problem.MALFORMED_REQUEST.thrown();
        }
        return lines.isEmpty() ? null : lines.get(0);
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
        List<Tables.Pending> pending = tables.pending(user(context));
        Map<String, Object> body = new LinkedHashMap<>();
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
        meters.posts.increment();
        String user = user(context);
        RequestBody body = RequestBody.read(context);
        String sessionId = context.pathParam("id");
        JsonNode named = body.json().path("session_id");
        if (!named.isMissingNode() && !named.isTextual()) {
            throw Problem.MALFORMED_REQUEST.thrown();
        }
        List<Rating> ratings = Rating.readAll(body.json().path("ratings"), user);
        String bodySessionId = named.isTextual() ? named.textValue() : sessionId;
        answerOnce(
                context,
                user,
                "rate " + sessionId,
                body.text(),
                new Answer(200, accepted(ratings.size())),
                claim -> keep(user, sessionId, bodySessionId, ratings, claim));
    }

    /**
     * Does the work and sends the answer. The same request again under its {@code Idempotency-Key}, because its answer was
     * lost, gets the same answer, and the work is not done twice.
     */
    private void answerOnce(
            Context context,
            String user,
            String target,
            String body,
            Answer answer,
            Consumer<Optional<Tables.Claim>> work) {
        String key = only(context, "Idempotency-Key");
        if (key == null) {
            work.accept(Optional.empty());
            send(context, answer);
            return;
        }
        IdempotencyGuard.Reply reply = new IdempotencyGuard(tables.attempts(context.pathParam("id")))
                .handle(idempotent(user, key, target, body), claim -> {
                    work.accept(Optional.of(new Tables.Claim(claim.key(), claim.underWay(), claim.answered(answer))));
                    return answer;
                });
        switch (reply.verdict()) {
            case FIRST -> {}
            case REPLAYED ->
                timeline.add(Timeline.Card.RATING, Timeline.Level.OK, "Answered again; nothing was done twice.");
            case UNDER_WAY -> throw Problem.SUBMISSION_UNDER_WAY.thrown();
            case OTHER_REQUEST -> throw Problem.IDEMPOTENCY_KEY_REUSED.thrown();
        }
        send(context, Objects.requireNonNull(reply.answer()));
    }

    private static void send(Context context, Answer answer) {
        context.status(answer.status()).contentType("application/json").result(answer.body());
    }

    private static IdempotentRequest idempotent(String user, String key, String target, String body) {
        try {
            return new IdempotentRequest(user, key, target, body);
        } catch (IllegalArgumentException notAKey) {
            throw Problem.MALFORMED_REQUEST.thrown();
        }
    }

    private static String accepted(int ratings) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("success", true)
                .put("ratings_submitted", ratings)
                .put("message", "Thank you for rating.")
                .toString();
    }

    private static String skipped() {
        return JsonNodeFactory.instance
                .objectNode()
                .put("success", true)
                .put("message", "Rating skipped.")
                .toString();
    }

    private void keep(
            String user, String sessionId, String bodySessionId, List<Rating> ratings, Optional<Tables.Claim> claim) {
        refusingMismatches(() -> tables.rate(user, sessionId, bodySessionId, ratings, claim));
        meters.kept.increment(ratings.size());
        String count = ratings.size() + (ratings.size() == 1 ? " rating." : " ratings.");
        timeline.add(Timeline.Card.RATING, Timeline.Level.OK, "Kept " + count);
    }

    private void skip(Context context) {
        meters.posts.increment();
        String user = user(context);
        // Its body says nothing, so it is not read. The claim is not needed: to skip twice does no harm.
        String sessionId = context.pathParam("id");
        answerOnce(context, user, "skip " + sessionId, "", new Answer(200, skipped()), claim -> {
            refusingMismatches(() -> tables.skip(user, sessionId));
            timeline.add(Timeline.Card.RATING, Timeline.Level.OK, "Someone skipped rating.");
        });
    }

    private void refusingMismatches(Runnable submission) {
        try {
            submission.run();
        } catch (Problem.Thrown refused) {
            if (refused.problem() == Problem.SESSION_MISMATCH) {
                meters.mismatches.increment();
                timeline.add(
                        Timeline.Card.RATING, Timeline.Level.WARN, "The server refused ratings for another session.");
            }
            throw refused;
        }
    }
}
