package dev.hardening.ratingguard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hardening.ratingguard.OpenRatings.Verdict;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullAndEmptySource;
import org.junit.jupiter.params.provider.ValueSource;

class OpenRatingsTest {

    private final OpenRatings open = OpenRatings.of(List.of("a", "b"));

    @Test
    void documentedExample() {
        List<String> openSessionIds = List.of("session-a");
        String pathId = "session-a";
        String bodyId = "session-b";
        // example: server
        int status = switch (OpenRatings.of(openSessionIds).check(pathId, bodyId)) {
            case ALLOWED -> 204;
            case SESSION_MISMATCH -> 409;
            case NO_PENDING_RATINGS -> 404;
        };
        // example: end
        assertThat(status).isEqualTo(409);
    }

    @Test
    void aSessionWhoseRatingIsOpenIsAllowed() {
        assertThat(open.check("a")).isEqualTo(Verdict.ALLOWED);
        assertThat(open.check("b", "b")).isEqualTo(Verdict.ALLOWED);
    }

    @ParameterizedTest
    @NullAndEmptySource
    @ValueSource(strings = {"c", "A", " a", "a ", "ab", "\uff41", "null", "undefined"})
    void aSessionThatIsNotOpenIsAMismatch(String pathSessionId) {
        assertThat(open.check(pathSessionId)).isEqualTo(Verdict.SESSION_MISMATCH);
    }

    @ParameterizedTest
    @NullAndEmptySource
    @ValueSource(strings = {"b", "A", "a ", "c"})
    void aBodyThatNamesAnotherSessionIsAMismatch(String bodySessionId) {
        assertThat(open.check("a", bodySessionId)).isEqualTo(Verdict.SESSION_MISMATCH);
        assertThat(open.check(bodySessionId, "a")).isEqualTo(Verdict.SESSION_MISMATCH);
    }

    @Test
    void theVectorsHoldAndNothingAbsentIsLetThrough() {
        for (Vectors.Vector vector : Vectors.read(Vectors.file()).all()) {
            boolean named = vector.pending() != null && !vector.pending().isEmpty();
            OpenRatings ratings = OpenRatings.of(named ? List.of(vector.pending()) : List.of("x", "session-12", ""));
            Verdict verdict = ratings.check(vector.submitted(), named ? vector.submitted() : null);
            assertThat(verdict)
                    .as(vector.id())
                    .isEqualTo(named && vector.proceeds() ? Verdict.ALLOWED : Verdict.SESSION_MISMATCH);
        }
    }

    @ParameterizedTest
    @NullAndEmptySource
    @ValueSource(strings = "a")
    void whoHasNoOpenRatingsHasNothingToRate(String sessionId) {
        assertThat(OpenRatings.of(List.of()).check(sessionId)).isEqualTo(Verdict.NO_PENDING_RATINGS);
        assertThat(OpenRatings.of(List.of()).check(sessionId, "b")).isEqualTo(Verdict.NO_PENDING_RATINGS);
    }

    @Test
    void anEmptyIdIsNeverAllowedEvenIfTheStoreHasOne() {
        assertThat(OpenRatings.of(List.of("")).check("")).isEqualTo(Verdict.SESSION_MISMATCH);
    }

    @Test
    void whatIsAddedToTheCollectionLaterIsNotOpen() {
        List<String> ids = new ArrayList<>(List.of("a"));
        OpenRatings before = OpenRatings.of(ids);
        ids.add("b");
        assertThat(before.check("b")).isEqualTo(Verdict.SESSION_MISMATCH);
    }

    @Test
    void aCollectionThatHoldsANullIsRefused() {
        assertThatThrownBy(() -> OpenRatings.of(Arrays.asList("a", null))).isInstanceOf(NullPointerException.class);
    }

    @Test
    void itsTextSaysHowManyNeverWhich() {
        assertThat(OpenRatings.of(List.of("canary", "canary-2"))).hasToString("OpenRatings[2]");
    }
}
