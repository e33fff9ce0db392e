package dev.hardening.redis;

import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisConnectionException;
import io.lettuce.core.RedisException;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A failure with one server: the error with its causes, and what else is known.
 *
 * @param causes the error, then its cause, and so on to the root
 */
record Failure(List<Throwable> causes, Context context) {

    private static final Pattern SENTINEL =
            Pattern.compile("Cannot connect Redis Sentinel at (rediss?)://(?:.*@)?([^/?,]+)");
    private static final Pattern SERVER =
            Pattern.compile("Unable to connect to \\[?(?!\\S*://)(\\[[^\\]\\s]*]|[^/\\s\\[\\]]*)/(\\S*):(\\d+)");

    /** How Netty and the JDK end the message of a connect that failed. */
    private static final Pattern ADDRESS = Pattern.compile(": ([^/\\s]*)/(\\S*):(\\d+)$");

    private static final String WITHOUT_TLS = "call setSsl(false) on each of RedisURI.getSentinels()";

    private static final Pattern UNPRINTABLE = Pattern.compile("[\\p{Cc}\\p{Cf}]");

    /**
     * What else is known about an error.
     *
     * @param tls whether the connection to the data node uses TLS
     * @param sentinels host and port of each Sentinel that is asked; empty without Sentinels
     * @param lastError what a server said last while it was connected to, if that was an error
     * @param lastPeer host and port that a connection was last open to
     * @param refused why the last reconnect was closed on this side, if it was
     * @param password whether the server was sent a password
     * @param worked whether a connection has worked before, so that its TLS is as the server wants it
     */
    record Context(
            boolean tls,
            List<String> sentinels,
            @Nullable Said lastError,
            @Nullable String lastPeer,
            @Nullable String refused,
            boolean password,
            boolean worked) {

        static final Context UNKNOWN = new Context(false, List.of(), null, null, null, false, false);

        /** Of a connection that worked before. */
        static final Context WORKED = new Context(false, List.of(), null, null, null, false, true);
    }

    /**
     * An error that a server answered.
     *
     * @param server host and port; null if it has none, or that is not known
     */
    record Said(String error, @Nullable String server) {}

    /**
     * Splits an error by server. Lettuce keeps the errors of several seeds or Sentinels as suppressed exceptions, and
     * that of the last Sentinel as the cause.
     */
    static List<Failure> of(Throwable error, Context context) {
        List<Throwable> causes = chain(error);
        for (Throwable one : causes) {
            List<Throwable> suppressed = Stream.of(one.getSuppressed())
                    .filter(RedisException.class::isInstance)
                    .toList();
            if (!suppressed.isEmpty()) {
                Stream<Throwable> last = Stream.ofNullable(one.getCause()).filter(RedisException.class::isInstance);
                return Stream.concat(suppressed.stream(), last)
                        .flatMap(server -> of(server, context).stream())
                        .toList();
            }
        }
        return List.of(new Failure(causes, context));
    }

    private static List<Throwable> chain(Throwable error) {
        Set<Throwable> causes = new LinkedHashSet<>();
        Throwable one = error;
        while (one != null && causes.add(one)) {
            one = one.getCause();
        }
        return List.copyOf(causes);
    }

    /** The first of the causes that is of a type. */
    <T> Optional<T> find(Class<T> type) {
        return causes.stream().filter(type::isInstance).map(type::cast).findFirst();
    }

    /** Whether a cause of a type has one of these words in its text, in upper or lower case. */
    boolean says(Class<?> type, String... words) {
        return causes.stream()
                .filter(type::isInstance)
                .map(one -> text(one).toLowerCase(Locale.ROOT))
                .anyMatch(text -> Stream.of(words).anyMatch(word -> text.contains(word.toLowerCase(Locale.ROOT))));
    }

    /**
     * What the server answered, if that was an error. Often the server closes the connection after it, and Lettuce
     * reports only that. Protected mode is reported as a failure to connect.
     */
    Optional<String> answer() {
        return find(RedisCommandExecutionException.class)
                .map(Failure::text)
                .or(() -> causes.stream()
                        .filter(RedisConnectionException.class::isInstance)
                        .map(Failure::text)
                        .filter(RedisConnectionException::isProtectedMode)
                        .findFirst())
                .or(() -> Optional.ofNullable(isReset() || isClosed() ? context.lastError : null)
                        .filter(said -> said.server == null
                                || match(SERVER)
                                        .map(Failure::hostAndPort)
                                        .or(() -> match(SENTINEL).map(at -> at.group(2)))
                                        .filter(at -> !withoutBrackets(at).equals(withoutBrackets(said.server)))
                                        .isEmpty())
                        .map(Said::error));
    }

    /** Whether the connection was open, and the server or the network ended it. */
    boolean isReset() {
        return says(IOException.class, "connection reset", "broken pipe");
    }

    /** Whether the connection was open, and the server closed it. */
    boolean isClosed() {
        return find(Diagnosis.ClosedEarly.class).isPresent()
                || find(ClosedChannelException.class).isPresent()
                // Lettuce reports the second if the peer closes before the handshake begins, and the third during PING.
                || says(
                        RuntimeException.class,
                        "connection closed prematurely",
                        "handler not registered",
                        "connection disconnected");
    }

    boolean isSentinel() {
        return server().filter(server -> server.startsWith("Sentinel ")).isPresent();
    }

    private boolean isDataNode() {
        return server().filter(server -> server.startsWith("data node ")).isPresent();
    }

    boolean isTls() {
        return match(SENTINEL).map(at -> at.group(1).equals("rediss")).orElse(context.tls);
    }

    /** A hint for the case that a server is silent or ends the connection. */
    String hint() {
        if (context.worked) {
            return "";
        }
        boolean tls = isTls();
        if (isSentinel()) {
            return tls
                    ? " (if the Sentinels do not speak TLS, " + WITHOUT_TLS + ")"
                    : " (if the Sentinels want TLS, use rediss-sentinel://)";
        }
        if (isDataNode()) {
            return tls
                    ? " (if the data node does not speak TLS, call setSsl(false) on the RedisURI)"
                    : " (if the data node wants TLS, call setSsl(true) on the RedisURI)";
        }
        return tls ? " (if the port does not speak TLS, use redis://)" : " (if the port wants TLS, use rediss://)";
    }

    /** What to do with a server that does not speak TLS. */
    String withoutTls() {
        if (isSentinel()) {
            return WITHOUT_TLS;
        }
        return isDataNode() ? "call setSsl(false) on the RedisURI" : "try redis:// instead of rediss://";
    }

    /** The hint for a TLS connection: a server without TLS may take its bytes for the beginning of a command. */
    String hintIfTls() {
        return isTls() ? hint() : "";
    }

    /** Host and port of the server; with Sentinels, its kind comes first. Empty if the server is not known. */
    Optional<String> server() {
        Optional<String> sentinel = match(SENTINEL).map(at -> "Sentinel " + at.group(2));
        Optional<String> other = match(SERVER)
                .map(Failure::hostAndPort)
                .or(() -> Optional.ofNullable(context.sentinels.isEmpty() ? null : context.lastPeer));
        return sentinel.or(() -> context.sentinels.isEmpty()
                ? other
                : other.map(server -> (context.sentinels.contains(server) ? "Sentinel " : "data node ") + server));
    }

    /** Host and port of the servers that could not be connected to, as far as an error names them. */
    static List<String> addresses(Throwable error) {
        return chain(error).stream()
                .flatMap(one -> Stream.of(SERVER, ADDRESS).map(pattern -> pattern.matcher(text(one))))
                .filter(Matcher::find)
                .map(Failure::hostAndPort)
                .toList();
    }

    private static String hostAndPort(MatchResult at) {
        return (at.group(1).isEmpty() ? at.group(2) : at.group(1)) + ":" + at.group(3);
    }

    /** An IPv6 address is in brackets in a URI, and not in a socket's address. */
    private static String withoutBrackets(String address) {
        return address.replace("[", "").replace("]", "");
    }

    private Optional<MatchResult> match(Pattern pattern) {
        return causes.stream()
                .map(one -> pattern.matcher(text(one)))
                .filter(Matcher::find)
                .map(Matcher::toMatchResult)
                .findFirst();
    }

    Throwable root() {
        return causes.get(causes.size() - 1);
    }

    static String text(Throwable one) {
        return one.getMessage() == null ? "" : one.getMessage();
    }

    /** An error's message as one line that is not too long, or its type if it has no message. */
    static String firstLine(Throwable one) {
        return text(one).isBlank() ? one.getClass().getSimpleName() : firstLine(text(one));
    }

    /** The first line, without what a terminal would not print as a letter. */
    static String firstLine(String text) {
        String line =
                UNPRINTABLE.matcher(text.lines().findFirst().orElse("").strip()).replaceAll("?");
        if (line.isEmpty()) {
            return "an error without a text";
        }
        return line.length() <= 200 ? line : line.substring(0, 200) + "…";
    }
}
