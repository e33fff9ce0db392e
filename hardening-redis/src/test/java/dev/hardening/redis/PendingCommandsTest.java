package dev.hardening.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.AsyncCommand;
import io.lettuce.core.protocol.Command;
import io.lettuce.core.protocol.CommandType;
import io.lettuce.core.protocol.RedisCommand;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class PendingCommandsTest {

    private final PendingCommands pending = new PendingCommands();

    private static Command<String, String, String> command(CommandType type) {
        return new Command<>(type, new StatusOutput<>(StringCodec.UTF8));
    }

    private static void refuse(RedisCommand<String, String, String> command) {
        command.getOutput().setError(ByteBuffer.wrap("NOPERM".getBytes(StandardCharsets.US_ASCII)));
        command.complete();
    }

    @Nested
    class ATransaction {

        @Test
        void isAQuestionFromItsMulti() {
            pending.sent(command(CommandType.MULTI));
            assertThat(pending.unansweredSince()).isPresent();
            assertThat(pending.busy()).isTrue();
            pending.heard();
            assertThat(pending.unansweredSince()).isEmpty();
            assertThat(pending.busy()).isTrue();
            pending.sent(command(CommandType.SET));
            assertThat(pending.unansweredSince()).isPresent();
            pending.sent(command(CommandType.EXEC));
            assertThat(pending.unansweredSince()).isEmpty();
            assertThat(pending.busy()).isFalse();
        }

        @Test
        void thatIsRefusedIsNoneForEachTypeOfCommand() {
            Command<String, String, String> plain = command(CommandType.MULTI);
            RedisCommand<String, String, String> asynchronous = new AsyncCommand<>(command(CommandType.MULTI));
            for (RedisCommand<String, String, String> multi : List.of(plain, asynchronous)) {
                pending.sent(multi);
                refuse(multi);
                pending.heard();
                assertThat(pending.busy()).isFalse();
                pending.sent(command(CommandType.SET));
                assertThat(pending.unansweredSince()).isEmpty();
            }
        }

        @Test
        void thatEndedWithoutAnAnswerMayHaveBegun() {
            Command<String, String, String> multi = command(CommandType.MULTI);
            pending.sent(multi);
            multi.cancel();
            assertThat(pending.busy()).isTrue();
            assertThat(pending.unansweredSince()).isPresent();
        }
    }
}
