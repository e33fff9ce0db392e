package dev.hardening.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a declaration says of one value: its name, its type and its rules. */
class SettingTest {

    private static List<String> reasons(Setting<?> setting, String value) {
        return SecretValidator.of(setting).check(SecretSource.of(Map.of(setting.name(), value))).problems().stream()
                .map(Problem::reason)
                .toList();
    }

    @SuppressWarnings("unchecked")
    private static <X extends Throwable> RuntimeException sneaky(Throwable thrown) throws X {
        throw (X) thrown;
    }

    @Nested
    class AName {

        @Test
        void isCheckedAtOnceWithTheRestOfTheDeclaration() {
            assertThatIllegalArgumentException().isThrownBy(SecretValidator::of);
            assertThatIllegalArgumentException().isThrownBy(() -> SecretValidator.requiring("A", "A"));
            for (String noName : List.of(
                    "A B", "", " ", "A=B", "Ä", "A\n", "/A", "A/", "A//B", "\u0130", "..data", "a/../b", ".", "-")) {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> SecretValidator.requiring(noName))
                        .withMessage(
                                "a setting's name has letters, digits, _, . and - only, and / between the parts of a"
                                        + " path; no part begins with ..");
            }
            assertThatNullPointerException().isThrownBy(() -> SecretValidator.requiring((String) null));
            assertThatIllegalArgumentException().isThrownBy(() -> Setting.uri("U", "https://"));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Setting.text("X").minLength(0));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Setting.text("X").example(" "));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> SecretValidator.requiring("A").exactlyOne(Setting.secret("A")));
        }

        @ParameterizedTest
        @ValueSource(strings = {"1PASSWORD", ".dockerconfigjson", "tls.crt", "db/password", "a/b/.c", "my-key", "_X"})
        void isWhatAnEntryOfAVolumeMayBeCalled(String name) {
            SecretValidator validator = SecretValidator.requiring(name);
            assertThat(validator.check(SecretSource.of(Map.of(name, "abc"))).valid())
                    .isTrue();
            assertThat(DeclarationReader.read(validator.envExample()).envExample())
                    .isEqualTo(validator.envExample());
        }
    }

    @Nested
    class AUrl {

        @ParameterizedTest
        @ValueSource(strings = {"wss://x", "WS://x:7880/path?q=1", "ws://[::1]:1"})
        void ofTheSchemesIsAccepted(String value) {
            assertThat(reasons(Setting.uri("U", "wss", "ws"), value)).isEmpty();
            assertThat(reasons(Setting.uri("U"), value)).isEmpty();
        }

        @ParameterizedTest
        @ValueSource(strings = {"wss://", "http://x", "wss:x", "://", "x"})
        void ofNoneOfTheSchemesIsRefused(String value) {
            assertThat(reasons(Setting.uri("U", "wss", "ws"), value))
                    .containsExactly("must be a URL that starts with wss:// or ws://");
        }

        @Test
        void thatIsAlmostOneIsToldWhatKeepsItFromThat() {
            Setting<?> setting = Setting.uri("U", "http");
            assertThat(reasons(setting, "http://x\n"))
                    .containsExactly("has white space at its edges (a line break at its end): remove it");
            assertThat(reasons(setting, " http://x")).containsExactly("has white space at its edges: remove it");
            assertThat(reasons(setting, "http://my_service:80/"))
                    .containsExactly(
                            "must be a URL that starts with http://, with a host of letters, digits, - and . only");
            assertThat(reasons(setting, "http://a:1,b:2/"))
                    .containsExactly(
                            "must be a URL that starts with http://, with one host: declare a URL of several hosts"
                                    + " as a secret");
            assertThat(reasons(Setting.uri("U"), "x")).containsExactly("must be a URL");
            assertThat(reasons(Setting.uri("U"), "jdbc:postgresql://x/y"))
                    .containsExactly("must be a URL, and is a JDBC URL: declare it as a secret");
            assertThat(reasons(setting, "ftp://x")).containsExactly("must be a URL that starts with http://");
            assertThat(reasons(setting, "https://x")).containsExactly("must be a URL that starts with http://");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "https://user:pa#ss@db.internal/x",
                    "https://user:12#34@db.internal/x",
                    "https://user:pa/ss@db.internal/x",
                    "https://user:p@ss@db.internal/x",
                    "https://user:pa?ss@db.internal/x",
                    "https://user:/ss@db.internal/x",
                    "https://user:/abcDEF+1==@db.internal:6379/0",
                    "https://user:?ss@db.internal/x",
                    "https://user:pa ss@db.internal/x",
                    "https://user:pa%ss@db.internal/x",
                    "https://user:pa[ss@db.internal:443/x",
                    "https://user@example.com:pass@db.internal",
                    "https://us#er:pass@db.internal",
                    "https://:#@x",
                    "https://:4/x9abc@cache:6379",
                    "https://:12?x@cache"
                })
        void withARawPasswordIsToldToEncodeIt(String value) {
            assertThat(reasons(Setting.uri("U", "https"), value))
                    .containsExactly(
                            "must be a URL that starts with https://, with the special characters of its password"
                                    + " percent-encoded: %23 for #, %2F for /, %40 for @");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "https://x:65536",
                    "https://x:99999999999",
                    "https://x:port",
                    "https://x:port^",
                    "https://u:p@x:-1/",
                    "https://[::1]:70000",
                    "https://registry:70000/@scope/pkg",
                    "https://h:65536?x=a@b.c"
                })
        void withNoPortOfTheRangeSaysTheRange(String value) {
            assertThat(reasons(Setting.uri("U", "https"), value))
                    .containsExactly("must be a URL that starts with https://, with a port from 0 to 65535");
        }

        @Test
        void withItsSchemeTwiceIsToldToWriteItOnce() {
            for (String value :
                    List.of("https://https://x", "https://http://x/y", "https://https//x", "https://WSS//x/y")) {
                assertThat(reasons(Setting.uri("U", "https"), value))
                        .containsExactly(
                                "must be a URL that starts with https://, and begins with a scheme twice: write it once");
            }
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "https://a:1,https://b:2",
                    "https://a;https://b",
                    "https://a, https://b",
                    "https://a https://b",
                    "https://a|https://b",
                    "https://u:p@a/x,https://u:p@b/x",
                    "https://a:1,http://b:2/?x=1"
                })
        void thatIsSeveralIsToldToBeASecret(String value) {
            assertThat(reasons(Setting.uri("U", "https"), value))
                    .containsExactly(
                            "must be a URL that starts with https://, and is several URLs: declare them as a secret");
        }

        @ParameterizedTest
        @ValueSource(strings = {"https://a/?next=b,https://c", "https://a/#b;https://c", "https://a/https://b"})
        void mayHaveAnotherOneInside(String value) {
            assertThat(reasons(Setting.uri("U", "https"), value)).isEmpty();
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "https:///auth/v1",
                    "https://:8080",
                    "https://:8080/x",
                    "https://?x",
                    "https://u:p@/x",
                    "https://u:p@:80"
                })
        void withoutAHostIsToldSo(String value) {
            assertThat(reasons(Setting.uri("U", "https"), value))
                    .containsExactly(
                            "must be a URL that starts with https://, and has no host: a variable in it may not be set");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "https://x:1433;databaseName=y",
                    "https://x;databaseName=y;port=1",
                    "https://u:p@x:1433;a=b:c"
                })
        void withMoreAfterItsPortIsToldToBeASecret(String value) {
            assertThat(reasons(Setting.uri("U", "https"), value))
                    .containsExactly("must be a URL that starts with https://, and what follows its host and port is no"
                            + " part of a URL: declare it as a secret");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {"https://::1/", "https://fe80::1/x", "https://::1:8080", "https://2001:db8:0:0:0:0:0:1/"})
        void withAnIpv6AddressNeedsBrackets(String value) {
            assertThat(reasons(Setting.uri("U", "https"), value))
                    .containsExactly(
                            "must be a URL that starts with https://, with its IPv6 address in brackets, such as [::1]");
        }

        @ParameterizedTest
        @ValueSource(strings = {"https://256.1.1.1/", "https://10.0.0.300:80", "https://127.1"})
        void withANumberTooLargeForAnAddressSaysTheRange(String value) {
            assertThat(reasons(Setting.uri("U", "https"), value))
                    .containsExactly("must be a URL that starts with https://, with four numbers from 0 to 255 in its"
                            + " IPv4 address");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {"https://-x.com", "https://x-.com", "https://x..com", "https://.x.com", "https://x.2024:80/"
                })
        void withAHostOfOddPartsSaysHowTheyBegin(String value) {
            assertThat(reasons(Setting.uri("U", "https"), value))
                    .containsExactly(
                            "must be a URL that starts with https://, with a host whose parts begin and end with"
                                    + " a letter or a digit, and whose last part begins with a letter");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {"https://x/a b", "https://x/{id}", "https://x:80/a|b", "https://x/%zz", "https://x?#a#b"})
        void withARawCharacterIsToldToEncodeIt(String value) {
            assertThat(reasons(Setting.uri("U", "https"), value))
                    .containsExactly("must be a URL that starts with https://, with its special characters"
                            + " percent-encoded, such as %20 for a space and %25 for %");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {"https://x y", "https://x\\y", "https://[::1", "https://x_y", "https://my_host/x:y/z@v1"})
        void withAHostOfOtherCharactersSaysWhichItMayHave(String value) {
            assertThat(reasons(Setting.uri("U", "https"), value))
                    .containsExactly(
                            "must be a URL that starts with https://, with a host of letters, digits, - and . only");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "https://user:${DB_PASSWORD}@host/x",
                    "https://host/${TENANT}",
                    "https://{{ host }}/",
                    "https://$(HOST)/x"
                })
        void withAReferenceInItSaysThatItWasNotResolved(String value) {
            assertThat(reasons(Setting.uri("U", "https"), value))
                    .containsExactly("must be a URL that starts with https://, and has a reference in it that was not"
                            + " resolved: set the value that it stands for");
        }

        @ParameterizedTest
        @ValueSource(strings = {"https://b\u00fccher.example/", "https://\u4f8b\u3048.jp:80"})
        void withOtherLettersInItsHostSaysToWriteThemInAscii(String value) {
            assertThat(reasons(Setting.uri("U", "https"), value))
                    .containsExactly(
                            "must be a URL that starts with https://, with a host in ASCII: write other letters"
                                    + " as its xn-- name");
        }

        @ParameterizedTest
        @ValueSource(strings = {"https://matrix.example/#/@user:server", "https://x/#a:b@c", "https://x#a@b"})
        void mayHaveAnAtAfterItsHost(String value) {
            assertThat(reasons(Setting.uri("U", "https"), value)).isEmpty();
        }

        @Test
        void withAPortAndAnAtInItsPathHasNoPassword() {
            assertThat(reasons(Setting.uri("U", "https"), "https://host:8080/@me"))
                    .isEmpty();
            assertThat(reasons(Setting.uri("U", "https"), "https://my_host:8080/@me"))
                    .containsExactly(
                            "must be a URL that starts with https://, with a host of letters, digits, - and . only");
        }

        @Test
        void withTwoPortsIsToldToHaveOne() {
            assertThat(reasons(Setting.uri("U", "https"), "https://db:5432:5432/x"))
                    .containsExactly("must be a URL that starts with https://, with one port: the host in it may have"
                            + " one already");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "mongodb://a:1,b:2/x",
                    "mongodb://u:p@a,b",
                    "mongodb://a,b,c/x?y=z",
                    "mongodb://u:p@a:1,u:p@b"
                })
        void ofSeveralHostsIsToldToBeASecret(String value) {
            assertThat(reasons(Setting.uri("U", "mongodb"), value))
                    .containsExactly(
                            "must be a URL that starts with mongodb://, with one host: declare a URL of several hosts"
                                    + " as a secret");
            assertThat(reasons(Setting.secret("U"), value)).isEmpty();
        }

        @Test
        void ofJdbcIsToldToBeASecret() {
            String value = "jdbc:postgresql://db:5432/app?user=a&password=b";
            assertThat(reasons(Setting.uri("U", "postgresql"), value))
                    .containsExactly(
                            "must be a URL that starts with postgresql://, and is a JDBC URL: declare it as a secret");
            assertThat(reasons(Setting.secret("U"), value)).isEmpty();
            assertThat(reasons(Setting.uri("U"), "r2dbc:postgresql://db:5432/app"))
                    .containsExactly("must be a URL, and is an R2DBC URL: declare it as a secret");
            for (String scheme : List.of("jdbc", "JDBC", "jdbc:postgresql")) {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> Setting.uri("U", scheme))
                        .withMessage("a JDBC URL has no host of its own: declare it as a secret");
            }
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "https://u:p%23%2F%40@x:65535/a@b#c@d",
                    "https://x:/a",
                    "https://[::1]/@me",
                    "https://x:80/@me",
                    "https://x/?mail=a@b.c",
                    "https://x:80?mail=a@b.c",
                    "https://x/#a@b",
                    "https://u@x",
                    "https://u:a,b@x/",
                    "https://x:0"
                })
        void withAnAtSignElsewhereIsAccepted(String value) {
            assertThat(reasons(Setting.uri("U", "https"), value)).isEmpty();
        }
    }

    @Nested
    class AnyOtherType {

        private final Setting<Integer> port = Setting.parsed("PORT", "a port from 1 to 65535", text -> {
            int number = Integer.parseInt(text);
            if (number < 1 || number > 65_535) {
                throw new IllegalArgumentException("out of range: " + text);
            }
            return number;
        });

        @Test
        void isReadByItsParser() {
            Setting<Duration> timeout = Setting.parsed("TIMEOUT", "a duration such as PT5S", Duration::parse);
            Setting<Thread.State> state = Setting.parsed("STATE", "a state", Thread.State::valueOf);
            Settings settings = SecretValidator.of(port, timeout, state.optional())
                    .validate(SecretSource.of(Map.of("PORT", "8080", "TIMEOUT", "PT5S", "STATE", "NEW")));
            assertThat(settings.get(port)).isEqualTo(8080);
            assertThat(settings.get(timeout)).isEqualTo(Duration.ofSeconds(5));
            assertThat(settings.find(state)).contains(Thread.State.NEW);
            assertThat(settings).hasToString("Settings[PORT, TIMEOUT, STATE]");
        }

        @ParameterizedTest
        @ValueSource(strings = {"x", "0", "65536", " 80", "99999999999"})
        void refusesWithItsExpectationAndNothingElse(String value) {
            assertThat(reasons(port, value)).containsExactly("must be a port from 1 to 65535");
        }

        @Test
        void refusesWhateverTheParserThrows() {
            for (Throwable thrown :
                    List.of(new IOException("canary"), new AssertionError("canary"), new StackOverflowError())) {
                Setting<String> broken = Setting.parsed("X", "anything", text -> {
                    throw SettingTest.<RuntimeException>sneaky(thrown);
                });
                assertThat(reasons(broken, "canary")).containsExactly("must be anything");
            }
            assertThat(reasons(Setting.parsed("X", "something", text -> null), "canary"))
                    .containsExactly("must be something");
        }

        @Test
        void isTheSameOnlyWithTheSameParser() {
            Settings settings = SecretValidator.of(port).validate(SecretSource.of(Map.of("PORT", "80")));
            assertThat(settings.get(port.minLength(1).describedAs("refined"))).isEqualTo(80);
            Setting<String> other = Setting.parsed("PORT", "a port from 1 to 65535", text -> text);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> settings.get(other))
                    .withMessage("PORT was declared as parsed a port from 1 to 65535");
        }

        @Test
        void saysItsExpectationOnOneLine() {
            assertThat(Setting.parsed("X", " two\n words ", text -> text)).hasToString("Setting[X, parsed two words]");
            assertThatIllegalArgumentException().isThrownBy(() -> Setting.parsed("X", " ", text -> text));
            assertThatNullPointerException().isThrownBy(() -> Setting.parsed("X", "x", null));
        }
    }

    @Nested
    class APlaceholder {

        @Test
        void isNoPasswordOfOnlyASpace() {
            assertThat(reasons(Setting.secret("DB").noPlaceholder(), "postgres://app: @db/x"))
                    .isEmpty();
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "changeme",
                    "CHANGE_ME",
                    "your-key-here",
                    "<REPLACE_ME>",
                    "${X}",
                    "xxxxxxxx",
                    "{{ key }}",
                    "TODO",
                    "****",
                    "your_api_key",
                    "insert-token-here",
                    "%TOKEN%",
                    " changeme ",
                    "change-me-in-production",
                    "Change This Key",
                    "my-secret-key",
                    "your-super-secret-jwt-token-with-at-least-32-characters-long",
                    "<>",
                    "$(SUPABASE_URL)",
                    "$SUPABASE_ANON_KEY",
                    "#{TOKEN}#",
                    "__TOKEN__",
                    "sk-xxxxxxxxxxxx",
                    "sb_secret_xxxx",
                    "...",
                    "none",
                    "Null",
                    "[YOUR_KEY]",
                    "{your-key}",
                    "sk-...",
                    "changeme123",
                    "TODO: set it",
                    "PLACEHOLDER_VALUE",
                    "not-a-real-key",
                    "GENERATE_A_SECRET",
                    "!ChangeThisMercureHubJWTSecretKey!",
                    "yourkeyhere",
                    "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
                    "XXXX-XXXX-XXXX-XXXX",
                    "ACxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
                    "AKIAXXXXXXXXXXXXXXXX",
                    "SG.xxxxxxxx.xxxxxxxx",
                    "sk-ant-api03-xxxxxxxx",
                    "sk-ant-api03-...",
                    "eyJhbGciOiJIUzI1NiIsInR5cCI6...",
                    "00000000-0000-0000-0000-000000000000",
                    "YOURAPIKEY",
                    "yourSecret",
                    "please-change-me",
                    "PLEASE_SET_ME",
                    "fake-key",
                    "example-key",
                    "sample_api_key",
                    "put-your-token-here",
                    "AKIAIOSFODNN7EXAMPLE",
                    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                    "sb_publishable_...",
                    "placeholder-anon-key",
                    "change-your-password",
                    "change-password",
                    "sk-your-key-here",
                    "sk_live_your_key_here",
                    "pleasechangeme",
                    "dummy-secret-key",
                    "API_KEY_HERE",
                    "to-be-replaced",
                    "dev-secret-change-me",
                    "my-super-secret-key",
                    "super-secret-jwt-token-with-at-least-32-characters-long",
                    "do-not-use-in-production",
                    "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----"
                })
        void isRefusedWhereThatIsDeclared(String value) {
            assertThat(reasons(Setting.secret("X").noPlaceholder(), value)).containsExactly("is a placeholder");
            assertThat(reasons(Setting.secret("X").verbatim(), value)).isEmpty();
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "test-anon-key",
                    "sb_secret_abc",
                    "eyJhbGciOi",
                    "mykey",
                    "yourselfkey",
                    "todo-list-9f3",
                    "a",
                    "ab",
                    "aab",
                    "your",
                    "change",
                    "change-of-9f3",
                    "exchange-metal",
                    "my-9f3a-key",
                    "insert-9f3a-here",
                    "my-garden",
                    "<a>b",
                    "a${X}",
                    "$ABC",
                    "$2b$10$abcdefghijklmnopqrstuv",
                    "sk-xxx",
                    "sk-9fxxxxxxx",
                    "axxxxxxxx",
                    "none-of-that",
                    "[a]",
                    "{\"a\":1}",
                    "a...b",
                    "here-yours",
                    "put-simply-value",
                    "generate-value",
                    "please-9f3a",
                    "fake-9f3a-key",
                    "0-0-0",
                    "10.0.0.0",
                    "abcdexxxxxxxx",
                    "my.example",
                    "change-secret-lantern-42",
                    "my-horse-has-no-key",
                    "lanterns-change-me",
                    "to-be-or-not-to-be",
                    "meet-me-here"
                })
        void isNoValueThatOnlyLooksABitLikeOne(String value) {
            assertThat(reasons(Setting.secret("X").noPlaceholder(), value)).isEmpty();
        }
    }

    @Nested
    class AUrlWithoutAHostOfItsOwn {

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "https://your-project.supabase.co",
                    "https://your-livekit-host",
                    "https://yourdomain.com/api",
                    "https://xxxxxxxx.supabase.co",
                    "https://placeholder.supabase.co:443/x",
                    "https://changeme",
                    "https://CHANGE-ME?x",
                    "https://user@replace-me"
                })
        void isAPlaceholder(String value) {
            assertThat(reasons(Setting.uri("U").noPlaceholder(), value)).containsExactly("is a placeholder");
            assertThat(reasons(Setting.secret("U").noPlaceholder(), value)).containsExactly("is a placeholder");
            assertThat(reasons(Setting.uri("U"), value)).isEmpty();
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "postgresql://postgres:[YOUR-PASSWORD]@db.abc.supabase.co:5432/postgres",
                    "mongodb+srv://app:<db_password>@cluster0.x1y2z.mongodb.net",
                    "redis://:{password}@cache:6379",
                    "postgres://app:changeme@db/app",
                    "postgres://app:your_password@db/app",
                    "https://[YOUR-PROJECT-REF].supabase.co",
                    "https://<project>.supabase.co",
                    "https://app:xxxxxxxx@host/x"
                })
        void orAPasswordOfItsOwnIsAPlaceholder(String value) {
            assertThat(reasons(Setting.secret("U").noPlaceholder(), value)).containsExactly("is a placeholder");
            assertThat(reasons(Setting.secret("U"), value)).isEmpty();
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "https://abcdefgh.supabase.co",
                    "https://[2001:db8::1]:80/x",
                    "https://[dead:beef::]/",
                    "https://u:p-ss-word@h",
                    "https://u:@h",
                    "https://u@h:80",
                    "https://www.example.com/your-project",
                    "https://mail.your-server.de",
                    "https://yours.example",
                    "https://xxx.example",
                    "https://a/?next=https://changeme"
                })
        void isNoneIfOnlyALaterPartLooksLikeOne(String value) {
            assertThat(reasons(Setting.uri("U").noPlaceholder(), value)).isEmpty();
        }
    }

    @Nested
    class AnyOtherRule {

        @Test
        void refusesCharactersThatWereLostInDecoding() {
            assertThat(reasons(Setting.secret("X"), "p\ufffdss"))
                    .containsExactly(
                            "has characters that were lost in decoding (U+FFFD): set it again in UTF-8, and run with a"
                                    + " UTF-8 locale, such as C.UTF-8");
            assertThat(reasons(Setting.secret("X"), "päss")).isEmpty();
        }

        @Test
        void refusesTheExampleItself() {
            assertThat(reasons(Setting.text("X").example("eu-west"), "eu-west"))
                    .containsExactly("is the example from its documentation");
            assertThat(reasons(Setting.text("X").example("eu-west"), "eu-west-2"))
                    .isEmpty();
        }

        @Test
        void ofLengthCountsCharactersNotUnits() {
            assertThat(reasons(Setting.secret("X").minLength(2), "🎓")).containsExactly("is shorter than 2 characters");
            assertThat(reasons(Setting.secret("X").minLength(2), "🎓📚")).isEmpty();
        }

        @Test
        void isTriedInTheOrderOfTheDocumentation() {
            Setting<?> setting =
                    Setting.uri("U", "https").noPlaceholder().minLength(20).example("<\ufffd>");
            assertThat(reasons(setting, "<\ufffd>")).containsExactly("is the example from its documentation");
            assertThat(reasons(setting, "<\ufffd->").get(0)).startsWith("has characters that were lost");
            assertThat(reasons(setting, "<x>")).containsExactly("is a placeholder");
            assertThat(reasons(setting, "x")).containsExactly("is shorter than 20 characters");
            assertThat(reasons(setting, "x".repeat(19) + "y"))
                    .containsExactly("must be a URL that starts with https://");
        }

        @Test
        void isTheSameInEveryLocale() {
            Locale before = Locale.getDefault();
            Locale.setDefault(Locale.forLanguageTag("tr-TR"));
            try {
                assertThat(reasons(Setting.secret("X").noPlaceholder(), "FILLMEIN"))
                        .containsExactly("is a placeholder");
                assertThat(reasons(Setting.uri("U", "FILE", "https"), "FILE://x"))
                        .isEmpty();
                assertThat(SecretValidator.requiring("LIVEKIT_API_ID")
                                .check(SecretSource.of(Map.of("livekit_api_id", "x")))
                                .problems())
                        .extracting(Problem::reason)
                        .containsExactly("found livekit_api_id, which looks like LIVEKIT_API_ID");
                assertThat(SecretValidator.of(Setting.uri("U")).envExample()).isEqualTo("#: uri\nU=\n");
            } finally {
                Locale.setDefault(before);
            }
        }

        @Test
        void refusesEachOfSeveralExamples() {
            Setting<String> region =
                    Setting.text("X").example("eu-west").example("us-east").example("eu-west");
            assertThat(reasons(region, "eu-west")).containsExactly("is the example from its documentation");
            assertThat(reasons(region, "us-east")).containsExactly("is the example from its documentation");
            assertThat(SecretValidator.of(region).envExample())
                    .isEqualTo("#: text\n#: example eu-west\n#: example us-east\nX=\n");
        }
    }

    @Nested
    class ARefinement {

        @Test
        void keepsTheOthers() {
            Setting<?> setting = Setting.secret("X")
                    .minLength(3)
                    .noPlaceholder()
                    .example("abcd")
                    .describedAs("An X.")
                    .optional()
                    .requiredWhen(source -> true)
                    .minLength(4)
                    .describedAs("Another X.");
            assertThat(SecretValidator.of(setting).envExample()).isEqualTo("""
                            # Another X.
                            # Required under a condition that only the application knows.
                            #: secret
                            #: optional
                            #: minLength 4
                            #: noPlaceholder
                            #: example abcd
                            X=
                            """);
            assertThat(setting).hasToString("Setting[X, secret]");
            assertThat(Setting.text("T")).hasToString("Setting[T, text]");
            assertThat(Setting.uri("U")).hasToString("Setting[U, uri]");
            assertThat(SecretValidator.of(setting)).hasToString("SecretValidator[X]");
        }

        @Test
        void leavesTheOriginalAsItWas() {
            Setting<Secret> plain = Setting.secret("X");
            assertThat(plain.optional()).isNotSameAs(plain);
            assertThat(SecretValidator.of(plain)
                            .check(SecretSource.of(Map.of()))
                            .valid())
                    .isFalse();
        }

        @Test
        void overridesAnEarlierOneOfBeingRequired() {
            assertThat(SecretValidator.of(
                                    Setting.secret("A").requiredWhen(s -> true).optional(),
                                    Setting.secret("B").optional().requiredWhen(s -> true))
                            .check(SecretSource.of(Map.of()))
                            .problems())
                    .extracting(Problem::name)
                    .containsExactly("B");
        }

        @Test
        void ofAnyTypeSaysWhetherItIsASecret() {
            assertThat(Setting.secret("X").optional().isSecret()).isTrue();
            assertThat(Setting.text("X").isSecret()).isFalse();
            assertThat(Setting.uri("X").isSecret()).isFalse();
            assertThat(Setting.parsed("X", "x", Secret::of).isSecret()).isFalse();
        }
    }
}
