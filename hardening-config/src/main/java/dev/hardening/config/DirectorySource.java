package dev.hardening.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A directory with a file for each name; names that begin with a dot, such as Kubernetes's {@code ..data}, are none. */
record DirectorySource(Path directory, String origin) implements SecretSource {

    static SecretSource systemdCredentials(@Nullable String credentialsDirectory) {
        String origin = "$CREDENTIALS_DIRECTORY";
        try {
            return credentialsDirectory == null || Blank.isBlank(credentialsDirectory)
                    ? new MapSource(Map.of(), origin)
                    : new DirectorySource(Path.of(credentialsDirectory), origin);
        } catch (InvalidPathException noPath) {
            return new MapSource(Map.of(), origin);
        }
    }

    @Override
    public Optional<Found> find(String name) {
        Path file = directory.resolve(name);
        boolean isName = isName(name) && file.getNameCount() == directory.getNameCount() + 1;
        return isName && Files.exists(file)
                ? Optional.of(SecretFile.read(file, "its entry in the directory is", origin))
                : Optional.empty();
    }

    @Override
    public Set<String> names() {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> file.getFileName().toString())
                    .filter(DirectorySource::isName)
                    .collect(Collectors.toSet());
        } catch (IOException unreadable) {
            return Set.of();
        }
    }

    private static boolean isName(String name) {
        return !name.startsWith(".") && !name.contains("/") && !name.contains("\\");
    }

    @Override
    public String toString() {
        return "SecretSource[" + origin + "]";
    }
}
