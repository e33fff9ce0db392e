package dev.hardening.config;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A directory with a file for each name; names that begin with a dot, such as Kubernetes's {@code ..data}, are none. */
record DirectorySource(Path directory, String origin) implements SecretSource {

    /** What Kubernetes and Docker allow, less a dot at the beginning; none of it leads out of the directory. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9_.-]*");

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
        if (!isName(name)) {
            return Optional.empty();
        }
        // A link that leads nowhere, an entry that we may not look at, and all in what is no directory: it is reported.
        Path file = directory.resolve(name);
        return Files.notExists(file, LinkOption.NOFOLLOW_LINKS) && !Files.isRegularFile(directory)
                ? Optional.empty()
                : Optional.of(SecretFile.read(file, "its entry in the directory leads to", origin));
    }

    @Override
    public Set<String> names() {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> file.getFileName().toString())
                    .filter(DirectorySource::isName)
                    .collect(Collectors.toSet());
        } catch (IOException | UncheckedIOException | SecurityException unreadable) {
            return Set.of();
        }
    }

    private static boolean isName(String name) {
        return NAME.matcher(name).matches();
    }

    @Override
    public String toString() {
        return OneLine.of("SecretSource[" + origin + "]");
    }
}
