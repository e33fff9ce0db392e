package dev.hardening.benchmarks;

import java.time.Duration;

/**
 * How long everything may take.
 *
 * @param forks JVMs for each microbenchmark; 0 runs it in this one, which only a test does
 * @param warmups iterations that do not count, in each fork
 * @param iterations iterations that count, in each fork
 * @param iteration how long one is
 * @param keyLifetime the keys' time to live in the scenarios
 * @param refreshes how long reads are watched while refreshes run
 * @param outage how long the endpoint is down
 * @param flood how long forged key ids are sent
 * @param rounds how often the flood is repeated for each side of its pair, and the herd for each contender
 * @param failingCallers how many there are in the herd at an endpoint that fails
 * @param connects pairs of connects to Redis
 * @param coldConnects pairs of connects to Redis, each in a JVM of its own
 * @param coldStarts pairs of processes until their first token
 * @param commands how often SET and GET are sent to Redis in a window
 * @param commandPairs pairs of such windows
 * @param idle how long a service at rest is watched
 * @param appWindows pairs of windows of load on the app
 * @param appWindow how long one is
 */
record Budget(
        int forks,
        int warmups,
        int iterations,
        Duration iteration,
        Duration keyLifetime,
        Duration refreshes,
        Duration outage,
        Duration flood,
        int rounds,
        int failingCallers,
        int connects,
        int coldConnects,
        int coldStarts,
        int commands,
        int commandPairs,
        Duration idle,
        int appWindows,
        Duration appWindow) {

    static final Budget FULL = new Budget(
            2,
            6,
            12,
            Duration.ofMillis(250),
            Duration.ofSeconds(2),
            Duration.ofSeconds(12),
            Duration.ofSeconds(5),
            Duration.ofSeconds(3),
            5,
            20,
            2_000,
            10,
            20,
            10_000,
            20,
            Duration.ofMinutes(1),
            30,
            Duration.ofSeconds(1));

    static final Budget QUICK = new Budget(
            1,
            2,
            3,
            Duration.ofMillis(200),
            Duration.ofSeconds(1),
            Duration.ofSeconds(4),
            Duration.ofSeconds(2),
            Duration.ofSeconds(1),
            3,
            5,
            40,
            2,
            3,
            2_000,
            4,
            Duration.ofSeconds(5),
            6,
            Duration.ofMillis(500));
}
