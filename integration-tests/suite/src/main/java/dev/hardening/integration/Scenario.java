package dev.hardening.integration;

import static dev.hardening.testing.Tokens.EC_1;
import static dev.hardening.testing.Tokens.EC_2;
import static dev.hardening.testing.Tokens.RSA_1;
import static dev.hardening.testing.Tokens.RSA_2;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jwt.PlainJWT;
import dev.hardening.testing.IdentityProvider;
import dev.hardening.testing.Ports;
import dev.hardening.testing.RedisServer;
import dev.hardening.testing.Tokens;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** What a service goes through. Each one starts the service anew, says in one line what was seen, and throws nothing. */
enum Scenario {
    TOKENS("a valid token 200; none, forged, expired, of another audience, malformed 401") {
        @Override
        Result run(Host host, Transcript transcript) throws Exception {
            try (World world = new World(host, transcript)) {
                Service service = world.start();
                String issuer = world.provider.issuer();
                Map<String, Integer> seen = new LinkedHashMap<>();
                seen.put("ES256", service.status("/me", world.token(EC_1)));
                seen.put("RS256", service.status("/me", world.token(RSA_1)));
                Map<String, String> refused = new LinkedHashMap<>();
                refused.put(
                        "forged",
                        Tokens.sign(
                                EC_2, header(EC_2, "ec-1"), World.claims(issuer).build()));
                refused.put(
                        "unknown key", Tokens.sign(EC_2, World.claims(issuer).build()));
                refused.put(
                        "expired",
                        Tokens.sign(
                                EC_1,
                                World.claims(issuer)
                                        .expirationTime(Date.from(Instant.now().minusSeconds(3_600)))
                                        .build()));
                refused.put(
                        "other audience",
                        Tokens.sign(
                                EC_1, World.claims(issuer).audience("another").build()));
                refused.put(
                        "other issuer",
                        Tokens.sign(EC_1, World.claims("https://example.com").build()));
                refused.put("alg none", new PlainJWT(World.claims(issuer).build()).serialize());
                refused.put("not a token", "abc");
                refused.put("three dots", "a.b.c.d");
                refused.put("empty parts", "..");
                Map<String, Integer> wrong = new LinkedHashMap<>();
                seen.forEach((name, status) -> note(wrong, name, status, status == 200));
                int none = service.status("/me", null);
                note(wrong, "no token", none, none == 401);
                for (Map.Entry<String, String> token : refused.entrySet()) {
                    int status = service.status("/me", token.getValue());
                    // RFC 6750 allows 400 for a request that is malformed.
                    note(
                            wrong,
                            token.getKey(),
                            status,
                            status == 401 || (status == 400 && token.getValue().length() < 10));
                }
                int oversized = service.status("/me", "a".repeat(60_000) + ".b.c");
                note(wrong, "60 KB", oversized, oversized >= 400 && oversized < 500);
                return new Result(wrong.isEmpty(), wrong.isEmpty() ? "all as wanted" : "wrong: " + wrong);
            }
        }
    },

    SECRETS("two secrets missing: exit 78, both names, no stack trace") {
        @Override
        Result run(Host host, Transcript transcript) throws Exception {
            try (World world = new World(host, transcript)) {
                Service service = world.launch(Map.of("API_KEY", "", "DB_PASSWORD", ""));
                long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
                while (service.isAlive() && System.nanoTime() < deadline) {
                    if (service.isListening()) {
                        return new Result(false, "it starts");
                    }
                    TimeUnit.MILLISECONDS.sleep(100);
                }
                int exit = service.awaitEnd(Duration.ofSeconds(5));
                String log = service.log();
                boolean named = log.contains("Missing required secrets: API_KEY, DB_PASSWORD");
                boolean trace = log.contains("\tat ");
                return new Result(
                        exit == 78 && named && !trace,
                        "exit " + exit + (named ? ", both named" : ", not named") + (trace ? ", a stack trace" : ""));
            }
        }
    },

    ROTATION("a new key under 100 requests/s: no failure, one fetch") {
        @Override
        Result run(Host host, Transcript transcript) throws Exception {
            try (World world = new World(host, transcript)) {
                Service service = world.start();
                String old = world.token(EC_1);
                String next = world.token(EC_2);
                service.get("/me", old);
                world.pause(1);
                int before = world.provider.keyRequests();
                AtomicInteger turn = new AtomicInteger();
                try (Load load = new Load(100, () -> {
                    boolean rotated = turn.incrementAndGet() > 100;
                    return () -> service.get("/me", rotated ? next : old);
                })) {
                    load.begin();
                    world.pause(0.7);
                    world.provider.publish(EC_2, EC_1, RSA_1);
                    world.pause(3.3);
                    List<Load.Outcome> outcomes = load.end();
                    int fetches = world.provider.keyRequests() - before;
                    List<Load.Outcome> failed =
                            outcomes.stream().filter(o -> o.status() != 200).toList();
                    return new Result(
                            failed.isEmpty() && fetches == 1,
                            failed.size() + " of " + outcomes.size() + " failed"
                                    + (failed.isEmpty() ? "" : " with " + Load.counts(failed)) + ", "
                                    + fetches(fetches));
                }
            }
        }
    },

    OUTAGE("the provider is down for three lives of the keys: no failure") {
        @Override
        Result run(Host host, Transcript transcript) throws Exception {
            try (World world = new World(host, transcript)) {
                int life = host.variant().equals("hardening") ? 3 : Integer.getInteger("default.life", 60);
                Service service = world.start(Map.of("KEYS_TTL", String.valueOf(life)));
                String token = world.token(EC_1);
                service.get("/me", token);
                world.provider.down();
                long start = System.nanoTime();
                try (Load load = new Load(20, () -> () -> service.get("/me", token))) {
                    load.begin();
                    world.pause(3 * life + 1);
                    List<Load.Outcome> outcomes = load.end();
                    List<Load.Outcome> failed =
                            outcomes.stream().filter(o -> o.status() != 200).toList();
                    String from = failed.isEmpty()
                            ? ""
                            : ", the first with " + failed.get(0).status() + " after "
                                    + TimeUnit.NANOSECONDS.toSeconds(
                                            failed.get(0).beganAtNanos() - start) + " s";
                    return new Result(failed.isEmpty(), failed.size() + " of " + outcomes.size() + " failed" + from);
                }
            }
        }
    },

    HANGING("the provider hangs, 40 forged key ids: a valid token within 1 s") {
        @Override
        Result run(Host host, Transcript transcript) throws Exception {
            try (World world = new World(host, transcript)) {
                Service service = world.start();
                String valid = world.token(EC_1);
                for (int i = 0; i < 5; i++) {
                    service.get("/me", valid);
                }
                world.provider.hang();
                AtomicInteger sent = new AtomicInteger();
                try (Load attack = new Load(400, () -> {
                            boolean more = sent.incrementAndGet() <= 40;
                            return () -> more ? service.get("/me", forged(world.provider)) : NOTHING;
                        });
                        Load good = new Load(10, () -> () -> service.get("/me", valid))) {
                    attack.begin();
                    good.begin();
                    world.pause(4);
                    List<Load.Outcome> outcomes = good.end();
                    long slowest = outcomes.stream()
                            .mapToLong(Load.Outcome::millis)
                            .max()
                            .orElse(0);
                    long failed =
                            outcomes.stream().filter(o -> o.status() != 200).count();
                    return new Result(
                            failed == 0 && slowest <= 1_000,
                            failed + " of " + outcomes.size() + " failed, the slowest took " + seconds(slowest));
                }
            }
        }
    },

    FLOOD("forged key ids for 10 s: at most 4 fetches, no valid token fails") {
        @Override
        Result run(Host host, Transcript transcript) throws Exception {
            try (World world = new World(host, transcript)) {
                Service service = world.start();
                String valid = world.token(EC_1);
                service.get("/me", valid);
                int before = world.provider.keyRequests();
                try (Load attack = new Load(50, () -> () -> service.get("/me", forged(world.provider)));
                        Load good = new Load(20, () -> () -> service.get("/me", valid))) {
                    attack.begin();
                    good.begin();
                    world.pause(10);
                    List<Load.Outcome> outcomes = good.end();
                    List<Load.Outcome> attacks = attack.end();
                    int fetches = world.provider.keyRequests() - before;
                    long failed =
                            outcomes.stream().filter(o -> o.status() != 200).count();
                    long accepted =
                            attacks.stream().filter(o -> o.status() == 200).count();
                    return new Result(
                            failed == 0 && fetches <= 4 && accepted == 0,
                            failed + " of " + outcomes.size() + " failed"
                                    + (failed == 0 ? "" : " with " + Load.counts(outcomes)) + ", " + fetches(fetches)
                                    + (accepted == 0 ? "" : ", " + accepted + " forged accepted"));
                }
            }
        }
    },

    HEALING("the provider is down at the start, back after 5 s, no traffic: ready within 60 s") {
        @Override
        Result run(Host host, Transcript transcript) throws Exception {
            try (World world = new World(host, transcript)) {
                world.provider.down();
                Service service = world.start();
                int first = service.status("/health/ready", null);
                world.pause(5);
                world.provider.up();
                long back = System.nanoTime();
                int status = first;
                while (System.nanoTime() - back < TimeUnit.SECONDS.toNanos(60)) {
                    status = service.status("/health/ready", null);
                    if (status == 200) {
                        break;
                    }
                    world.pause(0.25);
                }
                long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - back);
                int valid = service.status("/me", world.token(EC_1));
                return new Result(
                        first == 503 && status == 200 && valid == 200,
                        "readiness first " + first + ", then " + status + " after " + seconds(millis) + ", a token "
                                + valid);
            }
        }
    },

    NO_KEYS("the provider is down and there are no keys: 503 with Retry-After") {
        @Override
        Result run(Host host, Transcript transcript) throws Exception {
            try (World world = new World(host, transcript)) {
                world.provider.down();
                Service service = world.start();
                Service.Answer answer = service.get("/me", world.token(EC_1));
                return new Result(
                        answer.status() == 503 && answer.hasHeader("Retry-After"),
                        answer.status()
                                + (answer.hasHeader("Retry-After") ? " with Retry-After" : " without Retry-After"));
            }
        }
    },

    REDIS_START("Redis up after 2 s: starts; never up: exit 1 with the reason") {
        @Override
        Result run(Host host, Transcript transcript) throws Exception {
            String late;
            int port = Ports.free();
            try (World world = new World(host, transcript, "redis://127.0.0.1:" + port)) {
                Service service = world.launch(Map.of());
                // From the first attempt on, which a JVM under test does not tell: its log is the first sign.
                world.pause(2);
                try (RedisServer redis = RedisServer.startAt(port)) {
                    service.awaitStart();
                    int status = service.status("/count", world.token(EC_1));
                    late = redis.port() == port && status == 200 ? "starts" : "starts, and answers " + status;
                } catch (java.io.IOException ended) {
                    late = "does not start";
                }
            }
            try (World world = new World(host, transcript, "redis://127.0.0.1:" + Ports.refusing())) {
                Service service = world.launch(Map.of());
                long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
                while (service.isAlive() && System.nanoTime() < deadline) {
                    world.pause(0.1);
                }
                if (service.isAlive()) {
                    return new Result(false, late + "; never up: it runs without Redis");
                }
                int exit = service.awaitEnd(Duration.ofSeconds(1));
                String log = service.log();
                boolean reason = log.contains("Redis connection failed after 3 attempts: Connection refused");
                return new Result(
                        late.equals("starts") && exit == 1 && reason,
                        late + "; never up: exit " + exit + (reason ? " with the reason" : ""));
            }
        }
    },

    REDIS_AWAY("Redis away for 10 s under load: 503 in time, no failure 5 s after it is back") {
        @Override
        Result run(Host host, Transcript transcript) throws Exception {
            try (World world = new World(host, transcript)) {
                Service service = world.start();
                String token = world.token(EC_1);
                service.get("/count", token);
                try (Load load = new Load(20, () -> () -> service.get("/count", token))) {
                    load.begin();
                    world.pause(1);
                    world.redis().stop();
                    world.pause(10);
                    world.redis().restart();
                    long back = System.nanoTime();
                    world.pause(8);
                    List<Load.Outcome> outcomes = load.end();
                    long settled = back + TimeUnit.SECONDS.toNanos(5);
                    long slowest = outcomes.stream()
                            .mapToLong(Load.Outcome::millis)
                            .max()
                            .orElse(0);
                    long late = outcomes.stream()
                            .filter(o -> o.beganAtNanos() > settled && o.status() != 200)
                            .count();
                    long odd = outcomes.stream()
                            .filter(o -> o.status() != 200 && o.status() != 503)
                            .count();
                    return new Result(
                            late == 0 && odd == 0 && slowest <= 3_000,
                            Load.counts(outcomes) + ", " + late + " failures later, the slowest took "
                                    + seconds(slowest));
                }
            }
        }
    },

    SHUTDOWN("SIGTERM under load: no accepted request is lost") {
        @Override
        Result run(Host host, Transcript transcript) throws Exception {
            try (World world = new World(host, transcript)) {
                Service service = world.start();
                String token = world.token(EC_1);
                service.get("/slow", token);
                try (Load load = new Load(40, () -> () -> service.get("/slow", token))) {
                    load.begin();
                    world.pause(2);
                    long stopped = System.nanoTime();
                    service.terminate();
                    List<Load.Outcome> outcomes = load.end();
                    // The last ones may not have been accepted yet. How long that takes shows in the slowest answer, of
                    // which half a second is the service's own.
                    long unsure = Math.max(100, slowestAnswer(outcomes) - 500);
                    long lost = outcomes.stream()
                            .filter(o -> o.beganAtNanos() < stopped - TimeUnit.MILLISECONDS.toNanos(unsure))
                            .filter(o -> o.status() != 200)
                            .count();
                    int exit = service.awaitEnd(Duration.ofSeconds(30));
                    return new Result(lost == 0, lost + " of " + outcomes.size() + " lost, exit " + exit);
                }
            }
        }
    },

    SECRECY("no secret and no token in a log, an answer or a health page") {
        @Override
        Result run(Host host, Transcript transcript) throws Exception {
            List<String> secrets = new ArrayList<>(Service.SECRETS.values());
            try (World world = new World(host, transcript)) {
                Service service = world.start();
                List<String> tokens = List.of(world.token(EC_1), forged(world.provider), world.token(RSA_2) + "x");
                for (String token : tokens) {
                    service.get("/me", token);
                    secrets.add(token);
                    secrets.add(token.substring(token.lastIndexOf('.') + 1));
                }
                for (String path :
                        List.of("/health/ready", "/", "/no-such-page", "/me?access_token=" + tokens.get(0))) {
                    service.get(path, null);
                }
            }
            List<String> told = transcript.contained(secrets);
            return new Result(told.isEmpty(), told.isEmpty() ? "none" : told.size() + " of them were told");
        }
    };

    /** What was seen of a scenario. */
    record Result(boolean passed, String seen) {}

    private static final Service.Answer NOTHING = new Service.Answer(401, "", "", 0);

    final String title;

    Scenario(String title) {
        this.title = title;
    }

    /**
     * Runs it.
     *
     * @param transcript gets all that the service says
     */
    abstract Result run(Host host, Transcript transcript) throws Exception;

    /** Runs it; what it throws is what was seen. */
    Result outcome(Host host, Transcript transcript) {
        try {
            return run(host, transcript);
        } catch (Exception failed) {
            return new Result(false, String.valueOf(failed.getMessage()));
        }
    }

    private static String fetches(int count) {
        return count == 1 ? "1 fetch" : count + " fetches";
    }

    private static void note(Map<String, Integer> wrong, String name, int status, boolean asWanted) {
        if (!asWanted) {
            wrong.put(name, status);
        }
    }

    private static String forged(IdentityProvider provider) {
        return Tokens.sign(
                EC_2,
                header(EC_2, UUID.randomUUID().toString()),
                World.claims(provider.issuer()).build());
    }

    private static JWSHeader header(JWK key, String kid) {
        JWSAlgorithm algorithm = key.getKeyType().getValue().equals("RSA") ? JWSAlgorithm.RS256 : JWSAlgorithm.ES256;
        return new JWSHeader.Builder(algorithm).keyID(kid).build();
    }

    private static long slowestAnswer(List<Load.Outcome> outcomes) {
        return outcomes.stream()
                .filter(outcome -> outcome.status() == 200)
                .mapToLong(Load.Outcome::millis)
                .max()
                .orElse(0);
    }

    private static String seconds(long millis) {
        return Math.round(millis / 100.0) / 10.0 + " s";
    }
}
