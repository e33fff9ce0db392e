package dev.hardening.redis;

import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.CommandOutput;
import io.lettuce.core.output.NestedMultiOutput;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.AsyncCommand;
import io.lettuce.core.protocol.CommandType;
import io.lettuce.core.protocol.CompleteableCommand;
import io.lettuce.core.protocol.ProtocolKeyword;
import io.lettuce.core.protocol.RedisCommand;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Watches one channel. It closes the channel if the peer is silent, has the wrong role, or has another address by now, and
 * says why it was lost. All of it happens on the channel's event loop.
 */
final class ChannelWatch extends ChannelDuplexHandler {

    private static final int LONGEST_ERROR = 200;

    /** What a server answers to each command while it loads its data, or has lost its primary. */
    private static final Pattern NOT_READY = Pattern.compile("LOADING|MASTERDOWN");

    private static final Pattern MOVED = Pattern.compile("MOVED \\d+ (\\S*):(\\d{1,5})");

    /** What a replica answers to a write. */
    private static final String READ_ONLY = "READONLY";

    private static final Set<CommandType> SUBSCRIBING =
            EnumSet.of(CommandType.SUBSCRIBE, CommandType.PSUBSCRIBE, CommandType.SSUBSCRIBE);

    /** Why a channel is lost, while Lettuce reports its loss on this thread. */
    private static final ThreadLocal<String> LOSS = new ThreadLocal<>();

    /** The watch whose connection Lettuce reports as connected, on this thread. */
    private static final ThreadLocal<ChannelWatch> OPENED = new ThreadLocal<>();

    private final Channels channels;
    private final ChannelHandlerContext encoder;
    private final Channel channel;
    private final boolean reconnect;
    private final boolean leavesHelloOut;
    private final Handshake handshake = new Handshake();
    private final PendingCommands pending = new PendingCommands();
    private final Requirement.Sender sender = this::send;
    private final AtomicBoolean lookingUp = new AtomicBoolean();
    private @Nullable Heartbeat heartbeat;
    private @Nullable Future<?> handshakeLimit;
    private @Nullable InetSocketAddress peer;
    private @Nullable String lossReason;

    /** What the server said in the handshake; null if it said nothing of its role. */
    private @Nullable Role role;

    private boolean ready;

    /** What is being written to the socket, as it was at the last look: its identity, and how much of it is written. 0 for nothing. */
    private int writing;

    private long written;

    /**
     * For a channel that is not connected yet.
     *
     * @param encoder Lettuce's encoder of commands in the channel
     * @param reconnect whether its connection had another channel before
     */
    ChannelWatch(Channels channels, ChannelHandlerContext encoder, boolean reconnect) {
        this.channels = channels;
        this.encoder = encoder;
        this.reconnect = reconnect;
        leavesHelloOut = channels.leavesHelloOut(reconnect);
        channel = encoder.channel();
    }

    /** Why the channel was lost whose loss Lettuce reports on this thread at the moment. */
    static String lossReason() {
        String reason = LOSS.get();
        return reason == null ? "the connection was closed" : reason;
    }

    /**
     * Whether Lettuce reports a loss on this thread at the moment. If the handshake was not over, Lettuce 6 reports a
     * connect as well.
     */
    static boolean isLosing() {
        return LOSS.get() != null;
    }

    /** The watch whose connection Lettuce reports as connected on this thread at the moment; null if it reports none. */
    static @Nullable ChannelWatch opened() {
        return OPENED.get();
    }

    // ---- opened and closed

    @Override
    public void connect(
            ChannelHandlerContext context,
            SocketAddress remote,
            @Nullable SocketAddress local,
            ChannelPromise promise) {
        peer = remote instanceof InetSocketAddress address ? address : null;
        var unused = local == null ? context.connect(remote, promise) : context.connect(remote, local, promise);
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        channels.opened(channel.remoteAddress() instanceof InetSocketAddress remote ? remote : null);
        boundHandshake(context);
        context.fireChannelActive();
    }

    /** Lettuce's own bound is that of a command, for each connection to a cluster's node after the start. */
    private void boundHandshake(ChannelHandlerContext context) {
        long millis = channels.handshakeBound().toMillis();
        Runnable giveUp = () -> exceptionCaught(
                context,
                new RedisCommandTimeoutException(
                        "Connection initialization timed out after " + millis + " millisecond(s)"));
        handshakeLimit = channel.eventLoop().schedule(giveUp, millis, TimeUnit.MILLISECONDS);
    }

    private void endHandshakeLimit() {
        if (handshakeLimit != null) {
            handshakeLimit.cancel(false);
        }
    }

    /** A handler for the place behind Lettuce's handshake: it lets a server in, and begins the heartbeat. */
    ChannelHandler afterHandshake() {
        return new ChannelInboundHandlerAdapter() {

            // Comes here when the handshake is over, and goes on to all that uses the connection.
            @Override
            public void channelActive(ChannelHandlerContext context) {
                endHandshakeLimit();
                admit(() -> {
                    OPENED.set(ChannelWatch.this);
                    try {
                        context.fireChannelActive();
                    } finally {
                        OPENED.remove();
                    }
                    begin();
                });
            }
        };
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (lossReason == null) {
            lossReason = Diagnosis.of(cause, ready || reconnect ? Failure.Context.WORKED : Failure.Context.UNKNOWN)
                    .reason();
        }
        context.fireExceptionCaught(cause);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (handshake.isHelloUnanswered() && lossReason == null) {
            channels.helloClosed();
        }
        if (ready) {
            channels.lost();
        }
        endHandshakeLimit();
        channels.beating().remove(this);
        handshake.close();
        LOSS.set(lossReason == null ? "the server closed the connection" : lossReason);
        try {
            context.fireChannelInactive();
        } finally {
            LOSS.remove();
        }
    }

    private void drop(String reason) {
        lossReason = reason;
        var unused = channel.close();
    }

    // ---- what is received

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        Object passed = message;
        if (message instanceof ByteBuf bytes && bytes.isReadable()) {
            if (heartbeat != null) {
                heartbeat.heard(System.nanoTime());
            }
            ByteBuf received = ready && !handshake.isHolding() ? bytes : handshake.withoutPassword(bytes);
            if (received == null) {
                return;
            }
            String error = error(received);
            if (!ready) {
                channels.heard(error, peer);
            }
            if (error != null) {
                follow(error);
            }
            if (handshake.isHelloUnanswered()) {
                channels.helloAnswered();
            }
            passed = handshake.received(received, error);
            pending.heard();
        }
        context.fireChannelRead(passed);
    }

    /** The first line, if it is an error. */
    private static @Nullable String error(ByteBuf bytes) {
        if (bytes.getByte(bytes.readerIndex()) != '-') {
            return null;
        }
        int length = Math.min(bytes.readableBytes() - 1, LONGEST_ERROR);
        String text = bytes.toString(bytes.readerIndex() + 1, length, StandardCharsets.UTF_8);
        int end = text.indexOf('\r');
        return end < 0 ? text : text.substring(0, end);
    }

    /**
     * If a primary has become a replica, or a node answers MOVED with the name that it was reached by itself, the name may
     * have another address now: looks it up.
     */
    private void follow(String error) {
        InetSocketAddress here = peer;
        if (here == null || here.getAddress() == null || !(isDemoted(error) || isMovedTo(here, error))) {
            return;
        }
        String host = here.getHostString();
        if (lookingUp.compareAndSet(false, true)) {
            Workers.run(() -> {
                boolean elsewhere = Addresses.leadsElsewhere(channels.names(), host, here.getAddress());
                try {
                    channel.eventLoop().execute(() -> {
                        lookingUp.set(false);
                        if (elsewhere) {
                            drop("the name " + host + " leads to another server by now");
                        }
                    });
                } catch (RejectedExecutionException closed) {
                    // The client was closed during the lookup.
                }
            });
        }
    }

    /** A server that has been a replica all the time is meant to be one. */
    private boolean isDemoted(String error) {
        return error.startsWith(READ_ONLY) && role != Role.REPLICA;
    }

    private static boolean isMovedTo(InetSocketAddress here, String error) {
        Matcher moved = MOVED.matcher(error);
        return moved.lookingAt()
                && moved.group(1).equals(here.getHostString())
                && Integer.parseInt(moved.group(2)) == here.getPort();
    }

    // ---- what is sent

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        if (message instanceof RedisCommand<?, ?, ?> command) {
            if (leavesHelloOut && !ready && command.getType() == CommandType.HELLO) {
                answerHello(context, promise);
                return;
            }
            note(command);
            if (Handshake.authenticates(command.getType()) || leavesClientOut()) {
                writeUnlogged(List.of(command), promise);
                return;
            }
        } else if (message instanceof Iterable<?> several) {
            several.forEach(one -> {
                if (one instanceof RedisCommand<?, ?, ?> command) {
                    note(command);
                }
            });
            if (leavesClientOut()) {
                writeUnlogged(several, promise);
                return;
            }
        }
        var unused = context.write(message, promise);
    }

    /** As a server that does not know it: Lettuce goes on in RESP2. */
    private void answerHello(ChannelHandlerContext context, ChannelPromise promise) {
        handshake.helloRefused();
        promise.setSuccess();
        channel.eventLoop().execute(() -> context.fireChannelRead(Handshake.helloUnknown()));
    }

    private boolean leavesClientOut() {
        return !ready && leavesHelloOut;
    }

    private void note(RedisCommand<?, ?, ?> command) {
        ProtocolKeyword type = command.getType();
        if (!Handshake.authenticates(type)) {
            pending.sent(command);
            if (SUBSCRIBING.contains(type)) {
                noteSubscription(command);
            }
            if (!ready && type == CommandType.CLIENT && command instanceof CompletableFuture<?> asked) {
                // Lettuce goes on without it: it is not why a connection ends.
                var unused = asked.whenComplete((ok, refused) -> {
                    if (refused instanceof RedisCommandExecutionException) {
                        channels.harmless(Failure.text(refused));
                    }
                });
            }
            return;
        }
        handshake.sent(command);
        if (type == CommandType.HELLO && command instanceof CompletableFuture<?> asked) {
            channels.asked(asked);
            var unused = asked.thenAccept(this::refuseWrongRole);
        }
    }

    /**
     * Lettuce repeats subscriptions after a reconnect, and tells no one if one is refused. The application sees the answers
     * to its own; if one of these is accepted, the refusal is over.
     */
    private void noteSubscription(RedisCommand<?, ?, ?> command) {
        boolean isRepeated = reconnect && opened() == this;
        if (command instanceof CompleteableCommand<?> asked) {
            asked.onComplete((answer, failure) -> {
                CommandOutput<?, ?, ?> output = command.getOutput();
                String error = output != null && output.hasError() ? output.getError() : null;
                if (isRepeated && error != null) {
                    channels.subscriptionAnswered(this, error);
                } else if (!isRepeated && error == null && failure == null) {
                    channels.subscriptionAnswered(this, null);
                }
            });
        }
    }

    /** Writes past Lettuce's encoder, which logs what it sends at TRACE. */
    private void writeUnlogged(Iterable<?> commands, ChannelPromise promise) {
        ByteBuf bytes = encoder.alloc().ioBuffer();
        try {
            for (Object one : commands) {
                if (one instanceof RedisCommand<?, ?, ?> command) {
                    (leavesClientOut() ? Handshake.withoutClient(command) : command).encode(bytes);
                }
            }
        } catch (RuntimeException notEncodable) {
            bytes.release();
            promise.setFailure(notEncodable);
            return;
        }
        var unused = encoder.write(bytes, promise); // to what comes after the encoder
    }

    /** Past the connection, whose transaction would take it up. */
    private void send(AsyncCommand<String, String, ?> command) {
        channel.writeAndFlush(command).addListener(written -> {
            if (!written.isSuccess()) {
                command.completeExceptionally(written.cause());
            }
        });
    }

    /** Lets the peer be asked, on the event loop, or says that no question may be sent now. */
    void ask(Consumer<Requirement.Sender> question, Runnable busy) {
        channel.eventLoop().execute(() -> {
            if (pending.busy()) {
                busy.run();
            } else {
                question.accept(sender);
            }
        });
    }

    // ---- the role

    /**
     * Goes on if the server can be used, and is what is required. In RESP2 the handshake has not said so, and the server is
     * asked after each reconnect. The code that opens a connection asks by itself.
     */
    private void admit(Runnable next) {
        if (!reconnect) {
            next.run();
            return;
        }
        askFirst(CommandType.PING, new StatusOutput<>(StringCodec.UTF8), (pong, failure) -> {
            String notReady = notReady(failure);
            if (notReady != null) {
                refuse(notReady);
            } else if (channels.requirement().requiredRole() == null || role != null) {
                next.run();
            } else {
                askFirst(CommandType.ROLE, new NestedMultiOutput<>(StringCodec.UTF8), (answer, noRole) -> {
                    if (answer == null || !refuse(Requirement.Server.of(answer))) {
                        next.run();
                    }
                });
            }
        });
    }

    /** Asks before the connection is used. Without an answer the channel is closed. */
    private <T> void askFirst(
            CommandType type,
            CommandOutput<String, String, T> output,
            BiConsumer<@Nullable T, @Nullable Throwable> then) {
        long millis = Heartbeat.patience(channels.heartbeat()).toMillis();
        var limit = channel.eventLoop()
                .schedule(
                        () -> refuse("no answer to " + type + " for " + millis + " ms"), millis, TimeUnit.MILLISECONDS);
        var unused = sender.ask(type, output).whenComplete((answer, failure) -> {
            limit.cancel(false);
            // Lettuce ends the command without an answer when the channel is closed.
            if (channel.isActive()) {
                then.accept(answer, failure);
            }
        });
    }

    /** Why a server that answers cannot be used yet; null if it can, or refuses PING for another reason. */
    private static @Nullable String notReady(@Nullable Throwable refused) {
        return refused instanceof RedisCommandExecutionException
                        && NOT_READY.matcher(Failure.text(refused)).lookingAt()
                ? Diagnosis.of(refused, Failure.Context.UNKNOWN).reason()
                : null;
    }

    private void refuseWrongRole(@Nullable Object answer) {
        if (answer instanceof Map<?, ?> map) {
            Requirement.Server server = Requirement.Server.of(map);
            role = server.role();
            if (reconnect || channels.requirement().requiredRole() != null) { // the start looks at it by itself
                var unused = refuse(server);
            }
        }
    }

    /** Closes the channel, and says true, if the server is not what is required. */
    private boolean refuse(Requirement.Server server) {
        String wrong = wrong(server);
        if (wrong != null) {
            refuse(wrong);
            // In RESP2 a subscribed connection cannot ask for the role: it learns it from the others to the same
            // server.
            channels.beating().forEach(other -> other.channel.eventLoop().execute(() -> other.refuse(peer, wrong)));
        }
        return wrong != null;
    }

    private @Nullable String wrong(Requirement.Server server) {
        String kind = reconnect ? channels.wrongAtReturn(server) : null;
        return kind != null || server.role() == Role.SENTINEL || server.role() == Role.UNKNOWN
                ? kind
                : channels.requirement().wrongRole(server.role());
    }

    private void refuse(@Nullable InetSocketAddress server, String reason) {
        if (peer != null && peer.equals(server) && channel.isActive()) {
            refuse(reason);
        }
    }

    private void refuse(String reason) {
        channels.refused(reason);
        drop(reason);
    }

    // ---- the heartbeat

    private void begin() {
        if (!channel.isActive()) {
            return;
        }
        ready = true;
        channels.accepted();
        if (!channels.heartbeat().isZero()) {
            heartbeat = new Heartbeat(channels.heartbeat(), channels.epoch(), System.nanoTime());
            channels.beating().add(this);
            look(heartbeat);
        }
    }

    private void look(Heartbeat beating) {
        if (!channel.isActive()) {
            return;
        }
        if (isTakingMore()) {
            beating.heard(System.nanoTime());
        }
        pending.unansweredSince().ifPresent(beating::asked);
        switch (beating.look(System.nanoTime(), pending.busy())) {
            case ASK -> ask(beating);
            case CLOSE -> {
                giveUp();
                channels.beating().forEach(other -> other.channel.eventLoop().execute(other::giveUpWithOthers));
                return;
            }
            case WAIT -> {}
        }
        var unused = channel.eventLoop()
                .schedule(
                        () -> look(beating), beating.nextLook(System.nanoTime()).toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Whether the peer took more of a long value since the last look. A question waits behind it. */
    private boolean isTakingMore() {
        ChannelOutboundBuffer unsent = channel.unsafe().outboundBuffer();
        Object first = unsent == null ? null : unsent.current();
        int before = writing;
        long writtenBefore = written;
        writing = first == null ? 0 : System.identityHashCode(first);
        written = unsent == null ? 0 : unsent.currentProgress();
        return before != 0 && (writing != before || written != writtenBefore);
    }

    private void ask(Heartbeat beating) {
        if (channels.requirement().requiredRole() == null) {
            var unused = sender.ask(CommandType.PING, new StatusOutput<>(StringCodec.UTF8))
                    .whenComplete((pong, failure) -> beating.answered());
            return;
        }
        CommandType question = handshake.isHelloRefused() ? CommandType.ROLE : CommandType.HELLO;
        var unused = sender.ask(question, new NestedMultiOutput<>(StringCodec.UTF8))
                .whenComplete((answer, failure) -> {
                    beating.answered();
                    if (answer != null) {
                        var unusedVerdict = refuse(Requirement.Server.of(answer));
                    } else {
                        handshake.helloRefused();
                    }
                });
    }

    private void giveUp() {
        drop("no answer for " + Heartbeat.patience(channels.heartbeat()).toMillis() + " ms");
    }

    private void giveUpWithOthers() {
        if (heartbeat != null && channel.isActive() && heartbeat.givesUpWithOthers(System.nanoTime())) {
            giveUp();
        }
    }
}
