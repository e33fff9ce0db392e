package dev.hardening.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hardening.redis.Attempt.Verdict;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.RedisConnectionException;
import io.lettuce.core.RedisException;
import io.lettuce.core.protocol.RedisProtocolException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.security.cert.CertificateException;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class DiagnosisTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "WRONGPASS invalid|PERMANENT|WRONGPASS: the user or the password is wrong",
                "wrongpass invalid|PERMANENT|WRONGPASS: the user or the password is wrong",
                "NOAUTH Authentication required.|PERMANENT|NOAUTH: the server wants a password, and the URI has none",
                "ERR AUTH <password> called|PERMANENT|ERR AUTH: the URI has a password, and the server has none set",
                "ERR Client sent AUTH, but no password is set|PERMANENT|ERR Client sent AUTH: the URI has a password, and the server has none set",
                "ERR invalid password|PERMANENT|ERR invalid password: the password is wrong",
                "NOPERM this user|PERMANENT|NOPERM: the user may not run PING or SELECT",
                "DENIED Redis is running in protected mode|PERMANENT|DENIED: the server is in protected mode and refuses other hosts",
                "ERR DB index is out of range|PERMANENT|ERR DB index: the server has no database of that number",
                "ERR invalid DB index|PERMANENT|ERR invalid DB index: the server has no database of that number",
                "ERR SELECT is not allowed in cluster mode|PERMANENT|ERR SELECT: the server does not allow another database than 0",
                "ERR Client names cannot contain spaces|PERMANENT|ERR Client names: the client name may not hold spaces or line breaks",
                "LOADING Redis is loading|TRANSIENT|LOADING Redis is loading",
                "MASTERDOWN Link is down|TRANSIENT|MASTERDOWN Link is down",
                "ERR max number of clients reached|TRANSIENT|ERR max number of clients reached",
                "BUSY a script runs|TRANSIENT|BUSY a script runs",
                "ERR something of tomorrow|TRANSIENT|ERR something of tomorrow"
            })
    void whatRedisAnswersIsKnownByItsBeginning(String answer, Verdict verdict, String reason) {
        Throwable wrapped = new CompletionException(
                new RedisConnectionException("Unable to connect", new RedisCommandExecutionException(answer)));
        assertThat(Diagnosis.of(wrapped, false, null))
                .extracting(Diagnosis::verdict, Diagnosis::reason)
                .containsExactly(verdict, reason);
    }

    /** As if the protocol's decoder had thrown it. */
    private static Throwable decoding(Throwable failure) {
        failure.setStackTrace(new StackTraceElement[] {
            new StackTraceElement("java.lang.Long", "parseLong", null, 1),
            new StackTraceElement("io.lettuce.core.protocol.RedisStateMachine", "decode", null, 1)
        });
        return failure;
    }

    static Stream<Arguments> failures() {
        String hint = " (if the port wants TLS, use rediss://)";
        String untrusted = "the server's certificate is not trusted: add its authority to the trust store";
        String otherName = "the server's certificate is for another host name: connect by a name that is in it";
        String wantsOne = "the server wants a client certificate: set one in SslOptions";
        return Stream.of(
                Arguments.of(
                        new ConnectException(
                                "finishConnect(..) failed with error(-111): Connection refused: /1.2.3.4:1"),
                        false,
                        Verdict.TRANSIENT,
                        "Connection refused"),
                Arguments.of(
                        new NoRouteToHostException("No route to host: /1.2.3.4"),
                        false,
                        Verdict.TRANSIENT,
                        "No route to host"),
                Arguments.of(
                        new ConnectException("connection timed out after 300 ms: /1.2.3.4"),
                        false,
                        Verdict.TRANSIENT,
                        "timed out while connecting"),
                Arguments.of(new ConnectException("odd"), false, Verdict.TRANSIENT, "odd"),
                Arguments.of(
                        new UnknownHostException("secret.example"),
                        false,
                        Verdict.TRANSIENT,
                        "the host's name does not resolve"),
                Arguments.of(
                        new TimeoutException("timed out after 3 ms"), false, Verdict.TRANSIENT, "timed out after 3 ms"),
                Arguments.of(
                        new TimeoutException("timed out after 3 ms"),
                        true,
                        Verdict.TRANSIENT,
                        "timed out after 3 ms (if the port does not speak TLS, use redis://)"),
                Arguments.of(
                        new IOException("recvAddress(..) failed: Connection reset by peer"),
                        false,
                        Verdict.TRANSIENT,
                        "Connection reset" + hint),
                Arguments.of(new IOException("Connection reset"), true, Verdict.TRANSIENT, "Connection reset"),
                Arguments.of(
                        new Diagnosis.ClosedEarly(),
                        false,
                        Verdict.TRANSIENT,
                        "the connection was closed early" + hint),
                Arguments.of(
                        new RedisConnectionException("Connection closed prematurely"),
                        true,
                        Verdict.TRANSIENT,
                        "the connection was closed early"),
                Arguments.of(
                        new RedisConnectionException("RedisHandshakeHandler not registered"),
                        true,
                        Verdict.TRANSIENT,
                        "the connection was closed early"),
                Arguments.of(new FileNotFoundException(), false, Verdict.TRANSIENT, "No such file or directory"),
                Arguments.of(
                        new IOException("connect(..) failed: No such file or directory"),
                        false,
                        Verdict.TRANSIENT,
                        "No such file or directory"),
                Arguments.of(
                        new SSLException("Unrecognized SSL message, plaintext connection?"),
                        true,
                        Verdict.TRANSIENT,
                        "the server does not speak TLS: try redis:// instead of rediss://"),
                Arguments.of(
                        new SSLHandshakeException("x").initCause(new CertificateException("No name matching a found")),
                        true,
                        Verdict.PERMANENT,
                        otherName),
                Arguments.of(
                        new CertificateException("No subject alternative names present"),
                        true,
                        Verdict.PERMANENT,
                        otherName),
                Arguments.of(new CertificateException("unknown authority"), true, Verdict.PERMANENT, untrusted),
                Arguments.of(
                        new SSLHandshakeException("Received fatal alert: certificate_required"),
                        true,
                        Verdict.PERMANENT,
                        wantsOne),
                Arguments.of(
                        new SSLHandshakeException("Received fatal alert: bad_certificate"),
                        true,
                        Verdict.PERMANENT,
                        wantsOne),
                Arguments.of(
                        new SSLHandshakeException("Received fatal alert: handshake_failure"),
                        true,
                        Verdict.PERMANENT,
                        wantsOne),
                Arguments.of(new SSLException("odd"), true, Verdict.TRANSIENT, "odd"),
                Arguments.of(
                        new IndexOutOfBoundsException("peer: hunter2"), false, Verdict.PERMANENT, "not a Redis server"),
                Arguments.of(new NullPointerException(), false, Verdict.PERMANENT, "not a Redis server"),
                Arguments.of(
                        new RedisProtocolException("Invalid first byte: 72 (H)"),
                        false,
                        Verdict.PERMANENT,
                        "not a Redis server"),
                Arguments.of(
                        decoding(new NumberFormatException("hunter2")), false, Verdict.PERMANENT, "not a Redis server"),
                Arguments.of(
                        decoding(new IllegalArgumentException("Illegal initial capacity: -4")),
                        false,
                        Verdict.PERMANENT,
                        "not a Redis server"),
                Arguments.of(
                        decoding(new RedisException("an answer that is fine")),
                        false,
                        Verdict.TRANSIENT,
                        "an answer that is fine"),
                Arguments.of(
                        new Diagnosis.NoCredentials(new NullPointerException("no vault")),
                        false,
                        Verdict.TRANSIENT,
                        "the credentials provider failed: no vault"),
                Arguments.of(
                        new Diagnosis.NoCredentials(null),
                        false,
                        Verdict.TRANSIENT,
                        "the credentials provider gave none"),
                Arguments.of(
                        new IllegalStateException("Cannot connect, Event executor group is terminated."),
                        false,
                        Verdict.PERMANENT,
                        "the client has been shut down"),
                Arguments.of(
                        new RejectedExecutionException("event executor terminated"),
                        false,
                        Verdict.PERMANENT,
                        "the client has been shut down"),
                Arguments.of(
                        new ConnectException("connect(..) failed with error(-101): Network is unreachable: /1.2.3.4:1"),
                        false,
                        Verdict.TRANSIENT,
                        "Network is unreachable"),
                Arguments.of(
                        new RedisCommandExecutionException(""), false, Verdict.TRANSIENT, "an error without a text"),
                Arguments.of(new IllegalArgumentException("odd"), false, Verdict.TRANSIENT, "odd"),
                Arguments.of(new IllegalStateException("odd"), false, Verdict.TRANSIENT, "odd"),
                Arguments.of(new Diagnosis.WrongServer("no Redis"), false, Verdict.PERMANENT, "no Redis"),
                Arguments.of(new Diagnosis.NotReady("not yet"), false, Verdict.TRANSIENT, "not yet"),
                Arguments.of(
                        new IllegalStateException("A unix domain socket connections requires epoll or kqueue"),
                        false,
                        Verdict.PERMANENT,
                        "a Unix socket wants Netty's native transport on the class path"),
                Arguments.of(
                        new RedisConnectionException("Cannot provide redisAddress using sentinel for masterId x"),
                        false,
                        Verdict.TRANSIENT,
                        "Cannot provide redisAddress using sentinel: the Sentinels know no primary of that name"),
                Arguments.of(
                        new RedisCommandTimeoutException("Connection initialization timed out\nmore"),
                        false,
                        Verdict.TRANSIENT,
                        "Connection initialization timed out"),
                Arguments.of(new RuntimeException(), false, Verdict.TRANSIENT, "RuntimeException"),
                Arguments.of(new RuntimeException(" "), false, Verdict.TRANSIENT, "RuntimeException"),
                Arguments.of(new RuntimeException("x".repeat(300)), false, Verdict.TRANSIENT, "x".repeat(200) + "…"),
                Arguments.of(new RuntimeException("x".repeat(200)), false, Verdict.TRANSIENT, "x".repeat(200)));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void whatTheTransportSaidIsSortedAndPutIntoOneLine(Throwable failure, boolean tls, Verdict verdict, String reason) {
        for (Throwable wrapped : new Throwable[] {failure, new CompletionException(failure)}) {
            assertThat(Diagnosis.of(wrapped, tls, null))
                    .extracting(Diagnosis::verdict, Diagnosis::reason)
                    .containsExactly(verdict, reason);
        }
    }

    @Test
    void severalCausesArePermanentOnlyIfAllAreAndEachIsSaidOnce() {
        RedisException wrongPassword = new RedisCommandExecutionException("WRONGPASS invalid");
        RedisException refused = new RedisConnectionException("x", new ConnectException("Connection refused"));
        RedisException both = new RedisException("Cannot retrieve cluster partitions");
        both.addSuppressed(wrongPassword);
        both.addSuppressed(wrongPassword);
        both.addSuppressed(new Exception("not Lettuce's"));
        assertThat(Diagnosis.of(both, false, null))
                .extracting(Diagnosis::verdict, Diagnosis::reason)
                .containsExactly(Verdict.PERMANENT, "WRONGPASS: the user or the password is wrong");
        both.addSuppressed(refused);
        assertThat(Diagnosis.of(new CompletionException(both), false, null))
                .extracting(Diagnosis::verdict, Diagnosis::reason)
                .containsExactly(Verdict.TRANSIENT, "WRONGPASS: the user or the password is wrong; Connection refused");
    }

    @Test
    void theCauseOfSeveralCountsAsOneOfThem() {
        RedisException sentinels = new RedisException(
                "Cannot connect to a Redis Sentinel",
                new RedisConnectionException("x", new ConnectException("refused")));
        sentinels.addSuppressed(new RedisCommandExecutionException("WRONGPASS invalid"));
        assertThat(Diagnosis.of(sentinels, false, null))
                .extracting(Diagnosis::verdict, Diagnosis::reason)
                .containsExactly(Verdict.TRANSIENT, "WRONGPASS: the user or the password is wrong; Connection refused");
    }

    @Test
    void aConnectionThatIsClosedUponAnErrorFailedByTheError() {
        Throwable closed = new CompletionException(new RedisConnectionException("Connection closed prematurely"));
        for (Throwable end :
                new Throwable[] {closed, new Diagnosis.ClosedEarly(), new IOException("Connection reset")}) {
            assertThat(Diagnosis.of(end, false, "WRONGPASS invalid\r\n").verdict())
                    .isEqualTo(Verdict.PERMANENT);
            assertThat(Diagnosis.of(end, false, "ERR max number of clients reached\r\n")
                            .reason())
                    .isEqualTo("ERR max number of clients reached");
            // An old server that knows no HELLO says so, which is no reason to close.
            assertThat(Diagnosis.of(end, false, "ERR unknown command 'HELLO'\r\n"))
                    .isEqualTo(Diagnosis.of(end, false, null));
        }
        Throwable refused = new ConnectException("Connection refused");
        assertThat(Diagnosis.of(refused, false, "WRONGPASS invalid").reason()).isEqualTo("Connection refused");
    }

    @Test
    void aLoadingServerSaysHowLong() {
        assertThat(Diagnosis.loadingEta("loading:1\r\nloading_eta_seconds:12\r\n"))
                .contains(Duration.ofSeconds(12));
        assertThat(Diagnosis.loadingEta("loading:0\r\n")).isEmpty();
        Throwable loading = new Diagnosis.Loading(
                new RedisCommandExecutionException("LOADING Redis is loading\nmore"),
                java.util.Optional.of(Duration.ofSeconds(3)));
        assertThat(Diagnosis.of(loading, false, null).serverAsksToWait()).contains(Duration.ofSeconds(3));
        assertThat(Diagnosis.of(loading, false, null).reason()).isEqualTo("LOADING Redis is loading");
        assertThat(Diagnosis.of(new IOException("x"), false, null).serverAsksToWait())
                .isEmpty();
    }
}
