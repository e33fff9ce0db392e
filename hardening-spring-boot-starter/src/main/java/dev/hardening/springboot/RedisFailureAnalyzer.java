package dev.hardening.springboot;

import dev.hardening.redis.Attempt;
import dev.hardening.redis.RedisConnectException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.env.Environment;

/** Says why Redis could not be connected to, where it was looked for, and which properties say so. */
final class RedisFailureAnalyzer extends AbstractFailureAnalyzer<RedisConnectException> {

    private static final String SENTINELS = RedisStartUp.ADDRESS + ".sentinel.nodes";
    private static final String CLUSTER = RedisStartUp.ADDRESS + ".cluster.nodes";

    /** What hardening-redis advises where it says why, and the same in properties. */
    private static final Map<String, String> ADVICE = new LinkedHashMap<>();

    static {
        ADVICE.put("use buildCluster() instead of build()", "set " + CLUSTER);
        ADVICE.put(
                "use build() instead of buildCluster()", "set spring.data.redis.host and port instead of " + CLUSTER);
        ADVICE.put(
                "use redis:// instead of redis-sentinel://",
                "set spring.data.redis.host and port instead of " + SENTINELS);
        ADVICE.put("use redis-sentinel://", "set spring.data.redis.sentinel.master and " + SENTINELS);
        ADVICE.put(
                "as the one in the URI is for the data node: use RedisURI.builder().withSentinel(host, port, password)",
                "which is spring.data.redis.sentinel.password");
        ADVICE.put("and the URI has none", "and spring.data.redis.password is not set");
        ADVICE.put("use rediss://", "set spring.data.redis.ssl.enabled=true");
        ADVICE.put("try redis:// instead of rediss://", "set spring.data.redis.ssl.enabled=false");
        ADVICE.put(
                "(if the port does not speak TLS, use redis://)",
                "(if the port does not speak TLS, set spring.data.redis.ssl.enabled=false)");
        ADVICE.put("write redis://:password@host", "leave spring.data.redis.username out");
    }

    private final Environment environment;

    RedisFailureAnalyzer(Environment environment) {
        this.environment = environment;
    }

    @Override
    protected @Nullable FailureAnalysis analyze(Throwable root, RedisConnectException cause) {
        return new FailureAnalysis(
                inProperties(String.valueOf(cause.getMessage())) + "\nIt was looked for at " + cause.endpoint(),
                action(cause.attempts()),
                cause);
    }

    private static String inProperties(String message) {
        for (Map.Entry<String, String> advice : ADVICE.entrySet()) {
            if (message.contains(advice.getKey())) {
                return message.replace(advice.getKey(), advice.getValue());
            }
        }
        return message;
    }

    private String action(List<Attempt> attempts) {
        Attempt last = attempts.isEmpty() ? null : attempts.get(attempts.size() - 1);
        if (last != null && isOfAnotherRole(last.reason())) {
            return "Correct hardening.redis.require-role, or " + address()
                    + ", so that it leads to a server of that role.";
        }
        if (last == null || last.verdict() != Attempt.Verdict.PERMANENT) {
            return "Start Redis there, or correct " + address()
                    + ". hardening.redis.attempts, backoff and deadline say how"
                    + " long it is waited for, hardening.redis.required=false starts without it.";
        }
        if (isOfAnotherKind(last.reason())) {
            return "Correct " + address() + ": another attempt would end the same way.";
        }
        String nodes = nodes();
        return "Correct "
                + (nodes == null
                        ? RedisStartUp.ADDRESS + ".username, password, ssl or url"
                        : nodes + ", username, password or ssl")
                + ", or the server: another attempt would end the same way.";
    }

    private static boolean isOfAnotherRole(String reason) {
        return (reason.startsWith("the server is a ") && reason.endsWith(" is required"))
                || reason.startsWith("the server does not say whether it is a ");
    }

    private static boolean isOfAnotherKind(String reason) {
        return reason.equals("not a Redis server")
                || reason.contains("buildCluster()")
                || reason.contains("redis-sentinel://");
    }

    private String address() {
        String nodes = nodes();
        return nodes == null ? RedisStartUp.ADDRESS + ".host and port, or url" : nodes;
    }

    /** The property that lists nodes, in the order in which Boot asks for it; null if there is one server. */
    private @Nullable String nodes() {
        Binder binder = Binder.get(environment);
        for (String property : List.of(SENTINELS, CLUSTER)) {
            if (binder.bind(property, String[].class).isBound()) {
                return property;
            }
        }
        return null;
    }
}
