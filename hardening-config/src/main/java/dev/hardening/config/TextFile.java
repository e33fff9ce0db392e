package dev.hardening.config;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.regex.Pattern;

/** Reads a regular file of UTF-8 text of at most 1 MiB. Whatever the file is, this ends within a second. */
final class TextFile {

    static final int MAX_BYTES = 1 << 20;

    /** The usual systems have no longer paths, and no longer names in them. Both are counted in bytes. */
    private static final int MAX_PATH = 4095;

    private static final int MAX_NAME = 255;

    private static final Pattern SEPARATOR = Pattern.compile(File.separatorChar == '/' ? "/" : "[/\\\\]");

    private static final char BYTE_ORDER_MARK = '\ufeff';

    /** The file is larger than the limit. */
    static final class TooLargeException extends IOException {

        private static final long serialVersionUID = 1;
    }

    /** It is a directory. */
    static final class DirectoryException extends IOException {

        private static final long serialVersionUID = 1;
    }

    /** It is a pipe, a device or a socket: opening it could take for ever. */
    static final class NotRegularException extends IOException {

        private static final long serialVersionUID = 1;
    }

    private TextFile() {}

    /**
     * The text of a file, without a byte order mark.
     *
     * @throws DirectoryException if it is a directory
     * @throws NotRegularException if it is neither that nor a regular file; it is not opened
     * @throws TooLargeException if it has more than {@link #MAX_BYTES}; no more than those are ever read
     * @throws CharacterCodingException if it is not UTF-8, or has a NUL, as text in UTF-16 does
     * @throws NoSuchFileException if it is not there
     * @throws BoundedRead.NoAnswerException if it does not end in time
     * @throws IOException if it cannot be read
     */
    static String read(Path file) throws IOException {
        Path directory = file.toAbsolutePath().getParent();
        byte[] bytes = BoundedRead.from(directory == null ? file : directory, () -> bytes(file));
        String text = StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(bytes))
                .toString();
        if (text.indexOf('\0') >= 0) {
            throw new MalformedInputException(1);
        }
        return !text.isEmpty() && text.charAt(0) == BYTE_ORDER_MARK ? text.substring(1) : text;
    }

    private static byte[] bytes(Path file) throws IOException {
        BasicFileAttributes attributes = attributes(file);
        if (attributes.isDirectory()) {
            throw new DirectoryException();
        }
        if (!attributes.isRegularFile()) {
            throw new NotRegularException();
        }
        if (attributes.size() > MAX_BYTES) {
            throw new TooLargeException();
        }
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(MAX_BYTES + 1); // the file may be larger than its size says
            if (bytes.length > MAX_BYTES) {
                throw new TooLargeException();
            }
            return bytes;
        }
    }

    private static BasicFileAttributes attributes(Path file) throws IOException {
        try {
            return Files.readAttributes(file, BasicFileAttributes.class);
        } catch (FileSystemException failed) {
            if (cannotExist(file)) {
                throw new NoSuchFileException(""); // for the JDK this is another failure, with the system's words
            }
            throw failed;
        }
    }

    /** Whether there can be no such file: a part of its path is a file itself, or it is too long. */
    static boolean cannotExist(Path file) {
        if (isTooLong(file.toString())) {
            return true;
        }
        Path parent = file.toAbsolutePath().getParent();
        while (parent != null && !Files.exists(parent)) {
            parent = parent.getParent();
        }
        return parent != null && Files.isRegularFile(parent);
    }

    /** Whether a path, or a part of it, is longer than one can be. */
    static boolean isTooLong(String path) {
        return lengthInBytes(path) > MAX_PATH
                || SEPARATOR.splitAsStream(path).anyMatch(name -> lengthInBytes(name) > MAX_NAME);
    }

    private static int lengthInBytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }
}
