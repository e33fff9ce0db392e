package dev.hardening.redis;

import io.lettuce.core.RedisCredentials;
import io.lettuce.core.RedisCredentialsProvider;
import io.lettuce.core.StaticCredentialsProvider;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The caller's provider of credentials, with failures that are told as such. Lettuce asks several times, one after the
 * other, for one connect. So an attempt asks once, and its answer is kept until the connect is over. A reconnect asks
 * the caller's provider. Safe for use by several threads.
 */
final class Credentials implements RedisCredentialsProvider {

    private final RedisCredentialsProvider callers;
    private volatile @Nullable RedisCredentials kept;

    private Credentials(RedisCredentialsProvider callers) {
        this.callers = callers;
    }

    /** The same provider if it has its credentials already. */
    static RedisCredentialsProvider of(RedisCredentialsProvider provider) {
        return provider instanceof StaticCredentialsProvider ? provider : new Credentials(provider);
    }

    /** Whether both ask the same provider of the caller. */
    static boolean areSame(RedisCredentialsProvider one, RedisCredentialsProvider other) {
        return one instanceof Credentials first
                && other instanceof Credentials second
                && first.callers == second.callers;
    }

    /** Asks the caller's provider. */
    Mono<RedisCredentials> ask() {
        return Mono.defer(callers::resolveCredentials)
                .onErrorMap(Diagnosis.NoCredentials::new)
                .switchIfEmpty(Mono.error(() -> new Diagnosis.NoCredentials(null)));
    }

    /** From now on these are the answer. */
    void keep(RedisCredentials credentials) {
        kept = credentials;
    }

    /** Asks the caller's provider again, unless others are kept by now. */
    void forget(RedisCredentials credentials) {
        if (kept == credentials) {
            kept = null;
        }
    }

    @Override
    public Mono<RedisCredentials> resolveCredentials() {
        RedisCredentials known = kept;
        return known == null ? ask() : Mono.just(known);
    }

    @Override
    public boolean supportsStreaming() {
        return callers.supportsStreaming();
    }

    @Override
    public Flux<RedisCredentials> credentials() {
        return callers.credentials();
    }
}
