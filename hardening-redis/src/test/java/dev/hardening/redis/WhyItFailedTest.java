package dev.hardening.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.hardening.redis.Attempt.Verdict;
import dev.hardening.testing.Certificate;
import dev.hardening.testing.Ports;
import dev.hardening.testing.RedisServer;
import dev.hardening.testing.ScriptedServer;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SslOptions;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** What real servers are said to have done, by real TLS, real Sentinels and real access lists. */
class WhyItFailedTest {

    private static RedisConnectException failure(RedisConnector.Builder builder) {
        RedisConnectException failure = catchThrowableOfType(
                RedisConnectException.class,
                () -> builder.sleeper(wait -> {}).build().connect().close());
        assertThat(failure).isNotNull();
        return failure;
    }

    private static void assertPermanent(RedisConnector.Builder builder, String reason) {
        RedisConnectException failure = failure(builder);
        assertThat(failure).hasMessage("Redis connection failed after 1 attempt: " + reason);
        assertThat(failure.attempts())
                .singleElement()
                .extracting(Attempt::verdict)
                .isEqualTo(Verdict.PERMANENT);
    }

    @Nested
    @TestInstance(TestInstance.Lifecycle.PER_CLASS)
    class InTls {

        private Certificate authority;
        private Certificate good;

        @BeforeAll
        void makeCertificates(@TempDir Path directory) throws Exception {
            authority = Certificate.authority(directory);
            good = authority.sign("ip:127.0.0.1", "-1d", 3);
        }

        private RedisServer start(Certificate certificate, int port, String clients) throws Exception {
            return RedisServer.start(
                    "--tls-port",
                    String.valueOf(port),
                    "--tls-cert-file",
                    certificate.certificate().toString(),
                    "--tls-key-file",
                    certificate.key().toString(),
                    "--tls-ca-cert-file",
                    authority.certificate().toString(),
                    "--tls-auth-clients",
                    clients);
        }

        private RedisConnector.Builder to(int port, SslOptions.Builder options) {
            return RedisConnector.builder("rediss://127.0.0.1:" + port)
                    .clientOptions(RedisConnector.defaultClientOptions()
                            .sslOptions(options.jdkSslProvider().build())
                            .build());
        }

        private SslOptions.Builder trusting() {
            return SslOptions.builder().trustManager(authority.certificate().toFile());
        }

        private void assertInvalid(Certificate certificate, String what, Instant day) throws Exception {
            int port = Ports.free();
            try (RedisServer server = start(certificate, port, "no")) {
                String message = String.valueOf(failure(to(port, trusting())).getMessage());
                Matcher dates = Pattern.compile("after 1 attempt: the server's certificate " + what
                                + ": CN=Server of a test is valid from (\\S+) to (\\S+)$")
                        .matcher(message);
                assertThat(dates.find()).as(message).isTrue();
                assertThat(day).isBetween(Instant.parse(dates.group(1)), Instant.parse(dates.group(2)));
                assertThat(server.port()).isNotEqualTo(port);
            }
        }

        @Test
        void aCertificateOfATrustedAuthorityIsConnectedTo() throws Exception {
            int port = Ports.free();
            try (RedisServer server = start(good, port, "yes");
                    ConnectedRedis redis = to(
                                    port,
                                    trusting()
                                            .keyManager(
                                                    good.certificate().toFile(),
                                                    good.key().toFile(),
                                                    null))
                            .build()
                            .connect()) {
                assertThat(redis.ping()).isTrue();
                assertThat(server.port()).isNotEqualTo(port);
            }
        }

        @Test
        void aCertificateThatExpiredIsSaidWithItsDates() throws Exception {
            assertInvalid(
                    authority.sign("ip:127.0.0.1", "-10d", 2),
                    "has expired",
                    Instant.now().minus(Duration.ofDays(9)));
        }

        @Test
        void aCertificateThatIsNotValidYetIsSaidWithItsDates() throws Exception {
            assertInvalid(
                    authority.sign("ip:127.0.0.1", "+10d", 2),
                    "is not valid yet",
                    Instant.now().plus(Duration.ofDays(11)));
        }

        @Test
        void aCertificateForAnotherHostIsSaidSo() throws Exception {
            int port = Ports.free();
            try (RedisServer server = start(authority.sign("dns:redis.example", "-1d", 3), port, "no")) {
                assertPermanent(
                        to(port, trusting()),
                        "the server's certificate is for another host name: connect by a name that is in it");
                assertThat(server.port()).isNotEqualTo(port);
            }
        }

        @Test
        void aClientCertificateIsWantedAndOneOfAnotherAuthorityRefused(@TempDir Path elsewhere) throws Exception {
            Certificate stranger = Certificate.make(elsewhere, "ip:127.0.0.1");
            Certificate expired = authority.sign("dns:client", "-10d", 2);
            int port = Ports.free();
            try (RedisServer server = start(good, port, "yes")) {
                assertPermanent(to(port, trusting()), "the server wants a client certificate: set one in SslOptions");
                assertPermanent(
                        to(
                                port,
                                trusting()
                                        .keyManager(
                                                stranger.certificate().toFile(),
                                                stranger.key().toFile(),
                                                null)),
                        "the server does not trust the authority of the client certificate in SslOptions");
                assertPermanent(
                        to(
                                port,
                                trusting()
                                        .keyManager(
                                                expired.certificate().toFile(),
                                                expired.key().toFile(),
                                                null)),
                        "the server says that the client certificate in SslOptions has expired");
                assertThat(server.port()).isNotEqualTo(port);
            }
        }

        @Test
        void aFileThatIsMissingIsNamed(@TempDir Path files) throws Exception {
            File key = Files.copy(good.key(), files.resolve("key.pem")).toFile();
            File certificate =
                    Files.copy(good.certificate(), files.resolve("client.pem")).toFile();
            File ca =
                    Files.copy(authority.certificate(), files.resolve("ca.pem")).toFile();
            SslOptions.Builder options = SslOptions.builder().trustManager(ca).keyManager(certificate, key, null);
            String why = " (No such file or directory), a file of SslOptions";
            int port = Ports.free();
            try (RedisServer server = start(good, port, "no")) {
                Files.delete(key.toPath());
                assertPermanent(to(port, options), "cannot read " + key + why);
                Files.delete(ca.toPath());
                assertPermanent(
                        to(port, SslOptions.builder().trustManager(SslOptions.Resource.from(ca))),
                        "cannot read " + ca + why);
                assertPermanent(
                        to(port, SslOptions.builder().trustManager(() -> Files.newInputStream(ca.toPath()))),
                        "cannot read " + ca + why);
                assertThat(server.port()).isNotEqualTo(port);
            }
        }

        @Test
        void aFileThatHoldsSomethingElseIsSaidSo(@TempDir Path files) throws Exception {
            File garbage =
                    Files.writeString(files.resolve("garbage.pem"), "hunter2").toFile();
            int port = Ports.free();
            try (RedisServer server = start(good, port, "no")) {
                assertPermanent(
                        to(port, SslOptions.builder().trustManager(garbage)),
                        "the certificate file of SslOptions holds no certificate in PEM");
                assertPermanent(
                        to(port, trusting().keyManager(good.certificate().toFile(), garbage, null)),
                        "the key file of SslOptions holds no private key that can be read: it has to be an RSA or EC key"
                                + " as PKCS #8 in PEM, with its password if it is encrypted");
                assertPermanent(
                        to(port, SslOptions.builder().truststore(good.keyStore().toFile(), "hunter2")),
                        "the password of the key store or trust store in SslOptions is wrong");
                assertThat(server.port()).isNotEqualTo(port);
            }
        }
    }

    @Nested
    class WithSentinels {

        private RedisConnectException failureOf(String uri) {
            return failure(RedisConnector.builder(uri).attempts(1).attemptTimeout(Duration.ofSeconds(3)));
        }

        @Test
        void aDataNodeThatRefusesIsNamed() throws Exception {
            try (RedisServer sentinel = RedisServer.sentinel("orders", Ports.refusing())) {
                RedisConnectException failure = failureOf("redis-sentinel://127.0.0.1:" + sentinel.port() + "#orders");
                assertThat(failure)
                        .hasMessage("Redis connection failed after 1 attempt: Connection refused [data node 127.0.0.1:"
                                + Ports.refusing() + "]");
                assertThat(failure.endpoint()).isEqualTo("redis-sentinel://127.0.0.1:" + sentinel.port() + "#orders");
            }
        }

        @Test
        void aDataNodeThatIsSilentIsNamed() throws Exception {
            try (ScriptedServer silent =
                            new ScriptedServer(socket -> socket.getInputStream().readAllBytes());
                    RedisServer sentinel = RedisServer.sentinel("orders", silent.port())) {
                assertThat(failureOf("redis-sentinel://127.0.0.1:" + sentinel.port() + "#orders"))
                        .hasMessageContaining("timed out after ")
                        .hasMessageEndingWith("[data node 127.0.0.1:" + silent.port() + "]");
            }
        }

        @Test
        void aSentinelThatIsSilentIsNamed() throws Exception {
            try (ScriptedServer silent =
                    new ScriptedServer(socket -> socket.getInputStream().readAllBytes())) {
                assertThat(failureOf("redis-sentinel://127.0.0.1:" + silent.port() + "#orders"))
                        .hasMessageContaining("timed out after ")
                        .hasMessageEndingWith("[Sentinel 127.0.0.1:" + silent.port() + "]");
            }
        }

        @Test
        void aSentinelThatClosesOnTlsIsNamedWithAHint() throws Exception {
            try (ScriptedServer closing =
                    new ScriptedServer(socket -> socket.getInputStream().read(new byte[4_096]))) {
                assertThat(failureOf("rediss-sentinel://127.0.0.1:" + closing.port() + "#orders"))
                        .hasMessage("Redis connection failed after 1 attempt: the connection was closed during the TLS"
                                + " handshake (if the Sentinels do not speak TLS, call setSsl(false) on each of"
                                + " RedisURI.getSentinels()) [Sentinel 127.0.0.1:" + closing.port() + "]");
            }
        }

        @Test
        void aPasswordOfItsOwnIsNotTheOneInTheUri() throws Exception {
            try (RedisServer primary = RedisServer.start("--requirepass", "data");
                    RedisServer sentinel = RedisServer.sentinel("orders", primary, "requirepass own")) {
                String address = "127.0.0.1:" + sentinel.port();
                assertPermanent(
                        RedisConnector.builder("redis-sentinel://:data@" + address + "#orders"),
                        "NOAUTH: the Sentinel wants a password of its own, as the one in the URI is for the data node: use"
                                + " RedisURI.builder().withSentinel(host, port, password) [Sentinel " + address + "]");
                for (String password : new String[] {"data", "hunter2"}) {
                    RedisURI uri = RedisURI.builder()
                            .withSentinelMasterId("orders")
                            .withSentinel("127.0.0.1", sentinel.port(), "own")
                            .withPassword(password.toCharArray())
                            .build();
                    if (password.equals("data")) {
                        try (ConnectedRedis redis =
                                RedisConnector.builder(uri).build().connect()) {
                            assertThat(redis.ping()).isTrue();
                        }
                    } else {
                        assertPermanent(
                                RedisConnector.builder(uri),
                                "WRONGPASS: the user or the password is wrong [data node 127.0.0.1:" + primary.port()
                                        + "]");
                    }
                }
                assertPermanent(
                        RedisConnector.builder(RedisURI.builder()
                                .withSentinelMasterId("orders")
                                .withSentinel("127.0.0.1", sentinel.port(), "hunter2")
                                .build()),
                        "WRONGPASS: the user or the password is wrong [Sentinel " + address + "]");
            }
        }

        @Test
        void aRedisThatIsNoSentinelIsSaidSo() throws Exception {
            try (RedisServer plain = RedisServer.start()) {
                assertPermanent(
                        RedisConnector.builder("redis-sentinel://127.0.0.1:" + plain.port() + "#orders"),
                        "the server is not a Sentinel: use redis:// instead of redis-sentinel:// [Sentinel 127.0.0.1:"
                                + plain.port() + "]");
            }
        }
    }

    @Nested
    class CommandsThatAreRefused {

        @Test
        void byTheAccessListAreNamed() throws Exception {
            try (RedisServer guarded = RedisServer.start(
                    "--user", "mute", "on", ">secret", "+@all", "-ping", "--user", "narrow", "on", ">secret", "+@all",
                    "-select")) {
                String at = ":secret@127.0.0.1:" + guarded.port();
                assertPermanent(RedisConnector.builder("redis://mute" + at), "NOPERM: the user may not run PING");
                assertPermanent(
                        RedisConnector.builder("redis://narrow" + at + "/2"), "NOPERM: the user may not run SELECT");
            }
        }

        @Test
        void becauseTheyAreRenamedAreNamed() throws Exception {
            try (RedisServer renamed = RedisServer.start("--rename-command", "PING", "GNIP")) {
                assertPermanent(
                        RedisConnector.builder(renamed.uri()),
                        "ERR unknown command: the server does not know PING, which may be renamed or disabled there");
            }
        }
    }
}
