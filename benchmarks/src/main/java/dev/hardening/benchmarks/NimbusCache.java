package dev.hardening.benchmarks;

import java.util.concurrent.TimeUnit;

/**
 * A model of what Nimbus's {@code JWKSourceBuilder} builds by default: keys live for 5 minutes, the first request in the
 * last 30 seconds of them refreshes, an unknown key id refreshes, and there are at most two fetches in 30 seconds. A failed
 * fetch is followed by no pause, and there are no keys after the 5 minutes.
 */
final class NimbusCache implements KeyCache {

    private static final long TIME_TO_LIVE = TimeUnit.MINUTES.toNanos(5);
    private static final long REFRESH_AHEAD = TimeUnit.SECONDS.toNanos(30);
    private static final long INTERVAL = TimeUnit.SECONDS.toNanos(30);

    private int newest;
    private long expiresAt;
    private boolean running;
    private long opensAt;
    private boolean hasSecond;

    @Override
    public boolean read(long now, int key) {
        boolean refreshes = key > newest || now >= quietUntil();
        if (running || !refreshes || !isAllowed(now)) {
            return false;
        }
        running = true;
        return true;
    }

    private boolean isAllowed(long now) {
        if (now >= opensAt) {
            opensAt = now + INTERVAL;
            hasSecond = true;
            return true;
        }
        boolean second = hasSecond;
        hasSecond = false;
        return second;
    }

    @Override
    public long quietUntil() {
        return expiresAt - REFRESH_AHEAD;
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
