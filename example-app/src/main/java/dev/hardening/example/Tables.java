package dev.hardening.example;

import dev.hardening.ratingguard.OpenRatings;
import io.lettuce.core.Range;
import io.lettuce.core.RedisException;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.cluster.api.sync.RedisClusterCommands;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Tables, phases, open ratings and ratings in Redis, which several instances share. All keys of a session carry its id as
 * their hash tag; a person's list of sessions is only an index, and the session says whether a rating is open.
 */
final class Tables {

    private static final Duration RATABLE_FOR = Duration.ofHours(24);
    private static final String RATE = resource("/lua/rate.lua");

    /** A session that somebody may rate. */
    record Pending(String sessionId, Map<String, String> rateable, Instant expiresAt) {}

    /** A session as the page shows it. */
    record Session(String id, Instant startedAt, Map<String, String> members) {}

    private final Supplier<RedisClusterCommands<String, String>> redis;
    private final Clock clock;

    Tables(Supplier<RedisClusterCommands<String, String>> redis, Clock clock) {
        this.redis = redis;
        this.clock = clock;
    }

    private static String resource(String name) {
        try (InputStream in = Tables.class.getResourceAsStream(name)) {
            return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    private static String meta(String sessionId) {
        return "session:{" + sessionId + "}:meta";
    }

    private static String members(String sessionId) {
        return "session:{" + sessionId + "}:members";
    }

    private static String open(String sessionId) {
        return "session:{" + sessionId + "}:open";
    }

    private static String ratings(String sessionId) {
        return "session:{" + sessionId + "}:ratings";
    }

    private static String sessionsOf(String userId) {
        return "user:{" + userId + "}:sessions";
    }

    /** Ends all that is open in a session, for the demo's next one. */
    void close(String sessionId) {
        asking(commands -> commands.del(open(sessionId)));
    }

    /** Seats a table; each member may rate the others once its social phase has begun. */
    void create(Session session) {
        asking(commands -> {
            commands.hset(meta(session.id), Map.of("started_at", String.valueOf(session.startedAt.toEpochMilli())));
            commands.hset(members(session.id), session.members);
            commands.sadd(open(session.id), session.members.keySet().toArray(new String[0]));
            long expires = session.startedAt.plus(RATABLE_FOR).toEpochMilli();
            for (String key : List.of(meta(session.id), members(session.id), open(session.id), ratings(session.id))) {
                commands.pexpireat(key, expires);
            }
            session.members.keySet().forEach(user -> commands.zadd(sessionsOf(user), (double) expires, session.id));
            return session;
        });
    }

    Optional<Session> find(String sessionId) {
        return asking(commands -> {
            String started = commands.hget(meta(sessionId), "started_at");
            return started == null
                    ? Optional.empty()
                    : Optional.of(new Session(
                            sessionId,
                            Instant.ofEpochMilli(Long.parseLong(started)),
                            new LinkedHashMap<>(commands.hgetall(members(sessionId)))));
        });
    }

    /** The sessions that a person may rate now, the one that ends first before the others. */
    List<Pending> pending(String userId) {
        return asking(commands -> {
            List<Pending> pending = new ArrayList<>();
            commands.zremrangebyscore(sessionsOf(userId), Range.create(0.0, (double) clock.millis()));
            for (String sessionId : commands.zrange(sessionsOf(userId), 0, 100)) {
                Optional<Session> session = find(sessionId);
                if (session.isPresent() && commands.sismember(open(sessionId), userId) && isRatable(session.get())) {
                    Map<String, String> rateable = new LinkedHashMap<>(session.get().members);
                    rateable.remove(userId);
                    for (String rated : commands.hkeys(ratings(sessionId))) {
                        if (rated.startsWith(userId + ">")) {
                            rateable.remove(rated.substring(userId.length() + 1));
                        }
                    }
                    pending.add(new Pending(
                            sessionId, rateable, session.get().startedAt.plus(RATABLE_FOR)));
                }
            }
            return pending;
        });
    }

    private boolean isRatable(Session session) {
        return !clock.instant().isBefore(session.startedAt.plus(Phase.ratableAfter()));
    }

    /** The sessions whose ratings a person has open, whatever their phase. */
    private List<String> openSessions(String userId) {
        return asking(commands -> commands.zrange(sessionsOf(userId), 0, 100).stream()
                .filter(sessionId -> commands.sismember(open(sessionId), userId))
                .toList());
    }

    /** The server's check: it fails closed. */
    private OpenRatings.Verdict verdict(String userId, String pathSessionId, String bodySessionId) {
        return OpenRatings.of(openSessions(userId)).check(pathSessionId, bodySessionId);
    }

    /**
     * Keeps all of these ratings, or none and throws the problem. The check before the script gives the right answer; the
     * script decides, so that two submissions at once cannot both pass.
     */
    void rate(String userId, String pathSessionId, String bodySessionId, List<Rating> given) {
        OpenRatings.Verdict verdict = verdict(userId, pathSessionId, bodySessionId);
        if (verdict != OpenRatings.Verdict.ALLOWED
                && pathSessionId.equals(bodySessionId)
                && hasRated(userId, pathSessionId, given)) {
            throw Problem.RATING_ALREADY_EXISTS.thrown();
        }
        require(verdict);
        List<String> arguments = new ArrayList<>(List.of(
                userId,
                String.valueOf(clock.millis()),
                String.valueOf(Phase.ratableAfter().toMillis())));
        for (Rating rating : given) {
            arguments.add(rating.rateeId());
            arguments.add(rating.toJson());
        }
        String answer = asking(commands -> commands.<String>eval(
                RATE,
                ScriptOutputType.VALUE,
                new String[] {meta(pathSessionId), members(pathSessionId), open(pathSessionId), ratings(pathSessionId)},
                arguments.toArray(new String[0])));
        if (!answer.equals("OK")) {
            throw Problem.valueOf(answer).thrown();
        }
    }

    /** Closes a person's open ratings of a session without giving any; as little as a rating before they have begun. */
    void skip(String userId, String sessionId) {
        require(verdict(userId, sessionId, sessionId));
        if (find(sessionId).filter(this::isRatable).isEmpty()) {
            throw Problem.SESSION_NOT_RATABLE.thrown();
        }
        if (asking(commands -> commands.srem(open(sessionId), userId)) == 0) {
            throw Problem.SESSION_MISMATCH.thrown();
        }
    }

    private boolean hasRated(String userId, String sessionId, List<Rating> given) {
        return asking(commands -> given.stream()
                .anyMatch(rating -> commands.hexists(ratings(sessionId), userId + ">" + rating.rateeId())));
    }

    private static void require(OpenRatings.Verdict verdict) {
        switch (verdict) {
            case ALLOWED -> {}
            case SESSION_MISMATCH -> throw Problem.SESSION_MISMATCH.thrown();
            case NO_PENDING_RATINGS -> throw Problem.NO_PENDING_RATINGS.thrown();
        }
    }

    private <T> T asking(Function<RedisClusterCommands<String, String>, T> question) {
        try {
            return question.apply(redis.get());
        } catch (RedisException down) {
            throw Problem.REDIS_UNAVAILABLE.thrown();
        }
    }
}
