package dev.hardening.testing;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** The programs that a machine may have or lack. */
public final class Executables {

    private Executables() {}

    /** The first of these names that is on the PATH. */
    public static Optional<Path> find(String... names) {
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
                .filter(directory -> !directory.isEmpty())
                .flatMap(directory -> Stream.of(names).map(name -> Path.of(directory, name)))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /**
     * The first of these names that is on the PATH. Where there is none the test counts as skipped, with one line that says
     * why; in CI, which sets the environment variable {@code CI}, it fails instead.
     */
    public static Path require(String... names) {
        Optional<Path> found = find(names);
        if (found.isEmpty()) {
            String reason = "no " + names[0] + " on the PATH";
            if (System.getenv("CI") != null) {
                throw new IllegalStateException(reason + ", and CI must have one");
            }
            Assumptions.abort(reason);
        }
        return found.orElseThrow();
    }
}
