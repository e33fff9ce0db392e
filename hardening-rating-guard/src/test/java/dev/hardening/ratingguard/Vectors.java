package dev.hardening.ratingguard;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The vectors that the TypeScript twin runs too. A file that is not understood whole is refused. */
record Vectors(List<Vector> all) {

    private static final Set<String> KEYS = Set.of("id", "note", "pending", "submitted", "decision");

    record Vector(
            String id,
            String note,
            @Nullable String pending,
            @Nullable String submitted,
            boolean proceeds) {}

    static JsonNode file() {
        return file("rating-guard.json");
    }

    static JsonNode file(String name) {
        try (InputStream file = Vectors.class.getResourceAsStream("/META-INF/conformance/" + name)) {
            return new ObjectMapper().readTree(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Vectors read(JsonNode file) {
        assertThat(file.fieldNames()).toIterable().containsExactlyInAnyOrder("version", "count", "vectors");
        assertThat(file.get("version").intValue()).isEqualTo(1);
        List<Vector> all = new ArrayList<>();
        Set<String> ids = new HashSet<>();
        for (JsonNode vector : file.get("vectors")) {
            assertThat(vector.fieldNames()).toIterable().isSubsetOf(KEYS);
            String id = text(vector, "id");
            assertThat(ids.add(id)).as("%s is there once", id).isTrue();
            all.add(new Vector(
                    id, text(vector, "note"), id(vector, "pending"), id(vector, "submitted"), proceeds(vector)));
        }
        assertThat(all).hasSize(file.get("count").intValue());
        return new Vectors(all);
    }

    private static boolean proceeds(JsonNode vector) {
        return switch (text(vector, "decision")) {
            case "proceed" -> true;
            case "mismatch" -> false;
            default -> throw new AssertionError("unknown decision in " + vector.get("id"));
        };
    }

    private static String text(JsonNode vector, String key) {
        assertThat(vector.path(key).isTextual()).as("%s in %s", key, vector).isTrue();
        return vector.get(key).textValue();
    }

    /** Absent and null are both null in Java. */
    private static @Nullable String id(JsonNode vector, String key) {
        return vector.hasNonNull(key) ? text(vector, key) : null;
    }
}
