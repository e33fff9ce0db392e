package dev.hardening.springboot;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Names the property, what is wrong with it, and how to do without the hardening. */
final class UnusablePropertyFailureAnalyzer extends AbstractFailureAnalyzer<UnusablePropertyException> {

    @Override
    protected @Nullable FailureAnalysis analyze(Throwable root, UnusablePropertyException cause) {
        return new FailureAnalysis(
                String.valueOf(cause.getMessage()),
                "Correct " + cause.property() + ", or set hardening.jwks.enabled=false to keep Spring's own decoder.",
                cause);
    }
}
