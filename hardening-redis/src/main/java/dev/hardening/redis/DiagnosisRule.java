package dev.hardening.redis;

import static dev.hardening.redis.Attempt.Verdict.PERMANENT;
import static dev.hardening.redis.Attempt.Verdict.TRANSIENT;

import dev.hardening.redis.Attempt.Verdict;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.RedisException;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.security.GeneralSecurityException;
import java.security.KeyException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.crypto.BadPaddingException;
import javax.net.ssl.SSLException;

/**
 * One row of the table of known failures. {@link #ALL} has them in their order, and the first one that fits says what a
 * failure means. docs/redis.md shows the same rows.
 *
 * @param what the failure, as the documentation names it
 * @param verdict whether another attempt can help
 * @param isMet whether the row fits a failure
 * @param reason the reason for people, in one line
 * @param example an example of a reason
 */
record DiagnosisRule(
        String what, Verdict verdict, Predicate<Failure> isMet, Function<Failure, String> reason, String example) {

    static final String CLOSED = "the connection was closed early";

    private static final Pattern MAY_NOT_RUN = Pattern.compile("run the '([^']{1,40})' command");
    private static final Pattern UNKNOWN_COMMAND = Pattern.compile("(?i)^ERR unknown command [`']([^`']{1,40})[`']");
    private static final Pattern TIMEOUT = Pattern.compile("timed out after (\\d+) (milli)?second");
    private static final String DECODER = "io.lettuce.core.protocol.RedisStateMachine";
    private static final String KEY_STORES = "io.lettuce.core.SslOptions";
    private static final Pattern FILE = Pattern.compile("(.+) \\(([^()]+)\\)");

    /** What an operating system says if a connection does not open. Each transport adds words of its own. */
    private static final List<String> SYSTEM_ERRORS = List.of(
            "Connection refused",
            "No route to host",
            "Network is unreachable",
            "Host is unreachable",
            "Host is down",
            "Permission denied",
            "Operation not permitted",
            "Cannot assign requested address",
            "Too many open files");

    static final List<DiagnosisRule> ALL = List.of(
            // ---- found by our own check
            new DiagnosisRule(
                    "a Sentinel met as plain Redis, or another kind of server",
                    PERMANENT,
                    has(Diagnosis.WrongServer.class),
                    text(Diagnosis.WrongServer.class),
                    "the server is a Sentinel, which holds no data: use redis-sentinel://"),
            new DiagnosisRule(
                    "a replica where a primary is required; a cluster without a majority or some of its slots",
                    TRANSIENT,
                    has(Diagnosis.NotReady.class),
                    text(Diagnosis.NotReady.class),
                    "the server is a replica, and a primary is required"),
            new DiagnosisRule(
                    "a credentials provider that fails, or gives none",
                    TRANSIENT,
                    has(Diagnosis.NoCredentials.class),
                    text(Diagnosis.NoCredentials.class),
                    "the credentials provider failed: the vault is sealed"),

            // ---- errors that the server answered
            new DiagnosisRule(
                    "`LOADING`",
                    TRANSIENT,
                    answers("LOADING"),
                    DiagnosisRule::loading,
                    "LOADING Redis is loading the dataset in memory (about 12 s left)"),
            new DiagnosisRule(
                    "`MASTERDOWN`",
                    TRANSIENT,
                    answers("MASTERDOWN"),
                    DiagnosisRule::answer,
                    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."),
            new DiagnosisRule(
                    "too many clients",
                    TRANSIENT,
                    answers("ERR max number of clients"),
                    DiagnosisRule::answer,
                    "ERR max number of clients reached"),
            answer("a wrong password, an unknown user", "WRONGPASS", "the user or the password is wrong"),
            answer("a wrong password, before Redis 6", "ERR invalid password", "the password is wrong"),
            rule(
                    "a Sentinel that wants a password",
                    PERMANENT,
                    answers("NOAUTH").and(Failure::isSentinel),
                    "NOAUTH: the Sentinel wants a password of its own, as the one in the URI is for the data node: use"
                            + " RedisURI.builder().withSentinel(host, port, password)"),
            rule(
                    "a password that is not taken",
                    PERMANENT,
                    answers("NOAUTH").and(failure -> failure.context().password()),
                    "NOAUTH: the server wants a password, and did not take the one that it was sent"),
            answer("a password wanted", "NOAUTH", "the server wants a password, and the URI has none"),
            rule(
                    "a password where none is set",
                    PERMANENT,
                    answers("ERR AUTH <password> called without"),
                    "ERR AUTH: a password was sent, and the server has none set"),
            answer(
                    "a user, before Redis 6",
                    "ERR wrong number of arguments for 'auth'",
                    "the server knows no users: write redis://:password@host"),
            answer(
                    "a password where none is set, before Redis 6",
                    "ERR Client sent AUTH",
                    "a password was sent, and the server has none set"),
            new DiagnosisRule(
                    "a command that the user may not run",
                    PERMANENT,
                    answers("NOPERM"),
                    DiagnosisRule::noPermission,
                    "NOPERM: the user may not run PING"),
            rule(
                    "a plain Redis met as a Sentinel",
                    PERMANENT,
                    failure ->
                            unknownCommand(failure).filter("SENTINEL"::equals).isPresent(),
                    "the server is not a Sentinel: use redis:// instead of redis-sentinel://"),
            new DiagnosisRule(
                    "a command that the server renamed or disabled",
                    PERMANENT,
                    failure -> unknownCommand(failure).isPresent(),
                    failure -> "ERR unknown command: the server does not know "
                            + unknownCommand(failure).orElse("it") + ", which may be renamed or disabled there",
                    "ERR unknown command: the server does not know PING, which may be renamed or disabled there"),
            answer("protected mode", "DENIED", "the server is in protected mode and refuses other hosts"),
            answer("a database that is not there", "ERR DB index", "the server has no database of that number"),
            answer(
                    "a database that is not there, before Redis 4",
                    "ERR invalid DB index",
                    "the server has no database of that number"),
            answer(
                    "a database other than 0 where there is one",
                    "ERR only one database",
                    "the server has no database of that number"),
            answer(
                    "a database other than 0 in a cluster",
                    "ERR SELECT",
                    "the server does not allow another database than 0"),
            answer("a bad client name", "ERR Client names", "the client name may hold only visible ASCII characters"),
            answer(
                    "a plain Redis met as a cluster",
                    "ERR This instance has cluster support disabled",
                    "the server is not part of a cluster: use build() instead of buildCluster()"),
            new DiagnosisRule(
                    "any other error that the server answers",
                    TRANSIENT,
                    has(RedisCommandExecutionException.class),
                    DiagnosisRule::answer,
                    "BUSY Redis is busy running a script"),
            rule(
                    "Sentinels that know no primary of that name",
                    TRANSIENT,
                    says(RedisException.class, "Cannot provide redisAddress using sentinel"),
                    "the Sentinels know no primary of that name"),

            // ---- mistakes on this side
            rule(
                    "the caller's client, shut down meanwhile",
                    PERMANENT,
                    has(RejectedExecutionException.class)
                            .or(says(Throwable.class, "executor group is terminated", "provider is shut down")),
                    "the client has been shut down"),
            rule(
                    "a Unix socket without the native transport",
                    PERMANENT,
                    says(Throwable.class, "requires epoll"),
                    "a Unix socket wants Netty's native transport on the class path"),
            new DiagnosisRule(
                    "a file of `SslOptions` that is missing or may not be read",
                    PERMANENT,
                    failure -> unreadableFile(failure).isPresent(),
                    failure -> "cannot read " + unreadableFile(failure).orElse("a file") + ", a file of SslOptions",
                    "cannot read /etc/redis/ca.pem (No such file or directory), a file of SslOptions"),
            rule(
                    "a wrong password for a key store or trust store",
                    PERMANENT,
                    says(IOException.class, "password was incorrect"),
                    "the password of the key store or trust store in SslOptions is wrong"),
            rule(
                    "a resource of `SslOptions` that is null",
                    PERMANENT,
                    failure -> failure.find(NullPointerException.class)
                            .filter(one -> isThrownBy(one, KEY_STORES))
                            .isPresent(),
                    "a key store or trust store in SslOptions is null: it is not where the resource looks for it"),
            rule(
                    "a key store or trust store in another format",
                    PERMANENT,
                    says(IOException.class, "DerInputStream", "DER input", "invalid keystore format")
                            .or(says(GeneralSecurityException.class, "KeyStore not available"))
                            .or(DiagnosisRule::isNoKeyStore),
                    "the key store or trust store in SslOptions cannot be read as one: a PEM file goes to trustManager(…)"
                            + " or keyManager(…)"),
            rule(
                    "a trust store without a certificate",
                    PERMANENT,
                    says(GeneralSecurityException.class, "trustAnchors parameter must be non-empty"),
                    "the trust store in SslOptions has no trusted certificate: import one with keytool"),
            rule(
                    "a wrong password for a key file",
                    PERMANENT,
                    has(BadPaddingException.class),
                    "the password of the key file in SslOptions is wrong"),
            rule(
                    "a protocol or cipher that this JVM does not have",
                    PERMANENT,
                    says(IllegalArgumentException.class, "unsupported protocol", "unsupported ciphersuite"),
                    "SslOptions names a protocol or cipher that this JVM does not support"),
            rule(
                    "a key file without a key",
                    PERMANENT,
                    has(KeyException.class),
                    "the key file of SslOptions holds no private key that can be read: it has to be an RSA or EC key as PKCS"
                            + " #8 in PEM, with its password if it is encrypted"),
            rule(
                    "a certificate file without a certificate",
                    PERMANENT,
                    says(CertificateException.class, "found no certificates", "could not parse certificate"),
                    "the certificate file of SslOptions holds no certificate in PEM"),

            // ---- failures of the network
            new DiagnosisRule(
                    "nothing heard in time",
                    TRANSIENT,
                    has(TimeoutException.class),
                    failure -> failure.find(TimeoutException.class)
                                    .map(Failure::text)
                                    .orElse("timed out")
                            + failure.hintIfTls(),
                    "timed out after 3000 ms while waiting for the handshake"),
            new DiagnosisRule(
                    "nothing heard in time from one of several servers",
                    TRANSIENT,
                    has(RedisCommandTimeoutException.class),
                    DiagnosisRule::timeout,
                    "timed out after 600 ms while waiting for the handshake"),
            rule(
                    "a name that does not resolve",
                    TRANSIENT,
                    has(UnknownHostException.class),
                    "the host's name does not resolve"),
            rule(
                    "a connection that does not open in time",
                    TRANSIENT,
                    says(SocketException.class, "timed out"),
                    "timed out while connecting"),
            new DiagnosisRule(
                    "refused, no route, unreachable and the like",
                    TRANSIENT,
                    failure -> systemError(failure).isPresent(),
                    failure -> systemError(failure).orElse("refused"),
                    "Connection refused"),
            rule(
                    "a Unix socket that is not there",
                    TRANSIENT,
                    has(FileNotFoundException.class).or(says(IOException.class, "no such file or directory")),
                    "No such file or directory"),

            // ---- TLS
            new DiagnosisRule(
                    "TLS to a port that answers in plain text",
                    TRANSIENT,
                    DiagnosisRule::isPlainAnswer,
                    failure -> "the server does not speak TLS: " + failure.withoutTls(),
                    "the server does not speak TLS: try redis:// instead of rediss://"),
            new DiagnosisRule(
                    "a certificate that has expired",
                    PERMANENT,
                    has(CertificateExpiredException.class),
                    failure -> "the server's certificate has expired: " + validity(failure),
                    "the server's certificate has expired: CN=redis is valid from 2025-01-01T00:00:00Z to"
                            + " 2026-01-01T00:00:00Z"),
            new DiagnosisRule(
                    "a certificate that is not valid yet",
                    PERMANENT,
                    has(CertificateNotYetValidException.class),
                    failure -> "the server's certificate is not valid yet: " + validity(failure),
                    "the server's certificate is not valid yet: CN=redis is valid from 2036-01-01T00:00:00Z to"
                            + " 2037-01-01T00:00:00Z"),
            rule(
                    "a certificate for another host name",
                    PERMANENT,
                    says(CertificateException.class, "no subject alternative", "no name matching"),
                    "the server's certificate is for another host name: connect by a name that is in it"),
            rule(
                    "a certificate with a forbidden algorithm",
                    PERMANENT,
                    says(GeneralSecurityException.class, "algorithm constraints check failed"),
                    "the server's certificate uses an algorithm that this JVM forbids:"
                            + " see jdk.certpath.disabledAlgorithms"),
            rule(
                    "a host name that no certificate can be compared with",
                    PERMANENT,
                    says(Throwable.class, "non-LDH"),
                    "Java cannot compare the host's name with a certificate, such as one with _: connect by another name, or"
                            + " set verifyPeer=CA"),
            rule(
                    "a certificate that is not for servers",
                    PERMANENT,
                    says(CertificateException.class, "extended key usage", "keyusage does not allow"),
                    "the server's certificate is not for servers: its key usage does not allow it"),
            rule(
                    "a certificate whose issuer may not sign any",
                    PERMANENT,
                    says(GeneralSecurityException.class, "basic constraints", "not a ca certificate", "keycertsign"),
                    "the server's certificate was issued by a certificate that is not an authority's"),
            rule(
                    "a certificate that is not trusted",
                    PERMANENT,
                    has(CertificateException.class).or(DiagnosisRule::isCertPath),
                    "the server's certificate is not trusted: add its authority to the trust store"),
            alert(
                    "a client certificate wanted",
                    "the server wants a client certificate: set one in SslOptions",
                    "certificate_required"),
            alert(
                    "a client certificate wanted, or no cipher in common",
                    "the server wants a client certificate: set one in SslOptions; or it and this JVM have no cipher in"
                            + " common",
                    "handshake_failure"),
            alert(
                    "a client key of another certificate",
                    "the key in SslOptions does not belong to its certificate",
                    "decrypt_error"),
            alert(
                    "a client certificate of an authority that the server does not trust",
                    "the server does not trust the authority of the client certificate in SslOptions",
                    "unknown_ca"),
            alert(
                    "a client certificate that has expired",
                    "the server says that the client certificate in SslOptions has expired",
                    "certificate_expired"),
            alert(
                    "a client certificate that the server refuses, or wants",
                    "the server refuses the client certificate, or wants one: set one in SslOptions that is valid and of"
                            + " its authority",
                    "bad_certificate",
                    "certificate_revoked",
                    "certificate_unknown",
                    "unsupported_certificate"),
            alert(
                    "no version of TLS in common",
                    "the server and this JVM have no version of TLS in common",
                    "protocol_version"),

            // ---- how the connection ended
            rule(
                    "HTTP, SSH, anything that is not Redis",
                    PERMANENT,
                    says(SSLException.class, "unexpected handshake message").or(DiagnosisRule::isNotRedis),
                    "not a Redis server"),
            new DiagnosisRule(
                    "a connection that is reset",
                    TRANSIENT,
                    Failure::isReset,
                    failure -> "Connection reset" + failure.hint(),
                    "Connection reset (if the port wants TLS, use rediss://)"),
            new DiagnosisRule(
                    "a reconnect that is closed on this side",
                    TRANSIENT,
                    failure -> failure.isClosed() && failure.context().refused() != null,
                    failure -> String.valueOf(failure.context().refused()),
                    "the server is a replica, and a primary is required"),
            new DiagnosisRule(
                    "a TLS handshake that the server ends",
                    TRANSIENT,
                    has(ClosedChannelException.class).and(Failure::isTls),
                    failure -> "the connection was closed during the TLS handshake" + failure.hint(),
                    "the connection was closed during the TLS handshake (if the port does not speak TLS, use redis://)"),
            new DiagnosisRule(
                    "a connection that is closed early",
                    TRANSIENT,
                    Failure::isClosed,
                    failure -> CLOSED + (failure.isTls() ? "" : failure.hint()),
                    "the connection was closed early (if the port wants TLS, use rediss://)"),
            new DiagnosisRule(
                    "what is not known",
                    TRANSIENT,
                    failure -> true,
                    failure -> Failure.firstLine(failure.root()),
                    "the cause's own words"));

    // ---- the forms of a rule

    /** A rule whose reason is always the same. */
    private static DiagnosisRule rule(String what, Verdict verdict, Predicate<Failure> isMet, String reason) {
        return new DiagnosisRule(what, verdict, isMet, failure -> reason, reason);
    }

    /** A rule for an error that begins with a certain word and will not go away by itself. */
    private static DiagnosisRule answer(String what, String beginning, String advice) {
        return rule(what, PERMANENT, answers(beginning), beginning + ": " + advice);
    }

    /** A rule for a TLS alert of the server (RFC 8446, section 6.2). */
    private static DiagnosisRule alert(String what, String reason, String... alerts) {
        return rule(what, PERMANENT, says(SSLException.class, alerts), reason);
    }

    // ---- conditions

    private static Predicate<Failure> has(Class<? extends Throwable> type) {
        return failure -> failure.find(type).isPresent();
    }

    private static Predicate<Failure> says(Class<? extends Throwable> type, String... words) {
        return failure -> failure.says(type, words);
    }

    private static Predicate<Failure> answers(String beginning) {
        return failure -> failure.answer()
                .filter(answer -> answer.regionMatches(true, 0, beginning, 0, beginning.length()))
                .isPresent();
    }

    /** Only as the answer to another command: a server without HELLO answers so to HELLO, which is no failure. */
    private static Optional<String> unknownCommand(Failure failure) {
        return failure.find(RedisCommandExecutionException.class)
                .map(answer -> UNKNOWN_COMMAND.matcher(Failure.text(answer)))
                .filter(Matcher::find)
                .map(command -> command.group(1).toUpperCase(Locale.ROOT));
    }

    private static Optional<String> systemError(Failure failure) {
        return SYSTEM_ERRORS.stream()
                .filter(error -> failure.says(IOException.class, error))
                .findFirst();
    }

    /** The file and the system's reason. The message for a missing Unix socket looks different. */
    private static Optional<String> unreadableFile(Failure failure) {
        return failure.find(FileSystemException.class)
                .map(refused -> refused.getFile()
                        + (refused instanceof NoSuchFileException
                                ? " (No such file or directory)"
                                : " (Permission denied)"))
                .or(() -> failure.find(FileNotFoundException.class)
                        .map(Failure::text)
                        .filter(text -> FILE.matcher(text).matches()));
    }

    private static boolean isPlainAnswer(Failure failure) {
        return failure.says(SSLException.class, "unrecognized SSL message", "not an SSL/TLS record");
    }

    private static boolean isCertPath(Failure failure) {
        return failure.causes().stream()
                .anyMatch(one -> one.getClass().getName().contains("CertPath"));
    }

    /** The parser's own errors, but not those of the stream that it reads, which may be a network's. */
    private static boolean isNoKeyStore(Failure failure) {
        return failure.find(IOException.class)
                .filter(one -> isThrownBy(one, "java.security.KeyStore"))
                .filter(one -> one instanceof EOFException
                        || one.getStackTrace()[0].getClassName().startsWith("sun.security."))
                .isPresent();
    }

    /** The decoder's own messages do not help an operator, and may hold what the peer sent. */
    private static boolean isNotRedis(Failure failure) {
        return failure.causes().stream()
                .anyMatch(one -> one instanceof IndexOutOfBoundsException
                        || one instanceof NullPointerException // also of Lettuce's handshake, on an odd answer
                        || one.getClass().getSimpleName().equals("RedisProtocolException")
                        || (one instanceof RuntimeException
                                && !(one instanceof RedisException)
                                && isThrownBy(one, DECODER)));
    }

    private static boolean isThrownBy(Throwable one, String type) {
        return Stream.of(one.getStackTrace())
                .map(StackTraceElement::getClassName)
                .anyMatch(type::equals);
    }

    // ---- reasons

    private static Function<Failure, String> text(Class<? extends Throwable> type) {
        return failure -> failure.find(type).map(Failure::firstLine).orElse("");
    }

    private static String answer(Failure failure) {
        return Failure.firstLine(failure.answer().orElse(""));
    }

    private static String loading(Failure failure) {
        return answer(failure)
                + failure.find(Diagnosis.Loading.class)
                        .flatMap(Diagnosis.Loading::eta)
                        .map(eta -> " (about " + eta.toSeconds() + " s left)")
                        .orElse("");
    }

    private static String noPermission(Failure failure) {
        return failure.answer()
                .map(MAY_NOT_RUN::matcher)
                .filter(Matcher::find)
                .map(command -> "NOPERM: the user may not run "
                        + command.group(1).toUpperCase(Locale.ROOT).replace('|', ' '))
                .orElseGet(() -> answer(failure));
    }

    private static String timeout(Failure failure) {
        return failure.find(RedisCommandTimeoutException.class)
                .map(Failure::firstLine)
                .map(text -> {
                    Matcher time = TIMEOUT.matcher(text);
                    String after =
                            time.find() ? " after " + time.group(1) + (time.group(2) == null ? " s" : " ms") : "";
                    return "timed out" + after + " while waiting for "
                            + (text.contains("initialization") ? "the handshake" : "an answer") + failure.hintIfTls();
                })
                .orElse("timed out");
    }

    private static String validity(Failure failure) {
        return failure.find(CertPathValidatorException.class)
                .filter(refused -> refused.getCertPath() != null && refused.getIndex() >= 0)
                .map(refused -> refused.getCertPath().getCertificates().get(refused.getIndex()))
                .filter(X509Certificate.class::isInstance)
                .map(X509Certificate.class::cast)
                .map(certificate ->
                        Failure.firstLine(certificate.getSubjectX500Principal().getName()) + " is valid from "
                                + certificate.getNotBefore().toInstant() + " to "
                                + certificate.getNotAfter().toInstant())
                .orElseGet(() -> Failure.firstLine(failure.root()));
    }
}
