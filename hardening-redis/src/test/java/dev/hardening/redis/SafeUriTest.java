package dev.hardening.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lettuce.core.RedisURI;
import io.lettuce.core.StaticCredentialsProvider;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafeUriTest {

    @ParameterizedTest
    @CsvSource({
        "redis://localhost, redis://localhost:6379",
        "redis://user:p%40ss@localhost:7/3, redis://localhost:7/3",
        "redis://:hunter2@localhost/0, redis://localhost:6379",
        "rediss://:hunter2@a:1, rediss://a:1",
        "redis://[::1]:7, redis://[::1]:7",
        "redis-socket:///tmp/x.sock, redis-socket:///tmp/x.sock",
        "'redis-sentinel://:hunter2@a:1,b:2#orders', 'redis-sentinel://a:1,b:2#orders'"
    })
    void anEndpointIsShownWithoutUserAndPassword(String uri, String shown) {
        List<RedisURI> parsed = SafeUri.parse(uri);
        assertThat(parsed).hasSize(1);
        assertThat(SafeUri.endpoint(parsed.get(0))).isEqualTo(shown);
    }

    @ParameterizedTest
    @ValueSource(strings = {"redis://:hunter2@a", "redis-sentinel://:hunter2@a#x", "redis://:hunter2@a,b"})
    void thePasswordOfAUriIsAtHandForLettucesHandshake(String uri) {
        assertThat(SafeUri.parse(uri))
                .allSatisfy(parsed -> assertThat(parsed.getCredentialsProvider())
                        .isInstanceOfSatisfying(
                                StaticCredentialsProvider.class,
                                provider -> assertThat(
                                                provider.resolveCredentialsNow().getPassword())
                                        .containsExactly("hunter2".toCharArray())));
    }

    @Test
    void severalHostsShareWhatStandsAroundThem() {
        List<RedisURI> seeds = SafeUri.parse("rediss://alice:p%40ss@a:1, b,c:3?timeout=2s&clientName=x");
        assertThat(SafeUri.endpoint(seeds)).isEqualTo("rediss://a:1,b:6379,c:3");
        assertThat(seeds).allSatisfy(seed -> {
            assertThat(seed.isSsl()).isTrue();
            assertThat(seed.getTimeout()).hasSeconds(2);
            assertThat(seed.getClientName()).isEqualTo("x");
            assertThat(seed.getCredentialsProvider()
                            .resolveCredentials()
                            .toFuture()
                            .join()
                            .getPassword())
                    .containsExactly("p@ss".toCharArray());
        });
        assertThat(SafeUri.endpoint(SafeUri.parse("redis://a,b"))).isEqualTo("redis://a:6379,b:6379");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "redis://:hunter2@x@h", "redis://:hunter2#@h", "redis://:hunter2?@h", "redis://:hunter2/@h",
                "redis://:hunter2%@h", "redis://:hunter2%4@h", "redis://:hunter2%zz@h", "redis://:hunter2@x@a:1,b:2"
            })
    void aRawSignInAPasswordIsRefusedWithTheWayToWriteIt(String uri) {
        assertThatThrownBy(() -> SafeUri.parse(uri))
                .isInstanceOf(IllegalArgumentException.class)
                .hasNoCause()
                .hasMessageContaining("redis://***@… has a raw @, #, /, ? or %")
                .hasMessageContaining("%40, %23, %2F, %3F and %25")
                .hasMessageNotContaining("hunter2");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "hunter2",
                "://hunter2",
                "http://hunter2",
                "redis://",
                "redis://,",
                "redis://a,,b",
                "redis://a:hunter2",
                "redis-sentinel://a:hunter2#x"
            })
    void whatIsNoRedisUriIsRefusedAndNotShown(String uri) {
        assertThatThrownBy(() -> SafeUri.parse(uri))
                .isInstanceOf(IllegalArgumentException.class)
                .hasNoCause()
                .hasMessageStartingWith("not a Redis URI")
                .hasMessageNotContaining("hunter2");
    }
}
