package dev.hardening.redis;

import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.AsyncCommand;
import io.lettuce.core.protocol.Command;
import io.lettuce.core.protocol.CommandType;
import io.lettuce.core.protocol.CommandWrapper;
import io.lettuce.core.protocol.RedisCommand;
import io.lettuce.core.resource.NettyCustomizer;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * A PING that remembers which channel it was written to, so that a channel whose peer is gone without a word can be
 * closed, and Lettuce opens another. Without that, TCP alone decides when to give up, which takes up to a quarter of an
 * hour.
 */
final class Probe extends Command<String, String, String> {

    private volatile @Nullable Channel channel;

    Probe() {
        super(CommandType.PING, new StatusOutput<>(StringCodec.UTF8), null);
    }

    Future<String> sendOn(StatefulConnection<String, String> connection) {
        AsyncCommand<String, String, String> sent = new AsyncCommand<>(this);
        connection.dispatch(sent);
        return sent;
    }

    /** Closes the channel that it was written to, if there is one. */
    void dropChannel() {
        Channel written = channel;
        if (written != null) {
            var unused = written.close();
        }
    }

    /** Tells probes where they went, on each channel of our own clients. */
    static NettyCustomizer customizer() {
        return new NettyCustomizer() {
            @Override
            public void afterChannelInitialized(Channel created) {
                created.pipeline().addLast(Marker.INSTANCE);
            }
        };
    }

    @ChannelHandler.Sharable
    private static final class Marker extends ChannelOutboundHandlerAdapter {

        static final Marker INSTANCE = new Marker();

        @Override
        public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
            if (message instanceof RedisCommand<?, ?, ?> command
                    && CommandWrapper.unwrap(command) instanceof Probe probe) {
                probe.channel = context.channel();
            }
            var unused = context.write(message, promise);
        }
    }
}
