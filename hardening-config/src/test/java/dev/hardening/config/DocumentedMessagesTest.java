package dev.hardening.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Holds the page's table of messages to the messages: each that can be printed is there, and no other. */
class DocumentedMessagesTest {

    private static final Path PAGE = Path.of("..", "docs", "config.md");
    private static final Pattern ROW = Pattern.compile("\\| `([^`]+)`[^|]* \\| (missing|invalid) \\|");
    private static final Pattern PLACEHOLDER = Pattern.compile("\\b(WHERE|NAME_FILE|NAME|N|SCHEMES)\\b");
    private static final Map<String, String> MEANING = Map.of(
            "WHERE", "(\\w+_FILE names|its entry in the directory leads to)",
            "NAME_FILE", "\\w+_FILE",
            "NAME", "\\w+",
            "N", "\\d+",
            "SCHEMES", "[a-z]+://( or [a-z]+://)*");

    @TempDir
    Path directory;

    private final Map<Pattern, Problem.Kind> documented = new LinkedHashMap<>();

    @BeforeEach
    void readThePage() throws IOException {
        String page = Files.readString(PAGE);
        ROW.matcher(page)
                .results()
                .forEach(row -> documented.put(
                        pattern(row.group(1)),
                        row.group(2).equals("missing") ? Problem.Kind.MISSING : Problem.Kind.INVALID));
    }

    private static Pattern pattern(String reason) {
        return Pattern.compile(PLACEHOLDER
                .matcher(reason.replaceAll("[.?]", "\\\\$0"))
                .replaceAll(word -> Matcher.quoteReplacement(MEANING.get(word.group()))));
    }

    private Path file(String name, byte... content) throws IOException {
        return Files.write(directory.resolve(name), content);
    }

    /** Every problem there is: of rules, of files, of directories, of groups, of what throws. */
    private Set<Problem> everyProblem() throws IOException {
        Set<Problem> problems =
                new TreeSet<>((a, b) -> (a.kind() + a.reason() + a.name()).compareTo(b.kind() + b.reason() + b.name()));
        Map<String, String> environment = new HashMap<>();
        environment.put("SUPABSE_URL", "x");
        environment.put("EXAMPLE", "an example");
        environment.put("LOST", "\ufffd");
        environment.put("PLACEHOLDER", "changeme");
        environment.put("SHORT", "x");
        environment.put("NO_URL", "x");
        environment.put("OTHER_URL", "x://y");
        environment.put("HOSTLESS_URL", "wss://my_host");
        environment.put("SPACED_URL", "wss://x ");
        environment.put("BOTH", "x");
        environment.put("BOTH_FILE", "/x");
        environment.put("NO_PATH_FILE", "x\0");
        environment.put("C", "x");
        environment.put("D", "x");
        SecretValidator rules = SecretValidator.of(
                        Setting.secret("SUPABASE_URL"),
                        Setting.secret("ABSENT"),
                        Setting.secret("EXAMPLE").example("an example"),
                        Setting.secret("LOST"),
                        Setting.secret("PLACEHOLDER").noPlaceholder(),
                        Setting.secret("SHORT").minLength(12),
                        Setting.uri("NO_URL"),
                        Setting.uri("OTHER_URL", "wss", "ws"),
                        Setting.uri("HOSTLESS_URL", "wss"),
                        Setting.uri("SPACED_URL", "wss", "ws"),
                        Setting.secret("BOTH"),
                        Setting.secret("NO_PATH"),
                        Setting.secret("CONDITIONAL").requiredWhen(source -> {
                            throw new IllegalStateException();
                        }))
                .exactlyOne(Setting.secret("A"), Setting.secret("B"))
                .exactlyOne(Setting.secret("C"), Setting.secret("D"))
                .atLeastOne(Setting.secret("E"), Setting.secret("F"));
        problems.addAll(rules.check(SecretSource.of(environment).withFiles()).problems());

        Path secrets = Files.createDirectory(directory.resolve("secrets"));
        Path pipe = secrets.resolve("PIPE");
        if (Files.exists(Path.of("/dev/zero"))) {
            Files.createSymbolicLink(pipe, Path.of("/dev/zero"));
        }
        Files.createSymbolicLink(secrets.resolve("DANGLING"), Path.of("nowhere"));
        Files.createSymbolicLink(secrets.resolve("LOOP"), Path.of("LOOP"));
        Files.createDirectory(secrets.resolve("DIRECTORY"));
        file("secrets/EMPTY");
        file("secrets/LARGE", new byte[TextFile.MAX_BYTES + 1]);
        file("secrets/BINARY", (byte) 0xff);
        String[] names = {"PIPE", "DANGLING", "LOOP", "DIRECTORY", "EMPTY", "LARGE", "BINARY"};
        Map<String, String> files = new HashMap<>();
        for (String name : names) {
            files.put(name + "_FILE", secrets.resolve(name).toString());
        }
        problems.addAll(SecretValidator.requiring(names)
                .check(SecretSource.of(files).withFiles())
                .problems());
        problems.addAll(SecretValidator.requiring(names)
                .check(SecretSource.directory(secrets))
                .problems());

        problems.addAll(SecretValidator.requiring("BROKEN")
                .check(new SecretSource() {
                    @Override
                    public Optional<Found> find(String name) {
                        throw new IllegalStateException();
                    }

                    @Override
                    public Set<String> names() {
                        return Set.of();
                    }
                })
                .problems());
        return problems;
    }

    @Test
    void everyMessageThatCanBePrintedIsOnThePageAndNoOther() throws IOException {
        Set<Pattern> printed = new HashSet<>();
        for (Problem problem : everyProblem()) {
            List<Pattern> rows = documented.keySet().stream()
                    .filter(row -> row.matcher(problem.reason()).matches())
                    .toList();
            assertThat(rows).as(problem.reason()).hasSize(1);
            assertThat(documented.get(rows.get(0))).as(problem.reason()).isEqualTo(problem.kind());
            printed.addAll(rows);
        }
        assertThat(printed).containsExactlyInAnyOrderElementsOf(documented.keySet());
    }

    @Test
    void theExampleOfTheMessageIsWhatIsPrinted() throws IOException {
        SecretValidator validator = SecretValidator.of(
                Setting.secret("SUPABASE_URL"),
                Setting.secret("LIVEKIT_API_KEY"),
                Setting.secret("JWT_SECRET"),
                Setting.secret("LIVEKIT_API_SECRET").minLength(32),
                Setting.uri("LIVEKIT_URL", "wss", "ws"));
        Path secrets = Files.createDirectory(directory.resolve("secrets"));
        Files.writeString(secrets.resolve("LIVEKIT_URL"), "http://x");
        Map<String, String> environment = Map.of(
                "SUPBASE_URL", "x",
                "LIVEKIT_API_KEY_FILE", directory.resolve("absent").toString(),
                "LIVEKIT_API_SECRET", "x");
        ValidationReport report =
                validator.check(SecretSource.of(environment).withFiles().orElse(SecretSource.directory(secrets)));
        String message = new SecretValidationException(report.problems())
                .getMessage()
                .replace(secrets.toString(), "/run/secrets")
                .replace("(map)", "(environment)");
        assertThat(Files.readString(PAGE)).contains("    " + message.replace("\n", "\n    ") + "\n");
    }

    @Test
    void theExampleOfTheReportIsWhatIsPrinted() throws IOException {
        String json = SecretValidator.requiring("JWT_SECRET")
                .check(SecretSource.of(Map.of()))
                .toJson();
        assertThat(Files.readString(PAGE)).contains("    " + json + "\n");
    }
}
