package dev.hardening.redis;

import dev.hardening.redis.Attempt.Verdict;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.security.cert.CertificateException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * What a failure to connect means: a verdict, a reason of one line, and how long the server asks to wait. What is not
 * known here is transient.
 */
record Diagnosis(Verdict verdict, String reason, Optional<Duration> serverAsksToWait) {

    private static final Pattern LOADING_ETA = Pattern.compile("loading_eta_seconds:(\\d{1,6})");

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

    static Diagnosis of(Throwable failure, boolean tls) {
        List<Throwable> chain = chain(failure);
        for (Throwable one : chain) {
            Diagnosis known = known(one, tls);
            if (known != null) {
                return known;
            }
        }
        Throwable root = chain.get(chain.size() - 1);
        return new Diagnosis(Verdict.TRANSIENT, firstLine(root), Optional.empty());
    }

    /** The failure, its causes, and what a cluster or a Sentinel client keeps in suppressed exceptions only. */
    private static List<Throwable> chain(Throwable failure) {
        List<Throwable> chain = new ArrayList<>();
        List<Throwable> rest = new ArrayList<>(List.of(failure));
        while (!rest.isEmpty() && chain.size() < 100) {
            Throwable one = rest.remove(0);
            if (!chain.contains(one)) {
                chain.add(one);
                rest.addAll(0, List.of(one.getSuppressed()));
                if (one.getCause() != null) {
                    rest.add(0, one.getCause());
                }
            }
        }
        return chain;
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
        if (one instanceof NotRedis) {
            return new Diagnosis(Verdict.PERMANENT, text, Optional.empty());
        }
        if (one instanceof WrongRole) {
            return transientBecause(text);
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
            if (lower.contains("timed out")) {
                return transientBecause("timed out while connecting");
            }
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
                return transientBecause("Connection reset" + tlsHint(tls));
            }
        }
        if (lower.contains("connection closed prematurely") || one instanceof ClosedEarly) {
            return transientBecause("the connection was closed early" + tlsHint(tls));
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
                || one instanceof NumberFormatException
                || one.getClass().getSimpleName().equals("RedisProtocolException")
                || (one instanceof IllegalArgumentException
                        && String.valueOf(one.getMessage()).contains("buffer"))
                || (one instanceof IllegalStateException
                        && String.valueOf(one.getMessage()).startsWith("Invalid first byte"));
    }

    private static @Nullable Diagnosis answer(String text) {
        for (Answer answer : Answer.values()) {
            if (text.toLowerCase(Locale.ROOT).startsWith(answer.beginning.toLowerCase(Locale.ROOT))) {
                Matcher eta = LOADING_ETA.matcher(text);
                String line = firstLine(text);
                return new Diagnosis(
                        answer.verdict,
                        answer.advice.isEmpty() ? line : answer.beginning + ": " + answer.advice,
                        eta.find() ? Optional.of(Duration.ofSeconds(Long.parseLong(eta.group(1)))) : Optional.empty());
            }
        }
        return null;
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
        return line.length() <= 200 ? line : line.substring(0, 200) + "…";
    }

    /** The peer answered, but not as Redis does. */
    static final class NotRedis extends RuntimeException {
        private static final long serialVersionUID = 1;

        NotRedis(String message) {
            super(message);
        }
    }

    /** The server has another role than the one that is required. */
    static final class WrongRole extends RuntimeException {
        private static final long serialVersionUID = 1;

        WrongRole(String message) {
            super(message);
        }
    }

    /** The connection was lost before the attempt was over. */
    static final class ClosedEarly extends IOException {
        private static final long serialVersionUID = 1;

        ClosedEarly() {
            super("the connection was closed early");
        }
    }
}
