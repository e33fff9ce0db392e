package dev.hardening.redis;

import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.RedisCommand;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** For how long a server blocks a command, as the command's own arguments say. */
final class BlockTime {

    private static final BigDecimal NANOS = BigDecimal.valueOf(1_000_000_000);
    private static final BigDecimal MILLIS = BigDecimal.valueOf(1_000_000);

    private BlockTime() {}

    /** Empty if that has no end, or cannot be read. */
    static Optional<Duration> of(RedisCommand<?, ?, ?> blocking) {
        List<String> arguments = arguments(blocking.getArgs());
        if (arguments.isEmpty()) {
            return Optional.empty();
        }
        String last = arguments.get(arguments.size() - 1);
        return switch (blocking.getType().toString()) {
            case "BLMPOP", "BZMPOP" -> time(arguments.get(0), NANOS);
            case "WAIT", "WAITAOF" -> time(last, MILLIS);
            case "XREAD" -> ofStreams(arguments);
            case "XREADGROUP" -> ofStreams(arguments.subList(Math.min(3, arguments.size()), arguments.size()));
            default -> time(last, NANOS);
        };
    }

    /** The options stand before STREAMS, and without BLOCK it does not block. */
    private static Optional<Duration> ofStreams(List<String> options) {
        for (int i = 0; i < options.size(); i++) {
            switch (options.get(i)) {
                case "BLOCK" -> {
                    return i + 1 < options.size() ? time(options.get(i + 1), MILLIS) : Optional.empty();
                }
                case "COUNT" -> i++;
                case "STREAMS" -> {
                    return Optional.of(Duration.ZERO);
                }
                default -> {}
            }
        }
        return Optional.empty();
    }

    private static Optional<Duration> time(String number, BigDecimal nanos) {
        try {
            BigDecimal time = new BigDecimal(number).multiply(nanos);
            return time.signum() > 0
                    ? Optional.of(Duration.ofNanos(
                            time.min(BigDecimal.valueOf(Long.MAX_VALUE / 2)).longValue()))
                    : Optional.empty();
        } catch (NumberFormatException unknown) {
            return Optional.empty();
        }
    }

    /** Each argument is two lines: its length, and itself. */
    private static List<String> arguments(@Nullable CommandArgs<?, ?> encodable) {
        if (encodable == null) {
            return List.of();
        }
        ByteBuf encoded = Unpooled.buffer();
        encodable.encode(encoded);
        List<String> arguments = new ArrayList<>();
        while (encoded.isReadable()) {
            int length = Integer.parseInt(line(encoded).substring(1));
            arguments.add(encoded.readCharSequence(length, StandardCharsets.ISO_8859_1)
                    .toString());
            line(encoded);
        }
        return arguments;
    }

    private static String line(ByteBuf bytes) {
        int end = bytes.indexOf(bytes.readerIndex(), bytes.writerIndex(), (byte) '\n');
        String line = bytes.readCharSequence(end - bytes.readerIndex(), StandardCharsets.ISO_8859_1)
                .toString();
        bytes.skipBytes(1);
        return line.strip();
    }
}
