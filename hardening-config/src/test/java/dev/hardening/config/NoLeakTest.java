package dev.hardening.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Plants a value that must not be seen, drives every failure there is, and looks for it everywhere. */
class NoLeakTest {

    private static final String CANARY = "hunter2-canary";

    /** Values that each break a rule on a setting of any kind, if no other then the one of the least length. */
    enum Breach {
        TOO_SHORT(CANARY),
        PLACEHOLDER("<" + CANARY + ">"),
        LOST_IN_DECODING(CANARY + "\ufffd"),
        URL_OF_ANOTHER_SCHEME("http://user:" + CANARY + "@x"),
        NO_URL("https://user:" + CANARY + "@exa mple"),
        URL_WITHOUT_A_HOST("https://" + CANARY + "_@"),
        URL_IN_SPACES(" https://x/" + CANARY + " ");

        final String value;

        Breach(String value) {
            this.value = value;
        }

        Setting<?> of(Setting<?> setting) {
            return this == PLACEHOLDER
                    ? setting.noPlaceholder()
                    : setting.type().declaration().startsWith("uri") && this != TOO_SHORT
                            ? setting
                            : setting.minLength(100_000);
        }
    }

    @TempDir
    Path directory;

    private static byte[] serialized(Object object) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(object);
        }
        return bytes.toByteArray();
    }

    /** All that a service could print, log or send of a validation, its command line included. */
    private String everythingSeen(SecretValidator validator, SecretSource source) throws IOException {
        StringWriter seen = new StringWriter();
        ValidationReport report = validator.check(source);
        seen.append(report.toString()).append(report.toJson());
        seen.append(validator.toString()).append(source.toString());
        seen.append(validator.envExample()).append(validator.markdown());
        try {
            seen.append(validator.validate(source).toString());
            assertThat(report.valid()).isTrue();
        } catch (SecretValidationException invalid) {
            assertThat(report.valid()).isFalse();
            assertThat(report.problems()).isEqualTo(invalid.problems());
            assertThat(invalid.getCause()).isNull();
            assertThat(invalid.getSuppressed()).isEmpty();
            invalid.printStackTrace(new PrintWriter(seen, true));
            seen.append(invalid.toString()).append(invalid.getLocalizedMessage());
            seen.append(invalid.problems().toString()).append(invalid.missing().toString());
            seen.append(new String(serialized(invalid), StandardCharsets.ISO_8859_1));
            for (Problem problem : invalid.problems()) {
                seen.append(new String(serialized(problem), StandardCharsets.ISO_8859_1));
            }
        }
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        PrintStream stream = new PrintStream(printed, true, StandardCharsets.UTF_8);
        try {
            validator.validateOrExit(source, stream, code -> assertThat(code).isEqualTo(78));
        } catch (SecretValidationException exitWasForbidden) {
            assertThat(report.valid()).isFalse();
        }
        String names = Files.writeString(directory.resolve("names"), validator.envExample())
                .toString();
        CheckCommand.run(List.of("check", names), source, stream, stream);
        CheckCommand.run(List.of("check", names, "--json"), source, stream, stream);
        return seen.append(printed.toString(StandardCharsets.UTF_8)).toString();
    }

    /** Neither the value, nor a part of it that would help, nor an encoding of it. */
    private static void assertNoCanary(String seen) {
        assertThat(seen.toLowerCase(Locale.ROOT))
                .doesNotContain("hunter2")
                .doesNotContain("canary")
                .doesNotContain(new StringBuilder(CANARY).reverse());
        byte[] bytes = CANARY.getBytes(StandardCharsets.UTF_8);
        assertThat(seen).doesNotContain(Base64.getEncoder().withoutPadding().encodeToString(bytes));
    }

    private static Setting<?> anySetting(String name, Random random) {
        Setting<?> setting = switch (random.nextInt(4)) {
            case 0 -> Setting.secret(name);
            case 1 -> Setting.text(name);
            case 2 -> Setting.uri(name);
            default -> Setting.uri(name, "https", "redis");
        };
        setting = random.nextBoolean() ? setting.minLength(1 + random.nextInt(60)) : setting;
        setting = random.nextBoolean() ? setting.noPlaceholder() : setting;
        setting = random.nextInt(4) == 0 ? setting.example("example-" + random.nextInt(3)) : setting;
        setting = random.nextInt(4) == 0 ? setting.describedAs("line\n| " + random.nextInt()) : setting;
        return switch (random.nextInt(8)) {
            case 0, 1 -> setting.optional();
            case 2 -> setting.requiredWhen(source -> source.find("MODE").isPresent());
            case 3 ->
                setting.requiredWhen(source -> {
                    throw new IllegalStateException(CANARY);
                });
            default -> setting;
        };
    }

    private static String anyValue(Random random) {
        String junk = random.ints(random.nextInt(4), 0, random.nextBoolean() ? 0x80 : 0x2100)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
        return switch (random.nextInt(8)) {
            case 0 -> "";
            case 1 -> "<" + CANARY + ">";
            case 2 -> "https://x/" + CANARY;
            case 3 -> "https://" + CANARY + "_x/";
            default -> junk + (random.nextBoolean() ? "https://" : "") + CANARY + junk;
        };
    }

    private SecretSource anySource(List<String> names, Random random) throws IOException {
        Map<String, String> environment = new HashMap<>();
        Path secrets = Files.createDirectories(directory.resolve("secrets-" + random.nextInt(5)));
        for (String name : names) {
            String value = anyValue(random);
            switch (random.nextInt(9)) {
                case 0 -> environment.put(name + "_FILE", value);
                case 1 ->
                    environment.put(
                            name + "_FILE",
                            Files.writeString(directory.resolve("file"), value).toString());
                case 2 -> environment.put(name.toLowerCase(Locale.ROOT), value);
                case 3 -> environment.put(name.replace("NAME", "NMAE"), value);
                case 4 -> Files.writeString(secrets.resolve(name), value);
                case 5 -> {}
                default -> environment.put(name, value);
            }
        }
        if (random.nextBoolean()) {
            environment.put("MODE", "production");
        }
        SecretSource source = SecretSource.of(environment);
        source = random.nextInt(4) > 0 ? source.withFiles() : source;
        return random.nextBoolean() ? source.orElse(SecretSource.directory(secrets)) : source;
    }

    private SecretValidator anyValidator(List<String> names, Random random) {
        SecretValidator validator = SecretValidator.of(
                names.stream().map(name -> anySetting(name, random)).toArray(Setting<?>[]::new));
        if (random.nextInt(3) == 0) {
            Setting<?>[] group = {Setting.secret("GROUP_NAME_A"), Setting.secret("GROUP_NAME_B")};
            validator = random.nextBoolean() ? validator.exactlyOne(group) : validator.atLeastOne(group);
        }
        return validator;
    }

    private static void assertPromises(ValidationReport report, List<String> names) {
        List<String> missing = report.problems().stream()
                .filter(problem -> problem.kind() == Problem.Kind.MISSING)
                .map(Problem::name)
                .toList();
        // What is missing comes first, in the order of declaration; then what is invalid, in that order, groups last.
        List<String> invalid = report.problems().stream()
                .skip(missing.size())
                .map(Problem::name)
                .toList();
        assertThat(missing).isEqualTo(names.stream().filter(missing::contains).toList());
        List<String> order = new ArrayList<>(names);
        order.addAll(List.of("GROUP_NAME_A, GROUP_NAME_B"));
        assertThat(invalid).isEqualTo(order.stream().filter(invalid::contains).toList());
        if (report.valid()) {
            return;
        }
        SecretValidationException exception = new SecretValidationException(report);
        assertThat(exception.missing()).isEqualTo(missing);
        List<String> lines = exception.getMessage().lines().toList();
        if (!missing.isEmpty()) {
            assertThat(exception.getMessage())
                    .startsWith("Missing required secrets: " + String.join(", ", missing)
                            + "\nSet these environment variables before starting the application.");
        }
        assertThat(lines.contains("Invalid secrets:")).isEqualTo(!invalid.isEmpty());
        int heads = (missing.isEmpty() ? 0 : report.looksBeyondTheEnvironment() ? 3 : 2) + (invalid.isEmpty() ? 0 : 1);
        long hints = report.problems().stream()
                .filter(problem ->
                        missing.contains(problem.name()) && !problem.reason().equals("is not set"))
                .count();
        assertThat(lines).hasSize(heads + (int) hints + invalid.size());
        assertThat(exception.getMessage()).doesNotContain("\r").doesNotEndWith("\n");
    }

    @Nested
    class AValueThatBreaksARule {

        @ParameterizedTest
        @EnumSource
        void isShownByNoTypeOfSetting(Breach breach) throws IOException {
            for (Setting<?> setting : List.of(
                    Setting.secret("X"),
                    Setting.text("X"),
                    Setting.uri("X", "https").verbatim())) {
                SecretValidator validator = SecretValidator.of(breach.of(setting));
                String inFile =
                        Files.writeString(directory.resolve("x"), breach.value).toString();
                for (SecretSource source : List.of(
                        SecretSource.of(Map.of("X", breach.value)),
                        SecretSource.of(Map.of("X_FILE", inFile)).withFiles(),
                        SecretSource.of(Map.of()).orElse(SecretSource.of(Map.of("X", breach.value))))) {
                    assertThat(validator.check(source).problems()).hasSize(1);
                    assertNoCanary(everythingSeen(validator, source));
                }
                Path secrets = Files.createDirectories(directory.resolve("secrets"));
                Files.writeString(secrets.resolve("X"), breach.value);
                assertThat(validator.check(SecretSource.directory(secrets)).problems())
                        .hasSize(1);
                assertNoCanary(everythingSeen(validator, SecretSource.directory(secrets)));
            }
        }

        @Test
        void isShownByNoGroupHintOrExample() throws IOException {
            SecretValidator validator = SecretValidator.of(
                            Setting.secret("SUPABASE_ANON_KEY"),
                            Setting.text("REGION").example(CANARY))
                    .exactlyOne(Setting.secret("A"), Setting.secret("B"))
                    .atLeastOne(Setting.secret("C"), Setting.uri("D"));
            SecretSource source = SecretSource.of(
                    Map.of("SUPABASE_ANNON_KEY", CANARY, "REGION", CANARY, "A", CANARY, "B", CANARY, "OTHER", CANARY));
            assertThat(validator.check(source).problems()).hasSize(4);
            // The example is the declaration's own, and is shown where the declaration is.
            assertNoCanary(everythingSeen(validator, source).replace("#: example " + CANARY, ""));
        }
    }

    @Nested
    class AFile {

        @ParameterizedTest
        @ValueSource(strings = {CANARY, "/absent/" + CANARY, CANARY + "\0", "\n" + CANARY, "~/" + CANARY + "/\ud800"})
        void isNotNamedForItMayBeTheSecret(String path) throws IOException {
            SecretSource source = SecretSource.of(Map.of("X_FILE", path)).withFiles();
            assertThat(SecretValidator.requiring("X").check(source).problems()).hasSize(1);
            assertNoCanary(everythingSeen(SecretValidator.requiring("X"), source));
        }

        @Test
        void thatCannotBeReadIsNotShown() throws IOException {
            Path folder = Files.createDirectory(directory.resolve(CANARY));
            Path loop = folder.resolve("loop");
            Files.createSymbolicLink(loop, loop);
            for (Path file : List.of(
                    folder,
                    loop,
                    folder.resolve("absent"),
                    Files.writeString(folder.resolve("large"), CANARY.repeat(100_000)),
                    Files.writeString(folder.resolve("empty"), ""),
                    Files.write(folder.resolve("binary"), new byte[] {'x', (byte) 0xff}))) {
                SecretSource source =
                        SecretSource.of(Map.of("X_FILE", file.toString())).withFiles();
                assertThat(SecretValidator.requiring("X").check(source).problems())
                        .hasSize(1);
                assertNoCanary(everythingSeen(SecretValidator.requiring("X"), source));
            }
        }

        @Test
        void andItsVariableAreNotShown() throws IOException {
            String file = Files.writeString(directory.resolve(CANARY), CANARY).toString();
            SecretSource source =
                    SecretSource.of(Map.of("X", CANARY, "X_FILE", file)).withFiles();
            assertNoCanary(everythingSeen(SecretValidator.requiring("X"), source));
        }
    }

    @Nested
    class AnythingElse {

        @Test
        void thatIsThrownIsNotShown() throws IOException {
            SecretSource broken = new SecretSource() {
                @Override
                public Optional<Found> find(String name) {
                    if (name.equals("MAYBE")) {
                        return Optional.empty();
                    }
                    throw new IllegalStateException(CANARY, new IOException(CANARY));
                }

                @Override
                public Set<String> names() {
                    throw new IllegalStateException(CANARY);
                }

                @Override
                public String toString() {
                    return "broken";
                }
            };
            SecretValidator validator =
                    SecretValidator.of(Setting.secret("X"), Setting.uri("MAYBE").requiredWhen(source -> {
                        throw new IllegalArgumentException(CANARY);
                    }));
            assertThat(validator.check(broken).problems()).hasSize(2);
            assertNoCanary(everythingSeen(validator, broken));
        }

        @Test
        void thatIsFoundIsShownByNoText() throws IOException {
            Setting<Secret> secret = Setting.secret("S");
            Setting<String> text = Setting.text("T");
            SecretValidator validator = SecretValidator.of(secret, text, Setting.uri("U"));
            SecretSource source = SecretSource.of(Map.of("S", CANARY, "T", CANARY, "U", "https://x/" + CANARY));
            assertThat(validator.validate(source).get(text)).isEqualTo(CANARY);
            assertThat(validator.validate(source).get(secret).reveal()).isEqualTo(CANARY);
            assertNoCanary(everythingSeen(validator, source) + source.find("S"));
            assertNoCanary(validator.validate(source).get(secret).toString());
        }

        @Test
        void thatIsMadeAtRandomShowsNoValue() throws IOException {
            Random random = new Random(20261125);
            Map<Boolean, Integer> outcomes = new HashMap<>();
            Map<String, Integer> reasons = new LinkedHashMap<>();
            for (int run = 0; run < 600; run++) {
                List<String> names = new ArrayList<>();
                for (int i = 0; i <= random.nextInt(6); i++) {
                    names.add("S" + (char) ('A' + i) + "_NAME");
                }
                SecretValidator validator = anyValidator(names, random);
                SecretSource source = anySource(names, random);
                assertNoCanary(everythingSeen(validator, source));
                ValidationReport report = validator.check(source);
                assertPromises(report, names);
                outcomes.merge(report.valid(), 1, Integer::sum);
                report.problems().forEach(problem -> reasons.merge(problem.reason(), 1, Integer::sum));
                String written = validator.envExample();
                assertThat(DeclarationReader.read(written).envExample()).isEqualTo(written);
            }
            assertThat(outcomes.get(true)).isGreaterThan(30);
            assertThat(outcomes.get(false)).isGreaterThan(300);
            assertThat(reasons).hasSizeGreaterThan(30); // the runs are not all alike
        }
    }
}
