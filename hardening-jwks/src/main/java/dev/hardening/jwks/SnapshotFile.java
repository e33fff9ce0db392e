package dev.hardening.jwks;

import com.nimbusds.jose.util.JSONObjectUtils;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.text.ParseException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A snapshot in one file. It is first written to a temporary file in the same directory, which only the owner can read,
 * and then moved over the file. If the path is a symbolic link, the file that it names is replaced, and the link stays.
 */
record SnapshotFile(Path file) implements JWKSSnapshotStore {

    private static final int MAX_BYTES = 4 << 20;
    private static final int MAX_LINKS = 40; // as on Linux

    @Override
    public Optional<Stored> load() throws IOException {
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(MAX_BYTES + 1);
        } catch (NoSuchFileException none) {
            return Optional.empty();
        }
        if (bytes.length > MAX_BYTES) {
            throw new IOException("the snapshot is larger than " + MAX_BYTES + " bytes");
        }
        try {
            Map<String, Object> json = JSONObjectUtils.parse(new String(bytes, StandardCharsets.UTF_8));
            if (json.get("source") instanceof String source
                    && json.get("fetchedAt") instanceof String fetchedAt
                    && json.get("jwkSet") instanceof String jwkSet) {
                return Optional.of(new Stored(source, Instant.parse(fetchedAt), jwkSet));
            }
        } catch (ParseException | DateTimeException damaged) {
            // Said below.
        }
        throw new IOException("the snapshot is damaged");
    }

    @Override
    public void save(Stored stored) throws IOException {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("source", stored.source());
        json.put("fetchedAt", stored.fetchedAt().toString());
        json.put("jwkSet", stored.jwkSet());
        // Only where the file system knows owners is a temporary file readable by its owner only.
        Path target = target();
        Path fresh =
                Files.createTempFile(target.getParent(), target.getFileName().toString(), ".tmp");
        try {
            Files.writeString(fresh, JSONObjectUtils.toJSONString(json));
            Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(fresh);
        }
    }

    /** The file at the end of all symbolic links, whether or not it exists. */
    private Path target() throws IOException {
        Path target = file.toAbsolutePath();
        for (int links = 0; Files.isSymbolicLink(target); links++) {
            if (links == MAX_LINKS) {
                throw new FileSystemLoopException(file.toString());
            }
            target = target.resolveSibling(Files.readSymbolicLink(target));
        }
        return target;
    }
}
