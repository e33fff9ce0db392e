package dev.hardening.config;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;

/** The command line of this module's jar: {@code java -jar hardening-config.jar check NAMES_FILE [--json]}. */
final class CheckCommand {

    private static final String USAGE = "usage: java -jar hardening-config.jar check NAMES_FILE [--json]";
    private static final int EX_USAGE = 64;
    private static final int EX_DATAERR = 65;
    private static final int EX_NOINPUT = 66;

    private CheckCommand() {}

    public static void main(String[] arguments) {
        SecretSource source = SecretSource.environment().withFiles().orElse(SecretSource.systemdCredentials());
        System.exit(run(List.of(arguments), source, System.out, System.err));
    }

    static int run(List<String> arguments, SecretSource source, PrintStream out, PrintStream err) {
        boolean json = arguments.contains("--json");
        List<String> rest = arguments.stream().filter(a -> !a.equals("--json")).toList();
        if (rest.size() != 2 || !rest.get(0).equals("check")) {
            err.println(USAGE);
            return EX_USAGE;
        }
        SecretValidator validator;
        try {
            validator = Declaration.read(Files.readString(Path.of(rest.get(1))));
        } catch (IOException | InvalidPathException unreadable) {
            err.println("cannot read the declaration " + rest.get(1));
            return EX_NOINPUT;
        } catch (IllegalArgumentException wrong) {
            err.println(rest.get(1) + ": " + wrong.getMessage());
            return EX_DATAERR;
        }
        ValidationReport report = validator.check(source);
        if (json) {
            out.println(report.toJson());
        } else if (!report.valid()) {
            err.println(SecretValidationException.message(report.problems()));
        } else {
            out.println("All required secrets are set.");
        }
        return report.valid() ? 0 : SecretValidator.EXIT_CODE;
    }
}
