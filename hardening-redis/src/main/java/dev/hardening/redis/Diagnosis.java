package dev.hardening.redis;

import dev.hardening.redis.Attempt.Verdict;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a failure to connect means: a verdict, a reason of one line, and how long the server asks to wait. {@link
 * DiagnosisRule} has the rules for one server; this class combines the reasons of several servers.
 */
record Diagnosis(Verdict verdict, String reason, Optional<Duration> serverAsksToWait) {

    private static final Pattern LOADING_ETA = Pattern.compile("loading_eta_seconds:(\\d{1,6})");

    /**
     * Says what a failure means. If several servers failed, there is another attempt if one of them may work in a
     * moment. The message has each reason once, with its servers.
     */
    static Diagnosis of(Throwable failure, Failure.Context context) {
        List<Failure> failures = Failure.of(failure, context);
        Verdict verdict = Verdict.PERMANENT;
        Map<String, Set<String>> servers = new LinkedHashMap<>();
        for (Failure one : failures) {
            DiagnosisRule rule = DiagnosisRule.ALL.stream()
                    .filter(candidate -> candidate.isMet().test(one))
                    .findFirst()
                    .orElseThrow();
            if (rule.verdict() == Verdict.TRANSIENT) {
                verdict = Verdict.TRANSIENT;
            }
            one.server()
                    .ifPresentOrElse(
                            server -> servers.computeIfAbsent(rule.reason().apply(one), reason -> new LinkedHashSet<>())
                                    .add(server),
                            () -> servers.computeIfAbsent(rule.reason().apply(one), reason -> new LinkedHashSet<>()));
        }
        return new Diagnosis(verdict, reason(servers, context, failures.size()), asksToWait(failures));
    }

    /** Names the servers, unless the endpoint names just these. */
    private static String reason(Map<String, Set<String>> servers, Failure.Context context, int failures) {
        boolean obvious = servers.size() == 1 && (context.sentinels().isEmpty() || failures > 1);
        return servers.entrySet().stream()
                .map(reason -> reason.getKey()
                        + (obvious || reason.getValue().isEmpty()
                                ? ""
                                : reason.getValue().stream().collect(Collectors.joining(", ", " [", "]"))))
                .collect(Collectors.joining("; "));
    }

    /** The same with more at the end of its reason. */
    Diagnosis with(String more) {
        return new Diagnosis(verdict, reason + more, serverAsksToWait);
    }

    /** The same with more at the beginning of its reason. */
    Diagnosis after(String more) {
        return new Diagnosis(verdict, more + reason, serverAsksToWait);
    }

    private static Optional<Duration> asksToWait(List<Failure> failures) {
        return failures.stream()
                .flatMap(one -> one.find(Loading.class).flatMap(Loading::eta).stream())
                .findFirst();
    }

    /** How long a server still loads, as INFO says it. */
    static Optional<Duration> loadingEta(String info) {
        Matcher eta = LOADING_ETA.matcher(info);
        return eta.find() ? Optional.of(Duration.ofSeconds(Long.parseLong(eta.group(1)))) : Optional.empty();
    }

    /** The server is of another kind than the one that was asked for. */
    static final class WrongServer extends RuntimeException {
        private static final long serialVersionUID = 1;

        WrongServer(String message) {
            super(message);
        }
    }

    /** The caller's provider of credentials failed, in its own words. */
    static final class NoCredentials extends RuntimeException {
        private static final long serialVersionUID = 1;

        NoCredentials(@Nullable Throwable cause) {
            super(
                    cause == null
                            ? "the credentials provider gave none"
                            : "the credentials provider failed: " + Failure.firstLine(cause),
                    cause);
        }
    }

    /** The server does not yet have the role or state that was asked for. */
    static final class NotReady extends RuntimeException {
        private static final long serialVersionUID = 1;

        NotReady(String message) {
            super(message);
        }
    }

    /** The server is loading its data. It may say how long that will take. */
    static final class Loading extends RuntimeException {
        private static final long serialVersionUID = 1;

        private final transient Optional<Duration> eta;

        Loading(Throwable cause, Optional<Duration> eta) {
            super(cause.getMessage(), cause);
            this.eta = eta;
        }

        Optional<Duration> eta() {
            return eta;
        }
    }

    /** The connection was lost before the attempt was over. */
    static final class ClosedEarly extends IOException {
        private static final long serialVersionUID = 1;

        ClosedEarly() {
            super(DiagnosisRule.CLOSED);
        }
    }
}
