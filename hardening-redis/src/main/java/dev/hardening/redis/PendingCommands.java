package dev.hardening.redis;

import io.lettuce.core.output.CommandOutput;
import io.lettuce.core.protocol.CommandType;
import io.lettuce.core.protocol.ProtocolKeyword;
import io.lettuce.core.protocol.RedisCommand;
import java.time.Duration;
import java.util.EnumSet;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The commands of one channel after which no question may be sent: a blocking command would delay its answer, and in a
 * transaction it would be a part of that. Used on the channel's event loop only.
 */
final class PendingCommands {

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

    /** The types that change anything here. Most commands are of another type, and cost one look here. */
    private static final Set<CommandType> TYPES = Stream.of(CommandType.values())
            .filter(type -> isBlocking(type) || type == CommandType.MULTI || endsTransaction(type))
            .collect(Collectors.toCollection(() -> EnumSet.noneOf(CommandType.class)));

    private @Nullable RedisCommand<?, ?, ?> blocking;
    private long blockingSince;
    private boolean heardSinceBlocking;

    /** Whether the blocking command waits behind another one: when its own time begins is not known. */
    private boolean behindAnother;

    /** Whether the previous blocking command got no answer. If so, the peer is asked during the next one. */
    private boolean unanswered;

    /** The MULTI of the transaction; null outside one. */
    private @Nullable RedisCommand<?, ?, ?> multi;

    /** When the first command of the transaction, MULTI included, was sent that got no answer yet; empty if all got one. */
    private OptionalLong unansweredSince = OptionalLong.empty();

    private static boolean isBlocking(ProtocolKeyword type) {
        return BLOCKING.contains(type.toString());
    }

    private static boolean endsTransaction(ProtocolKeyword type) {
        return Set.of("EXEC", "DISCARD", "RESET").contains(type.toString());
    }

    /** A command was sent. */
    void sent(RedisCommand<?, ?, ?> command) {
        ProtocolKeyword type = command.getType();
        if (type == CommandType.MULTI && !inTransaction()) {
            multi = command;
        }
        if (inTransaction() && unansweredSince.isEmpty()) {
            unansweredSince = OptionalLong.of(System.nanoTime());
        }
        if (type instanceof CommandType && !TYPES.contains(type)) {
            return;
        }
        if (endsTransaction(type)) {
            multi = null;
            unansweredSince = OptionalLong.empty();
        } else if (isBlocking(type)) {
            unanswered = !heardSinceBlocking && blocking != null && blocking.isDone();
            behindAnother = blocking != null && !blocking.isDone();
            blocking = command;
            blockingSince = System.nanoTime();
            heardSinceBlocking = false;
        }
    }

    /** Something came from the peer. */
    void heard() {
        heardSinceBlocking = true;
        unanswered = false;
        unansweredSince = OptionalLong.empty();
    }

    /**
     * When the application asked the peer itself: by a command in its transaction that got no answer, or by a blocking
     * command, once the time is over for which that blocks. Empty if it did not.
     */
    OptionalLong unansweredSince() {
        return inTransaction() || unansweredSince.isPresent() ? unansweredSince : overdueSince();
    }

    private OptionalLong overdueSince() {
        if (blocking == null || blocking.isDone() || behindAnother) {
            return OptionalLong.empty();
        }
        long waits = System.nanoTime() - blockingSince;
        return BlockTime.of(blocking)
                .filter(time -> time.compareTo(Duration.ofNanos(waits)) <= 0)
                .map(time -> OptionalLong.of(blockingSince + time.toNanos()))
                .orElse(OptionalLong.empty());
    }

    /** A MULTI that the server refused has begun none. */
    private boolean inTransaction() {
        if (multi == null) {
            return false;
        }
        CommandOutput<?, ?, ?> output = multi.getOutput();
        if (multi.isDone() && output != null && output.hasError()) {
            multi = null;
            unansweredSince = OptionalLong.empty();
        }
        return multi != null;
    }

    /** Whether no question may be sent now. */
    boolean busy() {
        return inTransaction() || (blocking != null && !blocking.isDone() && !unanswered);
    }
}
