package dev.hardening.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Plants a value that must not be seen, drives every failure there is, and looks for it everywhere. */
class NoLeakTest {

    private static final String CANARY = "hunter2-canary";

    private static byte[] serialized(Object object) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(object);
        }
        return bytes.toByteArray();
    }

    /** All that a service could print, log or send of a validation. */
    private static String everythingSeen(SecretValidator validator, SecretSource source) throws IOException {
        StringWriter seen = new StringWriter();
        ValidationReport report = validator.check(source);
        seen.append(report.toString())
                .append(report.toJson())
                .append(validator.toString())
                .append(source.toString());
        seen.append(validator.envExample()).append(validator.markdown());
        try {
            seen.append(validator.validate(source).toString());
            assertThat(report.valid()).isTrue();
        } catch (SecretValidationException invalid) {
            assertThat(report.problems()).isEqualTo(invalid.problems());
            assertThat(invalid.getCause()).isNull();
            assertThat(invalid.getSuppressed()).isEmpty();
            invalid.printStackTrace(new PrintWriter(seen, true));
            seen.append(new String(serialized(invalid), StandardCharsets.ISO_8859_1));
        }
        return seen.toString();
    }

    @Test
    void noFailureOfAnyKindShowsTheValue(@TempDir Path directory) throws IOException {
        Path large = Files.writeString(directory.resolve("large"), CANARY.repeat(100_000));
        Path file = Files.writeString(directory.resolve("file"), CANARY);
        Setting<?>[] settings = {
            Setting.secret("A").minLength(100),
            Setting.uri("B", "https"),
            Setting.text("C").example(CANARY.substring(0, 7)).minLength(99),
            Setting.secret("D").noPlaceholder(),
            Setting.secret("E").requiredWhen(source -> {
                throw new IllegalStateException(CANARY);
            }),
            Setting.secret("F"),
            Setting.secret("G"),
            Setting.secret("H"),
            Setting.secret("I"),
            Setting.uri("J")
        };
        Map<String, String> environment = new HashMap<>(Map.of(
                "A", CANARY,
                "B", "https://user:" + CANARY + "@exa mple",
                "C", CANARY,
                "D", "<" + CANARY + ">",
                "F_FILE", "/" + CANARY + "\0",
                "G_FILE", "/absent/" + CANARY,
                "H_FILE", large.toString(),
                "I_FILE", file.toString(),
                "J", "//" + CANARY + "%"));
        environment.put("I", CANARY);
        SecretValidator validator = SecretValidator.of(settings);
        SecretSource source = SecretSource.of(environment).withFiles();
        assertThat(validator.check(source).problems()).hasSize(settings.length);
        assertThat(everythingSeen(validator, source).replace("example hunter2", ""))
                .doesNotContain(CANARY)
                .doesNotContain("hunter2");
    }

    @Test
    void noRandomDeclarationOverARandomSourceShowsAValue() throws IOException {
        Random random = new Random(20261124);
        int failures = 0;
        for (int run = 0; run < 3_000; run++) {
            List<Setting<?>> settings = new ArrayList<>();
            Map<String, String> environment = new HashMap<>();
            for (int i = 0; i <= random.nextInt(6); i++) {
                String name = "S" + (char) ('A' + i) + "_NAME";
                Setting<?> setting = switch (random.nextInt(3)) {
                    case 0 -> Setting.secret(name);
                    case 1 -> Setting.text(name);
                    default -> Setting.uri(name, "https", "redis");
                };
                setting = random.nextBoolean() ? setting.minLength(1 + random.nextInt(60)) : setting;
                setting = random.nextBoolean() ? setting.noPlaceholder() : setting;
                setting = random.nextInt(4) == 0 ? setting.optional() : setting;
                settings.add(setting);
                String junk = random.ints(random.nextInt(4), 0, 0x250)
                        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                        .toString();
                String key = switch (random.nextInt(5)) {
                    case 0 -> name + "_FILE";
                    case 1 -> name.toLowerCase(java.util.Locale.ROOT);
                    case 2 -> name.replace("_", "");
                    default -> name;
                };
                environment.put(key, junk + (random.nextBoolean() ? "https://" : "") + CANARY + junk);
            }
            SecretValidator validator = SecretValidator.of(settings.toArray(Setting<?>[]::new));
            SecretSource source = SecretSource.of(environment).withFiles();
            failures += validator.check(source).valid() ? 0 : 1;
            assertThat(everythingSeen(validator, source)).doesNotContain(CANARY);
        }
        assertThat(failures).isGreaterThan(1_000);
    }
}
