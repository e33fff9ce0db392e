package dev.hardening.redis;

import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.CommandOutput;
import io.lettuce.core.output.NestedMultiOutput;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.AsyncCommand;
import io.lettuce.core.protocol.Command;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import io.lettuce.core.protocol.ProtocolKeyword;
import io.lettuce.core.protocol.RedisCommand;
import io.lettuce.core.resource.NettyCustomizer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a client does on each of its channels, in addition to Lettuce. It remembers the server's last error and sends
 * the heartbeat. It closes the channel if the peer is silent or has the wrong role. It uses RESP2 for a server without
 * HELLO, and keeps passwords out of Lettuce's log. All of a channel happens on its event loop.
 */
final class Channels implements NettyCustomizer {

    private static final int LONGEST_ERROR = 200;

    private static final int LONGEST_HELD = 65_536;

    /**
     * The errors in answer to HELLO that mean more than that the server does not accept HELLO. NOAUTH is none of them: some
     * proxies give it to each command before AUTH, and a server that wants a password says so to the next command too.
     */
    private static final Pattern VERDICT = Pattern.compile("(WRONGPASS|NOPROTO|LOADING|MASTERDOWN|DENIED|CLUSTERDOWN"
            + "|ERR (max number|Client|AUTH|invalid password))");

    /** What an error about an unknown command repeats of it. */
    private static final Pattern ARGUMENTS = Pattern.compile(", with args[^\\r\\n]*");

    private static final Pattern ERROR_LINE = Pattern.compile("(?m)^-.*");

    private static final Pattern MOVED = Pattern.compile("MOVED \\d+ (\\S*):(\\d{1,5})");

    /**
     * Commands that a server may answer late; they are compared by name, because some of them are newer than the oldest
     * Lettuce.
     */
    private static final Set<String> BLOCKING = Set.of(
            "BLPOP",
            "BRPOP",
            "BRPOPLPUSH",
            "BLMOVE",
            "BLMPOP",
            "BZPOPMIN",
            "BZPOPMAX",
            "BZMPOP",
            "XREAD",
            "XREADGROUP",
            "WAIT",
            "WAITAOF");

    private static final Set<CommandType> LOOKED_AT = Stream.of(CommandType.values())
            .filter(type -> BLOCKING.contains(type.name())
                    || Set.of("AUTH", "HELLO", "MULTI", "EXEC", "DISCARD").contains(type.name()))
            .collect(Collectors.toUnmodifiableSet());

    /** Why a channel is lost, while Lettuce reports its loss on this thread. */
    private static final ThreadLocal<String> LOSS = new ThreadLocal<>();

    private final Duration heartbeat;
    private final Addresses.Names names;
    private final long epoch = System.nanoTime();
    private final Set<Watch> watches = ConcurrentHashMap.newKeySet();

    /** Lettuce has one for each connection, on each of its channels. */
    private final Set<ChannelHandler> watchdogs =
            Collections.newSetFromMap(Collections.synchronizedMap(new WeakHashMap<>()));

    private volatile ServerCheck check = new ServerCheck(null, false, true);
    private volatile boolean bare;
    private volatile boolean connected;
    private volatile boolean closedUponHello;
    private volatile @Nullable String lastError;
    private volatile @Nullable String lastPeer;
    private volatile @Nullable String refused;
    private volatile @Nullable CompletableFuture<?> hello;

    /** Takes zero for no heartbeat. */
    Channels(Duration heartbeat, Addresses.Names names) {
        this.heartbeat = heartbeat;
        this.names = names;
    }

    /**
     * Before a connection is opened.
     *
     * @param bare whether handshakes leave CLIENT out
     */
    void reset(boolean bare) {
        this.bare = bare;
        connected = false;
        closedUponHello = false;
        lastError = null;
        lastPeer = null;
        hello = null;
    }

    /** From now on each channel has to lead to a server of that role. */
    void require(ServerCheck required) {
        check = required;
    }

    /** Whether a channel was connected since then. If so, a timeout is due to the server, and not to the network. */
    boolean connected() {
        return connected;
    }

    /** Whether a server closed a connection instead of answering HELLO, as some proxies do. */
    boolean closedUponHello() {
        return closedUponHello;
    }

    /**
     * What the server said last, if that was an error. Lettuce may report only that the connection was closed after it,
     * by the server or by Lettuce itself, and not the error.
     */
    @Nullable
    String lastError() {
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
    ServerCheck.@Nullable Server handshake() {
        CompletableFuture<?> asked = hello;
        return asked != null
                        && asked.isDone()
                        && !asked.isCompletedExceptionally()
                        && asked.join() instanceof Map<?, ?> map
                ? ServerCheck.Server.of(map)
                : null;
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

    // Lettuce's handlers are found by their names. Their types extend types of a Netty module whose name differs
    // between Netty's versions.
    @Override
    public void afterChannelInitialized(Channel created) {
        ChannelPipeline pipeline = created.pipeline();
        Map<String, String> names = new HashMap<>();
        pipeline.forEach(handler -> names.put(handler.getValue().getClass().getSimpleName(), handler.getKey()));
        String encoder = names.get("CommandEncoder");
        String handshake = names.get("RedisHandshakeHandler");
        if (encoder == null || handshake == null) {
            return;
        }
        // Newer Lettuce has a subclass of it, whose name ends in the same way.
        boolean reconnect = names.entrySet().stream()
                .filter(handler -> handler.getKey().endsWith("ConnectionWatchdog"))
                .anyMatch(handler -> !watchdogs.add(pipeline.get(handler.getValue())));
        Watch watch = new Watch(pipeline.context(encoder), reconnect);
        pipeline.addAfter(encoder, null, watch);
        pipeline.addAfter(handshake, null, new ChannelInboundHandlerAdapter() {

            // Comes here when the handshake is over, and goes on to all that uses the connection.
            @Override
            public void channelActive(ChannelHandlerContext context) {
                watch.admit(() -> {
                    context.fireChannelActive();
                    watch.beginToBeat();
                });
            }
        });
    }

    private final class Watch extends ChannelDuplexHandler {

        private final ChannelHandlerContext encoder;
        private final Channel channel;
        private final boolean reconnect;
        private final AtomicBoolean lookingUp = new AtomicBoolean();
        private @Nullable Heartbeat beats;
        private @Nullable InetSocketAddress peer;
        private @Nullable RedisCommand<?, ?, ?> blocking;
        private @Nullable String lossReason;
        private @Nullable ByteBuf held;

        /** The password that was sent last. */
        private @Nullable String password;

        private boolean inTransaction;
        private boolean heardSinceBlocking;

        /** Whether the previous blocking command got no answer. If so, the peer is asked during the next one. */
        private boolean unanswered;

        private boolean helloUnanswered;
        private boolean helloRefused;
        private boolean roleSaid;
        private boolean heardAnything;
        private boolean active;

        Watch(ChannelHandlerContext encoder, boolean reconnect) {
            this.encoder = encoder;
            this.reconnect = reconnect;
            channel = encoder.channel();
        }

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
            connected = true;
            lastError = null;
            if (context.channel().remoteAddress() instanceof InetSocketAddress peer) {
                lastPeer = peer.getHostString() + ":" + peer.getPort();
            }
            context.fireChannelActive();
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            if (helloUnanswered && lossReason == null) {
                closedUponHello = true;
            }
            watches.remove(this);
            if (held != null) {
                held.release();
                held = null;
            }
            LOSS.set(lossReason == null ? "the server closed the connection" : lossReason);
            try {
                context.fireChannelInactive();
            } finally {
                LOSS.remove();
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            if (lossReason == null) {
                lossReason = Diagnosis.of(cause, false, null).reason();
            }
            context.fireExceptionCaught(cause);
        }

        // ---- what is received

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            Object passed = message;
            if (message instanceof ByteBuf bytes && bytes.isReadable()) {
                if (beats != null) {
                    beats.heard(System.nanoTime());
                }
                ByteBuf received = active && held == null ? bytes : withoutArguments(bytes);
                if (received == null) {
                    return;
                }
                passed = heard(received);
            }
            context.fireChannelRead(passed);
        }

        /** Takes note of what is received. Returns what Lettuce gets of it. */
        private ByteBuf heard(ByteBuf bytes) {
            ByteBuf passed = bytes;
            if (bytes.getByte(bytes.readerIndex()) == '-') {
                String error = error(bytes);
                lastError = error;
                follow(error);
                if (helloUnanswered && !VERDICT.matcher(error).lookingAt()) {
                    passed = helloUnknown(bytes);
                }
            } else {
                if (lastError != null) {
                    lastError = null; // only then, because each write of a volatile field costs every answer
                }
                if (helloUnanswered && bytes.toString(StandardCharsets.US_ASCII).startsWith("+OK\r\n")) {
                    passed = helloUnknown(bytes); // some servers say so to all that they do not know
                }
            }
            helloUnanswered = false;
            heardAnything = true;
            heardSinceBlocking = true;
            unanswered = false;
            return passed;
        }

        /**
         * Removes what an error repeats of a command in a handshake, because that may be the password. Holds an error
         * back until its line is complete; null means that more has to come.
         */
        private @Nullable ByteBuf withoutArguments(ByteBuf bytes) {
            ByteBuf received = held == null ? bytes : Unpooled.wrappedBuffer(held, bytes);
            held = null;
            String text = received.toString(StandardCharsets.ISO_8859_1);
            int lastLine = text.lastIndexOf('\n') + 1;
            if (text.startsWith("-", lastLine) && text.length() < LONGEST_HELD) {
                held = received;
                return null;
            }
            String shown =
                    ERROR_LINE.matcher(text).replaceAll(error -> Matcher.quoteReplacement(harmless(error.group())));
            if (shown.equals(text)) {
                return received;
            }
            received.release();
            return Unpooled.copiedBuffer(shown, StandardCharsets.ISO_8859_1);
        }

        private String harmless(String error) {
            String shown = ARGUMENTS.matcher(error).replaceAll("");
            // Only where it stands by itself: a short one may be a part of the server's own words.
            return password == null
                    ? shown
                    : shown.replaceAll("(?<![A-Za-z0-9])" + Pattern.quote(password) + "(?![A-Za-z0-9])", "***");
        }

        private static String error(ByteBuf bytes) {
            int length = Math.min(bytes.readableBytes() - 1, LONGEST_ERROR);
            String text = bytes.toString(bytes.readerIndex() + 1, length, StandardCharsets.UTF_8);
            return text.lines().findFirst().orElse("");
        }

        /** Replaces any refusal of HELLO by "unknown command": Lettuce goes on in RESP2 only after that error. */
        private ByteBuf helloUnknown(ByteBuf bytes) {
            int end = bytes.indexOf(bytes.readerIndex(), bytes.writerIndex(), (byte) '\n');
            if (end < 0) {
                return bytes;
            }
            helloRefused = true;
            bytes.readerIndex(end + 1);
            ByteBuf unknown = Unpooled.copiedBuffer("-ERR unknown command 'HELLO'\r\n", StandardCharsets.US_ASCII);
            return Unpooled.wrappedBuffer(unknown, bytes);
        }

        /**
         * If a node answers MOVED with the name that it was reached by itself, the name may have another address now:
         * looks it up.
         */
        private void follow(String error) {
            Matcher moved = MOVED.matcher(error);
            InetSocketAddress here = peer;
            if (here == null || here.getAddress() == null || !moved.lookingAt()) {
                return;
            }
            String host = here.getHostString();
            boolean same = moved.group(1).equals(host) && Integer.parseInt(moved.group(2)) == here.getPort();
            if (same && lookingUp.compareAndSet(false, true)) {
                Workers.run(() -> {
                    boolean elsewhere = leadsElsewhere(host, here.getAddress());
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

        private boolean leadsElsewhere(String host, InetAddress here) {
            try {
                return !List.of(names.lookUp(host)).contains(here);
            } catch (UnknownHostException | RuntimeException noAnswer) {
                return false;
            }
        }

        // ---- what is sent

        @Override
        public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
            if (bare && !active) {
                writeWithoutClient(message, promise);
                return;
            }
            if (message instanceof RedisCommand<?, ?, ?> command) {
                ProtocolKeyword type = command.getType();
                if (LOOKED_AT.contains(type)) {
                    note(command);
                    if (type == CommandType.AUTH || type == CommandType.HELLO) {
                        writeUnlogged(List.of(command), promise);
                        return;
                    }
                }
            } else if (message instanceof Iterable<?> commands) {
                commands.forEach(one -> {
                    if (one instanceof RedisCommand<?, ?, ?> command) {
                        note(command);
                    }
                });
            }
            var unused = context.write(message, promise);
        }

        private void note(RedisCommand<?, ?, ?> command) {
            ProtocolKeyword type = command.getType();
            if (type == CommandType.AUTH || type == CommandType.HELLO) {
                password = password(command).orElse(password);
            }
            if (type == CommandType.MULTI) {
                inTransaction = true;
                if (command instanceof CompletableFuture<?> begun) {
                    var unused = begun.whenComplete(
                            (ok, refused) -> inTransaction &= !(refused instanceof RedisCommandExecutionException));
                }
            } else if (type == CommandType.EXEC || type == CommandType.DISCARD) {
                inTransaction = false;
            } else if (type == CommandType.HELLO && command instanceof CompletableFuture<?> asked) {
                hello = asked;
                helloUnanswered = !heardAnything;
                var unused = asked.thenAccept(this::refuseWrongRole);
            } else if (BLOCKING.contains(type.toString())) {
                unanswered = !heardSinceBlocking && blocking != null && blocking.isDone();
                blocking = command;
                heardSinceBlocking = false;
            }
        }

        /** The last argument of AUTH, or what follows AUTH and the user in HELLO. */
        private static Optional<String> password(RedisCommand<?, ?, ?> command) {
            CommandArgs<?, ?> arguments = command.getArgs();
            if (arguments == null) {
                return Optional.empty();
            }
            ByteBuf encoded = Unpooled.buffer();
            arguments.encode(encoded);
            // Each argument is two lines: its length, and itself.
            List<String> lines =
                    List.of(encoded.toString(StandardCharsets.ISO_8859_1).split("\r\n"));
            int auth = lines.indexOf("AUTH");
            int at = command.getType() == CommandType.AUTH ? lines.size() - 1 : auth < 0 ? lines.size() : auth + 4;
            return at >= lines.size() || lines.get(at).isEmpty() ? Optional.empty() : Optional.of(lines.get(at));
        }

        /**
         * Sends a part of the handshake, with PING in place of CLIENT. Lettuce waits for one answer to it, and does not
         * look at it.
         */
        private void writeWithoutClient(Object message, ChannelPromise promise) {
            Iterable<?> commands = message instanceof Iterable<?> several ? several : List.of(message);
            List<RedisCommand<?, ?, ?>> allowed = new ArrayList<>();
            for (Object one : commands) {
                if (one instanceof RedisCommand<?, ?, ?> command) {
                    note(command);
                    allowed.add(
                            command.getType() == CommandType.CLIENT
                                    ? new Command<>(CommandType.PING, new StatusOutput<>(StringCodec.UTF8))
                                    : command);
                }
            }
            writeUnlogged(allowed, promise);
        }

        /** Writes past Lettuce's encoder, which logs what it sends at TRACE. */
        private void writeUnlogged(List<RedisCommand<?, ?, ?>> commands, ChannelPromise promise) {
            ByteBuf bytes = encoder.alloc().ioBuffer();
            try {
                commands.forEach(command -> command.encode(bytes));
            } catch (RuntimeException notEncodable) {
                bytes.release();
                promise.setFailure(notEncodable);
                return;
            }
            var unused = encoder.write(bytes, promise); // to what comes after the encoder
        }

        // ---- the role and the heartbeat

        /**
         * Goes on if the server is what is required. In RESP2 the handshake has not said so, and the server is asked after
         * each reconnect. The code that opens a connection asks by itself.
         */
        void admit(Runnable next) {
            if (check.requiredRole() == null || roleSaid || !reconnect) {
                next.run();
                return;
            }
            long millis = Heartbeat.patience(heartbeat).toMillis();
            var limit = channel.eventLoop()
                    .schedule(() -> refuse("no answer to ROLE for " + millis + " ms"), millis, TimeUnit.MILLISECONDS);
            var unused = send(CommandType.ROLE, new NestedMultiOutput<>(StringCodec.UTF8))
                    .whenComplete((answer, failure) -> {
                        limit.cancel(false);
                        // Lettuce ends the command without an answer when the channel is closed.
                        if (channel.isActive() && (answer == null || !refuse(ServerCheck.Server.of(answer)))) {
                            next.run();
                        }
                    });
        }

        void beginToBeat() {
            if (!channel.isActive()) {
                return;
            }
            active = true;
            refused = null;
            if (!heartbeat.isZero()) {
                beats = new Heartbeat(heartbeat, epoch, System.nanoTime());
                watches.add(this);
                look();
            }
        }

        private void look() {
            lookNow();
            Heartbeat beating = beats;
            if (beating != null && channel.isActive()) {
                var unused = channel.eventLoop()
                        .schedule(
                                this::look, beating.nextLook(System.nanoTime()).toNanos(), TimeUnit.NANOSECONDS);
            }
        }

        private void giveUp() {
            drop("no answer for " + Heartbeat.patience(heartbeat).toMillis() + " ms");
        }

        private void giveUpWithOthers() {
            if (beats != null && channel.isActive() && beats.givesUpWithOthers(System.nanoTime())) {
                giveUp();
            }
        }

        private void lookNow() {
            Heartbeat beating = beats;
            if (beating == null || !channel.isActive()) {
                return;
            }
            RedisCommand<?, ?, ?> waited = blocking;
            boolean busy = inTransaction || (waited != null && !waited.isDone() && !unanswered);
            switch (beating.look(System.nanoTime(), busy)) {
                case ASK -> ask(beating);
                case CLOSE -> {
                    giveUp();
                    watches.forEach(other -> other.channel.eventLoop().execute(other::giveUpWithOthers));
                }
                case WAIT -> {}
            }
        }

        private void ask(Heartbeat beating) {
            if (check.requiredRole() == null) {
                var unused = send(CommandType.PING, new StatusOutput<>(StringCodec.UTF8))
                        .whenComplete((pong, failure) -> beating.answered());
                return;
            }
            CommandType question = helloRefused ? CommandType.ROLE : CommandType.HELLO;
            var unused = send(question, new NestedMultiOutput<>(StringCodec.UTF8))
                    .whenComplete((answer, failure) -> {
                        beating.answered();
                        if (answer != null) {
                            var unusedVerdict = refuse(ServerCheck.Server.of(answer));
                        } else {
                            helloRefused = true;
                        }
                    });
        }

        private <T> CompletableFuture<T> send(CommandType type, CommandOutput<String, String, T> output) {
            AsyncCommand<String, String, T> question = new AsyncCommand<>(new Command<>(type, output, null));
            var unused = channel.writeAndFlush(question);
            return question.toCompletableFuture();
        }

        private void refuseWrongRole(@Nullable Object answer) {
            if (answer instanceof Map<?, ?> map) {
                roleSaid = true;
                var unused = refuse(ServerCheck.Server.of(map));
            }
        }

        /** Closes the channel, and says true, if the server is not what is required. */
        private boolean refuse(ServerCheck.Server server) {
            String wrong = server.role() == Role.SENTINEL || server.role() == Role.UNKNOWN
                    ? null
                    : check.wrongRole(server.role());
            if (wrong != null) {
                refuse(wrong);
            }
            return wrong != null;
        }

        private void refuse(String reason) {
            refused = reason;
            drop(reason);
        }

        private void drop(String reason) {
            lossReason = reason;
            var unused = channel.close();
        }
    }
}
