package dev.hardening.example;

import java.io.IOException;
import java.net.URI;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Starts a copy of each lane's service before its Redis, which follows when the first attempts have failed. */
final class LateRedis {

    private static final long HARDENED_FOLLOWS_MILLIS = 1000;
    private static final long REDIS_FOLLOWS_MILLIS = 1000;
    private static final long PATIENCE_MILLIS = 15_000;
    /** The library's own words: those of the system are in the language of the machine. */
    private static final String ATTEMPT_FAILED = "Redis connection attempt";

    private final Map<String, String> secrets;

    LateRedis(Map<String, String> secrets) {
        this.secrets = secrets;
    }

    Map<String, Object> run() throws IOException, InterruptedException {
        DemoRedis redis = new DemoRedis(DemoRedis.freePort());
        Map<String, String> environment = new LinkedHashMap<>(secrets);
        environment.put("REDIS_URL", redis.url());
        try (redis;
                Copy plain = Copy.start(Lane.PLAIN, environment);
                Copy hardened = startLater(environment)) {
            long started = System.nanoTime();
            while (!hardened.output().contains(ATTEMPT_FAILED) && elapsed(started) < PATIENCE_MILLIS) {
                TimeUnit.MILLISECONDS.sleep(50);
            }
            TimeUnit.MILLISECONDS.sleep(REDIS_FOLLOWS_MILLIS);
            redis.start();
            Map<String, Object> answer = new LinkedHashMap<>();
            answer.put(Lane.HARDENED.word(), seen(hardened));
            answer.put(Lane.PLAIN.word(), seen(plain));
            return answer;
        }
    }

    /** On a slow machine the plain copy must not find the Redis that follows the hardened one's first attempt. */
    private static Copy startLater(Map<String, String> environment) throws IOException, InterruptedException {
        TimeUnit.MILLISECONDS.sleep(HARDENED_FOLLOWS_MILLIS);
        return Copy.start(Lane.HARDENED, environment);
    }

    private static long elapsed(long since) {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - since);
    }

    private static Map<String, Object> seen(Copy copy) throws InterruptedException {
        Map<String, Object> seen = new LinkedHashMap<>();
        Optional<URI> url = copy.url();
        seen.put("started", url.isPresent());
        seen.put("took_ms", copy.ageMillis());
        if (url.isEmpty()) {
            seen.put("exit_code", copy.exitCode());
        }
        seen.put("output_lines", copy.output().lines().count());
        return seen;
    }
}
