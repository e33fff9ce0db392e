package dev.hardening.jwks;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.hardening.testing.Certificate;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The default transport by TLS, in processes of their own, each with a trust store of its own. */
class TlsTest {

    @TempDir
    private Path directory;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final AtomicInteger requests = new AtomicInteger();

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    /** What a service says that asks a server with this certificate. */
    private List<String> answer(Certificate servers, String host, Certificate trusted) throws Exception {
        HttpsServer server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(tls(servers)));
        server.setExecutor(threads);
        server.createContext("/", exchange -> {
            requests.incrementAndGet();
            try (exchange) {
                KeyEndpoint.serving(KeyEndpoint.RSA_1).answer(exchange);
            } catch (InterruptedException closing) {
                Thread.currentThread().interrupt();
            }
        });
        server.start();
        try {
            return ServiceProcess.run(
                    "get-keys",
                    URI.create("https://" + host + ":" + server.getAddress().getPort() + "/keys"),
                    "-Djavax.net.ssl.trustStore=" + trusted.keyStore(),
                    "-Djavax.net.ssl.trustStorePassword=" + Certificate.PASSWORD);
        } finally {
            server.stop(0);
        }
    }

    private static SSLContext tls(Certificate certificate) throws Exception {
        char[] password = Certificate.PASSWORD.toCharArray();
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(certificate.keyStore())) {
            store.load(in, password);
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, password);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        return context;
    }

    @Nested
    class ACertificateThatIsTrusted {

        @ParameterizedTest
        @CsvSource({"dns:localhost, localhost", "ip:127.0.0.1, 127.0.0.1"})
        void is_accepted_with_the_hosts_name(String name, String host) throws Exception {
            Certificate certificate = Certificate.make(directory, name);
            assertThat(answer(certificate, host, certificate)).containsExactly("1 keys");
            assertThat(requests).hasValue(1);
        }

        @ParameterizedTest
        @CsvSource({"dns:keys.internal, localhost", "dns:localhost, 127.0.0.1", "ip:127.0.0.2, 127.0.0.1"})
        void is_refused_with_another_name(String name, String host) throws Exception {
            Certificate certificate = Certificate.make(directory, name);
            assertThat(answer(certificate, host, certificate))
                    .singleElement()
                    .asString()
                    .contains("SSLHandshakeException: ", "No subject alternative", host + " found");
            assertThat(requests).hasValue(0);
        }
    }

    @Nested
    class ACertificateThatIsNotTrusted {

        @ParameterizedTest
        @CsvSource({"dns:localhost, localhost", "ip:127.0.0.1, 127.0.0.1"})
        void is_refused_with_the_hosts_name_too(String name, String host) throws Exception {
            Certificate certificate = Certificate.make(directory, name);
            Certificate other = Certificate.make(directory, "dns:other.internal");
            assertThat(answer(certificate, host, other))
                    .singleElement()
                    .asString()
                    .contains("SSLHandshakeException: ", "PKIX path");
            assertThat(requests).hasValue(0);
        }
    }
}
