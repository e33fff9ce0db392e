package dev.hardening.redis;

import static dev.hardening.redis.Attempt.Verdict.PERMANENT;
import static dev.hardening.redis.Attempt.Verdict.TRANSIENT;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.hardening.redis.Attempt.Verdict;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.RedisConnectionException;
import io.lettuce.core.RedisException;
import io.lettuce.core.SslOptions;
import io.lettuce.core.protocol.RedisProtocolException;
import java.io.ByteArrayInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.InvalidAlgorithmParameterException;
import java.security.KeyException;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateNotYetValidException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import javax.crypto.BadPaddingException;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class DiagnosisTest {

    private static final Failure.Context PLAIN = Failure.Context.UNKNOWN;
    private static final Failure.Context TLS = new Failure.Context(true, List.of(), null, null, null, false, false);
    private static final Failure.Context WITH_A_PASSWORD =
            new Failure.Context(false, List.of(), null, null, null, true, false);
    private static final Failure.Context SENTINELS =
            new Failure.Context(false, List.of("10.0.0.1:26379", "10.0.0.2:26379"), null, null, null, false, false);

    private static Failure.Context heard(String lastError) {
        return new Failure.Context(false, List.of(), new Failure.Said(lastError, null), null, null, false, false);
    }

    private static Failure.Context lastAt(String peer) {
        return new Failure.Context(false, SENTINELS.sentinels(), null, peer, null, false, false);
    }

    private static Throwable answered(String error) {
        return new RedisConnectionException("x", new RedisCommandExecutionException(error));
    }

    private static RedisException sentinel(String uri, Throwable cause) {
        return new RedisConnectionException("Cannot connect Redis Sentinel at " + uri, cause);
    }

    private static RedisException server(String address, Throwable cause) {
        return new RedisConnectionException("Unable to connect to " + address, cause);
    }

    private static RedisException several(RedisException... each) {
        RedisException all = new RedisException("Cannot retrieve cluster partitions");
        Stream.of(each).forEach(all::addSuppressed);
        return all;
    }

    private static String reason(Throwable failure, Failure.Context context) {
        return Diagnosis.of(failure, context).reason();
    }

    /** What Lettuce throws for a trust store that is this; null for a resource that is not there. */
    private static Throwable gives(byte @Nullable [] store) {
        SslOptions options = SslOptions.builder()
                .jdkSslProvider()
                .truststore(() -> store == null ? null : new ByteArrayInputStream(store), new char[0])
                .build();
        return catchThrowable(options::createSslContextBuilder);
    }

    /** As if the protocol's decoder had thrown it. */
    private static Throwable decoding(Throwable failure) {
        failure.setStackTrace(new StackTraceElement[] {
            new StackTraceElement("java.lang.Long", "parseLong", null, 1),
            new StackTraceElement("io.lettuce.core.protocol.RedisStateMachine", "decode", null, 1)
        });
        return failure;
    }

    private static Throwable invalid(String certificate, CertificateException cause) {
        try (InputStream in = DiagnosisTest.class.getResourceAsStream("/certificates/" + certificate)) {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            var path = factory.generateCertPath(List.of(factory.generateCertificate(in)));
            return new SSLHandshakeException("PKIX path validation failed")
                    .initCause(new CertPathValidatorException("validity check failed", cause, path, 0));
        } catch (IOException | CertificateException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private record Example(Throwable failure, Failure.Context context) {}

    /** For each rule, by its place, a failure of which it says its example. */
    private static Map<String, Example> examples() {
        Map<String, Example> all = new LinkedHashMap<>();
        Stream.of(
                        new Diagnosis.WrongServer(
                                "the server is a Sentinel, which holds no data: use redis-sentinel://"),
                        new Diagnosis.NotReady("the server is a replica, and a primary is required"),
                        new Diagnosis.NoCredentials(new IllegalStateException("the vault is sealed")),
                        new Diagnosis.Loading(
                                new RedisCommandExecutionException("LOADING Redis is loading the dataset in memory"),
                                Optional.of(Duration.ofSeconds(12))),
                        answered("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."),
                        answered("ERR max number of clients reached"),
                        answered("WRONGPASS invalid username-password pair or user is disabled."),
                        answered("ERR invalid password"),
                        new Example(
                                sentinel(
                                        "redis://10.0.0.1:26379?timeout=1s",
                                        answered("NOAUTH Authentication required.")),
                                PLAIN),
                        new Example(answered("NOAUTH Authentication required."), WITH_A_PASSWORD),
                        answered("NOAUTH Authentication required."),
                        answered("ERR AUTH <password> called without any password configured for the default user."),
                        answered("ERR wrong number of arguments for 'auth' command"),
                        answered("ERR Client sent AUTH, but no password is set"),
                        answered("NOPERM User alice has no permissions to run the 'ping' command"),
                        answered("ERR unknown command `SENTINEL`, with args beginning with: "),
                        answered("ERR unknown command 'PING', with args beginning with: "),
                        new RedisConnectionException("DENIED Redis is running in protected mode because"),
                        answered("ERR DB index is out of range"),
                        answered("ERR invalid DB index"),
                        answered("ERR only one database is supported"),
                        answered("ERR SELECT is not allowed in cluster mode"),
                        answered("ERR Client names cannot contain spaces, newlines or special characters."),
                        answered("ERR This instance has cluster support disabled"),
                        answered("BUSY Redis is busy running a script"),
                        new RedisConnectionException("Cannot provide redisAddress using sentinel for masterId x"),
                        new RejectedExecutionException("event executor terminated"),
                        new IllegalStateException("A unix domain socket connections requires epoll or kqueue"),
                        new FileNotFoundException("/etc/redis/ca.pem (No such file or directory)"),
                        new IOException("keystore password was incorrect"),
                        new Example(gives(null), TLS),
                        new IOException("toDerInputStream rejects tag type 45"),
                        new InvalidAlgorithmParameterException("the trustAnchors parameter must be non-empty"),
                        new IllegalArgumentException("Input stream does not contain valid private key.")
                                .initCause(new BadPaddingException("Given final block not properly padded.")),
                        new IllegalArgumentException("Unsupported protocolTLSv9"),
                        new IllegalArgumentException("Input stream does not contain valid private key.")
                                .initCause(new KeyException("could not find a PKCS #8 private key in input stream")),
                        new CertificateException("found no certificates in input stream"),
                        new TimeoutException("timed out after 3000 ms while waiting for the handshake"),
                        new RedisCommandTimeoutException(
                                "Connection initialization timed out after 600 millisecond(s)"),
                        new UnknownHostException("redis.invalid"),
                        new ConnectException("connection timed out after 300 ms: /10.0.0.1:6379"),
                        new ConnectException(
                                "finishConnect(..) failed with error(-111): Connection refused: /10.0.0.1:1"),
                        new FileNotFoundException(),
                        new Example(new SSLException("Unrecognized SSL message, plaintext connection?"), TLS),
                        new Example(invalid("2025-to-2026.pem", new CertificateExpiredException("NotAfter: …")), TLS),
                        new Example(invalid("2036-to-2037.pem", new CertificateNotYetValidException("…")), TLS),
                        new Example(new CertificateException("No name matching a found"), TLS),
                        new Example(
                                new CertPathValidatorException("Algorithm constraints check failed on SHA1withRSA"),
                                TLS),
                        new Example(
                                new CertificateException(
                                        "Illegal given domain name: my_redis",
                                        new IllegalArgumentException("Contains non-LDH ASCII characters")),
                                TLS),
                        new Example(
                                new CertificateException(
                                        "Extended key usage does not permit use for TLS server authentication"),
                                TLS),
                        new Example(
                                new CertPathValidatorException(
                                        "basic constraints check failed: this is not a CA certificate"),
                                TLS),
                        new Example(new CertificateException("PKIX path building failed"), TLS),
                        new Example(new SSLHandshakeException("Received fatal alert: certificate_required"), TLS),
                        new Example(new SSLHandshakeException("Received fatal alert: handshake_failure"), TLS),
                        new Example(new SSLHandshakeException("Received fatal alert: decrypt_error"), TLS),
                        new Example(new SSLHandshakeException("Received fatal alert: unknown_ca"), TLS),
                        new Example(new SSLHandshakeException("Received fatal alert: certificate_expired"), TLS),
                        new Example(new SSLHandshakeException("Received fatal alert: bad_certificate"), TLS),
                        new Example(new SSLHandshakeException("Received fatal alert: protocol_version"), TLS),
                        new RedisProtocolException("Invalid first byte: 72 (H)"),
                        new IOException("recvAddress(..) failed: Connection reset by peer"),
                        new Example(
                                new ClosedChannelException(),
                                new Failure.Context(
                                        false,
                                        List.of(),
                                        null,
                                        null,
                                        "the server is a replica, and a primary is required",
                                        false,
                                        false)),
                        new Example(new ClosedChannelException(), TLS),
                        new Diagnosis.ClosedEarly(),
                        new RuntimeException("the cause's own words"))
                .forEach(one -> all.put(
                        DiagnosisRule.ALL.get(all.size()).what(),
                        one instanceof Example example ? example : new Example((Throwable) one, PLAIN)));
        return all;
    }

    @Nested
    class TheTable {

        @SuppressWarnings("unused") // the source of the parameters
        static final List<DiagnosisRule> RULES = DiagnosisRule.ALL;

        @ParameterizedTest
        @FieldSource("RULES")
        void eachRuleSaysItsExample(DiagnosisRule rule) {
            Example example = examples().get(rule.what());
            assertThat(example).as("an example of " + rule.what()).isNotNull();
            for (Throwable failure : List.of(example.failure, new CompletionException(example.failure))) {
                assertThat(Diagnosis.of(failure, example.context))
                        .extracting(Diagnosis::verdict, Diagnosis::reason)
                        .containsExactly(rule.verdict(), rule.example());
            }
        }

        @Test
        void itsRowsAreInTheDocumentation() throws Exception {
            List<String> rows = DiagnosisRule.ALL.stream()
                    .map(rule -> "| " + rule.what() + " | "
                            + rule.verdict().name().toLowerCase(Locale.ROOT) + " | " + rule.example() + " |")
                    .toList();
            List<String> page = Files.readAllLines(Path.of("..", "docs", "redis.md"));
            int first = page.indexOf("| what was met | verdict | reason, such as |") + 2;
            assertThat(page.subList(first, page.subList(first, page.size()).indexOf("") + first))
                    .isEqualTo(rows);
        }

        @Test
        void noTwoRowsHaveTheSameName() {
            assertThat(DiagnosisRule.ALL).extracting(DiagnosisRule::what).doesNotHaveDuplicates();
        }
    }

    @Nested
    class Answers {

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                value = {
                    "wrongpass invalid|PERMANENT|WRONGPASS: the user or the password is wrong",
                    "NOPERM this user has no permissions to run the 'select' command or its subcommand|PERMANENT|NOPERM: the user may not run SELECT",
                    "NOPERM no permissions to access one of the keys|PERMANENT|NOPERM no permissions to access one of the keys",
                    "ERR unknown command 'SELECT'|PERMANENT|ERR unknown command: the server does not know SELECT, which may be renamed or disabled there",
                    "ERR unknown command|TRANSIENT|ERR unknown command",
                    "LOADING Redis is loading|TRANSIENT|LOADING Redis is loading",
                    "ERR something of tomorrow|TRANSIENT|ERR something of tomorrow",
                    "''|TRANSIENT|an error without a text"
                })
        void areKnownByTheirBeginning(String answer, Verdict verdict, String reason) {
            assertThat(Diagnosis.of(answered(answer), PLAIN))
                    .extracting(Diagnosis::verdict, Diagnosis::reason)
                    .containsExactly(verdict, reason);
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "ERR auth permission deny",
                    "ERR Authentication required",
                    "ERR Authentication failed",
                    "ERR AUTH failed"
                })
        void anErrorOfAProxyAboutAuthIsSaidInItsOwnWords(String answer) {
            assertThat(reason(answered(answer), PLAIN)).isEqualTo(answer);
        }

        @Test
        void whatAnotherServerSaidIsNoReason() {
            Failure.Context other = new Failure.Context(
                    false, List.of(), new Failure.Said("WRONGPASS invalid", "b:7001"), null, null, false, false);
            RedisException closed = server("a/10.0.0.1:7000", new ClosedChannelException());
            assertThat(Diagnosis.of(closed, other)).isEqualTo(Diagnosis.of(closed, PLAIN));
            assertThat(reason(server("b/10.0.0.2:7001", new ClosedChannelException()), other))
                    .isEqualTo("WRONGPASS: the user or the password is wrong");
        }

        @Test
        void aSubcommandIsNamedWithItsCommand() {
            assertThat(reason(answered("NOPERM User a has no permissions to run the 'client|setname' command"), PLAIN))
                    .isEqualTo("NOPERM: the user may not run CLIENT SETNAME");
        }

        @Test
        void anErrorBeforeTheEndIsTheReasonForIt() {
            Throwable closed = new CompletionException(new RedisConnectionException("Connection closed prematurely"));
            for (Throwable end : List.of(closed, new Diagnosis.ClosedEarly(), new IOException("Connection reset"))) {
                assertThat(Diagnosis.of(end, heard("WRONGPASS invalid\r\n")).verdict())
                        .isEqualTo(PERMANENT);
                assertThat(reason(end, heard("ERR max number of clients reached\r\n")))
                        .isEqualTo("ERR max number of clients reached");
                // An old server that knows no HELLO says so, which is no reason to close.
                assertThat(Diagnosis.of(end, heard("ERR unknown command 'HELLO'\r\n")))
                        .isEqualTo(Diagnosis.of(end, PLAIN));
            }
            Throwable refused = new ConnectException("Connection refused");
            assertThat(reason(refused, heard("WRONGPASS invalid"))).isEqualTo("Connection refused");
        }

        @Test
        void anEndOfAConnectionThatWorkedHasNoHint() {
            assertThat(reason(
                            new IOException("recvAddress(..) failed: Connection reset by peer"),
                            Failure.Context.WORKED))
                    .isEqualTo("Connection reset");
            assertThat(reason(new Diagnosis.ClosedEarly(), Failure.Context.WORKED))
                    .isEqualTo("the connection was closed early");
            assertThat(reason(new IOException("No route to host"), Failure.Context.WORKED))
                    .isEqualTo("No route to host");
        }

        @Test
        void aLoadingServerSaysHowLong() {
            assertThat(Diagnosis.loadingEta("loading:1\r\nloading_eta_seconds:12\r\n"))
                    .contains(Duration.ofSeconds(12));
            assertThat(Diagnosis.loadingEta("loading:0\r\n")).isEmpty();
            RedisException refused = new RedisCommandExecutionException("LOADING Redis is loading\nmore");
            Diagnosis known = Diagnosis.of(new Diagnosis.Loading(refused, Optional.of(Duration.ofSeconds(3))), PLAIN);
            assertThat(known.serverAsksToWait()).contains(Duration.ofSeconds(3));
            assertThat(known.reason()).isEqualTo("LOADING Redis is loading (about 3 s left)");
            Diagnosis unknown = Diagnosis.of(new Diagnosis.Loading(refused, Optional.empty()), PLAIN);
            assertThat(unknown.serverAsksToWait()).isEmpty();
            assertThat(unknown.reason()).isEqualTo("LOADING Redis is loading");
        }
    }

    @Nested
    class Errors {

        static Stream<Arguments> variants() {
            String closed = "the connection was closed early";
            String wantsTls = " (if the port wants TLS, use rediss://)";
            String wantsPlain = " (if the port does not speak TLS, use redis://)";
            String noKeyStore = "the key store or trust store in SslOptions cannot be read as one: a PEM file goes to"
                    + " trustManager(…) or keyManager(…)";
            String refusedClient =
                    "the server refuses the client certificate, or wants one: set one in SslOptions that is"
                            + " valid and of its authority";
            String untrusted = "the server's certificate is not trusted: add its authority to the trust store";
            String otherName = "the server's certificate is for another host name: connect by a name that is in it";
            return Stream.of(
                    of(new ConnectException("Connection refused: no further information"), PLAIN, "Connection refused"),
                    of(new NoRouteToHostException("No route to host: /1.2.3.4"), PLAIN, "No route to host"),
                    of(
                            new ConnectException(
                                    "connect(..) failed with error(-101): Network is unreachable: /1.2.3.4:1"),
                            PLAIN,
                            "Network is unreachable"),
                    of(new NoRouteToHostException("Host is unreachable"), PLAIN, "Host is unreachable"),
                    of(new ConnectException("odd"), PLAIN, "odd"),
                    of(new TimeoutException("timed out after 3 ms"), TLS, "timed out after 3 ms" + wantsPlain),
                    of(
                            new RedisCommandTimeoutException("Command timed out after 2 second(s)"),
                            PLAIN,
                            "timed out after 2 s while waiting for an answer"),
                    of(
                            new RedisCommandTimeoutException("Connection initialization timed out\nmore"),
                            TLS,
                            "timed out while waiting for the handshake" + wantsPlain),
                    of(new IOException("Connection reset"), TLS, "Connection reset" + wantsPlain),
                    of(new IOException("Broken pipe"), PLAIN, "Connection reset" + wantsTls),
                    of(new RedisConnectionException("Connection closed prematurely"), TLS, closed),
                    of(new RedisConnectionException("RedisHandshakeHandler not registered"), TLS, closed),
                    of(new ClosedChannelException(), PLAIN, closed + wantsTls),
                    of(
                            new IOException("connect(..) failed: No such file or directory"),
                            PLAIN,
                            "No such file or directory"),
                    of(
                            new NoSuchFileException("/etc/redis/ca.pem"),
                            TLS,
                            "cannot read /etc/redis/ca.pem (No such file or directory), a file of SslOptions"),
                    of(
                            new AccessDeniedException("/etc/redis/key.pem"),
                            TLS,
                            "cannot read /etc/redis/key.pem (Permission denied), a file of SslOptions"),
                    of(
                            new CertificateExpiredException("NotAfter: Thu Jan 01 00:00:00 UTC 2026"),
                            TLS,
                            "the server's certificate has expired: NotAfter: Thu Jan 01 00:00:00 UTC 2026"),
                    of(new CertificateException("No subject alternative names present"), TLS, otherName),
                    of(new SSLHandshakeException("x").initCause(new CertPathValidatorException("odd")), TLS, untrusted),
                    of(
                            new IllegalArgumentException("Unsupported CipherSuite: NOPE"),
                            TLS,
                            "SslOptions names a protocol or cipher that this JVM does not support"),
                    of(new IOException("Invalid keystore format"), TLS, noKeyStore),
                    of(gives(new byte[0]), TLS, noKeyStore),
                    of(gives(new byte[1]), TLS, noKeyStore),
                    of(gives("hunter2 is no key store".getBytes(US_ASCII)), TLS, noKeyStore),
                    of(new NoSuchAlgorithmException("NOPE KeyStore not available"), TLS, noKeyStore),
                    of(new SSLHandshakeException("Received fatal alert: certificate_revoked"), TLS, refusedClient),
                    of(
                            new SSLHandshakeException("Unexpected handshake message: client_hello"),
                            TLS,
                            "not a Redis server"),
                    of(new RedisException("Connection disconnected"), PLAIN, closed + wantsTls),
                    of(new ConnectException("a\u001b[31m\u0000\u202eb"), PLAIN, "a?[31m??b"),
                    of(new SSLException("odd"), TLS, "odd"),
                    of(new IndexOutOfBoundsException("peer: hunter2"), PLAIN, "not a Redis server"),
                    of(new NullPointerException(), PLAIN, "not a Redis server"),
                    of(decoding(new NumberFormatException("hunter2")), PLAIN, "not a Redis server"),
                    of(decoding(new IllegalArgumentException("capacity: -4")), PLAIN, "not a Redis server"),
                    of(decoding(new RedisException("an answer that is fine")), PLAIN, "an answer that is fine"),
                    of(new Diagnosis.NoCredentials(null), PLAIN, "the credentials provider gave none"),
                    of(
                            new Diagnosis.NoCredentials(new NullPointerException("no vault")),
                            PLAIN,
                            "the credentials provider failed: no vault"),
                    of(
                            new IllegalStateException("Cannot connect, Event executor group is terminated."),
                            PLAIN,
                            "the client has been shut down"),
                    of(new IllegalStateException("odd"), PLAIN, "odd"),
                    of(new RuntimeException(), PLAIN, "RuntimeException"),
                    of(new RuntimeException(" "), PLAIN, "RuntimeException"),
                    of(new RuntimeException("x".repeat(300)), PLAIN, "x".repeat(200) + "…"),
                    of(new RuntimeException("x".repeat(200)), PLAIN, "x".repeat(200)));
        }

        private static Arguments of(Throwable failure, Failure.Context context, String reason) {
            return Arguments.of(failure, context, reason);
        }

        @ParameterizedTest
        @MethodSource("variants")
        void areSaidInOneLine(Throwable failure, Failure.Context context, String reason) {
            for (Throwable wrapped : List.of(failure, new CompletionException(failure))) {
                assertThat(reason(wrapped, context)).isEqualTo(reason);
            }
        }

        @Test
        void aCircleOfCausesEnds() {
            Exception outer = new Exception("outer");
            outer.initCause(new Exception("inner", outer));
            assertThat(reason(outer, PLAIN)).isEqualTo("inner");
        }
    }

    @Nested
    class SeveralServers {

        private final RedisException wrongPassword =
                server("a/<unresolved>:7000", new RedisCommandExecutionException("WRONGPASS invalid"));
        private final RedisException refused = server("b/10.0.0.2:7001", new ConnectException("Connection refused"));

        @Test
        void arePermanentOnlyIfAllAre() {
            RedisException all = several(wrongPassword, wrongPassword);
            all.addSuppressed(new Exception("not Lettuce's"));
            assertThat(Diagnosis.of(all, PLAIN))
                    .extracting(Diagnosis::verdict, Diagnosis::reason)
                    .containsExactly(PERMANENT, "WRONGPASS: the user or the password is wrong");
            assertThat(Diagnosis.of(new CompletionException(several(wrongPassword, refused)), PLAIN)
                            .verdict())
                    .isEqualTo(TRANSIENT);
        }

        @Test
        void areNamedWhereTheyDiffer() {
            RedisException alike = server("/10.0.0.3:7002", new ConnectException("Connection refused"));
            assertThat(reason(several(wrongPassword, refused, alike), PLAIN))
                    .isEqualTo("WRONGPASS: the user or the password is wrong [a:7000];"
                            + " Connection refused [b:7001, 10.0.0.3:7002]");
        }

        @Test
        void ofWhichOneIsTheCauseAreAllSaid() {
            RedisException all = new RedisException("Cannot connect to a Redis Sentinel", refused);
            all.addSuppressed(new RedisCommandExecutionException("WRONGPASS invalid"));
            assertThat(Diagnosis.of(all, PLAIN))
                    .extracting(Diagnosis::verdict, Diagnosis::reason)
                    .containsExactly(
                            TRANSIENT, "WRONGPASS: the user or the password is wrong; Connection refused [b:7001]");
        }

        @Test
        void thatCouldNotBeConnectedToAreFoundInTheirErrors() {
            assertThat(Failure.addresses(new CompletionException(refused))).containsOnly("b:7001");
            assertThat(Failure.addresses(new ConnectException("Connection refused: /10.0.0.3:7002")))
                    .containsExactly("10.0.0.3:7002");
            assertThat(Failure.addresses(wrongPassword.getCause())).isEmpty();
        }

        @Test
        void ofWhichOneIsTakenForAnotherAreNamed() {
            assertThat(Diagnosis.of(refused, PLAIN).with(" [b:7001]"))
                    .isEqualTo(new Diagnosis(TRANSIENT, "Connection refused [b:7001]", Optional.empty()));
        }

        @Test
        void ofWhichOneLoadsAreWaitedFor() {
            Diagnosis.Loading loading = new Diagnosis.Loading(
                    new RedisCommandExecutionException("LOADING x"), Optional.of(Duration.ofSeconds(3)));
            assertThat(Diagnosis.of(several(refused, server("c/:1", loading)), PLAIN)
                            .serverAsksToWait())
                    .contains(Duration.ofSeconds(3));
        }
    }

    @Nested
    class Sentinels {

        private final ConnectException refused = new ConnectException("Connection refused");

        @Test
        void thatNameNoPrimaryAreToldBeforeTheReason() {
            Diagnosis diagnosis = new Diagnosis(TRANSIENT, "refused", Optional.empty());
            assertThat(diagnosis.after("no Sentinel names the primary; "))
                    .isEqualTo(new Diagnosis(TRANSIENT, "no Sentinel names the primary; refused", Optional.empty()));
        }

        private String reason(Throwable failure, @Nullable String lastPeer) {
            return DiagnosisTest.reason(failure, lastPeer == null ? SENTINELS : lastAt(lastPeer));
        }

        @Test
        void areNamedWithTheirAddress() {
            assertThat(reason(sentinel("redis://****@10.0.0.1:26379?timeout=1s", refused), null))
                    .isEqualTo("Connection refused [Sentinel 10.0.0.1:26379]");
            RedisException silent = sentinel(
                    "redis://10.0.0.2:26379", new RedisCommandTimeoutException("Connection initialization timed out"));
            RedisException both = several(sentinel("redis://10.0.0.1:26379", refused), silent);
            assertThat(reason(both, null))
                    .isEqualTo("Connection refused [Sentinel 10.0.0.1:26379];"
                            + " timed out while waiting for the handshake [Sentinel 10.0.0.2:26379]");
        }

        @Test
        void thatFailAlikeAreSaidOnce() {
            RedisException all =
                    several(sentinel("redis://10.0.0.1:26379", refused), sentinel("redis://10.0.0.2:26379", refused));
            assertThat(reason(all, null)).isEqualTo("Connection refused");
        }

        @Test
        void nameADataNodeThatIsNamedHere() {
            assertThat(reason(server("10.0.0.9/<unresolved>:6379", refused), null))
                    .isEqualTo("Connection refused [data node 10.0.0.9:6379]");
            assertThat(reason(new TimeoutException("timed out after 3 ms"), "10.0.0.9:6379"))
                    .isEqualTo("timed out after 3 ms [data node 10.0.0.9:6379]");
            assertThat(reason(new RedisCommandExecutionException("NOAUTH x"), "10.0.0.9:6379"))
                    .isEqualTo("NOAUTH: the server wants a password, and the URI has none [data node 10.0.0.9:6379]");
        }

        @Test
        void thatAreSilentLaterAreToldFromTheDataNode() {
            assertThat(reason(new TimeoutException("timed out after 3 ms"), "10.0.0.2:26379"))
                    .isEqualTo("timed out after 3 ms [Sentinel 10.0.0.2:26379]");
        }

        @Test
        void thatEndAHandshakeInTlsGetTheirOwnHint() {
            assertThat(reason(sentinel("rediss://10.0.0.1:26379", new ClosedChannelException()), null))
                    .isEqualTo("the connection was closed during the TLS handshake (if the Sentinels do not speak TLS,"
                            + " call setSsl(false) on each of RedisURI.getSentinels()) [Sentinel 10.0.0.1:26379]");
            assertThat(reason(sentinel("redis://10.0.0.1:26379", new Diagnosis.ClosedEarly()), null))
                    .isEqualTo("the connection was closed early (if the Sentinels want TLS, use rediss-sentinel://)"
                            + " [Sentinel 10.0.0.1:26379]");
        }

        @Test
        void whoseDataNodeDiffersInTlsGetTheAdviceForIt() {
            assertThat(reason(new Diagnosis.ClosedEarly(), "10.0.0.9:6379"))
                    .isEqualTo("the connection was closed early (if the data node wants TLS, call setSsl(true) on the"
                            + " RedisURI) [data node 10.0.0.9:6379]");
            Failure.Context tls =
                    new Failure.Context(true, SENTINELS.sentinels(), null, "10.0.0.9:6379", null, false, false);
            assertThat(DiagnosisTest.reason(new ClosedChannelException(), tls))
                    .isEqualTo(
                            "the connection was closed during the TLS handshake (if the data node does not speak TLS,"
                                    + " call setSsl(false) on the RedisURI) [data node 10.0.0.9:6379]");
            SSLException plain = new SSLException("Unrecognized SSL message, plaintext connection?");
            assertThat(DiagnosisTest.reason(plain, tls))
                    .isEqualTo("the server does not speak TLS: call setSsl(false) on the RedisURI"
                            + " [data node 10.0.0.9:6379]");
            assertThat(reason(sentinel("rediss://10.0.0.1:26379", plain), null))
                    .isEqualTo("the server does not speak TLS: call setSsl(false) on each of RedisURI.getSentinels()"
                            + " [Sentinel 10.0.0.1:26379]");
        }
    }
}
