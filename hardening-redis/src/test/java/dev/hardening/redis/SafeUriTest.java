package dev.hardening.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SslVerifyMode;
import io.lettuce.core.StaticCredentialsProvider;
import java.util.List;
import org.assertj.core.api.AbstractThrowableAssert;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

class SafeUriTest {

    private static AbstractThrowableAssert<?, ?> assertRefused(String uri) {
        return assertThatThrownBy(() -> RedisConnector.builder(uri))
                .isInstanceOf(IllegalArgumentException.class)
                .hasNoCause();
    }

    private static @Nullable String user(RedisURI uri) {
        return ((StaticCredentialsProvider) uri.getCredentialsProvider())
                .resolveCredentialsNow()
                .getUsername();
    }

    private static char[] password(RedisURI uri) {
        return ((StaticCredentialsProvider) uri.getCredentialsProvider())
                .resolveCredentialsNow()
                .getPassword();
    }

    @Nested
    class AUriThatIsRight {

        @ParameterizedTest
        @CsvSource({
            "redis://localhost, redis://localhost:6379",
            "redis://user:p%40ss@localhost:7/3, redis://localhost:7/3",
            "redis://:hunter2@localhost/0, redis://localhost:6379",
            "rediss://:hunter2@a:1, rediss://a:1",
            "rediss://redis_1.my-app.svc:65535, rediss://redis_1.my-app.svc:65535",
            "redis+ssl://a:1, rediss://a:1",
            "redis+tls://a:1, rediss://a:1",
            "redis://[::1]:7, redis://[::1]:7",
            "redis://[fe80::1], redis://[fe80::1]:6379",
            "redis-socket:///tmp/x.sock, redis-socket:///tmp/x.sock",
            "redis+socket:///tmp/x.sock?db=2, redis-socket:///tmp/x.sock",
            "'redis-sentinel://:hunter2@a:1,b:2#orders', 'redis-sentinel://a:1,b:2#orders'",
            "'rediss-sentinel://a,b/2?timeout=2s#orders', 'rediss-sentinel://a:26379,b:26379#orders'",
            "'redis-sentinel://a?sentinelMasterId=orders', 'redis-sentinel://a:26379#orders'",
            "redis://[fe80::1%25eth0]:7, redis://[fe80::1%eth0]:7",
            "redis://h:7?, redis://h:7",
            "redis://h?timeout=2s&database=1&clientName=x&libraryName=y&verifyPeer=ca, redis://h:6379/1"
        })
        void isShownWithoutUserAndPassword(String uri, String shown) {
            List<RedisURI> parsed = SafeUri.parse(uri);
            assertThat(parsed).hasSize(1);
            assertThat(SafeUri.endpoint(parsed)).isEqualTo(shown);
            assertThat(SafeUri.check(parsed)).isEqualTo(parsed);
        }

        @ParameterizedTest
        @ValueSource(strings = {"redis://:hunter2@a", "redis-sentinel://:hunter2@a#x", "redis://:hunter2@a,b"})
        void hasItsPasswordAtHandForTheHandshake(String uri) {
            assertThat(SafeUri.parse(uri))
                    .allSatisfy(parsed -> assertThat(password(parsed)).containsExactly("hunter2".toCharArray()));
        }

        @Test
        void mayHaveInItsPasswordWhatAUriAllows() {
            String legal = "aZ0-_.!~*'();:&=+$,é";
            assertThat(password(SafeUri.parse("redis://:" + legal + "@h").get(0)))
                    .containsExactly(legal.toCharArray());
        }

        @ParameterizedTest
        @ValueSource(
                strings = {"redis://%s@h", "redis-sentinel://%s@h#x", "redis-socket://%s@/tmp/x.sock", "redis://%s@a,b"
                })
        void isSplitBeforeItIsDecoded(String uri) {
            assertThat(SafeUri.parse(uri.formatted("us%3Aer:p%3Aw"))).allSatisfy(parsed -> {
                assertThat(user(parsed)).isEqualTo("us:er");
                assertThat(password(parsed)).containsExactly("p:w".toCharArray());
            });
            assertThat(SafeUri.parse(uri.formatted("foo%3Abar"))).allSatisfy(parsed -> {
                assertThat(user(parsed)).isNull();
                assertThat(password(parsed)).containsExactly("foo:bar".toCharArray());
            });
            assertThat(SafeUri.parse(uri.formatted(":a%2Bb+c")))
                    .allSatisfy(parsed -> assertThat(password(parsed)).containsExactly("a+b+c".toCharArray()));
        }

        @ParameterizedTest
        @CsvSource({
            "redis://h?timeout=2s, true",
            "redis://h?database=1&Timeout=60s, true",
            "?timeout=2s, true",
            "redis://h, false",
            "redis://h?database=1, false",
            "redis://u:a&timeout=1@h?database=1, false"
        })
        void saysWhetherItNamesATimeout(String uri, boolean names) {
            assertThat(SafeUri.hasTimeout(uri)).isEqualTo(names);
        }

        @Test
        void givesEachOfItsHostsWhatStandsAroundThem() {
            List<RedisURI> seeds = SafeUri.parse("rediss://alice:p%40ss@a:1, b,c:3?timeout=2s&clientName=x");
            assertThat(SafeUri.endpoint(seeds)).isEqualTo("rediss://a:1,b:6379,c:3");
            assertThat(seeds).allSatisfy(seed -> {
                assertThat(seed.isSsl()).isTrue();
                assertThat(seed.getTimeout()).hasSeconds(2);
                assertThat(seed.getClientName()).isEqualTo("x");
                assertThat(password(seed)).containsExactly("p@ss".toCharArray());
            });
            assertThat(SafeUri.endpoint(SafeUri.parse("redis://a,b"))).isEqualTo("redis://a:6379,b:6379");
        }
    }

    @Nested
    class ASignThatHasToBeEncoded {

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "redis://:hunter2@x@h", "redis://:hunter2#@h", "redis://:hunter2?@h", "redis://:hunter2/@h",
                    "redis://:hunter2%@h", "redis://:hunter2%4@h", "redis://:hunter2%zz@h",
                            "redis://:hunter2@x@a:1,b:2",
                    "redis-sentinel://:hunter2#@h:1#orders", "redis-socket://:hunter2%@/tmp/x.sock"
                })
        void ofAUrisOwnIsRefusedWithItsPlace(String uri) {
            assertRefused(uri)
                    .hasMessageContaining("://***@… has a raw @, #, /, ? or % in its password, at its character 8")
                    .hasMessageContaining("%40, %23, %2F, %3F and %25")
                    .hasMessageNotContaining("hunter2");
        }

        @ParameterizedTest
        @CsvSource({
            "94, 'raw \", <, >, [, \\, ], ^, `, {, | or }', %5E",
            "34, 'raw \", <, >, [, \\, ], ^, `, {, | or }', %22",
            "91, 'raw \", <, >, [, \\, ], ^, `, {, | or }', %5B",
            "124, 'raw \", <, >, [, \\, ], ^, `, {, | or }', %7C",
            "32, 'raw space, tab or line break', %20",
            "10, 'raw space, tab or line break', %20",
            "160, 'raw space, tab or line break', %20",
            "0, control sign or invisible sign, hexadecimal",
            "127, control sign or invisible sign, hexadecimal",
            "8203, control sign or invisible sign, hexadecimal",
            "65279, control sign or invisible sign, hexadecimal"
        })
        void ofAnotherClassIsRefusedWithItsClassAndPlace(int sign, String kind, String advice) {
            for (String host : List.of("h", "a,b")) {
                assertRefused("redis://alice:hun" + (char) sign + "ter2@" + host)
                        .hasMessageContaining("redis://***@… has a " + kind + " in its password, at its character 4: ")
                        .hasMessageContaining(advice)
                        .hasMessageNotContainingAny("hun", "ter2", "alice");
            }
        }

        @Test
        void isFoundInEveryPart() {
            assertRefused("redis://al ice:hunter2@h")
                    .hasMessageContaining("in its user, at its character 3")
                    .hasMessageNotContaining("ice");
            assertRefused("redis://hun^ter2@h").hasMessageContaining("in its password, at its character 4");
            assertRefused("redis://h:6379\n").hasMessageContaining("in its address, at its character 7");
            assertRefused("redis://h?clientName=a b").hasMessageContaining("in its address, at its character 15");
        }

        @Test
        void isNotOneThatIsEncoded() {
            assertThat(password(
                            SafeUri.parse("redis://:%40%23%2f%3F%25%5E%22%20@h").get(0)))
                    .containsExactly("@#/?%^\" ".toCharArray());
        }
    }

    @Nested
    class AnAddressThatIsWrong {

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "",
                    "hunter2",
                    "://hunter2",
                    "http://hunter2",
                    "REDIS://hunter2",
                    "redis://",
                    "redis://,",
                    "redis://a,,b",
                    "redis://a:hunter2",
                    "redis://a:",
                    "redis://:6379",
                    "redis-sentinel://a:hunter2#x",
                    "redis-sentinel://a,,b#x",
                    "redis://hunter2!",
                    "redis-socket://"
                })
        void isRefusedAndNotShown(String uri) {
            assertRefused(uri).hasMessageStartingWith("not a Redis URI").hasMessageNotContaining("hunter2");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "redis://a:0",
                    "redis://a:65536",
                    "redis://a:123456789012",
                    "redis://a:1,b:70000",
                    "rediss-sentinel://a:70000#x",
                    "redis://[::1]:70000"
                })
        void hasAPortOutOfRange(String uri) {
            assertRefused(uri).hasMessageEndingWith("has a port that is not from 1 to 65535");
        }

        @ParameterizedTest
        @CsvSource({
            "redis://h/hunter2, has a database that is not a number",
            "redis-sentinel://h:1, does not name the primary: write redis-sentinel://host:26379#name",
            "redis-sentinel://h:1#, does not name the primary",
            "redis://h?sentinelMasterId=m, 'has a parameter sentinelMasterId, which only redis-sentinel:// has'",
            "redis://h?timout=2s, has a parameter after its ? that is not known: known are timeout",
            "redis://h?hunter2, has a parameter after its ? that is not known",
            "redis://h?timeout=hunter2, 'has a parameter timeout that is not a number from 1 with ns, us, ms, s, m, h or d'",
            "redis://h?timeout=0, has a parameter timeout that is not a number from 1",
            "redis://h?timeout=00ms, has a parameter timeout that is not a number from 1",
            "redis://h?timeout=2s&timeout=3s, gives its timeout twice",
            "redis://h/1?db=2, gives its database twice",
            "redis://h?database=1;db=1, gives its database twice",
            "redis://h#hunter2, 'has a # in its address, which only redis-sentinel:// has'",
            "redis-socket:///tmp/x#hunter2, has a # in its address",
            "redis-socket://tmp/x, has a socket that is not an absolute path: write redis-socket:///path",
            "redis-socket://:hunter2@tmp/x, has a socket that is not an absolute path",
            "redis://alice:@h, 'has a user without a password: Lettuce would connect as the default user'",
            "redis://h?timeout, has a parameter timeout that is not",
            "redis://h?db=hunter2, has a parameter db that is not a number",
            "'redis://h?clientName=', has a parameter clientName that is not a name",
            "rediss://h?verifyPeer=hunter2, 'has a parameter verifyPeer that is not FULL, CA or NONE'",
            "redis://h?timeout=99999999999999s, has a timeout of more than 292 years",
            "redis://h?timeout=106752d, has a timeout of more than 292 years",
            "redis://alice:hun%E9ter2@h, 'has encoded bytes in its password that are not UTF-8'",
            "redis://al%FFice:hunter2@h, 'has encoded bytes in its user that are not UTF-8'",
            "redis://h?clientName=a%26hunter2, 'has an encoded & or ; in its parameter clientName'",
            "redis://h:6379/1?clientName=a@hunter2, 'has a raw @ in a parameter, or a raw ? in its user or password'",
            "redis://h?libraryName=a%3bhunter2, 'has an encoded & or ; in its parameter libraryName'",
            "redis-sentinel://h#hunter2?db=2, 'has a ? after its #: write the parameters before the #'",
            "redis-sentinel://h?sentinelMasterId=m#hunter2, gives its primary's name twice",
            "'redis-sentinel://:hunter2@[::1]:1,[::2]:3#x', 'has several Sentinels, one of them with an IPv6 address'",
            "rediss-sentinel://h:1?verifypeer=no#x, has a parameter verifypeer that is not"
        })
        void isSaidByThePartThatIsWrong(String uri, String reason) {
            assertRefused(uri).hasMessageContaining(reason).hasMessageNotContaining("hunter2");
        }
    }

    @Nested
    class AUriThatIsBuiltAlready {

        @ParameterizedTest
        @ValueSource(strings = {"redis://:hunter2/3@h", "redis://alice:hunter2?@h", "redis://a,b"})
        void isRefusedIfLettuceTookSomethingElseForTheHost(String uri) {
            RedisURI parsed = RedisURI.create(uri.replace("/3@h", "/3"));
            assertThatThrownBy(() -> RedisConnector.builder(parsed))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasNoCause()
                    .hasMessageContaining("a part of a password that was not encoded")
                    .hasMessageNotContaining("hunter2");
            assertThatThrownBy(() -> RedisConnector.builder(List.of(RedisURI.create("redis://h"), parsed)))
                    .isInstanceOf(IllegalArgumentException.class);
        }

        @Test
        void isRefusedWithoutAPlaceToConnectTo() {
            RedisURI nowhere = new RedisURI();
            assertThatThrownBy(() -> RedisConnector.builder(nowhere))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("a RedisURI has no host, no socket and no Sentinels");
            RedisURI noPort = RedisURI.create("h", 6379);
            noPort.setPort(0);
            assertThatThrownBy(() -> RedisConnector.builder(noPort))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("the port of a RedisURI is not from 1 to 65535");
            RedisURI noName = RedisURI.Builder.sentinel("sentinel-1", "orders").build();
            noName.setSentinelMasterId(null);
            assertThatThrownBy(() -> RedisConnector.builder(noName))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("withSentinelMasterId(name)");
        }

        @Test
        void isRefusedForAHostOfASentinel() {
            RedisURI uri = RedisURI.Builder.sentinel("sentinel-1", "orders").build();
            uri.getSentinels().get(0).setHost("hunter2/3");
            assertThatThrownBy(() -> RedisConnector.builder(uri))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageNotContaining("hunter2");
        }

        @Test
        void hasAPasswordUnlessItsProviderHasNoneAtOnce() {
            RedisURI uri = RedisURI.create("h", 6379);
            assertThat(SafeUri.hasPassword(uri)).isFalse();
            uri.setCredentialsProvider(new StaticCredentialsProvider("alice", "secret".toCharArray()));
            assertThat(SafeUri.hasPassword(uri)).isTrue();
            uri.setCredentialsProvider(Mono::never); // not known before it is asked
            assertThat(SafeUri.hasPassword(uri)).isTrue();
        }

        @Test
        void mayGiveTheSentinelsAPasswordOfTheirOwn() {
            String sentinelPassword = "own";
            String password = "data";
            // example: sentinels
            RedisURI uri = RedisURI.builder()
                    .withSentinelMasterId("orders")
                    .withSentinel("sentinel-1", 26379, sentinelPassword)
                    .withSentinel("sentinel-2", 26379, sentinelPassword)
                    .withAuthentication("alice", password)
                    .withSsl(true)
                    .build();
            uri.getSentinels().forEach(sentinel -> sentinel.setSsl(false));
            // example: end
            assertThat(RedisConnector.builder(uri).build())
                    .hasToString("RedisConnector[rediss-sentinel://sentinel-1:26379,sentinel-2:26379#orders]");
        }

        @Test
        void mayHaveAnAddressOfIpv6WithoutBrackets() {
            assertThat(RedisConnector.builder(RedisURI.create("::1", 6379)).build())
                    .hasToString("RedisConnector[redis://[::1]:6379]");
        }
    }

    @Nested
    class TlsThatChecksNothing {

        private List<String> warnings(RedisURI uri) {
            Logger logger = (Logger) LoggerFactory.getLogger(RedisConnector.class);
            ListAppender<ILoggingEvent> log = new ListAppender<>();
            log.start();
            logger.addAppender(log);
            try {
                var unused = RedisConnector.builder(uri).build();
                return log.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
            } finally {
                logger.detachAppender(log);
            }
        }

        @Test
        void isWarnedOf() {
            assertThat(warnings(
                            SafeUri.parse("rediss://:hunter2@h?verifyPeer=NONE").get(0)))
                    .singleElement()
                    .asString()
                    .startsWith("rediss://h:6379: TLS without checking the server's certificate (verifyPeer=NONE)");
            RedisURI sentinels = RedisURI.create("redis-sentinel://h:1#orders");
            sentinels.getSentinels().get(0).setSsl(true);
            sentinels.getSentinels().get(0).setVerifyPeer(SslVerifyMode.NONE);
            assertThat(warnings(sentinels)).hasSize(1);
        }

        @Test
        void isNotWhatChecksOrWhatIsPlain() {
            assertThat(warnings(RedisURI.create("rediss://h"))).isEmpty();
            assertThat(warnings(RedisURI.create("rediss://h?verifyPeer=CA"))).isEmpty();
            assertThat(warnings(RedisURI.create("redis://h?verifyPeer=NONE"))).isEmpty();
        }
    }
}
