package dev.hardening.benchmarks;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import dev.hardening.testing.IdentityProvider;
import dev.hardening.testing.RedisServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Runs the packaged example app, with a small heap, under load and under faults of its identity provider and its Redis that
 * are drawn from a seed. It ends with 1 if an answer was wrong, if heap, threads or descriptors grew, or if a line was logged
 * at ERROR. It reads {@code /proc}, so it needs Linux; see {@code benchmarks/run}.
 */
public final class Soak {

    private static final Path JAR = Path.of("..", "example-app", "target", "focus-squad.jar");
    private static final String HEAP = "-Xmx48m";
    private static final int CLIENTS = 4;
    private static final Duration BETWEEN_REQUESTS = Duration.ofMillis(40);
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(20);
    /** In which a connection to a Redis that is back has to be back as well. */
    private static final Duration REDIS_SETTLES = Duration.ofSeconds(20);
    /** The longest pause between two fetches, and the fetch. */
    private static final Duration KEYS_SETTLE = Duration.ofSeconds(75);
    /** How long a set that was sent may be on its way into use. */
    private static final Duration KEYS_ARRIVE = Duration.ofSeconds(10);

    private static final int KEPT_KEYS = 3;
    private static final int SHOWN = 20;

    private static final Pattern USED = Pattern.compile("generation\\s+total \\d+K, used (\\d+)K");

    record Options(int minutes, long seed) {

        static Options read(String[] arguments) {
            int minutes = 60;
            long seed = 1;
            for (String argument : arguments) {
                if (argument.startsWith("--minutes=")) {
                    minutes = Integer.parseInt(argument.substring("--minutes=".length()));
                } else if (argument.startsWith("--seed=")) {
                    seed = Long.parseLong(argument.substring("--seed=".length()));
                } else {
                    throw new IllegalArgumentException(argument);
                }
            }
            if (minutes < 2) {
                throw new IllegalArgumentException("--minutes is at least 2");
            }
            return new Options(minutes, seed);
        }
    }

    /** What the process takes while nothing is asked of it. */
    record Usage(long heapKilobytes, long threads, long descriptors) {}

    /** A kind of request, and how often it is sent. */
    private enum Kind {
        VALID(60),
        NEWEST_KEY(12),
        FORGED_KEY_ID(10),
        BAD_SIGNATURE(6),
        EXPIRED(6),
        OTHER_AUDIENCE(6);

        final int share;

        Kind(int share) {
            this.share = share;
        }

        static Kind any() {
            int drawn = ThreadLocalRandom.current()
                    .nextInt(Stream.of(values()).mapToInt(kind -> kind.share).sum());
            for (Kind kind : values()) {
                drawn -= kind.share;
                if (drawn < 0) {
                    return kind;
                }
            }
            throw new AssertionError();
        }
    }

    private enum Fault {
        PROVIDER_DOWN,
        PROVIDER_HANGS,
        PROVIDER_SLOW,
        PROVIDER_ROTATES,
        REDIS_DOWN,
        REDIS_HANGS,
        REDIS_SLOW,
        REDIS_KILLED;

        boolean isOfRedis() {
            return compareTo(REDIS_DOWN) >= 0;
        }
    }

    private final Options options;
    private final IdentityProvider provider;
    private final RedisServer redis;
    private final List<ECKey> keys = new ArrayList<>();
    private final ECKey strangers;
    private final String person = Tokens.subject();
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private final Map<String, LongAdder> answers = new ConcurrentHashMap<>();
    private final Map<Fault, LongAdder> faults = new ConcurrentHashMap<>();
    private final Queue<String> wrong = new ConcurrentLinkedQueue<>();
    private final LongAdder wrongs = new LongAdder();
    private final Queue<String> errors = new ConcurrentLinkedQueue<>();
    private final AtomicLong slowest = new AtomicLong();

    private volatile boolean redisInTrouble;
    private volatile long redisWellSince = System.nanoTime();
    private volatile List<ECKey> published = List.of();
    /** The newest key that was sent, the newest before it, and when it was sent first. */
    private volatile int sent;

    private volatile int sentBefore;
    private volatile long sentAt = System.nanoTime();
    private volatile boolean paused;
    private volatile boolean ended;

    private Soak(Options options, IdentityProvider provider, RedisServer redis) throws Exception {
        this.options = options;
        this.provider = provider;
        this.redis = redis;
        strangers = key("stranger");
        rotate();
    }

    /**
     * Runs it.
     *
     * @param arguments {@code --minutes=} 60 by default; {@code --seed=} 1 by default
     */
    public static void main(String[] arguments) throws Exception {
        Options options;
        try {
            options = Options.read(arguments);
        } catch (IllegalArgumentException wrong) {
            System.err.println("Usage: benchmarks/run --soak [--minutes=60] [--seed=1]: " + wrong.getMessage());
            System.exit(2);
            return;
        }
        boolean passed;
        try (IdentityProvider provider = new IdentityProvider();
                RedisServer redis = RedisServer.start("--appendonly", "yes", "--appendfsync", "always")) {
            passed = new Soak(options, provider, redis).run();
        }
        System.exit(passed ? 0 : 1);
    }

    private boolean run() throws Exception {
        AppLoad.seat(redis, List.of(person));
        ProcessBuilder java = new ProcessBuilder(
                tool("java"),
                HEAP,
                "-XX:+UseSerialGC",
                "-jar",
                JAR.toAbsolutePath().normalize().toString());
        try (AppProcess app = AppProcess.start(java, provider, redis, this::logged)) {
            long began = System.nanoTime();
            Duration whole = Duration.ofMinutes(options.minutes);
            Duration early = min(whole.dividedBy(3), Duration.ofMinutes(10));
            List<Thread> clients = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                clients.add(Load.daemon(() -> load(app.url())));
            }
            clients.forEach(Thread::start);
            Random random = new Random(options.seed);
            weather(random, began + early.toNanos());
            Usage before = usage(app);
            say("after " + early.toSeconds() + " s: " + before);
            weather(random, began + whole.toNanos());
            Load.sleep(KEYS_SETTLE);
            requireTheNewestKey(app.url());
            Usage after = usage(app);
            say("at the end: " + after);
            ended = true;
            for (Thread thread : clients) {
                thread.join();
            }
            return report(app, before, after);
        }
    }

    private static Duration min(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    private static void say(String line) {
        System.out.println("soak: " + line);
    }

    private void logged(String line) {
        if (line.contains(" ERROR ") || line.startsWith("Exception in thread")) {
            errors.add(line);
        }
    }

    // ---- keys and tokens

    private static ECKey key(String kid) throws Exception {
        return new ECKeyGenerator(Curve.P_256)
                .keyID(kid)
                .algorithm(JWSAlgorithm.ES256)
                .generate();
    }

    /** Publishes a new key beside the last ones. Old tokens stay good. */
    private void rotate() throws Exception {
        keys.add(key("key-" + (keys.size() + 1)));
        List<ECKey> now = List.copyOf(keys.subList(Math.max(0, keys.size() - KEPT_KEYS), keys.size()));
        int number = keys.size();
        String body = new JWKSet(List.<JWK>copyOf(now)).toString(true);
        provider.script(exchange -> {
            IdentityProvider.send(exchange, 200, body);
            if (number > sent) {
                sentBefore = sent;
                sentAt = System.nanoTime();
                sent = number;
            }
        });
        published = now;
    }

    private String token(Kind kind, ECKey key) throws Exception {
        Instant expires = Instant.now().plusSeconds(kind == Kind.EXPIRED ? -600 : 600);
        JWTClaimsSet claims = new JWTClaimsSet.Builder()
                .issuer(provider.issuer())
                .audience(kind == Kind.OTHER_AUDIENCE ? "others" : Tokens.AUDIENCE)
                .subject(person)
                .issueTime(Date.from(expires.minusSeconds(700)))
                .expirationTime(Date.from(expires))
                .build();
        String kid = kind == Kind.FORGED_KEY_ID ? Tokens.subject() : key.getKeyID();
        SignedJWT jwt = new SignedJWT(
                new JWSHeader.Builder(JWSAlgorithm.ES256).keyID(kid).build(), claims);
        jwt.sign(new ECDSASigner(kind == Kind.BAD_SIGNATURE || kind == Kind.FORGED_KEY_ID ? strangers : key));
        return jwt.serialize();
    }

    // ---- the load, and what its answers have to be

    private void load(URI url) {
        while (!ended) {
            if (!paused) {
                ask(url, Kind.any());
            }
            Load.sleep(BETWEEN_REQUESTS);
        }
    }

    private void ask(URI url, Kind kind) {
        List<ECKey> now = published;
        boolean newest = kind == Kind.NEWEST_KEY;
        ECKey key =
                now.get(newest ? now.size() - 1 : ThreadLocalRandom.current().nextInt(now.size()));
        int number = Integer.parseInt(String.valueOf(key.getKeyID()).substring("key-".length()));
        boolean known = number <= sentBefore || (number <= sent && System.nanoTime() - sentAt > KEYS_ARRIVE.toNanos());
        boolean redisWell = isRedisWell();
        long began = System.nanoTime();
        String seen;
        try {
            HttpResponse<String> answer = client.send(
                    HttpRequest.newBuilder(url.resolve(AppLoad.PATH))
                            .timeout(ANSWER_WITHIN)
                            .header("Authorization", "Bearer " + token(kind, key))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            seen = String.valueOf(answer.statusCode());
            if (answer.statusCode() == 200 && !answer.body().contains("table-1")) {
                seen = "200 without the table";
            }
        } catch (Exception failed) {
            seen = failed.getClass().getSimpleName();
        }
        slowest.accumulateAndGet(System.nanoTime() - began, Math::max);
        answers.computeIfAbsent(kind + " " + seen, any -> new LongAdder()).increment();
        boolean right = switch (kind) {
            case VALID, NEWEST_KEY ->
                seen.equals("200")
                        || (seen.equals("503") && !(known && redisWell && isRedisWell()))
                        || (seen.equals("401") && !known);
            case FORGED_KEY_ID -> seen.equals("401") || seen.equals("503");
            case BAD_SIGNATURE, EXPIRED, OTHER_AUDIENCE -> seen.equals("401") || (seen.equals("503") && !known);
        };
        if (!right) {
            wrongs.increment();
            if (wrong.size() < SHOWN) {
                wrong.add(kind + " got " + seen + (known ? ", its key was known" : ", its key was new")
                        + (redisWell ? ", Redis was well" : ", Redis was in trouble"));
            }
        }
    }

    private boolean isRedisWell() {
        return !redisInTrouble && System.nanoTime() - redisWellSince > REDIS_SETTLES.toNanos();
    }

    /** The provider was well for longer than any pause: what it publishes is in use. */
    private void requireTheNewestKey(URI url) {
        for (int i = 0; i < 3 && sent < keys.size(); i++) {
            ask(url, Kind.NEWEST_KEY);
            Load.sleep(KEYS_ARRIVE);
        }
        if (sent < keys.size()) {
            wrongs.increment();
            wrong.add("the last key was never asked for");
        }
    }

    // ---- the faults

    /** Faults, one after another, with quiet times between them. */
    private void weather(Random random, long until) throws Exception {
        while (System.nanoTime() - until < 0) {
            Fault fault = Fault.values()[random.nextInt(Fault.values().length)];
            Duration length = Duration.ofMillis(500 + random.nextInt(12_000));
            boolean rotates = random.nextInt(4) == 0;
            Duration quiet = Duration.ofMillis(random.nextInt(8_000) + (fault.isOfRedis() ? 22_000 : 0));
            faults.computeIfAbsent(fault, any -> new LongAdder()).increment();
            happen(fault, length, rotates);
            Load.sleep(quiet);
        }
    }

    private void happen(Fault fault, Duration length, boolean rotates) throws Exception {
        redisInTrouble = fault.isOfRedis();
        switch (fault) {
            case PROVIDER_DOWN -> provider.down();
            case PROVIDER_HANGS -> provider.hang();
            case PROVIDER_SLOW -> provider.slow(Duration.ofSeconds(2));
            case PROVIDER_ROTATES -> rotate();
            case REDIS_DOWN, REDIS_KILLED -> redis.stop();
            case REDIS_HANGS -> redis.signal("STOP");
            case REDIS_SLOW -> {
                // It begins below.
            }
        }
        if (rotates) {
            rotate();
        }
        if (fault == Fault.REDIS_SLOW) {
            long end = System.nanoTime() + length.toNanos();
            while (System.nanoTime() - end < 0) {
                redis.command("CLIENT PAUSE 300 ALL");
                Load.sleep(Duration.ofMillis(350));
            }
        } else if (fault != Fault.REDIS_KILLED && fault != Fault.PROVIDER_ROTATES) {
            Load.sleep(length);
        }
        provider.up();
        switch (fault) {
            case REDIS_DOWN, REDIS_KILLED -> redis.restart();
            case REDIS_HANGS -> redis.signal("CONT");
            default -> {
                // Nothing to undo.
            }
        }
        if (redisInTrouble) {
            redisWellSince = System.nanoTime();
            redisInTrouble = false;
        }
    }

    // ---- what the process takes

    private Usage usage(AppProcess app) throws IOException {
        Load.sleep(REDIS_SETTLES);
        paused = true;
        Load.sleep(Duration.ofSeconds(5));
        long heap = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            jcmd(app, "GC.run");
            heap = Math.min(heap, used(jcmd(app, "GC.heap_info")));
        }
        Path proc = Path.of("/proc", String.valueOf(app.process().pid()));
        long threads;
        long descriptors;
        try (Stream<Path> tasks = Files.list(proc.resolve("task"));
                Stream<Path> files = Files.list(proc.resolve("fd"))) {
            threads = tasks.count();
            descriptors = files.count();
        }
        paused = false;
        return new Usage(heap, threads, descriptors);
    }

    private static String tool(String name) {
        return Path.of(System.getProperty("java.home"), "bin", name).toString();
    }

    private static String jcmd(AppProcess app, String command) throws IOException {
        Process process = new ProcessBuilder(
                        tool("jcmd"), String.valueOf(app.process().pid()), command)
                .redirectErrorStream(true)
                .start();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    static long used(String heapInfo) {
        Matcher generation = USED.matcher(heapInfo);
        long sum = 0;
        int found = 0;
        for (; generation.find(); found++) {
            sum += Long.parseLong(generation.group(1));
        }
        if (found == 0) {
            throw new IllegalStateException("no heap in: " + heapInfo);
        }
        return sum;
    }

    // ---- the end

    private boolean report(AppProcess app, Usage before, Usage after) {
        say("faults: " + faults);
        new TreeMap<>(answers).forEach((kind, count) -> say(kind + ": " + count));
        say(String.format(
                Locale.ROOT, "slowest answer: %.1f s; key requests: %d", slowest.get() / 1e9, provider.keyRequests()));
        wrong.forEach(line -> say("WRONG: " + line));
        errors.stream().limit(SHOWN).forEach(line -> say("LOGGED: " + line));
        boolean passed = true;
        passed &= require(app.process().isAlive(), "the app is still there");
        passed &= require(wrongs.sum() == 0, wrongs.sum() + " wrong answers");
        passed &= require(errors.isEmpty(), errors.size() + " lines at ERROR");
        passed &= require(
                after.heapKilobytes <= before.heapKilobytes * 1.1,
                String.format(
                        Locale.ROOT,
                        "heap after a collection %.2f times the early one",
                        (double) after.heapKilobytes / before.heapKilobytes));
        passed &= require(after.threads <= before.threads + 5, after.threads - before.threads + " threads more");
        passed &= require(
                after.descriptors <= before.descriptors + 8,
                after.descriptors - before.descriptors + " descriptors more");
        say(
                passed
                        ? "passed"
                        : "FAILED; again: benchmarks/run --soak --minutes=" + options.minutes + " --seed="
                                + options.seed);
        return passed;
    }

    private static boolean require(boolean holds, String what) {
        say((holds ? "ok: " : "NOT: ") + what);
        return holds;
    }
}
