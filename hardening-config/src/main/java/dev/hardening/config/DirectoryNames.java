package dev.hardening.config;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The names of the files in a directory, for hints. Links are followed as Kubernetes makes them, which is within the
 * directory. A directory with very many entries is none of secrets, and has no names.
 */
final class DirectoryNames {

    /** How deep the names of a projected volume may be nested. */
    private static final int MAX_DEPTH = 4;

    static final int MAX_ENTRIES = 5_000;

    private final Path root;
    private final Set<String> names = new HashSet<>();
    private int entries;

    private DirectoryNames(Path root) {
        this.root = root;
    }

    /** The names, or none if the search is given up meanwhile. */
    static Set<String> of(Path directory) throws IOException {
        DirectoryNames found = new DirectoryNames(directory.toRealPath());
        found.addAll(found.root, "", List.of());
        return found.isOver() ? Set.of() : found.names;
    }

    /** Whether a file can have the name, also one with a space or a byte order mark at its edges, for a hint. */
    static boolean isName(String name) {
        return Setting.isName(Blank.strip(name));
    }

    private boolean isOver() {
        return entries > MAX_ENTRIES || BoundedRead.isGivenUp();
    }

    private void addAll(Path directory, String prefix, List<Path> parents) {
        if (parents.size() == MAX_DEPTH || parents.contains(directory)) {
            return;
        }
        List<Path> path = Stream.concat(parents.stream(), Stream.of(directory)).toList();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory)) {
            for (Path entry : stream) {
                entries++;
                if (isOver()) {
                    return;
                }
                add(entry, prefix + entry.getFileName(), path);
            }
        } catch (IOException | DirectoryIteratorException unreadable) {
            // Names are for hints only: go on without this directory.
        }
    }

    private void add(Path entry, String name, List<Path> parents) {
        if (!isName(name)) {
            return;
        }
        try {
            BasicFileAttributes is = attributes(entry);
            if (is.isDirectory()) {
                addAll(entry, name + "/", parents);
            } else if (is.isRegularFile()) {
                names.add(name);
            } else if (is.isSymbolicLink() && entry.toRealPath().startsWith(root)) {
                add(entry.toRealPath(), name, parents);
            }
        } catch (IOException unreadable) {
            // Names are for hints only: go on without this entry.
        }
    }

    private static BasicFileAttributes attributes(Path file) throws IOException {
        return Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    }
}
