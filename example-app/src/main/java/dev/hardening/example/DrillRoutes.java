package dev.hardening.example;

import com.fasterxml.jackson.databind.JsonNode;
import com.nimbusds.jose.JWSAlgorithm;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/** The drills: each is one row of a table, and a POST. */
final class DrillRoutes {

    /** What a drill does; its answer is JSON. */
    private interface Drill {
        Map<String, Object> run() throws Exception;
    }

    private final Demo demo;
    private final DemoIdentityProvider provider;
    private final DemoTables tables;
    private final Timeline timeline;
    private final ReentrantLock processes = new ReentrantLock();
    private final Map<String, Drill> drills = new LinkedHashMap<>();

    DrillRoutes(
            Demo demo,
            DemoIdentityProvider provider,
            DemoTables tables,
            Timeline timeline,
            String redisUrl,
            Map<String, String> secrets) {
        this.demo = demo;
        this.provider = provider;
        this.tables = tables;
        this.timeline = timeline;
        SecretsBoot secretsBoot = new SecretsBoot(redisUrl);
        LateRedis lateRedis = new LateRedis(secrets);
        Redeploy redeploy = new Redeploy(provider, secrets);

        drills.put(
                "secrets/boot",
                oneAtATime(secretsBoot::run, Timeline.Card.SECRETS, "Two copies ran without two secrets."));
        drills.put(
                "redis/late",
                oneAtATime(lateRedis::run, Timeline.Card.REDIS, "Two copies were started before their Redis."));
        drills.put("redeploy", oneAtATime(redeploy::run, Timeline.Card.RATING, "Two copies were stopped under load."));
        drills.put(
                "keys/rotate",
                told(
                        () -> provider.rotate(false),
                        Timeline.Card.KEYS,
                        "The provider signs with new keys; the old ones are still published."));
        drills.put(
                "keys/rotate-hard",
                told(
                        () -> demo.lanes().withdraw(),
                        Timeline.Card.KEYS,
                        "The provider withdrew its keys and signs with new ones."));
        drills.put(
                "provider/up",
                toldIf(
                        () -> provider.mood(DemoIdentityProvider.Mood.UP),
                        Timeline.Card.KEYS,
                        "The provider answers again."));
        drills.put(
                "provider/slow",
                toldIf(
                        () -> provider.mood(DemoIdentityProvider.Mood.SLOW),
                        Timeline.Card.KEYS,
                        "The provider takes 3 s for each answer."));
        drills.put(
                "provider/down",
                toldIf(
                        () -> provider.mood(DemoIdentityProvider.Mood.DOWN),
                        Timeline.Card.KEYS,
                        "The provider answers 503."));
        drills.put(
                "redis/kill",
                toldIf(() -> demo.ownRedis().kill(), Timeline.Card.REDIS, "Redis was killed, as in a crash."));
        drills.put("redis/start", toldIf(() -> demo.ownRedis().start(), Timeline.Card.REDIS, "Redis was started."));
        drills.put("session/next", told(tables::next, Timeline.Card.RATING, "Another session is pending now."));
        drills.put("plain/restart", quiet(demo::restartPlain));
        drills.put("load/pause", quiet(() -> demo.lanes().pause(true)));
        drills.put("load/run", quiet(() -> demo.lanes().pause(false)));
        drills.put("reset", told(demo::reset, Timeline.Card.RATING, "New tables, and every part as it was."));
    }

    void register(JavalinConfig config) {
        config.routes.before("/drill/*", LocalOnly::check);
        config.routes.post("/drill/token", this::token);
        drills.forEach((path, drill) -> config.routes.post("/drill/" + path, context -> {
            Map<String, Object> answer = drill.run();
            demo.refresh();
            context.json(answer);
        }));
    }

    /** An action that may fail. */
    private interface Action {
        void run() throws Exception;
    }

    private Drill quiet(Action action) {
        return () -> {
            action.run();
            return Map.of("session_id", tables.table().id());
        };
    }

    private Drill told(Action action, Timeline.Card card, String text) {
        return toldIf(
                () -> {
                    action.run();
                    return true;
                },
                card,
                text);
    }

    /** An action that says whether it changed anything. */
    private interface Change {
        boolean run() throws Exception;
    }

    /** The timeline has what changed something: to start what runs is no event. */
    private Drill toldIf(Change change, Timeline.Card card, String text) {
        return () -> {
            if (change.run()) {
                timeline.add(card, Timeline.Level.INFO, text);
            }
            return Map.of("session_id", tables.table().id());
        };
    }

    /** A drill that starts processes: two of them at once would only be slow. */
    private Drill oneAtATime(Drill drill, Timeline.Card card, String text) {
        return () -> {
            processes.lock();
            try {
                Map<String, Object> answer = drill.run();
                timeline.add(card, Timeline.Level.INFO, text);
                return answer;
            } finally {
                processes.unlock();
            }
        };
    }

    private void token(Context context) {
        JsonNode name = RequestBody.read(context).json().path("user");
        String userId = name.isTextual() ? DemoTables.PEOPLE.get(name.textValue()) : null;
        if (userId == null) {
            throw Problem.MALFORMED_REQUEST.thrown();
        }
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("access_token", provider.sign(userId, name.textValue(), JWSAlgorithm.ES256));
        answer.put("user_id", userId);
        answer.put("name", tables.table().members().getOrDefault(userId, name.textValue()));
        answer.put(
                "expires_at",
                Instant.now().plus(DemoIdentityProvider.TOKEN_LIFETIME).toString());
        context.json(answer);
    }
}
