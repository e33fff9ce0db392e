package dev.hardening.ratingguard;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.URLDecoder;
import java.text.Collator;
import java.text.Normalizer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.BiPredicate;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Each is a plausible wrong guard; the vectors, and nothing else, have to tell it from the right one. */
class WrongGuardsTest {

    private final Map<String, BiPredicate<@Nullable String, @Nullable String>> wrong = new LinkedHashMap<>();

    /** Normalises both, and compares. */
    private void maps(String name, UnaryOperator<String> map) {
        compares(name, (pending, submitted) -> map.apply(pending).equals(map.apply(submitted)));
    }

    /** Compares otherwise, where there is something to compare. */
    private void compares(String name, BiPredicate<String, String> same) {
        wrong.put(
                name, (pending, submitted) -> isNone(pending) || (!isNone(submitted) && same.test(pending, submitted)));
    }

    /** Takes something else for none. */
    private void takesForNone(String name, Predicate<@Nullable String> none) {
        wrong.put(name, (pending, submitted) -> none.test(pending) || Objects.equals(pending, submitted));
    }

    private static boolean isNone(@Nullable String id) {
        return id == null || id.isEmpty();
    }

    @SuppressWarnings({"StringCaseLocaleUsage", "ReferenceEquality", "StringEquality"})
    private void normalising() {
        maps("trim", String::trim);
        maps("strip", String::strip);
        maps("stripLeading", String::stripLeading);
        maps("stripTrailing", String::stripTrailing);
        maps("drops white space", id -> id.replaceAll("\\s", ""));
        maps(
                "drops Unicode's white space",
                id -> Pattern.compile("\\s", Pattern.UNICODE_CHARACTER_CLASS)
                        .matcher(id)
                        .replaceAll(""));
        maps("drops format characters", id -> id.replaceAll("\\p{Cf}", ""));
        maps("drops marks", id -> id.replaceAll("\\p{M}", ""));
        maps("drops control characters", id -> id.replaceAll("\\p{Cntrl}", ""));
        maps("stops at NUL", id -> id.split("\0", 2)[0]);
        maps("takes the first line", id -> id.lines().findFirst().orElse(""));
        maps("translates escapes", id -> id.replace("\\\"", "\""));
        maps("toLowerCase", id -> id.toLowerCase(Locale.ROOT));
        maps("toUpperCase", id -> id.toUpperCase(Locale.ROOT));
        maps("toLowerCase in Turkish", id -> id.toLowerCase(Locale.forLanguageTag("tr")));
        compares("equalsIgnoreCase", String::equalsIgnoreCase);
        compares("compareToIgnoreCase", (p, s) -> p.compareToIgnoreCase(s) == 0);
        compares("regionMatches", (p, s) -> p.regionMatches(true, 0, s, 0, p.length()));
        compares(
                "a pattern that ignores case",
                (p, s) -> Pattern.compile(Pattern.quote(p), Pattern.CASE_INSENSITIVE)
                        .matcher(s)
                        .matches());
        for (Normalizer.Form form : Normalizer.Form.values()) {
            maps("Normalizer " + form, id -> Normalizer.normalize(id, form));
        }
        for (int strength : List.of(Collator.PRIMARY, Collator.SECONDARY, Collator.TERTIARY)) {
            Collator collator = Collator.getInstance(Locale.ROOT);
            collator.setStrength(strength);
            compares("Collator of strength " + strength, (p, s) -> collator.compare(p, s) == 0);
        }
        compares("UTF-8 bytes", (p, s) -> Arrays.equals(p.getBytes(UTF_8), s.getBytes(UTF_8)));
        compares("Latin 1 bytes", (p, s) -> Arrays.equals(p.getBytes(ISO_8859_1), s.getBytes(ISO_8859_1)));
    }

    private void parsing() {
        maps("UUID.fromString", id -> {
            try {
                return UUID.fromString(id).toString();
            } catch (IllegalArgumentException notOne) {
                return id;
            }
        });
        maps("a UUID with braces", id -> id.replaceAll("^\\{|}$", ""));
        maps("a UUID's URN", id -> id.replaceFirst("^urn:uuid:", ""));
        maps("no hyphens", id -> id.replace("-", ""));
        maps("quotes off", id -> id.replaceAll("^\"|\"$", ""));
        maps("URLDecoder", id -> {
            try {
                return URLDecoder.decode(id, UTF_8);
            } catch (IllegalArgumentException notEncoded) {
                return id;
            }
        });
        maps("a number", id -> {
            try {
                return Double.toString(Double.parseDouble(id));
            } catch (NumberFormatException notOne) {
                return id;
            }
        });
        maps("an integer", id -> {
            try {
                return Long.toString(Long.parseLong(id));
            } catch (NumberFormatException notOne) {
                return id;
            }
        });
    }

    @SuppressWarnings({"ReferenceEquality", "StringEquality"})
    private void comparing() {
        compares("==", (p, s) -> p == s);
        compares("contains", String::contains);
        compares("is contained", (p, s) -> s.contains(p));
        compares("startsWith", String::startsWith);
        compares("is started with", (p, s) -> s.startsWith(p));
        compares("endsWith", String::endsWith);
        compares("is ended with", (p, s) -> s.endsWith(p));
        compares("hashCode", (p, s) -> p.hashCode() == s.hashCode());
        compares("length", (p, s) -> p.length() == s.length());
        compares(
                "matches",
                (p, s) -> p.equals(s) || (p.equals(".*") && s.matches(p)) || (p.equals("a.c") && s.matches(p)));
        compares(
                "the first eight",
                (p, s) -> p.substring(0, Math.min(8, p.length())).equals(s.substring(0, Math.min(8, s.length()))));
        compares(
                "the first 36",
                (p, s) -> p.substring(0, Math.min(36, p.length())).equals(s.substring(0, Math.min(36, s.length()))));
        compares(
                "the first 255",
                (p, s) -> p.substring(0, Math.min(255, p.length())).equals(s.substring(0, Math.min(255, s.length()))));
        compares(
                "sorted units",
                (p, s) -> Arrays.equals(
                        p.chars().sorted().toArray(), s.chars().sorted().toArray()));
        compares("units from the end of the shorter", (p, s) -> {
            int length = Math.min(p.length(), s.length());
            return p.substring(p.length() - length).equals(s.substring(s.length() - length));
        });
        compares("only its own words", (p, s) -> p.equals(s) && !p.equals("__proto__"));
        wrong.put("String.valueOf", (p, s) -> isNone(p) || String.valueOf(p).equals(String.valueOf(s)));
        wrong.put("truthiness", (p, s) -> isNone(p) || !isNone(s));
        wrong.put("swapped arguments", (p, s) -> RatingSessionGuard.check(s, p).allowed());
        wrong.put("inverted", (p, s) -> !RatingSessionGuard.check(p, s).allowed());
        wrong.put("always", (p, s) -> true);
        wrong.put("never", (p, s) -> false);
    }

    private void mistakingNone() {
        takesForNone("blank", id -> id == null || id.isBlank());
        takesForNone("trimmed to empty", id -> id == null || id.trim().isEmpty());
        takesForNone("null alone", Objects::isNull);
        takesForNone("empty alone", ""::equals);
        takesForNone("nothing at all", id -> false);
        for (String word : List.of("undefined", "null", "0", "false", "NaN")) {
            takesForNone("the word " + word, id -> isNone(id) || id.equals(word));
        }
        takesForNone("the nil UUID", id -> isNone(id) || id.equals("00000000-0000-0000-0000-000000000000"));
        wrong.put("no submitted passes", (p, s) -> isNone(p) || isNone(s) || p.equals(s));
        wrong.put("a null submitted passes", (p, s) -> isNone(p) || s == null || p.equals(s));
        wrong.put("an empty submitted passes", (p, s) -> isNone(p) || "".equals(s) || p.equals(s));
        wrong.put("a pending is demanded", (p, s) -> !isNone(p) && p.equals(s));
        wrong.put("a submitted is demanded", (p, s) -> !isNone(s) && (isNone(p) || p.equals(s)));
    }

    @TestFactory
    Stream<DynamicTest> theVectorsTellItFromTheRightOne() {
        normalising();
        parsing();
        comparing();
        mistakingNone();
        List<Vectors.Vector> vectors = Vectors.read(Vectors.file()).all();
        return wrong.entrySet().stream()
                .map(guard -> DynamicTest.dynamicTest(
                        guard.getKey(),
                        () -> assertThat(vectors)
                                .anyMatch(vector -> guard.getValue().test(vector.pending(), vector.submitted())
                                        != vector.proceeds())));
    }
}
