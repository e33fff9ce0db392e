package dev.hardening.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jwt.SignedJWT;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.Test;
import org.opentest4j.TestAbortedException;

class ServersTest {

    @Test
    void aRedisServerKeepsItsPortOverARestart() throws Exception {
        try (RedisServer server = RedisServer.start()) {
            int port = server.port();
            assertThat(server.command("PING")).startsWith("+PONG");
            server.stop();
            assertThatThrownBy(() -> server.command("PING")).isInstanceOf(IOException.class);
            server.restart();
            assertThat(server.port()).isEqualTo(port);
            assertThat(server.command("SET k v", "GET k")).contains("$1\r\nv");
        }
    }

    @Test
    void aWrongArgumentIsSaidWithTheServersOwnWords() {
        assertThatThrownBy(() -> RedisServer.start("--no-such-option", "1")).hasMessageContaining("no-such-option");
    }

    @Test
    void aTestThatNeedsANewerRedisIsSkippedWithTheReason() {
        RedisServer.assumeVersion(2, 0);
        assertThatThrownBy(() -> RedisServer.assumeVersion(99, 0))
                .isInstanceOf(TestAbortedException.class)
                .hasMessageContaining("needs Redis 99.0, and this machine has ");
    }

    @Test
    void aClusterSharesItsKeysAmongTheNodes() throws Exception {
        try (RedisCluster cluster = RedisCluster.start(3)) {
            RedisServer owner = cluster.nodeOf("k");
            assertThat(owner.command("SET k v")).startsWith("+OK");
            assertThat(cluster.sizes()).containsExactlyInAnyOrder(1L, 0L, 0L);
        }
    }

    @Test
    void aClusterMayHaveOneNode() throws Exception {
        try (RedisCluster cluster = RedisCluster.start(1)) {
            assertThat(RedisCluster.isUp(cluster.nodes().get(0))).isTrue();
        }
    }

    @Test
    void aProviderAnswersAsItIsTold() throws Exception {
        try (IdentityProvider provider = new IdentityProvider(Tokens.RSA_1)) {
            assertThat(get(provider.jwksUri()).body()).contains("\"rsa-1\"");
            provider.publish(Tokens.EC_1);
            assertThat(get(provider.jwksUri()).body()).contains("\"ec-1\"").doesNotContain("rsa-1");
            provider.down();
            assertThat(get(provider.jwksUri()).statusCode()).isEqualTo(503);
            provider.up();
            assertThat(get(provider.jwksUri()).statusCode()).isEqualTo(200);
            assertThat(get(URI.create(provider.issuer() + "/.well-known/openid-configuration"))
                            .body())
                    .contains(provider.jwksUri().toString());
            assertThat(provider.keyRequests()).isEqualTo(4);
            assertThat(provider.metadataRequests()).isEqualTo(1);
            assertThat(SignedJWT.parse(provider.token(Tokens.EC_1))
                            .getJWTClaimsSet()
                            .getIssuer())
                    .isEqualTo(provider.issuer());
        }
    }

    @Test
    void aRefusingPortRefuses() {
        assertThatThrownBy(() -> new Socket(InetAddress.getLoopbackAddress(), Ports.refusing()))
                .isInstanceOf(IOException.class);
    }

    private static HttpResponse<String> get(URI uri) throws Exception {
        return HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
    }
}
