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
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What the parts tell: counters for the metrics, and a timeline for the page. */
final class Observed implements JWKSCacheListener, ConnectListener {

    private static final int KEPT = 100;

    /** One line of the timeline. */
    record Event(long id, Instant at, String card, String level, String text) {}

    final AtomicLong posts = new AtomicLong();
    final AtomicLong submitted = new AtomicLong();
    final AtomicLong mismatches = new AtomicLong();
    final AtomicLong failedAttempts = new AtomicLong();
    final AtomicLong reconnects = new AtomicLong();

    private final List<Consumer<Event>> followers = new CopyOnWriteArrayList<>();
    private final Deque<Event> latest = new ArrayDeque<>();
    private long lastId;

    void tell(String card, String level, String text) {
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
        tell("keys", "ok", "Fetched " + status.keyCount() + " keys.");
    }

    @Override
    public void refreshFailed(JWKSCacheStatus status) {
        tell(
                "keys",
                "warn",
                "A fetch failed: " + status.lastError() + (status.keyCount() > 0 ? ". The old keys stay." : "."));
    }

    @Override
    public void keyRejected(@Nullable String kid, String reason) {
        tell("keys", "warn", "A key of the set was left out: " + reason);
    }

    @Override
    public void attemptFailed(Attempt attempt) {
        failedAttempts.incrementAndGet();
        tell("redis", "warn", "Attempt " + attempt.number() + " failed: " + attempt.reason());
    }

    @Override
    public void connected(ConnectReport report) {
        tell("redis", "ok", "Connected to Redis " + report.version() + " at attempt " + report.attempts() + ".");
    }

    @Override
    public void disconnected() {
        tell("redis", "error", "The connection to Redis is lost; requests are told so at once.");
    }

    @Override
    public void reconnected() {
        reconnects.incrementAndGet();
        tell("redis", "ok", "Connected to Redis again, without a restart.");
    }
}
