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

    private static final Path PAGE = GeneratedRegion.PAGE;
    private static final Pattern ROW = Pattern.compile("\\| `([^`]+)`[^|]* \\| (missing|invalid) \\|");
    private static final Pattern PLACEHOLDER =
            Pattern.compile("\\b(WHERE|NAME_FILE|NAME|N|SCHEMES|URL(?=`|,|$)|FORM|ADVICE|EXPECTATION)\\b|^PLACE ");
    private static final Map<String, String> MEANING = Map.of(
            "WHERE", "(\\w+_FILE names|its entry in the directory leads to)",
            "NAME_FILE", "\\w+_FILE",
            "NAME", "\\w+",
            "N", "\\d+",
            "URL", "a URL( that starts with [a-z]+://( or [a-z]+://)*)?",
            "FORM", ".+",
            "ADVICE", "[^:]+",
            "EXPECTATION", "a port from 1 to 65535",
            "PLACE ", "(names \\S+, which )?");

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
                .matcher(reason.replaceAll("[.?*$()+\\[\\]\\\\]", "\\\\$0"))
                .replaceAll(word -> Matcher.quoteReplacement(MEANING.get(word.group()))));
    }

    private Path file(String name, byte... content) throws IOException {
        return Files.write(directory.resolve(name), content);
    }

    /** Every problem there is: of rules, of files, of directories, of groups, of what throws. */
    private Set<Problem> everyProblem() throws IOException, InterruptedException {
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
        environment.put("SPACED", "x ");
        environment.put("BROKEN_OFF", "x\n");
        environment.put("QUOTED", "'x'");
        environment.put("PASTED", "PASTED=x");
        environment.put("PASTED_LINE", "export PASTED_LINE=x");
        environment.put("COMMENTED", "x # y");
        environment.put("COMMENT", "# y");
        environment.put("BROKEN_IN_LETTERS", "x\\n");
        environment.put("BROKEN_OFF_ENCODED", "x%0A");
        environment.put("PEM_WITHOUT_BEGINNING", "-----END KEY-----");
        environment.put("PYTHON_DICTIONARY", "{'x': 'y'}");
        environment.put("TOOL_ERROR", "404 page not found");
        environment.put("PEM_AFTER_A_QUOTE", "'-----BEGIN KEY-----\nx\n-----END KEY-----");
        environment.put("PEM_IN_LETTERS", "-----BEGIN KEY-----\\nx\\n-----END KEY-----");
        environment.put("PEM_WITHOUT_END", "-----BEGIN KEY-----");
        environment.put("PEM_IN_A_LINE", "-----BEGIN KEY----- x -----END KEY-----");
        environment.put("UNDEFINED", "undefined");
        environment.put("MASKED", "***");
        environment.put("PRINTED_OPTIONAL", "Optional[x]");
        environment.put("FIRST_LINE", "{");
        environment.put("LFS_POINTER", "version https://git-lfs.github.com/spec/v1");
        environment.put("VAULT_ERROR", "{\"errors\":[]}");
        environment.put("PYTHON", "b'x'");
        environment.put("PYTHON_TUPLE", "('x',)");
        environment.put("ESCAPED_JSON", "{\\\"x\\\":1}");
        environment.put("PYTHON_BYTES", "b'\\x00'");
        environment.put("PATH_OF_A_SECRET", "/run/secrets/x");
        environment.put("QUOTED_PATH_FILE", "'/x'");
        environment.put("SPACED_PATH_FILE", "/x ");
        environment.put("URL_OF_A_PATH_FILE", "file:///x");
        environment.put("SHELL_PATH_FILE", "~/x");
        environment.put("UNRESOLVED", "vault:secret/data/x#key");
        environment.put("ENCRYPTED", "ENC(x)");
        environment.put("\ufeffMARKED_NAME", "x");
        environment.put("export EXPORTED_NAME", "x");
        environment.put("PORT", "x");
        environment.put("PORT_URL", "wss://x:65536");
        environment.put("PASSWORD_URL", "wss://user:p#w@x");
        environment.put("HOSTS_URL", "wss://a:1,b:2/");
        environment.put("JDBC_URL", "jdbc:postgresql://x/y");
        environment.put("R2DBC_URL", "r2dbc:postgresql://x/y");
        environment.put("TWICE_URL", "wss://wss://x");
        environment.put("NO_PASSWORD", "wss://x:undefined@y");
        environment.put("WHOLE_PASSWORD", "{\"password\":\"x\"}");
        environment.put("OWN_NAME", "OWN_NAME");
        environment.put("GO_MAP", "map[x:y]");
        environment.put("POWERSHELL", "@{x=y}");
        environment.put("JSON_AND_COMMA", "{\"x\":\"y\"},");
        environment.put("PORTS_URL", "wss://x:1:1");
        environment.put("SPACE_URL", "wss://x/a b");
        environment.put("SEVERAL_URLS", "wss://x,wss://y");
        environment.put("EMPTY_URL", "wss:///x");
        environment.put("MORE_URL", "wss://x:1;y=z");
        environment.put("IPV6_URL", "wss://::1");
        environment.put("IPV4_URL", "wss://256.0.0.1");
        environment.put("PARTS_URL", "wss://x..y");
        environment.put("REFERENCE_URL", "wss://x/${y}");
        environment.put("LETTERS_URL", "wss://\u00e4");
        environment.put("NO_HOST_URL", "wss://undefined");
        environment.put("COLORED", "\u001b[0mx");
        environment.put("BOTH", "x");
        environment.put("BOTH_FILE", "/x");
        environment.put("NO_PATH_FILE", "x\0y");
        environment.put("LOCALE_FILE", "/\ud800");
        environment.put("LOST_PATH_FILE", "/\ufffd");
        environment.put("SHORT_VALUE_FILE", "x");
        environment.put("VALUE_FILE", "x".repeat(300));
        environment.put("PASWORD", "x");
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
                        Setting.secret("SPACED"),
                        Setting.secret("BROKEN_OFF"),
                        Setting.secret("QUOTED"),
                        Setting.secret("PASTED"),
                        Setting.secret("PASTED_LINE"),
                        Setting.secret("COMMENTED"),
                        Setting.secret("COMMENT"),
                        Setting.secret("BROKEN_IN_LETTERS"),
                        Setting.secret("BROKEN_OFF_ENCODED"),
                        Setting.secret("PEM_WITHOUT_BEGINNING"),
                        Setting.secret("PYTHON_DICTIONARY"),
                        Setting.secret("TOOL_ERROR"),
                        Setting.secret("PEM_AFTER_A_QUOTE"),
                        Setting.secret("PEM_IN_LETTERS"),
                        Setting.secret("PEM_WITHOUT_END"),
                        Setting.secret("PEM_IN_A_LINE"),
                        Setting.secret("UNDEFINED"),
                        Setting.secret("MASKED"),
                        Setting.secret("PRINTED_OPTIONAL"),
                        Setting.secret("FIRST_LINE"),
                        Setting.secret("LFS_POINTER"),
                        Setting.secret("VAULT_ERROR"),
                        Setting.secret("PYTHON"),
                        Setting.secret("PYTHON_TUPLE"),
                        Setting.secret("ESCAPED_JSON"),
                        Setting.secret("PYTHON_BYTES"),
                        Setting.secret("PATH_OF_A_SECRET"),
                        Setting.secret("QUOTED_PATH"),
                        Setting.secret("SPACED_PATH"),
                        Setting.secret("URL_OF_A_PATH"),
                        Setting.secret("SHELL_PATH"),
                        Setting.secret("UNRESOLVED"),
                        Setting.secret("ENCRYPTED"),
                        Setting.secret("MARKED_NAME"),
                        Setting.secret("EXPORTED_NAME"),
                        Setting.parsed("PORT", "a port from 1 to 65535", Integer::parseInt),
                        Setting.uri("PORT_URL", "wss"),
                        Setting.uri("PASSWORD_URL", "wss"),
                        Setting.uri("HOSTS_URL", "wss"),
                        Setting.uri("JDBC_URL", "wss"),
                        Setting.uri("R2DBC_URL", "wss"),
                        Setting.uri("TWICE_URL", "wss"),
                        Setting.secret("NO_PASSWORD"),
                        Setting.secret("WHOLE_PASSWORD"),
                        Setting.secret("OWN_NAME"),
                        Setting.secret("GO_MAP"),
                        Setting.secret("POWERSHELL"),
                        Setting.secret("JSON_AND_COMMA"),
                        Setting.uri("PORTS_URL", "wss"),
                        Setting.uri("SPACE_URL", "wss"),
                        Setting.uri("SEVERAL_URLS", "wss"),
                        Setting.uri("EMPTY_URL", "wss"),
                        Setting.uri("MORE_URL", "wss"),
                        Setting.uri("IPV6_URL", "wss"),
                        Setting.uri("IPV4_URL", "wss"),
                        Setting.uri("PARTS_URL", "wss"),
                        Setting.uri("REFERENCE_URL", "wss"),
                        Setting.uri("LETTERS_URL", "wss"),
                        Setting.uri("NO_HOST_URL", "wss"),
                        Setting.secret("COLORED"),
                        Setting.secret("BOTH"),
                        Setting.secret("NO_PATH"),
                        Setting.secret("LOCALE"),
                        Setting.secret("LOST_PATH"),
                        Setting.secret("SHORT_VALUE"),
                        Setting.secret("VALUE"),
                        Setting.secret("CONDITIONAL").requiredWhen(source -> {
                            throw new IllegalStateException();
                        }))
                .exactlyOne(Setting.secret("A"), Setting.secret("B"))
                .exactlyOne(Setting.secret("C"), Setting.secret("D"))
                .atLeastOne(Setting.secret("E"), Setting.secret("F"))
                .atLeastOne(Setting.secret("G"), Setting.secret("PASSWORD"));
        problems.addAll(rules.check(SecretSource.of(environment).withFiles()).problems());

        problems.addAll(SecretValidator.requiring("NOT_READ")
                .check(SecretSource.of(Map.of("NOT_READ_FILE", "/x")))
                .problems());

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

        Path absent = directory.resolve("absent");
        problems.addAll(SecretValidator.requiring("X")
                .check(SecretSource.directory(absent))
                .problems());
        problems.addAll(SecretValidator.requiring("X")
                .check(DirectorySource.systemdCredentials(absent.toString()))
                .problems());
        problems.addAll(SecretValidator.requiring("X")
                .check(SecretSource.directory(secrets.resolve("EMPTY")))
                .problems());
        problems.addAll(SecretValidator.requiring("X")
                .check(SecretSource.directory(secrets.resolve("LOOP")))
                .problems());
        problems.addAll(SecretValidator.requiring("LOOP/X")
                .check(SecretSource.directory(secrets))
                .problems());
        for (String noPath : List.of("/\0", "/\ud800")) {
            problems.addAll(SecretValidator.requiring("X")
                    .check(DirectorySource.systemdCredentials(noPath))
                    .problems());
        }

        Path stuck = Files.createDirectory(directory.resolve("stuck"));
        try (StuckRead ignored = new StuckRead(stuck)) {
            SecretSource named =
                    SecretSource.of(Map.of("X_FILE", stuck.resolve("X").toString()));
            for (SecretSource source : List.of(named.withFiles(), SecretSource.directory(stuck))) {
                problems.addAll(SecretValidator.requiring("X").check(source).problems());
            }
        }

        ValueType<String> unreadable = new ValueType<>("unreadable", "unreadable", true, (text, kept) -> {
            throw new IllegalStateException();
        });
        problems.addAll(SecretValidator.of(Setting.of("UNREADABLE", unreadable))
                .check(SecretSource.of(Map.of("UNREADABLE", "x")))
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
    void everyMessageThatCanBePrintedIsOnThePageAndNoOther() throws Exception {
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
    void theTableOfSlipsIsWhatIsRefused() throws IOException {
        StringBuilder table = new StringBuilder("| form | advice |\n| --- | --- |\n");
        for (String reason : Slip.reasons()) {
            Matcher words = Pattern.compile(
                            "(?:is a reference that was not resolved|is still encrypted), (.+): ([^:]+)")
                    .matcher(reason);
            if (words.matches()) {
                table.append("| `")
                        .append(words.group(1))
                        .append("` | ")
                        .append(words.group(2))
                        .append(" |\n");
            }
        }
        GeneratedRegion.assertIs("slips", table.toString());
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
        String message = new SecretValidationException(report)
                .getMessage()
                .replace(secrets.toString(), "/run/secrets")
                .replace("(map)", "(environment)")
                .replace("Looked in: map", "Looked in: environment");
        assertThat(Files.readString(PAGE)).contains("    " + message.replace("\n", "\n    ") + "\n");
    }

    @Test
    void theExampleOfTheReportIsWhatIsPrinted() throws IOException {
        String json = SecretValidator.requiring("JWT_SECRET")
                .check(SecretSource.of(Map.of()))
                .toJson()
                .replace("map", "environment");
        assertThat(Files.readString(PAGE)).contains("    " + json + "\n");
    }
}
