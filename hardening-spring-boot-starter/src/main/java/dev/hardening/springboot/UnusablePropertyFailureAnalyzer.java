package dev.hardening.springboot;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Names the property, what is wrong with it, and how to turn this part off. */
final class UnusablePropertyFailureAnalyzer extends AbstractFailureAnalyzer<UnusablePropertyException> {

    @Override
    protected @Nullable FailureAnalysis analyze(Throwable root, UnusablePropertyException cause) {
        String property = cause.property();
        String without = property.startsWith(SecretsInitializer.PREFIX)
                ? "hardening.config.enabled=false to start without the check."
                : property.startsWith(RedisProperties.PREFIX)
                        ? "hardening.redis.enabled=false to start without the check."
                        : "hardening.jwks.enabled=false to keep Spring's own decoder.";
        return new FailureAnalysis(
                String.valueOf(cause.getMessage()), "Correct " + property + ", or set " + without, cause);
    }
}
