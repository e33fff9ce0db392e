package dev.hardening.springboot;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Names the property, what is wrong with it, and how to turn this part off. */
final class UnusablePropertyFailureAnalyzer extends AbstractFailureAnalyzer<UnusablePropertyException> {

    private static final String UNCHECKED = ".enabled=false to start without the check";

    /** How to start without a part, by what its properties begin with. */
    private static final Map<String, String> WITHOUT = Map.of(
            SecretsInitializer.PREFIX, SecretsInitializer.PREFIX + UNCHECKED,
            SecretsInitializer.DECLARATION, SecretsInitializer.PREFIX + UNCHECKED,
            RedisProperties.PREFIX, RedisProperties.PREFIX + UNCHECKED,
            RedisStartUp.ADDRESS, RedisProperties.PREFIX + UNCHECKED);

    private static final String WITHOUT_KEYS = JwksProperties.PREFIX + ".enabled=false to keep Spring's own decoder";

    @Override
    protected @Nullable FailureAnalysis analyze(Throwable root, UnusablePropertyException cause) {
        String property = cause.property();
        String without = WITHOUT.entrySet().stream()
                .filter(part -> property.startsWith(part.getKey()))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(WITHOUT_KEYS);
        return new FailureAnalysis(
                String.valueOf(cause.getMessage()), "Correct " + property + ", or set " + without + ".", cause);
    }
}
