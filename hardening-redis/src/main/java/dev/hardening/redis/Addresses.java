package dev.hardening.redis;

import io.netty.resolver.AddressResolver;
import io.netty.resolver.AddressResolverGroup;
import io.netty.resolver.InetNameResolver;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Promise;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Resolves names, and gives the next of a name's addresses each time. So one dead address does not make every attempt
 * and every reconnect fail. Netty's own resolver would leave its UDP socket open when the client is shut down.
 */
final class Addresses extends AddressResolverGroup<InetSocketAddress> {

    /** Looks a name up. It may block. */
    @FunctionalInterface
    interface Names {
        InetAddress[] lookUp(String host) throws UnknownHostException;
    }

    private final Names names;
    private final Map<String, Integer> turns = new ConcurrentHashMap<>();

    Addresses(Names names) {
        this.names = names;
    }

    @Override
    protected AddressResolver<InetSocketAddress> newResolver(EventExecutor executor) {
        return new InetNameResolver(executor) {

            @Override
            protected void doResolve(String host, Promise<InetAddress> promise) throws UnknownHostException {
                InetAddress[] all = names.lookUp(host);
                int turn = turns.merge(host, 0, (last, first) -> (last + 1) % all.length);
                promise.setSuccess(all[turn % all.length]);
            }

            @Override
            protected void doResolveAll(String host, Promise<List<InetAddress>> promise) throws UnknownHostException {
                promise.setSuccess(List.of(names.lookUp(host)));
            }
        }.asAddressResolver();
    }
}
