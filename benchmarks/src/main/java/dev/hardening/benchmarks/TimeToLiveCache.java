package dev.hardening.benchmarks;

import java.util.concurrent.TimeUnit;

/**
 * A model of a cache that only has a time to live, of an hour: the first request after it fetches, so does each request while
 * there are no keys, and each request with an unknown key id; one fetch at a time.
 */
final class TimeToLiveCache implements KeyCache {

    private static final long TIME_TO_LIVE = TimeUnit.HOURS.toNanos(1);

    private int newest;
    private long expiresAt;
    private boolean running;

    @Override
    public boolean read(long now, int key) {
        if (running || (key <= newest && now < expiresAt)) {
            return false;
        }
        running = true;
        return true;
    }

    @Override
    public long quietUntil() {
        return expiresAt;
    }

    @Override
    public long usableUntil() {
        return expiresAt;
    }

    @Override
    public int newest() {
        return newest;
    }

    @Override
    public void succeeded(long now, int fetched) {
        newest = fetched;
        expiresAt = now + TIME_TO_LIVE;
        running = false;
    }

    @Override
    public void failed(long now) {
        running = false;
    }
}
