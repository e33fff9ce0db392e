package dev.hardening.example;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hardening.ratingguard.IdempotencyStore;
import dev.hardening.ratingguard.OpenRatings;
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
import org.jspecify.annotations.Nullable;

/**
 * Tables, phases, open ratings and ratings in Redis, which several instances share. All keys of a session carry its id as
 * their hash tag; a person's list of sessions is only an index, and the session says whether a rating is open.
 */
final class Tables {

    private static final Duration RATABLE_FOR = Duration.ofHours(24);
    private static final String SEAT = resource("/lua/seat.lua");
    private static final String INDEX = resource("/lua/index.lua");
    private static final String VIEW = resource("/lua/view.lua");
    private static final String RATE = resource("/lua/rate.lua");
    private static final String CLAIM = resource("/lua/claim.lua");
    private static final String CHANGE = resource("/lua/change.lua");
    private static final String UNDER_WAY_FOR_MILLIS = "60000";
    private static final ObjectMapper JSON = new ObjectMapper();

    /** A session that may be rated now. */
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

    private static String attempt(String sessionId, String key) {
        return "session:{" + sessionId + "}:attempt:" + key;
    }

    private static String attemptSession(String key) {
        return "attempt:{" + key + "}:session";
    }

    private static String sessionsOf(String userId) {
        return "user:{" + userId + "}:sessions";
    }

    /** Begins the fields of all ratings by one person: with its length, so that no two pairs of ids look alike. */
    private static String fieldPrefix(String raterId) {
        return raterId.getBytes(StandardCharsets.UTF_8).length + ":" + raterId;
    }

    /** Ends all that is open in a session, for the demo's next one. */
    void close(String sessionId) {
        asking(commands -> commands.del(open(sessionId)));
    }

    /** Seats a table; each member may rate the others once its social phase has begun. */
    void create(Session session) {
        String expires = String.valueOf(session.startedAt.plus(RATABLE_FOR).toEpochMilli());
        List<String> seats = new ArrayList<>(List.of(String.valueOf(session.startedAt.toEpochMilli()), expires));
        session.members.forEach((id, name) -> {
            seats.add(id);
            seats.add(name);
        });
        run(SEAT, List.of(meta(session.id), members(session.id), open(session.id)), seats);
        for (String user : session.members.keySet()) {
            run(INDEX, List.of(sessionsOf(user)), List.of(session.id, expires, String.valueOf(clock.millis())));
        }
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
        List<Pending> pending = new ArrayList<>();
        for (String sessionId : listed(userId)) {
            Optional<Session> session = openFor(userId, sessionId);
            if (session.isEmpty()) {
                unlist(userId, sessionId);
            } else if (isRatable(session.get())) {
                Instant expires = session.get().startedAt.plus(RATABLE_FOR);
                pending.add(new Pending(sessionId, session.get().members, expires));
            }
        }
        return pending;
    }

    private List<String> listed(String userId) {
        return asking(commands -> commands.zrange(sessionsOf(userId), 0, -1));
    }

    /** A session that is closed for a person stays so: it need not be looked at again. */
    private void unlist(String userId, String sessionId) {
        asking(commands -> commands.zrem(sessionsOf(userId), sessionId));
    }

    /** A session with those members whom this person has not rated yet; empty if it is over or closed for this person. */
    private Optional<Session> openFor(String userId, String sessionId) {
        String found = run(
                VIEW,
                List.of(meta(sessionId), members(sessionId), open(sessionId), ratings(sessionId)),
                List.of(userId));
        if (found == null) {
            return Optional.empty();
        }
        JsonNode view = read(found);
        Map<String, String> members = new LinkedHashMap<>();
        for (int at = 0; at + 1 < view.path(1).size(); at += 2) {
            members.put(
                    view.path(1).path(at).asText(), view.path(1).path(at + 1).asText());
        }
        members.remove(userId);
        String prefix = fieldPrefix(userId);
        for (JsonNode rated : view.path(2)) {
            if (rated.asText().startsWith(prefix)) {
                members.remove(rated.asText().substring(prefix.length()));
            }
        }
        return Optional.of(
                new Session(sessionId, Instant.ofEpochMilli(view.path(0).asLong()), members));
    }

    private static JsonNode read(String json) {
        try {
            return JSON.readTree(json);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException("a script answered with JSON that cannot be read");
        }
    }

    private boolean isRatable(Session session) {
        return !clock.instant().isBefore(session.startedAt.plus(Phase.ratableAfter()));
    }

    /** The sessions whose ratings a person has open, whatever their phase. */
    private List<String> openSessions(String userId) {
        List<String> sessions = new ArrayList<>();
        for (String sessionId : listed(userId)) {
            if (asking(commands -> commands.sismember(open(sessionId), userId))) {
                sessions.add(sessionId);
            } else {
                unlist(userId, sessionId);
            }
        }
        return sessions;
    }

    /** The server's check: it fails closed. */
    private OpenRatings.Verdict verdict(String userId, String pathSessionId, String bodySessionId) {
        return OpenRatings.of(openSessions(userId)).check(pathSessionId, bodySessionId);
    }

    /** What a submission under an idempotency key writes together with its ratings: over this entry, the one with the answer. */
    record Claim(String key, String underWay, String answered) {}

    /**
     * Where the entries of a session's idempotency keys are kept: beside its ratings, so that one script writes both. A key
     * that has an entry in another session is answered with that one, which the guard takes for another request's.
     */
    IdempotencyStore attempts(String sessionId) {
        return new IdempotencyStore() {
            @Override
            public @Nullable String putIfAbsent(String key, String entry) {
                String found = run(CLAIM, List.of(attempt(sessionId, key)), List.of(entry, UNDER_WAY_FOR_MILLIS));
                String elsewhere = found == null ? entryOfAnotherSession(key) : null;
                if (elsewhere != null) {
                    remove(key, entry);
                    return elsewhere;
                }
                return found;
            }

            /**
             * The entry that the key has in another session; null if it has none there, and the key is this session's
             * from now on. It comes after this session's own entry, so that of two sessions at once one sees the other.
             */
            private @Nullable String entryOfAnotherSession(String key) {
                String forMillis = String.valueOf(RATABLE_FOR.toMillis());
                String owner = run(CLAIM, List.of(attemptSession(key)), List.of(sessionId, forMillis));
                if (owner == null || owner.equals(sessionId)) {
                    return null;
                }
                String entry = asking(commands -> commands.get(attempt(owner, key)));
                if (entry == null) {
                    run(CHANGE, List.of(attemptSession(key)), List.of(owner, sessionId, forMillis));
                }
                return entry;
            }

            @Override
            public boolean replace(String key, String expected, String entry) {
                return change(key, expected, entry);
            }

            @Override
            public boolean remove(String key, String expected) {
                return change(key, expected, "");
            }

            private boolean change(String key, String expected, String entry) {
                List<String> arguments = List.of(expected, entry, String.valueOf(RATABLE_FOR.toMillis()));
                return "1".equals(run(CHANGE, List.of(attempt(sessionId, key)), arguments));
            }
        };
    }

    /**
     * Keeps all of these ratings, or none and throws the problem. The check before the script gives the right answer. The
     * script decides, so that two submissions at once cannot both pass.
     */
    void rate(String userId, String pathSessionId, String bodySessionId, List<Rating> given, Optional<Claim> claim) {
        checkOpen(userId, pathSessionId, bodySessionId, given);
        List<String> keys = new ArrayList<>(
                List.of(meta(pathSessionId), members(pathSessionId), open(pathSessionId), ratings(pathSessionId)));
        claim.ifPresent(made -> keys.add(attempt(pathSessionId, made.key)));
        List<String> arguments = new ArrayList<>(List.of(
                userId,
                String.valueOf(clock.millis()),
                String.valueOf(Phase.ratableAfter().toMillis()),
                String.valueOf(RATABLE_FOR.toMillis()),
                claim.map(Claim::underWay).orElse(""),
                claim.map(Claim::answered).orElse("")));
        for (Rating rating : given) {
            arguments.add(rating.rateeId());
            arguments.add(fieldPrefix(userId) + rating.rateeId());
            arguments.add(rating.toJson());
        }
        String answer = run(RATE, keys, arguments);
        if ("SESSION_MISMATCH".equals(answer)) {
            checkOpen(userId, pathSessionId, bodySessionId, given); // closed meanwhile: what is answered from now on
        }
        if (!"OK".equals(answer)) {
            throw Problem.valueOf(String.valueOf(answer)).thrown();
        }
    }

    private void checkOpen(String userId, String pathSessionId, String bodySessionId, List<Rating> given) {
        OpenRatings.Verdict verdict = verdict(userId, pathSessionId, bodySessionId);
        if (verdict != OpenRatings.Verdict.ALLOWED
                && pathSessionId.equals(bodySessionId)
                && hasRated(userId, pathSessionId, given)) {
            throw Problem.RATING_ALREADY_EXISTS.thrown();
        }
        require(verdict);
    }

    /** Closes a person's open ratings of a session without giving any; as little as a rating before they have begun. */
    void skip(String userId, String sessionId) {
        require(verdict(userId, sessionId, sessionId));
        if (find(sessionId).filter(this::isRatable).isEmpty()) {
            throw Problem.SESSION_NOT_RATABLE.thrown();
        }
        if (asking(commands -> commands.srem(open(sessionId), userId)) == 0) {
            require(verdict(userId, sessionId, sessionId)); // closed meanwhile: what is answered from now on
            throw Problem.NO_PENDING_RATINGS.thrown();
        }
    }

    private boolean hasRated(String userId, String sessionId, List<Rating> given) {
        return asking(commands -> given.stream()
                .anyMatch(rating -> commands.hexists(ratings(sessionId), fieldPrefix(userId) + rating.rateeId())));
    }

    private static void require(OpenRatings.Verdict verdict) {
        switch (verdict) {
            case ALLOWED -> {}
            case SESSION_MISMATCH -> throw Problem.SESSION_MISMATCH.thrown();
            case NO_PENDING_RATINGS -> throw Problem.NO_PENDING_RATINGS.thrown();
        }
    }

    private @Nullable String run(String script, List<String> keys, List<String> arguments) {
        return asking(commands -> commands.<String>eval(
                script, ScriptOutputType.VALUE, keys.toArray(new String[0]), arguments.toArray(new String[0])));
    }

    private <T> T asking(Function<RedisClusterCommands<String, String>, T> question) {
        try {
            return question.apply(redis.get());
        } catch (RedisException down) {
            throw Problem.REDIS_UNAVAILABLE.thrown();
        }
    }
}
