package dev.hardening.jwks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.util.JSONObjectUtils;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {

    private static final Pattern HUGE_EXPONENT = Pattern.compile("[eE]-\\d{3,}");

    private static Map<String, Object> parse(String json) throws ParseException {
        return Json.object(json.getBytes(StandardCharsets.UTF_8));
    }

    private static @Nullable Object value(String json) throws ParseException {
        return parse("{\"v\":" + json + "}").get("v");
    }

    @Nested
    class AnObject {

        @Test
        void of_all_kinds_of_values_is_read() throws Exception {
            assertThat(
                            parse(
                                    " {\"a\" : [ 1 , -2.5 , \"x\" , true , false , null , { } , [ ] ] ,\r\n\t\"b\":{\"c\":{}}} "))
                    .containsEntry("b", Map.of("c", Map.of()))
                    .hasEntrySatisfying(
                            "a",
                            list -> assertThat((List<?>) list).hasToString("[1, -2.5, x, true, false, null, {}, []]"));
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "",
                    " ",
                    "{",
                    "}",
                    "{}x",
                    "{},",
                    "{{}}",
                    "[]",
                    "null",
                    "1",
                    "\"a\"",
                    "{a:1}",
                    "{'a':1}",
                    "{\"a\"}",
                    "{\"a\":}",
                    "{\"a\":1,}",
                    "{,\"a\":1}",
                    "{\"a\":1 \"b\":2}",
                    "{\"a\":1;\"b\":2}",
                    "{\"a\"=1}",
                    "{\"a\":1,\"a\":2}",
                    "{\"a\":null,\"a\":null}",
                    "{\"a\":[1,]}",
                    "{\"a\":[1 2]}",
                    "{\"a\":[}",
                    "{\"a\":{\"b\":1,\"b\":1}}",
                    "{null:1}",
                    "// c\n{}",
                    "{/* c */}",
                    "{\"a\":undefined}",
                    "\uFEFF{}",
                    "\u00a0{}"
                })
        void is_refused_unless_it_is_well_formed(String json) {
            assertThatThrownBy(() -> parse(json))
                    .isInstanceOf(ParseException.class)
                    .hasMessage("not a JSON object");
        }

        @Test
        void may_be_nested_255_deep() throws Exception {
            for (String[] pair : new String[][] {{"[", "]"}, {"{\"a\":", "}"}}) {
                String leaf = pair[0].equals("[") ? "" : "1";
                assertThat(value(pair[0].repeat(254) + leaf + pair[1].repeat(254)))
                        .isNotNull();
                assertThatThrownBy(() -> value(pair[0].repeat(255) + leaf + pair[1].repeat(255)))
                        .isInstanceOf(ParseException.class);
                assertThatThrownBy(() -> value(pair[0].repeat(1_000_000))).isInstanceOf(ParseException.class);
            }
            assertThat(value("[" + "[],".repeat(1_000) + "{}]")).isNotNull();
        }
    }

    @Nested
    class ANumber {

        @ParameterizedTest
        @CsvSource({"0", "-0", "7", "-1", "9223372036854775807", "-9223372036854775808"})
        void that_is_whole_is_a_long(String json) throws Exception {
            assertThat(value(json)).isEqualTo(Long.parseLong(json));
        }

        @ParameterizedTest
        @ValueSource(strings = {"9223372036854775808", "-9223372036854775809", "12345678901234567891"})
        void that_is_whole_and_too_large_for_a_long_is_exact(String json) throws Exception {
            assertThat(value(json)).isEqualTo(new BigInteger(json));
            String digits = json + "0".repeat(280);
            assertThat(value(digits)).isEqualTo(new BigInteger(digits));
        }

        @ParameterizedTest
        @CsvSource({"0.5", "-0.0", "1e3", "1E+3", "1e-3", "12.5e1", "9223372036854775808.0", "1e-999"})
        void that_is_anything_else_is_a_double(String json) throws Exception {
            assertThat(value(json)).isEqualTo(Double.parseDouble(json));
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "",
                    "-",
                    "+1",
                    "01",
                    "-01",
                    ".5",
                    "1.",
                    "1.e3",
                    "1e",
                    "1e+",
                    "0x10",
                    "NaN",
                    "Infinity",
                    "1_0",
                    "--1",
                    "1d",
                    "\u0661",
                    "1e999",
                    "-1e999"
                })
        void is_refused_in_any_other_form(String json) {
            assertThatThrownBy(() -> value(json)).isInstanceOf(ParseException.class);
        }

        @Test
        void is_refused_if_no_double_is_as_large() {
            assertThatThrownBy(() -> value("9".repeat(310))).isInstanceOf(ParseException.class);
        }
    }

    @Nested
    class AString {

        @Test
        void may_hold_escapes_and_any_character() throws Exception {
            assertThat(value("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\uD83D\\ude00\""))
                    .isEqualTo("\"\\/\b\f\n\r\tA\ud83d\ude00");
            assertThat(value("\"a\u00e9\ud83d\ude00\\nb\u00e9\"")).isEqualTo("a\u00e9\ud83d\ude00\nb\u00e9");
            assertThat(value("\"\u00e9\"")).isEqualTo("\u00e9");
            assertThat(value("\"\u007f\"")).isEqualTo("\u007f");
            assertThat(value("\"\"")).isEqualTo("");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "\"",
                    "\"\\\"",
                    "\"\\x\"",
                    "\"\\u12\"",
                    "\"\\u12g4\"",
                    "\"\\\"",
                    "\"\n\"",
                    "\"\u0000\"",
                    "\"\u001f\"",
                    "\"\\n\u0001\"",
                    "'a'",
                    "\"\\U0041\"",
                    "\"\\"
                })
        void is_refused_with_a_bad_escape_or_a_control_character(String json) {
            assertThatThrownBy(() -> value(json)).isInstanceOf(ParseException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void it_reads_what_nimbus_reads_from_what_it_accepts(long seed) throws Exception {
        Random random = new Random(seed);
        List<String> accepted = new ArrayList<>();
        for (int i = 0; i < 3_000; i++) {
            StringBuilder json = new StringBuilder();
            write(json, random, 0);
            for (int changes = random.nextInt(3); changes > 0; changes--) {
                json.setCharAt(random.nextInt(json.length()), "{}[],:\"\\0-.etn u".charAt(random.nextInt(16)));
            }
            Map<String, Object> ours;
            try {
                ours = parse(json.toString());
            } catch (ParseException refused) {
                continue;
            }
            if (HUGE_EXPONENT.matcher(json).find()) {
                continue; // Nimbus refuses what is nearly 0
            }
            accepted.add(json.toString());
            assertThat(ours).as("seed %d: %s", seed, json).isEqualTo(JSONObjectUtils.parse(json.toString()));
        }
        assertThat(accepted).hasSizeGreaterThan(1_000);
    }

    private static void write(StringBuilder json, Random random, int depth) {
        json.append('{');
        int members = random.nextInt(4);
        for (int i = 0; i < members; i++) {
            json.append(i == 0 ? "" : ",").append("\"m").append(i).append("\":");
            switch (random.nextInt(depth > 3 ? 5 : 7)) {
                case 0 -> json.append(random.nextLong());
                case 1 ->
                    json.append(random.nextInt(100))
                            .append('.')
                            .append(random.nextInt(100))
                            .append("e-3");
                case 2 -> json.append("\"\\u00e9\u00e9 a\\n\"");
                case 3 -> json.append(random.nextBoolean());
                case 4 -> json.append(" null ");
                case 5 -> {
                    json.append("[\"a\",");
                    write(json, random, depth + 1);
                    json.append(']');
                }
                default -> write(json, random, depth + 1);
            }
        }
        json.append('}');
    }
}
