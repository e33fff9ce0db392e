package dev.hardening.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the jar as it is packaged, in a process of its own, with nothing beside it. */
class PackagedJarIT {

    private static final Path JAR = Path.of(System.getProperty("hardening.jar")).toAbsolutePath();
    private static final String JAVA =
            Path.of(System.getProperty("java.home"), "bin", "java").toString();
    private static final String TAIL = "\nSet these environment variables before starting the application.";
    private static final String LOOKED_IN =
            "\nLooked in: environment, files that NAME_FILE names, $CREDENTIALS_DIRECTORY";

    /** Only what these tests plant is in a process's environment. */
    private static final String CANARY = "hunter2-canary";

    private record Result(int exitCode, String out, String err) {}

    @TempDir
    Path directory;

    private Path names;

    @BeforeEach
    void declare() throws IOException {
        names = Files.writeString(directory.resolve("names"), """
                # Where the service is.
                #: uri https
                SERVICE_URL=

                #: minLength 10
                TOKEN=
                """);
    }

    private Result run(Map<String, String> environment, String... command) throws IOException, InterruptedException {
        File out = directory.resolve("out").toFile();
        File err = directory.resolve("err").toFile();
        ProcessBuilder builder = new ProcessBuilder(command).redirectOutput(out).redirectError(err);
        builder.environment().clear();
        builder.environment().putAll(environment);
        Process process = builder.start();
        try {
            assertThat(process.waitFor(2, TimeUnit.MINUTES)).as("it ends").isTrue();
        } finally {
            process.destroyForcibly();
        }
        return new Result(process.exitValue(), Files.readString(out.toPath()), Files.readString(err.toPath()));
    }

    private Result check(Map<String, String> environment, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(JAVA, "-jar", JAR.toString()));
        command.addAll(List.of(arguments));
        return run(environment, command.toArray(String[]::new));
    }

    @Test
    void allSetIs0() throws Exception {
        assertThat(check(Map.of("SERVICE_URL", "https://x", "TOKEN", CANARY), "check", names.toString()))
                .isEqualTo(new Result(0, "All required secrets are set.\n", ""));
    }

    @Test
    void missingOrInvalidIs78AndTheMessageAloneIsOnStandardError() throws Exception {
        assertThat(check(Map.of("TOKEN", "hunter2", "SERVIC_URL", CANARY), "check", names.toString()))
                .isEqualTo(new Result(
                        78,
                        "",
                        "Missing required secrets: SERVICE_URL" + TAIL
                                + "\n  SERVICE_URL: found SERVIC_URL, which looks like SERVICE_URL"
                                + LOOKED_IN + " (not set)"
                                + "\nInvalid secrets:\n  TOKEN: is shorter than 10 characters (environment)\n"));
    }

    @Test
    void theJsonReportAloneIsOnStandardOutput() throws Exception {
        Result result = check(Map.of("TOKEN", CANARY), "check", names.toString(), "--json");
        assertThat(result.exitCode()).isEqualTo(78);
        assertThat(result.err()).isEmpty();
        assertThat(new ObjectMapper()
                        .readTree(result.out())
                        .at("/problems/0/name")
                        .textValue())
                .isEqualTo("SERVICE_URL");
    }

    @Test
    void filesAndCredentialsAreRead() throws Exception {
        Path credentials = Files.createDirectory(directory.resolve("credentials"));
        Files.writeString(credentials.resolve("SERVICE_URL"), "https://x\n");
        Path token = Files.writeString(directory.resolve("token"), CANARY + "\r\n");
        assertThat(check(
                        Map.of("CREDENTIALS_DIRECTORY", credentials.toString(), "TOKEN_FILE", token.toString()),
                        "check",
                        names.toString()))
                .isEqualTo(new Result(0, "All required secrets are set.\n", ""));
        Files.writeString(credentials.resolve("SERVICE_URL"), CANARY);
        assertThat(check(
                                Map.of(
                                        "CREDENTIALS_DIRECTORY",
                                        credentials.toString(),
                                        "TOKEN_FILE",
                                        "/absent/" + CANARY),
                                "check",
                                names.toString())
                        .err())
                .isEqualTo("Missing required secrets: TOKEN" + TAIL
                        + "\n  TOKEN: TOKEN_FILE names a file that does not exist" + LOOKED_IN + "\nInvalid secrets:"
                        + "\n  SERVICE_URL: must be a URL that starts with https:// ($CREDENTIALS_DIRECTORY)\n");
    }

    /** The page's own lines, in a shell. */
    @Test
    void aLocalEnvFileIsReadByTheShell() throws Exception {
        assumeTrue(Files.exists(Path.of("/bin/sh")), "a shell reads the file");
        String page = Files.readString(Path.of("..", "docs", "config.md"));
        int start = page.indexOf("set -a\n");
        String script = page.substring(start, page.indexOf("```", start))
                .replace("java ", "'" + JAVA + "' ")
                .replace("hardening-config.jar", JAR.toString())
                .replace("names.env", names.toString());
        Files.writeString(directory.resolve(".env"), "SERVICE_URL=https://x\nTOKEN='" + CANARY + " with $ and #'\n");
        assertThat(run(Map.of("PATH", System.getenv("PATH")), "/bin/sh", "-c", "cd '" + directory + "'\n" + script))
                .isEqualTo(new Result(0, "All required secrets are set.\n", ""));
    }

    @Test
    void eachOtherFailureHasItsExitCode() throws Exception {
        assertThat(check(Map.of()).exitCode()).isEqualTo(64);
        assertThat(check(Map.of(), "check", names.toString(), "--yaml").exitCode())
                .isEqualTo(64);
        Files.writeString(names, "TOKEN=" + CANARY);
        assertThat(check(Map.of(), "check", names.toString()))
                .isEqualTo(new Result(
                        65, "", names + ": line 1: holds a value: a declaration is NAME= and nothing after it\n"));
        Path absent = directory.resolve("absent");
        assertThat(check(Map.of(), "check", absent.toString()))
                .isEqualTo(new Result(66, "", absent + ": cannot be read\n"));
    }

    @Test
    void itNeedsNoOtherJarAlsoOnTheModulePath() throws Exception {
        assertThat(run(
                        Map.of("SERVICE_URL", "https://x", "TOKEN", CANARY),
                        JAVA,
                        "-p",
                        JAR.toString(),
                        "-m",
                        "dev.hardening.config/dev.hardening.config.CheckCommand",
                        "check",
                        names.toString()))
                .isEqualTo(new Result(0, "All required secrets are set.\n", ""));
        try (JarFile jar = new JarFile(JAR.toFile())) {
            assertThat(jar.getManifest().getMainAttributes().getValue("Class-Path"))
                    .isNull();
            assertThat(jar.getEntry("META-INF/hardening/validation-report.schema.json"))
                    .isNotNull();
        }
    }

    @Test
    void aServiceWithoutItsSecretsPrintsTheMessageAndNoTraceAndExits() throws Exception {
        String classPath = JAR + File.pathSeparator + Path.of("target", "test-classes");
        String[] service = {JAVA, "-cp", classPath, Service.class.getName()};
        assertThat(run(Map.of("TOKEN", "hunter2"), service))
                .isEqualTo(new Result(
                        78,
                        "",
                        "Missing required secrets: SERVICE_URL" + TAIL
                                + "\nInvalid secrets:\n  TOKEN: is shorter than 10 characters (environment)\n"));
        assertThat(run(Map.of("TOKEN", CANARY, "SERVICE_URL", "https://x"), service))
                .isEqualTo(new Result(0, "started\n", ""));
    }

    @Test
    void aValueThatTheLocaleCannotHoldIsRefusedInsteadOfMangled() throws Exception {
        assumeTrue(Files.exists(Path.of("/bin/sh")), "a shell passes bytes as they are");
        String script = "TOKEN=$(printf 'hunter2-c\\303\\244nary') SERVICE_URL=https://x exec \"$@\"";
        String[] command = {"/bin/sh", "-c", script, "sh", JAVA, "-jar", JAR.toString(), "check", names.toString()};
        assertThat(run(Map.of("PATH", System.getenv("PATH"), "LC_ALL", "C"), command))
                .isEqualTo(new Result(
                        78,
                        "",
                        "Invalid secrets:\n  TOKEN: has characters that were lost in decoding (U+FFFD): set it again in"
                                + " UTF-8, and run with a UTF-8 locale, such as C.UTF-8 (environment)\n"));
        assertThat(run(Map.of("PATH", System.getenv("PATH"), "LC_ALL", "C.UTF-8"), command)
                        .exitCode())
                .isZero();
    }

    @Test
    void aPathThatTheLocaleCannotHoldIsSaidToBeOne() throws Exception {
        assumeTrue(Files.exists(Path.of("/bin/sh")), "a shell passes bytes as they are");
        String script = "TOKEN_FILE=$(printf '/c\\303\\244nary') CREDENTIALS_DIRECTORY=$TOKEN_FILE exec \"$@\"";
        String[] command = {"/bin/sh", "-c", script, "sh", JAVA, "-jar", JAR.toString(), "check", names.toString()};
        assertThat(run(Map.of("PATH", System.getenv("PATH"), "LC_ALL", "C"), command))
                .isEqualTo(new Result(
                        78,
                        "",
                        "Missing required secrets: SERVICE_URL, TOKEN" + TAIL
                                + "\n  TOKEN: TOKEN_FILE has characters that were lost in decoding (U+FFFD): set it again"
                                + " in UTF-8, and run with a UTF-8 locale, such as C.UTF-8" + LOOKED_IN
                                + "\nInvalid secrets:\n  $CREDENTIALS_DIRECTORY: is not a path in the process's locale:"
                                + " run with a UTF-8 locale, such as C.UTF-8\n"));
    }

    /** Root may read every file, so that only another user can be refused one. */
    @Test
    void aFileThatTheProcessMayNotReadIsMissingAndTheHintSaysSo() throws Exception {
        Path setpriv = Path.of("/usr/bin/setpriv");
        assumeTrue(
                Files.isExecutable(setpriv) && "root".equals(System.getProperty("user.name")),
                "only root may become another user");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path jar = Files.copy(JAR, directory.resolve("hardening-config.jar"));
        Path token = Files.writeString(directory.resolve("token"), CANARY);
        Files.setPosixFilePermissions(token, Set.of());
        Path closed = Files.createDirectory(directory.resolve("closed"));
        Files.writeString(closed.resolve("SERVICE_URL"), "https://x");
        Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwx------"));
        Result result = run(
                Map.of("TOKEN_FILE", token.toString(), "CREDENTIALS_DIRECTORY", closed.toString()),
                setpriv.toString(),
                "--reuid=65534",
                "--regid=65534",
                "--clear-groups",
                JAVA,
                "-jar",
                jar.toString(),
                "check",
                names.toString());
        assertThat(result)
                .isEqualTo(new Result(
                        78,
                        "",
                        "Missing required secrets: SERVICE_URL, TOKEN" + TAIL
                                + "\n  TOKEN: TOKEN_FILE names a file that cannot be read" + LOOKED_IN
                                + "\nInvalid secrets:\n  $CREDENTIALS_DIRECTORY: names " + closed
                                + ", which cannot be read\n"));
    }
}
