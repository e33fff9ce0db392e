package dev.hardening.config;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.CharacterCodingException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;

/** The command line of this module's jar: {@code java -jar hardening-config.jar check NAMES_FILE [--json]}. */
final class CheckCommand {

    private static final String USAGE = "usage: java -jar hardening-config.jar check NAMES_FILE [--json]\n";

    // The codes of sysexits.h; SecretValidator.EXIT_CODE is one too.
    private static final int EX_OK = 0;
    private static final int EX_USAGE = 64;
    private static final int EX_DATAERR = 65;
    private static final int EX_NOINPUT = 66;

    private CheckCommand() {}

    public static void main(String[] arguments) {
        SecretSource source = SecretSource.environment().withFiles().orElse(SecretSource.systemdCredentials());
        System.exit(run(List.of(arguments), source, System.out, System.err));
    }

    static int run(List<String> arguments, SecretSource source, PrintStream out, PrintStream err) {
        if (arguments.equals(List.of("--help"))) {
            out.print(USAGE);
            return EX_OK;
        }
        boolean json = arguments.contains("--json");
        List<String> rest = arguments.stream().filter(a -> !a.equals("--json")).toList();
        if (rest.size() != 2 || !rest.get(0).equals("check") || rest.get(1).startsWith("--")) {
            err.print(USAGE);
            return EX_USAGE;
        }
        String shown = OneLine.of(rest.get(1));
        SecretValidator validator;
        try {
            validator = DeclarationReader.read(TextFile.read(Path.of(rest.get(1))));
        } catch (CharacterCodingException notText) {
            err.print(shown + ": not UTF-8 text\n");
            return EX_DATAERR;
        } catch (TextFile.TooLargeException tooLarge) {
            err.print(shown + ": more than 1 MiB\n");
            return EX_DATAERR;
        } catch (TextFile.NotRegularException pipeOrDevice) {
            err.print(shown + ": is not a regular file\n");
            return EX_NOINPUT;
        } catch (BoundedRead.NoAnswerException stuck) {
            err.print(shown + ": does not answer\n");
            return EX_NOINPUT;
        } catch (IOException | InvalidPathException unreadable) {
            err.print(shown + ": cannot be read\n");
            return EX_NOINPUT;
        } catch (IllegalArgumentException wrong) {
            err.print(shown + ": " + wrong.getMessage() + "\n");
            return EX_DATAERR;
        }
        return report(validator.check(source), json, out, err);
    }

    private static int report(ValidationReport report, boolean json, PrintStream out, PrintStream err) {
        if (json) {
            out.print(report.toJson() + "\n");
        } else if (report.valid()) {
            out.print("All required secrets are set.\n");
        } else {
            err.print(SecretValidationException.message(report) + "\n");
        }
        out.flush();
        err.flush();
        return report.valid() ? EX_OK : SecretValidator.EXIT_CODE;
    }
}
