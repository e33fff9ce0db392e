package dev.hardening.springboot;

import dev.hardening.redis.Attempt;
import dev.hardening.redis.RedisConnectException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Says why Redis could not be connected to, and whether another start can help. */
final class RedisFailureAnalyzer extends AbstractFailureAnalyzer<RedisConnectException> {

    @Override
    protected @Nullable FailureAnalysis analyze(Throwable root, RedisConnectException cause) {
        List<Attempt> attempts = cause.attempts();
        boolean permanent =
                !attempts.isEmpty() && attempts.get(attempts.size() - 1).verdict() == Attempt.Verdict.PERMANENT;
        String action = permanent
                ? "Correct the spring.data.redis properties, or the server: another attempt would end the same way."
                : "Start Redis, or correct the spring.data.redis properties. How long it is waited for is said by"
                        + " hardening.redis.attempts, backoff and deadline.";
        return new FailureAnalysis(String.valueOf(cause.getMessage()), action, cause);
    }
}
