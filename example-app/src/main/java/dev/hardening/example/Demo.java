package dev.hardening.example;

import dev.hardening.config.Settings;
import dev.hardening.example.plain.PlainService;
import dev.hardening.jwks.JWKSCache;
import io.javalin.config.JavalinConfig;
import java.io.IOException;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** All that only the demo has: its provider, its Redis, its table, the plain lane, the load, the drills and their page. */
final class Demo implements AutoCloseable {

    static final String NO_SECRET = "for-the-demo-only";
    private static final Duration HEALING = Duration.ofSeconds(15);

    private final DemoIdentityProvider provider;
    private final @Nullable DemoRedis demoRedis;
    private final Map<String, String> environment;
    private final Redis redis;
    private final JWKSCache keys;
    private final Timeline timeline;
    private final DemoTables tables;
    private final DemoStatus status;
    private final EventStream stream = new EventStream(this::greeting);
    private final ScheduledExecutorService clock = Executors.newScheduledThreadPool(3, Demo::daemon);
    private final ExecutorService plainSeats = Executors.newSingleThreadExecutor(Demo::daemon);
    private final DrillRoutes drills;
    private volatile PlainService plain;
    private volatile @Nullable TwoLanes lanes;
    private volatile Map<String, Object> latest;

    Demo(
            Options options,
            Settings settings,
            DemoIdentityProvider provider,
            @Nullable DemoRedis demoRedis,
            String redisUrl,
            Redis redis,
            JWKSCache keys,
            Tables tables,
            Timeline timeline,
            Meters meters) {
        this.provider = provider;
        this.demoRedis = demoRedis;
        this.redis = redis;
        this.keys = keys;
        this.timeline = timeline;
        environment = environment(provider, redisUrl);
        plain = plain(environment);
        this.tables = new DemoTables(tables, Clock.systemUTC(), this::seatPlain);
        status = new DemoStatus(
                settings, provider, demoRedis != null, redis, keys, this.tables, meters, options.demoTimeToLive());
        drills = new DrillRoutes(this, provider, this.tables, timeline, redisUrl, environment);
        latest = status.snapshot();
        timeline.add(Timeline.Card.SECRETS, Timeline.Level.OK, "All required secrets are present.");
        timeline.follow(event -> stream.send("timeline", event(event)));
    }

    /** A cache that lives fast enough to be watched. */
    static void hurry(JWKSCache.Builder cache, Duration timeToLive) {
        cache.timeToLive(timeToLive).refreshBefore(timeToLive.dividedBy(4)).unknownKeyCooldown(Duration.ofSeconds(2));
    }

    static Thread daemon(Runnable task) {
        Thread thread = new Thread(task, "demo");
        thread.setDaemon(true);
        return thread;
    }

    private static Map<String, String> environment(DemoIdentityProvider provider, String redisUrl) {
        Map<String, String> environment = new LinkedHashMap<>();
        environment.put("SUPABASE_URL", provider.projectUrl().toString());
        environment.put("SUPABASE_ANON_KEY", NO_SECRET);
        environment.put("SUPABASE_SERVICE_ROLE_KEY", NO_SECRET);
        environment.put("LIVEKIT_API_KEY", NO_SECRET);
        environment.put("LIVEKIT_API_SECRET", NO_SECRET);
        environment.put("LIVEKIT_URL", "wss://livekit.focus-squad.example");
        environment.put("REDIS_URL", firstHost(redisUrl));
        return environment;
    }

    /** The plain lane has no cluster client: it takes the first host. A comma before the last @ is the password's. */
    static String firstHost(String redisUrl) {
        int address = redisUrl.lastIndexOf('@') + 1;
        return redisUrl.substring(0, address) + redisUrl.substring(address).replaceFirst(",[^/?]*", "");
    }

    /** @throws IllegalStateException without Lettuce's message and cause: they may hold a part of the password */
    private static PlainService plain(Map<String, String> environment) {
        try {
            return new PlainService(environment);
        } catch (RuntimeException failed) {
            throw new IllegalStateException("the service without the libraries cannot connect to this Redis ("
                    + failed.getClass().getSimpleName() + ").");
        }
    }

    void register(JavalinConfig config) {
        PlainService.register(config, Lane.PLAIN.prefix, () -> plain);
        config.routes.sse("/drill/events", stream::follow);
        config.routes.get("/drill/status", context -> context.json(status.snapshot()));
        config.routes.get("/drill/history", context -> context.json(greeting()));
        drills.register(config);
    }

    /** Begins the load and the clock, once the server listens. */
    void start(int port) {
        lanes = new TwoLanes(
                URI.create("http://127.0.0.1:" + port),
                provider,
                stream::isFollowed,
                answer -> stream.send("load", List.of(answer.row())));
        everySecond(this::seatNextWhenOver);
        everySecond(this::refresh);
    }

    TwoLanes lanes() {
        TwoLanes started = lanes;
        if (started == null) {
            throw Problem.SHUTTING_DOWN.thrown();
        }
        return started;
    }

    DemoRedis ownRedis() {
        if (demoRedis == null) {
            throw Problem.NOT_OURS.thrown();
        }
        return demoRedis;
    }

    /** What has happened so far. A tab that shares another tab's stream asks for it. */
    private List<EventStream.Event> greeting() {
        List<EventStream.Event> all = new ArrayList<>();
        all.add(new EventStream.Event("status", latest));
        timeline.latest().forEach(event -> all.add(new EventStream.Event("timeline", event(event))));
        TwoLanes started = lanes;
        if (started != null) {
            all.add(new EventStream.Event(
                    "load", started.latest().stream().map(TwoLanes.Answer::row).toList()));
        }
        return all;
    }

    private static Map<String, Object> event(Timeline.Event event) {
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("id", event.id());
        data.put("at", event.at().toString());
        data.put("card", event.card().name().toLowerCase(java.util.Locale.ROOT));
        data.put("level", event.level().name().toLowerCase(java.util.Locale.ROOT));
        data.put("text", event.text());
        return data;
    }

    private void everySecond(Runnable task) {
        var unused = clock.scheduleWithFixedDelay(() -> tryTo(task), 1, 1, TimeUnit.SECONDS);
    }

    /** A scheduled task that throws would never run again. */
    private static void tryTo(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException untilTheNextSecond) {
            // The next second tries again.
        }
    }

    /** On a thread of its own: after an outage of Redis the plain lane hangs, and must not hold up the other one. */
    private void seatPlain(Tables.Session session) {
        plainSeats.execute(
                () -> tryTo(() -> plain.seat(session.id(), session.members().keySet())));
    }

    /** Without Redis it fails, and the table stays as it is. */
    private void seatNextWhenOver() {
        if (tables.isOver()) {
            tables.next();
            timeline.add(
                    Timeline.Card.RATING, Timeline.Level.INFO, "The 55 minutes are over. The next session begins.");
        }
    }

    /** Shows every follower how things are now. */
    void refresh() {
        Map<String, Object> now = status.snapshot();
        now.put("load_paused", lanes().isPaused());
        latest = now;
        stream.send("status", now);
    }

    /**
     * What the plain lane needs to recover. Without Redis it would not start, and while the provider is down it would have
     * no keys, so it then stays as it is. One at a time, so that each service that is replaced is closed.
     */
    synchronized void restartPlain() {
        if (!redis.isUp().getAsBoolean() || provider.mood() == DemoIdentityProvider.Mood.DOWN) {
            return;
        }
        PlainService before = plain;
        PlainService next = plain(environment);
        next.seat(tables.table().id(), tables.table().members().keySet());
        next.fetchKeys();
        plain = next;
        // Its requests under way end first.
        var unused = clock.schedule(before::close, 3, TimeUnit.SECONDS);
    }

    /** Every part as it was at the start. */
    void reset() throws IOException, InterruptedException {
        provider.mood(DemoIdentityProvider.Mood.UP);
        keys.invalidate(); // ends the backoff after an outage, which would hold up the next fetch
        var unused = keys.getKeysAsync();
        if (demoRedis != null) {
            demoRedis.start();
            awaitRedis();
        }
        restartPlain();
        tables.reset();
        lanes().reset();
        lanes().pause(false);
    }

    /** The connection heals by itself; what is written before that would be refused. */
    private void awaitRedis() throws InterruptedException {
        long started = System.nanoTime();
        while (!redis.isUp().getAsBoolean() && System.nanoTime() - started < HEALING.toNanos()) {
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    /** Ends what would hold up a stop: the streams, and requests that hang in the plain lane. */
    void endStreams() {
        clock.shutdownNow();
        plainSeats.shutdownNow();
        TwoLanes started = lanes;
        if (started != null) {
            started.close();
        }
        stream.close();
        plain.close();
    }

    @Override
    public void close() {
        endStreams();
        provider.close();
        if (demoRedis != null) {
            demoRedis.close();
        }
    }
}
