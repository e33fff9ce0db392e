package dev.hardening.example;

import dev.hardening.jwks.JWKSCacheListener;
import dev.hardening.jwks.JWKSCacheStatus;
import dev.hardening.redis.Attempt;
import dev.hardening.redis.ConnectListener;
import dev.hardening.redis.ConnectReport;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The latest events of every part, for the page. Safe for use by several threads. */
final class Timeline implements JWKSCacheListener, ConnectListener {

    private static final int KEPT = 60;

    /** What an event is about. */
    enum Card {
        SECRETS,
        KEYS,
        REDIS,
        RATING
    }

    enum Level {
        OK,
        INFO,
        WARN,
        ERROR
    }

    record Event(long id, Instant at, Card card, Level level, String text) {}

    private final List<Consumer<Event>> followers = new CopyOnWriteArrayList<>();
    private final Deque<Event> latest = new ArrayDeque<>();
    private long lastId;

    void add(Card card, Level level, String text) {
        Event event;
        synchronized (latest) {
            event = new Event(++lastId, Instant.now(), card, level, text);
            latest.addLast(event);
            if (latest.size() > KEPT) {
                latest.removeFirst();
            }
        }
        followers.forEach(follower -> follower.accept(event));
    }

    List<Event> latest() {
        synchronized (latest) {
            return List.copyOf(latest);
        }
    }

    void follow(Consumer<Event> follower) {
        followers.add(follower);
    }

    @Override
    public void refreshed(JWKSCacheStatus status) {
        add(Card.KEYS, Level.OK, "Fetched " + status.keyCount() + " keys.");
    }

    @Override
    public void refreshFailed(JWKSCacheStatus status) {
        String kept = status.keyCount() > 0 ? ". The keys it has stay in use." : ".";
        add(Card.KEYS, Level.WARN, "A fetch failed: " + status.lastError() + kept);
    }

    @Override
    public void keyRejected(@Nullable String kid, String reason) {
        add(Card.KEYS, Level.WARN, "A key of the set was left out: " + reason);
    }

    @Override
    public void attemptFailed(Attempt attempt) {
        add(Card.REDIS, Level.WARN, "Attempt " + attempt.number() + " failed: " + attempt.reason());
    }

    @Override
    public void connected(ConnectReport report) {
        add(Card.REDIS, Level.OK, "Connected to Redis " + report.version() + " at attempt " + report.attempts() + ".");
    }

    @Override
    public void disconnected() {
        add(Card.REDIS, Level.ERROR, "The connection to Redis is lost. Requests that need it get 503 at once.");
    }

    @Override
    public void reconnected() {
        add(Card.REDIS, Level.OK, "Connected to Redis again, without a restart.");
    }
}
