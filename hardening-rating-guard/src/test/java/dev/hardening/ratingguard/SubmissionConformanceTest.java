package dev.hardening.ratingguard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Plays the sequences of events that the TypeScript twin plays too. A file that is not understood whole is refused. */
class SubmissionConformanceTest {

    private static final Set<String> KEYS = Set.of(
            "event", "id", "session", "attempt", "outcome", "current", "aborted", "late", "state", "told", "order");
    private static final AtomicInteger PLAYED = new AtomicInteger();

    private static JsonNode file() {
        return Vectors.file("rating-guard-submissions.json");
    }

    @TestFactory
    Stream<DynamicTest> theGuardGoesThroughTheSequence() {
        return read(file()).stream()
                .map(vector -> DynamicTest.dynamicTest(vector.get("id").textValue(), () -> {
                    Play play = new Play();
                    for (JsonNode step : vector.get("steps")) {
                        assertThat(play.step(step))
                                .as(vector.get("note").textValue())
                                .isEqualTo(step);
                    }
                    PLAYED.incrementAndGet();
                }));
    }

    @AfterAll
    static void asManyWerePlayedAsTheFileSays() {
        // None, when single tests of this class were chosen.
        assertThat(PLAYED.getAndSet(0)).isIn(0, file().get("count").intValue());
    }

    @Test
    void thereAreAtLeast200() {
        assertThat(read(file())).hasSizeGreaterThanOrEqualTo(200);
    }

    @TestFactory
    Stream<DynamicTest> aFileThatIsNotUnderstoodWholeIsRefused() {
        Map<String, Consumer<ObjectNode>> spoiled = Map.of(
                "an unknown key", file -> tenth(file).put("skip", true),
                "an unknown key of a step", file -> firstStep(file).put("skip", true),
                "an unknown event", file -> firstStep(file).put("event", "open"),
                "no steps", file -> tenth(file).putArray("steps"),
                "no note", file -> tenth(file).remove("note"),
                "an id that is there twice",
                        file -> tenth(file).set("id", file.get("vectors").get(0).get("id")),
                "a vector too few", file -> ((ArrayNode) file.get("vectors")).remove(9),
                "another version", file -> file.put("version", 2));
        return spoiled.entrySet().stream()
                .map(spoil -> DynamicTest.dynamicTest(spoil.getKey(), () -> {
                    ObjectNode file = (ObjectNode) file();
                    spoil.getValue().accept(file);
                    assertThatThrownBy(() -> read(file)).isInstanceOf(AssertionError.class);
                }));
    }

    private static ObjectNode tenth(JsonNode file) {
        return (ObjectNode) file.get("vectors").get(9);
    }

    private static ObjectNode firstStep(JsonNode file) {
        return (ObjectNode) tenth(file).get("steps").get(0);
    }

    private static List<JsonNode> read(JsonNode file) {
        assertThat(file.fieldNames()).toIterable().containsExactlyInAnyOrder("version", "count", "vectors");
        assertThat(file.get("version").intValue()).isEqualTo(1);
        Set<String> ids = new HashSet<>();
        for (JsonNode vector : file.get("vectors")) {
            assertThat(vector.fieldNames()).toIterable().containsExactlyInAnyOrder("id", "note", "steps");
            assertThat(ids.add(vector.get("id").textValue()))
                    .as("%s is there once", vector.get("id"))
                    .isTrue();
            assertThat(vector.get("steps")).isNotEmpty();
            for (JsonNode step : vector.get("steps")) {
                assertThat(step.fieldNames()).toIterable().isSubsetOf(KEYS);
                assertThat(step.path("event").textValue())
                        .isIn("begin", "submit", "succeed", "fail", "timeout", "close");
            }
        }
        assertThat(ids).hasSize(file.get("count").intValue());
        return StreamSupport.stream(file.get("vectors").spliterator(), false).toList();
    }

    /** A guard with one subscriber, and what is seen of it in the step under way. */
    private static final class Play {

        private ObjectNode seen = JsonNodeFactory.instance.objectNode();
        private final List<String> order = new ArrayList<>();
        private final List<CompletableFuture<Void>> timers = new ArrayList<>();
        private final List<String> attempts = new ArrayList<>();
        private final Map<Integer, CompletableFuture<String>> answers = new HashMap<>();
        private final Map<Integer, Submission> submissions = new HashMap<>();
        private final GuardedSubmission guard = GuardedSubmission.builder()
                .timer(delay -> {
                    timers.add(new CompletableFuture<>());
                    return timers.get(timers.size() - 1);
                })
                .onLateFailure((failure, sessionId) -> note("late", TextNode.valueOf(sessionId)))
                .build();

        Play() {
            guard.subscribe(state -> note("told", TextNode.valueOf(name(state))));
        }

        private static String name(Object value) {
            return value.toString().toLowerCase(Locale.ROOT);
        }

        private void note(String what, @Nullable JsonNode value) {
            seen.set(what, value);
            order.add(what);
        }

        ObjectNode step(JsonNode step) {
            seen = JsonNodeFactory.instance.objectNode();
            order.clear();
            for (String given : List.of("event", "id", "session")) {
                if (step.has(given)) {
                    seen.set(given, step.get(given));
                }
            }
            int id = step.path("id").intValue();
            @Nullable String session = step.path("session").textValue();
            switch (step.get("event").textValue()) {
                case "begin" -> guard.begin(session);
                case "close" -> guard.close();
                case "submit" -> submit(id, session);
                case "succeed" -> answers.get(id).complete("ok");
                case "fail" -> answers.get(id).completeExceptionally(new IllegalStateException("refused"));
                // One action is under way at a time, so the last timer is its.
                default -> timers.get(timers.size() - 1).complete(null);
            }
            if (order.size() > 1) {
                order.forEach(seen.putArray("order")::add);
            }
            return seen.put("state", name(guard.state()));
        }

        private void submit(int id, @Nullable String session) {
            var unused = guard.submit(session, submission -> {
                        if (!attempts.contains(submission.attemptId())) {
                            attempts.add(submission.attemptId());
                        }
                        note("attempt", IntNode.valueOf(attempts.indexOf(submission.attemptId()) + 1));
                        submissions.put(id, submission);
                        answers.put(id, new CompletableFuture<>());
                        submission.signal().thenRun(() -> note("aborted", BooleanNode.TRUE));
                        return answers.get(id);
                    })
                    .whenComplete((outcome, failure) -> {
                        if (failure == null) {
                            note(
                                    "outcome",
                                    TextNode.valueOf(name(outcome.getClass().getSimpleName())));
                            seen.put("current", outcome.current());
                        } else {
                            note(
                                    "outcome",
                                    TextNode.valueOf(failure instanceof TimeoutException ? "timeout" : "failure"));
                            seen.put("current", submissions.get(id).isCurrent());
                        }
                    });
        }
    }
}
