package dev.hardening.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/**
 * A Markdown page, parts of which are written by a run: what is between {@code <!-- benchmarks: name -->} and
 * {@code <!-- end: name -->}.
 */
final class Page {

    private final Path file;
    private String text;

    Page(Path file) throws IOException {
        this.file = file;
        text = Files.readString(file);
    }

    /** Puts a part in its place, in the file too. */
    void put(String name, String part) throws IOException {
        String begin = "<!-- benchmarks: " + name + " -->\n";
        String end = "<!-- end: " + name + " -->";
        int from = text.indexOf(begin);
        int to = text.indexOf(end);
        if (from < 0 || to < from) {
            throw new IllegalStateException("the page has no place for " + name);
        }
        text = text.substring(0, from + begin.length()) + "\n" + part.stripTrailing() + "\n\n" + text.substring(to);
        Files.writeString(file, text);
    }

    /** Writes a picture of this page: into {@code pictures/}, by the names of the page and of the part. */
    void draw(String name, String svg) throws IOException {
        String page = Objects.requireNonNull(file.getFileName()).toString().replaceFirst("\\.md$", "");
        Path folder = Files.createDirectories(file.resolveSibling("pictures"));
        Files.writeString(folder.resolve(page + "-" + name + ".svg"), svg);
    }
}
