package dev.hardening.jwks;

import java.io.IOException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How the fetches of a cache went, by the wall clock. Immutable.
 *
 * @param failures how many failed
 * @param lastSuccess when one last succeeded, or null
 * @param lastFailure when one last failed, or null
 * @param lastCause why, or null
 */
record FetchHistory(
        long failures,
        @Nullable Instant lastSuccess,
        @Nullable Instant lastFailure,
        @Nullable Throwable lastCause) {

    static final FetchHistory NONE = new FetchHistory(0, null, null, null);

    FetchHistory succeeded(Instant at) {
        return new FetchHistory(failures, at, lastFailure, lastCause);
    }

    FetchHistory failed(Instant at, Throwable cause) {
        return new FetchHistory(failures + 1, lastSuccess, at, cause);
    }

    /** Why the last failure happened, in one line of some hundred characters, without control characters; null if there was none. */
    @Nullable
    String lastError() {
        if (lastCause == null) {
            return null;
        }
        String message = lastCause.getMessage();
        String text = message == null ? null : LogText.shortLine(message); // it may hold a part of an answer
        boolean isOurs = lastCause.getClass() == IOException.class || lastCause instanceof RetryAfterException;
        return isOurs && text != null ? text : lastCause.getClass().getSimpleName() + (text == null ? "" : ": " + text);
    }
}
