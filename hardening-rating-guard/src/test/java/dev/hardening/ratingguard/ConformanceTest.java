package dev.hardening.ratingguard;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Runs every vector of the file that the TypeScript twin runs too. */
class ConformanceTest {

    private static final Set<String> KEYS = Set.of("id", "note", "pending", "submitted", "decision");

    @TestFactory
    Stream<DynamicTest> theGuardDecidesAsTheVectorSays() throws IOException {
        return vectors()
                .get("vectors")
                .valueStream()
                .map(v -> DynamicTest.dynamicTest(v.get("id").textValue(), () -> {
                    GuardDecision decision = RatingSessionGuard.check(
                            v.path("pending").textValue(), v.path("submitted").textValue());
                    assertThat(decision.allowed()).as(v.get("note").textValue()).isEqualTo(proceeds(v));
                    assertThat(decision.error())
                            .isEqualTo(proceeds(v) ? null : "Session mismatch: cannot rate a different session");
                }));
    }

    @Test
    void theFileHasAsManyVectorsAsItSaysAndNothingUnknown() throws IOException {
        JsonNode file = vectors();
        assertThat(file.fieldNames()).toIterable().containsExactly("version", "count", "vectors");
        assertThat(file.get("version").intValue()).isEqualTo(1);
        assertThat(file.get("vectors")).hasSize(file.get("count").intValue()).hasSizeGreaterThanOrEqualTo(360);
        Set<String> ids = new HashSet<>();
        for (JsonNode vector : file.get("vectors")) {
            assertThat(ids.add(vector.get("id").textValue())).isTrue();
            assertThat(vector.fieldNames()).toIterable().isSubsetOf(KEYS);
            proceeds(vector);
        }
    }

    private static boolean proceeds(JsonNode vector) {
        return switch (vector.get("decision").textValue()) {
            case "proceed" -> true;
            case "mismatch" -> false;
            default -> throw new AssertionError("unknown decision in " + vector.get("id"));
        };
    }

    private static JsonNode vectors() throws IOException {
        try (InputStream file = ConformanceTest.class.getResourceAsStream("/META-INF/conformance/rating-guard.json")) {
            return new ObjectMapper().readTree(file);
        }
    }
}
