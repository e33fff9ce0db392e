package dev.hardening.redis;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.RedisConnectionException;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.resource.ClientResources;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import reactor.core.publisher.Mono;

/**
 * A client that asks one Sentinel after the other until one names the primary, at the start and for each reconnect. Lettuce
 * by itself asks the next one only if it cannot connect to the one before it. Each attempt and each reconnect begins with
 * the next Sentinel, because one that is out of date may name a server that is no longer the primary.
 */
final class SentinelClient extends RedisClient {

    private final BooleanSupplier isFreed;
    private final AtomicInteger turns = new AtomicInteger();
    private volatile boolean foundNone;

    /** Takes whether its threads are freed, or are about to be: then no further Sentinel is asked. */
    SentinelClient(ClientResources resources, RedisURI uri, BooleanSupplier isFreed) {
        super(resources, uri);
        this.isFreed = isFreed;
    }

    @Override
    protected Mono<SocketAddress> getSocketAddress(RedisURI uri) {
        return uri.getSentinels().isEmpty()
                ? super.getSocketAddress(uri)
                : Mono.defer(() -> ask(uri, turns.getAndIncrement(), new ArrayList<>()))
                        .doOnSuccess(primary -> foundNone = false)
                        .doOnError(failure -> foundNone = true);
    }

    /** Whether no Sentinel named the primary at the last time. In a reconnect, Lettuce then uses the address that it knows. */
    boolean foundNone() {
        return foundNone;
    }

    private Mono<SocketAddress> ask(RedisURI uri, int turn, List<Throwable> failed) {
        List<RedisURI> sentinels = uri.getSentinels();
        if (failed.size() == sentinels.size() || (isFreed.getAsBoolean() && !failed.isEmpty())) {
            return Mono.error(together(failed));
        }
        RedisURI sentinel = sentinels.get(Math.floorMod(turn, sentinels.size()));
        return super.getSocketAddress(with(sentinel, uri)).onErrorResume(failure -> {
            failed.add(named(sentinel, failure));
            return ask(uri, turn + 1, failed);
        });
    }

    /** The same primary, asked of one Sentinel, within the time for one. */
    private static RedisURI with(RedisURI sentinel, RedisURI uri) {
        RedisURI one = new RedisURI();
        one.setSentinelMasterId(uri.getSentinelMasterId());
        one.getSentinels().add(sentinel);
        one.setTimeout(sentinel.getTimeout());
        one.setClientName(uri.getClientName());
        one.setLibraryName(uri.getLibraryName());
        one.setLibraryVersion(uri.getLibraryVersion());
        return one;
    }

    /** In Lettuce's words for a Sentinel that it cannot connect to. It keeps what a Sentinel answered as suppressed. */
    private static RedisException named(RedisURI sentinel, Throwable failure) {
        Throwable cause = failure instanceof RedisCommandTimeoutException
                ? Stream.of(failure.getSuppressed())
                        .filter(RedisException.class::isInstance)
                        .findFirst()
                        .orElse(failure)
                : failure;
        return new RedisConnectionException("Cannot connect Redis Sentinel at " + SafeUri.endpoint(sentinel), cause);
    }

    /** As Lettuce does it: the last one is the cause, and the others are suppressed. */
    private static Throwable together(List<Throwable> failed) {
        Throwable last = failed.get(failed.size() - 1);
        if (failed.size() == 1) {
            return last;
        }
        RedisException all = new RedisConnectionException("No Sentinel names the primary", last);
        failed.subList(0, failed.size() - 1).forEach(all::addSuppressed);
        return all;
    }
}
