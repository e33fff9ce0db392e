package dev.hardening.redis;

import dev.hardening.redis.Attempt.Verdict;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.security.cert.CertificateException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * What a failure to connect means: a verdict, a reason of one line, and how long the server asks to wait. What is not
 * known here is transient.
 */
record Diagnosis(Verdict verdict, String reason, Optional<Duration> serverAsksToWait) {

    private static final Pattern LOADING_ETA = Pattern.compile("loading_eta_seconds:(\\d{1,6})");

    private static final String RESET = "Connection reset";
    private static final String CLOSED = "the connection was closed early";

    /** What Redis answers, by the beginning of its text, and what can be done about it. */
    private enum Answer {
        WRONGPASS("WRONGPASS", Verdict.PERMANENT, "the user or the password is wrong"),
        NOAUTH("NOAUTH", Verdict.PERMANENT, "the server wants a password, and the URI has none"),
        AUTH_WITHOUT_PASSWORD("ERR AUTH", Verdict.PERMANENT, "the URI has a password, and the server has none set"),
        CLIENT_SENT_AUTH(
                "ERR Client sent AUTH", Verdict.PERMANENT, "the URI has a password, and the server has none set"),
        INVALID_PASSWORD("ERR invalid password", Verdict.PERMANENT, "the password is wrong"),
        NOPERM("NOPERM", Verdict.PERMANENT, "the user may not run PING or SELECT"),
        DENIED("DENIED", Verdict.PERMANENT, "the server is in protected mode and refuses other hosts"),
        DB_INDEX("ERR DB index", Verdict.PERMANENT, "the server has no database of that number"),
        INVALID_DB("ERR invalid DB index", Verdict.PERMANENT, "the server has no database of that number"),
        SELECT("ERR SELECT", Verdict.PERMANENT, "the server does not allow another database than 0"),
        CLIENT_NAME("ERR Client names", Verdict.PERMANENT, "the client name may not hold spaces or line breaks"),
        NOT_A_CLUSTER(
                "ERR This instance has cluster support disabled",
                Verdict.PERMANENT,
                "the server is not part of a cluster: use build() instead of buildCluster()"),
        NOT_A_SENTINEL(
                "ERR unknown command 'SENTINEL'",
                Verdict.PERMANENT,
                "the server is not a Sentinel: use redis:// instead of redis-sentinel://"),
        NOT_A_SENTINEL_OF_OLD(
                "ERR unknown command `SENTINEL`",
                Verdict.PERMANENT,
                "the server is not a Sentinel: use redis:// instead of redis-sentinel://"),
        NO_SUCH_PRIMARY(
                "Cannot provide redisAddress using sentinel",
                Verdict.TRANSIENT,
                "the Sentinels know no primary of that name"),
        LOADING("LOADING", Verdict.TRANSIENT, ""),
        MASTERDOWN("MASTERDOWN", Verdict.TRANSIENT, ""),
        MAX_CLIENTS("ERR max number of clients", Verdict.TRANSIENT, "");

        private final String beginning;
        private final Verdict verdict;
        private final String advice;

        Answer(String beginning, Verdict verdict, String advice) {
            this.beginning = beginning;
            this.verdict = verdict;
            this.advice = advice;
        }
    }

    /**
     * Says what a failure means.
     *
     * @param lastError what the server said last, if it was an error: what a closed connection means is often said by it
     */
    static Diagnosis of(Throwable failure, boolean tls, @Nullable String lastError) {
        Diagnosis diagnosis = of(failure, tls);
        boolean cut = diagnosis.reason.startsWith(CLOSED) || diagnosis.reason.startsWith(RESET);
        Diagnosis said = cut && lastError != null ? answer(lastError) : null;
        return said == null ? diagnosis : said;
    }

    private static Diagnosis of(Throwable failure, boolean tls) {
        Diagnosis found = find(failure, tls);
        return found == null ? transientBecause(firstLine(root(failure))) : found;
    }

    private static @Nullable Diagnosis find(@Nullable Throwable failure, boolean tls) {
        for (Throwable one = failure; one != null; one = one.getCause()) {
            Diagnosis found = known(one, tls);
            if (found == null) {
                found = ofAll(one, tls);
            }
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    private static Throwable root(Throwable failure) {
        Throwable root = failure;
        for (Throwable one = failure; one != null; one = one.getCause()) {
            root = one;
        }
        return root;
    }

    /**
     * What a cluster's seeds or the Sentinels said, which Lettuce keeps in suppressed exceptions, and the last Sentinel's
     * in the cause. One that may work in a moment is enough for another attempt.
     */
    private static @Nullable Diagnosis ofAll(Throwable failure, boolean tls) {
        List<Diagnosis> all = Stream.concat(
                        Stream.of(failure.getSuppressed())
                                .filter(RedisException.class::isInstance)
                                .map(one -> of(one, tls)),
                        Stream.ofNullable(failure.getSuppressed().length == 0 ? null : find(failure.getCause(), tls)))
                .distinct()
                .toList();
        return all.isEmpty()
                ? null
                : new Diagnosis(
                        all.stream().anyMatch(one -> one.verdict == Verdict.TRANSIENT)
                                ? Verdict.TRANSIENT
                                : Verdict.PERMANENT,
                        all.stream().map(Diagnosis::reason).distinct().collect(Collectors.joining("; ")),
                        all.stream()
                                .flatMap(one -> one.serverAsksToWait.stream())
                                .findFirst());
    }

    private static @Nullable Diagnosis known(Throwable one, boolean tls) {
        String text = one.getMessage() == null ? "" : one.getMessage();
        String lower = text.toLowerCase(Locale.ROOT);
        if (one instanceof RedisException) {
            Diagnosis answered = answer(text);
            if (answered != null || one instanceof RedisCommandExecutionException) {
                return answered == null ? transientBecause(firstLine(text)) : answered;
            }
        }
        if (one instanceof WrongServer) {
            return permanentBecause(text);
        }
        if (one instanceof NotReady || one instanceof NoCredentials) {
            return transientBecause(text);
        }
        if (one instanceof RejectedExecutionException || text.contains("executor group is terminated")) {
            return permanentBecause("the client has been shut down");
        }
        if (one instanceof Loading loading) {
            return new Diagnosis(Verdict.TRANSIENT, firstLine(text), loading.eta);
        }
        if (text.contains("requires epoll")) {
            return permanentBecause("a Unix socket wants Netty's native transport on the class path");
        }
        if (one instanceof TimeoutException) {
            return transientBecause(text + (tls ? " (if the port does not speak TLS, use redis://)" : ""));
        }
        if (one instanceof UnknownHostException) {
            return transientBecause("the host's name does not resolve");
        }
        if (one instanceof ConnectException || one instanceof NoRouteToHostException) {
            if (lower.contains("refused")) {
                return transientBecause("Connection refused");
            }
            if (lower.contains("no route to host")) {
                return transientBecause("No route to host");
            }
            if (lower.contains("unreachable")) {
                return transientBecause("Network is unreachable");
            }
            if (lower.contains("timed out")) {
                return transientBecause("timed out while connecting");
            }
        }
        if (one instanceof FileNotFoundException
                || (one instanceof IOException && lower.contains("no such file or directory"))) {
            return transientBecause("No such file or directory"); // a Unix socket whose server is not up
        }
        if (isNotTls(one)) {
            return transientBecause("the server does not speak TLS: try redis:// instead of rediss://");
        }
        if (one instanceof CertificateException || one.getClass().getName().contains("CertPath")) {
            return permanentBecause(
                    lower.contains("no subject alternative") || lower.contains("no name matching")
                            ? "the server's certificate is for another host name: connect by a name that is in it"
                            : "the server's certificate is not trusted: add its authority to the trust store");
        }
        if (one instanceof SSLException) {
            if (lower.contains("certificate_required")
                    || lower.contains("bad_certificate")
                    || lower.contains("handshake_failure")) {
                return permanentBecause("the server wants a client certificate: set one in SslOptions");
            }
            return null;
        }
        if (isDecoder(one)) {
            return permanentBecause("not a Redis server");
        }
        if (one instanceof IOException || one.getClass().getName().startsWith("io.netty.")) {
            if (lower.contains("connection reset")) {
                return transientBecause(RESET + tlsHint(tls));
            }
        }
        if (lower.contains("connection closed prematurely")
                || lower.contains("handler not registered") // the peer closed before the handshake began
                || one instanceof ClosedEarly) {
            return transientBecause(CLOSED + tlsHint(tls));
        }
        return null;
    }

    private static String tlsHint(boolean tls) {
        return tls ? "" : " (if the port wants TLS, use rediss://)";
    }

    private static boolean isNotTls(Throwable one) {
        return one.getClass().getSimpleName().equals("NotSslRecordException")
                || (one instanceof SSLException
                        && String.valueOf(one.getMessage()).contains("Unrecognized SSL message"));
    }

    /** The decoder's own texts say nothing to an operator, and may hold what the peer sent. */
    private static boolean isDecoder(Throwable one) {
        return one instanceof IndexOutOfBoundsException
                || one instanceof NullPointerException
                || one.getClass().getSimpleName().equals("RedisProtocolException")
                || (one instanceof RuntimeException && !(one instanceof RedisException) && isThrownByDecoder(one));
    }

    private static boolean isThrownByDecoder(Throwable one) {
        return Stream.of(one.getStackTrace())
                .map(StackTraceElement::getClassName)
                .anyMatch("io.lettuce.core.protocol.RedisStateMachine"::equals);
    }

    private static @Nullable Diagnosis answer(String text) {
        for (Answer answer : Answer.values()) {
            if (text.toLowerCase(Locale.ROOT).startsWith(answer.beginning.toLowerCase(Locale.ROOT))) {
                return new Diagnosis(
                        answer.verdict,
                        answer.advice.isEmpty() ? firstLine(text) : answer.beginning + ": " + answer.advice,
                        Optional.empty());
            }
        }
        return null;
    }

    /** What INFO says about how long a server still loads. */
    static Optional<Duration> loadingEta(String info) {
        Matcher eta = LOADING_ETA.matcher(info);
        return eta.find() ? Optional.of(Duration.ofSeconds(Long.parseLong(eta.group(1)))) : Optional.empty();
    }

    private static Diagnosis transientBecause(String reason) {
        return new Diagnosis(Verdict.TRANSIENT, reason, Optional.empty());
    }

    private static Diagnosis permanentBecause(String reason) {
        return new Diagnosis(Verdict.PERMANENT, reason, Optional.empty());
    }

    private static String firstLine(Throwable failure) {
        String text = failure.getMessage();
        return text == null || text.isBlank() ? failure.getClass().getSimpleName() : firstLine(text);
    }

    private static String firstLine(String text) {
        String line = text.lines().findFirst().orElse("").strip();
        if (line.isEmpty()) {
            return "an error without a text";
        }
        return line.length() <= 200 ? line : line.substring(0, 200) + "…";
    }

    /** The peer is something else than what was asked for. */
    static final class WrongServer extends RuntimeException {
        private static final long serialVersionUID = 1;

        WrongServer(String message) {
            super(message);
        }
    }

    /** The caller's provider of credentials failed, in its own words. */
    static final class NoCredentials extends RuntimeException {
        private static final long serialVersionUID = 1;

        NoCredentials(@Nullable Throwable cause) {
            super(
                    cause == null
                            ? "the credentials provider gave none"
                            : "the credentials provider failed: " + firstLine(cause),
                    cause);
        }
    }

    /** The server is not yet what was asked for. */
    static final class NotReady extends RuntimeException {
        private static final long serialVersionUID = 1;

        NotReady(String message) {
            super(message);
        }
    }

    /** The server loads its data, and says how long that will take, or does not. */
    static final class Loading extends RuntimeException {
        private static final long serialVersionUID = 1;

        private final transient Optional<Duration> eta;

        Loading(Throwable cause, Optional<Duration> eta) {
            super(cause.getMessage(), cause);
            this.eta = eta;
        }
    }

    /** The connection was lost before the attempt was over. */
    static final class ClosedEarly extends IOException {
        private static final long serialVersionUID = 1;

        ClosedEarly() {
            super(CLOSED);
        }
    }
}
