package dev.hardening.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.AsyncCommand;
import io.lettuce.core.protocol.Command;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import io.lettuce.core.protocol.RedisCommand;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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

    @Nested
    class ABlockingCommand {

        private Command<String, String, String> blocking(CommandType type, Object... arguments) {
            CommandArgs<String, String> args = new CommandArgs<>(StringCodec.UTF8);
            for (Object argument : arguments) {
                args.add(argument.toString());
            }
            return new Command<>(type, new StatusOutput<>(StringCodec.UTF8), args);
        }

        @Test
        void isAQuestionOnceItsTimeIsOver() {
            Command<String, String, String> over = blocking(CommandType.BLPOP, "jobs", "0.000000001");
            pending.sent(over);
            assertThat(pending.busy()).isTrue();
            assertThat(pending.unansweredSince()).isPresent();
            over.complete();
            pending.sent(blocking(CommandType.BLPOP, "jobs", "3600"));
            assertThat(pending.unansweredSince()).isEmpty();
        }

        @Test
        void thatWasAnsweredIsNone() {
            Command<String, String, String> answered = blocking(CommandType.BLPOP, "jobs", "0.000001");
            pending.sent(answered);
            answered.complete();
            assertThat(pending.unansweredSince()).isEmpty();
        }

        @Test
        void behindAnotherIsNone() {
            pending.sent(blocking(CommandType.BLPOP, "jobs", "3600"));
            pending.sent(blocking(CommandType.BLPOP, "jobs", "0.000001"));
            assertThat(pending.unansweredSince()).isEmpty();
        }

        @Test
        void inATransactionIsNone() {
            pending.sent(command(CommandType.MULTI));
            pending.sent(blocking(CommandType.BLPOP, "jobs", "0.000001"));
            pending.heard();
            assertThat(pending.unansweredSince()).isEmpty();
        }

        @ParameterizedTest
        @CsvSource({
            "BLPOP, a b 2.5, 2500",
            "BLPOP, a b 0, ",
            "BLPOP, a b, ",
            "BRPOPLPUSH, a b 3, 3000",
            "BLMOVE, a b LEFT RIGHT 4, 4000",
            "BZPOPMIN, a 1, 1000",
            "BLMPOP, 5 1 a LEFT, 5000",
            "BZMPOP, 6 1 a MIN, 6000",
            "WAIT, 1 700, 700",
            "XREAD, COUNT 9 BLOCK 800 STREAMS a 0, 800",
            "XREAD, BLOCK 0 STREAMS a 0, ",
            "XREAD, STREAMS BLOCK 5, 0",
            "XREADGROUP, GROUP BLOCK 1 COUNT 2 BLOCK 900 NOACK STREAMS a >, 900"
        })
        void saysItsTime(CommandType type, String arguments, @Nullable Long millis) {
            assertThat(BlockTime.of(blocking(type, (Object[]) arguments.split(" ", -1))))
                    .isEqualTo(Optional.ofNullable(millis).map(Duration::ofMillis));
        }
    }
}
