package dev.hardening.springboot;

import dev.hardening.redis.Attempt;
import dev.hardening.redis.RedisConnectException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Says why Redis could not be connected to, where it was looked for, and which properties say so. */
final class RedisFailureAnalyzer extends AbstractFailureAnalyzer<RedisConnectException> {

    @Override
    protected @Nullable FailureAnalysis analyze(Throwable root, RedisConnectException cause) {
        List<Attempt> attempts = cause.attempts();
        boolean permanent =
                !attempts.isEmpty() && attempts.get(attempts.size() - 1).verdict() == Attempt.Verdict.PERMANENT;
        String action = permanent
                ? "Correct spring.data.redis.username, password, ssl or url, or the server: another attempt would end"
                        + " the same way."
                : "Start Redis there, or correct spring.data.redis.host and port, or url. hardening.redis.attempts,"
                        + " backoff and deadline say how long it is waited for, hardening.redis.required=false starts"
                        + " without it.";
        return new FailureAnalysis(cause.getMessage() + "\nIt was looked for at " + cause.endpoint(), action, cause);
    }
}
