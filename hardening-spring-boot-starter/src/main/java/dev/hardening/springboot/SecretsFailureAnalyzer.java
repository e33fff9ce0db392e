package dev.hardening.springboot;

import dev.hardening.config.SecretValidationException;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/**
 * Says what is missing or invalid as the description, and what to do as the action: the two lines of the message, the
 * hints after the second, what is invalid after the first.
 */
final class SecretsFailureAnalyzer extends AbstractFailureAnalyzer<SecretValidationException> {

    private static final String INVALID = "Invalid secrets:";
    private static final String CORRECT = "Correct these values before starting the application.";

    @Override
    protected @Nullable FailureAnalysis analyze(Throwable root, SecretValidationException cause) {
        String message = String.valueOf(cause.getMessage());
        int invalidAt = message.indexOf(INVALID);
        String invalid = invalidAt < 0 ? "" : message.substring(invalidAt);
        String missing =
                invalidAt < 0 ? message : message.substring(0, invalidAt).stripTrailing();
        int end = missing.indexOf('\n');
        if (end < 0) {
            return new FailureAnalysis(invalid, CORRECT, cause);
        }
        String description = missing.substring(0, end) + (invalid.isEmpty() ? "" : "\n" + invalid);
        return new FailureAnalysis(description, missing.substring(end + 1), cause);
    }
}
