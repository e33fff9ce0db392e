package dev.hardening.ratingguard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class RatingGuardTest {

    @Test
    void readmeExample() {
        List<String> shown = new ArrayList<>();
        // example: rating-guard
        GuardDecision decision = RatingSessionGuard.check("session-a", "session-b");
        if (!decision.allowed()) {
            shown.add(decision.error());
        }
        // example: end
        assertThat(shown).containsExactly("Session mismatch: cannot rate a different session");
    }

    /** The table of docs/rating-guard.md, row by row; the vectors have many more of each. */
    static Stream<Arguments> table() {
        return Stream.of(
                Arguments.of("X", "X", true),
                Arguments.of("X", "Y", false),
                Arguments.of(null, "X", true),
                Arguments.of("", null, true),
                Arguments.of(null, null, true),
                Arguments.of("X", null, false),
                Arguments.of("X", "", false),
                Arguments.of("undefined", null, false),
                Arguments.of("null", null, false),
                Arguments.of("0", "x", false),
                Arguments.of(" ", "x", false),
                Arguments.of("\u00a0", "x", false),
                Arguments.of("X", "X ", false),
                Arguments.of("X", "X\ufeff", false),
                Arguments.of("X", "X\0", false),
                Arguments.of("123E4567-E89B-12D3-A456-426614174ABC", "123e4567-e89b-12d3-a456-426614174abc", false),
                Arguments.of("\u00e9", "e\u0301", false),
                Arguments.of("k", "\u212a", false),
                Arguments.of("\ud800", "\ud800", true),
                Arguments.of("\ud800", "\ufffd", false),
                Arguments.of("session-12", "session-123", false),
                Arguments.of("__proto__", "__proto__", true));
    }

    @ParameterizedTest
    @MethodSource("table")
    void theCheckDecidesAsTheTableSays(@Nullable String pending, @Nullable String submitted, boolean proceeds) {
        GuardDecision decision = RatingSessionGuard.check(pending, submitted);
        assertThat(decision.allowed()).isEqualTo(proceeds);
        assertThat(decision.error()).isEqualTo(proceeds ? null : "Session mismatch: cannot rate a different session");
    }

    @Test
    void aDecisionHasAnErrorExactlyWhenItIsNotAllowed() {
        assertThatThrownBy(() -> new GuardDecision(true, "x")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new GuardDecision(false, null)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aDecisionsTextHoldsNoId() {
        assertThat(RatingSessionGuard.check("canary-1", "canary-2"))
                .asString()
                .contains("Session mismatch")
                .doesNotContain("canary");
    }
}
