package dev.hardening.redis;

import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.resource.NettyCustomizer;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The channels of one client: puts a {@link ChannelWatch} on each, and keeps what they learn for the attempt that opened
 * them. Safe for use by several threads.
 */
final class Channels implements NettyCustomizer {

    /** Is told of the subscriptions of a connection. */
    @FunctionalInterface
    interface Subscriptions {

        /** Takes the server's error, or null if the server accepted one. */
        void answered(Object connection, @Nullable String refused);
    }

    private final Duration heartbeat;
    private final Duration handshakeBound;
    private final Addresses.Names names;
    private final boolean asksSentinels;
    private final long epoch = System.nanoTime();
    private final Set<ChannelWatch> beating = ConcurrentHashMap.newKeySet();

    private final Map<Object, ChannelWatch> byConnection = new ConcurrentHashMap<>();

    /** As many as the client has threads for its sockets. */
    private final Set<EventLoop> loops = ConcurrentHashMap.newKeySet();

    /** Lettuce has one for each connection, on each of its channels. */
    private final Set<ChannelHandler> watchdogs =
            Collections.newSetFromMap(Collections.synchronizedMap(new WeakHashMap<>()));

    private volatile Subscriptions subscriptions = (connection, refused) -> {};
    private volatile Requirement requirement = new Requirement(null, true, false, true);
    private volatile boolean bare;
    private volatile boolean helloDue;
    private volatile boolean connected;
    private volatile boolean closedUponHello;
    private volatile Failure.@Nullable Said lastError;
    private volatile @Nullable String lastPeer;
    private volatile @Nullable String refused;
    private volatile @Nullable CompletableFuture<?> hello;

    /**
     * For a new client.
     *
     * @param heartbeat zero for none
     * @param handshakeBound how long a handshake may take
     * @param asksSentinels whether some of the channels may lead to Sentinels
     */
    Channels(Duration heartbeat, Duration handshakeBound, Addresses.Names names, boolean asksSentinels) {
        this.heartbeat = heartbeat;
        this.handshakeBound = handshakeBound;
        this.names = names;
        this.asksSentinels = asksSentinels;
    }

    // Lettuce's handlers are found by their names. Their types extend types of a Netty module whose name differs
    // between Netty's versions.
    @Override
    public void afterChannelInitialized(Channel created) {
        ChannelPipeline pipeline = created.pipeline();
        String encoder = null;
        String handshake = null;
        boolean reconnect = false;
        for (Map.Entry<String, ChannelHandler> handler : pipeline) {
            String type = handler.getValue().getClass().getSimpleName();
            if (type.equals("CommandEncoder")) {
                encoder = handler.getKey();
            } else if (type.equals("RedisHandshakeHandler")) {
                handshake = handler.getKey();
            } else if (type.endsWith("ConnectionWatchdog")) { // newer Lettuce has a subclass of it
                reconnect = !watchdogs.add(handler.getValue());
            }
        }
        if (encoder == null || handshake == null) {
            return;
        }
        loops.add(created.eventLoop());
        ChannelWatch watch = new ChannelWatch(this, pipeline.context(encoder), reconnect);
        pipeline.addAfter(encoder, "hardening-watch", watch);
        pipeline.addAfter(handshake, "hardening-admission", watch.afterHandshake());
    }

    /** Keeps which channel each connection has at the moment; to be added to the client. */
    RedisConnectionStateListener connections() {
        return new RedisConnectionStateListener() {

            @Override
            public void onRedisConnected(RedisChannelHandler<?, ?> connection, SocketAddress address) {
                ChannelWatch opened = ChannelWatch.opened();
                if (opened != null) {
                    byConnection.put(connection, opened);
                }
            }

            @Override
            public void onRedisDisconnected(RedisChannelHandler<?, ?> connection) {
                byConnection.remove(connection);
            }
        };
    }

    /** The watch of a connection's channel; null if it has none at the moment, or several, as a cluster's has. */
    @Nullable
    ChannelWatch watchOf(Object connection) {
        return byConnection.get(connection);
    }

    /** From now on this is told of each subscription that is refused after a reconnect, and of those that are accepted. */
    void tellOfSubscriptions(Subscriptions told) {
        subscriptions = told;
    }

    /** Whether this thread is an event loop of the client. One that waits for a connection may wait for itself. */
    boolean isEventLoop() {
        return loops.stream().anyMatch(EventLoop::inEventLoop);
    }

    // ---- for the attempt that opens a connection

    /**
     * Before a connection is opened.
     *
     * @param bare whether handshakes leave HELLO and CLIENT out
     */
    void reset(boolean bare) {
        this.bare = bare;
        helloDue = false;
        connected = false;
        closedUponHello = false;
        lastError = null;
        lastPeer = null;
        hello = null;
    }

    /** From now on each channel has to lead to a server that meets it. */
    void require(Requirement required) {
        requirement = required;
    }

    /** Whether a channel was connected since the reset. If so, a timeout is due to the server, and not to the network. */
    boolean connected() {
        return connected;
    }

    /** Whether a server closed a connection instead of answering HELLO, as some proxies do. */
    boolean closedUponHello() {
        return closedUponHello;
    }

    /**
     * What a server said last while it was connected to, if that was an error. Lettuce may report only that the connection
     * was closed after it, by the server or by Lettuce itself, and not the error.
     */
    Failure.@Nullable Said lastError() {
        return lastError;
    }

    /** Host and port that a channel was opened to last; null if none was, or to a Unix socket. */
    @Nullable
    String lastPeer() {
        return lastPeer;
    }

    /** Why the last reconnect was refused here; null if it was not. */
    @Nullable
    String refused() {
        return refused;
    }

    /** What the server answered to the last HELLO; null if it refused it or was not asked. */
    Requirement.@Nullable Server handshake() {
        CompletableFuture<?> asked = hello;
        return asked != null
                        && asked.isDone()
                        && !asked.isCompletedExceptionally()
                        && asked.join() instanceof Map<?, ?> map
                ? Requirement.Server.of(map)
                : null;
    }

    // ---- for the watches

    Duration heartbeat() {
        return heartbeat;
    }

    Duration handshakeBound() {
        return handshakeBound;
    }

    /** When the first period of all heartbeats began. */
    long epoch() {
        return epoch;
    }

    Addresses.Names names() {
        return names;
    }

    /** What is wrong with the server that a connection came back to; null if nothing is, or that is not known. */
    @Nullable
    String wrongAtReturn(Requirement.Server server) {
        return asksSentinels ? null : requirement.wrongKind(server);
    }

    Requirement requirement() {
        return requirement;
    }

    /** Whether the server closes the connection upon HELLO, as far as is known. */
    boolean isBare() {
        return bare;
    }

    /** Whether the handshake of a new channel leaves HELLO and CLIENT out. Only a reconnect, which is repeated, tries it. */
    boolean leavesHelloOut(boolean reconnect) {
        return bare && !(reconnect && helloDue);
    }

    /** The watches whose heartbeat has begun. */
    Set<ChannelWatch> beating() {
        return beating;
    }

    /** A channel was opened. Takes null for a Unix socket. */
    void opened(@Nullable InetSocketAddress peer) {
        connected = true;
        lastError = null;
        if (peer != null) {
            lastPeer = hostAndPort(peer);
        }
    }

    /** HELLO was sent. */
    void asked(CompletableFuture<?> answer) {
        hello = answer;
    }

    /** A server closed a channel instead of answering HELLO. */
    void helloClosed() {
        closedUponHello = true;
        helloDue = false;
    }

    /** A server answered HELLO, also if it does not know it. */
    void helloAnswered() {
        bare = false;
    }

    /** A connection that was in use was lost. Behind its address there may be another server by now, which knows HELLO. */
    void lost() {
        helloDue = true;
    }

    /** A server said something while it was connected to: an error, or null for anything else. */
    void heard(@Nullable String error, @Nullable InetSocketAddress peer) {
        lastError = error == null ? null : new Failure.Said(error, peer == null ? null : hostAndPort(peer));
    }

    /** The server's last error ended nothing, if it is this one. */
    void harmless(String error) {
        Failure.Said last = lastError;
        if (last != null && error.startsWith(last.error())) { // only the beginning of a long one is kept
            lastError = null;
        }
    }

    /** A subscription that was repeated after a reconnect got this error; null if the application subscribed to something. */
    void subscriptionAnswered(ChannelWatch watch, @Nullable String refused) {
        byConnection.forEach((connection, its) -> {
            if (its.equals(watch)) {
                subscriptions.answered(connection, refused);
            }
        });
    }

    private static String hostAndPort(InetSocketAddress peer) {
        return peer.getHostString() + ":" + peer.getPort();
    }

    /** A handshake ended well, and the server is what is required. */
    void accepted() {
        refused = null;
    }

    /** A server was refused for this reason. */
    void refused(String reason) {
        refused = reason;
    }
}
