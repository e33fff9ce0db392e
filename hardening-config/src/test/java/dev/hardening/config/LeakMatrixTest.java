package dev.hardening.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hardening.config.Libraries.Format;
import dev.hardening.config.Libraries.Library;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Hands every type of this module to every library that writes or reads objects, and looks for the value. */
public class LeakMatrixTest {

    private static final String CANARY = "hunter2-canary";

    /** What has to be in no output: Kryo marks the last letter of a text, so that it is another. */
    private static final String SEEN = "hunter2-canar";

    /** As a request body is read. */
    public record Holder(String name, Secret secret) {}

    /** The same for a library that cannot make a record. */
    public static final class Bean {

        public String name = "";
        public @Nullable Secret secret;
    }

    /** What a careless service would have instead. */
    public record Open(String name, String secret) {}

    private static final SecretSource SOURCE = SecretSource.of(
                    Map.of("S", CANARY, "T", CANARY, "U", "https://" + CANARY))
            .withFiles()
            .orElse(SecretSource.directory(Path.of("/no/such/directory")));

    private static final SecretValidator VALIDATOR =
            SecretValidator.of(Setting.secret("S"), Setting.text("T"), Setting.uri("U"));

    private static final ValidationReport REPORT = SecretValidator.of(
                    Setting.secret("S").minLength(100), Setting.secret("ABSENT_NAME"))
            .check(SOURCE);

    /** Each type with the objects of it that somebody may hand to a library. */
    private static final Map<String, List<Object>> TYPES = new LinkedHashMap<>();

    static {
        TYPES.put("Secret", List.of(Secret.of(CANARY)));
        TYPES.put("a record with a Secret", List.of(new Holder("x", Secret.of(CANARY))));
        TYPES.put("Settings", List.of(VALIDATOR.validate(SOURCE)));
        TYPES.put(
                "SecretSource",
                List.of(
                        SOURCE,
                        SecretSource.of(Map.of("S", CANARY)),
                        SOURCE.find("S").orElseThrow()));
        TYPES.put("ValidationReport", List.of(REPORT));
        TYPES.put("Problem", List.copyOf(REPORT.problems()));
        TYPES.put("the exception", List.of(new SecretValidationException(REPORT)));
    }

    /** What came of it, and all that could be seen of it. */
    private record Outcome(String word, String seen) {}

    private static Outcome write(Library library, Object object) {
        try {
            return new Outcome("written", library.writer().write(object));
        } catch (Throwable refused) {
            return new Outcome("refused", trace(refused));
        }
    }

    private static Outcome read(Library library, Object object) {
        Class<?> type = object instanceof Holder && library.format() == Format.YAML ? Bean.class : object.getClass();
        try {
            String text = library.format() == Format.ITS_OWN
                    ? library.writer().write(object)
                    : String.format(
                            object instanceof Secret ? library.format().value : library.format().object, CANARY);
            Object read = library.reader().read(text, type);
            if (read == null) {
                return new Outcome("nothing", "");
            }
            return new Outcome(hasValue(read) ? "read" : "empty", String.valueOf(read));
        } catch (Throwable refused) {
            return new Outcome("refused", trace(refused));
        }
    }

    /** SnakeYAML quotes the text that it fails on, and no text is one of our types but of those that hold a secret. */
    private static boolean isRead(Library library, Object object) {
        return library.format() != Format.NONE
                && (library.format() != Format.YAML || object instanceof Secret || object instanceof Holder);
    }

    private static boolean hasValue(Object read) {
        try {
            Object held =
                    read instanceof Holder holder ? holder.secret() : read instanceof Bean bean ? bean.secret : read;
            return held instanceof Secret secret && secret.reveal().equals(CANARY);
        } catch (IllegalStateException noValue) {
            return false;
        }
    }

    private static String trace(Throwable thrown) {
        StringWriter trace = new StringWriter();
        thrown.printStackTrace(new PrintWriter(trace, true));
        return trace.toString();
    }

    @Nested
    class NoValueIsSeen {

        @ParameterizedTest
        @MethodSource("dev.hardening.config.Libraries#all")
        void whenAnObjectIsWritten(Library library) {
            TYPES.values()
                    .forEach(objects -> objects.forEach(
                            object -> assertThat(write(library, object).seen())
                                    .as("%s", object)
                                    .doesNotContain(SEEN)));
        }

        @ParameterizedTest
        @MethodSource("dev.hardening.config.Libraries#all")
        void whenAnObjectIsRead(Library library) {
            TYPES.values()
                    .forEach(objects -> objects.stream()
                            .filter(object -> isRead(library, object))
                            .forEach(object -> assertThat(read(library, object).seen())
                                    .as("%s", object)
                                    .doesNotContain(SEEN)));
        }
    }

    /** A library that writes nothing at all would pass every test above. */
    @ParameterizedTest
    @MethodSource("dev.hardening.config.Libraries#all")
    void eachLibraryWritesAValueThatIsNotHidden(Library library) {
        Object careless = library.name().equals("Java serialization")
                ? CANARY
                : library.name().equals("SnakeYAML") ? List.of(CANARY) : new Open("x", CANARY);
        assertThat(write(library, careless)).extracting(Outcome::word).isEqualTo("written");
        assertThat(write(library, careless).seen()).contains(SEEN);
    }

    @Nested
    class ASecretOfARequestBody {

        private final List<Library> jackson = Libraries.all().stream()
                .filter(library -> library.name().startsWith("Jackson"))
                .toList();

        @Test
        void isReadByJackson() {
            assertThat(jackson)
                    .hasSize(4)
                    .allSatisfy(library -> assertThat(read(library, new Holder("x", Secret.of("y")))
                                    .word())
                            .isEqualTo("read"));
        }

        @Test
        void thatIsNoTextIsInNoError() {
            for (Library library : jackson) {
                for (String value : List.of(
                        "4711081547", "47110815471108154711081547110815", "4711.0815", "[4711.5]", "{\"a\":4711}")) {
                    try {
                        library.reader().read("{\"name\":\"x\",\"secret\":" + value + "}", Holder.class);
                        throw new AssertionError("it has to be refused");
                    } catch (Exception refused) {
                        assertThat(trace(refused)).doesNotContain("4711");
                    }
                }
            }
        }
    }

    @Test
    void thePageSaysWhatEachLibraryDoes() throws Exception {
        StringBuilder table = new StringBuilder("| library |");
        TYPES.keySet().forEach(type -> table.append(' ').append(type).append(" |"));
        table.append("\n|").append(" --- |".repeat(TYPES.size() + 1)).append('\n');
        for (Library library : Libraries.all()) {
            table.append("| ").append(library.name()).append(" |");
            TYPES.values()
                    .forEach(objects ->
                            table.append(' ').append(cell(library, objects)).append(" |"));
            table.append('\n');
        }
        GeneratedRegion.assertIs("leaks", table.toString());
    }

    private static String cell(Library library, List<Object> objects) {
        Set<String> written = new TreeSet<>();
        Set<String> read = new TreeSet<>();
        objects.forEach(object -> {
            written.add(write(library, object).word());
            if (isRead(library, object)) {
                read.add(read(library, object).word());
            }
        });
        return String.join(" or ", written) + (read.isEmpty() ? "" : ", " + String.join(" or ", read));
    }
}
