package dev.hardening.redis;

import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.AsyncCommand;
import io.lettuce.core.protocol.Command;
import io.lettuce.core.protocol.CommandType;
import io.netty.channel.Channel;
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

    void writtenTo(Channel written) {
        channel = written;
    }

    /** Closes the channel that it was written to, if that is known. */
    void dropChannel() {
        Channel written = channel;
        if (written != null) {
            var unused = written.close();
        }
    }
}
