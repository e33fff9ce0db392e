package dev.hardening.config;

import java.util.List;
import java.util.stream.Collectors;

/**
 * The settings are missing or invalid, so the service must not start. The message names everything that is missing,
 * then everything that is invalid. It holds no value, and there is never a cause.
 */
public final class SecretValidationException extends IllegalStateException {

    private static final long serialVersionUID = 1;

    /** Everything that is wrong. */
    private final Problem[] problems;

    SecretValidationException(ValidationReport report) {
        super(message(report));
        this.problems = report.problems().toArray(Problem[]::new);
    }

    /**
     * {@return the names of the missing settings, in the order of their declaration} The list is empty if nothing is
     * missing and something is invalid.
     */
    public List<String> missing() {
        return problems().stream()
                .filter(problem -> problem.kind() == Problem.Kind.MISSING)
                .map(Problem::name)
                .toList();
    }

    /** {@return everything that is wrong} What is missing comes first; each part is in the order of declaration. */
    public List<Problem> problems() {
        return List.of(problems);
    }

    static String message(ValidationReport report) {
        StringBuilder message = new StringBuilder();
        List<Problem> missing = of(Problem.Kind.MISSING, report);
        if (!missing.isEmpty()) {
            message.append("Missing required secrets: ")
                    .append(missing.stream().map(Problem::name).collect(Collectors.joining(", ")))
                    .append("\nSet these environment variables before starting the application.");
            for (Problem problem : missing) {
                if (!problem.reason().equals(Inspection.NOT_SET)) {
                    message.append("\n  ").append(problem.name()).append(": ").append(problem.reason());
                }
            }
            if (report.looksBeyondTheEnvironment()) {
                // The line above only names environment variables.
                message.append("\nLooked in: ").append(String.join(", ", report.lookedIn()));
            }
        }
        List<Problem> invalid = of(Problem.Kind.INVALID, report);
        if (!invalid.isEmpty()) {
            message.append(missing.isEmpty() ? "" : "\n").append("Invalid secrets:");
            for (Problem problem : invalid) {
                message.append("\n  ").append(problem.name()).append(": ").append(problem.reason());
                if (problem.origin() != null) {
                    message.append(" (").append(problem.origin()).append(')');
                }
            }
        }
        return message.toString();
    }

    private static List<Problem> of(Problem.Kind kind, ValidationReport report) {
        return report.problems().stream()
                .filter(problem -> problem.kind() == kind)
                .toList();
    }
}
