package dev.hardening.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A directory with a file for each name. Entries that Kubernetes adds, such as {@code ..data}, are not names.
 *
 * @param subject how a reason about the directory itself begins, after the origin
 */
record DirectorySource(Path directory, String origin, String subject) implements SecretSource {

    /** The result of looking for a file in the directory. */
    private enum Entry {
        PRESENT,
        ABSENT,
        NO_DIRECTORY,
        NOT_A_DIRECTORY,
        NO_ACCESS,

        /** A directory inside it may not be searched. */
        NO_ACCESS_BELOW,
        NO_ANSWER
    }

    /** A source whose place cannot be read at all. */
    private record Unreachable(String reason, String origin) implements SecretSource {

        @Override
        public Optional<Found> find(String name) {
            return Optional.of(Found.unreachable(reason, origin));
        }

        @Override
        public Set<String> names() {
            return Set.of();
        }

        @Override
        public List<String> places() {
            return List.of(OneLine.of(origin));
        }
    }

    static SecretSource of(Path directory) {
        return new DirectorySource(directory, "directory " + directory, "");
    }

    static SecretSource systemdCredentials(@Nullable String credentialsDirectory) {
        String origin = "$CREDENTIALS_DIRECTORY";
        if (credentialsDirectory == null || Blank.isBlank(credentialsDirectory)) {
            return new MapSource(Map.of(), origin + " (not set)");
        }
        try {
            return new DirectorySource(
                    Path.of(credentialsDirectory), origin, "names " + credentialsDirectory + ", which ");
        } catch (InvalidPathException noPath) {
            return new Unreachable(SecretFile.noPath(credentialsDirectory), origin);
        }
    }

    @Override
    public Optional<Found> find(String name) {
        if (!DirectoryNames.isName(name)) {
            return Optional.empty();
        }
        try {
            return find(directory.resolve(name));
        } catch (InvalidPathException noPath) {
            return Optional.empty();
        }
    }

    private Optional<Found> find(Path file) {
        return switch (entry(file)) {
            case PRESENT -> Optional.of(SecretFile.read(file, "its entry in the directory leads to", origin));
            case ABSENT -> Optional.empty();
            case NO_DIRECTORY -> unreachable("does not exist");
            case NOT_A_DIRECTORY -> unreachable("is not a directory");
            case NO_ACCESS -> unreachable("cannot be read");
            case NO_ACCESS_BELOW ->
                Optional.of(Found.unreachable(
                        "its directory " + directory.relativize(file).getParent() + " cannot be read", origin));
            case NO_ANSWER -> unreachable("does not answer");
        };
    }

    private Optional<Found> unreachable(String reason) {
        return Optional.of(Found.unreachable(subject + reason, origin));
    }

    private Entry entry(Path file) {
        try {
            return BoundedRead.from(directory, () -> look(file));
        } catch (IOException stuck) {
            return Entry.NO_ANSWER;
        }
    }

    /** An entry that cannot be read counts as present, and so does a link to nothing: the read reports what is wrong. */
    private Entry look(Path file) {
        if (!Files.isDirectory(directory)) {
            return Files.notExists(directory)
                    ? Entry.NO_DIRECTORY
                    : Files.exists(directory) ? Entry.NOT_A_DIRECTORY : Entry.NO_ACCESS;
        }
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            return Entry.PRESENT;
        }
        if (Files.notExists(file, LinkOption.NOFOLLOW_LINKS) || TextFile.cannotExist(file)) {
            return Entry.ABSENT;
        }
        // Whether the name has an entry is not known. Permission to execute a directory is permission to look in it.
        if (!Files.isExecutable(directory)) {
            return Entry.NO_ACCESS;
        }
        Path parent = file.getParent();
        return parent == null || Files.isExecutable(parent) ? Entry.PRESENT : Entry.NO_ACCESS_BELOW;
    }

    @Override
    public Set<String> names() {
        try {
            return BoundedRead.namesIn(directory, () -> DirectoryNames.of(directory));
        } catch (IOException | SecurityException unreadable) {
            return Set.of();
        }
    }

    @Override
    public List<String> places() {
        return List.of(OneLine.of(origin));
    }

    @Override
    public String toString() {
        return OneLine.of("SecretSource[" + origin + "]");
    }
}
