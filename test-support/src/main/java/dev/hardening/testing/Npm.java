package dev.hardening.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** Runs the scripts of a folder that has a {@code package.json}. */
public final class Npm {

    /** How a command ended, and what it printed. */
    public record Result(int exit, String output) {}

    private final Path folder;

    private Npm(Path folder) {
        this.folder = folder;
    }

    /**
     * Installs what the folder's lock file lists. Where Node 20 or npm is missing, the test counts as skipped; in CI, which
     * sets the environment variable {@code CI}, it fails instead.
     *
     * @param leftOut what is not checked without Node, in words that follow a colon
     */
    public static Npm install(Path folder, String leftOut) throws IOException, InterruptedException {
        Npm npm = new Npm(folder);
        if (!npm.hasNode()) {
            String reason = "no Node 20+ on the PATH: " + leftOut;
            if (System.getenv("CI") != null) {
                throw new IllegalStateException(reason + ", and CI must have one");
            }
            Assumptions.abort(reason);
        }
        Result installed = npm.execute(npm(), "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund");
        if (installed.exit() != 0) {
            throw new IllegalStateException("npm ci failed: " + installed.output());
        }
        return npm;
    }

    /** Runs one script of the folder's {@code package.json}; it is stopped after ten minutes, with the exit code -1. */
    public Result run(String script, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(npm(), "run", script, "--"));
        command.addAll(List.of(arguments));
        return execute(command.toArray(new String[0]));
    }

    private boolean hasNode() throws IOException, InterruptedException {
        return Executables.find("node", "node.exe").isPresent()
                && Executables.find("npm", "npm.cmd").isPresent()
                && execute("node", "-e", "process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)")
                                .exit()
                        == 0;
    }

    private static String npm() {
        return System.getProperty("os.name").startsWith("Windows") ? "npm.cmd" : "npm";
    }

    private Result execute(String... command) throws IOException, InterruptedException {
        // Its own streams: this process's belong to the test runner, which talks to its parent through them.
        Path output = Files.createTempFile("npm", ".txt");
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        process.getOutputStream().close();
        try {
            int exit = process.waitFor(10, TimeUnit.MINUTES) ? process.exitValue() : -1;
            return new Result(exit, Files.readString(output));
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            Files.deleteIfExists(output);
        }
    }
}
