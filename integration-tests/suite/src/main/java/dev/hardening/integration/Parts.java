package dev.hardening.integration;

import dev.hardening.config.SecretValidator;
import dev.hardening.jwks.JWKSCache;
import dev.hardening.jwks.TokenDecoder;
import dev.hardening.redis.ConnectedRedis;
import dev.hardening.redis.RedisCheck;
import dev.hardening.redis.RedisConnectException;
import dev.hardening.redis.RedisConnector;
import io.lettuce.core.RedisException;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * What a service is made of, whatever its host is: the secrets, the keys and Redis, from the environment that {@link Host}
 * describes. Nothing in it waits once it is open.
 */
public final class Parts implements AutoCloseable {

    private final JWKSCache cache;
    private final TokenDecoder decoder;
    private final ConnectedRedis redis;

    private Parts(String issuer, String audience, Duration timeToLive, Duration keyWait, String redisUrl) {
        // example: parts
        cache = JWKSCache.builder(URI.create(issuer + "/.well-known/jwks.json"))
                .timeToLive(timeToLive)
                .refreshBefore(timeToLive.dividedBy(3))
                .unknownKeyWait(keyWait)
                .build();
        decoder = TokenDecoder.builder(cache).issuer(issuer).audience(audience).build();
        redis = RedisConnector.builder(redisUrl).build().connect();
        // example: end
    }

    /** Opens them. The process ends with 78 if a secret is missing, and with 1 if Redis cannot be reached. */
    public static Parts open() {
        SecretValidator.requiring("API_KEY", "DB_PASSWORD").validateOrExit();
        try {
            return new Parts(
                    System.getenv("ISSUER"),
                    System.getenv("AUDIENCE"),
                    Duration.ofSeconds(Long.parseLong(System.getenv("KEYS_TTL"))),
                    Duration.ofMillis(Long.parseLong(System.getenv("KEY_WAIT"))),
                    System.getenv("REDIS_URL"));
        } catch (RedisConnectException failed) {
            System.err.println(failed.getMessage());
            System.exit(1);
            throw failed;
        }
    }

    /** The port to listen on. */
    public int port() {
        return Integer.parseInt(System.getenv("PORT"));
    }

    /** Verifies tokens. */
    public TokenDecoder decoder() {
        return decoder;
    }

    /** The next number from Redis; fails with Lettuce's {@code RedisException} while Redis is away. */
    public CompletableFuture<String> count() {
        return redis.async()
                .incr("count")
                .toCompletableFuture()
                .exceptionally(failed -> {
                    // A connection that is reset fails the command on its way with an IOException.
                    throw failed instanceof RedisException known ? known : new RedisException(failed);
                })
                .thenApply(String::valueOf);
    }

    /** A text, half a second later. */
    public CompletableFuture<String> later(String text) {
        return new CompletableFuture<String>().completeOnTimeout(text, 500, TimeUnit.MILLISECONDS);
    }

    // example: ready
    /** Whether there are keys, and Redis answers. A cache without keys begins to fetch them because it was asked. */
    public CompletableFuture<Boolean> ready() {
        boolean keys = cache.status().keyCount() > 0;
        return redis.check().thenApply(RedisCheck::up).thenApply(up -> up && keys);
    }
    // example: end

    @Override
    public void close() {
        redis.close();
        cache.close();
    }
}
