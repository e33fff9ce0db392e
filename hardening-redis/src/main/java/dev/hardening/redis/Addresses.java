package dev.hardening.redis;

import io.netty.resolver.AddressResolver;
import io.netty.resolver.AddressResolverGroup;
import io.netty.resolver.InetNameResolver;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Promise;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/**
 * Resolves names, and gives the next of a name's addresses each time. So one dead address does not make every attempt
 * and every reconnect fail. A name is looked up on a thread of its own, so that a name server that hangs does not stop
 * the other connections. Netty's own resolver would leave its UDP socket open when the client is shut down.
 */
final class Addresses extends AddressResolverGroup<InetSocketAddress> {

    /** Looks a name up. It may block. */
    @FunctionalInterface
    interface Names {
        InetAddress[] lookUp(String host) throws UnknownHostException;
    }

    private final Names names;
    private final Duration bound;
    private final Map<String, Integer> turns = new ConcurrentHashMap<>();
    private final AtomicInteger most = new AtomicInteger(1);

    /** One for each name, so that a name server that hangs holds one thread for each. */
    private final Map<String, CompletableFuture<InetAddress[]>> running = new ConcurrentHashMap<>();

    /** Takes how long a lookup may last. */
    Addresses(Names names, Duration bound) {
        this.names = names;
        this.bound = bound;
    }

    /** How many addresses a name had, at the most; 1 before any was looked up. */
    int most() {
        return most.get();
    }

    /** Whether a name leads to other addresses than this one by now; no if it leads nowhere. It may block. */
    static boolean leadsElsewhere(Names names, String host, InetAddress here) {
        try {
            return !List.of(names.lookUp(host)).contains(here);
        } catch (UnknownHostException | RuntimeException noAnswer) {
            return false;
        }
    }

    @Override
    protected AddressResolver<InetSocketAddress> newResolver(EventExecutor executor) {
        return new InetNameResolver(executor) {

            @Override
            protected void doResolve(String host, Promise<InetAddress> promise) {
                lookUp(host, executor, promise, all -> {
                    most.accumulateAndGet(all.length, Math::max);
                    int turn = turns.merge(host, 0, (last, first) -> (last + 1) % all.length);
                    return all[turn % all.length];
                });
            }

            @Override
            protected void doResolveAll(String host, Promise<List<InetAddress>> promise) {
                lookUp(host, executor, promise, List::of);
            }
        }.asAddressResolver();
    }

    private <T> void lookUp(
            String host, EventExecutor executor, Promise<T> promise, Function<InetAddress[], T> chosen) {
        CompletableFuture<InetAddress[]> found = lookUp(host);
        if (!found.isDone()) {
            long millis = bound.toMillis();
            var limit = executor.schedule(
                    () -> promise.tryFailure(
                            new TimeoutException("timed out after " + millis + " ms while resolving the host's name")),
                    millis,
                    TimeUnit.MILLISECONDS);
            promise.addListener(over -> limit.cancel(false));
        }
        var unused = found.whenComplete((all, failure) -> {
            if (executor.isShuttingDown()) {
                return; // no one waits, and Netty would log an error
            }
            if (failure != null) {
                promise.tryFailure(failure);
            } else {
                promise.trySuccess(chosen.apply(all));
            }
        });
    }

    /** Whether it is an IP address, for which no name server is asked. */
    static boolean isAddress(String host) {
        return NetUtil.isValidIpV4Address(host) || NetUtil.isValidIpV6Address(host);
    }

    private CompletableFuture<InetAddress[]> lookUp(String host) {
        CompletableFuture<InetAddress[]> mine = new CompletableFuture<>();
        if (isAddress(host)) {
            complete(mine, host);
            return mine;
        }
        CompletableFuture<InetAddress[]> others = running.putIfAbsent(host, mine);
        if (others != null) {
            return others;
        }
        Workers.run(() -> {
            try {
                complete(mine, host);
            } finally {
                running.remove(host, mine);
            }
        });
        return mine;
    }

    private void complete(CompletableFuture<InetAddress[]> found, String host) {
        try {
            found.complete(names.lookUp(host));
        } catch (UnknownHostException | RuntimeException failed) {
            found.completeExceptionally(failed);
        }
    }
}
