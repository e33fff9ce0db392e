package dev.hardening.redis;

import io.lettuce.core.protocol.CommandType;
import io.lettuce.core.protocol.CommandWrapper;
import io.lettuce.core.protocol.RedisCommand;
import io.lettuce.core.resource.NettyCustomizer;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * What our own clients see of their channels beyond Lettuce: when one is connected, what the server said last, and where
 * a {@link Probe} was written to. Commands that hold a password are written past Lettuce's encoder, as that logs what it
 * sends at TRACE.
 */
final class Channels implements NettyCustomizer {

    private static final int LONGEST_ERROR = 200;

    private volatile boolean connected;
    private volatile @Nullable String lastError;
    private volatile @Nullable CompletableFuture<?> hello;

    /** Before a connection is opened. */
    void reset() {
        connected = false;
        lastError = null;
        hello = null;
    }

    /** Whether a channel was connected since: then a silence is the server's, and not the network's. */
    boolean connected() {
        return connected;
    }

    /**
     * What the server said last, if that was an error. Lettuce may report that the connection was closed upon it, by the
     * server or by itself, instead of the error.
     */
    @Nullable
    String lastError() {
        return lastError;
    }

    /** What the server answered to the last HELLO, as names and values; empty if it refused it or was not asked. */
    List<Object> handshake() {
        CompletableFuture<?> asked = hello;
        List<Object> said = new ArrayList<>();
        if (asked != null
                && asked.isDone()
                && !asked.isCompletedExceptionally()
                && asked.join() instanceof Map<?, ?> map) {
            map.forEach((name, value) -> {
                said.add(String.valueOf(name));
                said.add(String.valueOf(value));
            });
        }
        return said;
    }

    @Override
    public void afterChannelInitialized(Channel created) {
        ChannelPipeline pipeline = created.pipeline();
        for (Map.Entry<String, ChannelHandler> handler : pipeline) {
            if (handler.getValue().getClass().getSimpleName().equals("CommandEncoder")) {
                // Its class is not named here, as the Netty module that it builds on has another name in each version.
                pipeline.addAfter(handler.getKey(), null, new Watch(pipeline.context(handler.getKey())));
                return;
            }
        }
    }

    private final class Watch extends ChannelDuplexHandler {

        private final ChannelHandlerContext encoder;

        Watch(ChannelHandlerContext encoder) {
            this.encoder = encoder;
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            connected = true;
            context.fireChannelActive();
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (message instanceof ByteBuf bytes && bytes.isReadable()) {
                int start = bytes.readerIndex();
                int length = Math.min(bytes.readableBytes() - 1, LONGEST_ERROR);
                lastError =
                        bytes.getByte(start) == '-' ? bytes.toString(start + 1, length, StandardCharsets.UTF_8) : null;
            }
            context.fireChannelRead(message);
        }

        @Override
        public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
            if (message instanceof RedisCommand<?, ?, ?> command) {
                if (CommandWrapper.unwrap(command) instanceof Probe probe) {
                    probe.writtenTo(context.channel());
                }
                if (command.getType() == CommandType.AUTH || command.getType() == CommandType.HELLO) {
                    if (command.getType() == CommandType.HELLO && command instanceof CompletableFuture<?> asked) {
                        hello = asked;
                    }
                    writeUnlogged(command, promise);
                    return;
                }
            }
            var unused = context.write(message, promise);
        }

        private void writeUnlogged(RedisCommand<?, ?, ?> command, ChannelPromise promise) {
            ByteBuf bytes = encoder.alloc().ioBuffer();
            try {
                command.encode(bytes);
            } catch (RuntimeException notEncodable) {
                bytes.release();
                promise.setFailure(notEncodable);
                return;
            }
            var unused = encoder.write(bytes, promise); // to what comes after the encoder
        }
    }
}
