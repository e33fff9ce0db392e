package dev.hardening.example;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** One rating of a submission. */
record Rating(String rateeId, String rating, List<String> reasons, String otherReasonText) {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MAX_TEXT = 500;
    private static final int MAX_ID = 200;
    private static final int MAX_REASONS = 10;

    /**
     * Spaces and invisible characters; Java's isBlank() does not know the no-break space, nor the zero-width ones. The ranges
     * are Unicode's Default_Ignorable_Code_Point as far as no category has them, which Java's patterns have no name for.
     */
    private static final Pattern NOTHING_TO_SEE =
            Pattern.compile("[\\p{IsWhite_Space}\\p{Z}\\p{Cc}\\p{Cf}\\u2800\\u034f\\u115f\\u1160\\u17b4\\u17b5"
                    + "\\u180b-\\u180f\\u2065\\u3164\\ufe00-\\ufe0f\\uffa0\\ufff0-\\ufff8\\x{e0000}-\\x{e0fff}]*");

    /** Reads the ratings of a submission: one to three, each for another tablemate. */
    static List<Rating> readAll(JsonNode ratings, String raterId) {
        if (!ratings.isArray() || ratings.isEmpty() || ratings.size() > 3) {
            throw Problem.MALFORMED_REQUEST.thrown();
        }
        List<Rating> all = new ArrayList<>();
        Set<String> ratees = new HashSet<>(Set.of(raterId));
        for (JsonNode node : ratings) {
            Rating rating = read(node);
            if (!ratees.add(rating.rateeId)) {
                throw Problem.INVALID_RATING_TARGET.thrown();
            }
            all.add(rating);
        }
        return all;
    }

    private static Rating read(JsonNode node) {
        JsonNode reasons = node.path("reasons");
        JsonNode text = node.path("other_reason_text");
        String rateeId = node.path("ratee_id").asText();
        if (!node.path("ratee_id").isTextual()
                || rateeId.isEmpty()
                || rateeId.length() > MAX_ID
                || reasons.size() > MAX_REASONS
                || !List.of("green", "red", "skip").contains(node.path("rating").asText())
                || !(reasons.isMissingNode() || reasons.isNull() || reasons.isArray())
                || !(text.isMissingNode() || text.isNull() || text.isTextual())) {
            throw Problem.MALFORMED_REQUEST.thrown();
        }
        List<String> given = new ArrayList<>();
        for (JsonNode reason : reasons) {
            if (!reason.isTextual() || reason.textValue().length() > MAX_TEXT) {
                throw Problem.MALFORMED_REQUEST.thrown();
            }
            if (!isBlank(reason.textValue())) {
                given.add(reason.textValue());
            }
        }
        String other = text.isTextual() && !isBlank(text.textValue())
                ? text.textValue().strip()
                : "";
        if (other.length() > MAX_TEXT) {
            throw Problem.MALFORMED_REQUEST.thrown();
        }
        String rating = node.path("rating").textValue();
        if (rating.equals("red") && given.isEmpty() && other.isEmpty()) {
            throw Problem.RED_REASON_REQUIRED.thrown();
        }
        return new Rating(rateeId, rating, given, other);
    }

    private static boolean isBlank(String text) {
        return NOTHING_TO_SEE.matcher(text).matches();
    }

    String toJson() {
        return JSON.createObjectNode()
                .put("rating", rating)
                .put("other_reason_text", otherReasonText)
                .set("reasons", JSON.valueToTree(reasons))
                .toString();
    }
}
