package dev.hardening.benchmarks;

import com.nimbusds.jose.jwk.JWK;
import dev.hardening.testing.IdentityProvider;
import dev.hardening.testing.RedisServer;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Authenticated requests a second at the example app, in production mode, with and without the hardenings. Without them
 * it is the same app with the same jars, and stand-ins for {@code TokenDecoder}, {@code RedisConnector} and
 * {@code ConnectedRedis} before theirs on the class path: keys in a map, a bare {@link java.security.Signature} of the
 * same provider, and Lettuce as it comes.
 */
final class AppLoad {

    static final String PATH = "/api/v1/sessions/pending-ratings";
    private static final int CLIENTS = 8;
    private static final int TOKENS_OF_EACH = 8;
    private static final Path STAND_INS = Path.of("target", "stand-ins");
    private static final double LEAST = 0.95;

    private AppLoad() {}

    private static AppProcess start(boolean hardened, IdentityProvider keys, RedisServer redis) throws IOException {
        String classPath = hardened
                ? Children.classPath()
                : STAND_INS.toAbsolutePath() + File.pathSeparator + Children.classPath();
        return AppProcess.start(
                Children.java(classPath, "-Xmx512m", "dev.hardening.example.FocusSquad"), keys, redis, line -> {});
    }

    static Section section(Budget budget) throws Exception {
        if (!Files.isDirectory(STAND_INS)) {
            throw new IOException(
                    "there are no stand-ins in " + STAND_INS + ": run this in the module's folder, built");
        }
        List<JWK> keys = Tokens.keys(1);
        try (IdentityProvider server = new IdentityProvider(keys.toArray(JWK[]::new));
                RedisServer redis = RedisServer.start()) {
            List<String> people =
                    IntStream.range(0, 4).mapToObj(i -> Tokens.subject()).toList();
            seat(redis, people);
            Section section = new Section(
                    "`GET " + PATH + "`, " + CLIENTS + " clients",
                    "pairs of windows",
                    "with the hardenings, requests a second",
                    "without",
                    "ratio (95 % interval)",
                    "failed");
            long failed = 0;
            double slowest = Double.MAX_VALUE;
            String texts = "";
            for (JWK key : List.of(keys.get(1), keys.get(0))) {
                List<String> tokens = new ArrayList<>();
                for (int i = 0; i < TOKENS_OF_EACH; i++) {
                    people.forEach(person -> tokens.add(Tokens.sign(key, server.issuer(), person)));
                }
                Paired pairs = new Paired();
                long failedNow = pairs(budget, server, redis, tokens, pairs);
                String algorithm = String.valueOf(key.getAlgorithm());
                section.row(
                        algorithm + " tokens",
                        budget.appWindows(),
                        pairs.ours(),
                        pairs.theirs(),
                        pairs.text(),
                        failedNow);
                failed += failedNow;
                slowest = Math.min(slowest, pairs.ratio());
                texts += (texts.isEmpty() ? "" : ", ") + algorithm + " " + pairs.text();
            }
            section.targets()
                    .add(Section.Target.of(
                            "authenticated requests a second at the example app, against it without the hardenings",
                            "≥ 0.95×",
                            texts + (failed == 0 ? "" : String.format(Locale.ROOT, ", %,d failed", failed)),
                            slowest >= LEAST && failed == 0));
            return section;
        }
    }

    private static long pairs(
            Budget budget, IdentityProvider server, RedisServer redis, List<String> tokens, Paired pairs)
            throws IOException {
        try (AppProcess with = start(true, server, redis);
                AppProcess without = start(false, server, redis);
                HttpClients toWith = new HttpClients(with.url(), PATH, tokens, CLIENTS);
                HttpClients toWithout = new HttpClients(without.url(), PATH, tokens, CLIENTS)) {
            Duration warmUp = budget.appWindow().multipliedBy(Math.min(6, budget.appWindows()));
            long failed = toWith.run(warmUp).failed() + toWithout.run(warmUp).failed();
            Random order = new Random(5);
            for (int i = 0; i < budget.appWindows(); i++) {
                HttpClients.Seen our;
                HttpClients.Seen their;
                if (order.nextBoolean()) {
                    our = toWith.run(budget.appWindow());
                    their = toWithout.run(budget.appWindow());
                } else {
                    their = toWithout.run(budget.appWindow());
                    our = toWith.run(budget.appWindow());
                }
                failed += our.failed() + their.failed();
                pairs.add(our.rate(), their.rate());
            }
            return failed;
        }
    }

    /** A table of four whose social phase is on, as the app keeps it, so that each request has something to answer. */
    static void seat(RedisServer redis, List<String> people) {
        RedisClient client = RedisClient.create(redis.uri());
        try (StatefulRedisConnection<String, String> connection = client.connect()) {
            RedisCommands<String, String> commands = connection.sync();
            Instant started = Instant.now().minus(Duration.ofMinutes(51));
            commands.hset("session:{table-1}:meta", "started_at", String.valueOf(started.toEpochMilli()));
            for (String person : people) {
                commands.hset("session:{table-1}:members", person, "Somebody");
                commands.sadd("session:{table-1}:open", person);
                commands.zadd("user:{" + person + "}:sessions", started.toEpochMilli() + 86_400_000.0, "table-1");
            }
        } finally {
            client.shutdown();
        }
    }
}
