package dev.hardening.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Texts of 1 MiB, read on a small stack: a pattern that recurses for each part of a text would overflow it. */
class LongTextTest {

    private static final long SMALL_STACK = 256 * 1024;

    private static <T> T onASmallStack(Callable<T> task) throws Exception {
        FutureTask<T> result = new FutureTask<>(task);
        Thread thread = new Thread(null, result, "small stack", SMALL_STACK);
        thread.start();
        return result.get();
    }

    /** A text of 1 MiB that repeats its middle. */
    private static String text(String beginning, String middle, String end) {
        return beginning
                + middle.repeat((TextFile.MAX_BYTES - beginning.length() - end.length()) / middle.length())
                + end;
    }

    private static List<String> reasons(Setting<?> setting, String value) throws Exception {
        SecretSource source = SecretSource.of(Map.of(setting.name(), value));
        return onASmallStack(() -> SecretValidator.of(setting).check(source).problems().stream()
                .map(Problem::reason)
                .toList());
    }

    @Nested
    class AValue {

        @ParameterizedTest
        @ValueSource(strings = {"${A}", "${A} text ", "${A}:${B}@"})
        void ofManyReferencesIsRefused(String middle) throws Exception {
            assertThat(reasons(Setting.secret("K"), text("", middle, "${B}")))
                    .containsExactly("is a reference that was not resolved, ${...}: set the value that it stands for");
        }

        @ParameterizedTest
        @CsvSource({
            "'',{{a}},''",
            "${,a,}",
            "${,{a},}",
            "$(,a,)",
            "((,a,))",
            "$,A_,''",
            "'%',a,'%'",
            "__,A_,__",
            "@,a,@",
            "ENC(,a,)",
            "encrypted:,a,''",
            "/run/secrets/,a/,''",
            "projects/,a,/secrets/x",
            "https://,a,.vault.azure.net/secrets/x",
            "arn:aws,a-,:ssm:x",
            "[,redacted,]",
            "***,*,''",
            "\"b'\",\\a,\"'\"",
            "{,{a},}",
            "a,' # a',''",
            "a,' a',' # a'",
            "'\"',a\" ,' # a'",
            "'',a.,EXAMPLEKEY",
            "'',your-key-,here",
            "sk-,x,''",
            "placeholder-,a,''",
            "insert,-key,''",
            "https://,a:,''",
            "https://u:,%zz,@h",
            "https://,a.,:1:1",
            "https://u:p#,@a:,@h",
            "https://,:,''",
            "https://,',',''",
            "https://,':,',https://x",
            "https://x:1;,a,''",
            "https://,0.,''",
            "https://,a@,null",
            "$(,(a),)",
            "eyJ,a,...",
            "your,api,key",
            "sk-,x-,''",
            "[L,a.,;@1",
            "<<,' ',>>",
            "declare ,' ',''",
            "'setx ',' ',''",
            "https://u:p@h,',u:p@h',''",
            "https://,${a},''",
            "https://u:,{{a,@h",
            "https://your,-a,''",
            "placeholder,-a,''",
            "K=,K=,''",
            "[[,' ',]]",
            "process.env.a,' ',||",
            "$,A_,$",
            "[parameters(,a,)]",
            "{,' ',\\\"}",
            "{,\\n,\\\"}",
            "'{\"a\":',a,''",
            "java.,a.,B@1",
            "<?,a,?>",
            "#<A,' ',>",
            "{K=,b,}",
            "/*,a,*/",
            "<!--,a,-->",
            "a,' // a',''",
            "%22,a,%22",
            "'*** ','redacted ','***'",
            "[redacted,-a,]",
            "--,-,redacted--",
            "{'a',': ',}",
            "a,a: ,: not found",
            "enc:,a.,v1:x",
            "AQICAH,a,''",
            "'-----END ',-,-----",
            "a,%0A,%0A"
        })
        void ofAnyFormIsReadByAllRules(String beginning, String middle, String end) throws Exception {
            String value = text(beginning, middle, end);
            for (Setting<?> setting :
                    List.of(Setting.secret("K"), Setting.secret("K").noPlaceholder(), Setting.uri("K", "https"))) {
                assertThat(reasons(setting, value)).doesNotContain("could not be read");
            }
            SecretSource files = SecretSource.of(Map.of("K_FILE", value)).withFiles();
            assertThat(onASmallStack(
                            () -> SecretValidator.requiring("K").check(files).problems()))
                    .hasSize(1);
        }
    }

    @Nested
    class AName {

        @ParameterizedTest
        @ValueSource(strings = {"A/", "A_", "\"A\"", "export A", "AA"})
        void isComparedWithAMissingOne(String middle) throws Exception {
            SecretSource source = SecretSource.of(Map.of(text("", middle, ":"), "x"));
            assertThat(onASmallStack(() -> SecretValidator.requiring("DECLARED_NAME")
                            .check(source)
                            .problems()))
                    .containsExactly(new Problem("DECLARED_NAME", Problem.Kind.MISSING, Inspection.NOT_SET, null));
        }

        @Test
        void ofADeclarationFileIsRead() throws Exception {
            String name = text("", "A/", "A");
            assertThat(onASmallStack(() -> DeclarationReader.read(name + "=").settings()))
                    .hasSize(1);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> DeclarationReader.read(name + "/="))
                    .withMessage("line 1: neither a comment nor NAME=");
        }
    }

    @Nested
    class ARuleThatFails {

        @ParameterizedTest
        @MethodSource("dev.hardening.config.SecretValidatorTest#whatASourceMayThrow")
        void isReportedForItsSettingAlone(Throwable thrown) {
            Setting<String> broken = Setting.of("BROKEN", new ValueType<>("broken", "broken", true, (text, secrets) -> {
                throw SecretValidatorTest.sneaky(thrown);
            }));
            assertThat(SecretValidator.of(broken, Setting.secret("K"))
                            .check(SecretSource.of(Map.of("BROKEN", "canary", "K", "x")))
                            .problems())
                    .containsExactly(new Problem("BROKEN", Problem.Kind.INVALID, "could not be read", "map"));
        }
    }
}
