package dev.hardening.redis;

import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.Command;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import io.lettuce.core.protocol.ProtocolKeyword;
import io.lettuce.core.protocol.RedisCommand;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * HELLO, AUTH and CLIENT on one channel. Lettuce's handshake goes on in RESP2 with a server that refuses HELLO in its own
 * words, and no error shows a password. Used on the channel's event loop only.
 */
final class Handshake {

    /** An error line that is longer is not held back until it is complete. */
    private static final int LONGEST_HELD = 65_536;

    /** How many arguments HELLO has at the least with a password: the version, AUTH, the user and the password. */
    private static final int HELLO_WITH_PASSWORD = 4;

    /**
     * The errors in answer to HELLO that mean more than that the server does not accept HELLO. NOAUTH is none of them: some
     * proxies give it to each command before AUTH, and a server that wants a password says so to the next command too.
     */
    private static final Pattern VERDICT = Pattern.compile("(WRONGPASS|NOPROTO|LOADING|MASTERDOWN|DENIED|CLUSTERDOWN"
            + "|ERR (max number|Client|AUTH|invalid password))");

    /** What an error about an unknown command repeats of it. */
    private static final String ARGUMENTS_BEGIN = ", with args";

    private static final Pattern ARGUMENTS = Pattern.compile(ARGUMENTS_BEGIN + "[^\\r\\n]*");

    /** The words in those errors. A password that is one of them cannot be told from them, and what they mean would be lost. */
    private static final Set<String> WORDS_OF_VERDICTS = Set.of(
            "auth",
            "called",
            "client",
            "clients",
            "err",
            "invalid",
            "loading",
            "master",
            "max",
            "number",
            "or",
            "pair",
            "password",
            "reached",
            "redis",
            "user",
            "username",
            "without",
            "wrongpass");

    private static final Pattern ERROR_LINE = Pattern.compile("(?m)^-.*");

    /** AUTH or HELLO, as it was sent last; its password is looked for only in an error. */
    private @Nullable RedisCommand<?, ?, ?> authentication;

    /** An error line that is not complete yet. */
    private @Nullable ByteBuf held;

    private boolean heardAnything;
    private boolean helloUnanswered;
    private boolean helloRefused;

    /** Whether a command of that type may hold a password. */
    static boolean authenticates(ProtocolKeyword type) {
        return type == CommandType.AUTH || type == CommandType.HELLO;
    }

    /** Whether HELLO was sent first, and nothing came since. */
    boolean isHelloUnanswered() {
        return helloUnanswered;
    }

    /** Whether the server is asked with another command than HELLO. */
    boolean isHelloRefused() {
        return helloRefused;
    }

    /** The server refused HELLO later than in the handshake. */
    void helloRefused() {
        helloRefused = true;
    }

    // ---- what is sent

    /** AUTH or HELLO was sent. */
    void sent(RedisCommand<?, ?, ?> command) {
        CommandArgs<?, ?> arguments = command.getArgs();
        // HELLO asks for the role, or chooses the protocol, also without a user and a password.
        if (arguments != null && (command.getType() == CommandType.AUTH || arguments.count() >= HELLO_WITH_PASSWORD)) {
            authentication = command;
        }
        if (command.getType() == CommandType.HELLO) {
            helloUnanswered = !heardAnything;
        }
    }

    /** The last argument of AUTH, or what follows AUTH and the user in HELLO. */
    private Optional<String> password() {
        RedisCommand<?, ?, ?> command = authentication;
        CommandArgs<?, ?> arguments = command == null ? null : command.getArgs();
        if (command == null || arguments == null) {
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

    /** PING in place of CLIENT: Lettuce waits for one answer to that, and does not look at it. */
    static RedisCommand<?, ?, ?> withoutClient(RedisCommand<?, ?, ?> command) {
        return command.getType() == CommandType.CLIENT
                ? new Command<>(CommandType.PING, new StatusOutput<>(StringCodec.UTF8))
                : command;
    }

    // ---- what is received

    /**
     * Removes what an error repeats of a command, because that may be the password. Holds an error back until its line is
     * complete; null means that more has to come.
     */
    @Nullable
    ByteBuf withoutPassword(ByteBuf bytes) {
        ByteBuf received = held == null ? bytes : Unpooled.wrappedBuffer(held, bytes);
        held = null;
        String text = received.toString(StandardCharsets.ISO_8859_1);
        if (!text.startsWith("-") && !text.contains("\n-")) {
            return received;
        }
        int lastLine = text.lastIndexOf('\n') + 1;
        if (text.startsWith("-", lastLine) && text.length() < LONGEST_HELD) {
            held = received;
            return null;
        }
        if (authentication == null && !text.contains(ARGUMENTS_BEGIN)) {
            return received; // it cannot repeat a password
        }
        String shown =
                ERROR_LINE.matcher(text).replaceAll(error -> Matcher.quoteReplacement(withoutPassword(error.group())));
        if (shown.equals(text)) {
            return received;
        }
        received.release();
        return Unpooled.copiedBuffer(shown, StandardCharsets.ISO_8859_1);
    }

    private String withoutPassword(String error) {
        String shown = ARGUMENTS.matcher(error).replaceAll("");
        // Only where it stands by itself: a short one may be a part of the server's own words.
        return password()
                .filter(password -> !WORDS_OF_VERDICTS.contains(password.toLowerCase(Locale.ROOT)))
                .map(password ->
                        shown.replaceAll("(?<![A-Za-z0-9])" + Pattern.quote(password) + "(?![A-Za-z0-9])", "***"))
                .orElse(shown);
    }

    /** Whether a part of an error is held back. */
    boolean isHolding() {
        return held != null;
    }

    /**
     * Takes note of what the server said.
     *
     * @param error the first line, if it is an error
     * @return what Lettuce gets of it
     */
    ByteBuf received(ByteBuf bytes, @Nullable String error) {
        boolean answersHello = helloUnanswered;
        helloUnanswered = false;
        heardAnything = true;
        if (!answersHello) {
            return bytes;
        }
        boolean unknown = error == null
                ? bytes.getByte(bytes.readerIndex()) == '+'
                        && bytes.toString(StandardCharsets.US_ASCII)
                                .startsWith("+OK\r\n") // some say so to all they do not know
                : !VERDICT.matcher(error).lookingAt();
        return unknown ? helloUnknown(bytes) : bytes;
    }

    /** Replaces any refusal of HELLO by "unknown command": Lettuce goes on in RESP2 only after that error. */
    private ByteBuf helloUnknown(ByteBuf bytes) {
        int end = bytes.indexOf(bytes.readerIndex(), bytes.writerIndex(), (byte) '\n');
        if (end < 0) {
            return bytes;
        }
        helloRefused = true;
        bytes.readerIndex(end + 1);
        return Unpooled.wrappedBuffer(helloUnknown(), bytes);
    }

    /** What a server says that does not know HELLO. */
    static ByteBuf helloUnknown() {
        return Unpooled.copiedBuffer("-ERR unknown command 'HELLO'\r\n", StandardCharsets.US_ASCII);
    }

    /** Frees what is held back. */
    void close() {
        if (held != null) {
            held.release();
            held = null;
        }
    }
}
