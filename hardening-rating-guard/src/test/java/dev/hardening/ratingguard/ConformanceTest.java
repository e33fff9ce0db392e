package dev.hardening.ratingguard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class ConformanceTest {

    private static final AtomicInteger RAN = new AtomicInteger();

    @TestFactory
    Stream<DynamicTest> theGuardDecidesAsTheVectorSays() {
        return Vectors.read(Vectors.file()).all().stream()
                .map(vector -> DynamicTest.dynamicTest(vector.id(), () -> {
                    GuardDecision decision = RatingSessionGuard.check(vector.pending(), vector.submitted());
                    assertThat(decision.allowed()).as(vector.note()).isEqualTo(vector.proceeds());
                    assertThat(decision.error())
                            .isEqualTo(vector.proceeds() ? null : "Session mismatch: cannot rate a different session");
                    RAN.incrementAndGet();
                }));
    }

    @AfterAll
    static void asManyRanAsTheFileSays() {
        int ran = RAN.getAndSet(0);
        // None, when single tests of this class were chosen.
        assertThat(ran).isIn(0, Vectors.file().get("count").intValue());
    }

    @Test
    void thereAreAtLeast360() {
        assertThat(Vectors.read(Vectors.file()).all()).hasSizeGreaterThanOrEqualTo(360);
    }

    @TestFactory
    Stream<DynamicTest> aFileThatIsNotUnderstoodWholeIsRefused() {
        Map<String, Consumer<ObjectNode>> spoiled = Map.of(
                "an unknown key", file -> tenth(file).put("skip", true),
                "an unknown key of the file", file -> file.putArray("exceptions"),
                "an unknown decision", file -> tenth(file).put("decision", "allow"),
                "no decision", file -> tenth(file).remove("decision"),
                "no note", file -> tenth(file).remove("note"),
                "an id that is a number", file -> tenth(file).put("pending", 7),
                "an id that is there twice",
                        file -> tenth(file).set("id", file.get("vectors").get(0).get("id")),
                "a vector too few", file -> ((ArrayNode) file.get("vectors")).remove(9),
                "another version", file -> file.put("version", 2));
        return spoiled.entrySet().stream()
                .map(spoil -> DynamicTest.dynamicTest(spoil.getKey(), () -> {
                    ObjectNode file = (ObjectNode) Vectors.file();
                    spoil.getValue().accept(file);
                    assertThatThrownBy(() -> Vectors.read(file)).isInstanceOf(AssertionError.class);
                }));
    }

    private static ObjectNode tenth(JsonNode file) {
        return (ObjectNode) file.get("vectors").get(9);
    }

    @Test
    void loneSurrogatesAreReadAsTheyAre() {
        assertThat(vector("surrogate-high-same").pending()).isEqualTo("\ud800").hasSize(1);
        assertThat(vector("surrogate-low-same").submitted()).isEqualTo("\udc00").hasSize(1);
    }

    @Test
    void absentAndNullAreBothNullInJava() {
        assertThat(vector("none-absent-empty").pending()).isNull();
        assertThat(vector("none-null-empty").pending()).isNull();
    }

    private static Vectors.Vector vector(String id) {
        return Vectors.read(Vectors.file()).all().stream()
                .filter(vector -> vector.id().equals(id))
                .findFirst()
                .orElseThrow();
    }
}
